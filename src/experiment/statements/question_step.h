// The step of a statement that asks something of the configuration and changes nothing.
#pragma once

#include <functional>
#include <memory>

#include "experiment/model.h"
#include "flow/step.h"

namespace sinan::experiment {

std::unique_ptr<flow::Step> make_question(std::function<Result<flow::Outcome>(const Configuration&)> answer);
// One that needs more than the configuration.
std::unique_ptr<flow::Step> make_catalog_question(
    std::function<Result<flow::Outcome>(const catalog::Catalog& catalog, const Clock& clock)> answer);

}  // namespace sinan::experiment
