// The reader of what a program wrote, on any bytes: it answers rows or an error, and every value of the rows can be read.
#include <cstddef>
#include <cstdint>

#include "run/arrow_ipc.h"
#include "run/test/arrow_bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sinan;
  auto rows = run::read_arrow(std::make_unique<run::BytesFile>(std::string(reinterpret_cast<const char*>(data), size)));
  if (!rows) return 0;
  size_t bytes = 0;
  for (;;) {
    const auto batch = (*rows)->next();
    if (!batch || !*batch) break;
    for (size_t c = 0; c < (*batch)->columns(); ++c)
      for (size_t i = 0; i < (*batch)->rows(); ++i) bytes += (*batch)->column(c).to_text(i).size();
  }
  return bytes == SIZE_MAX ? 1 : 0;
}
