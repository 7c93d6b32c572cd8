// What bindings of other languages ask for in one call: a value with all that is known about it, written into the caller's memory. The
// C interface and the WebAssembly module are made of these functions. Pure but for the access counters; answer() allocates only
// for contexts with lists.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "experiment/evaluator/evaluate.h"
#include "experiment/evaluator/sinan_experiment.h"

namespace sinan::experiment {

// `type` is a sinan_type or SINAN_TYPE_ANY. Fills `out`, writes the texts one behind the other into `texts`, and answers the bytes
// that they need: when that is more than there are, they are cut and the caller asks again (with kPrefetch: the access has
// been counted).
size_t answer(const Snapshot& snapshot, std::string_view parameter, int32_t type, std::span<const std::byte> context,
              Access access, std::span<char> texts, sinan_answer& out);

// A line for each decision, and the names of all parameters, a line each; both answer the bytes they need.
size_t explain_into(const Snapshot& snapshot, std::string_view parameter, const Context& context, std::span<char> out);
size_t explain_into(const Snapshot& snapshot, std::string_view parameter, std::span<const std::byte> context,
                    std::span<char> out);
size_t parameters_into(const Snapshot& snapshot, std::span<char> out);

// Of a value that was fetched ahead; nothing when the parameter is unknown.
void count_access(const Snapshot& snapshot, std::string_view parameter);

}  // namespace sinan::experiment
