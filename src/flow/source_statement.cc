#include "flow/source_statement.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/strings.h"
#include "sql/lexer.h"

namespace sinan::flow {
namespace {

using sql::StatementClass;
using sql::Symbol;
using sql::Token;
using sql::TokenKind;

struct NameAt {
  Span span;
  std::vector<std::string> parts;
};

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {
    auto tokens = sql::lex(text, {0, static_cast<uint32_t>(text.size())}, sql::Lexing::kStandard);
    if (tokens) tokens_ = *std::move(tokens);
    if (tokens_.empty()) tokens_.push_back(Token{});
  }

  bool at_end() const { return tokens_[at_].kind == TokenKind::kEnd; }
  void skip() {
    if (!at_end()) ++at_;
  }
  bool at_word(std::string_view word) const {
    return tokens_[at_].kind == TokenKind::kWord && equals_ignore_case(sql::text_of(text_, tokens_[at_].span), word);
  }
  bool accept(std::string_view word) {
    const bool there = at_word(word);
    if (there) ++at_;
    return there;
  }
  bool accept(Symbol symbol) {
    const bool there = tokens_[at_].is(symbol);
    if (there) ++at_;
    return there;
  }
  // A name of dotted parts, or nothing.
  std::optional<NameAt> name() {
    if (!at_part()) return std::nullopt;
    NameAt found{tokens_[at_].span, {part()}};
    while (tokens_[at_].is(Symbol::kDot)) {
      ++at_;
      if (!at_part()) break;
      found.span.end = tokens_[at_].span.end;
      found.parts.push_back(part());
    }
    return found;
  }

 private:
  bool at_part() const { return tokens_[at_].kind == TokenKind::kWord || tokens_[at_].kind == TokenKind::kQuotedName; }
  std::string part() { return sql::value_of(text_, tokens_[at_++], sql::Lexing::kStandard); }

  std::string_view text_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
};

// CREATE OR REPLACE TABLE IF NOT EXISTS: the words before the name of what is changed. False when there are none.
bool skip_leading_words(Scanner& scanner, bool& is_schema) {
  constexpr std::array<std::string_view, 12> kBefore = {"create", "or",        "replace", "drop", "alter", "if",
                                                        "not",    "temporary", "exists",  "only", "table", "view"};
  bool any = false;
  for (;;) {
    if (scanner.accept("schema") || scanner.accept("database")) {
      is_schema = true;
      continue;
    }
    if (!std::ranges::any_of(kBefore, [&](std::string_view word) { return scanner.accept(word); })) return any;
    any = true;
  }
}

// What the statement changes: one name, or those that DROP lists, and the new name of RENAME TO.
std::vector<NameAt> changed_names(std::string_view text, bool& is_schema) {
  Scanner scanner(text);
  std::vector<NameAt> names;
  if (!skip_leading_words(scanner, is_schema)) return names;
  do {
    auto name = scanner.name();
    if (!name) return names;
    names.push_back(*std::move(name));
  } while (scanner.accept(Symbol::kComma));
  while (!scanner.at_end()) {
    if (!scanner.accept("rename")) {
      scanner.skip();
      continue;
    }
    if (!scanner.accept("to") && !scanner.accept("as")) continue;
    if (auto name = scanner.name()) names.push_back(*std::move(name));
  }
  return names;
}

std::string quoted(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) {
    if (!text.empty()) text += '.';
    text += '`';
    for (const char c : part) text += c == '`' ? "``" : std::string(1, c);
    text += '`';
  }
  return text;
}

}  // namespace

std::string as_mysql_statement(std::string_view statement, std::string_view source, std::string_view current_schema) {
  bool is_schema = false;
  const std::vector<NameAt> changed = changed_names(statement, is_schema);
  std::string result;
  uint32_t copied = 0;
  Scanner scanner(statement);
  while (!scanner.at_end()) {
    auto name = scanner.name();
    if (!name) {
      scanner.skip();
      continue;
    }
    const bool is_changed = std::ranges::find(changed, name->span, &NameAt::span) != changed.end();
    const bool has_source = name->parts.size() > 1 && equals_ignore_case(name->parts.front(), source) &&
                            (is_changed || name->parts.size() > 2);
    if (!is_changed && !has_source) continue;
    std::vector<std::string> parts = name->parts;
    if (has_source) parts.erase(parts.begin());
    if (is_changed && !is_schema && parts.size() == 1) parts.insert(parts.begin(), std::string(current_schema));
    result += statement.substr(copied, name->span.begin - copied);
    result += quoted(parts);
    copied = name->span.end;
  }
  std::string_view rest = statement.substr(copied);
  // What the engine needs to drop a schema with tables in it, MySQL does not know.
  if (is_schema && equals_ignore_case(trim(rest), "cascade")) rest = {};
  return result += rest;
}

std::optional<SourceStatement> source_statement(std::string_view program, Span place, const sql::Analysis& analysis,
                                                const World& world) {
  const StatementClass kind = analysis.statement_class;
  const bool makes_table = kind == StatementClass::kCreateTable || kind == StatementClass::kCreateTableAs;
  const bool changes_names = makes_table || kind == StatementClass::kCreateView ||
                             kind == StatementClass::kCreateSchema || kind == StatementClass::kDrop ||
                             kind == StatementClass::kAlter;
  if (!changes_names || analysis.access.writes.empty() || analysis.temporary) return std::nullopt;
  const engine::AttachedSource* source = nullptr;
  for (const ObjectRef& written : analysis.access.writes) {
    if (source == nullptr) source = world.source_of(written.name);
  }
  // CREATE SCHEMA x while a source is in use makes it there.
  if (source == nullptr || source->kind != engine::SourceKind::kMySql) return std::nullopt;
  const std::string_view statement = program.substr(place.begin, place.end - place.begin);
  const std::string current = world.current_schema();
  const bool in_use = current.starts_with(source->name + ".");
  const std::string schema = in_use ? current.substr(source->name.size() + 1) : source->default_schema;

  SourceStatement result;
  result.source = source->name;
  if (kind != StatementClass::kCreateTableAs || !analysis.query) {
    result.server_sql = as_mysql_statement(statement, source->name, schema);
    result.engine_may_try = kind == StatementClass::kCreateTable && !analysis.or_replace;
    return result;
  }
  bool is_schema = false;
  const std::vector<NameAt> names = changed_names(statement, is_schema);
  if (names.empty()) return std::nullopt;
  std::vector<std::string> parts = names.front().parts;
  if (parts.size() > 1 && equals_ignore_case(parts.front(), source->name)) parts.erase(parts.begin());
  if (parts.size() == 1) parts.insert(parts.begin(), schema);
  result.table = {source->name, parts[0], parts[1]};
  result.query_place = *analysis.query;
  result.query = program.substr(analysis.query->begin, analysis.query->end - analysis.query->begin);
  result.mode = analysis.or_replace ? engine::IngestMode::kReplace : engine::IngestMode::kCreate;
  result.if_not_exists = analysis.if_not_exists;
  return result;
}

}  // namespace sinan::flow
