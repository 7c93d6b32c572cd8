#include "ml/exchange/export_model.h"

#include <fmt/format.h>

#include <algorithm>

#include "ml/exchange/onnx_model.h"
#include "ml/trees/lightgbm_model.h"
#include "ml/trees/xgboost_model.h"

namespace sinan::ml {

bool ExportModel::has_integer_classes() const { return package->label.type.is_integer(); }

Result<std::shared_ptr<const TreeEnsemble>> trees_of(const ModelPackage& package) {
  const FeatureSchema& features = package.plan.schema();
  if (package.library == "xgboost") return read_xgboost(package.native, features);
  if (package.library == "lightgbm") return read_lightgbm(package.native, features);
  if (package.library == "onnx") return read_onnx(package.native, features);
  return fail(Code::kUnsupported,
              fmt::format("only tree models can be written in this format, not those of {}", package.estimator),
              "FORMAT native exports every model");
}

Result<ExportModel> make_export_model(std::string name, const ModelPackage& package) {
  ExportModel model;
  model.name = std::move(name);
  model.package = &package;
  model.trees = TRY(trees_of(package));
  if (model.outputs() > 1 && !model.has_classes()) {
    return fail(Code::kUnsupported,
                fmt::format("several numbers a row cannot be written in this format: {}", package.objective),
                "FORMAT native exports every model");
  }
  for (const Transform& transform : package.plan.transforms()) {
    ExportFeature feature;
    feature.feature = transform.feature;
    feature.column = transform.column;
    switch (transform.kind) {
      case Transform::Kind::kNumber:
        break;
      case Transform::Kind::kVocabulary:
        feature.kind = ExportFeature::Kind::kCategory;
        feature.vocabulary = transform.vocabulary;
        feature.has_unseen_slot = transform.is_cut;
        break;
      case Transform::Kind::kYear:
      case Transform::Kind::kMonth:
      case Transform::Kind::kDay:
      case Transform::Kind::kWeekday:
      case Transform::Kind::kHour:
      case Transform::Kind::kMinute:
      case Transform::Kind::kEpoch:
        feature.kind = ExportFeature::Kind::kPart;
        feature.part = transform.kind;
        break;
      default:
        return fail(Code::kUnsupported,
                    fmt::format("this format cannot express how a feature is made: \"{}\"", transform.feature),
                    "FORMAT native exports every model; or compute the feature in the query that trains");
    }
    const auto input = std::ranges::find(package.plan.inputs(), transform.column, &arrow::Field::name);
    if (input != package.plan.inputs().end()) feature.type = input->type;
    model.features.push_back(std::move(feature));
  }
  for (const uint32_t index : model.trees->zero_missing) model.features[index].zero_is_missing = true;
  return model;
}

ExportedFile describe_export(const ExportModel& model, std::string_view format, Json inputs, Json outputs) {
  const ModelPackage& package = *model.package;
  const Json document = Json::object({
      {"format", "sinan export"},
      {"version", 1},
      {"written_as", format},
      {"model", model.name},
      {"estimator", package.estimator},
      {"objective", package.objective},
      {"task", to_string(package.task)},
      {"label", to_json(package.label)},
      {"statement", package.statement},
      {"inputs", std::move(inputs)},
      {"outputs", std::move(outputs)},
  });
  return {"export.json", document.dump_indented() + "\n"};
}

std::string shortest(float value) { return fmt::format("{}", value); }
std::string shortest(double value) { return fmt::format("{}", value); }

}  // namespace sinan::ml
