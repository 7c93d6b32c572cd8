// Any bytes as a stream of events: read within the limits, however they are cut.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "experiment/client/event_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sinan::experiment;
  const std::string_view stream(reinterpret_cast<const char*>(data), size);
  EventReader whole;
  EventReader cut;
  const auto events = whole.add(stream);
  auto pieces = cut.add(stream.substr(0, size / 2));
  for (std::string& event : cut.add(stream.substr(size / 2))) pieces.push_back(std::move(event));
  if (events != pieces) std::abort();
  return 0;
}
