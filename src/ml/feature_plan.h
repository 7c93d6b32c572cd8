// FeaturePlan: the fitted transforms from a query's columns to a FeatureSchema. Data, not code: saved as JSON inside the
// model and applied by one vectorised function wherever rows are scored. Predicting never looks at the training query.
//
// Per column: numbers as they are (decimal as double, bool as 0/1), DATE / TIME / TIMESTAMP as their parts (year, month,
// day, weekday, hour, minute and epoch, as far as the type has them), text and ENUM as categories with a stable vocabulary
// (count descending, then bytes). NULL and values never seen are missing; a vocabulary that was cut has a slot for them. Texts that are
// numbers in every row, lists, and what COLUMN asks for are feature functions (ml/feature_function.h). Constant columns are
// kept out, and said so.
//
// Immutable and thread-safe once fitted.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "arrow/batch.h"
#include "arrow/stream.h"
#include "base/cancel.h"
#include "base/error.h"
#include "base/json.h"
#include "ml/feature_function.h"
#include "ml/matrix.h"
#include "ml/row_groups.h"

namespace sinan::ml {

// One fitted transform: a query column to one feature, or what a function makes of one or several.
struct Transform {
  enum class Kind : uint8_t {
    kNumber,
    kYear,
    kMonth,
    kDay,
    kWeekday,
    kHour,
    kMinute,
    kEpoch,
    kVocabulary,
    kFunction,
  };
  Kind kind = Kind::kNumber;
  std::string column;                   // of a function: those of its terms, for people
  std::string feature;                  // of a vector the name of all: its features are c_0, c_1, ...
  std::vector<std::string> vocabulary;  // code i <-> vocabulary[i]; the unseen slot is vocabulary.size()
  // The training had more values than the vocabulary holds: the others were its unseen slot, and so are values never seen.
  // Otherwise no training row had that slot, nothing was learnt about it, and such values are missing (README.md).
  bool is_cut = false;
  std::shared_ptr<const FeatureFunction> function;  // kFunction

  size_t width() const { return function ? function->width() : 1; }
  std::vector<Feature> features() const;
};

// "number", "category", "4 numbers", "10,000 sparse numbers": what a model sees of it.
std::string feature_kind(const Transform& transform);

// How the label's values map to what a trainer sees.
struct LabelMap {
  enum class Kind : uint8_t { kNone, kNumber, kClasses };
  Kind kind = Kind::kNone;
  std::string column;
  arrow::Type type;                  // of the label column: predictions have it too
  std::vector<std::string> classes;  // text form of the value, index = class; numbers in numeric, others in byte order
  std::vector<std::string> outputs;  // of a number: what each of several predicted is called; empty = one is
  // Which of them is shown where there is room for one: the middle one.
  size_t main_output() const { return outputs.empty() ? 0 : (outputs.size() - 1) / 2; }
  friend bool operator==(const LabelMap&, const LabelMap&) = default;
};

class FeaturePlan {
 public:
  FeaturePlan() = default;
  FeaturePlan(std::vector<Transform> transforms, std::vector<arrow::Field> inputs);

  const FeatureSchema& schema() const { return schema_; }
  const std::vector<Transform>& transforms() const { return transforms_; }
  // Where a transform's features begin in the schema.
  size_t first_feature(size_t transform) const { return first_features_[transform]; }
  // The columns a query must have to be scored, with the types they had in training.
  const std::vector<arrow::Field>& inputs() const { return inputs_; }

  // Where each input stands in `query`. Errors (kProgram): missing column (nearest name), a type of another family
  // (number for text). Extra columns and their order do not matter.
  struct Binding {
    std::vector<size_t> columns;  // of inputs()
  };
  Result<Binding> bind(const arrow::Schema& query) const;

  // The plan with one more feature, the last: the code of the row's group. `fields`: the group's columns, inputs too.
  FeaturePlan with_groups(RowGroups groups, const std::vector<arrow::Field>& fields) const;
  FeaturePlan without_groups() const;                        // the same inputs
  const RowGroups* groups() const { return groups_.get(); }  // null = none

  Json to_json() const;
  static Result<FeaturePlan> from_json(const Json& json);  // kData when malformed

 private:
  std::vector<Transform> transforms_;
  std::vector<arrow::Field> inputs_;
  std::vector<size_t> first_features_;
  FeatureSchema schema_;
  std::shared_ptr<const RowGroups> groups_;  // shared by copies of the plan: it can be large
};

// Applies a plan to batches, reusing its buffers. One per thread.
class FeatureEncoder {
 public:
  // `plan` must outlive the encoder.
  FeatureEncoder(const FeaturePlan& plan, FeaturePlan::Binding binding);
  ~FeatureEncoder();
  FeatureEncoder(FeatureEncoder&&) noexcept;
  // The block borrows from the encoder, until the next call. Errors: kData when a value cannot be used.
  Result<MatrixBlock> encode(const arrow::Batch& batch);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Of the types that inputs and labels can have; an ENUM comes back as one without its values.
Json type_to_json(const arrow::Type& type);
Result<arrow::Type> type_from_json(const Json& json);

Json to_json(const LabelMap& label);
Result<LabelMap> label_map_from_json(const Json& json);

}  // namespace sinan::ml
