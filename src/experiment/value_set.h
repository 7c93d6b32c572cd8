// Exact sets of what one attribute or parameter can be: values of its type, missing, and values of another type (mismatch). An
// atom of a condition is "subject in set"; the proof of no overlap intersects them, the compiler turns them into code.
//
// Emptiness is decided exactly, but for string patterns too large for the search: then the answer is unknown, never wrong.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "experiment/evaluator/typed_text.h"
#include "experiment/interval_set.h"
#include "experiment/model.h"
#include "experiment/pattern.h"

namespace sinan::experiment {

struct IntegerTraits {
  using Point = int64_t;
  static Point first();
  static std::optional<Point> next(Point point);
};
struct AddressTraits {
  using Point = IpAddress;
  static Point first() { return {}; }
  static std::optional<Point> next(Point point);
};
// Semver that owns its text.
struct Version {
  uint32_t major = 0;
  uint32_t minor = 0;
  uint32_t patch = 0;
  std::string prerelease;
  Semver view() const { return {major, minor, patch, prerelease}; }
  static Version of(const Semver& v) { return {v.major, v.minor, v.patch, std::string(v.prerelease)}; }
  std::string to_text() const;
  friend bool operator==(const Version& a, const Version& b) { return compare(a.view(), b.view()) == 0; }
  friend std::strong_ordering operator<=>(const Version& a, const Version& b) { return compare(a.view(), b.view()); }
};
struct VersionTraits {
  using Point = Version;
  static Point first() { return {0, 0, 0, "0"}; }
  static std::optional<Point> next(const Point& point);
};

using Integers = IntervalSet<IntegerTraits>;  // also times, and doubles by their ordered keys
using Addresses = IntervalSet<AddressTraits>;
using Versions = IntervalSet<VersionTraits>;

// Strings: the finite set, or all but a finite set; of these, the ones that satisfy the patterns.
struct Strings {
  bool all_but = false;
  std::vector<std::string> listed;  // sorted, unique
  std::vector<DfaConstraint> patterns;
  friend bool operator==(const Strings&, const Strings&) = default;
  bool contains(std::string_view text) const;
};

// Lists: by elements that they must hold and must not hold.
struct Lists {
  std::vector<std::string> with;  // sorted, unique
  std::vector<std::string> without;
  bool none = false;  // the empty set
  friend bool operator==(const Lists&, const Lists&) = default;
};

struct Booleans {
  bool may_be_false = false;
  bool may_be_true = false;
  friend bool operator==(const Booleans&, const Booleans&) = default;
};

// What a context can hold; monostate is missing.
using ContextValue = std::variant<std::monostate, bool, int64_t, double, std::string, std::vector<std::string>>;
std::string to_text(const ContextValue& value);

enum class Answer : uint8_t { kNo, kYes, kUnknown };

class ValueSet {
 public:
  using Values = std::variant<Booleans, Integers, Strings, Versions, Addresses, Lists>;

  static ValueSet everything(AttributeType type);  // values, missing and mismatch
  static ValueSet values(AttributeType type);      // every value of the type
  static ValueSet only_missing(AttributeType type);
  static ValueSet of(AttributeType type, Values values);

  AttributeType type() const { return type_; }
  bool has_missing() const { return missing_; }
  bool has_mismatch() const { return mismatch_; }
  const Values& typed() const { return values_; }

  // The values of the type that are not in the set; missing and mismatch are in neither: SQL's NOT of an unknown is unknown.
  // A set of several patterns or elements has no such complement; conditions have one each.
  ValueSet negated() const;
  // Every value, and mismatch: what IS NOT NULL is to IS NULL.
  ValueSet present() const;
  // All that is not in the set, missing and mismatch included: where a condition is false or unknown. Nothing for a set of
  // several patterns or elements, whose rest is no such set.
  std::optional<ValueSet> outside() const;
  ValueSet intersect(const ValueSet& other) const;
  Answer is_empty() const;
  bool is_everything() const { return *this == everything(type_); }
  // Whether the set could be empty, without a search: no for patterns.
  bool is_plainly_empty() const;
  bool contains_text(std::string_view text) const;  // of a string set
  // A value of the set, present ones first; nothing when it is empty or that is unknown.
  std::optional<ContextValue> sample() const;
  // Up to `limit` values of a string set.
  std::vector<std::string> sample_strings(size_t limit) const;
  std::string to_text() const;

  friend bool operator==(const ValueSet&, const ValueSet&) = default;

 private:
  AttributeType type_ = AttributeType::kBool;
  bool missing_ = false;
  bool mismatch_ = false;
  Values values_;
};

AttributeType attribute_type_of(ValueType type);  // not of kJson
// The set of the listed values.
ValueSet set_of(AttributeType type, const std::vector<Value>& values);

}  // namespace sinan::experiment
