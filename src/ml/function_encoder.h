// Applies feature functions to rows: in training to the rows in memory, in scoring to batches, and in fitting, term by term,
// to find out what a function has to learn. Vectorised: a block of rows at a time, each different text once.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "ml/feature_function.h"
#include "ml/feature_plan_vocabulary.h"
#include "ml/feature_values.h"

namespace sinan::ml {

// What a term makes of rows: numbers, or items (ids, classes, hashes).
struct TermValues {
  bool has_items = false;
  std::vector<double> numbers;       // rows x width of the source, row-major; NaN: missing
  std::vector<uint8_t> was_missing;  // by row, where a step replaced missing values
  std::vector<uint64_t> begins;      // rows + 1, of the two below
  std::vector<int64_t> items;
  std::vector<float> weights;
  std::vector<uint8_t> is_missing;  // by row: it has no items because there is no value

  size_t rows() const { return has_items ? is_missing.size() : was_missing.size(); }
};

// Reads one term. Not thread-safe.
class TermReader {
 public:
  // `term` must outlive the reader, settled (no kDerived) and fitted as far as it goes. With `texts`, the items are the codes
  // that it gives to texts instead of classes: what vocabularies are fitted by.
  explicit TermReader(const Term& term, StringCodes* texts = nullptr);

  // Errors (kData): a value that cannot be read as the term wants it, named.
  Status read(const ColumnValues& values, TermValues& out);

 private:
  Status read_source(const ColumnValues& values, std::span<const uint8_t> used, TermValues& out);
  Status read_numbers(const ColumnValues& values, std::span<const uint8_t> used, TermValues& out);
  Status read_vector(const ColumnValues& values, size_t row, std::span<double> out) const;
  Status read_items(const ColumnValues& values, std::span<const uint8_t> used, TermValues& out);
  Status add_items_of(std::string_view text, TermValues& out);
  Status add_words_of(std::string_view text, TermValues& out);
  Status add_text(std::string_view text, float weight, TermValues& out);
  Status add_whole(int64_t id, float weight, TermValues& out);
  Status add_number(float number, float weight, TermValues& out);
  void apply_steps(TermValues& out) const;
  void sort_into_bounds(TermValues& out) const;
  Failure refuse(std::string_view wanted, std::string_view found, std::string hint = {}) const;

  const Term& term_;
  StringCodes* interned_;
  StringCodes vocabulary_;
  TermValues of_texts_;  // of each different text
  std::vector<uint8_t> used_;
  std::string scratch_;
  std::vector<std::string_view> words_;
};

// Applies a fitted function. Not thread-safe.
class FunctionEncoder {
 public:
  // `function` must outlive the encoder.
  explicit FunctionEncoder(const FeatureFunction& function);

  // `columns`: of each term, all with the same rows. The results below hold until the next call.
  Status encode(std::span<const ColumnValues* const> columns);

  // By output: plain numeric features (kNumbers, kTarget, narrow kMultiHot), each with a value a row ...
  std::span<const std::vector<float>> numbers() const { return numbers_; }
  // ... or codes (kCategory), -1 for missing ...
  std::span<const int32_t> codes() const { return codes_; }
  // ... or sparse rows: begins, positions, values.
  std::span<const uint64_t> sparse_begins() const { return begins_; }
  std::span<const uint32_t> sparse_positions() const { return positions_; }
  std::span<const float> sparse_values() const { return values_; }

  // The class of each row, -1 for none: what TARGET_ENCODE learns by.
  Result<std::span<const int32_t>> classes(std::span<const ColumnValues* const> columns);

 private:
  Status read_terms(std::span<const ColumnValues* const> columns);
  Status cross_terms(size_t rows);
  Status single_classes();
  void write_numbers();
  void write_multi_hot();
  void write_targets();

  const FeatureFunction& function_;
  std::vector<TermReader> readers_;
  std::vector<TermValues> terms_;
  TermValues crossed_;
  std::vector<std::vector<float>> numbers_;
  std::vector<int32_t> codes_;
  std::vector<uint64_t> begins_;
  std::vector<uint32_t> positions_;
  std::vector<float> values_;
  std::vector<std::pair<uint32_t, float>> row_;
};

}  // namespace sinan::ml
