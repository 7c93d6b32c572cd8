#include "ml/exchange/foreign_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "ml/exchange/onnx_model.h"

namespace sinan::ml {
namespace {

std::string_view as_text(std::span<const std::byte> file) {
  return {reinterpret_cast<const char*>(file.data()), file.size()};
}

Result<ForeignModel> inspect_onnx_file(std::span<const std::byte> file) {
  OnnxSignature signature = TRY(inspect_onnx(file));
  ForeignModel out;
  out.estimator = "onnx.trees";
  out.library = "onnx";
  out.library_version = signature.producer;
  out.native_name = "model.onnx";
  out.objective = signature.objective;
  out.task = signature.task;
  out.classes = std::move(signature.classes);
  out.class_count = out.classes.size();
  out.integer_classes = signature.integer_classes;
  for (OnnxSignature::Input& input : signature.inputs)
    out.features.push_back({std::move(input.name), input.is_text, std::move(input.vocabulary), input.has_unseen_slot});
  return out;
}

Failure wrong_count(std::string_view what, size_t given, size_t wanted) {
  return fail(Code::kArgument,
              fmt::format("{} given do not fit the file: {} given, the file has {}", what, given, wanted));
}

// Names of features: the user's, the file's, or f0, f1, ..
Status name_features(ForeignModel& model, const ForeignNames& names) {
  if (!names.columns.empty()) {
    if (names.columns.size() != model.features.size())
      return wrong_count("columns", names.columns.size(), model.features.size());
    for (size_t i = 0; i < names.columns.size(); ++i) model.features[i].name = names.columns[i];
  }
  std::set<std::string> taken;
  for (size_t i = 0; i < model.features.size(); ++i) {
    std::string& name = model.features[i].name;
    if (name.empty()) name = fmt::format("f{}", i);
    if (!taken.insert(to_lower(name)).second) {
      return fail(Code::kArgument, fmt::format("two features have one name: \"{}\"", name),
                  "name the columns: WITH columns=[\"..\", \"..\"]");
    }
  }
  return {};
}

Result<LabelMap> label_of(const ForeignModel& model, const ForeignNames& names) {
  LabelMap label;
  label.column = names.label.empty() ? "label" : names.label;
  const bool has_classes = model.task == Task::kBinary || model.task == Task::kMulticlass;
  if (!has_classes) {
    if (!names.classes.empty()) return fail(Code::kArgument, "classes given for a model that predicts a number");
    label.kind = LabelMap::Kind::kNumber;
    label.type = arrow::Type(arrow::TypeId::kDouble);
    return label;
  }
  label.kind = LabelMap::Kind::kClasses;
  label.type = arrow::Type(model.integer_classes ? arrow::TypeId::kInt64 : arrow::TypeId::kString);
  label.classes = model.classes;
  if (!names.classes.empty()) {
    if (names.classes.size() != model.class_count)
      return wrong_count("classes", names.classes.size(), model.class_count);
    label.classes = names.classes;
    label.type = arrow::Type(arrow::TypeId::kString);
  }
  for (size_t i = label.classes.size(); i < model.class_count; ++i) label.classes.push_back(fmt::format("{}", i));
  const std::set<std::string> distinct(label.classes.begin(), label.classes.end());
  if (distinct.size() != label.classes.size()) return fail(Code::kArgument, "two classes have one name");
  return label;
}

FeaturePlan plan_of(const ForeignModel& model) {
  std::vector<Transform> transforms;
  std::vector<arrow::Field> inputs;
  for (const ForeignFeature& feature : model.features) {
    Transform transform;
    transform.column = transform.feature = feature.name;
    if (feature.is_category) {
      transform.kind = Transform::Kind::kVocabulary;
      transform.vocabulary = feature.vocabulary;
      transform.is_cut = feature.has_unseen_slot;
    }
    inputs.push_back(
        {feature.name, arrow::Type(feature.is_category ? arrow::TypeId::kString : arrow::TypeId::kDouble), true});
    transforms.push_back(std::move(transform));
  }
  return {std::move(transforms), std::move(inputs)};
}

}  // namespace

Result<ForeignModel> inspect_foreign(std::span<const std::byte> file) {
  const std::string_view text = as_text(file);
  if (text.starts_with('{')) return inspect_xgboost(file);
  if (text.starts_with("tree\n") || text.starts_with("tree\r\n")) return inspect_lightgbm(file);
  // ir_version, the first field of an ONNX file.
  if (text.starts_with('\x08')) return inspect_onnx_file(file);
  if (text.starts_with("binf") || text.starts_with("bs64")) {
    return fail(Code::kUnsupported, "XGBoost's old binary format cannot be read",
                "save the model as JSON or UBJSON: model.save_model(\"model.json\")");
  }
  return fail(Code::kData, "the file holds no model of a known format",
              "XGBoost's JSON or UBJSON, LightGBM's text, ONNX, or a folder that EXPORT MODEL .. FORMAT native made");
}

Result<ModelPackage> make_package(ForeignModel model, const ForeignNames& names, std::span<const std::byte> file) {
  TRY(name_features(model, names));
  ModelPackage package;
  package.label = TRY(label_of(model, names));
  package.plan = plan_of(model);
  package.estimator = std::move(model.estimator);
  package.library = std::move(model.library);
  package.library_version = std::move(model.library_version);
  package.task = model.task;
  package.objective = std::move(model.objective);
  package.attributes = Json::object();
  package.metrics = Json::object({{"rounds", 0}, {"train", Json::object()}, {"validation", Json::object()}});
  package.native.assign(file.begin(), file.end());
  package.native_name = std::move(model.native_name);
  return package;
}

}  // namespace sinan::ml
