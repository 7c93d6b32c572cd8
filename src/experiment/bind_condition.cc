#include "experiment/bind_condition.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/strings.h"

namespace sinan::experiment {
namespace {

using Kind = Condition::Kind;

constexpr size_t kMaxInlinedNodes = 100'000;

Failure wrong_literal(AttributeType type, const Literal& literal, const Condition& at) {
  std::string hint;
  if (type == AttributeType::kSemver) hint = "a version looks like '3.2.0'";
  if (type == AttributeType::kTimestamp) hint = "a point in time looks like '2026-11-22T17:31:37Z'";
  if (type == AttributeType::kIp) hint = "an address looks like '10.1.2.3', a network like '10.0.0.0/8'";
  return fail(Code::kProgram,
              fmt::format("\"{}\" is {} and cannot be compared with {}", at.subject, to_string(type), to_text(literal)),
              hint)
      .at(at.span);
}

// The points of an ordered type that stand for a literal: one, or those of a network.
template <class Point>
struct Ends {
  Point first;
  Point last;
};

std::optional<Ends<int64_t>> integer_of(AttributeType type, const Literal& literal) {
  const auto one = [](int64_t point) { return Ends<int64_t>{point, point}; };
  if (type == AttributeType::kTimestamp) {
    const std::string* text = std::get_if<std::string>(&literal.value);
    const auto micros = text == nullptr ? std::nullopt : parse_timestamp(*text);
    return micros ? std::optional(one(*micros)) : std::nullopt;
  }
  const int64_t* whole = std::get_if<int64_t>(&literal.value);
  if (type == AttributeType::kInt) return whole == nullptr ? std::nullopt : std::optional(one(*whole));
  const double* real = std::get_if<double>(&literal.value);
  if (whole == nullptr && real == nullptr) return std::nullopt;
  return one(*ordered_key(whole != nullptr ? static_cast<double>(*whole) : *real));
}

std::optional<Ends<Version>> version_of(const Literal& literal) {
  const std::string* text = std::get_if<std::string>(&literal.value);
  const auto version = text == nullptr ? std::nullopt : parse_semver(*text);
  if (!version) return std::nullopt;
  return Ends<Version>{Version::of(*version), Version::of(*version)};
}

// Keeps the first `kept` of 64 bits, or sets the others.
uint64_t masked(uint64_t bits, unsigned kept, bool fill) {
  const uint64_t rest = kept >= 64 ? 0 : ~uint64_t{0} >> kept;
  return fill ? bits | rest : bits & ~rest;
}

std::optional<Ends<IpAddress>> network_of(const Literal& literal) {
  const std::string* text = std::get_if<std::string>(&literal.value);
  if (text == nullptr) return std::nullopt;
  const size_t slash = text->find('/');
  const auto address = parse_ip(std::string_view(*text).substr(0, slash));
  if (!address) return std::nullopt;
  if (slash == std::string::npos) return Ends<IpAddress>{*address, *address};
  const bool v4 = text->find(':') == std::string::npos;
  unsigned bits = 0;
  const char* end = text->data() + text->size();
  const auto read = std::from_chars(text->data() + slash + 1, end, bits);
  if (read.ec != std::errc() || read.ptr != end || bits > (v4 ? 32U : 128U)) return std::nullopt;
  if (v4) bits += 96;
  const unsigned high = std::min(bits, 64U);
  const unsigned low = bits - high;
  return Ends<IpAddress>{{masked(address->high, high, false), masked(address->low, low, false)},
                         {masked(address->high, high, true), masked(address->low, low, true)}};
}

// Below, up to, from, above: of an ordered type.
template <class Set, class Point>
Set ordered(Kind kind, const Ends<Point>& ends) {
  switch (kind) {
    case Kind::kLess:
      return Set::below(ends.first);
    case Kind::kGreaterEqual:
      return Set::below(ends.first).complement();
    case Kind::kLessEqual:
      return Set::from(ends.first).intersect(Set::closed(ends.first, ends.last)).unite(Set::below(ends.first));
    case Kind::kGreater:
      return Set::closed(ends.first, ends.last).unite(Set::below(ends.first)).complement();
    default:
      return Set::closed(ends.first, ends.last);
  }
}

template <class Set, class Read>
Result<ValueSet> ordered_atom(const Condition& condition, AttributeType type, Read read) {
  Set set;
  if (condition.kind == Kind::kBetween) {
    const auto low = read(condition.literals[0]);
    const auto high = read(condition.literals[1]);
    if (!low || !high) return wrong_literal(type, condition.literals[low ? 1 : 0], condition);
    set = Set::closed(low->first, high->last);
  } else {
    for (const Literal& literal : condition.literals) {
      const auto ends = read(literal);
      if (!ends) return wrong_literal(type, literal, condition);
      set = set.is_empty() ? ordered<Set>(condition.kind, *ends) : set.unite(ordered<Set>(condition.kind, *ends));
    }
  }
  if constexpr (std::is_same_v<Set, Integers>) {
    if (type == AttributeType::kDouble) set = set.intersect(std::get<Integers>(ValueSet::values(type).typed()));
  }
  const ValueSet result = ValueSet::of(type, std::move(set));
  return condition.kind == Kind::kNotEqual ? result.negated() : result;
}

Result<ValueSet> integer_list(const Condition& condition, AttributeType type) {
  // A long list is sorted once instead of united one by one.
  std::vector<int64_t> points;
  for (const Literal& literal : condition.literals) {
    const auto ends = integer_of(type, literal);
    if (!ends) return wrong_literal(type, literal, condition);
    points.push_back(ends->first);
  }
  std::ranges::sort(points);
  return ValueSet::of(type, Integers::of_sorted(points));
}

Result<ValueSet> pattern_atom(const Condition& condition, Result<DfaRef> dfa) {
  if (!dfa) return fail(std::move(dfa).error()).at(condition.span);
  return ValueSet::of(AttributeType::kString,
                      Strings{.all_but = true, .listed = {}, .patterns = {{*std::move(dfa), true}}});
}

Result<ValueSet> string_atom(const Condition& condition) {
  std::vector<std::string> texts;
  for (const Literal& literal : condition.literals) {
    const std::string* text = std::get_if<std::string>(&literal.value);
    if (text == nullptr) return wrong_literal(AttributeType::kString, literal, condition);
    texts.push_back(*text);
  }
  const auto negated = [](Result<ValueSet> set) { return set ? Result<ValueSet>(set->negated()) : set; };
  switch (condition.kind) {
    case Kind::kEqual:
    case Kind::kNotEqual:
    case Kind::kIn: {
      std::ranges::sort(texts);
      texts.erase(std::ranges::unique(texts).begin(), texts.end());
      return ValueSet::of(AttributeType::kString, Strings{condition.kind == Kind::kNotEqual, std::move(texts), {}});
    }
    case Kind::kLess:
      return pattern_atom(condition, less_dfa(texts[0], false));
    case Kind::kLessEqual:
      return pattern_atom(condition, less_dfa(texts[0], true));
    case Kind::kGreater:
      return negated(pattern_atom(condition, less_dfa(texts[0], true)));
    case Kind::kGreaterEqual:
      return negated(pattern_atom(condition, less_dfa(texts[0], false)));
    case Kind::kLike:
      return pattern_atom(condition, like_dfa(texts[0]));
    case Kind::kStartsWith:
      return pattern_atom(condition, prefix_dfa(texts[0]));
    case Kind::kEndsWith:
      return pattern_atom(condition, suffix_dfa(texts[0]));
    case Kind::kContains:
      return pattern_atom(condition, substring_dfa(texts[0]));
    default:
      return pattern_atom(condition, regex_dfa(texts[0]));
  }
}

Failure wrong_operator(const Condition& condition, AttributeType type, std::string hint = {}) {
  return fail(Code::kProgram,
              fmt::format("this operator does not fit the type of \"{}\": {}", condition.subject, to_string(type)),
              std::move(hint))
      .at(condition.span);
}

Result<ValueSet> atom(const Condition& condition, AttributeType type) {
  if (condition.kind == Kind::kIsNull) return ValueSet::only_missing(type);
  if (condition.kind == Kind::kHolds) {
    if (type != AttributeType::kBool) return wrong_operator(condition, type, "compare it with a value");
    return ValueSet::of(type, Booleans{false, true});
  }
  const bool order = condition.kind >= Kind::kLess && condition.kind <= Kind::kBetween;
  const bool text = condition.kind >= Kind::kLike && condition.kind <= Kind::kMatches;
  switch (type) {
    case AttributeType::kBool: {
      if (order || text) return wrong_operator(condition, type);
      Booleans set;
      for (const Literal& literal : condition.literals) {
        const bool* value = std::get_if<bool>(&literal.value);
        if (value == nullptr) return wrong_literal(type, literal, condition);
        (*value ? set.may_be_true : set.may_be_false) = true;
      }
      const ValueSet result = ValueSet::of(type, set);
      return condition.kind == Kind::kNotEqual ? result.negated() : result;
    }
    case AttributeType::kString:
      if (condition.kind != Kind::kBetween) return string_atom(condition);
      return wrong_operator(condition, type, "write x >= 'a' AND x <= 'b'");
    case AttributeType::kList: {
      if (condition.kind != Kind::kContains)
        return wrong_operator(condition, type, "ask a list with CONTAINS 'element'");
      return ValueSet::of(type, Lists{{std::get<std::string>(condition.literals[0].value)}, {}, false});
    }
    default:
      break;
  }
  if (text) return wrong_operator(condition, type);
  if (type == AttributeType::kSemver) return ordered_atom<Versions>(condition, type, version_of);
  if (type == AttributeType::kIp) return ordered_atom<Addresses>(condition, type, network_of);
  if (condition.kind == Kind::kIn) return integer_list(condition, type);
  return ordered_atom<Integers>(condition, type, [&](const Literal& literal) { return integer_of(type, literal); });
}

class Binder {
 public:
  explicit Binder(const Names& names) : names_(names) {}

