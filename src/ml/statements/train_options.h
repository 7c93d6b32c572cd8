// What every TRAIN may say behind WITH, whatever its estimator: tune.* (the search for attribute values) and
// validation.folds (cross-validation); and attributes whose value is to be found, range(), log_range(), choice().
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "flow/statement_kind.h"
#include "ml/attributes.h"
#include "ml/training.h"
#include "sql/clause.h"

namespace sinan::ml {

std::span<const AttributeSpec> train_option_specs();

// The attributes of a clause by who reads them.
struct TrainAttributes {
  std::vector<sql::Attribute> options;   // of train_option_specs(), and misspelt ones with their prefix
  std::vector<sql::Attribute> searched;  // their value is to be found
  std::vector<sql::Attribute> fixed;     // the estimator's
};
TrainAttributes sort_attributes(const std::vector<sql::Attribute>& attributes);

// Whether folds or trials will hold rows out, whatever validation.* says.
bool will_hold_out(const TrainAttributes& given);

// Reads options and searches into the request, whose trainer and fixed attributes are known; `specs` are the estimator's.
// Errors (kArgument): those of check_attributes() and SearchSpace; a search of an attribute that cannot be searched, because it
// decides what is learnt or which rows are seen; tune.* without a search; folds given twice, or together with validation rows;
// a metric that does not exist; no label.
Status take_options(TrainRequest& request, const TrainAttributes& given, std::span<const AttributeSpec> specs);

// `TO TRAIN auto`: the estimators to try, from all trainers; no trainer and no attributes of its own.
inline constexpr std::string_view kAutoEstimator = "auto";
std::span<const AttributeSpec> auto_specs();
Status take_auto_candidates(TrainRequest& request, const Trainers& trainers);

}  // namespace sinan::ml
