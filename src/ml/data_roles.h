// RoleCollector: columns of a TRAIN that say something about a row beside its features and its label: what it counts, which
// rows it is ranked against, up to where its label may lie. Read while the data stream in, handed out row by row in the
// order in which they are trained on.
//
// Rows of a group must stand together for a trainer. Where they do not, they are put together, groups in the order of their
// first rows and rows in the query's order: order() says how. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "arrow/batch.h"
#include "base/error.h"
#include "ml/data_label.h"

namespace sinan::ml {

// Names of the query's columns; empty = none. None of them is a feature.
struct RoleColumns {
  std::string weight;       // a number of at least 0
  std::string group;        // rows of one value are ranked against each other
  std::string label_upper;  // the label is the lower end of an interval, this the upper one; NULL = there is none

  // Those that there are, with what messages call them.
  std::vector<std::pair<std::string_view, std::string_view>> given() const;  // (attribute, column)
};

// How much rows count by their class; neither = all the same.
struct ClassWeights {
  bool is_balanced = false;                              // rows / (classes * rows of the class)
  std::vector<std::pair<std::string, double>> by_class;  // by the text of the class; others count 1
  bool empty() const { return !is_balanced && by_class.empty(); }
};

// A number of a row's group: equal values have equal ones, whatever their integers' width.
uint64_t group_key(const arrow::ColumnView& column, size_t row);
// Errors (kProgram): a type that cannot tell groups apart.
Status check_group_type(const arrow::Field& field);

// Of a weight below 0, infinite, or NaN for NULL (kData).
Failure bad_weight(std::string_view column, double value);

class RoleCollector {
 public:
  // Errors (kProgram): a column missing (nearest name) or of a type that cannot have the role.
  static Result<RoleCollector> make(RoleColumns names, const arrow::Schema& query);
  // Rows of another query from here on for the validation. Errors: the same.
  Status bind_validation(const arrow::Schema& query);

  // Rows of the batch for one part; no `rows` = all. Errors (kData): a weight or a group that is NULL, a weight below 0.
  Status append(const arrow::Batch& batch, size_t part, std::optional<std::span<const uint32_t>> rows);
  // Draws groups rather than rows: a number of the row's group, the same for equal values everywhere; none without groups.
  std::optional<uint64_t> group_key(const arrow::Batch& batch, size_t row) const;

  // After the last append(), with the labels of each part, class indices where there are classes. Class weights multiply
  // those of rows. Errors (kData): no row counts; (kArgument): a class that the label has not.
  using ReadLabels = std::function<void(size_t part, std::span<float> out)>;
  Status finish(const LabelMap& label, const ClassWeights& weights, const ReadLabels& read_labels,
                std::span<const size_t> rows);

  // In the order of training; empty = none.
  std::span<const float> weight(size_t part) const { return parts_[part].weight; }
  std::span<const int32_t> group(size_t part) const { return parts_[part].group; }
  std::span<const float> label_upper(size_t part) const { return parts_[part].label_upper; }
  // Which row of the query comes at each place; empty = they come as they were read.
  std::span<const uint32_t> order(size_t part) const { return parts_[part].order; }

 private:
  struct Places {
    std::optional<size_t> weight, group, label_upper;
  };
  struct Part {
    std::vector<float> weight, label_upper;
    std::vector<int32_t> group;
    std::vector<uint32_t> order;
  };
  static Result<Places> find(const RoleColumns& names, const arrow::Schema& query);
  Status append_weights(const arrow::ColumnView& column, Part& part, std::optional<std::span<const uint32_t>> rows);
  Status append_groups(const arrow::ColumnView& column, Part& part, std::optional<std::span<const uint32_t>> rows);
  void put_groups_together(Part& part);

  RoleColumns names_;
  Places places_;
  std::unordered_map<uint64_t, int32_t> group_ids_;  // by key
  Part parts_[kParts];
};

}  // namespace sinan::ml
