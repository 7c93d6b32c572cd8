#include "ml/statements/train_groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "arrow/builder.h"
#include "base/strings.h"
#include "ml/data_workers.h"
#include "ml/group_model.h"
#include "ml/held_matrix.h"
#include "ml/model_object.h"
#include "ml/resampling.h"

namespace sinan::ml {
namespace {

constexpr size_t kMostShown = 200;

// One group's rows, by their number in the held matrices.
struct Group {
  GroupValues values;
  std::vector<uint32_t> train;
  std::vector<uint32_t> validation;  // of the training matrix where a share is held out, else of validation.select
  std::string left_out;              // why
};

std::optional<double> number_of(const std::optional<std::string>& text) {
  double value = 0;
  if (!text) return std::nullopt;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
  return value;
}

// Numbers ascend, other values by their text, NULL last.
bool comes_before(const GroupValues& a, const GroupValues& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i]) continue;
    if (!a[i] || !b[i]) return a[i].has_value();
    const auto x = number_of(a[i]);
    const auto y = number_of(b[i]);
    if (x && y && *x != *y) return *x < *y;
    return *a[i] < *b[i];
  }
  return false;
}

std::vector<Group> groups_of(const RowMarks& read) {
  std::vector<Group> groups(read.groups.groups().size());
  for (size_t g = 0; g < groups.size(); ++g) groups[g].values = read.groups.groups()[g];
  for (uint32_t row = 0; row < read.row_groups.size(); ++row) {
    Group& group = groups[static_cast<size_t>(read.row_groups[row])];
    const bool is_held = !read.is_held.empty() && read.is_held[row] != 0;
    (is_held ? group.validation : group.train).push_back(row);
  }
  for (uint32_t row = 0; row < read.validation_groups.size(); ++row) {
    // Rows of a group without training rows have no model to validate.
    if (read.validation_groups[row] >= 0)
      groups[static_cast<size_t>(read.validation_groups[row])].validation.push_back(row);
  }
  std::ranges::sort(groups, comes_before, &Group::values);
  return groups;
}

void leave_out_small(std::vector<Group>& groups, std::span<const float> label, bool is_classes, size_t least) {
  for (Group& group : groups) {
    if (group.train.size() < least) {
      group.left_out = fmt::format("left out: fewer than {} rows (group.min_rows)", least);
    } else if (is_classes &&
               std::ranges::all_of(group.train, [&](uint32_t row) { return label[row] == label[group.train[0]]; })) {
      group.left_out = "left out: one class only";
    }
  }
}

double last_metric(const Json& metrics, std::string_view part, std::string& name) {
  const auto& members = metrics.at(part).members();
  if (members.empty()) return std::numeric_limits<double>::quiet_NaN();
  name = members.back().first;
  const auto& values = members.back().second.items();
  const auto best = static_cast<size_t>(std::max<int64_t>(0, metrics.at("best_round").as_int().value_or(0)));
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  return values[std::min(best, values.size() - 1)].as_double().value_or(std::numeric_limits<double>::quiet_NaN());
}

Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json group_json(const Group& group, const ModelPackage* model, std::string& metric) {
  Json values = Json::array();
  for (const auto& value : group.values) values.push_back(value ? Json(*value) : Json(nullptr));
  Json out = Json::object({{"values", std::move(values)},
                           {"rows", static_cast<int64_t>(group.train.size())},
                           {"validation_rows", static_cast<int64_t>(group.validation.size())},
                           {"note", group.left_out}});
  if (model == nullptr) return out;
  out.set("rounds", model->metrics.at("rounds"));
  out.set("train", number_or_null(last_metric(model->metrics, "train", metric)));
  out.set("validation", number_or_null(last_metric(model->metrics, "validation", metric)));
  return out;
}

}  // namespace

