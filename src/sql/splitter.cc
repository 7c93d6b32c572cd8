#include "sql/splitter.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/strings.h"
#include "sql/clause.h"
#include "sql/lexer.h"

namespace sinan::sql {
namespace {

std::optional<std::string_view> find_verb(std::string_view word) {
  const auto* verb = std::ranges::find_if(kVerbs, [&](std::string_view v) { return equals_ignore_case(v, word); });
  if (verb == std::end(kVerbs)) return std::nullopt;
  return *verb;
}

std::optional<std::string_view> find_near_verb(std::string_view word) {
  // INTERVAL .. DAY TO MINUTE is SQL.
  for (std::string_view unit : {"YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"}) {
    if (equals_ignore_case(unit, word)) return std::nullopt;
  }
  std::optional<std::string_view> best;
  size_t best_distance = 3;
  for (std::string_view verb : kVerbs) {
    size_t limit = verb.size() > 3 ? 2 : 1;
    size_t distance = edit_distance(word, verb, limit);
    if (distance <= limit && distance < best_distance) {
      best = verb;
      best_distance = distance;
    }
  }
  return best;
}

bool starts_query(Keyword keyword) {
  switch (keyword) {
    case Keyword::kSELECT:
    case Keyword::kWITH:
    case Keyword::kFROM:
    case Keyword::kVALUES:
    case Keyword::kTABLE:
      return true;
    default:
      return false;
  }
}

// Statements in which `TO name` is SQL of its own.
bool has_own_to(std::string_view first_word) {
  for (std::string_view word : {"ALTER", "GRANT", "REVOKE", "COPY", "EXPORT", "COMMENT", "RENAME"}) {
    if (equals_ignore_case(word, first_word)) return true;
  }
  return false;
}

class Scanner {
 public:
  Scanner(std::string_view program, Lexing lexing) : program_(program), lexing_(lexing), lexer_(program, lexing) {}

  Status scan() {
    for (;;) {
      Token token = lexer_.next();
      if (token.kind == TokenKind::kError) {
        open_ = lexer_.unclosed();
        return fail(lexer_.take_error());
      }
      if (token.kind == TokenKind::kEnd) break;
      ended_ = token.is(Symbol::kSemicolon) && brackets_.empty();
      if (ended_) {
        finish(true);
      } else {
        take(token);
      }
    }
    if (!brackets_.empty()) {
      open_ = true;
      std::string_view bracket = text_of(program_, brackets_.back());
      return fail(Code::kProgram, fmt::format("\"{}\" is never closed", bracket),
                  fmt::format("add the closing {}", bracket == "("   ? ")"
                                                    : bracket == "[" ? "]"
                                                                     : "}"))
          .at(brackets_.back());
    }
    finish(false);
    return {};
  }

  std::vector<StatementText> take_statements() { return std::move(statements_); }
  // Whether the text stops within a quote, comment or bracket; set after a failed scan().
  bool open() const { return open_; }
  bool ended_by_semicolon() const { return ended_; }

 private:
  void take(const Token& token) {
    if (!started_) {
      started_ = true;
      current_ = StatementText{};
      current_.whole.begin = token.span.begin;
      first_word_ = {};
    }
    if (first_word_.empty() && !token.is(Symbol::kLeftParen)) {
      first_word_ = text_of(program_, token.span);
      current_.is_query = starts_query(token.keyword);
    }
    if (token.kind == TokenKind::kSymbol) {
      track_brackets(token);
    } else if (token.is(Keyword::kTO) && brackets_.empty() && !in_clause_) {
      current_.standard = {current_.whole.begin, last_end_};
      look_behind_to(token);
    }
    last_end_ = token.span.end;
  }

  void track_brackets(const Token& token) {
    switch (token.symbol) {
      case Symbol::kLeftParen:
      case Symbol::kLeftBracket:
      case Symbol::kLeftBrace:
        brackets_.push_back(token.span);
        break;
      case Symbol::kRightParen:
      case Symbol::kRightBracket:
      case Symbol::kRightBrace:
        if (!brackets_.empty()) brackets_.pop_back();
        break;
      default:
        break;
    }
  }

  void look_behind_to(const Token& to) {
    Lexer ahead = lexer_;
    Token word = ahead.next();
    if (word.kind != TokenKind::kWord) return;
    std::string_view text = text_of(program_, word.span);
    bool verb = find_verb(text).has_value();
    if (current_.is_query) {
      if (verb) {
        current_.clause.begin = to.span.begin;
      } else if (auto near = find_near_verb(text); near && !current_.near_verb) {
        current_.near_verb = NearVerb{word.span, *near};
      }
    } else if (verb && !has_own_to(first_word_)) {
      TokenKind following = ahead.next().kind;
      if (following != TokenKind::kWord && following != TokenKind::kSymbol) return;
      current_.misplaced_clause = Span{to.span.begin, word.span.end};
    } else {
      return;
    }
    if (!verb) return;
    in_clause_ = true;
    lexer_.continue_at(to.span.end, Lexing::kClause);
  }

  void finish(bool terminated) {
    if (started_) {
      current_.whole.end = last_end_;
      current_.terminated = terminated;
      if (current_.clause.begin != 0) {
        current_.clause.end = last_end_;
      } else {
        current_.standard = current_.whole;
      }
      statements_.push_back(current_);
    }
    if (in_clause_) lexer_.continue_at(lexer_.offset(), lexing_);
    started_ = false;
    in_clause_ = false;
  }

  std::string_view program_;
  Lexing lexing_;
  Lexer lexer_;
  std::vector<StatementText> statements_;
  StatementText current_;
  std::vector<Span> brackets_;
  std::string_view first_word_;
  uint32_t last_end_ = 0;
  bool started_ = false;
  bool in_clause_ = false;
  bool open_ = false;
  bool ended_ = false;
};

}  // namespace

Result<std::vector<StatementText>> split(std::string_view program, Lexing lexing) {
  if (program.size() > kMaxProgramBytes) return fail(Code::kProgram, "program is longer than 1 GiB", "split the file");
  Scanner scanner(program, lexing);
  TRY(scanner.scan());
  return scanner.take_statements();
}

Error misplaced_clause_error(std::string_view program, const StatementText& statement) {
  Span place = statement.misplaced_clause.value_or(statement.whole);
  Lexer lexer(program, statement.whole, Lexing::kStandard);
  std::string first(text_of(program, lexer.next().span));
  return fail(Code::kProgram,
              fmt::format("only a query can be followed by a clause: {} stands after {}", text_of(program, place),
                          first),
              "begin the statement with SELECT, WITH, FROM, VALUES or TABLE")
      .at(place)
      .error();
}

bool is_complete(std::string_view text) {
  Scanner scanner(text, Lexing::kStandard);
  if (scanner.scan()) return scanner.ended_by_semicolon();
  if (!scanner.open()) return true;
  // 'it\'s' of MySQL.
  if (text.find("\\'") == std::string_view::npos && text.find("\\\"") == std::string_view::npos) return false;
  Scanner again(text, Lexing::kMySql);
  return again.scan() && again.ended_by_semicolon();
}

}  // namespace sinan::sql
