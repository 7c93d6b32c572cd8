#include "experiment/pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>

#include "base/strings.h"

namespace sinan::experiment {
namespace {

constexpr size_t kMaxNfaStates = 4000;
constexpr int kMaxDepth = 50;
constexpr int kMaxRepeat = 255;
constexpr uint32_t kLastCodePoint = 0x10FFFF;

struct Range {
  uint32_t first = 0;
  uint32_t last = 0;
};

// A Thompson automaton under construction: a state either reads a byte range or has up to two empty steps.
class Nfa {
 public:
  struct State {
    uint8_t first = 1;  // first > last: reads nothing
    uint8_t last = 0;
    int next = -1;
    int other = -1;
  };
  // Everything between two states.
  struct Part {
    int begin = 0;
    int end = 0;
  };

  bool overflow() const { return states_.size() > kMaxNfaStates; }
  const std::vector<State>& states() const { return states_; }

  Part empty() {
    const int state = add();
    return {state, state};
  }
  Part byte(uint8_t first, uint8_t last) {
    const int begin = add();
    const int end = add();
    at(begin) = State{first, last, end, -1};
    return {begin, end};
  }
  Part sequence(Part a, Part b) {
    link(a.end, b.begin);
    return {a.begin, b.end};
  }
  Part either(Part a, Part b) {
    const int begin = add();
    const int end = add();
    link(begin, a.begin);
    link(begin, b.begin);
    link(a.end, end);
    link(b.end, end);
    return {begin, end};
  }
  Part repeat(Part a) {
    const int begin = add();
    const int end = add();
    link(begin, a.begin);
    link(begin, end);
    link(a.end, begin);
    return {begin, end};
  }
  Part any_bytes() { return repeat(byte(0, 255)); }
  Part literal(std::string_view text) {
    Part part = empty();
    for (const char c : text) part = sequence(part, byte(static_cast<uint8_t>(c), static_cast<uint8_t>(c)));
    return part;
  }
  // One code point of any of the ranges.
  Part code_points(std::span<const Range> ranges) {
    std::optional<Part> result;
    const auto add_bytes = [&](uint32_t first, uint32_t last, int length) {
      const Part part = utf8_range(first, last, length);
      result = result ? either(*result, part) : part;
    };
    constexpr std::array<uint32_t, 5> kFirstOfLength = {0, 0x80, 0x800, 0x10000, kLastCodePoint + 1};
    for (const Range& range : ranges) {
      for (int length = 1; length <= 4; ++length) {
        const uint32_t first = std::max(range.first, kFirstOfLength[static_cast<size_t>(length - 1)]);
        const uint32_t last = std::min(range.last, kFirstOfLength[static_cast<size_t>(length)] - 1);
        if (first > last) continue;
        if (length == 3 && first < 0xD800 && last > 0xDFFF) {
          add_bytes(first, 0xD7FF, 3);
          add_bytes(0xE000, last, 3);
        } else {
          add_bytes(first, last, length);
        }
      }
    }
    if (result) return *result;
    Part nothing = empty();  // two states without a way between them
    nothing.end = add();
    return nothing;
  }

 private:
  int add() {
    states_.emplace_back();
    return static_cast<int>(states_.size()) - 1;
  }
  State& at(int state) { return states_[static_cast<size_t>(state)]; }
  void link(int from, int to) {
    State& state = at(from);
    if (state.next < 0) {
      state.next = to;
    } else if (state.other < 0) {
      state.other = to;
    } else {
      const int extra = add();
      at(extra).next = at(from).other;
      at(extra).other = to;
      at(from).other = extra;
    }
  }
  static uint8_t encoded(uint32_t point, int length, int index) {
    const auto bits = static_cast<uint32_t>(point >> (6 * (length - 1 - index)));
    if (index > 0) return static_cast<uint8_t>(0x80U | (bits & 0x3FU));
    constexpr std::array<uint32_t, 5> kLead = {0, 0, 0xC0, 0xE0, 0xF0};
    return static_cast<uint8_t>(kLead[static_cast<size_t>(length)] | bits);
  }
  // Splits a range of code points of one encoded length until the bytes vary independently.
  Part utf8_range(uint32_t first, uint32_t last, int length) {
    for (int i = 1; i < length; ++i) {
      const uint32_t mask = (1U << (6 * i)) - 1;
      if ((first & ~mask) == (last & ~mask)) continue;
      if ((first & mask) != 0) {
        return either(utf8_range(first, first | mask, length), utf8_range((first | mask) + 1, last, length));
      }
      if ((last & mask) != mask) {
        return either(utf8_range(first, (last & ~mask) - 1, length), utf8_range(last & ~mask, last, length));
      }
    }
    Part part = empty();
    for (int i = 0; i < length; ++i) part = sequence(part, byte(encoded(first, length, i), encoded(last, length, i)));
    return part;
  }