Result<GroupedModel> train_groups(const TrainRequest& request, TrainingData read, const TrainingResources& resources,
                                  flow::RunContext& context) {
  const HeldMatrix train = TRY(HeldMatrix::read(read.data.train()));
  std::optional<HeldMatrix> selected;
  if (read.data.validation() != nullptr) selected = TRY(HeldMatrix::read(*read.data.validation()));
  std::vector<Group> groups = groups_of(read.marks);
  leave_out_small(groups, train.label(), is_classification(read.data.task()), request.least_group_rows);
  std::vector<size_t> kept;
  for (size_t g = 0; g < groups.size(); ++g) {
    if (groups[g].left_out.empty()) kept.push_back(g);
  }
  std::vector<std::string> columns;
  for (const sql::Name& name : request.clause.group_by) columns.push_back(name.text);
  if (kept.empty()) {
    return fail(Code::kData,
                fmt::format("no group has enough rows: the first is {}, {} rows",
                            group_text(columns, groups.front().values), groups.front().train.size()),
                groups.front().left_out)
        .at(request.clause.group_by.front().span);
  }

  context.progress().stage("training groups");
  const ThreadShare share = share_threads(context.threads(), kept.size());
  std::vector<std::optional<Result<TrainedModel>>> done(kept.size());
  std::atomic<size_t> finished = 0;
  std::atomic<bool> has_failed = false;
  Workers workers(share.at_once);
  workers.run(kept.size(), [&](size_t k) {
    if (has_failed || context.cancel().cancelled()) return;
    const Group& group = groups[kept[k]];
    const auto rows = train.source(group.train);
    const auto held_out = group.validation.empty() ? nullptr
                          : selected               ? selected->source(group.validation)
                                                   : train.source(group.validation);
    QuietObserver observer(context, std::nullopt);
    const TrainingRows parts{read.data.plan(), read.data.label(), read.data.task(), read.data.classes(), *rows,
                             held_out.get()};
    const TrainingResources own{resources.seed, share.each, resources.memory_bytes / share.at_once};
    done[k] = train_model(request, parts, own, observer);
    if (!*done[k]) has_failed = true;
    context.progress().fraction(static_cast<double>(++finished) / static_cast<double>(kept.size()));
  });
  TRY(context.cancel().check());

  GroupedModel out;
  std::vector<ModelPackage> models;
  std::set<std::string> warnings;
  for (size_t k = 0; k < kept.size(); ++k) {
    if (!done[k]) continue;  // another one has failed
    if (!*done[k])
      return fail(std::move(*done[k]).error()).within("group " + group_text(columns, groups[kept[k]].values));
    TrainedModel& model = **done[k];
    out.trained.validation_rows += model.validation_rows;
    warnings.insert(model.warnings.begin(), model.warnings.end());
    models.push_back(std::move(model.package));
  }
  out.trained.warnings.assign(warnings.begin(), warnings.end());

  std::string metric;
  Json rows = Json::array();
  RowGroups known{columns, {}};
  uint64_t trained_rows = 0;
  size_t next = 0;
  for (const Group& group : groups) {
    const bool is_kept = group.left_out.empty();
    rows.push_back(group_json(group, is_kept ? &models[next] : nullptr, metric));
    if (!is_kept) continue;
    known.groups.push_back(group.values);
    trained_rows += models[next++].rows;
  }
  ModelPackage& package = out.trained.package;
  package = models.front();
  package.library = kGroupLibrary;
  package.plan = read.data.plan().with_groups(std::move(known), read.marks.group_fields);
  package.rows = trained_rows;
  package.importance.clear();
  package.calibration = Calibration();  // of one group it says nothing about the others
  package.baseline = Baseline();
  package.native = pack_group_models(models);
  package.native_name = "groups.bin";
  Json names = Json::array();
  for (const std::string& column : columns) names.push_back(column);
  package.metrics = Json::object({});
  package.metrics.set("groups",
                      Json::object({{"columns", std::move(names)}, {"metric", metric}, {"rows", std::move(rows)}}));

  out.messages.push_back(fmt::format("{} groups by {}: {} models.", groups.size(), join(columns, ", "), models.size()));
  if (kept.size() < groups.size()) {
    const auto first = std::ranges::find_if(groups, [](const Group& g) { return !g.left_out.empty(); });
    out.messages.push_back(fmt::format("Warning: {} of the groups have no model, the first is {}: {}.",
                                       groups.size() - kept.size(), group_text(columns, first->values),
                                       first->left_out));
  }
  return out;
}

std::vector<flow::ResultTable> group_tables(const Json& metrics) {
  std::vector<flow::ResultTable> out;
  const Json* groups = metrics.find("groups");
  if (groups == nullptr) return out;
  const auto& columns = groups->at("columns").items();
  const auto& rows = groups->at("rows").items();
  const std::string metric(groups->at("metric").string_view());
  std::vector<arrow::Field> fields;
  for (const Json& column : columns) fields.push_back({std::string(column.string_view()), arrow::string_type()});
  const size_t first = fields.size();
  for (const std::string& name : {std::string("rows"), std::string("validation_rows"), std::string("rounds")})
    fields.push_back({name, arrow::int64_type()});
  fields.push_back({"train " + metric, arrow::double_type()});
  fields.push_back({"validation " + metric, arrow::double_type()});
  fields.push_back({"note", arrow::string_type()});
  arrow::BatchBuilder table(std::move(fields));
  for (size_t i = 0; i < std::min(rows.size(), kMostShown); ++i) {
    const Json& row = rows[i];
    for (size_t c = 0; c < first; ++c) {
      const Json& value = row.at("values").items()[c];
      if (value.is_null()) {
        table.column(c).append_null();
      } else {
        table.column(c).append(value.string_view());
      }
    }
    size_t next = first;
    for (const std::string_view name : {"rows", "validation_rows", "rounds"}) {
      const auto value = row.at(name).as_int();
      if (value) {
        table.column(next++).append(*value);
      } else {
        table.column(next++).append_null();
      }
    }
    for (const std::string_view name : {"train", "validation"}) {
      const auto value = row.at(name).as_double();
      if (value) {
        table.column(next++).append(*value);
      } else {
        table.column(next++).append_null();
      }
    }
    table.column(next).append(row.at("note").string_view());
  }
  out.push_back(
      {rows.size() > kMostShown ? fmt::format("Groups (the first {} of {})", kMostShown, rows.size()) : "Groups",
       table.finish()});
  return out;
}

}  // namespace sinan::ml
