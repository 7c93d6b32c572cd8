#include "ml/row_groups.h"

#include <fmt/format.h>

#include <set>

namespace sinan::ml {
namespace {

// The values behind each other, each with its length: no two groups give the same bytes.
void pack(std::optional<std::string_view> value, std::string& out) {
  const uint32_t size = value ? static_cast<uint32_t>(value->size()) + 1 : 0;
  out.append(reinterpret_cast<const char*>(&size), sizeof(size));
  if (value) out.append(*value);
}

std::string packed(const GroupValues& values) {
  std::string out;
  for (const auto& value : values) pack(value ? std::optional<std::string_view>(*value) : std::nullopt, out);
  return out;
}

}  // namespace

std::string group_text(const std::vector<std::string>& columns, const GroupValues& values) {
  std::string out;
  for (size_t i = 0; i < columns.size(); ++i)
    out += fmt::format("{}{}={}", i == 0 ? "" : ", ", columns[i], values[i].value_or("NULL"));
  return out;
}

Json RowGroups::to_json() const {
  Json names = Json::array();
  for (const std::string& column : columns) names.push_back(column);
  Json all = Json::array();
  for (const GroupValues& values : groups) {
    Json one = Json::array();
    for (const auto& value : values) one.push_back(value ? Json(*value) : Json(nullptr));
    all.push_back(std::move(one));
  }
  return Json::object({{"columns", std::move(names)}, {"values", std::move(all)}});
}

Result<RowGroups> RowGroups::from_json(const Json& json) {
  RowGroups out;
  for (const Json& column : json.at("columns").items()) out.columns.push_back(TRY(column.as_string()));
  std::set<std::string> seen;
  for (const Json& values : json.at("values").items()) {
    GroupValues one;
    for (const Json& value : values.items())
      one.push_back(value.is_null() ? std::nullopt : std::optional<std::string>(TRY(value.as_string())));
    const bool is_rest = one.empty() && !out.groups.empty() && &values == &json.at("values").items().back();
    if (one.size() != out.columns.size() && !is_rest)
      return fail(Code::kData, "a group has not a value for each column");
    if (!seen.insert(packed(one)).second) return fail(Code::kData, "a group stands twice in the model");
    out.groups.push_back(std::move(one));
  }
  if (out.columns.empty() || out.groups.empty()) return fail(Code::kData, "groups are missing in the model");
  return out;
}

GroupIndex::GroupIndex(const RowGroups& known) : groups_(known.groups) {
  for (size_t i = 0; i < groups_.size(); ++i) code_of_.emplace(packed(groups_[i]), static_cast<int32_t>(i));
}

GroupValues GroupIndex::values_at(const arrow::Batch& batch, std::span<const size_t> columns, size_t row) {
  GroupValues values;
  for (const size_t at : columns) {
    const arrow::ColumnView column = batch.column(at);
    values.push_back(column.is_null(row) ? std::nullopt : std::optional(column.to_text(row)));
  }
  return values;
}

void GroupIndex::codes(const arrow::Batch& batch, std::span<const size_t> columns, bool adds,
                       std::vector<int32_t>& out) {
  std::vector<arrow::ColumnView> views;
  for (const size_t at : columns) views.push_back(batch.column(at));
  std::string key;
  std::string last_key;
  int32_t last = -1;
  out.reserve(out.size() + batch.rows());
  for (size_t row = 0; row < batch.rows(); ++row) {
    key.clear();
    for (const arrow::ColumnView& view : views) {
      if (view.is_null(row)) {
        pack(std::nullopt, key);
      } else if (view.type().is_text()) {
        pack(view.string(row), key);
      } else {
        pack(view.to_text(row), key);
      }
    }
    // Rows of a group often follow each other.
    if (row == 0 || key != last_key) {
      const auto found = code_of_.find(key);
      last = found == code_of_.end() ? -1 : found->second;
      if (last < 0 && adds) {
        last = static_cast<int32_t>(groups_.size());
        code_of_.emplace(key, last);
        groups_.push_back(values_at(batch, columns, row));
      }
      last_key = key;
    }
    out.push_back(last);
  }
}

void GroupIndex::append(const arrow::Batch& batch, std::span<const size_t> columns, std::vector<int32_t>& out) {
  codes(batch, columns, true, out);
}

void GroupIndex::find(const arrow::Batch& batch, std::span<const size_t> columns, std::vector<int32_t>& out) {
  codes(batch, columns, false, out);
}

}  // namespace sinan::ml
