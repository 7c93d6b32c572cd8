// A configuration whose names are resolved and whose rules all hold: what the compiler and the proof of no overlap start from.
//
// Conditions are in negation normal form: AND and OR over atoms "subject in set". A NOT has gone into the sets, which is exact in
// SQL's logic; what is left needs no third value, since only true matches.
//
// Immutable. Borrows texts from the Configuration, which must outlive it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "experiment/model.h"
#include "experiment/value_set.h"

namespace sinan::experiment {

struct Subject {
  bool is_parameter = false;
  uint32_t index = 0;  // into attributes or parameters
  friend auto operator<=>(const Subject&, const Subject&) = default;
};

struct Predicate {
  enum class Kind : uint8_t { kTrue, kFalse, kAnd, kOr, kAtom };
  Kind kind = Kind::kTrue;
  Subject subject;  // of an atom
  ValueSet set;
  std::vector<Predicate> children;
};

inline constexpr uint32_t kNoValue = ~uint32_t{0};

struct BoundTreatment {
  uint32_t parameter = 0;
  std::vector<uint32_t> by_leaf;  // index into Bound::values; kNoValue passes through
};
struct BoundBranch {
  Predicate when;
  std::vector<BoundTreatment> treatments;
};
struct BoundExperiment {
  const Experiment* source = nullptr;
  std::vector<uint32_t> unit;  // attributes
  std::vector<Leaf> leaves;
  std::vector<BoundBranch> branches;
};
struct BoundRule {
  Predicate when;
  uint32_t value = 0;
};
struct BoundParameter {
  const Parameter* source = nullptr;
  uint32_t fallback = 0;  // index into Bound::values
  std::vector<BoundRule> rules;
  std::vector<uint32_t> experiments;  // that set it, drafts and ended ones left out
  ValueSet domain;                    // the legal values; of kJson meaningless
};
struct BoundAttribute {
  std::string_view name;
  AttributeType type = AttributeType::kString;
};

// Of attributes alone.
struct BoundImplication {
  const Implication* source = nullptr;
  Predicate premise;
  Predicate conclusion;
};

struct Bound {
  std::vector<BoundAttribute> attributes;  // sorted by name
  std::vector<BoundImplication> implications;
  std::vector<BoundParameter> parameters;
  std::vector<BoundExperiment> experiments;
  std::vector<Value> values;  // unique
};

// The longest chain of parameters that decide over each other.
inline constexpr size_t kMaxParameterDepth = 16;
inline constexpr size_t kMaxUnitAttributes = 8;
inline constexpr size_t kMaxGroups = 1000;

// Checks everything and resolves names. Errors (kProgram) name the object last: unknown or ill-formed names, wrong types, illegal
// values, buckets that overlap or leave a gap, no unit, windows in the wrong order, parameters that depend on each other in a
// circle (named by its members).
Result<Bound> bind(const Configuration& configuration);

std::string_view name_of(const Bound& bound, Subject subject);
// Whether the state holds a region that others may not enter.
inline bool holds_region(State state) { return state == State::kRunning || state == State::kPaused; }

}  // namespace sinan::experiment
