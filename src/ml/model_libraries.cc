#include "ml/model_libraries.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "ml/group_model.h"
#include "ml/native/trainer.h"
#include "ml/trees/double_sum.h"
#include "ml/trees/explainer.h"
#include "ml/trees/lightgbm_model.h"
#include "ml/trees/predictor.h"
#include "ml/trees/xgboost_model.h"
#include "ml/trees/zero_missing.h"

namespace sinan::ml {
namespace {

OpenedModel from_trees(std::unique_ptr<Predictor> predictor, const std::shared_ptr<const TreeEnsemble>& trees) {
  return {with_zero_missing(std::move(predictor), trees), with_zero_missing(make_explainer(trees), trees)};
}

Result<OpenedModel> open_xgboost(const ModelPackage& package) {
  const auto trees = TRY(read_xgboost(package.native, package.plan.schema()));
  return from_trees(make_predictor(trees), trees);
}

Result<OpenedModel> open_lightgbm(const ModelPackage& package) {
  const auto trees = TRY(read_lightgbm(package.native, package.plan.schema()));
  // It adds leaves in double.
  return from_trees(make_double_sum_predictor(trees), trees);
}

struct Library {
  std::string_view name;
  Result<OpenedModel> (*open)(const ModelPackage&);
};

constexpr Library kLibraries[] = {
    {"xgboost", open_xgboost},
    {"lightgbm", open_lightgbm},
    {kGroupLibrary, open_group_model},
    {native::kLibrary, native::open},
};

}  // namespace

Result<OpenedModel> open_native(const ModelPackage& package) {
  const auto found = std::ranges::find(kLibraries, package.library, &Library::name);
  if (found != std::end(kLibraries)) return found->open(package);
  return fail(Code::kUnsupported,
              fmt::format("model needs a library that is not available in this build: \"{}\"", package.library));
}

}  // namespace sinan::ml
