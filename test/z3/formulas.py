"""Random conditions, each as text of ours and as a formula of z3, written independently of our prover: domains are large, and no set
is enumerated. A condition is a pair of formulas, when it is true and when it is false; otherwise it is unknown."""

import z3

MISSING, MISMATCH, PRESENT = 0, 1, 2
ATTRIBUTES = {"city": "string", "email": "string", "age": "int", "score": "double", "beta": "bool", "version": "semver",
              "seen": "timestamp", "address": "ip", "tags": "list"}
MICROS = 1_000_000
YEARS = (-62135596800 * MICROS, 253402300799 * MICROS + MICROS - 1)  # 0001 to 9999


def quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


class Context:
    """The variables of one unknown context: per attribute what kind of value it has, and the value."""

    def __init__(self):
        self.kinds = {name: z3.Int(f"{name}_kind") for name in ATTRIBUTES}
        self.city, self.email = z3.String("city"), z3.String("email")
        self.age, self.score, self.beta = z3.Int("age"), z3.Real("score"), z3.Bool("beta")
        # A pre-release lies between 0 and 1, its release is 1: there are others between any two that are named here.
        self.version = [z3.Int("major"), z3.Int("minor"), z3.Int("patch"), z3.Real("prerelease")]
        self.seen, self.address = z3.Int("seen"), z3.Int("address")
        self.tags = {}
        self.bounds = [z3.And(kind >= MISSING, kind <= PRESENT) for kind in self.kinds.values()]
        self.bounds += [self.age >= -(2**63), self.age < 2**63, self.seen >= YEARS[0], self.seen <= YEARS[1],
                        self.address >= 0, self.address < 2**128, self.version[3] > 0, self.version[3] <= 1]
        self.bounds += [z3.And(part >= 0, part < 2**32) for part in self.version[:3]]

    def tag(self, name):
        return self.tags.setdefault(name, z3.Bool(f"tag_{name}"))

    def atom(self, name, formula):
        present = self.kinds[name] == PRESENT
        return z3.And(present, formula), z3.And(present, z3.Not(formula))


def lexicographic(left, right, less):
    """left < right of versions, or <=."""
    out = left[3] < right[3] if less else left[3] <= right[3]
    for a, b in zip(reversed(left[:3]), reversed(right[:3])):
        out = z3.Or(a < b, z3.And(a == b, out))
    return out


