#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace sinan {

void check_failed(std::string_view condition, std::string_view file, int line) {
  std::fprintf(stderr, "sinan: internal error: check failed: %.*s at %.*s:%d\n", static_cast<int>(condition.size()),
               condition.data(), static_cast<int>(file.size()), file.data(), line);
  std::fflush(stderr);
  std::abort();
}

}  // namespace sinan
