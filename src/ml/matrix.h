// The matrix of machine learning: features in columns, a block of rows at a time. What every trainer reads and every
// predictor scores; made by FeaturePlan (ml/feature_plan.h) and by nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace sinan::ml {

enum class FeatureKind : uint8_t {
  kNumeric,      // float32, NaN = missing
  kCategorical,  // int32 code in [0, categories), -1 = missing; code categories - 1 is the slot for unseen values
};

struct Feature {
  std::string name;    // "dep_hour", shown to people; unique
  std::string column;  // the query's column it comes from
  FeatureKind kind = FeatureKind::kNumeric;
  uint32_t categories = 0;
  bool is_sparse = false;  // numeric, and its values come in MatrixBlock::sparse
  friend bool operator==(const Feature&, const Feature&) = default;
};

struct FeatureSchema {
  std::vector<Feature> features;
  size_t size() const { return features.size(); }
  friend bool operator==(const FeatureSchema&, const FeatureSchema&) = default;
};

// One feature over the rows of a block. Exactly one of the two spans is set, by the feature's kind; neither of a sparse one.
struct FeatureColumn {
  std::span<const float> values;
  std::span<const int32_t> codes;
};

// A run of sparse features, most of whose values are zero, row by row: what a wide multi-hot vector is made of. A position
// that a row does not list is 0. (XGBoost takes it for missing, in training and in scoring alike.)
struct SparseFeatures {
  size_t first = 0;                     // feature at position 0; positions are below `count`
  size_t count = 0;                     // of features, all with Feature::is_sparse
  std::span<const uint64_t> begins;     // rows + 1: row i lists [begins[i], begins[i + 1]) of the two below
  std::span<const uint32_t> positions;  // ascending within a row, each once
  std::span<const float> values;
};

// Borrowed: valid until the source's next call.
struct MatrixBlock {
  size_t rows = 0;
  std::span<const FeatureColumn> features;
  std::span<const SparseFeatures> sparse;  // ascending by `first`; mostly none
  std::span<const float> label;            // class index or value; empty when there is none
  std::span<const float> weight;           // empty = all 1
  std::span<const int32_t> group;          // ranking groups, ascending runs; empty = none. No group is in two blocks
  // The label's interval reaches from `label` to here, infinity where it is open; empty = labels are exact.
  std::span<const float> label_upper;
};

// A pass over all rows, as often as wanted. Not thread-safe.
class MatrixSource {
 public:
  virtual ~MatrixSource() = default;
  virtual const FeatureSchema& schema() const = 0;
  virtual size_t rows() const = 0;
  virtual Result<std::optional<MatrixBlock>> next() = 0;
  virtual Status rewind() = 0;
  // Big data: numeric values rounded down to bin edges (ml/data_bins.h). By feature: its edges, ascending; empty when its
  // values are exact. An empty span: all are.
  virtual std::span<const std::vector<float>> edges() const { return {}; }
};

}  // namespace sinan::ml
