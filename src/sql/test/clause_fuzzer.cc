// Any bytes: parsing ends, an error has its place, and what parses prints and parses to the same again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "sql/clause.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sinan::sql;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto clause = parse_clause(text, {0, static_cast<uint32_t>(size)});
  if (!clause) {
    if (!clause.error().span || clause.error().span->end > size) std::abort();
    return 0;
  }
  std::string printed = to_string(*clause);
  auto again = parse_clause(printed, {0, static_cast<uint32_t>(printed.size())});
  if (!again || !(*again == *clause) || to_string(*again) != printed) std::abort();
  return 0;
}
