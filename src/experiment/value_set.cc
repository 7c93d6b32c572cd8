#include "experiment/value_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>

#include "base/check.h"
#include "base/clock.h"

namespace sinan::experiment {
namespace {

constexpr size_t kSearchBudget = 200'000;  // steps of the product of patterns
constexpr size_t kMaxExcludedBytes = 1500;

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};

const Integers& all_doubles() {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  static const Integers kAll = Integers::closed(*ordered_key(-kInfinity), *ordered_key(kInfinity));
  return kAll;
}

std::vector<std::string> merged(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::vector<std::string> result;
  std::ranges::set_union(a, b, std::back_inserter(result));
  return result;
}

bool satisfies(const std::vector<DfaConstraint>& patterns, std::string_view text) {
  return std::ranges::all_of(patterns, [&](const DfaConstraint& p) { return p.dfa->matches(text) == p.accept; });
}

Strings intersection(const Strings& a, const Strings& b) {
  Strings result;
  result.all_but = a.all_but && b.all_but;
  if (result.all_but) {
    result.listed = merged(a.listed, b.listed);
  } else if (a.all_but) {
    std::ranges::set_difference(b.listed, a.listed, std::back_inserter(result.listed));
  } else if (b.all_but) {
    std::ranges::set_difference(a.listed, b.listed, std::back_inserter(result.listed));
  } else {
    std::ranges::set_intersection(a.listed, b.listed, std::back_inserter(result.listed));
  }
  result.patterns = a.patterns;
  for (const DfaConstraint& pattern : b.patterns) {
    if (std::ranges::find(result.patterns, pattern) == result.patterns.end()) result.patterns.push_back(pattern);
  }
  if (!result.all_but) {
    std::erase_if(result.listed, [&](const std::string& text) { return !satisfies(result.patterns, text); });
    result.patterns.clear();
  }
  return result;
}

// The patterns, and one that rejects what is excluded; nothing when that would be too large.
std::optional<std::vector<DfaConstraint>> constraints_of(const Strings& strings) {
  std::vector<DfaConstraint> constraints = strings.patterns;
  std::vector<std::string> excluded;
  size_t bytes = 0;
  for (const std::string& text : strings.listed) {
    if (!satisfies(strings.patterns, text)) continue;
    excluded.push_back(text);
    bytes += text.size() + 1;
  }
  if (excluded.empty()) return constraints;
  if (bytes > kMaxExcludedBytes) return std::nullopt;
  auto dfa = finite_dfa(excluded);
  if (!dfa) return std::nullopt;
  constraints.push_back({*std::move(dfa), false});
  return constraints;
}

Members members_of(const Strings& strings, size_t limit) {
  if (!strings.all_but) {
    Members members;
    members.strings.assign(strings.listed.begin(),
                           strings.listed.begin() + static_cast<ptrdiff_t>(std::min(limit, strings.listed.size())));
    return members;
  }
  const auto constraints = constraints_of(strings);
  if (!constraints) return {.strings = {}, .exhausted = true};
  return find_members(*constraints, limit, kSearchBudget);
}

Answer emptiness(const Strings& strings) {
  if (!strings.all_but) return strings.listed.empty() ? Answer::kYes : Answer::kNo;
  if (strings.patterns.empty()) return Answer::kNo;
  const Members members = members_of(strings, 1);
  if (!members.strings.empty()) return Answer::kNo;
  return members.exhausted ? Answer::kUnknown : Answer::kYes;
}

Lists intersection(const Lists& a, const Lists& b) {
  Lists result = {merged(a.with, b.with), merged(a.without, b.without), a.none || b.none};
  std::vector<std::string> both;
  std::ranges::set_intersection(result.with, result.without, std::back_inserter(both));
  result.none = result.none || !both.empty();
  return result;
}

std::string quoted(std::string_view text) { return to_text(Literal{std::string(text)}); }

std::string address_text(IpAddress address) {
  if (address.high == 0 && (address.low >> 32) == 0xFFFF) {
    const uint64_t a = address.low;
    return fmt::format("{}.{}.{}.{}", (a >> 24) & 255, (a >> 16) & 255, (a >> 8) & 255, a & 255);
  }
  std::string text;
  for (const uint64_t half : {address.high, address.low}) {
    for (int shift = 48; shift >= 0; shift -= 16)
      text += fmt::format("{}{:x}", text.empty() ? "" : ":", (half >> shift) & 0xFFFF);
  }
  return text;
}

std::string timestamp_text(int64_t micros) { return to_iso8601(TimePoint(std::chrono::microseconds(micros))); }

// A time that can be written: years 1 to 9999.
const Integers& writable_times() {
  static const Integers kAll =
      Integers::closed(*parse_timestamp("0001-01-01"), *parse_timestamp("9999-12-31T23:59:59.999999Z"));
  return kAll;
}

std::optional<ContextValue> sample_of(AttributeType type, const ValueSet::Values& values) {
  const auto integer = [&](const Integers& set) -> std::optional<ContextValue> {
    const Integers fit = type == AttributeType::kTimestamp ? set.intersect(writable_times()) : set;
    if (fit.is_empty()) return std::nullopt;
    // Small positive numbers are easier to read than the end of the domain.
    int64_t point = fit.intervals().back().begin;
    for (const auto& interval : fit.intervals()) {
      if (interval.begin >= 0) {
        point = interval.begin;
        break;
      }
    }
    if (fit.contains(0)) point = 0;
    if (type == AttributeType::kInt) return ContextValue(point);
    if (type == AttributeType::kDouble) return ContextValue(from_ordered_key(point));
    return ContextValue(timestamp_text(point));
  };
  return std::visit(Overloaded{[](const Booleans& set) -> std::optional<ContextValue> {
                                 if (set.may_be_true) return ContextValue(true);
                                 if (set.may_be_false) return ContextValue(false);
                                 return std::nullopt;
                               },
                               integer,
                               [](const Strings& set) -> std::optional<ContextValue> {
                                 Members members = members_of(set, 1);
                                 if (members.strings.empty()) return std::nullopt;
                                 return ContextValue(std::move(members.strings[0]));
                               },
                               [](const Versions& set) -> std::optional<ContextValue> {
                                 if (set.is_empty()) return std::nullopt;
                                 return ContextValue(set.intervals().back().begin.to_text());
                               },
                               [](const Addresses& set) -> std::optional<ContextValue> {
                                 if (set.is_empty()) return std::nullopt;
                                 return ContextValue(address_text(set.intervals().back().begin));
                               },
                               [](const Lists& set) -> std::optional<ContextValue> {
                                 if (set.none) return std::nullopt;
                                 return ContextValue(set.with);
                               }},
                    values);
}

template <class Set, class Text>
std::string interval_text(const Set& set, Text text) {
  std::string result;
  const Set whole = Set::all();
  for (const auto& interval : set.intervals()) {
    if (!result.empty()) result += " or ";
    const bool from_first = interval.begin == whole.intervals()[0].begin;
    if (interval.end && Set::one(interval.begin).intervals()[0].end == interval.end) {
      result += text(interval.begin);
    } else if (!interval.end) {
      result += text(interval.begin) + " or more";
    } else if (from_first) {
      result += "below " + text(*interval.end);
    } else {
      result += fmt::format("from {} to below {}", text(interval.begin), text(*interval.end));
    }
  }
  return result;
}

std::string strings_text(const Strings& set) {
  std::string result;
  size_t shown = 0;
  for (const std::string& text : set.listed) {
    if (++shown > 5) {
      result += ", …";
      break;
    }
    result += (result.empty() ? "" : ", ") + quoted(text);
  }
  if (set.all_but) result = set.listed.empty() ? "any text" : "any text but " + result;
  if (!set.patterns.empty()) result += fmt::format(" that fits {} patterns", set.patterns.size());
  return result;
}

}  // namespace

