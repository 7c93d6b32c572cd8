// What the evaluator asks of the machine that it runs on. The WebAssembly module has these functions from its page instead
// (sdk/javascript/core/module.cc), which keeps clocks and the tables of shortest decimals out of it.
#pragma once

#include <cstdint>
#include <string>

namespace sinan::experiment {

int64_t clock_micros();                 // since 1970, UTC
std::string double_text(double value);  // the shortest that reads back equal; in explanations only

}  // namespace sinan::experiment
