// Any bytes: the lexer ends, its tokens lie in order within the text, and values can be taken of all of them.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "sql/lexer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sinan::sql;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  for (Lexing lexing : {Lexing::kStandard, Lexing::kClause}) {
    auto tokens = lex(text, {0, static_cast<uint32_t>(size)}, lexing);
    if (!tokens) {
      if (!tokens.error().span || tokens.error().span->end > size) std::abort();
      continue;
    }
    uint32_t last = 0;
    for (const Token& token : *tokens) {
      if (token.span.begin < last || token.span.end < token.span.begin || token.span.end > size) std::abort();
      if (token.kind != TokenKind::kEnd && token.span.begin == token.span.end) std::abort();
      last = token.span.end;
      (void)value_of(text, token, lexing);
    }
  }
  return 0;
}
