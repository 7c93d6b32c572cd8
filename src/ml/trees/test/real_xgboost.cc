#include "ml/trees/test/real_xgboost.h"

#include <dlfcn.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include <fmt/format.h>

#include "base/random.h"

namespace sinan::ml {
namespace {

template <class Function>
Function symbol(const char* name) {
  static void* const library = dlopen(SINAN_XGBOOST_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  void* found = library != nullptr ? dlsym(library, name) : nullptr;
  if (found == nullptr) {
    std::fprintf(stderr, "XGBoost cannot be loaded: %s\n", dlerror());
    std::abort();
  }
  return reinterpret_cast<Function>(found);
}

template <class... Arguments>
void call(const char* name, Arguments... arguments) {
  if (symbol<int (*)(Arguments...)>(name)(arguments...) != 0) {
    std::fprintf(stderr, "%s: %s\n", name, symbol<const char* (*)()>("XGBGetLastError")());
    std::abort();
  }
}

void* make_matrix(const Sample& sample) {
  const size_t width = sample.schema.size();
  std::vector<float> dense(sample.rows * width);
  std::vector<const char*> types;
  for (size_t j = 0; j < width; ++j) {
    const bool categorical = sample.schema.features[j].kind == FeatureKind::kCategorical;
    types.push_back(categorical ? "c" : "q");
    for (size_t i = 0; i < sample.rows; ++i) {
      const float code = categorical && sample.codes[j][i] >= 0 ? static_cast<float>(sample.codes[j][i])
                                                                : std::numeric_limits<float>::quiet_NaN();
      dense[i * width + j] = categorical ? code : sample.values[j][i];
    }
  }
  void* matrix = nullptr;
  call<const float*, uint64_t, uint64_t, float, void**>("XGDMatrixCreateFromMat", dense.data(), sample.rows, width,
                                                        std::numeric_limits<float>::quiet_NaN(), &matrix);
  call<void*, const char*, const char**, uint64_t>("XGDMatrixSetStrFeatureInfo", matrix, "feature_type", types.data(),
                                                   width);
  call<void*, const char*, const float*, uint64_t>("XGDMatrixSetFloatInfo", matrix, "label", sample.label.data(),
                                                   sample.rows);
  return matrix;
}

}  // namespace

std::vector<FeatureColumn> Sample::columns() const {
  std::vector<FeatureColumn> out;
  for (size_t j = 0; j < schema.size(); ++j) out.push_back({values[j], codes[j]});
  return out;
}

Sample make_sample(const SampleOptions& options) {
  Random random(options.seed);
  Sample out;
  out.rows = options.rows;
  std::vector<double> score(options.rows);
  for (size_t j = 0; j < options.numeric + options.categories.size(); ++j) {
    const bool categorical = j >= options.numeric;
    const uint32_t categories = categorical ? options.categories[j - options.numeric] : 0;
    out.schema.features.push_back({fmt::format("f{}", j), fmt::format("f{}", j),
                                   categorical ? FeatureKind::kCategorical : FeatureKind::kNumeric, categories});
    out.values.emplace_back();
    out.codes.emplace_back();
    for (size_t i = 0; i < options.rows; ++i) {
      const bool missing = random.uniform() < options.missing;
      if (categorical) {
        const auto code = static_cast<int32_t>(random.below(categories));
        out.codes[j].push_back(missing ? -1 : code);
        if (!missing) score[i] += std::sin(code * 7.0);
      } else {
        double value = random.uniform() * 4 - 2;
        if (options.distinct != 0) value = std::round(value * static_cast<double>(options.distinct) / 4);
        out.values[j].push_back(missing ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(value));
        if (!missing) score[i] += value * (j % 2 == 0 ? 1 : -value);
      }
    }
  }
  for (const double s : score) {
    const double noisy = s + random.uniform();
    if (options.classes != 0) {
      const double shifted = std::floor((noisy + 1000) * 1.5);
      out.label.push_back(static_cast<float>(std::fmod(shifted, options.classes)));
    } else {
      out.label.push_back(static_cast<float>(std::abs(noisy) + 0.1));
    }
  }
  return out;
}

RealXgboost::RealXgboost(const Sample& sample, const Parameters& parameters, int rounds)
    : matrix_(make_matrix(sample)) {
  void* matrices[] = {matrix_};
  call<void**, uint64_t, void**>("XGBoosterCreate", matrices, 1, &booster_);
  for (const auto& [name, value] : parameters)
    call<void*, const char*, const char*>("XGBoosterSetParam", booster_, name.c_str(), value.c_str());
  call<void*, const char*, const char*>("XGBoosterSetParam", booster_, "nthread", "1");
  call<void*, const char*, const char*>("XGBoosterSetParam", booster_, "verbosity", "0");
  for (int i = 0; i < rounds; ++i) call<void*, int, void*>("XGBoosterUpdateOneIter", booster_, i, matrix_);
}

RealXgboost::~RealXgboost() {
  call<void*>("XGBoosterFree", booster_);
  call<void*>("XGDMatrixFree", matrix_);
}

std::vector<std::byte> RealXgboost::save(const char* format) const {
  const std::string config = fmt::format(R"({{"format": "{}"}})", format);
  uint64_t size = 0;
  const char* data = nullptr;
  call<void*, const char*, uint64_t*, const char**>("XGBoosterSaveModelToBuffer", booster_, config.c_str(), &size,
                                                    &data);
  const auto* bytes = reinterpret_cast<const std::byte*>(data);
  return {bytes, bytes + size};
}

std::vector<float> RealXgboost::predict(const Sample& sample, int type, int rounds) const {
  void* matrix = make_matrix(sample);
  const std::string config = fmt::format(
      R"({{"type": {}, "training": false, "iteration_begin": 0, "iteration_end": {}, "strict_shape": true}})", type,
      rounds);
  const uint64_t* shape = nullptr;
  uint64_t dimensions = 0;
  const float* result = nullptr;
  call<void*, void*, const char*, const uint64_t**, uint64_t*, const float**>(
      "XGBoosterPredictFromDMatrix", booster_, matrix, config.c_str(), &shape, &dimensions, &result);
  uint64_t size = 1;
  for (uint64_t i = 0; i < dimensions; ++i) size *= shape[i];
  std::vector<float> out(result, result + size);
  call<void*>("XGDMatrixFree", matrix);
  return out;
}

std::vector<float> RealXgboost::importance(const char* type, size_t features) const {
  const std::string config = fmt::format(R"({{"importance_type": "{}"}})", type);
  uint64_t names = 0;
  const char** name = nullptr;
  uint64_t dimensions = 0;
  const uint64_t* shape = nullptr;
  const float* score = nullptr;
  call<void*, const char*, uint64_t*, const char***, uint64_t*, const uint64_t**, const float**>(
      "XGBoosterFeatureScore", booster_, config.c_str(), &names, &name, &dimensions, &shape, &score);
  std::vector<float> out(features);
  for (uint64_t i = 0; i < names; ++i) out.at(std::stoul(name[i] + 1)) = score[i];
  return out;
}

}  // namespace sinan::ml
