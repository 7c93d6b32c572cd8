// Json::parse never crashes on any bytes, and what it takes round-trips.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto parsed = sinan::Json::parse({reinterpret_cast<const char*>(data), size});
  if (!parsed) return 0;
  for (const auto& text : {parsed->dump(), parsed->dump_indented()}) {
    const auto again = sinan::Json::parse(text);
    if (!again || *again != *parsed) std::abort();
  }
  return 0;
}