  std::vector<State> states_;
};

std::vector<int> closure(const Nfa& nfa, std::vector<int> states) {
  std::vector<uint8_t> seen(nfa.states().size());
  std::vector<int> result;
  while (!states.empty()) {
    const int state = states.back();
    states.pop_back();
    if (state < 0 || seen[static_cast<size_t>(state)] != 0) continue;
    seen[static_cast<size_t>(state)] = 1;
    result.push_back(state);
    const Nfa::State& s = nfa.states()[static_cast<size_t>(state)];
    if (s.first > s.last) {
      states.push_back(s.next);
      states.push_back(s.other);
    }
  }
  std::ranges::sort(result);
  return result;
}

Failure too_complex() {
  return fail(Code::kExhausted, fmt::format("pattern needs an automaton of more than {} states", kMaxStates),
              "make it shorter, or repeat less");
}

// Bytes between two neighbouring bounds of any range are never told apart.
void assign_classes(const Nfa& nfa, Dfa& dfa) {
  std::array<bool, 257> begins{};
  begins[0] = true;
  for (const Nfa::State& state : nfa.states()) {
    if (state.first > state.last) continue;
    begins[state.first] = true;
    begins[size_t{state.last} + 1] = true;
  }
  uint16_t current = 0;
  for (size_t byte = 0; byte < 256; ++byte) {
    if (byte != 0 && begins[byte]) ++current;
    dfa.class_of[byte] = static_cast<uint8_t>(current);
  }
  dfa.classes = static_cast<uint16_t>(current + 1);
}

// Merges states that no continuation tells apart (Moore), so that equal languages have small, comparable automata.
void minimize(Dfa& dfa) {
  std::vector<uint16_t> block(dfa.accepting.begin(), dfa.accepting.end());
  size_t blocks = 0;
  for (;;) {
    std::map<std::vector<uint16_t>, uint16_t> numbers;
    std::vector<uint16_t> refined(dfa.states());
    for (size_t state = 0; state < dfa.states(); ++state) {
      std::vector<uint16_t> signature = {block[state]};
      for (size_t c = 0; c < dfa.classes; ++c) signature.push_back(block[dfa.next[state * dfa.classes + c]]);
      refined[state] = numbers.try_emplace(std::move(signature), static_cast<uint16_t>(numbers.size())).first->second;
    }
    block = std::move(refined);
    if (numbers.size() == blocks) break;
    blocks = numbers.size();
  }
  Dfa small;
  small.class_of = dfa.class_of;
  small.classes = dfa.classes;
  small.next.resize(blocks * dfa.classes);
  small.accepting.resize(blocks);
  for (size_t state = 0; state < dfa.states(); ++state) {
    small.accepting[block[state]] = dfa.accepting[state];
    for (size_t c = 0; c < dfa.classes; ++c) {
      small.next[size_t{block[state]} * dfa.classes + c] = block[dfa.next[state * dfa.classes + c]];
    }
  }
  dfa = std::move(small);
}

Result<DfaRef> determinize(const Nfa& nfa, Nfa::Part whole) {
  if (nfa.overflow()) return too_complex();
  Dfa dfa;
  assign_classes(nfa, dfa);
  std::array<uint8_t, 256> representative{};
  for (size_t byte = 256; byte-- > 0;) representative[dfa.class_of[byte]] = static_cast<uint8_t>(byte);
  std::map<std::vector<int>, uint16_t> numbers;
  std::vector<std::vector<int>> sets;
  const auto number_of = [&](std::vector<int> states) {
    const auto [place, added] = numbers.try_emplace(states, static_cast<uint16_t>(sets.size()));
    if (added) sets.push_back(std::move(states));
    return place->second;
  };
  number_of(closure(nfa, {whole.begin}));
  for (size_t i = 0; i < sets.size(); ++i) {
    if (sets.size() > kMaxStates) return too_complex();
    dfa.accepting.push_back(std::ranges::binary_search(sets[i], whole.end) ? 1 : 0);
    for (size_t c = 0; c < dfa.classes; ++c) {
      std::vector<int> reached;
      for (const int state : sets[i]) {
        const Nfa::State& s = nfa.states()[static_cast<size_t>(state)];
        if (s.first <= representative[c] && representative[c] <= s.last) reached.push_back(s.next);
      }
      dfa.next.push_back(number_of(closure(nfa, std::move(reached))));
    }
  }
  minimize(dfa);
  return std::make_shared<const Dfa>(std::move(dfa));
}

// Recursive descent over a regular expression.
class RegexParser {
 public:
  explicit RegexParser(std::string_view pattern) : pattern_(pattern) {}

