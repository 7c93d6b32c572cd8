// The real LightGBM, for tests: trains small models and scores with them through the C API, loaded at run time. A failing
// call ends the test program with the library's message.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "ml/matrix.h"
#include "ml/trees/test/real_xgboost.h"

namespace sinan::ml {

class RealLightgbm {
 public:
  // `parameters` as the library reads them: "objective=binary num_leaves=15". The categorical features are those of the
  // sample. Weights are by row, groups the sizes of ranking groups; empty = none.
  RealLightgbm(const Sample& sample, const std::string& parameters, int rounds, std::span<const float> weights = {},
               std::span<const int> groups = {});
  // The model of a text.
  explicit RealLightgbm(const std::string& text);
  ~RealLightgbm();
  RealLightgbm(const RealLightgbm&) = delete;
  RealLightgbm& operator=(const RealLightgbm&) = delete;

  std::string save() const;
  // type: 0 value, 1 margin, 2 leaves, 3 contributions; `rounds` -1 = all.
  std::vector<double> predict(const Sample& sample, int type, int rounds = -1) const;
  // feature_importance() of the Python package, by feature: 0 splits, 1 gain.
  std::vector<double> importance(int type, size_t features) const;

 private:
  void* data_ = nullptr;
  void* booster_ = nullptr;
};

}  // namespace sinan::ml
