#include "ml/data_roles.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/check.h"
#include "base/hash.h"
#include "base/strings.h"
#include "ml/feature_plan_input.h"
#include "ml/query_columns.h"

namespace sinan::ml {
namespace {

constexpr std::string_view kWeight = "weight_column";
constexpr std::string_view kGroup = "group_column";
constexpr std::string_view kUpper = "label_upper_column";

Result<std::optional<size_t>> find_role(const arrow::Schema& query, std::string_view name, std::string_view role) {
  if (name.empty()) return std::nullopt;
  return TRY(find_column(query, name, role));
}

Status expect(bool is_right, const arrow::Schema& query, std::optional<size_t> column, std::string_view role,
              std::string_view what) {
  if (!column || is_right) return {};
  const arrow::Field& field = query[*column];
  return fail(Code::kProgram,
              fmt::format("{} must be {}: \"{}\" is {}", role, what, field.name, field.type.to_string()));
}

bool is_number(const arrow::Schema& query, std::optional<size_t> column) {
  return column && query[*column].type.id != arrow::TypeId::kBool &&
         input_kind(query[*column].type) == InputKind::kNumber;
}

// `values` as the rows are trained on.
template <class T>
void reorder(std::span<const uint32_t> order, std::vector<T>& values) {
  if (values.empty()) return;
  std::vector<T> out(order.size());
  for (size_t i = 0; i < order.size(); ++i) out[i] = values[order[i]];
  values = std::move(out);
}

// By class.
Result<std::vector<float>> class_factors(const LabelMap& label, const ClassWeights& weights,
                                         std::span<const float> labels) {
  const std::vector<std::string>& classes = label.classes;
  if (classes.empty()) {
    return fail(Code::kArgument, fmt::format("class_weight is for classes: \"{}\" is a number", label.column),
                "use weight_column");
  }
  std::vector<float> out(classes.size(), 1.0F);
  if (weights.is_balanced) {
    std::vector<uint64_t> counts(classes.size());
    for (const float index : labels) ++counts[static_cast<size_t>(index)];
    for (size_t k = 0; k < out.size(); ++k) {
      const double share = static_cast<double>(classes.size()) * static_cast<double>(counts[k]);
      out[k] = static_cast<float>(static_cast<double>(labels.size()) / share);
    }
  }
  for (const auto& [name, weight] : weights.by_class) {
    const auto at = std::ranges::find(classes, name);
    if (at == classes.end()) {
      const std::string near = did_you_mean(name, classes);
      return fail(Code::kArgument, fmt::format("class_weight names no class of the label: \"{}\"", name),
                  near.empty() ? fmt::format("there are {}", join(classes, ", ")) : near);
    }
    out[static_cast<size_t>(at - classes.begin())] = static_cast<float>(weight);
  }
  return out;
}

}  // namespace

uint64_t group_key(const arrow::ColumnView& column, size_t row) {
  if (column.type().is_integer()) return static_cast<uint64_t>(column.as_int(row)) * 0x9e3779b97f4a7c15U;
  return hash64(column.type().is_text() ? std::string(column.string(row)) : column.to_text(row));
}

Status check_group_type(const arrow::Field& field) {
  if (input_kind(field.type) && !field.type.is_floating() && field.type.id != arrow::TypeId::kDecimal) return {};
  return fail(Code::kProgram, fmt::format("{} must be an integer, a text or a date: \"{}\" is {}", kGroup, field.name,
                                          field.type.to_string()));
}

std::vector<std::pair<std::string_view, std::string_view>> RoleColumns::given() const {
  std::vector<std::pair<std::string_view, std::string_view>> out;
  const auto add = [&](std::string_view role, std::string_view column) {
    if (!column.empty()) out.emplace_back(role, column);
  };
  add(kWeight, weight);
  add(kGroup, group);
  add(kUpper, label_upper);
  return out;
}

Result<RoleCollector::Places> RoleCollector::find(const RoleColumns& names, const arrow::Schema& query) {
  Places places;
  places.weight = TRY(find_role(query, names.weight, kWeight));
  places.group = TRY(find_role(query, names.group, kGroup));
  places.label_upper = TRY(find_role(query, names.label_upper, kUpper));
  TRY(expect(is_number(query, places.weight), query, places.weight, kWeight, "a number"));
  if (places.group) TRY(check_group_type(query[*places.group]));
  TRY(expect(is_number(query, places.label_upper), query, places.label_upper, kUpper, "a number"));
  return places;
}

Result<RoleCollector> RoleCollector::make(RoleColumns names, const arrow::Schema& query) {
  RoleCollector out;
  out.places_ = TRY(find(names, query));
  out.names_ = std::move(names);
  return out;
}

Status RoleCollector::bind_validation(const arrow::Schema& query) {
  places_ = TRY(find(names_, query));
  return {};
}

Status RoleCollector::append(const arrow::Batch& batch, size_t part, std::optional<std::span<const uint32_t>> rows) {
  Part& to = parts_[part];
  if (places_.weight) TRY(append_weights(batch.column(*places_.weight), to, rows));
  if (places_.group) TRY(append_groups(batch.column(*places_.group), to, rows));
  if (!places_.label_upper) return {};
  const arrow::ColumnView column = batch.column(*places_.label_upper);
  std::vector<float> all(column.size());
  read_numbers(column, all);
  const size_t count = rows ? rows->size() : all.size();
  for (size_t i = 0; i < count; ++i) {
    const float value = all[rows ? (*rows)[i] : i];
    to.label_upper.push_back(std::isnan(value) ? std::numeric_limits<float>::infinity() : value);
  }
  return {};
}

Failure bad_weight(std::string_view column, double value) {
  const std::string shown = std::isnan(value) ? "NULL" : fmt::format("{}", value);
  return fail(Code::kData, fmt::format("{} must be 0 or more in every row: \"{}\" has {}", kWeight, column, shown),
              fmt::format("add WHERE {} >= 0", column));
}

Status RoleCollector::append_weights(const arrow::ColumnView& column, Part& part,
                                     std::optional<std::span<const uint32_t>> rows) {
  std::vector<float> all(column.size());
  read_numbers(column, all);
  const size_t count = rows ? rows->size() : all.size();
  for (size_t i = 0; i < count; ++i) {
    const float value = all[rows ? (*rows)[i] : i];
    if (std::isfinite(value) && value >= 0) {
      part.weight.push_back(value);
      continue;
    }
    return bad_weight(names_.weight, static_cast<double>(value));
  }
  return {};
}

Status RoleCollector::append_groups(const arrow::ColumnView& column, Part& part,
                                    std::optional<std::span<const uint32_t>> rows) {
  const size_t count = rows ? rows->size() : column.size();
  for (size_t i = 0; i < count; ++i) {
    const size_t row = rows ? (*rows)[i] : i;
    if (column.is_null(row)) {
      return fail(Code::kData, fmt::format("{} is NULL in a row: \"{}\"", kGroup, names_.group),
                  fmt::format("add WHERE {} IS NOT NULL", names_.group));
    }
    const auto next = static_cast<int32_t>(group_ids_.size());
    part.group.push_back(group_ids_.try_emplace(sinan::ml::group_key(column, row), next).first->second);
  }
  return {};
}

std::optional<uint64_t> RoleCollector::group_key(const arrow::Batch& batch, size_t row) const {
  if (!places_.group) return std::nullopt;
  const arrow::ColumnView column = batch.column(*places_.group);
  return column.is_null(row) ? 0 : sinan::ml::group_key(column, row);
}

void RoleCollector::put_groups_together(Part& part) {
  if (std::ranges::is_sorted(part.group)) return;
  part.order.resize(part.group.size());
  std::iota(part.order.begin(), part.order.end(), 0U);
  std::ranges::stable_sort(part.order, {}, [&](uint32_t row) { return part.group[row]; });
  reorder<int32_t>(part.order, part.group);
  reorder<float>(part.order, part.weight);
  reorder<float>(part.order, part.label_upper);
}

Status RoleCollector::finish(const LabelMap& label, const ClassWeights& weights, const ReadLabels& read_labels,
                             std::span<const size_t> rows) {
  CHECK(rows.size() == kParts);
  if (!weights.empty()) {
    std::vector<float> factors;
    for (const size_t part : {kTrainPart, kValidationPart}) {
      std::vector<float> labels(rows[part]);
      read_labels(part, labels);
      if (part == kTrainPart) factors = TRY(class_factors(label, weights, labels));
      std::vector<float>& weight = parts_[part].weight;
      if (weight.empty()) weight.assign(rows[part], 1.0F);
      for (size_t i = 0; i < labels.size(); ++i) weight[i] *= factors[static_cast<size_t>(labels[i])];
    }
  }
  const std::vector<float>& train = parts_[kTrainPart].weight;
  if (!train.empty() && std::ranges::all_of(train, [](float weight) { return weight == 0; })) {
    return fail(Code::kData, "the weights of all rows are 0", "a row with weight 0 is not learnt from");
  }
  for (Part& part : parts_) put_groups_together(part);
  return {};
}

}  // namespace sinan::ml
