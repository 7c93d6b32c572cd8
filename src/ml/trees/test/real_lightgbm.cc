#include "ml/trees/test/real_lightgbm.h"

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <limits>

#include <fmt/format.h>

namespace sinan::ml {
namespace {

constexpr int kFloat64 = 1;

template <class Function>
Function symbol(const char* name) {
  static void* const library = dlopen(SINAN_LIGHTGBM_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  void* found = library != nullptr ? dlsym(library, name) : nullptr;
  if (found == nullptr) {
    std::fprintf(stderr, "LightGBM cannot be loaded: %s\n", dlerror());
    std::abort();
  }
  return reinterpret_cast<Function>(found);
}

template <class... Arguments>
void call(const char* name, Arguments... arguments) {
  if (symbol<int (*)(Arguments...)>(name)(arguments...) != 0) {
    std::fprintf(stderr, "%s: %s\n", name, symbol<const char* (*)()>("LGBM_GetLastError")());
    std::abort();
  }
}

// Row by row; a missing category is NaN.
std::vector<double> dense(const Sample& sample) {
  const size_t width = sample.schema.size();
  std::vector<double> out(sample.rows * width);
  for (size_t j = 0; j < width; ++j) {
    const bool categorical = sample.schema.features[j].kind == FeatureKind::kCategorical;
    for (size_t i = 0; i < sample.rows; ++i) {
      double value = categorical ? sample.codes[j][i] : static_cast<double>(sample.values[j][i]);
      if (categorical && value < 0) value = std::numeric_limits<double>::quiet_NaN();
      out[i * width + j] = value;
    }
  }
  return out;
}

std::string categories(const FeatureSchema& schema) {
  std::string list;
  for (size_t j = 0; j < schema.size(); ++j) {
    if (schema.features[j].kind == FeatureKind::kCategorical) list += fmt::format("{}{}", list.empty() ? "" : ",", j);
  }
  return list.empty() ? list : " categorical_feature=" + list;
}

}  // namespace

RealLightgbm::RealLightgbm(const Sample& sample, const std::string& parameters, int rounds,
                           std::span<const float> weights, std::span<const int> groups) {
  const std::string all = parameters + categories(sample.schema) + " num_threads=1 verbosity=-1";
  const std::vector<double> rows = dense(sample);
  const auto count = static_cast<int>(sample.rows);
  call<const void*, int, int, int, int, const char*, void*, void**>("LGBM_DatasetCreateFromMat", rows.data(), kFloat64,
                                                                    count, static_cast<int>(sample.schema.size()), 1,
                                                                    all.c_str(), nullptr, &data_);
  const auto set = [&](const char* field, const void* values, size_t size, int type) {
    call<void*, const char*, const void*, int, int>("LGBM_DatasetSetField", data_, field, values,
                                                    static_cast<int>(size), type);
  };
  set("label", sample.label.data(), sample.rows, 0);
  if (!weights.empty()) set("weight", weights.data(), weights.size(), 0);
  if (!groups.empty()) set("group", groups.data(), groups.size(), 2);
  call<void*, const char*, void**>("LGBM_BoosterCreate", data_, all.c_str(), &booster_);
  int finished = 0;
  for (int i = 0; i < rounds; ++i) call<void*, int*>("LGBM_BoosterUpdateOneIter", booster_, &finished);
}

RealLightgbm::RealLightgbm(const std::string& text) {
  int rounds = 0;
  call<const char*, int*, void**>("LGBM_BoosterLoadModelFromString", text.c_str(), &rounds, &booster_);
}

RealLightgbm::~RealLightgbm() {
  call<void*>("LGBM_BoosterFree", booster_);
  if (data_ != nullptr) call<void*>("LGBM_DatasetFree", data_);
}

std::string RealLightgbm::save() const {
  int64_t size = 0;
  std::string out;
  for (int pass = 0; pass < 2; ++pass) {
    out.resize(static_cast<size_t>(size));
    call<void*, int, int, int, int64_t, int64_t*, char*>("LGBM_BoosterSaveModelToString", booster_, 0, -1, 0,
                                                         static_cast<int64_t>(out.size()), &size, out.data());
  }
  out.pop_back();  // its terminating zero
  return out;
}

std::vector<double> RealLightgbm::predict(const Sample& sample, int type, int rounds) const {
  const std::vector<double> rows = dense(sample);
  const auto count = static_cast<int>(sample.rows);
  int64_t size = 0;
  call<void*, int, int, int, int, int64_t*>("LGBM_BoosterCalcNumPredict", booster_, count, type, 0, rounds, &size);
  std::vector<double> out(static_cast<size_t>(size));
  call<void*, const void*, int, int, int, int, int, int, int, const char*, int64_t*, double*>(
      "LGBM_BoosterPredictForMat", booster_, rows.data(), kFloat64, count, static_cast<int>(sample.schema.size()), 1,
      type, 0, rounds, "num_threads=1", &size, out.data());
  return out;
}

std::vector<double> RealLightgbm::importance(int type, size_t features) const {
  std::vector<double> out(features);
  call<void*, int, int, double*>("LGBM_BoosterFeatureImportance", booster_, 0, type, out.data());
  return out;
}

}  // namespace sinan::ml
