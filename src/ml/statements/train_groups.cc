#include "ml/statements/train_groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cmath>
#include <functional>
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
#include "ml/statements/train_resampled.h"

namespace sinan::ml {
namespace {

constexpr size_t kMostShown = 200;

// One group's rows, by their number in the held matrices.
struct Group {
  GroupValues values;
  std::vector<uint32_t> train;
  std::vector<uint32_t> validation;  // of the training matrix where a share is held out, else of validation.select
  std::string left_out;              // why
  std::string note;                  // what was found for it
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

// Trials are compared on rows of the group itself.
void leave_out_unvalidated(std::vector<Group>& groups) {
  for (Group& group : groups)
    if (group.left_out.empty() && group.validation.empty()) group.left_out = "left out: no rows to validate on";
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

// Those of groups without a model of their own, too.
Group all_rows(const std::vector<Group>& groups) {
  Group out;
  for (const Group& group : groups) {
    out.train.insert(out.train.end(), group.train.begin(), group.train.end());
    out.validation.insert(out.validation.end(), group.validation.begin(), group.validation.end());
  }
  std::ranges::sort(out.train);
  std::ranges::sort(out.validation);
  return out;
}

Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

// What the trials of a group found, or its folds.
std::string decision_text(const TrainRequest& request, const DecidedModel& decided) {
  if (const auto& tuned = decided.tuned) {
    const Trial& best = tuned->trials[tuned->best];
    const Candidate& candidate = request.candidates[best.candidate];
    const std::string point = best.point.empty() ? "" : candidate.space.to_text(best.point);
    const std::string estimator = request.candidates.size() > 1 ? candidate.estimator + " " : "";
    return fmt::format("{}{}: {} {:.4g}", estimator, point, tuned->metric, best.value());
  }
  return fmt::format("{} {:.4g} ({} folds)", decided.folds->metrics.back(), mean_of(decided.folds->values.back()),
                     decided.folds->rounds.size());
}

struct TrainedGroup {
  TrainedModel model;
  std::string note;
};

// Groups in parallel, each with one value for every attribute.
Result<std::vector<TrainedGroup>> train_each(const TrainRequest& request, DataSet& data, const HeldRows& held,
                                             const std::vector<Group*>& groups, const TrainingResources& resources,
                                             flow::RunContext& context,
                                             const std::function<std::string(const Group&)>& name) {
  const ThreadShare share = share_threads(context.threads(), groups.size());
  std::vector<std::optional<Result<TrainedModel>>> done(groups.size());
  std::atomic<size_t> finished = 0;
  std::atomic<bool> has_failed = false;
  Workers workers(share.at_once);
  workers.run(groups.size(), [&](size_t k) {
    if (has_failed || context.cancel().cancelled()) return;
    const Group& group = *groups[k];
    const auto rows = held.train.source(group.train);
    const auto held_out = group.validation.empty() ? nullptr
                          : held.validation        ? held.validation->source(group.validation)
                                                   : held.train.source(group.validation);
    QuietObserver observer(context, std::nullopt);
    const TrainingRows parts{data.plan(), data.label(), data.task(), data.classes(), *rows, held_out.get()};
    const TrainingResources own{
        resources.seed, share.each, resources.memory_bytes / share.at_once, {}, context.cancel()};
    done[k] = train_model(request, parts, own, observer);
    if (!*done[k]) has_failed = true;
    context.progress().fraction(static_cast<double>(++finished) / static_cast<double>(groups.size()));
  });
  TRY(context.cancel().check());
  std::vector<TrainedGroup> out;
  for (size_t k = 0; k < groups.size(); ++k) {
    if (!done[k]) continue;  // another one has failed
    if (!*done[k]) return fail(std::move(*done[k]).error()).within("group " + name(*groups[k]));
    out.push_back({std::move(**done[k]), {}});
  }
  return out;
}

// One group after another: the trials and folds of each are trained in parallel.
Result<std::vector<TrainedGroup>> decide_each(const TrainRequest& request, const HeldRows& held,
                                              const std::vector<Group*>& groups, const TrainingResources& resources,
                                              flow::RunContext& context,
                                              const std::function<std::string(const Group&)>& name) {
  std::vector<TrainedGroup> out;
  for (const Group* group : groups) {
    const auto decide = [&]() -> Result<DecidedModel> {
      const HeldRows rows = TRY(part_of(held, group->train, group->validation));
      QuietObserver observer(context, std::nullopt);
      return decide_and_train(request, rows, resources, observer, context);
    };
    auto decided = decide();
    if (!decided) return fail(std::move(decided).error()).within("group " + name(*group));
    if (decided->tuned && decided->tuned->journal) TRY(decided->tuned->journal->forget());
    out.push_back({std::move(decided->trained), decision_text(request, *decided)});
  }
  return out;
}

Json group_json(const Group& group, const ModelPackage* model, std::string& metric) {
  Json values = Json::array();
  for (const auto& value : group.values) values.push_back(value ? Json(*value) : Json(nullptr));
  Json out = Json::object({{"values", std::move(values)},
                           {"rows", static_cast<int64_t>(group.train.size())},
                           {"validation_rows", static_cast<int64_t>(group.validation.size())},
                           {"note", group.left_out.empty() ? group.note : group.left_out}});
  if (model == nullptr) return out;
  out.set("rounds", model->metrics.at("rounds"));
  out.set("train", number_or_null(last_metric(model->metrics, "train", metric)));
  out.set("validation", number_or_null(last_metric(model->metrics, "validation", metric)));
  return out;
}

}  // namespace

Result<GroupedModel> train_groups(const TrainRequest& asked, TrainingData read, const TrainingResources& resources,
                                  flow::RunContext& context) {
  GroupedModel out;
  TrainRequest request = asked;
  TRY(keep_usable(request, read.data.task(), out.messages));
  auto rows_held = hold_rows(read.data, read.fold_plan(request), resources.seed);
  if (!rows_held) return fail(std::move(rows_held).error()).at(request.folds.place);
  read.raw.reset();
  const HeldRows& held = *rows_held;
  std::vector<Group> groups = groups_of(read.marks);
  // Each fold has a row of the group, and leaves one.
  const uint64_t least = std::max<uint64_t>(request.least_group_rows, 2 * request.folds.count);
  leave_out_small(groups, held.train.label(), is_classification(read.data.task()), least);
  if (!request.candidates.empty() && request.folds.count == 0) leave_out_unvalidated(groups);
  std::vector<Group*> kept;
  for (Group& group : groups) {
    if (group.left_out.empty()) kept.push_back(&group);
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
  const auto name = [&](const Group& group) { return group_text(columns, group.values); };
  Group whole;
  if (request.group_fallback) {
    whole = all_rows(groups);
    kept.push_back(&whole);
  }
  std::vector<TrainedGroup> trained = request.resamples()
                                          ? TRY(decide_each(request, held, kept, resources, context, name))
                                          : TRY(train_each(request, read.data, held, kept, resources, context, name));
  std::vector<ModelPackage> models;
  std::set<std::string> warnings;
  for (size_t k = 0; k < kept.size(); ++k) {
    TrainedModel& model = trained[k].model;
    kept[k]->note = trained[k].note;
    if (kept[k] != &whole) out.trained.validation_rows += model.validation_rows;
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
  const size_t known_groups = known.groups.size();
  if (request.group_fallback) known.groups.emplace_back();
  ModelPackage& package = out.trained.package;
  package = models.front();
  package.library = kGroupLibrary;
  package.plan = read.data.plan().with_groups(std::move(known), read.marks.group_fields);
  package.rows = trained_rows;
  // What a search has found differs by group: the groups' rows tell it.
  if (!request.candidates.empty()) package.attributes = request.attributes.to_json();
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

  out.messages.push_back(fmt::format("{} groups by {}: {} models.", groups.size(), join(columns, ", "), known_groups));
  if (request.group_fallback)
    out.messages.emplace_back("Rows of groups without a model are predicted by a model of all rows (group.unknown).");
  if (known_groups < groups.size()) {
    const auto first = std::ranges::find_if(groups, [](const Group& g) { return !g.left_out.empty(); });
    out.messages.push_back(fmt::format("{}{} of the groups have no model of their own, the first is {}: {}.",
                                       request.group_fallback ? "" : "Warning: ", groups.size() - known_groups,
                                       group_text(columns, first->values), first->left_out));
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