class Conditions:
    def __init__(self, draw, context, parameters):
        self.draw, self.context, self.parameters = draw, context, parameters

    def make(self, depth):
        if depth > 0 and self.draw.random() < 0.7:
            kind = self.draw.choice(["AND", "OR", "NOT", "AND"])
            if kind == "NOT":
                text, true, false = self.make(depth - 1)
                return f"NOT ({text})", false, true
            parts = [self.make(depth - 1) for _ in range(self.draw.randint(2, 3))]
            text = f" {kind} ".join(f"({part[0]})" for part in parts)
            trues, falses = [part[1] for part in parts], [part[2] for part in parts]
            if kind == "AND":
                return text, z3.And(trues), z3.Or(falses)
            return text, z3.Or(trues), z3.And(falses)
        if self.parameters and self.draw.random() < 0.25:
            return self.of_parameter()
        name = self.draw.choice(list(ATTRIBUTES))
        if self.draw.random() < 0.08:
            missing = self.context.kinds[name] == MISSING
            return f"{name} IS NULL", missing, z3.Not(missing)
        text, formula = getattr(self, "of_" + ATTRIBUTES[name])(name)
        return (text, *self.context.atom(name, formula))

    def of_parameter(self):
        name = self.draw.choice(list(self.parameters))
        variable, values = self.parameters[name]
        value = self.draw.choice(values)
        if self.draw.random() < 0.7:
            return f"{name} = {quoted(value)}", variable == value, variable != value
        return f"{name} <> {quoted(value)}", variable != value, variable == value

    def ordered(self, name, make, below, equal):
        """A comparison of a type with an order: `make` draws a literal with its text, `below(a, b)` is a < b."""
        op = self.draw.choice(["=", "<>", "<", "<=", ">", ">=", "IN", "BETWEEN"])
        (text, value), (more, other) = make(), make()
        variable = below.variable
        if op == "IN":
            return f"{name} IN ({text}, {more})", z3.Or(equal(variable, value), equal(variable, other))
        if op == "BETWEEN":
            return (f"{name} BETWEEN {text} AND {more}",
                    z3.And(z3.Not(below(variable, value)), z3.Not(below(other, variable))))
        formula = {"=": lambda: equal(variable, value), "<>": lambda: z3.Not(equal(variable, value)),
                   "<": lambda: below(variable, value), "<=": lambda: z3.Not(below(value, variable)),
                   ">": lambda: below(value, variable), ">=": lambda: z3.Not(below(variable, value))}[op]()
        return f"{name} {op} {text}", formula

    def numbers(self, name, variable, make):
        def below(a, b):
            return a < b
        below.variable = variable
        return self.ordered(name, make, below, lambda a, b: a == b)

    def of_int(self, name):
        def make():
            value = self.draw.choice([self.draw.randint(-5, 5), self.draw.randint(-(2**40), 2**40), 2**63 - 1, -(2**62)])
            return str(value), z3.IntVal(value)
        return self.numbers(name, self.context.age, make)

    def of_double(self, name):
        def make():
            value = self.draw.choice([self.draw.randint(-20, 20) / 4, self.draw.randint(-(10**6), 10**6) / 8])
            return repr(value), z3.RealVal(repr(value))
        return self.numbers(name, self.context.score, make)

    def of_bool(self, name):
        return (name, self.context.beta) if self.draw.random() < 0.5 else (f"{name} = FALSE", z3.Not(self.context.beta))

    def of_timestamp(self, name):
        def make():
            second = self.draw.choice([1767225600, 1767225600 + self.draw.randint(-3, 3), self.draw.randint(0, 4 * 10**9)])
            import datetime
            moment = datetime.datetime.fromtimestamp(second, datetime.timezone.utc)
            return quoted(moment.strftime("%Y-%m-%dT%H:%M:%SZ")), z3.IntVal(second * MICROS)
        return self.numbers(name, self.context.seen, make)

    def of_semver(self, name):
        def make():
            parts = [self.draw.choice([0, 1, 3, self.draw.randint(0, 2000)]) for _ in range(3)]
            pre, rank = self.draw.choice([("", 1.0), ("", 1.0), ("", 1.0), ("-alpha", 0.25), ("-rc.1", 0.5), ("-rc.2", 0.75)])
            return quoted(".".join(map(str, parts)) + pre), [z3.IntVal(p) for p in parts] + [z3.RealVal(str(rank))]
        def below(a, b):
            return lexicographic(a, b, True)
        below.variable = self.context.version
        return self.ordered(name, make, below, lambda a, b: z3.And([x == y for x, y in zip(a, b)]))

    def of_ip(self, name):
        variable = self.context.address
        if self.draw.random() < 0.3:
            bits = self.draw.choice([16, 32, 48, 64, 127, 128])
            base = (0x20010DB8 << 96 | self.draw.getrandbits(80)) >> (128 - bits) << (128 - bits)
            groups = ":".join(f"{base >> shift & 0xFFFF:x}" for shift in range(112, -1, -16))
            text, first, size = f"{groups}/{bits}", base, 1 << (128 - bits)
        else:
            bits = self.draw.choice([8, 9, 16, 24, 31, 32])
            base = self.draw.choice([10 << 24, 10 << 24 | self.draw.getrandbits(24), self.draw.getrandbits(32)])
            base = base >> (32 - bits) << (32 - bits)
            text = ".".join(str(base >> shift & 255) for shift in (24, 16, 8, 0)) + f"/{bits}"
            first, size = 0xFFFF << 32 | base, 1 << (32 - bits)
        inside = z3.And(variable >= first, variable < first + size)
        return (f"{name} = {quoted(text)}", inside) if self.draw.random() < 0.7 else (f"{name} <> {quoted(text)}", z3.Not(inside))

    def of_list(self, name):
        tag = self.draw.choice(["new", "power", "adult"])
        return f"{name} CONTAINS {quoted(tag)}", self.context.tag(tag)

    def word(self, longest=4):
        return "".join(self.draw.choice("abc") for _ in range(self.draw.randint(1, longest)))

    def of_string(self, name):
        variable = getattr(self.context, name)
        op = self.draw.choice(["=", "<>", "IN", "STARTS WITH", "ENDS WITH", "CONTAINS", "LIKE", "MATCHES", "<", ">="])
        word = self.word()
        value = z3.StringVal(word)
        if op in ("=", "<>"):
            return f"{name} {op} {quoted(word)}", (variable == value if op == "=" else variable != value)
        if op == "IN":
            words = [word] + [self.word() for _ in range(self.draw.randint(1, 4))]
            return f"{name} IN ({', '.join(map(quoted, words))})", z3.Or([variable == z3.StringVal(w) for w in words])
        if op == "<":
            return f"{name} < {quoted(word)}", variable < value
        if op == ">=":
            return f"{name} >= {quoted(word)}", z3.Not(variable < value)
        if op == "LIKE":
            pieces = [self.draw.choice(["%", "_", self.word(2)]) for _ in range(self.draw.randint(1, 4))]
            any_text = z3.Full(z3.ReSort(z3.StringSort()))
            one = z3.AllChar(z3.ReSort(z3.StringSort()))
            parts = [any_text if p == "%" else one if p == "_" else z3.Re(z3.StringVal(p)) for p in pieces]
            return f"{name} LIKE {quoted(''.join(pieces))}", z3.InRe(variable, z3.Concat(parts) if len(parts) > 1 else parts[0])
        if op == "MATCHES":
            text, regex = self.regex(2)
            any_text = z3.Full(z3.ReSort(z3.StringSort()))
            at_begin, at_end = self.draw.random() < 0.6, self.draw.random() < 0.6
            parts = ([] if at_begin else [any_text]) + [regex] + ([] if at_end else [any_text])
            pattern = ("^" if at_begin else "") + f"({text})" + ("$" if at_end else "")
            return f"{name} MATCHES {quoted(pattern)}", z3.InRe(variable, z3.Concat(parts) if len(parts) > 1 else parts[0])
        formula = {"STARTS WITH": z3.PrefixOf(value, variable), "ENDS WITH": z3.SuffixOf(value, variable),
                   "CONTAINS": z3.Contains(variable, value)}[op]
        return f"{name} {op} {quoted(word)}", formula

    def regex(self, depth):
        kind = self.draw.choice(["word", "class", "dot"] + (["either", "star", "plus", "maybe", "then"] if depth else []))
        if kind == "word":
            word = self.word(2)
            return f"(?:{word})", z3.Re(z3.StringVal(word))
        if kind == "class":
            first, last = sorted(self.draw.sample("abcd", 2))
            return f"[{first}-{last}]", z3.Range(first, last)
        if kind == "dot":
            newline = z3.Re(z3.StringVal("\n"))
            return ".", z3.Intersect(z3.AllChar(z3.ReSort(z3.StringSort())), z3.Complement(newline))
        text, one = self.regex(depth - 1)
        if kind in ("either", "then"):
            more, other = self.regex(depth - 1)
            return (f"(?:{text}|{more})", z3.Union(one, other)) if kind == "either" else (text + more, z3.Concat(one, other))
        sign, make = {"star": ("*", z3.Star), "plus": ("+", z3.Plus), "maybe": ("?", z3.Option)}[kind]
        return f"(?:{text}){sign}", make(one)
