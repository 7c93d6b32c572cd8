// RowGroups: the groups of TRAIN .. GROUP BY, each of which has a model: which columns tell a row's group, and the groups by
// code. Part of a FeaturePlan, whose last feature is then the group's code (ml/group_model.h routes rows by it).
//
// A value is known by its text, so that a number's type may differ between queries; NULL is a group of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "arrow/batch.h"
#include "base/error.h"
#include "base/json.h"

namespace sinan::ml {

using GroupValues = std::vector<std::optional<std::string>>;  // by column; absent = NULL

struct RowGroups {
  std::vector<std::string> columns;
  std::vector<GroupValues> groups;  // by code; an empty last one: all other groups
  Json to_json() const;
  static Result<RowGroups> from_json(const Json& json);  // kData when malformed
};

// "store=7, region=north": a group as a person reads it.
std::string group_text(const std::vector<std::string>& columns, const GroupValues& values);

// Codes of groups in the order of their first row. Not thread-safe.
class GroupIndex {
 public:
  GroupIndex() = default;
  explicit GroupIndex(const RowGroups& known);  // codes as there
  // One code a row behind `out`; groups that are new get the next one.
  void append(const arrow::Batch& batch, std::span<const size_t> columns, std::vector<int32_t>& out);
  // The same, -1 for groups that are not known.
  void find(const arrow::Batch& batch, std::span<const size_t> columns, std::vector<int32_t>& out);
  const std::vector<GroupValues>& groups() const { return groups_; }
  static GroupValues values_at(const arrow::Batch& batch, std::span<const size_t> columns, size_t row);

 private:
  void codes(const arrow::Batch& batch, std::span<const size_t> columns, bool adds, std::vector<int32_t>& out);

  std::unordered_map<std::string, int32_t> code_of_;  // by the packed values
  std::vector<GroupValues> groups_;
};

}  // namespace sinan::ml
