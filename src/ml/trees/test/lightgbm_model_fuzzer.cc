// Any bytes as a model file: refused, or trees that score and explain rows without leaving their arrays.
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "ml/trees/double_sum.h"
#include "ml/trees/explainer.h"
#include "ml/trees/lightgbm_model.h"
#include "ml/trees/predictor.h"
#include "ml/trees/zero_missing.h"

namespace sinan::ml {
namespace {

constexpr size_t kRows = 70;

void score(const std::shared_ptr<const TreeEnsemble>& ensemble) {
  std::vector<float> a(kRows), b(kRows);
  std::vector<int32_t> c(kRows);
  for (size_t i = 0; i < kRows; ++i) {
    a[i] = static_cast<float>(i) / 20 - 2;
    b[i] = i % 5 == 0 ? std::numeric_limits<float>::quiet_NaN() : 1 - static_cast<float>(i) / 30;
    c[i] = static_cast<int32_t>(i % 8) - 1;
  }
  const FeatureColumn columns[] = {{.values = a, .codes = {}}, {.values = b, .codes = {}}, {.values = {}, .codes = c}};
  const MatrixBlock block{.rows = kRows, .features = columns};
  const auto walked = with_zero_missing(make_double_sum_predictor(ensemble, Kernel::kWalk), ensemble);
  const auto best = with_zero_missing(make_double_sum_predictor(ensemble), ensemble);
  std::vector<float> expected(kRows * best->outputs()), actual(expected.size());
  (void)walked->predict(block, Output::kMargin, expected);
  (void)best->predict(block, Output::kMargin, actual);
  for (size_t i = 0; i < actual.size(); ++i) {
    const bool both_nan = expected[i] != expected[i] && actual[i] != actual[i];
    if (actual[i] != expected[i] && !both_nan) __builtin_trap();
  }
  (void)best->predict(block, Output::kPrediction, actual);
  std::vector<float> contributions(kRows * best->outputs() * 4);
  (void)with_zero_missing(make_explainer(ensemble), ensemble)->explain(block, contributions);
}

}  // namespace
}  // namespace sinan::ml

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sinan::ml;
  const FeatureSchema schema{{{"a", "a"}, {"b", "b"}, {"c", "c", FeatureKind::kCategorical, 7}}};
  const auto ensemble = read_lightgbm(std::as_bytes(std::span(data, size)), schema);
  if (ensemble.has_value()) score(*ensemble);
  return 0;
}
