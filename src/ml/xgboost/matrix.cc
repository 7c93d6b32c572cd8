#include "ml/xgboost/matrix.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/json.h"
#include "ml/sparse_rows.h"

namespace sinan::ml::xgboost {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

// NumPy's array interface, version 3: how the library is told where an array lies.
template <class T>
std::string array_interface(const T* data, size_t size) {
  static_assert(std::is_same_v<T, float> || std::is_same_v<T, int32_t>);
  return fmt::format(R"({{"data":[{},true],"shape":[{}],"strides":[4],"typestr":"{}","version":3}})",
                     reinterpret_cast<uintptr_t>(data), size, std::is_same_v<T, float> ? "<f4" : "<i4");
}

// Rows of a block with sparse features for the library: what a row does not list is missing to it.
struct RowInterfaces {
  explicit RowInterfaces(const CompressedRows& rows)
      : begins(array(rows.begins().data(), rows.begins().size(), "<u8", 8)),
        features(array(rows.features().data(), rows.features().size(), "<u4", 4)),
        values(array(rows.values().data(), rows.values().size(), "<f4", 4)) {}
  std::string begins, features, values;

 private:
  static std::string array(const void* data, size_t size, std::string_view type, int stride) {
    return fmt::format(R"({{"data":[{},true],"shape":[{}],"strides":[{}],"typestr":"{}","version":3}})",
                       reinterpret_cast<uintptr_t>(data), size, stride, type);
  }
};

// The columns of a block for the library. Category codes of which some are missing become floats, those NaN: it knows no
// other way to say "missing" for both kinds of columns at once. All others are read where they are.
class Columns {
 public:
  explicit Columns(const FeatureSchema& schema) : codes_(schema.size()) {}

  std::string interfaces(const MatrixBlock& block) {
    std::string out = "[";
    for (size_t f = 0; f < block.features.size(); ++f) {
      out += f == 0 ? "" : ",";
      out += interface(block.features[f], codes_[f], block.rows);
    }
    return out + "]";
  }

 private:
  static std::string interface(const FeatureColumn& column, std::vector<float>& spelled, size_t rows) {
    if (column.codes.empty()) return array_interface(column.values.data(), rows);
    int32_t least = 0;
    for (const int32_t code : column.codes) least = std::min(least, code);
    if (least >= 0) return array_interface(column.codes.data(), rows);
    spelled.resize(rows);
    std::ranges::transform(column.codes, spelled.begin(),
                           [](int32_t code) { return code < 0 ? kNaN : static_cast<float>(code); });
    return array_interface(spelled.data(), rows);
  }

  std::vector<std::vector<float>> codes_;  // of categorical features
};

// The library weighs groups as a whole.
Result<std::vector<float>> group_weights(std::span<const float> weight, std::span<const int32_t> group) {
  std::vector<float> out;
  for (size_t i = 0; i < group.size(); ++i) {
    if (i == 0 || group[i] != group[i - 1]) {
      out.push_back(weight[i]);
    } else if (weight[i] != out.back()) {
      return fail(Code::kData, fmt::format("weights differ within a group: {} and {}", out.back(), weight[i]),
                  "XGBoost weighs whole groups: give every row of a group the same weight, or use lightgbm.LGBMRanker");
    }
  }
  return out;
}

Status set_block_info(const Library& library, DMatrixHandle matrix, const MatrixBlock& block) {
  const auto set = [&](const char* field, auto values, const char* doing) -> Status {
    if (values.empty()) return {};
    const std::string interface = array_interface(values.data(), values.size());
    return library.check(library.matrix_set_info(matrix, field, interface.c_str()), doing);
  };
  TRY(set("label", block.label, "reading labels"));
  TRY(set("label_lower_bound", block.label_upper.empty() ? std::span<const float>() : block.label, "reading labels"));
  TRY(set("label_upper_bound", block.label_upper, "reading labels"));
  if (block.group.empty()) return set("weight", block.weight, "reading weights");
  TRY(set("qid", block.group, "reading groups"));
  if (block.weight.empty()) return {};
  return set("weight", std::span<const float>(TRY(group_weights(block.weight, block.group))), "reading weights");
}

// What the library calls back to get one block after the other.
struct Pull {
  const Library& library;
  MatrixSource& source;
  DMatrixHandle proxy = nullptr;
  Columns columns;
  FeatureInfo info;
  Status status;
  CompressedRows rows;

  // 1 = a block is in the proxy, 0 = the end.
  int next() {
    if (!status) return 0;
    auto block = source.next();
    if (!block) {
      status = std::unexpected(std::move(block).error());
      return 0;
    }
    if (!*block) return 0;
    status = feed(**block);
    return status ? 1 : 0;
  }

