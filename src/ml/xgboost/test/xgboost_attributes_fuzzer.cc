// Any text behind WITH: an error with a place, or values that the library's parameters can be made of.
#include <cstddef>
#include <cstdint>
#include <string>

#include "ml/xgboost/attributes.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sinan;
  using namespace sinan::ml;
  const std::string program =
      "TO TRAIN m WITH " + std::string(reinterpret_cast<const char*>(data), size) + " LABEL y INTO z";
  const auto clause = sql::parse_clause(program, {0, static_cast<uint32_t>(program.size())});
  if (!clause || !std::holds_alternative<sql::Train>(clause->body)) return 0;
  const auto& given = std::get<sql::Train>(clause->body).attributes;
  static const FeatureSchema kSchema{{{"a", "a"}, {"b", "b"}, {"k", "k", FeatureKind::kCategorical, 4}}};
  for (const xgboost::Estimator& estimator : xgboost::estimators()) {
    const auto values = check_attributes(given, xgboost::attributes_of(estimator), estimator.name);
    if (!values) {
      if (!values.error().span || values.error().span->end > program.size()) __builtin_trap();
      continue;
    }
    values->to_json();
    if (!xgboost::check_values(estimator, *values)) continue;
    for (const Task task : {Task::kRegression, Task::kBinary, Task::kMulticlass, Task::kRanking}) {
      const std::string objective = xgboost::objective_for(estimator, *values, task);
      const auto parameters = xgboost::parameters(estimator, *values, objective, 3, kSchema);
      if (!parameters && !parameters.error().span) __builtin_trap();
      xgboost::warnings(estimator, *values, objective);
    }
  }
  return 0;
}
