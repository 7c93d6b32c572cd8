#include "ml/statements/cluster_table.h"

#include <algorithm>

#include "base/strings.h"
#include "ml/predictions.h"
#include "ml/statements/model_query.h"
#include "ml/statements/predict_in_engine.h"

namespace sinan::ml {
namespace {

constexpr std::string_view kAttribute = "idx_table_name";
constexpr std::string_view kCluster = "cluster_index";

PredictionOptions options() {
  PredictionOptions out;
  out.target = kCluster;
  out.extra = {ExtraOutput::kDistance};
  return out;
}

// All columns but those that are added.
std::vector<size_t> kept(const arrow::Schema& columns, const std::vector<arrow::Field>& added) {
  std::vector<size_t> keep;
  for (size_t i = 0; i < columns.size(); ++i) {
    const bool replaced = std::ranges::any_of(
        added, [&](const arrow::Field& field) { return equals_ignore_case(field.name, columns[i].name); });
    if (!replaced) keep.push_back(i);
  }
  return keep;
}

}  // namespace

Result<std::optional<ClusterTable>> check_cluster_table(const TrainRequest& request,
                                                        const std::optional<arrow::Schema>& columns,
                                                        flow::CheckContext& context) {
  if (request.trainer == nullptr) return std::nullopt;  // TO TRAIN auto
  const auto specs = request.trainer->attributes(request.estimator);
  const bool is_known = std::ranges::any_of(specs, [](const AttributeSpec& spec) { return spec.name == kAttribute; });
  if (!is_known || !request.attributes.given(kAttribute)) return std::nullopt;
  const std::string name = request.attributes.string(kAttribute);
  if (trim(name).empty()) return std::nullopt;
  ClusterTable out;
  out.place = request.attributes.span(kAttribute).value_or(Span{});
  out.table = TRY(target_table({name, out.place}));
  std::optional<arrow::Schema> schema;
  if (columns) {
    const auto added = prediction_fields(Task::kClustering, LabelMap(), options(), FeatureSchema());
    schema.emplace();
    for (const size_t i : kept(*columns, added)) schema->fields.push_back((*columns)[i]);
    for (const arrow::Field& field : added) schema->fields.push_back(field);
  }
  out.ref = TRY(context.will_write_table(name, schema, out.place));
  return out;
}

Result<int64_t> write_cluster_table(const ClusterTable& table, const TrainRequest& request, const ModelPackage& package,
                                    flow::RunContext& context) {
  engine::FunctionHost* functions = context.engine().functions();
  if (functions == nullptr) {
    return fail(Code::kUnsupported, "idx_table_name needs an engine that runs our functions",
                "train without it, then write the clusters with TO PREDICT")
        .at(table.place);
  }
  context.progress().stage("writing clusters");
  ModelQuery query;
  query.query = request.query;
  query.place = request.query_place;
  OpenModelQuery open;
  open.model = TRY(Model::make(package));
  open.columns = std::make_shared<const arrow::Schema>(TRY(context.session().describe(request.query)));
  open.binding = TRY(package.plan.bind(*open.columns));
  const auto added = prediction_fields(Task::kClustering, LabelMap(), options(), FeatureSchema());
  return predict_in_engine(*functions, query, open, options(), kept(*open.columns, added), table.table, context);
}

}  // namespace sinan::ml
