// The reader of configurations never crashes on any bytes; what it takes has a canonical form that reads back to itself.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "experiment/bound.h"
#include "experiment/configuration_json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sinan::experiment;
  const auto read = configuration_from_json({reinterpret_cast<const char*>(data), size});
  if (!read) return 0;
  const std::string text = to_json(*read).dump();
  const auto again = configuration_from_json(text);
  if (!again || to_json(*again).dump() != text) std::abort();
  static_cast<void>(bind(*read));
  return 0;
}
