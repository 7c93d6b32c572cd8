// The statements of this folder read Sinan's own records and nothing else: one Step made of a function.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "flow/step.h"

namespace sinan::flow {

// `run` gives the tables and messages; it may use the catalog of its context, not its session. It runs after the earlier
// steps of its program that write one of `reads`.
std::unique_ptr<Step> make_record_step(std::function<Result<Outcome>(RunContext&)> run,
                                       std::vector<ObjectRef> reads = {});

}  // namespace sinan::flow