  Result<DfaRef> parse() {
    if (pattern_.size() > kMaxPatternBytes) {
      return fail(Code::kProgram, fmt::format("pattern is longer than {} bytes", kMaxPatternBytes));
    }
    if (find_invalid_utf8(pattern_)) return error("pattern is not valid UTF-8");
    const Nfa::Part whole = TRY(alternatives(true));
    if (at_ < pattern_.size()) return error("`)` without `(`");
    return determinize(nfa_, whole);
  }

 private:
  Failure error(std::string_view what, std::string hint = {}) const {
    return fail(Code::kProgram, fmt::format("regular expression: {} at byte {}", what, at_), std::move(hint));
  }
  bool more() const { return at_ < pattern_.size(); }
  bool accept(char c) {
    if (!more() || pattern_[at_] != c) return false;
    ++at_;
    return true;
  }

  Result<Nfa::Part> alternatives(bool top) {
    if (++depth_ > kMaxDepth) return error("groups are nested too deeply");
    Nfa::Part result = TRY(alternative(top));
    while (accept('|')) result = nfa_.either(result, TRY(alternative(top)));
    --depth_;
    return result;
  }

  Result<Nfa::Part> alternative(bool top) {
    const bool anchored = top && accept('^');
    Nfa::Part result = anchored ? nfa_.empty() : top ? nfa_.any_bytes() : nfa_.empty();
    bool ended = false;
    while (more() && pattern_[at_] != '|' && pattern_[at_] != ')') {
      if (top && pattern_[at_] == '$' && (at_ + 1 == pattern_.size() || pattern_[at_ + 1] == '|')) {
        ++at_;
        ended = true;
        break;
      }
      result = nfa_.sequence(result, TRY(repeated()));
      if (nfa_.overflow()) return too_complex();
    }
    if (top && !ended) result = nfa_.sequence(result, nfa_.any_bytes());
    return result;
  }

