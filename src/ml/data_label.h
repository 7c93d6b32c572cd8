// LabelCollector: reads the label column while training data streams in, and decides at the end what it is: numbers to
// approach (regression) or classes to tell apart.
//
// Text and booleans are classes. Numbers are classes when the trainer says so (objective, estimator), or, when nobody says
// anything, if they are integers 0..k-1 or 1..k with k at most 10; else they are a number to approach.
// Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "arrow/batch.h"
#include "base/error.h"
#include "ml/data_column.h"
#include "ml/feature_plan.h"
#include "ml/feature_plan_vocabulary.h"
#include "ml/trainer.h"

namespace sinan::ml {

// 0 = rows to learn from, 1 = rows to validate on.
inline constexpr size_t kTrainPart = 0;
inline constexpr size_t kValidationPart = 1;
inline constexpr size_t kParts = 2;

class LabelCollector {
 public:
  // Errors (kProgram): a type that is no label; regression asked of a label that is no number.
  static Result<LabelCollector> make(std::string name, arrow::Type type, Trainer::Intent intent);

  // Classes are those of all parts, whether the training rows have one or not. Before the first append().
  void know_all_classes() { knows_all_classes_ = true; }

  // Rows of the batch for one part; `rows` empty = all.
  Status append(const arrow::ColumnView& column, size_t part, std::optional<std::span<const uint32_t>> rows);

  struct Decision {
    LabelMap map;
    Task task = Task::kRegression;
    size_t classes = 0;
  };
  // Errors (kData): NULL labels, one class, more classes than can be told apart, a number that disagrees with num_class; a
  // class of the validation rows that no training row has.
  Result<Decision> finish();
  // After finish(): class indices or values of a part.
  void read(size_t part, size_t begin, std::span<float> out) const;

 private:
  LabelCollector() = default;
  int64_t code_of(const arrow::ColumnView& column, size_t row);
  void give_up_classes();
  Result<Decision> as_classes();
  Status check_range(const Trainer::LabelRange& range) const;

  std::string name_;
  arrow::Type type_;
  Trainer::Intent intent_;
  bool is_number_ = false;
  bool collects_classes_ = false;
  bool collects_values_ = false;
  bool knows_all_classes_ = false;

  std::unordered_map<double, int64_t> number_codes_;
  StringCodes text_codes_;
  std::vector<double> numbers_;     // by code, when is_number_
  std::vector<std::string> texts_;  // by code: what a person reads
  std::vector<uint64_t> counts_;    // by code, rows of the parts whose classes are known
  IntegerColumn codes_[kParts];
  FloatColumn values_[kParts];
  uint64_t rows_[kParts] = {};
  uint64_t missing_[kParts] = {};     // of them
  std::vector<float> class_of_code_;  // shifted by one, as read_mapped wants it
};

}  // namespace sinan::ml
