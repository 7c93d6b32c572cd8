// From a configuration to the block of memory that the evaluator reads. Deterministic: equal configurations give equal bytes.
// Only running experiments are in it.
//
//     std::vector<std::byte> bytes = compile(TRY(bind(configuration)), configuration.version);
//     auto snapshot = TRY(Snapshot::load(bytes));
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "experiment/bound.h"

namespace sinan::experiment {

std::vector<std::byte> compile(const Bound& bound, uint64_t version);

}  // namespace sinan::experiment
