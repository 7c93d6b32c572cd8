// Whether a server answers at an address, within a time: the libraries behind DuckDB's extensions wait much longer, or for ever.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/error.h"

namespace sinan::io {

// Connects and closes. `speaks_first`: waits for the server's first byte too, which MySQL sends unasked.
// Errors: kUnavailable, with the reason.
Status reach(const std::string& host, uint16_t port, bool speaks_first, std::chrono::milliseconds patience);

}  // namespace sinan::io
