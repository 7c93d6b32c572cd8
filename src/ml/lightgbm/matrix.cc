#include "ml/lightgbm/matrix.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <set>
#include <vector>

#include "base/check.h"
#include "ml/sparse_rows.h"

namespace sinan::ml::lightgbm {
namespace {

// Numbers this close to zero are zero to the library, which wants a sample without zeros.
constexpr double kZero = 1e-35F;
constexpr size_t kMostRowsAtOnce = 65536;
constexpr size_t kMostValuesAtOnce = size_t{8} << 20;

float value_at(const FeatureColumn& column, size_t row) {
  if (column.codes.empty()) return column.values[row];
  const int32_t code = column.codes[row];
  return code < 0 ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(code);
}

// The sampled rows, by column and without zeros.
struct Sample {
  std::vector<std::vector<double>> values;
  std::vector<std::vector<int>> rows;

  void add_sparse(const MatrixBlock& block, size_t row, int sampled_row, CompressedRows& one) {
    one.fill(block, row, 1, CompressedRows::LeaveOut::kZero);
    for (size_t i = 0; i < one.features().size(); ++i) {
      const auto value = static_cast<double>(one.values()[i]);
      if (std::abs(value) <= kZero) continue;
      values[one.features()[i]].push_back(value);
      rows[one.features()[i]].push_back(sampled_row);
    }
  }

  void add(const MatrixBlock& block, size_t row, int sampled_row) {
    for (size_t f = 0; f < values.size(); ++f) {
      const auto value = static_cast<double>(value_at(block.features[f], row));
      if (std::abs(value) <= kZero) continue;
      values[f].push_back(value);
      rows[f].push_back(sampled_row);
    }
  }
};

Result<std::vector<int32_t>> rows_to_sample(const Library& library, int32_t rows, const std::string& parameters) {
  int count = 0;
  TRY(library.check(library.sample_count(rows, parameters.c_str(), &count), "sampling", Code::kArgument));
  std::vector<int32_t> chosen(static_cast<size_t>(count));
  int32_t size = 0;
  TRY(library.check(library.sample_indices(rows, parameters.c_str(), chosen.data(), &size), "sampling"));
  chosen.resize(static_cast<size_t>(size));
  CHECK(std::ranges::is_sorted(chosen));
  return chosen;
}

Result<Dataset> bin_a_sample(const Library& library, MatrixSource& source, const std::string& parameters) {
  const auto rows = static_cast<int32_t>(source.rows());
  const std::vector<int32_t> chosen = TRY(rows_to_sample(library, rows, parameters));
  const size_t features = source.schema().size();
  Sample sample{std::vector<std::vector<double>>(features), std::vector<std::vector<int>>(features)};
  TRY(source.rewind());
  size_t begin = 0;
  size_t next = 0;
  CompressedRows one;
  while (next < chosen.size()) {
    const auto block = TRY(source.next());
    if (!block) break;
    for (; next < chosen.size() && static_cast<size_t>(chosen[next]) < begin + block->rows; ++next) {
      const size_t row = static_cast<size_t>(chosen[next]) - begin;
      if (block->sparse.empty()) {
        sample.add(*block, row, static_cast<int>(next));
      } else {
        sample.add_sparse(*block, row, static_cast<int>(next), one);
      }
    }
    begin += block->rows;
  }
  std::vector<double*> values;
  std::vector<int*> places;
  std::vector<int> sizes;
  for (size_t f = 0; f < features; ++f) {
    values.push_back(sample.values[f].data());
    places.push_back(sample.rows[f].data());
    sizes.push_back(static_cast<int>(sample.values[f].size()));
  }
  DatasetHandle handle = nullptr;
  TRY(library.check(
      library.dataset_from_sample(values.data(), places.data(), static_cast<int32_t>(features), sizes.data(),
                                  static_cast<int32_t>(chosen.size()), rows, rows, parameters.c_str(), &handle),
      "binning the data", Code::kArgument));
  return Dataset(library, handle);
}

// Columns of [begin, begin + rows) as rows, a few at a time so that both sides stay in the cache.
void transpose(const MatrixBlock& block, size_t begin, size_t rows, std::vector<float>& out) {
  constexpr size_t kTile = 64;
  const size_t width = block.features.size();
  out.resize(rows * width);
  for (size_t tile = 0; tile < rows; tile += kTile) {
    const size_t end = std::min(rows, tile + kTile);
    for (size_t f = 0; f < width; ++f) {
      const FeatureColumn& column = block.features[f];
      for (size_t i = tile; i < end; ++i) out[i * width + f] = value_at(column, begin + i);
    }
  }
}

// What a pass collects beside the features.
struct RowInfo {
  std::vector<float> label, weight;
  std::vector<int32_t> group_sizes;
  std::optional<int32_t> group;

