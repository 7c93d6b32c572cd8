// What an importer fills: for each flag a list of steps in the platform's order, of which the first that gives a value counts.
//
// A flag without draws becomes a parameter with rules. One draw becomes an experiment on the parameter itself, whose first branches
// leave it to the rules that stand before the draw. Of several draws each becomes an experiment on a text parameter of its own,
// `flag.split1`, and rules of the flag say what its groups mean: so no two experiments ever set the same parameter, and the order is
// the platform's. A gate is a draw that only lets units in: a boolean parameter `flag.gate1`.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "experiment/importers/element.h"
#include "experiment/importers/import.h"
#include "experiment/importers/logic.h"

namespace sinan::experiment {

// What gives a unit its bucket.
struct Draw {
  std::string unit;
  HashScheme scheme = HashScheme::kSinan;
  uint32_t buckets = 1;
  std::string salt;
  friend auto operator<=>(const Draw&, const Draw&) = default;
};

// Buckets of one outcome, both ends included; without a value the step passes on.
struct Slot {
  uint32_t first = 0;
  uint32_t last = 0;
  std::string group;
  std::optional<Value> value;
};

// Buckets of equal `outcome` as slots; outcome -1 passes. `name_and_value` is asked once for each other one.
std::vector<Slot> slots_of(uint32_t buckets, const std::function<int(uint32_t)>& outcome,
                           const std::function<std::pair<std::string, Value>(int)>& name_and_value);

struct Step {
  std::string label;  // names the experiment
  Condition when;
  std::optional<Draw> draw;  // without one, everybody gets `value`
  std::vector<Slot> slots;
  Value value;
  std::vector<Window> schedule;  // of a draw
};

struct Flag {
  Parameter parameter;  // its rules come from the steps
  std::vector<Step> steps;
};

class Target {
 public:
  Target(const ImportOptions& options, const Configuration& before) : options_(options), before_(before) {
    for (const std::string& name : options.lists) imported_.attributes.emplace(name, AttributeType::kList);
  }

  const ImportOptions& options() const { return options_; }

  // The parameter of a flag, which conditions may name from now on.
  Result<std::string> expect_flag(std::string_view key, const Element& where);
  bool is_flag(std::string_view key) const { return subjects_.contains(options_.prefix + std::string(key)); }
  bool is_parameter(std::string_view name) const { return subjects_.contains(name); }

  // The attribute has the type; kUnsupported when it is used as another one elsewhere.
  Status use(const std::string& attribute, AttributeType type, const Element& where);
  Status use_unit(const std::string& attribute, const Element& where);
  // As far as it is known: of an earlier use or of the configuration before.
  std::optional<AttributeType> type_of_attribute(std::string_view name) const;

  // Holds for a parameter never.
  Condition missing(const std::string& subject) const;
  // Holds exactly where the condition does not.
  Condition complement(const Condition& condition) const;
  // JavaScript's comparison with a number: what is missing counts as 0.
  Condition compare_number(const std::string& subject, Condition::Kind kind, double value) const;
  // JavaScript's `<` and its like with a number or a text.
  Result<Condition> compare_order(const std::string& subject, Condition::Kind kind, const Element& value);

  // A boolean parameter that holds for units in any of the ranges [first, last].
  Result<Condition> gate(std::string_view flag, Draw draw, std::vector<std::pair<uint32_t, uint32_t>> ranges,
                         const Element& where);
  Status add(Flag flag, const Element& where);
  // Against documents that grow without end where parts of them are used again. One for each part of a condition.
  Status spend(const Element& where);
  void note(std::string sentence) { imported_.notes.push_back(std::move(sentence)); }

  // The value as one of the type; kUnsupported when it is none.
  static Result<Value> value_as(ValueType type, const Element& element);
  // The narrowest type that all of the values have; JSON when they differ.
  static ValueType type_of_values(const std::vector<const Json*>& values);
  // What the options say of the flag's default. Nothing when they say nothing.
  Result<std::optional<Value>> default_from_options(std::string_view key, ValueType type) const;

  Imported finish() &&;

 private:
  Result<Experiment> experiment_of(std::string name, const Draw& draw, const std::vector<Slot>& slots,
                                   const Element& where);
  Status add_direct(Flag flag, const Element& where);
  Status add_splits(Flag flag, const Element& where);
  Status add_parameter(Parameter parameter, const Element& where);
  std::string unused_experiment_name(std::string_view flag, std::string_view label) const;

  const ImportOptions& options_;
  const Configuration& before_;
  Imported imported_;
  size_t spent_ = 0;
  std::set<std::string, std::less<>> subjects_;   // names of parameters
  std::set<std::string, std::less<>> mentioned_;  // what is asked for being there, of whatever type
  std::set<std::string, std::less<>> experiments_;
  std::map<std::pair<Draw, std::vector<std::pair<uint32_t, uint32_t>>>, std::string> gates_;
};

// Letters, digits, `_`, `.` and `-`, beginning with a letter, no reserved word: what groups and experiments are called.
std::string usable_name(std::string_view text);

}  // namespace sinan::experiment
