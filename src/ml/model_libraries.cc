#include "ml/model_libraries.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string_view>

#include "ml/exchange/onnx_model.h"
#include "ml/group_model.h"
#include "ml/native/trainer.h"
#include "ml/series/forecast_report.h"
#include "ml/series/forecaster.h"
#include "ml/trees/double_sum.h"
#include "ml/trees/explainer.h"
#include "ml/trees/lightgbm_model.h"
#include "ml/trees/linear_model.h"
#include "ml/trees/predictor.h"
#include "ml/trees/sparse_features.h"
#include "ml/trees/xgboost_model.h"
#include "ml/trees/zero_missing.h"

namespace sinan::ml {
namespace {

// `absent`: what a sparse feature that a row does not list is to the library.
OpenedModel from_trees(std::unique_ptr<Predictor> predictor, const std::shared_ptr<const TreeEnsemble>& trees,
                       float absent) {
  const std::vector<bool> used = used_features(*trees);
  return {with_sparse_features(with_zero_missing(std::move(predictor), trees), trees->features, used, absent),
          with_sparse_features(with_zero_missing(make_explainer(trees), trees), trees->features, used, absent)};
}

Result<OpenedModel> open_xgboost(const ModelPackage& package) {
  const XgboostModel model = TRY(read_xgboost_model(package.native, package.plan.schema()));
  constexpr float kAbsent = std::numeric_limits<float>::quiet_NaN();
  if (model.linear != nullptr) {
    const FeatureSchema& features = package.plan.schema();
    const std::vector<bool> all(features.size(), true);
    return OpenedModel{with_sparse_features(make_linear_predictor(model.linear), features, all, kAbsent),
                       with_sparse_features(make_linear_explainer(model.linear), features, all, kAbsent)};
  }
  return from_trees(make_predictor(model.trees), model.trees, kAbsent);
}

Result<OpenedModel> open_lightgbm(const ModelPackage& package) {
  const auto trees = TRY(read_lightgbm(package.native, package.plan.schema()));
  // It adds leaves in double.
  return from_trees(make_double_sum_predictor(trees), trees, 0);
}

Result<OpenedModel> open_onnx(const ModelPackage& package) {
  const auto trees = TRY(read_onnx(package.native, package.plan.schema()));
  OpenedModel opened = from_trees(make_predictor(trees), trees, 0);
  if (!has_covers(*trees)) opened.explainer.reset();
  return opened;
}

Result<OpenedModel> open_series(const ModelPackage& package) {
  const std::string_view text(reinterpret_cast<const char*>(package.native.data()), package.native.size());
  auto forecaster = std::make_shared<const series::Forecaster>(TRY(series::forecaster_from_json(text)));
  const series::SeriesColumns& columns = forecaster->columns;
  std::vector<std::string> names = {columns.time};
  names.insert(names.end(), columns.groups.begin(), columns.groups.end());
  names.insert(names.end(), columns.regressors.begin(), columns.regressors.end());
  if (package.task != Task::kForecast ||
      !std::ranges::equal(names, package.plan.inputs(), {}, {}, &arrow::Field::name)) {
    return fail(Code::kData, "the model's series do not fit its columns");
  }
  OpenedModel out;
  out.tables = [series = forecaster.get()] { return std::vector{series_table(*series)}; };
  out.forecaster = std::move(forecaster);
  return out;
}

struct Library {
  std::string_view name;
  Result<OpenedModel> (*open)(const ModelPackage&);
};

constexpr Library kLibraries[] = {
    {"xgboost", open_xgboost},        {"lightgbm", open_lightgbm},   {kGroupLibrary, open_group_model},
    {native::kLibrary, native::open}, {"sinan.series", open_series}, {"onnx", open_onnx},
};

}  // namespace

Result<OpenedModel> open_native(const ModelPackage& package) {
  const auto found = std::ranges::find(kLibraries, package.library, &Library::name);
  if (found != std::end(kLibraries)) {
    OpenedModel opened = TRY(found->open(package));
    // What does not know sparse features sees plain ones.
    const FeatureSchema& features = package.plan.schema();
    const bool knows_sparse = package.library == "xgboost" || package.library == "lightgbm";
    if (knows_sparse) return opened;
    // What is absent differs from model to model of a group.
    const auto sparse = std::ranges::find(features.features, true, &Feature::is_sparse);
    if (package.library == kGroupLibrary && sparse != features.features.end()) {
      return fail(Code::kUnsupported, fmt::format("models of groups take no sparse vector: \"{}\"", sparse->column),
                  fmt::format("CATEGORY_HASH into {} classes at most", FeatureFunction::kMostPlainFeatures));
    }
    const std::vector<bool> all(features.size(), true);
    opened.predictor = with_sparse_features(std::move(opened.predictor), features, all, 0);
    if (opened.explainer) opened.explainer = with_sparse_features(std::move(opened.explainer), features, all, 0);
    return opened;
  }
  return fail(Code::kUnsupported,
              fmt::format("model needs a library that is not available in this build: \"{}\"", package.library));
}

}  // namespace sinan::ml
