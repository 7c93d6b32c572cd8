// Any bytes as a model's manifest: an error or a package, never anything else.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ml/model.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto package = sinan::ml::parse_model_manifest({reinterpret_cast<const char*>(data), size});
  // What was read can be written and read again.
  if (package) {
    const auto again = sinan::ml::FeaturePlan::from_json(package->plan.to_json());
    if (!again || again->schema() != package->plan.schema()) __builtin_trap();
  }
  return 0;
}
