// The file of the last known good snapshot: its bytes as they are. Written beside, synced and renamed, so that a crash leaves
// the old one or the new one. What it leaves beside is removed by the first write that comes a minute later. Errors: kNotFound, kPermission,
// kExhausted, kIo, with the path last.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"

namespace sinan::experiment {

Result<std::vector<std::byte>> read_snapshot_file(const std::string& path);
Status write_snapshot_file(const std::string& path, std::span<const std::byte> bytes);

}  // namespace sinan::experiment
