#include "sql/mysql_dialect.h"

#include <algorithm>

#include "base/strings.h"
#include "sql/lexer.h"
#include "sql/mysql_rewriter.h"

namespace sinan::sql {
Span Translation::original(Span place) const {
  const auto at = [&](uint32_t offset, bool is_end) -> uint32_t {
    for (const Piece& piece : pieces) {
      const bool inside =
          is_end ? offset > piece.begin && offset <= piece.end : offset >= piece.begin && offset < piece.end;
      if (!inside) continue;
      if (piece.copied) return piece.from.begin + (offset - piece.begin);
      return is_end ? piece.from.end : piece.from.begin;
    }
    return pieces.empty() ? 0 : pieces.back().from.end;
  };
  const uint32_t begin = at(place.begin, false);
  return {begin, std::max(begin, at(std::max(place.end, place.begin + 1), true))};
}

Translation as_written(std::string_view program, Span statement) {
  Translation result;
  result.text = program.substr(statement.begin, statement.end - statement.begin);
  result.pieces.push_back({0, static_cast<uint32_t>(result.text.size()), statement, true});
  return result;
}

Result<std::optional<Translation>> translate_mysql(std::string_view program, Span statement) {
  const std::vector<Token> tokens = TRY(lex(program, statement, Lexing::kMySql));
  MySqlRewriter rewriter(program, tokens);
  Translation result = TRY(rewriter.rewrite());
  if (result.text == program.substr(statement.begin, statement.end - statement.begin)) return std::nullopt;
  if (result.notes.empty()) result.notes.emplace_back("comments that begin with # are left out");
  return result;
}

}  // namespace sinan::sql
