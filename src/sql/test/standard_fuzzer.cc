// Any bytes: analysis ends without recursing too deeply; what is unknown is a barrier; spans lie within the text.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "sql/analyze.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sinan::sql;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  Analysis analysis = analyze(text, EmptyScope());
  if (analysis.unknown && (!analysis.access.barrier || analysis.unknown->span.end > size)) std::abort();
  if (analysis.query && (analysis.query->begin > analysis.query->end || analysis.query->end > size)) std::abort();
  if (!std::ranges::is_sorted(analysis.access.reads) || !std::ranges::is_sorted(analysis.access.writes)) std::abort();
  return 0;
}
