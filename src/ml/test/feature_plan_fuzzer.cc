// Any bytes as a feature plan: an error, or a plan that is written and read again as it is, and that encodes rows.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "arrow/builder.h"
#include "ml/feature_plan.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sinan;
  const auto json = Json::parse({reinterpret_cast<const char*>(data), size});
  if (!json) return 0;
  const auto plan = ml::FeaturePlan::from_json(*json);
  if (!plan) return 0;
  const auto again = ml::FeaturePlan::from_json(plan->to_json());
  if (!again || again->schema() != plan->schema()) __builtin_trap();
  for (const arrow::Field& field : plan->inputs()) {
    const bool can_build = field.type.id == arrow::TypeId::kString || field.type.id == arrow::TypeId::kInt64 ||
                           field.type.id == arrow::TypeId::kDouble;
    if (!can_build) return 0;
  }
  if (plan->schema().size() > 4096 || plan->inputs().empty()) return 0;
  arrow::BatchBuilder rows(plan->inputs());
  for (const char* const text : {"1,2,3", "0:1.5 2:3", "word and word", "", "7"}) {
    for (size_t c = 0; c < plan->inputs().size(); ++c) {
      if (plan->inputs()[c].type.id == arrow::TypeId::kString) {
        rows.column(c).append(text);
      } else {
        rows.column(c).append(int64_t{3});
      }
    }
  }
  const arrow::Batch batch = rows.finish();
  ml::FeatureEncoder encoder(*plan, plan->bind(batch.schema()).value());
  const auto block = encoder.encode(batch);
  if (block && block->features.size() != plan->schema().size()) __builtin_trap();
  return 0;
}
