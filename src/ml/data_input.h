// InputCollector: one query column of the training data: its values in memory, what is known of them, and the features they
// become by themselves. The fitting half of FeaturePlan, beside FunctionCollector, which reads the values kept here; used by DataSet
// only.
//
// Not thread-safe; different collectors may work at the same time.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "arrow/batch.h"
#include "base/error.h"
#include "ml/data_bins.h"
#include "ml/data_column.h"
#include "ml/data_label.h"
#include "ml/data_set.h"
#include "ml/data_vector.h"
#include "ml/feature_plan_input.h"
#include "ml/feature_plan_vocabulary.h"
#include "ml/feature_text.h"
#include "ml/feature_values.h"

namespace sinan::ml {

// Rows of a batch that belong to a part; no `rows` = all of them.
struct PartRows {
  size_t part = kTrainPart;
  std::optional<std::span<const uint32_t>> rows;
};

class InputCollector {
 public:
  // A text column keeps its most frequent values up to here; the others are unseen values.
  static constexpr size_t kMostCategories = 65536;

  // Who reads the column: it is a feature itself, functions read it, or both. Its type must have a value_type().
  struct Use {
    bool is_feature = true;
    bool feeds_functions = false;
  };
  InputCollector(std::string name, arrow::Type type, Use use);

  const std::string& name() const { return name_; }
  const arrow::Type& type() const { return type_; }
  const ValueType& values_type() const { return values_type_; }
  bool is_feature() const { return use_.is_feature; }

  void append(const arrow::ColumnView& column, std::span<const PartRows> parts);

  // After the last append().
  void finish();
  size_t rows(size_t part) const;
  // What functions read; only of columns that feed them. Borrows from the collector and the scratch.
  struct Scratch {
    std::vector<float> numbers;
    std::vector<int64_t> integers;
    std::vector<int32_t> codes;
  };
  ColumnValues values(size_t part, size_t begin, size_t rows, Scratch& scratch) const;
  // Once before that.
  void prepare_values();
  // What texts hold.
  const TextProfile& profile() const { return profile_; }
  // Of the first row that has any: how many items a vector of this column has; 0: none.
  uint32_t items_of_first(std::string_view separator) const;
  // Whether all lists are of one length.
  bool has_one_length() const;
  // Nothing but functions reads the column: what it holds can be freed once they have.
  void release();
  void become_function() { use_ = {false, true}; }

  // After finish() and when functions have read it: decides on the column's own features. Errors (kData): infinite values.
  Status fit();
  const std::vector<Transform>& transforms() const { return transforms_; }
  const std::vector<FeatureReport>& report() const { return report_; }

  // Turns numeric features into bins with the edges of these training rows (ascending); frees the values themselves.
  void bin(std::span<const uint64_t> sample, size_t most_bins);
  // The edges of a numeric feature once binned; empty for categories.
  std::span<const float> edges(size_t transform) const;

  // Rows [begin, begin + size) of a feature; numeric ones into values, categories into codes.
  void read(size_t transform, size_t part, size_t begin, std::span<float> values) const;
  void read(size_t transform, size_t part, size_t begin, std::span<int32_t> codes) const;
  uint64_t bytes() const;

 private:
  // Of the values that are not missing; low > high when all are.
  struct Range {
    float low = std::numeric_limits<float>::infinity();
    float high = -std::numeric_limits<float>::infinity();
    uint64_t missing = 0;
    bool is_constant() const { return missing == 0 ? low == high : low > high; }
    void add(std::span<const float> values);
  };
  struct Binned {
    Binner binner;
    RawVector<uint8_t> narrow[kParts];
    RawVector<uint16_t> wide[kParts];
  };

  void append_numbers(const arrow::ColumnView& column, std::span<const PartRows> parts);
  void append_moments(const arrow::ColumnView& column, std::span<const PartRows> parts);
  void append_text(const arrow::ColumnView& column, std::span<const PartRows> parts);
  void append_wholes(const arrow::ColumnView& column, std::span<const PartRows> parts);
  void append_lists(const arrow::ColumnView& column, std::span<const PartRows> parts);
  void append_chosen(const PartRows& part);
  Status fit_number();
  void fit_moments();
  void fit_text();
  Range range_of_moments(Transform::Kind part) const;
  void leave_out(std::string feature, std::string values, uint64_t missing, std::string note);
  void keep(Transform transform, std::string values, uint64_t missing, std::string note = {});
  // Lists one after another.
  struct Lists {
    std::vector<uint64_t> begins = {0};
    std::vector<uint8_t> is_missing;
    std::vector<float> numbers;
    std::vector<int64_t> integers;
    std::vector<int32_t> codes;  // of texts_
    std::vector<float> weights;
  };

  std::string name_;
  arrow::Type type_;
  ValueType values_type_;
  Use use_;
  InputKind kind_;                  // of no meaning for lists
  FloatColumn numbers_[kParts];     // kNumber
  Range range_;                     // of the training numbers: known while they are still in the processor's cache
  IntegerColumn integers_[kParts];  // moments; codes of texts_; whole numbers that functions read
  Lists lists_[kParts];
  std::optional<ValueReader> list_reader_;
  std::vector<std::string_view> text_views_;  // of texts_, for functions
  TextProfile profile_;
  StringCodes texts_;
  std::vector<uint64_t> counts_;      // of each text in the training rows
  std::vector<int32_t> category_of_;  // by code + 1: the vocabulary index; [0] is missing
  std::vector<Transform> transforms_;
  std::vector<FeatureReport> report_;
  std::vector<std::optional<Binned>> binned_;  // by transform, once bin() was called

  std::vector<float> float_scratch_;
  std::vector<float> float_chosen_;
  std::vector<int64_t> integer_scratch_;
  std::vector<int64_t> integer_chosen_;
  std::vector<int64_t> entry_codes_;
};

}  // namespace sinan::ml