int64_t IntegerTraits::first() { return std::numeric_limits<int64_t>::min(); }
std::optional<int64_t> IntegerTraits::next(int64_t point) {
  if (point == std::numeric_limits<int64_t>::max()) return std::nullopt;
  return point + 1;
}

std::optional<IpAddress> AddressTraits::next(IpAddress point) {
  if (++point.low == 0 && ++point.high == 0) return std::nullopt;
  return point;
}

// The next of a release is the lowest pre-release of the next patch; that of a pre-release has one more identifier, the lowest.
std::optional<Version> VersionTraits::next(const Version& point) {
  constexpr uint32_t kMax = std::numeric_limits<uint32_t>::max();
  if (!point.prerelease.empty()) return Version{point.major, point.minor, point.patch, point.prerelease + ".0"};
  if (point.patch != kMax) return Version{point.major, point.minor, point.patch + 1, "0"};
  if (point.minor != kMax) return Version{point.major, point.minor + 1, 0, "0"};
  if (point.major != kMax) return Version{point.major + 1, 0, 0, "0"};
  return std::nullopt;
}

std::string Version::to_text() const {
  return fmt::format("{}.{}.{}{}{}", major, minor, patch, prerelease.empty() ? "" : "-", prerelease);
}

bool Strings::contains(std::string_view text) const {
  const bool is_listed = std::ranges::binary_search(listed, text, std::less<>());
  return is_listed != all_but && satisfies(patterns, text);
}