  Result<Nfa::Part> repeated() {
    const size_t begin = at_;
    const Nfa::Part first = TRY(item());
    const size_t end = at_;
    if (!more()) return first;
    int least = 1;
    int most = 1;  // -1: any number
    if (accept('*')) {
      least = 0;
      most = -1;
    } else if (accept('+')) {
      most = -1;
    } else if (accept('?')) {
      least = 0;
    } else if (accept('{')) {
      TRY(bounds(least, most));
    } else {
      return first;
    }
    if (more() && std::string_view("*+?{").contains(pattern_[at_])) {
      return error("nothing to repeat",
                   "lazy and possessive repetition make no difference to whether a pattern matches");
    }
    const size_t behind = at_;
    // Each copy is parsed anew: parts of an automaton cannot be shared.
    const auto copy = [&]() -> Result<Nfa::Part> {
      at_ = begin;
      const Nfa::Part part = TRY(item());
      if (at_ != end || nfa_.overflow()) return too_complex();
      return part;
    };
    Nfa::Part result = nfa_.empty();
    for (int i = 0; i < least; ++i) result = nfa_.sequence(result, TRY(copy()));
    if (most < 0) result = nfa_.sequence(result, nfa_.repeat(TRY(copy())));
    for (int i = least; i < most; ++i) result = nfa_.sequence(result, nfa_.either(TRY(copy()), nfa_.empty()));
    at_ = behind;
    return result;
  }

  Result<int> number() {
    int value = 0;
    const size_t begin = at_;
    while (more() && pattern_[at_] >= '0' && pattern_[at_] <= '9' && value <= kMaxRepeat) {
      value = value * 10 + (pattern_[at_++] - '0');
    }
    if (at_ == begin || value > kMaxRepeat) return error(fmt::format("expected a number of at most {}", kMaxRepeat));
    return value;
  }

  Status bounds(int& least, int& most) {
    least = TRY(number());
    most = least;
    if (accept(',')) most = more() && pattern_[at_] != '}' ? TRY(number()) : -1;
    if (!accept('}')) return error("expected `}`");
    if (most >= 0 && most < least) return error("bounds of the repetition are in the wrong order");
    return {};
  }

  Result<Nfa::Part> item() {
    if (accept('(')) {
      if (accept('?') && !accept(':')) return error("only groups of the form (?:...) or (...) are supported");
      const Nfa::Part inner = TRY(alternatives(false));
      if (!accept(')')) return error("`(` is never closed");
      return inner;
    }
    if (accept('[')) return bracket();
    if (accept('.')) {
      constexpr std::array<Range, 2> kAnyButNewline = {{{0, '\n' - 1}, {'\n' + 1, kLastCodePoint}}};
      return nfa_.code_points(kAnyButNewline);
    }
    if (std::string_view("*+?{").contains(pattern_[at_])) return error("nothing to repeat", "write \\ before it");
    if (pattern_[at_] == '^' || pattern_[at_] == '$') {
      return error("`^` and `$` are supported at the beginning and the end of an alternative only",
                   "write \\ before it");
    }
    if (accept('\\')) {
      std::vector<Range> ranges = TRY(escape());
      return nfa_.code_points(ranges);
    }
    const uint32_t point = code_point();
    const std::array<Range, 1> one = {{{point, point}}};
    return nfa_.code_points(one);
  }

  uint32_t code_point() {
    const auto lead = static_cast<uint8_t>(pattern_[at_++]);
    if (lead < 0x80) return lead;
    const int length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    uint32_t point = lead & (0xFFU >> (length + 1));
    for (int i = 1; i < length; ++i) point = point << 6 | (static_cast<uint8_t>(pattern_[at_++]) & 0x3FU);
    return point;
  }

  static std::vector<Range> complement(std::vector<Range> ranges) {
    std::ranges::sort(ranges, {}, &Range::first);
    std::vector<Range> result;
    uint32_t begin = 0;
    for (const Range& range : ranges) {
      if (range.first > begin) result.push_back({begin, range.first - 1});
      begin = std::max(begin, range.last + 1);
    }
    if (begin <= kLastCodePoint) result.push_back({begin, kLastCodePoint});
    return result;
  }

