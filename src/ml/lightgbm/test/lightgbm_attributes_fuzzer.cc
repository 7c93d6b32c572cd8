// Any text behind WITH: an error with a place, or values that the library's parameters can be made of.
#include <cstddef>
#include <cstdint>
#include <string>

#include "ml/feature_constraints.h"
#include "ml/lightgbm/attributes.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sinan;
  using namespace sinan::ml;
  const std::string program =
      "TO TRAIN m WITH " + std::string(reinterpret_cast<const char*>(data), size) + " LABEL y INTO z";
  const auto clause = sql::parse_clause(program, {0, static_cast<uint32_t>(program.size())});
  if (!clause || !std::holds_alternative<sql::Train>(clause->body)) return 0;
  const auto& given = std::get<sql::Train>(clause->body).attributes;
  static const FeatureSchema kSchema{{{"a", "a"}, {"b", "b"}, {"k", "k", FeatureKind::kCategorical, 4}}};
  for (const lightgbm::Estimator& estimator : lightgbm::estimators()) {
    const auto values = check_attributes(given, lightgbm::attributes_of(estimator), estimator.name);
    if (!values) {
      if (!values.error().span || values.error().span->end > program.size()) __builtin_trap();
      continue;
    }
    values->to_json();
    if (!lightgbm::check_values(estimator, *values)) continue;
    for (const Task task : {Task::kRegression, Task::kBinary, Task::kMulticlass, Task::kRanking}) {
      const std::string objective = lightgbm::objective_for(*values, task);
      lightgbm::parameters(estimator, *values, objective, 3);
      lightgbm::warnings(*values, objective);
    }
    const auto signs = monotone_signs(*values, kSchema);
    const auto groups = interaction_groups(*values, kSchema);
    if ((!signs && !signs.error().span) || (!groups && !groups.error().span)) __builtin_trap();
  }
  return 0;
}