  void reset() {
    if (status) status = source.rewind();
  }

 private:
  Status feed(const MatrixBlock& block) {
    if (block.sparse.empty()) {
      const std::string interfaces = columns.interfaces(block);
      TRY(library.check(library.proxy_set_columnar(proxy, interfaces.c_str()), "reading columns"));
    } else {
      rows.fill(block, 0, block.rows, CompressedRows::LeaveOut::kMissing);
      const RowInterfaces arrays(rows);
      TRY(library.check(library.proxy_set_rows(proxy, arrays.begins.c_str(), arrays.features.c_str(),
                                               arrays.values.c_str(), block.features.size()),
                        "reading rows"));
    }
    TRY(set_block_info(library, proxy, block));
    return info.apply_to_matrix(library, proxy);
  }
};

extern "C" int next_block(DataIterHandle handle) { return static_cast<Pull*>(handle)->next(); }
extern "C" void reset_blocks(DataIterHandle handle) { static_cast<Pull*>(handle)->reset(); }

Result<Matrix> pull_matrix(const Library& library, MatrixSource& source, const MatrixOptions& options) {
  TRY(source.rewind());
  Pull pull{library, source, nullptr, Columns(source.schema()), FeatureInfo(source.schema()), {}, {}};
  TRY(library.check(library.proxy_create(&pull.proxy), "preparing to read"));
  const Matrix proxy(library, pull.proxy);
  const bool is_paged = !options.cache_prefix.empty();
  if (is_paged && library.paged_matrix == nullptr) {
    return fail(Code::kUnsupported, fmt::format("XGBoost {} cannot keep rows on disk", library.version),
                "version 3.0 and later can");
  }
  const std::string config = fmt::format(
      R"({{"missing":NaN,"nthread":{},"max_bin":{}{}}})", options.threads, options.max_bin,
      is_paged ? fmt::format(R"(,"on_host":false,"cache_prefix":{})", Json(options.cache_prefix).dump()) : "");
  DMatrixHandle handle = nullptr;
  const int result = (is_paged ? library.paged_matrix : library.quantile_matrix)(
      &pull, pull.proxy, options.reference == nullptr ? nullptr : options.reference->handle(), reset_blocks, next_block,
      config.c_str(), &handle);
  if (result != 0 && !pull.status) return std::unexpected(std::move(pull.status).error());
  TRY(library.check(result, "binning the data"));
  Matrix matrix(library, handle);
  TRY(std::move(pull.status));
  return matrix;
}

// One row an edge and one a category: the library takes every distinct value for a cut when there are no more of them than
// bins, and so arrives at exactly the given edges.
class EdgeSource final : public MatrixSource {
 public:
  explicit EdgeSource(const MatrixSource& like) : schema_(like.schema()) {
    for (size_t f = 0; f < schema_.size(); ++f) {
      rows_ = std::max({rows_, like.edges()[f].size(), static_cast<size_t>(schema_.features[f].categories)});
    }
    values_.resize(schema_.size());
    codes_.resize(schema_.size());
    columns_.resize(schema_.size());
    for (size_t f = 0; f < schema_.size(); ++f) {
      if (schema_.features[f].kind == FeatureKind::kCategorical) {
        codes_[f].assign(rows_, -1);
        // Without the slot for unseen values, which no training row has.
        for (size_t code = 0; code + 1 < schema_.features[f].categories; ++code)
          codes_[f][code] = static_cast<int32_t>(code);
        columns_[f].codes = codes_[f];
      } else {
        values_[f] = like.edges()[f];
        values_[f].resize(rows_, kNaN);
        columns_[f].values = values_[f];
      }
    }
  }
  const FeatureSchema& schema() const override { return schema_; }
  size_t rows() const override { return rows_; }
  Status rewind() override {
    done_ = false;
    return {};
  }
  Result<std::optional<MatrixBlock>> next() override {
    if (std::exchange(done_, true)) return std::nullopt;
    MatrixBlock block;
    block.rows = rows_;
    block.features = columns_;
    return block;
  }

 private:
  const FeatureSchema& schema_;
  size_t rows_ = 1;
  bool done_ = false;
  std::vector<std::vector<float>> values_;
  std::vector<std::vector<int32_t>> codes_;
  std::vector<FeatureColumn> columns_;
};

}  // namespace

FeatureInfo::FeatureInfo(const FeatureSchema& schema) {
  for (const Feature& feature : schema.features) {
    names_.push_back(feature.name.c_str());
    types_.push_back(feature.kind == FeatureKind::kCategorical ? "c" : "float");
  }
}

