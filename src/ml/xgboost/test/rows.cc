#include "ml/xgboost/test/rows.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/random.h"

namespace sinan::ml::xgboost {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

template <class... Arguments>
void call(const char* name, Arguments... arguments) {
  static void* const library = dlopen(SINAN_XGBOOST_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  void* found = library == nullptr ? nullptr : dlsym(library, name);
  ASSERT_NE(found, nullptr) << name;
  auto* const words = reinterpret_cast<const char* (*)()>(dlsym(library, "XGBGetLastError"));
  ASSERT_EQ(reinterpret_cast<int (*)(Arguments...)>(found)(arguments...), 0) << name << ": " << words();
}

void set_floats(void* matrix, const char* field, const std::vector<float>& values) {
  if (values.empty()) return;
  call<void*, const char*, const float*, uint64_t>("XGDMatrixSetFloatInfo", matrix, field, values.data(),
                                                   values.size());
}

}  // namespace

MatrixBlock Rows::block(size_t begin, size_t count) {
  const auto part = [&](const auto& all) {
    return all.empty() ? std::span(all) : std::span(all).subspan(begin, count);
  };
  columns_.clear();
  for (size_t f = 0; f < features.size(); ++f) columns_.push_back({part(values[f]), part(codes[f])});
  MatrixBlock out;
  out.rows = count;
  out.features = columns_;
  out.label = part(label);
  out.weight = part(weight);
  out.group = part(group);
  out.label_upper = part(label_upper);
  return out;
}

Result<std::optional<MatrixBlock>> Rows::next() {
  if (begin_ == rows()) return std::nullopt;
  size_t end = std::min(begin_ + block_rows, rows());
  while (!group.empty() && end < rows() && group[end] == group[end - 1]) ++end;
  const size_t begin = std::exchange(begin_, end);
  return block(begin, end - begin);
}

Status Rows::rewind() {
  begin_ = 0;
  return {};
}

MatrixBlock Rows::all() { return block(0, rows()); }

Rows make_rows(size_t count, uint32_t categories, size_t classes, uint64_t seed) {
  Random random(seed);
  Rows out;
  out.features.features = {{"a", "a"}, {"b c", "b"}, {"d", "d"}};
  if (categories > 0) out.features.features.push_back({"k", "k", FeatureKind::kCategorical, categories});
  out.values.resize(out.features.size());
  out.codes.resize(out.features.size());
  for (size_t i = 0; i < count; ++i) {
    const double a = std::floor(random.uniform() * 200) / 50 - 2;
    const double b = std::floor(random.uniform() * 9) - 3;
    const double d = std::floor(random.uniform() * 100) / 25;
    const bool has_a = random.uniform() > 0.1;
    const auto k = static_cast<int32_t>(categories == 0 ? 0 : random.below(categories));
    const bool has_k = categories > 0 && random.uniform() > 0.1;
    out.values[0].push_back(has_a ? static_cast<float>(a) : kNaN);
    out.values[1].push_back(static_cast<float>(b));
    out.values[2].push_back(static_cast<float>(d));
    if (categories > 0) out.codes[3].push_back(has_k ? k : -1);
    const double score = (has_a ? a : 1) + b / 3 + d * d / 8 + (has_k ? std::sin(k * 7.0) : 0) + random.uniform() / 2;
    out.label.push_back(classes == 0 ? static_cast<float>(std::abs(score) + 0.1)
                                     : static_cast<float>(std::fmod(std::floor((score + 100) * 1.5), classes)));
  }
  return out;
}

Reference::Reference(const Rows& rows, const Parameters& parameters, int rounds) {
  const size_t width = rows.features.size();
  std::vector<float> dense(rows.rows() * width);
  std::vector<const char*> types;
  for (size_t f = 0; f < width; ++f) {
    const bool is_code = !rows.codes[f].empty();
    types.push_back(is_code ? "c" : "float");
    for (size_t i = 0; i < rows.rows(); ++i) {
      const int32_t code = is_code ? rows.codes[f][i] : 0;
      dense[i * width + f] = !is_code ? rows.values[f][i] : code < 0 ? kNaN : static_cast<float>(code);
    }
  }
  call<const float*, uint64_t, uint64_t, float, void**>("XGDMatrixCreateFromMat", dense.data(), rows.rows(), width,
                                                        kNaN, &matrix_);
  call<void*, const char*, const char**, uint64_t>("XGDMatrixSetStrFeatureInfo", matrix_, "feature_type", types.data(),
                                                   width);
  set_floats(matrix_, "label", rows.label);
  if (!rows.label_upper.empty()) set_floats(matrix_, "label_lower_bound", rows.label);
  set_floats(matrix_, "label_upper_bound", rows.label_upper);
  std::vector<uint32_t> sizes;
  std::vector<float> group_weights;
  for (size_t i = 0; i < rows.group.size(); ++i) {
    if (i == 0 || rows.group[i] != rows.group[i - 1]) {
      sizes.push_back(0);
      if (!rows.weight.empty()) group_weights.push_back(rows.weight[i]);
    }
    ++sizes.back();
  }
  if (!sizes.empty()) {
    call<void*, const char*, const unsigned*, uint64_t>("XGDMatrixSetUIntInfo", matrix_, "group", sizes.data(),
                                                        sizes.size());
  }
  set_floats(matrix_, "weight", rows.group.empty() ? rows.weight : group_weights);
  call<void**, uint64_t, void**>("XGBoosterCreate", &matrix_, 1, &booster_);
  for (const auto& [name, value] : parameters)
    call<void*, const char*, const char*>("XGBoosterSetParam", booster_, name.c_str(), value.c_str());
  for (int i = 0; i < rounds; ++i) call<void*, int, void*>("XGBoosterUpdateOneIter", booster_, i, matrix_);
}

Reference::~Reference() {
  call<void*>("XGBoosterFree", booster_);
  call<void*>("XGDMatrixFree", matrix_);
}

std::vector<float> Reference::predict(int type) const {
  const std::string config = fmt::format(
      R"({{"type": {}, "training": false, "iteration_begin": 0, "iteration_end": 0, "strict_shape": true}})", type);
  const uint64_t* shape = nullptr;
  uint64_t dimensions = 0;
  const float* result = nullptr;
  call<void*, void*, const char*, const uint64_t**, uint64_t*, const float**>(
      "XGBoosterPredictFromDMatrix", booster_, matrix_, config.c_str(), &shape, &dimensions, &result);
  uint64_t size = 1;
  for (uint64_t i = 0; i < dimensions; ++i) size *= shape[i];
  return {result, result + size};
}

std::string Reference::evaluate(int round) const {
  void* matrices[] = {matrix_};
  const char* names[] = {"train"};
  const char* line = nullptr;
  call<void*, int, void**, const char**, uint64_t, const char**>("XGBoosterEvalOneIter", booster_, round, matrices,
                                                                 names, 1, &line);
  return line;
}

}  // namespace sinan::ml::xgboost
