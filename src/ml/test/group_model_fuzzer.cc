// Any bytes as the file of a model of groups: an error, or a model that scores rows without harm.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "arrow/builder.h"
#include "ml/group_model.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sinan::ml;
  static const FeaturePlan kPlan =
      FeaturePlan({{Transform::Kind::kNumber, "a", "a", {}}}, {{"a", sinan::arrow::double_type(), true}})
          .with_groups({{"g"}, {{"x"}, {"y"}}}, {{"g", sinan::arrow::string_type(), true}});
  ModelPackage package;
  package.library = kGroupLibrary;
  package.plan = kPlan;
  const auto* const bytes = reinterpret_cast<const std::byte*>(data);
  package.native.assign(bytes, bytes + size);
  for (const Task task : {Task::kRegression, Task::kBinary}) {
    package.task = task;
    if (task == Task::kBinary) package.label.classes = {"no", "yes"};
    const auto model = open_group_model(package);
    if (!model) continue;
    std::vector<float> a(4);
    std::vector<int32_t> groups = {0, 1, 1, 0};
    const FeatureColumn columns[] = {{a, {}}, {{}, groups}};
    MatrixBlock block;
    block.rows = a.size();
    block.features = columns;
    std::vector<float> out(block.rows * std::max(model->predictor->prediction_width(), model->predictor->outputs()));
    if (!model->predictor->predict(block, Output::kPrediction, out)) __builtin_trap();
  }
  return 0;
}
