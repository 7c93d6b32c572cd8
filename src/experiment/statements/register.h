#pragma once

namespace sinan::flow {
class Registry;
}

namespace sinan::experiment {

void register_experiment(flow::Registry& registry);

}  // namespace sinan::experiment