  Result<std::vector<Range>> escape() {
    if (!more()) return error("`\\` at the end");
    const uint32_t c = code_point();
    switch (c) {
      case 'd':
      case 'D':
      case 'w':
      case 'W':
      case 's':
      case 'S': {
        std::vector<Range> ranges = {{'0', '9'}};
        if (c == 'w' || c == 'W') ranges = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
        if (c == 's' || c == 'S') ranges = {{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}};
        return c < 'a' ? complement(std::move(ranges)) : ranges;
      }
      case 'n':
        return std::vector<Range>{{'\n', '\n'}};
      case 't':
        return std::vector<Range>{{'\t', '\t'}};
      case 'r':
        return std::vector<Range>{{'\r', '\r'}};
      default:
        break;
    }
    const bool word = c < 0x80 && (std::isalnum(static_cast<int>(c)) != 0);
    if (word) return error("unsupported escape", "back-references, look-around and \\b are not supported");
    return std::vector<Range>{{c, c}};
  }

  Result<Nfa::Part> bracket() {
    const bool negated = accept('^');
    std::vector<Range> ranges;
    while (!accept(']')) {
      if (!more()) return error("`[` is never closed");
      if (pattern_[at_] == '[' && at_ + 1 < pattern_.size() && pattern_[at_ + 1] == ':')
        return error("classes like [:alpha:] are not supported");
      if (accept('\\')) {
        const std::vector<Range> escaped = TRY(escape());
        ranges.insert(ranges.end(), escaped.begin(), escaped.end());
        if (escaped.size() != 1 || escaped[0].first != escaped[0].last) continue;
      } else {
        const uint32_t point = code_point();
        ranges.push_back({point, point});
      }
      if (at_ + 1 >= pattern_.size() || pattern_[at_] != '-' || pattern_[at_ + 1] == ']') continue;
      ++at_;
      uint32_t last = 0;
      if (accept('\\')) {
        const std::vector<Range> escaped = TRY(escape());
        if (escaped.size() != 1 || escaped[0].first != escaped[0].last) return error("a class cannot end a range");
        last = escaped[0].last;
      } else {
        last = code_point();
      }
      if (last < ranges.back().first) return error("range of the class is in the wrong order");
      ranges.back().last = last;
    }
    if (ranges.empty()) return error("empty class");
    if (negated) ranges = complement(std::move(ranges));
    return nfa_.code_points(ranges);
  }

  std::string_view pattern_;
  size_t at_ = 0;
  int depth_ = 0;
  Nfa nfa_;
};

Status check_length(std::string_view text) {
  if (text.size() <= kMaxPatternBytes) return {};
  return fail(Code::kProgram, fmt::format("pattern is longer than {} bytes", kMaxPatternBytes));
}

}  // namespace

bool Dfa::matches(std::string_view text) const {
  uint16_t state = 0;
  for (const char c : text) state = step(state, static_cast<uint8_t>(c));
  return accepting[state] != 0;
}

Result<DfaRef> regex_dfa(std::string_view pattern) { return RegexParser(pattern).parse(); }

Result<DfaRef> like_dfa(std::string_view pattern) {
  TRY(check_length(pattern));
  Nfa nfa;
  constexpr std::array<Range, 1> kAny = {{{0, kLastCodePoint}}};
  Nfa::Part whole = nfa.empty();
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\' && i + 1 == pattern.size())
      return fail(Code::kProgram, "LIKE pattern ends with a single `\\`", "write \\\\");
    if (pattern[i] == '%') {
      whole = nfa.sequence(whole, nfa.any_bytes());
    } else if (pattern[i] == '_') {
      whole = nfa.sequence(whole, nfa.code_points(kAny));
    } else {
      if (pattern[i] == '\\') ++i;
      whole = nfa.sequence(whole, nfa.literal(pattern.substr(i, 1)));
    }
  }
  return determinize(nfa, whole);
}

Result<DfaRef> prefix_dfa(std::string_view text) {
  TRY(check_length(text));
  Nfa nfa;
  const Nfa::Part literal = nfa.literal(text);
  return determinize(nfa, nfa.sequence(literal, nfa.any_bytes()));
}

Result<DfaRef> suffix_dfa(std::string_view text) {
  TRY(check_length(text));
  Nfa nfa;
  const Nfa::Part any = nfa.any_bytes();
  return determinize(nfa, nfa.sequence(any, nfa.literal(text)));
}

