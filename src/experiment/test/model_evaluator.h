// What the evaluator should answer, written as slowly and plainly as the documentation reads: over the configuration as declared,
// by names, in three-valued logic, with none of the evaluator's code but the hash of a unit.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "experiment/value_set.h"

namespace sinan::experiment {

struct ModelContext {
  std::map<std::string, ContextValue> values;  // the missing are not in it
  int64_t now = 0;
};

class ModelEvaluator {
 public:
  explicit ModelEvaluator(const Configuration& configuration) : configuration_(configuration) {}

  Value value(const std::string& parameter, const ModelContext& context) const;
  // Experiments whose group the value depends on.
  std::set<std::string> exposures(const std::string& parameter, const ModelContext& context) const;
  // True, false or unknown.
  std::optional<bool> holds(const Condition& condition, const ModelContext& context) const;

 private:
  struct Place {
    std::string leaf;
    size_t branch = 0;
  };
  std::optional<Place> place(const Experiment& experiment, const ModelContext& context) const;
  std::optional<bool> atom(const Condition& condition, const ModelContext& context) const;

  const Configuration& configuration_;
  mutable std::map<std::string, std::string> forced_;  // experiment to leaf
};

}  // namespace sinan::experiment
