"""Random documents of each platform's language, over the attributes of contexts.py: one flag `f` with a few rules. What our importers
refuse is no difference; most is not refused."""

import random

from contexts import AGES, COMPANIES, COUNTRIES, EMAILS, TAGS, USERS, VERSIONS

VALUES = ["a", "b", "c", "d"]
REGEXES = ["^user", "@example\\.com$", "[0-9]", "n(n|u)", "^.{1,4}$", "x|y"]


class Documents:
    def __init__(self, seed):
        self.draw = random.Random(seed)

    def some(self, values, least=1, most=3):
        return self.draw.sample(values, self.draw.randint(least, min(most, len(values))))

    def cuts(self, count, total, whole=True):
        cuts = sorted(self.draw.sample(range(1, total), count - 1))
        parts = [b - a for a, b in zip([0] + cuts, cuts + [total])]
        return parts if whole else [part / total for part in parts]

    # GrowthBook

    def growthbook(self):
        rules = [self.growthbook_rule(i) for i in range(self.draw.randint(1, 4))]
        return {"features": {"f": {"defaultValue": "a", "rules": rules}, "on": {"defaultValue": False, "rules": [
            {"force": True, "condition": self.mongo(1)}]}}, "savedGroups": {"g": self.some(USERS, 1, 200)}}

    def growthbook_rule(self, number):
        draw, rule = self.draw, {}
        if draw.random() < 0.7:
            rule["condition"] = self.mongo(2)
        if draw.random() < 0.2:
            rule["parentConditions"] = [{"id": "on", "condition": {"value": draw.choice([True, False])}}]
        if draw.random() < 0.2:
            rule["filters"] = [{"seed": draw.choice("st"), "ranges": [[draw.random() / 2, 0.5 + draw.random() / 2]]}]
        if draw.random() < 0.7:
            rule["hashVersion"] = draw.choice([1, 2])
        if draw.random() < 0.3:
            rule["seed"] = draw.choice(["s1", "s2", "日本"])
        if draw.random() < 0.3:
            rule["hashAttribute"] = draw.choice(["company", "id"])
        if draw.random() < 0.4:
            rule["force"] = draw.choice(VALUES)
            if draw.random() < 0.5:
                rule["coverage"] = round(draw.random(), draw.choice([1, 3, 6]))
            elif draw.random() < 0.5:
                rule["range"] = sorted([round(draw.random(), 3), round(draw.random(), 3)])
            return rule
        count = draw.randint(2, 4)
        rule.update(key=f"exp-{number}", variations=draw.sample(VALUES, count))
        if draw.random() < 0.6:
            rule["weights"] = self.cuts(count, 100, whole=False)
        if draw.random() < 0.6:
            rule["coverage"] = round(draw.random(), 2)
        if draw.random() < 0.2:
            rule["ranges"] = [sorted([round(draw.random(), 4), round(draw.random(), 4)]) for _ in range(count)]
        if draw.random() < 0.2:
            rule["namespace"] = ["layer", round(draw.random() / 2, 2), 1]
        return rule

    def mongo(self, depth):
        draw = self.draw
        if depth and draw.random() < 0.5:
            kind = draw.choice(["$and", "$or", "$nor", "$not"])
            return {kind: self.mongo(depth - 1) if kind == "$not" else [self.mongo(depth - 1) for _ in range(draw.randint(1, 3))]}
        return {name: self.mongo_value(name) for name in self.some(["country", "email", "age", "beta", "appVersion", "tags", "id"], 1, 2)}

    def mongo_value(self, name):
        draw = self.draw
        if draw.random() < 0.15:
            return draw.choice([None, {"$exists": True}, {"$exists": False}])
        if name == "beta":
            return draw.choice([True, False, {"$ne": True}, {"$eq": False}])
        if name == "appVersion":
            return {draw.choice(["$veq", "$vne", "$vgt", "$vgte", "$vlt", "$vlte"]): draw.choice(VERSIONS)}
        if name == "tags":
            tag = draw.choice(TAGS)
            return draw.choice([{"$elemMatch": {"$eq": tag}}, {"$all": self.some(TAGS)}, {"$in": [tag]}, {"$nin": [tag]},
                                {"$not": {"$elemMatch": {"$in": self.some(TAGS)}}}])
        if name == "age":
            op = draw.choice(["$eq", "$ne", "$lt", "$lte", "$gt", "$gte", "$in", "is"])
            value = draw.choice(AGES)
            return value if op == "is" else {op: self.some(AGES) if op == "$in" else value}
        if name == "id":
            return draw.choice([{"$in": self.some(USERS, 1, 200)}, {"$nin": self.some(USERS, 1, 200)}, {"$inGroup": "g"}, {"$notInGroup": "g"}])
        if name == "email" and draw.random() < 0.6:
            pattern = {"$regex": draw.choice(REGEXES)}
            return draw.choice([pattern, {"$not": pattern}])
        values = COUNTRIES if name == "country" else EMAILS
        op = draw.choice(["$eq", "$ne", "$in", "$nin", "$gt", "$lte", "is"])
        if op in ("$in", "$nin"):
            return {op: self.some(values) + ([None] if draw.random() < 0.2 else [])}
        return draw.choice(values) if op == "is" else {op: draw.choice(values)}

    # flagd

    def flagd(self):
        return {"flags": {"f": {"state": "ENABLED", "variants": {value: value for value in VALUES}, "defaultVariant": "a",
                                "targeting": self.flagd_rule(3)}},
                "$evaluators": {"common": self.logic(1)}}

    def flagd_rule(self, depth):
        draw = self.draw
        if depth == 0 or draw.random() < 0.25:
            return draw.choice([draw.choice(VALUES), draw.choice(VALUES), None, self.fractional(), self.fractional()])
        parts = []
        for _ in range(draw.randint(1, 3)):
            parts += [self.logic(2), self.flagd_rule(depth - 1)]
        return {"if": parts + ([self.flagd_rule(depth - 1)] if draw.random() < 0.7 else [])}

    def fractional(self):
        draw = self.draw
        by = draw.choice([[], [], [{"var": "email"}], [{"cat": [{"var": "$flagd.flagKey"}, {"var": "company"}]}],
                          [{"cat": ["seed-", {"var": "targetingKey"}]}], ["constant"]])
        return {"fractional": by + [[value, draw.randint(0, 60)] for value in self.some(VALUES, 1, 4)]}

    def logic(self, depth):
        draw = self.draw
        if depth and draw.random() < 0.5:
            kind = draw.choice(["and", "or", "!", "if"])
            if kind == "!":
                return {"!": [self.logic(depth - 1)]}
            return {kind: [self.logic(depth - 1) for _ in range(3 if kind == "if" else draw.randint(1, 3))]}
        kind = draw.choice(["country", "age", "beta", "version", "email", "between", "reference", "in"])
        if kind == "age":
            sides = [{"var": "age"}, draw.choice(AGES + [-1])]
            draw.shuffle(sides)
            return {draw.choice(["<", "<=", ">", ">=", "==", "!=", "===", "!=="]): sides}
        if kind == "between":
            return {draw.choice(["<", "<="]): [draw.choice([-5, 0, 17, 20]), {"var": "age"}, draw.choice([21, 40, 100])]}
        if kind == "beta":
            return draw.choice([{"var": "beta"}, {"==": [{"var": "beta"}, True]}, {"!=": [{"var": "beta"}, False]}])
        if kind == "version":
            return {"sem_ver": [{"var": "version"}, draw.choice(["=", "!=", "<", "<=", ">", ">=", "^", "~"]),
                                draw.choice(VERSIONS + ["2", "3.2"])]}
        if kind == "email":
            op = draw.choice(["starts_with", "ends_with", "in"])
            part = draw.choice(["user", "example", ".com", "ann@example.com", "x"])
            return {"in": [part, {"var": "email"}]} if op == "in" else {op: [{"var": "email"}, part]}
        if kind == "reference":
            return {"$ref": "common"} if depth > 1 else {"==": [1, 1]}
        if kind == "in":
            return {"in": [{"var": "country"}, self.some(COUNTRIES) + ([None] if draw.random() < 0.2 else [])]}
        return {draw.choice(["==", "!=", "===", "<", ">="]): [{"var": "country"}, draw.choice(COUNTRIES)]}

    # Unleash

    def unleash(self):
        draw = self.draw
        feature = {"name": "f", "enabled": True, "strategies": [self.strategy(i) for i in range(draw.randint(1, 4))]}
        if draw.random() < 0.7:
            feature["variants"] = self.variants(draw.choice(["default", "userId", "company"]), overrides=True)
        return {"features": [feature], "segments": [{"id": 7, "constraints": [self.constraint(), self.constraint()]}]}

    def variants(self, stickiness, overrides=False):
        count = self.draw.randint(1, 4)
        weights = self.cuts(count, 1000) if count > 1 else [1000]
        out = [{"name": name, "weight": weight, "stickiness": stickiness} for name, weight in zip(VALUES, weights)]
        if overrides and self.draw.random() < 0.5:
            out[-1]["overrides"] = [{"contextName": "country", "values": self.some(COUNTRIES)}]
        return out

    def strategy(self, number):
        draw = self.draw
        name = draw.choice(["default", "userWithId", "flexibleRollout", "flexibleRollout", "gradualRolloutUserId"])
        out = {"name": name, "parameters": {}, "constraints": [self.constraint() for _ in range(draw.randint(0, 3))]}
        if draw.random() < 0.2:
            out["segments"] = [7]
        if name == "userWithId":
            out["parameters"] = {"userIds": ", ".join(self.some(USERS[:400], 1, 100))}
        elif name == "gradualRolloutUserId":
            out["parameters"] = {"percentage": str(draw.randint(0, 100)), "groupId": f"g{number}"}
        elif name == "flexibleRollout":
            stickiness = draw.choice(["default", "userId", "company", "country"])
            out["parameters"] = {"rollout": draw.choice([0, 10, "35", 50, 100]), "stickiness": stickiness, "groupId": draw.choice(["f", "g"])}
            if draw.random() < 0.3:
                out["variants"] = self.variants(draw.choice(["default", stickiness]))
        return out

    def constraint(self):
        draw = self.draw
        name = draw.choice(["country", "email", "age", "version", "company"])
        out = {"contextName": name}
        if name == "age":
            out.update(operator=draw.choice(["NUM_EQ", "NUM_GT", "NUM_GTE", "NUM_LT", "NUM_LTE"]), value=str(draw.choice(AGES)))
        elif name == "version":
            out.update(operator="SEMVER_" + draw.choice(["EQ", "GT", "GTE", "LT", "LTE"]), value=draw.choice(VERSIONS))
        elif name == "email" and draw.random() < 0.3:
            out.update(operator="REGEX", value=draw.choice(REGEXES))
        elif name == "email":
            out.update(operator=draw.choice(["STR_STARTS_WITH", "STR_ENDS_WITH", "STR_CONTAINS"]), caseInsensitive=draw.random() < 0.5,
                       values=self.some(["user", "ANN", "@example.com", ".com", "b"]))
        else:
            out.update(operator=draw.choice(["IN", "NOT_IN"]), values=self.some(COUNTRIES if name == "country" else COMPANIES, 0, 30))
        if draw.random() < 0.3:
            out["inverted"] = True
        return out

    # Eppo

    def eppo(self):
        draw = self.draw
        allocations = [self.allocation(i) for i in range(draw.randint(1, 4))]
        return {"format": "SERVER", "createdAt": "2026-01-01T00:00:00Z", "environment": {"name": "test"}, "flags": {"f": {
            "key": "f", "enabled": True, "variationType": "STRING", "totalShards": draw.choice([10000, 100, 7]),
            "variations": {value: {"key": value, "value": value} for value in VALUES}, "allocations": allocations}}}

    def allocation(self, number):
        draw = self.draw
        out = {"key": f"allocation-{number}", "doLog": False, "splits": []}
        if draw.random() < 0.7:
            out["rules"] = [{"conditions": [self.condition() for _ in range(draw.randint(1, 3))]} for _ in range(draw.randint(1, 2))]
        if draw.random() < 0.2:
            out["startAt"] = draw.choice(["2020-01-01T00:00:00.000Z", "2126-01-01T00:00:00.000Z"])
        if draw.random() < 0.2:
            out["endAt"] = draw.choice(["2021-01-01T00:00:00.000Z", "2127-01-01T00:00:00.000Z"])
        if out.get("startAt", "") > out.get("endAt", "9"):
            del out["endAt"]
        salts = [f"s{number}", "traffic"]
        for value in self.some(VALUES, 1, 3):
            shards = [{"salt": salt, "ranges": [{"start": start, "end": start + draw.randint(0, 6000)} for start in
                                               (draw.randint(0, 9000) for _ in range(draw.randint(1, 2)))]}
                      for salt in self.some(salts, 0, 2)]
            out["splits"].append({"variationKey": value, "shards": shards})
        return out

    def condition(self):
        draw = self.draw
        name = draw.choice(["country", "email", "age", "version", "beta", "id"])
        if draw.random() < 0.15:
            return {"attribute": name, "operator": "IS_NULL", "value": draw.random() < 0.5}
        order = draw.choice(["GT", "GTE", "LT", "LTE"])
        one_of = draw.choice(["ONE_OF", "NOT_ONE_OF"])
        if name == "age":
            return {"attribute": name, "operator": order, "value": draw.choice(AGES)}
        if name == "version":
            return {"attribute": name, "operator": order, "value": draw.choice(VERSIONS)}
        if name == "beta":
            return {"attribute": name, "operator": one_of, "value": [draw.choice(["true", "false"])]}
        if name == "email":
            return {"attribute": name, "operator": draw.choice(["MATCHES", "NOT_MATCHES"]), "value": draw.choice(REGEXES)}
        return {"attribute": name, "operator": one_of, "value": self.some(COUNTRIES if name == "country" else USERS, 1, 100)}
