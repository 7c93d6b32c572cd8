// COPY .. TO: see runnable_copy() in plain_sql.h.

#include <algorithm>
#include <array>
#include <span>

#include "base/strings.h"
#include "flow/plain_sql.h"
#include "sql/lexer.h"

namespace sinan::flow {
namespace {

// With these the target is a folder, or the user has decided.
constexpr std::array<std::string_view, 4> kNoTemporaryFile = {"partition_by", "per_thread_output", "file_size_bytes",
                                                              "use_tmp_file"};

// What follows the file name, with the option that makes DuckDB write to another name first.
std::string with_temporary_file(std::string_view sql, std::span<const sql::Token> options) {
  if (options.empty()) return " (USE_TMP_FILE true)";
  const std::string rest(sql.substr(options.front().span.begin));
  for (const sql::Token& token : options) {
    const std::string word = to_lower(sql::text_of(sql, token.span));
    if (std::ranges::find(kNoTemporaryFile, word) != kNoTemporaryFile.end()) return " " + rest;
  }
  const size_t open = options.front().is(sql::Keyword::kWITH) ? 1 : 0;
  const bool in_parentheses = options.size() > open + 2 && options[open].is(sql::Symbol::kLeftParen) &&
                              options.back().is(sql::Symbol::kRightParen);
  if (!in_parentheses) return " " + rest;
  const size_t end = options.back().span.begin - options.front().span.begin;
  return " " + rest.substr(0, end) + ", USE_TMP_FILE true)";
}

}  // namespace

std::string runnable_copy(const PlainStatement& statement, const std::filesystem::path& folder,
                          const engine::Dialect& dialect) {
  const std::string& sql = statement.sql;
  if (statement.analysis.statement_class != sql::StatementClass::kCopyTo) return sql;
  const auto tokens = sql::lex(sql, {0, static_cast<uint32_t>(sql.size())}, sql::Lexing::kStandard);
  if (!tokens) return sql;
  int depth = 0;
  for (size_t i = 0; i + 1 < tokens->size(); ++i) {
    const sql::Token& token = (*tokens)[i];
    depth += token.is(sql::Symbol::kLeftParen) ? 1 : token.is(sql::Symbol::kRightParen) ? -1 : 0;
    const sql::Token& target = (*tokens)[i + 1];
    if (depth != 0 || !token.is(sql::Keyword::kTO) || target.kind != sql::TokenKind::kString) continue;
    const std::string name = sql::value_of(sql, target, sql::Lexing::kStandard);
    if (name.find("://") != std::string::npos || name.starts_with("/dev/") || name.starts_with('~')) return sql;
    const std::filesystem::path path = folder / name;  // an absolute name stays
    const std::span<const sql::Token> options(tokens->begin() + static_cast<std::ptrdiff_t>(i) + 2, tokens->end() - 1);
    return sql.substr(0, target.span.begin) + dialect.literal(path.native()) + with_temporary_file(sql, options);
  }
  return sql;
}

}  // namespace sinan::flow