Result<DfaRef> substring_dfa(std::string_view text) {
  TRY(check_length(text));
  Nfa nfa;
  const Nfa::Part any = nfa.any_bytes();
  const Nfa::Part front = nfa.sequence(any, nfa.literal(text));
  return determinize(nfa, nfa.sequence(front, nfa.any_bytes()));
}

// A string is below `text` when it is a proper prefix of it, or has a smaller byte behind a common prefix.
Result<DfaRef> less_dfa(std::string_view text, bool or_equal) {
  TRY(check_length(text));
  Nfa nfa;
  std::optional<Nfa::Part> below;
  const auto add = [&](Nfa::Part part) { below = below ? nfa.either(*below, part) : part; };
  for (size_t i = 0; i < text.size(); ++i) {
    add(nfa.literal(text.substr(0, i)));
    const auto byte = static_cast<uint8_t>(text[i]);
    if (byte == 0) continue;
    const Nfa::Part common = nfa.literal(text.substr(0, i));
    const Nfa::Part smaller = nfa.sequence(common, nfa.byte(0, static_cast<uint8_t>(byte - 1)));
    add(nfa.sequence(smaller, nfa.any_bytes()));
    if (nfa.overflow()) return too_complex();
  }
  if (or_equal) add(nfa.literal(text));
  if (!below) below = nfa.code_points({});
  return determinize(nfa, *below);
}

Result<DfaRef> finite_dfa(std::span<const std::string> strings) {
  Nfa nfa;
  Nfa::Part whole = nfa.code_points({});
  for (const std::string& text : strings) {
    whole = nfa.either(whole, nfa.literal(text));
    if (nfa.overflow()) return too_complex();
  }
  return determinize(nfa, whole);
}

Members find_members(const std::vector<DfaConstraint>& constraints, size_t limit, size_t budget) {
  // One representative byte for each combination of classes, letters and digits first.
  std::vector<uint8_t> alphabet;
  std::set<std::vector<uint8_t>> seen_classes;
  std::string order = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_.@/: ";
  for (int byte = 0x21; byte < 0x7F; ++byte) order.push_back(static_cast<char>(byte));
  for (int byte = 0; byte < 256; ++byte) order.push_back(static_cast<char>(byte));
  for (const char c : order) {
    std::vector<uint8_t> classes;
    for (const DfaConstraint& constraint : constraints)
      classes.push_back(constraint.dfa->class_of[static_cast<uint8_t>(c)]);
    if (seen_classes.insert(std::move(classes)).second) alphabet.push_back(static_cast<uint8_t>(c));
  }
  // Where all bytes are equal their representative alone would give few strings.
  for (uint8_t extra = 'b'; alphabet.size() < 3 && alphabet.front() == 'a'; ++extra) alphabet.push_back(extra);

  using Product = std::vector<uint16_t>;
  const auto accepts = [&](const Product& states) {
    for (size_t i = 0; i < states.size(); ++i) {
      if ((constraints[i].dfa->accepting[states[i]] != 0) != constraints[i].accept) return false;
    }
    return true;
  };
  // A product state may be visited as often as members are wanted: each visit is another string.
  std::map<Product, size_t> visits;
  std::deque<std::pair<Product, std::string>> queue;
  Members members;
  Product start(constraints.size(), 0);
  queue.emplace_back(start, std::string());
  visits[start] = 1;
  size_t steps = 0;
  while (!queue.empty() && members.strings.size() < limit) {
    auto [states, text] = std::move(queue.front());
    queue.pop_front();
    if (accepts(states)) members.strings.push_back(text);
    for (const uint8_t byte : alphabet) {
      if (++steps > budget) {
        members.exhausted = true;
        return members;
      }
      Product next(states.size());
      for (size_t i = 0; i < states.size(); ++i) next[i] = constraints[i].dfa->step(states[i], byte);
      if (visits[next]++ >= limit) continue;
      queue.emplace_back(std::move(next), text + static_cast<char>(byte));
    }
  }
  return members;
}

}  // namespace sinan::experiment
