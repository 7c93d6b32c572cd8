// Whatever bytes a snapshot has, it is refused, or everything in it can be evaluated. The checksum is mended first: otherwise
// nothing would get behind it.
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "experiment/evaluator/evaluate.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sinan::experiment;
  std::vector<std::byte> bytes(size);
  if (size != 0) std::memcpy(bytes.data(), data, size);
  if (size >= sizeof(format::Header)) {
    format::Header header;
    std::memcpy(&header, bytes.data(), sizeof(header));
    header.checksum = snapshot_checksum(bytes);
    std::memcpy(bytes.data(), &header, sizeof(header));
  }
  const auto snapshot = Snapshot::load(bytes);
  if (!snapshot) return 0;
  Context context;
  context.set("user_id", "u42").set("city", "San Francisco").set("app_version", "3.4.1").set("age", 3);
  for (const format::Parameter& parameter : (*snapshot)->parameters()) {
    const std::string_view name = (*snapshot)->text(parameter.name);
    evaluate(**snapshot, name, context);
    explain(**snapshot, name, context);
  }
  return 0;
}
