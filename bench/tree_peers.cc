#include "tree_peers.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <span>

#include "base/random.h"
#include "ml/trees/xgboost_model.h"

namespace sinan::bench {
namespace {

constexpr size_t kColumns = 28;

template <class Function>
Function symbol(const char* name) {
  static void* const library = dlopen(SINAN_XGBOOST_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  void* found = library != nullptr ? dlsym(library, name) : nullptr;
  if (found == nullptr) {
    fmt::print(stderr, "XGBoost cannot be loaded: {}\n", dlerror());
    std::exit(1);
  }
  return reinterpret_cast<Function>(found);
}

template <class... Arguments>
void call(const char* name, Arguments... arguments) {
  if (symbol<int (*)(Arguments...)>(name)(arguments...) != 0) {
    fmt::print(stderr, "{}: {}\n", name, symbol<const char* (*)()>("XGBGetLastError")());
    std::exit(1);
  }
}

void* make_matrix(const Rows& rows, size_t count) {
  void* matrix = nullptr;
  call<const float*, uint64_t, uint64_t, float, void**>("XGDMatrixCreateFromMat", rows.dense.data(), count, kColumns,
                                                        std::numeric_limits<float>::quiet_NaN(), &matrix);
  call<void*, const char*, const float*, uint64_t>("XGDMatrixSetFloatInfo", matrix, "label", rows.label.data(), count);
  return matrix;
}

}  // namespace

Rows::Rows(size_t rows) : count(rows), dense(rows * kColumns), columns(kColumns), label(rows) {
  Random random(1);
  for (size_t j = 0; j < kColumns; ++j) {
    columns[j].resize(rows);
    schema.features.push_back({fmt::format("f{}", j), fmt::format("f{}", j)});
  }
  for (size_t i = 0; i < rows; ++i) {
    float* f = &dense[i * kColumns];
    for (size_t j = 0; j < kColumns; ++j) {
      const double uniform = random.uniform();
      const double bell = uniform + random.uniform() + random.uniform() - 1.5;
      const double value = j % 3 == 0 ? uniform : j % 3 == 1 ? bell : -std::log(1 - uniform * 0.999999);
      columns[j][i] = f[j] = static_cast<float>(value);
    }
    const float score = 3 * f[0] + f[1] - f[2] + 2 * f[3] * f[4] - f[6] * f[7] + std::sin(f[9]) + f[10] - 1.5f;
    label[i] = random.uniform() < 1 / (1 + std::exp(-static_cast<double>(score))) ? 1.0f : 0.0f;
  }
}

std::vector<ml::FeatureColumn> Rows::features() const {
  std::vector<ml::FeatureColumn> out;
  for (const std::vector<float>& column : columns) out.push_back({.values = column, .codes = {}});
  return out;
}

XgboostModel::XgboostModel(const Rows& rows, size_t learn, int rounds, int depth) {
  void* matrix = make_matrix(rows, std::min(learn, rows.count));
  call<void**, uint64_t, void**>("XGBoosterCreate", &matrix, 1, &booster_);
  const std::string max_depth = std::to_string(depth);
  const std::pair<const char*, const char*> parameters[] = {
      {"objective", "binary:logistic"}, {"tree_method", "hist"},          {"max_bin", "256"}, {"eta", "0.1"},
      {"min_child_weight", "0.1"},      {"max_depth", max_depth.c_str()}, {"nthread", "1"},   {"verbosity", "0"}};
  for (const auto& [name, value] : parameters)
    call<void*, const char*, const char*>("XGBoosterSetParam", booster_, name, value);
  for (int i = 0; i < rounds; ++i) call<void*, int, void*>("XGBoosterUpdateOneIter", booster_, i, matrix);
  call<void*>("XGDMatrixFree", matrix);
}

XgboostModel::~XgboostModel() {
  call<void*>("XGBoosterFree", booster_);
  if (explained_ != nullptr) call<void*>("XGDMatrixFree", explained_);
}

std::shared_ptr<const ml::TreeEnsemble> XgboostModel::ensemble(uint32_t rounds) const {
  uint64_t size = 0;
  const char* data = nullptr;
  call<void*, const char*, uint64_t*, const char**>("XGBoosterSaveModelToBuffer", booster_, R"({"format": "ubj"})",
                                                    &size, &data);
  ml::FeatureSchema schema;
  for (size_t j = 0; j < kColumns; ++j) schema.features.push_back({fmt::format("f{}", j), fmt::format("f{}", j)});
  auto read = ml::read_xgboost(std::as_bytes(std::span(data, size)), schema, rounds);
  if (!read.has_value()) {
    fmt::print(stderr, "{}\n", read.error().to_string());
    std::exit(1);
  }
  return *read;
}

const float* XgboostModel::margins(const Rows& rows, int rounds) const {
  const std::string array = fmt::format(R"({{"data":[{},true],"shape":[{},{}],"typestr":"<f4","version":3}})",
                                        reinterpret_cast<uintptr_t>(rows.dense.data()), rows.count, kColumns);
  const std::string config = fmt::format(
      R"({{"type":1,"training":false,"iteration_begin":0,"iteration_end":{},"strict_shape":false,"cache_id":0,"missing":NaN}})",
      rounds);
  const uint64_t* shape = nullptr;
  uint64_t dimensions = 0;
  const float* result = nullptr;
  call<void*, const char*, const char*, void*, const uint64_t**, uint64_t*, const float**>(
      "XGBoosterPredictFromDense", booster_, array.c_str(), config.c_str(), nullptr, &shape, &dimensions, &result);
  return result;
}

void XgboostModel::set_explained(const Rows& rows) {
  if (explained_ != nullptr) call<void*>("XGDMatrixFree", explained_);
  explained_ = make_matrix(rows, rows.count);
}

const float* XgboostModel::explain(What what) const {
  const std::string config =
      fmt::format(R"({{"type":{},"training":false,"iteration_begin":0,"iteration_end":0,"strict_shape":true}})",
                  static_cast<int>(what));
  const uint64_t* shape = nullptr;
  uint64_t dimensions = 0;
  const float* result = nullptr;
  call<void*, void*, const char*, const uint64_t**, uint64_t*, const float**>(
      "XGBoosterPredictFromDMatrix", booster_, explained_, config.c_str(), &shape, &dimensions, &result);
  return result;
}

double processor_seconds(const std::function<void()>& work) {
  const auto now = [] {
    timespec at{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return static_cast<double>(at.tv_sec) + 1e-9 * static_cast<double>(at.tv_nsec);
  };
  const double begin = now();
  work();
  return now() - begin;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

}  // namespace sinan::bench