  void add(const MatrixBlock& block) {
    label.insert(label.end(), block.label.begin(), block.label.end());
    weight.insert(weight.end(), block.weight.begin(), block.weight.end());
    for (const int32_t id : block.group) {
      if (group != id) group_sizes.push_back(0);
      group = id;
      ++group_sizes.back();
    }
  }

  Status set(const Library& library, DatasetHandle dataset) const {
    const auto set_field = [&](const char* field, const void* values, size_t size, int type) {
      return library.check(library.dataset_set_field(dataset, field, values, static_cast<int>(size), type),
                           fmt::format("reading {}s", field));
    };
    TRY(set_field("label", label.data(), label.size(), kFloat32));
    if (!weight.empty()) TRY(set_field("weight", weight.data(), weight.size(), kFloat32));
    if (!group_sizes.empty()) TRY(set_field("group", group_sizes.data(), group_sizes.size(), kInt32));
    return {};
  }
};

// Rows [begin, begin + rows) of a block with sparse features, which become rows [pushed, ..) of the dataset.
Status push_sparse(const Library& library, DatasetHandle dataset, const MatrixBlock& block, size_t begin, size_t rows,
                   size_t pushed, CompressedRows& buffer) {
  buffer.fill(block, begin, rows, CompressedRows::LeaveOut::kZero);
  const auto* const columns = reinterpret_cast<const int32_t*>(buffer.features().data());
  return library.check(library.dataset_push_sparse(
                           dataset, buffer.begins().data(), kInt64, columns, buffer.values().data(), kFloat32,
                           static_cast<int64_t>(buffer.begins().size()), static_cast<int64_t>(buffer.values().size()),
                           static_cast<int64_t>(block.features.size()), static_cast<int64_t>(pushed)),
                       "reading the data");
}

bool has_sparse(const MatrixSource& source) {
  return std::ranges::any_of(source.schema().features, &Feature::is_sparse);
}

// A pass over all rows without sparse features, row-major and some at a time: each(values, rows, first row); and block by
// block.
Status read_rows(MatrixSource& source, const std::function<Status(const std::vector<float>&, size_t, size_t)>& each,
                 const std::function<void(const MatrixBlock&)>& each_block = {}) {
  const size_t width = source.schema().size();
  const size_t at_once = std::clamp(kMostValuesAtOnce / std::max<size_t>(width, 1), size_t{1}, kMostRowsAtOnce);
  TRY(source.rewind());
  std::vector<float> buffer;
  size_t done = 0;
  while (const auto block = TRY(source.next())) {
    for (size_t begin = 0; begin < block->rows; begin += at_once) {
      const size_t rows = std::min(at_once, block->rows - begin);
      transpose(*block, begin, rows, buffer);
      TRY(each(buffer, rows, done));
      done += rows;
    }
    if (each_block) each_block(*block);
  }
  CHECK(done == source.rows());
  return {};
}

Status push_all_sparse(const Library& library, MatrixSource& source, DatasetHandle dataset) {
  TRY(source.rewind());
  RowInfo info;
  CompressedRows buffer;
  size_t pushed = 0;
  while (const auto block = TRY(source.next())) {
    for (size_t begin = 0; begin < block->rows; begin += kMostRowsAtOnce) {
      const size_t rows = std::min(kMostRowsAtOnce, block->rows - begin);
      TRY(push_sparse(library, dataset, *block, begin, rows, pushed, buffer));
      pushed += rows;
    }
    info.add(*block);
  }
  CHECK(pushed == source.rows());
  return info.set(library, dataset);
}

Status push_all(const Library& library, MatrixSource& source, DatasetHandle dataset) {
  if (has_sparse(source)) return push_all_sparse(library, source, dataset);
  const auto width = static_cast<int32_t>(source.schema().size());
  RowInfo info;
  TRY(read_rows(
      source,
      [&](const std::vector<float>& values, size_t rows, size_t first) {
        return library.check(library.dataset_push_rows(dataset, values.data(), kFloat32, static_cast<int32_t>(rows),
                                                       width, static_cast<int32_t>(first)),
                             "reading the data");
      },
      [&](const MatrixBlock& block) { info.add(block); }));
  return info.set(library, dataset);
}

}  // namespace

Result<Dataset> make_dataset(const Library& library, MatrixSource& source, const std::string& parameters,
                             const Dataset* reference) {
  if (source.rows() > static_cast<size_t>(std::numeric_limits<int32_t>::max())) {
    return fail(Code::kUnsupported, fmt::format("LightGBM cannot take so many rows: {}", source.rows()),
                "train on a sample, or with xgboost.gbtree");
  }
  if (reference != nullptr) {
    DatasetHandle handle = nullptr;
    TRY(library.check(library.dataset_by_reference(reference->handle(), static_cast<int64_t>(source.rows()), &handle),
                      "preparing"));
    Dataset dataset(library, handle);
    TRY(push_all(library, source, handle));
    return dataset;
  }
  Dataset dataset = TRY(bin_a_sample(library, source, parameters));
  TRY(push_all(library, source, dataset.handle()));
  const std::vector<std::string> names = safe_names(source.schema());
  std::vector<const char*> texts;
  for (const std::string& name : names) texts.push_back(name.c_str());
  TRY(library.check(library.dataset_set_names(dataset.handle(), texts.data(), static_cast<int>(texts.size())),
                    "naming features"));
  return dataset;
}

Status start_from(const Library& library, MatrixSource& source, const Dataset& dataset, BoosterHandle base,
                  size_t outputs, uint32_t threads) {
  const size_t all = source.rows();
  const std::string parameters = fmt::format("num_threads={}", threads);
  std::vector<double> scores(all * outputs);  // output by output, as the library wants it
  std::vector<double> margins;
  TRY(read_rows(source, [&](const std::vector<float>& values, size_t rows, size_t first) -> Status {
    constexpr int kMargins = 1;
    margins.resize(rows * outputs);
    int64_t size = 0;
    TRY(library.check(library.booster_predict(base, values.data(), kFloat32, static_cast<int32_t>(rows),
                                              static_cast<int32_t>(source.schema().size()), 1, kMargins, 0, -1,
                                              parameters.c_str(), &size, margins.data()),
                      "scoring with the model to continue"));
    CHECK(static_cast<size_t>(size) == margins.size());
    for (size_t i = 0; i < rows; ++i)
      for (size_t k = 0; k < outputs; ++k) scores[k * all + first + i] = margins[i * outputs + k];
    return {};
  }));
  return library.check(library.dataset_set_field(dataset.handle(), "init_score", scores.data(),
                                                 static_cast<int>(scores.size()), kFloat64),
                       "starting from the model to continue");
}

std::vector<std::string> safe_names(const FeatureSchema& schema) {
  constexpr std::string_view kRefused = "\"[]{}:,";
  std::vector<std::string> out;
  std::set<std::string> taken;
  for (const Feature& feature : schema.features) {
    std::string name = feature.name;
    for (char& c : name) {
      const bool is_blank = static_cast<unsigned char>(c) <= ' ';
      if (is_blank || kRefused.find(c) != std::string_view::npos) c = '_';
    }
    while (name.empty() || taken.contains(name)) name += '_';
    taken.insert(name);
    out.push_back(std::move(name));
  }
  return out;
}

std::string categorical_parameter(const FeatureSchema& schema) {
  std::string out;
  for (size_t f = 0; f < schema.size(); ++f) {
    if (schema.features[f].kind != FeatureKind::kCategorical) continue;
    out += fmt::format("{}{}", out.empty() ? "categorical_feature=" : ",", f);
  }
  return out;
}

}  // namespace sinan::ml::lightgbm
