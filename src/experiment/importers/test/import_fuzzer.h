// What the fuzzers of all platforms do.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "experiment/bound.h"
#include "experiment/configuration_json.h"
#include "experiment/importers/import.h"

namespace sinan::experiment {

inline int fuzz_import(Platform platform, const uint8_t* data, size_t size) {
  const ImportOptions options{.prefix = "p.", .unit = "", .salt = "s", .defaults = {}};
  const auto imported = import_configuration(platform, {reinterpret_cast<const char*>(data), size}, options, {});
  if (!imported) return 0;
  Configuration configuration;
  if (!add_imported(*imported, configuration)) return 0;
  if (!bind(configuration)) return 0;
  const std::string text = to_json(configuration).dump();
  const auto again = configuration_from_json(text);
  if (!again || to_json(*again).dump() != text) std::abort();
  if (!bind(*again)) std::abort();
  return 0;
}

}  // namespace sinan::experiment
