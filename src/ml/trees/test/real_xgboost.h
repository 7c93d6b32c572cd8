// The real XGBoost, for tests: trains small models and scores with them through the C API, loaded at run time. A failing
// call ends the test program with the library's message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "ml/matrix.h"

namespace sinan::ml {

// A data set in columns, random but the same on every run.
struct Sample {
  size_t rows = 0;
  FeatureSchema schema;
  std::vector<std::vector<float>> values;   // by feature; empty for categorical ones
  std::vector<std::vector<int32_t>> codes;  // by feature; empty for numeric ones
  std::vector<float> label;
  std::vector<FeatureColumn> columns() const;
};

struct SampleOptions {
  size_t rows = 500;
  size_t numeric = 5;
  std::vector<uint32_t> categories;  // one categorical feature each
  double missing = 0.1;
  uint32_t classes = 0;  // labels 0..classes - 1; 0 = positive numbers
  uint64_t seed = 1;
  size_t distinct = 0;  // values a numeric feature takes; 0 = any
};
Sample make_sample(const SampleOptions& options);

class RealXgboost {
 public:
  using Parameters = std::vector<std::pair<std::string, std::string>>;
  RealXgboost(const Sample& sample, const Parameters& parameters, int rounds);
  ~RealXgboost();
  RealXgboost(const RealXgboost&) = delete;
  RealXgboost& operator=(const RealXgboost&) = delete;

  std::vector<std::byte> save(const char* format) const;  // "ubj", "json"
  // type: 0 value, 1 margin, 2 contributions, 4 interactions, 6 leaves; `rounds` 0 = all.
  std::vector<float> predict(const Sample& sample, int type, int rounds = 0) const;
  // get_score() of the Python package, by feature: "weight", "gain", "cover", "total_gain", "total_cover".
  std::vector<float> importance(const char* type, size_t features) const;

 private:
  void* matrix_ = nullptr;
  void* booster_ = nullptr;
};

}  // namespace sinan::ml
