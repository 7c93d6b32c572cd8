// From a condition to a predicate: names become subjects, literals become sets of the subject's type, NOT disappears.
#pragma once

#include <functional>

#include "experiment/bound.h"

namespace sinan::experiment {

struct Names {
  std::function<std::optional<Subject>(std::string_view)> subject;
  std::function<std::optional<AttributeType>(Subject)> type;  // nothing for a JSON parameter
  std::function<const Segment*(std::string_view)> segment;
  std::function<std::vector<std::string>()> known;  // for "did you mean"
};

Result<Predicate> bind_condition(const Condition& condition, const Names& names);

}  // namespace sinan::experiment
