// FunctionCollector: a feature function in training. Once all rows are in memory it settles what the data decide (what a text
// holds, how many classes there are), learns what the function has to know, and keeps the features of all rows. Used by
// DataSet only.
//
// Not thread-safe; different collectors may work at the same time.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/error.h"
#include "ml/column_functions.h"
#include "ml/data_bins.h"
#include "ml/data_column.h"
#include "ml/data_input.h"
#include "ml/data_label.h"
#include "ml/function_encoder.h"
#include "ml/matrix.h"

namespace sinan::ml {

// Rows of a few positions each, append only.
class SparseRows {
 public:
  void append(std::span<const uint64_t> begins, std::span<const uint32_t> positions, std::span<const float> values);
  // Rows [begin, begin + rows), as SparseFeatures has them.
  std::span<const uint64_t> begins(size_t begin, size_t rows) const {
    return std::span(begins_).subspan(begin, rows + 1);
  }
  std::span<const uint32_t> positions() const { return positions_; }
  std::span<const float> values() const { return values_; }
  uint64_t bytes() const { return begins_.size() * 8 + positions_.size() * 8; }

 private:
  std::vector<uint64_t> begins_ = {0};
  RawVector<uint32_t> positions_;
  RawVector<float> values_;
};

class FunctionCollector {
 public:
  // `inputs`: of the function's terms, which must outlive fit(). `is_derived`: nobody asked for it by name.
  FunctionCollector(ColumnFeature feature, std::vector<const InputCollector*> inputs, bool is_derived)
      : feature_(std::move(feature)), inputs_(std::move(inputs)), is_derived_(is_derived) {}

  const ColumnFeature& feature() const { return feature_; }

  // What TARGET_ENCODE learns from.
  struct Label {
    const LabelCollector* values = nullptr;  // null: none
    size_t classes = 0;                      // 0: a number
  };
  // Errors (kData, at the function's place): a value that it cannot read; nothing to learn from; a vector that is too wide.
  Status fit(const Label& label, uint64_t seed);

  // After fit(); a function that turned out useless (derived, and constant) makes no feature.
  bool is_kept() const { return !is_constant_; }
  Transform transform() const;
  FeatureReport report() const;

  void read(size_t feature, size_t part, size_t begin, std::span<float> values) const;
  void read(size_t part, size_t begin, std::span<int32_t> codes) const;
  const SparseRows& sparse(size_t part) const { return sparse_[part]; }
  void bin(std::span<const uint64_t> sample, size_t most_bins);
  std::span<const float> edges(size_t feature) const;
  uint64_t bytes() const;

 private:
  struct Binned {
    Binner binner;
    RawVector<uint8_t> narrow[kParts];
    RawVector<uint16_t> wide[kParts];
  };

  Status settle();
  Status settle_text(size_t term, const TextProfile& profile);
  Status settle_output();
  Status learn(Term& term, size_t input);
  Status learn_step(Term& term, size_t step, size_t input);
  Status learn_bounds(Term& term, size_t input);
  Status learn_ids(Term& term, size_t input);
  Status learn_vocabulary(Term& term, size_t input);
  Status learn_targets(const Label& label, uint64_t seed);
  Status encode_rows();
  void append(const FunctionEncoder& encoder, size_t part);
  void count_missing();
  // The term over the training rows, block by block.
  template <class F>
  Status visit(const Term& term, size_t input, StringCodes* texts, F&& each_block) const;
  Failure refuse(std::string message, std::string hint = {}) const;

  ColumnFeature feature_;
  std::vector<const InputCollector*> inputs_;
  bool is_derived_;
  bool is_constant_ = false;
  uint64_t missing_ = 0;
  std::string type_;
  std::shared_ptr<const FeatureFunction> fitted_;
  std::vector<float> out_of_fold_;  // kTarget: training rows x targets
  std::vector<FloatColumn> numbers_[kParts];
  IntegerColumn codes_[kParts];
  std::vector<int32_t> code_lookup_;
  SparseRows sparse_[kParts];
  std::vector<std::optional<Binned>> binned_;
};

}  // namespace sinan::ml