std::string to_text(const ContextValue& value) {
  return std::visit(
      Overloaded{[](std::monostate) { return std::string("missing"); },
                 [](bool b) { return std::string(b ? "true" : "false"); },
                 [](int64_t i) { return fmt::format("{}", i); }, [](double d) { return to_text(Literal{d}); },
                 [](const std::string& s) { return quoted(s); },
                 [](const std::vector<std::string>& list) {
                   std::string text;
                   for (const std::string& item : list) text += (text.empty() ? "" : ", ") + quoted(item);
                   return "[" + text + "]";
                 }},
      value);
}

ValueSet ValueSet::values(AttributeType type) {
  switch (type) {
    case AttributeType::kBool:
      return of(type, Booleans{true, true});
    case AttributeType::kInt:
    case AttributeType::kTimestamp:
      return of(type, Integers::all());
    case AttributeType::kDouble:
      return of(type, all_doubles());
    case AttributeType::kString:
      return of(type, Strings{.all_but = true, .listed = {}, .patterns = {}});
    case AttributeType::kSemver:
      return of(type, Versions::all());
    case AttributeType::kIp:
      return of(type, Addresses::all());
    case AttributeType::kList:
      return of(type, Lists{});
  }
  CHECK(false);
}

ValueSet ValueSet::everything(AttributeType type) {
  ValueSet set = values(type);
  set.missing_ = true;
  set.mismatch_ = true;
  return set;
}

ValueSet ValueSet::only_missing(AttributeType type) {
  ValueSet set = values(type).negated();
  set.missing_ = true;
  return set;
}

ValueSet ValueSet::of(AttributeType type, Values values) {
  ValueSet set;
  set.type_ = type;
  set.values_ = std::move(values);
  return set;
}

ValueSet ValueSet::negated() const {
  ValueSet result;
  result.type_ = type_;
  result.values_ =
      std::visit(Overloaded{[](const Booleans& set) { return Values(Booleans{!set.may_be_false, !set.may_be_true}); },
                            [&](const Integers& set) {
                              const Integers rest = set.complement();
                              return Values(type_ == AttributeType::kDouble ? rest.intersect(all_doubles()) : rest);
                            },
                            [](const Strings& set) {
                              Strings rest = set;
                              if (set.patterns.empty()) {
                                rest.all_but = !set.all_but;
                              } else {
                                CHECK(set.patterns.size() == 1 && set.all_but && set.listed.empty());
                                rest.patterns[0].accept = !set.patterns[0].accept;
                              }
                              return Values(rest);
                            },
                            [](const Versions& set) { return Values(set.complement()); },
                            [](const Addresses& set) { return Values(set.complement()); },
                            [](const Lists& set) {
                              if (set.none) return Values(Lists{});
                              CHECK(set.with.size() + set.without.size() <= 1);
                              return Values(Lists{set.without, set.with, set.with.empty() && set.without.empty()});
                            }},
                 values_);
  return result;
}

ValueSet ValueSet::present() const {
  ValueSet set = values(type_);
  set.mismatch_ = true;
  return set;
}

std::optional<ValueSet> ValueSet::outside() const {
  if (const Strings* strings = std::get_if<Strings>(&values_)) {
    if (strings->patterns.size() > 1 ||
        (strings->patterns.size() == 1 && !(strings->all_but && strings->listed.empty())))
      return std::nullopt;
  }
  if (const Lists* lists = std::get_if<Lists>(&values_);
      lists != nullptr && lists->with.size() + lists->without.size() > 1)
    return std::nullopt;
  ValueSet result = negated();
  result.missing_ = !missing_;
  result.mismatch_ = !mismatch_;
  return result;
}

bool ValueSet::is_plainly_empty() const {
  const Strings* strings = std::get_if<Strings>(&values_);
  if (strings != nullptr && strings->all_but) return false;
  return is_empty() == Answer::kYes;
}

bool ValueSet::contains_text(std::string_view text) const {
  const Strings* strings = std::get_if<Strings>(&values_);
  return strings != nullptr && strings->contains(text);
}

ValueSet ValueSet::intersect(const ValueSet& other) const {
  CHECK(type_ == other.type_);
  ValueSet result;
  result.type_ = type_;
  result.missing_ = missing_ && other.missing_;
  result.mismatch_ = mismatch_ && other.mismatch_;
  result.values_ = std::visit(
      [&]<class Set>(const Set& set) {
        const Set& second = std::get<Set>(other.values_);
        if constexpr (std::is_same_v<Set, Booleans>) {
          return Values(Booleans{set.may_be_false && second.may_be_false, set.may_be_true && second.may_be_true});
        } else if constexpr (std::is_same_v<Set, Strings> || std::is_same_v<Set, Lists>) {
          return Values(intersection(set, second));
        } else {
          return Values(set.intersect(second));
        }
      },
      values_);
  return result;
}