  Result<Predicate> bind(const Condition& condition, bool negate) {
    if (++nodes_ > kMaxInlinedNodes) {
      return fail(Code::kExhausted,
                  fmt::format("condition has more than {} parts with its segments", kMaxInlinedNodes));
    }
    Predicate result;
    switch (condition.kind) {
      case Kind::kTrue:
      case Kind::kFalse:
        result.kind = (condition.kind == Kind::kTrue) != negate ? Predicate::Kind::kTrue : Predicate::Kind::kFalse;
        return result;
      case Kind::kAnd:
      case Kind::kOr:
        result.kind = (condition.kind == Kind::kAnd) != negate ? Predicate::Kind::kAnd : Predicate::Kind::kOr;
        for (const Condition& child : condition.children) result.children.push_back(TRY(bind(child, negate)));
        return result;
      case Kind::kNot:
        return bind(condition.children[0], !negate);
      case Kind::kSegment:
        return segment(condition, negate);
      default:
        break;
    }
    const auto subject = names_.subject(condition.subject);
    if (!subject) {
      std::string hint = did_you_mean(condition.subject, names_.known());
      if (hint.empty()) hint = "declare it as an attribute or a parameter";
      return fail(Code::kProgram, fmt::format("unknown attribute or parameter \"{}\"", condition.subject), hint)
          .at(condition.span);
    }
    const auto type = names_.type(*subject);
    if (!type) {
      return fail(Code::kProgram,
                  fmt::format("a JSON parameter cannot be part of a condition: \"{}\"", condition.subject))
          .at(condition.span);
    }
    result.kind = Predicate::Kind::kAtom;
    result.subject = *subject;
    result.set = TRY(atom(condition, *type));
    if (negate) result.set = condition.kind == Kind::kIsNull ? result.set.present() : result.set.negated();
    return result;
  }

 private:
  Result<Predicate> segment(const Condition& condition, bool negate) {
    const Segment* segment = names_.segment(condition.subject);
    if (segment == nullptr) {
      return fail(Code::kProgram, fmt::format("unknown segment \"{}\"", condition.subject)).at(condition.span);
    }
    if (std::ranges::find(open_, condition.subject) != open_.end()) {
      return fail(Code::kProgram,
                  fmt::format("segments contain each other in a circle: {}", join_open(condition.subject)))
          .at(condition.span);
    }
    open_.push_back(condition.subject);
    auto result = bind(segment->condition, negate);
    open_.pop_back();
    if (!result) return fail(std::move(result).error()).within(fmt::format("in segment {}", condition.subject));
    return result;
  }

  std::string join_open(const std::string& last) const {
    std::string text;
    for (auto at = std::ranges::find(open_, last); at != open_.end(); ++at) text += *at + " → ";
    return text + last;
  }

  const Names& names_;
  std::vector<std::string> open_;
  size_t nodes_ = 0;
};

}  // namespace

Result<Predicate> bind_condition(const Condition& condition, const Names& names) {
  return Binder(names).bind(condition, false);
}

}  // namespace sinan::experiment
