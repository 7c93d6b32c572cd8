#include "lightgbm_peer.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <span>

#include "ml/trees/lightgbm_model.h"

namespace sinan::bench {
namespace {

constexpr int kFloat32 = 0;
constexpr int kRawScore = 1;

template <class... Arguments>
void call(const char* name, Arguments... arguments) {
  static void* const library = dlopen(SINAN_LIGHTGBM_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  void* found = library != nullptr ? dlsym(library, name) : nullptr;
  if (found == nullptr || reinterpret_cast<int (*)(Arguments...)>(found)(arguments...) != 0) {
    fmt::print(stderr, "LightGBM's {} cannot be called\n", name);
    std::exit(1);
  }
}

}  // namespace

LightgbmModel::LightgbmModel(const Rows& rows, size_t learn, int rounds, const std::string& shape) {
  const std::string parameters =
      "objective=binary learning_rate=0.1 min_data_in_leaf=5 num_threads=1 verbosity=-1 " + shape;
  const auto count = static_cast<int32_t>(std::min(learn, rows.count));
  const auto width = static_cast<int32_t>(rows.columns.size());
  void* data = nullptr;
  call<const void*, int, int32_t, int32_t, int, const char*, void*, void**>(
      "LGBM_DatasetCreateFromMat", rows.dense.data(), kFloat32, count, width, 1, parameters.c_str(), nullptr, &data);
  call<void*, const char*, const void*, int, int>("LGBM_DatasetSetField", data, "label", rows.label.data(), count,
                                                  kFloat32);
  call<void*, const char*, void**>("LGBM_BoosterCreate", data, parameters.c_str(), &booster_);
  int is_finished = 0;
  for (int i = 0; i < rounds; ++i) call<void*, int*>("LGBM_BoosterUpdateOneIter", booster_, &is_finished);
  call<void*>("LGBM_DatasetFree", data);
}

LightgbmModel::~LightgbmModel() { call<void*>("LGBM_BoosterFree", booster_); }

std::shared_ptr<const ml::TreeEnsemble> LightgbmModel::ensemble(const Rows& rows) const {
  std::string text;
  int64_t size = 0;
  for (int pass = 0; pass < 2; ++pass) {
    text.resize(static_cast<size_t>(size));
    call<void*, int, int, int, int64_t, int64_t*, char*>("LGBM_BoosterSaveModelToString", booster_, 0, -1, 0,
                                                         static_cast<int64_t>(text.size()), &size, text.data());
  }
  auto read = ml::read_lightgbm(std::as_bytes(std::span(text.data(), text.size() - 1)), rows.schema);
  if (!read.has_value()) {
    fmt::print(stderr, "{}\n", read.error().to_string());
    std::exit(1);
  }
  return *read;
}

const double* LightgbmModel::margins(const Rows& rows) {
  margins_.resize(rows.count);
  int64_t size = 0;
  call<void*, const void*, int, int32_t, int32_t, int, int, int, int, const char*, int64_t*, double*>(
      "LGBM_BoosterPredictForMat", booster_, rows.dense.data(), kFloat32, static_cast<int32_t>(rows.count),
      static_cast<int32_t>(rows.columns.size()), 1, kRawScore, 0, -1, "num_threads=1", &size, margins_.data());
  return margins_.data();
}

}  // namespace sinan::bench
