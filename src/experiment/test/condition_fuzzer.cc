// Conditions never crash on any bytes; what is read prints to text that reads back equal, and binds or fails.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "experiment/bind_condition.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sinan::experiment;
  const auto parsed = parse_condition({reinterpret_cast<const char*>(data), size});
  if (!parsed) return 0;
  const auto again = parse_condition(to_text(*parsed));
  if (!again || *again != *parsed) std::abort();
  Configuration configuration;
  if (!infer_attributes(*parsed, configuration)) return 0;
  configuration.segments.push_back({"fuzzed", *parsed});
  static_cast<void>(bind(configuration));
  return 0;
}
