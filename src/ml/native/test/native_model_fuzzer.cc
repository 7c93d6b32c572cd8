// Any bytes as the file of one of Sinan's own models: an error, or a model that scores rows without harm.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "arrow/builder.h"
#include "ml/native/trainer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sinan::ml;
  static const FeaturePlan kPlan({{Transform::Kind::kNumber, "a", "a", {}}, {Transform::Kind::kNumber, "b", "b", {}}},
                                 {{"a", sinan::arrow::double_type(), true}, {"b", sinan::arrow::double_type(), true}});
  const float a[] = {0, 1, -3, std::numeric_limits<float>::quiet_NaN()};
  const float b[] = {1, std::numeric_limits<float>::infinity(), 0.5F, 2};
  const FeatureColumn columns[] = {{a, {}}, {b, {}}};
  MatrixBlock block;
  block.rows = 4;
  block.features = columns;
  for (const Task task : {Task::kRegression, Task::kBinary, Task::kMulticlass, Task::kClustering, Task::kAnomaly}) {
    ModelPackage package;
    package.library = native::kLibrary;
    package.task = task;
    package.plan = kPlan;
    const auto* const bytes = reinterpret_cast<const std::byte*>(data);
    package.native.assign(bytes, bytes + size);
    if (is_classification(task)) {
      package.label.classes = {"no", "yes"};
      if (task == Task::kMulticlass) package.label.classes.emplace_back("perhaps");
    }
    const auto model = native::open(package);
    if (!model) continue;
    std::vector<float> out(block.rows * std::max(model->predictor->prediction_width(), model->predictor->outputs()));
    if (!model->predictor->predict(block, Output::kPrediction, out)) __builtin_trap();
    if (!model->predictor->predict(block, Output::kMargin, out)) __builtin_trap();
    if (model->explainer) {
      std::vector<float> shap(block.rows * model->explainer->outputs() * (block.features.size() + 1));
      if (!model->explainer->explain(block, shap)) __builtin_trap();
    }
    if (model->tables) model->tables();
  }
  return 0;
}