Status FeatureInfo::apply_to_matrix(const Library& library, DMatrixHandle matrix) {
  TRY(library.check(library.matrix_set_strings(matrix, "feature_name", names_.data(), names_.size()),
                    "naming features"));
  return library.check(library.matrix_set_strings(matrix, "feature_type", types_.data(), types_.size()),
                       "typing features");
}

Status FeatureInfo::apply_to_booster(const Library& library, BoosterHandle booster) {
  TRY(library.check(library.booster_set_strings(booster, "feature_name", names_.data(), names_.size()),
                    "naming features"));
  return library.check(library.booster_set_strings(booster, "feature_type", types_.data(), types_.size()),
                       "typing features");
}

Result<Matrix> make_quantile_matrix(const Library& library, MatrixSource& source, const MatrixOptions& options) {
  if (source.edges().empty() || options.reference != nullptr) return pull_matrix(library, source, options);
  CHECK(source.edges().size() == source.schema().size());
  EdgeSource edges(source);
  MatrixOptions with_edges = options;
  with_edges.cache_prefix.clear();
  for (const auto& list : source.edges()) with_edges.max_bin = std::max(with_edges.max_bin, list.size());
  const Matrix reference = TRY(pull_matrix(library, edges, with_edges));
  with_edges.reference = &reference;
  with_edges.cache_prefix = options.cache_prefix;
  return pull_matrix(library, source, with_edges);
}

namespace {

template <class T>
void append(std::vector<T>& to, std::span<const T> from) {
  to.insert(to.end(), from.begin(), from.end());
}

Result<Matrix> make_plain_rows(const Library& library, MatrixSource& source, const MatrixOptions& options) {
  CompressedRows all;
  CompressedRows some;
  std::vector<float> label, weight, label_upper;
  std::vector<int32_t> group;
  while (auto block = TRY(source.next())) {
    some.fill(*block, 0, block->rows, CompressedRows::LeaveOut::kMissing);
    all.append(some);
    append(label, block->label);
    append(weight, block->weight);
    append(label_upper, block->label_upper);
    append(group, block->group);
  }
  const RowInterfaces arrays(all);
  const std::string config = fmt::format(R"({{"missing":NaN,"nthread":{}}})", options.threads);
  DMatrixHandle handle = nullptr;
  TRY(library.check(library.matrix_from_rows(arrays.begins.c_str(), arrays.features.c_str(), arrays.values.c_str(),
                                             source.schema().size(), config.c_str(), &handle),
                    "reading the data"));
  Matrix matrix(library, handle);
  MatrixBlock info;
  info.rows = source.rows();
  info.label = label;
  info.weight = weight;
  info.group = group;
  info.label_upper = label_upper;
  TRY(set_block_info(library, handle, info));
  TRY(FeatureInfo(source.schema()).apply_to_matrix(library, handle));
  return matrix;
}

}  // namespace

Result<Matrix> make_plain_matrix(const Library& library, MatrixSource& source, const MatrixOptions& options) {
  TRY(source.rewind());
  if (std::ranges::any_of(source.schema().features, &Feature::is_sparse))
    return make_plain_rows(library, source, options);
  const FeatureSchema& schema = source.schema();
  std::vector<std::vector<float>> values(schema.size());
  std::vector<float> label, weight, label_upper;
  std::vector<int32_t> group;
  while (auto block = TRY(source.next())) {
    for (size_t f = 0; f < schema.size(); ++f) {
      const FeatureColumn& column = block->features[f];
      append(values[f], column.values);
      for (const int32_t code : column.codes) values[f].push_back(code < 0 ? kNaN : static_cast<float>(code));
    }
    append(label, block->label);
    append(weight, block->weight);
    append(label_upper, block->label_upper);
    append(group, block->group);
  }
  std::vector<FeatureColumn> columns(schema.size());
  for (size_t f = 0; f < schema.size(); ++f) columns[f].values = values[f];
  MatrixBlock all;
  all.rows = label.size();
  all.features = columns;
  all.label = label;
  all.weight = weight;
  all.group = group;
  all.label_upper = label_upper;
  const std::string interfaces = Columns(schema).interfaces(all);
  const std::string config = fmt::format(R"({{"missing":NaN,"nthread":{}}})", options.threads);
  DMatrixHandle handle = nullptr;
  TRY(library.check(library.matrix_from_columnar(interfaces.c_str(), config.c_str(), &handle), "reading the data"));
  Matrix matrix(library, handle);
  TRY(set_block_info(library, handle, all));
  TRY(FeatureInfo(schema).apply_to_matrix(library, handle));
  return matrix;
}

}  // namespace sinan::ml::xgboost
