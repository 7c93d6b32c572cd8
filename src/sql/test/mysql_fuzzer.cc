// Any bytes: the translator ends, its pieces cover its text in order, and places in it lead into the statement. Conversions of text
// to numbers, asked for at any place, keep that.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sql/mysql_dialect.h"

namespace {

void check(const sinan::sql::Translation& translation, size_t size) {
  uint32_t last = 0;
  for (const auto& piece : translation.pieces) {
    if (piece.begin != last || piece.end < piece.begin || piece.from.end > size || piece.from.begin > piece.from.end)
      std::abort();
    if (piece.copied && piece.end - piece.begin != piece.from.end - piece.from.begin) std::abort();
    last = piece.end;
  }
  if (last != translation.text.size()) std::abort();
  for (uint32_t at = 0; at <= translation.text.size(); at += 1 + at / 8) {
    const sinan::Span place = translation.original({at, at + 1});
    if (place.end > size || place.begin > place.end) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sinan::sql;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const sinan::Span whole{0, static_cast<uint32_t>(size)};
  auto translated = translate_mysql(text, whole);
  if (!translated) {
    if (translated.error().span && translated.error().span->end > size) std::abort();
    return 0;
  }
  Translation translation = *translated ? **translated : as_written(text, whole);
  check(translation, size);
  if (size == 0) return 0;
  const uint32_t place = data[0] % static_cast<uint32_t>(translation.text.size() + 1);
  for (const std::string_view message :
       {"no function takes these arguments: +(VARCHAR, VARCHAR)",
        "cannot compare values of type VARCHAR and type VARCHAR", "cannot mix values of type VARCHAR and INTEGER",
        "no function takes these arguments: sum(VARCHAR)"}) {
    for (int i = 0; i < 3; ++i) (void)mend_text_as_number(translation, message, {place, place + 1});
    check(translation, size);
  }
  return 0;
}