Answer ValueSet::is_empty() const {
  if (missing_ || mismatch_) return Answer::kNo;
  const auto answer = [](bool empty) { return empty ? Answer::kYes : Answer::kNo; };
  return std::visit(
      [&]<class Set>(const Set& set) {
        if constexpr (std::is_same_v<Set, Booleans>) {
          return answer(!set.may_be_false && !set.may_be_true);
        } else if constexpr (std::is_same_v<Set, Strings>) {
          return emptiness(set);
        } else if constexpr (std::is_same_v<Set, Lists>) {
          return answer(set.none);
        } else {
          return answer(set.is_empty());
        }
      },
      values_);
}

std::optional<ContextValue> ValueSet::sample() const {
  auto value = sample_of(type_, values_);
  if (value) return value;
  if (missing_) return ContextValue();
  if (!mismatch_) return std::nullopt;
  if (type_ == AttributeType::kString || type_ == AttributeType::kList) return ContextValue(true);
  return ContextValue(std::string("?"));
}

std::vector<std::string> ValueSet::sample_strings(size_t limit) const {
  const Strings* strings = std::get_if<Strings>(&values_);
  return strings == nullptr ? std::vector<std::string>() : members_of(*strings, limit).strings;
}

std::string ValueSet::to_text() const {
  if (is_everything()) return "anything";
  std::string text = std::visit(
      Overloaded{[](const Booleans& set) {
                   if (set.may_be_true && set.may_be_false) return std::string("true or false");
                   return std::string(set.may_be_true ? "true" : set.may_be_false ? "false" : "");
                 },
                 [&](const Integers& set) {
                   if (set == (type_ == AttributeType::kDouble ? all_doubles() : Integers::all()))
                     return std::string("any number");
                   return interval_text(set, [&](int64_t point) {
                     if (type_ == AttributeType::kDouble)
                       return sinan::experiment::to_text(Literal{from_ordered_key(point)});
                     return type_ == AttributeType::kTimestamp && writable_times().contains(point)
                                ? timestamp_text(point)
                                : fmt::format("{}", point);
                   });
                 },
                 [](const Strings& set) { return strings_text(set); },
                 [](const Versions& set) { return interval_text(set, [](const Version& v) { return v.to_text(); }); },
                 [](const Addresses& set) { return interval_text(set, address_text); },
                 [](const Lists& set) {
                   if (set.none) return std::string();
                   std::string result = "a list";
                   for (const std::string& item : set.with) result += " with " + quoted(item);
                   for (const std::string& item : set.without) result += " without " + quoted(item);
                   return result;
                 }},
      values_);
  const auto add = [&](std::string_view word) { text += (text.empty() ? "" : " or ") + std::string(word); };
  if (missing_) add("missing");
  if (mismatch_) add("of another type");
  return text.empty() ? "nothing" : text;
}

AttributeType attribute_type_of(ValueType type) {
  switch (type) {
    case ValueType::kBool:
      return AttributeType::kBool;
    case ValueType::kInt:
      return AttributeType::kInt;
    case ValueType::kDouble:
      return AttributeType::kDouble;
    case ValueType::kString:
    case ValueType::kJson:
      return AttributeType::kString;
  }
  CHECK(false);
}

ValueSet set_of(AttributeType type, const std::vector<Value>& values) {
  Booleans booleans;
  Integers integers;
  Strings strings;
  for (const Value& value : values) {
    if (const bool* b = std::get_if<bool>(&value)) (*b ? booleans.may_be_true : booleans.may_be_false) = true;
    if (const int64_t* i = std::get_if<int64_t>(&value)) integers = integers.unite(Integers::one(*i));
    if (const double* d = std::get_if<double>(&value))
      integers = integers.unite(Integers::one(ordered_key(*d).value_or(0)));
    if (const std::string* s = std::get_if<std::string>(&value)) strings.listed.push_back(*s);
  }
  std::ranges::sort(strings.listed);
  strings.listed.erase(std::ranges::unique(strings.listed).begin(), strings.listed.end());
  if (type == AttributeType::kBool) return ValueSet::of(type, booleans);
  if (type == AttributeType::kString) return ValueSet::of(type, std::move(strings));
  return ValueSet::of(type, std::move(integers));
}

}  // namespace sinan::experiment
