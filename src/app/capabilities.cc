#include "app/capabilities.h"

#include "app/server/capability_routes.h"
#include "experiment/api/routes.h"
#include "experiment/ofrep/routes.h"
#include "experiment/statements/register.h"
#include "flow/statements/register.h"
#include "ml/lightgbm/trainer.h"
#include "ml/native/trainer.h"
#include "ml/native/tree_estimators.h"
#include "ml/series/trainer.h"
#include "ml/trainer.h"
#include "ml/xgboost/trainer.h"
#include "profile/register.h"
#include "run/register.h"
#include "solve/register.h"

namespace sinan::app {

void register_capabilities(flow::Registry& registry) {
  flow::register_flow(registry);

  ml::Trainers trainers;
  trainers.push_back(ml::xgboost::make_trainer());
  trainers.push_back(ml::lightgbm::make_trainer());
  trainers.push_back(ml::native::make_trainer());
  trainers.push_back(ml::native::make_tree_trainer(ml::xgboost::make_trainer()));
  trainers.push_back(ml::make_series_trainer());
  ml::register_ml(registry, std::move(trainers));
  experiment::register_experiment(registry);
  profile::register_profile(registry);
  run::register_run(registry);
  solve::register_solve(registry);
}

void add_capability_routes(net::Router& router, const flow::ServeContext& context) {
  experiment::add_experiment_routes(router, context);
  experiment::add_configuration_routes(router, context);
}

}  // namespace sinan::app
