#include "sql/mysql_rewriter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace sinan::sql {
namespace {

constexpr int kDeepest = 100;

struct TypeName {
  std::string_view mysql;
  std::string_view ours;
  std::string_view ours_unsigned;  // empty: unsigned changes nothing
  bool keeps_arguments;
};

// Types whose names or suffixes differ. MySQL's display widths mean nothing.
constexpr std::array<TypeName, 28> kTypes = {{
    {"bigint", "BIGINT", "UBIGINT", false},
    {"int", "INTEGER", "UINTEGER", false},
    {"integer", "INTEGER", "UINTEGER", false},
    {"mediumint", "INTEGER", "UINTEGER", false},
    {"smallint", "SMALLINT", "USMALLINT", false},
    {"tinyint", "TINYINT", "UTINYINT", false},
    {"signed", "BIGINT", "", false},
    {"unsigned", "UBIGINT", "", false},
    {"float", "FLOAT", "", false},
    {"double", "DOUBLE", "", false},
    {"real", "DOUBLE", "", false},
    {"decimal", "DECIMAL", "", true},
    {"numeric", "DECIMAL", "", true},
    {"char", "VARCHAR", "", false},
    {"varchar", "VARCHAR", "", false},
    {"nchar", "VARCHAR", "", false},
    {"tinytext", "VARCHAR", "", false},
    {"text", "VARCHAR", "", false},
    {"mediumtext", "VARCHAR", "", false},
    {"longtext", "VARCHAR", "", false},
    {"tinyblob", "BLOB", "", false},
    {"mediumblob", "BLOB", "", false},
    {"longblob", "BLOB", "", false},
    {"blob", "BLOB", "", false},
    {"varbinary", "BLOB", "", false},
    {"datetime", "TIMESTAMP", "", false},
    {"timestamp", "TIMESTAMP", "", false},
    {"year", "SMALLINT", "", false},
}};

// A function of MySQL by what takes its place: $1, $2 are the arguments.
struct FunctionName {
  std::string_view name;
  size_t arguments;
  std::string_view instead;
};
constexpr std::array<FunctionName, 17> kFunctions = {{
    {"rand", 0, "random()"},
    {"curdate", 0, "current_date"},
    {"curtime", 0, "CAST(current_time AS TIME)"},
    {"sysdate", 0, "CAST(now() AS TIMESTAMP)"},
    {"utc_timestamp", 0, "CAST(timezone('UTC', now()) AS TIMESTAMP)"},
    {"unix_timestamp", 0, "CAST(epoch(now()) AS BIGINT)"},
    {"unix_timestamp", 1, "CAST(epoch(CAST($1 AS TIMESTAMP)) AS BIGINT)"},
    {"from_unixtime", 1, "make_timestamp(CAST($1 AS BIGINT) * 1000000)"},
    {"substring_index", 3,
     "array_to_string(list_slice(string_split(CAST($1 AS VARCHAR), $2), CASE WHEN $3 < 0 THEN $3 ELSE 1 END, "
     "CASE WHEN $3 < 0 THEN -1 ELSE $3 END), $2)"},
    {"isnull", 1, "($1 IS NULL)"},
    {"datediff", 2, "date_diff('day', CAST($2 AS DATE), CAST($1 AS DATE))"},
    {"adddate", 2, "date_add(CAST($1 AS TIMESTAMP), $2)"},
    {"date_sub", 2, "(CAST($1 AS TIMESTAMP) - $2)"},
    {"truncate", 2, "trunc($1, $2)"},
    {"locate", 2, "instr($2, $1)"},
    {"mid", 3, "substring($1, $2, $3)"},
    {"char_length", 1, "length($1)"},
}};

// A function that a program may well call and that has no counterpart, with what helps.
struct MissingFunction {
  std::string_view name;
  std::string_view instead;
};
constexpr std::array<MissingFunction, 7> kMissing = {{
    {"rand", "a fixed order comes from ORDER BY hash(id, 42)"},
    {"found_rows", "count the rows: SELECT count(*)"},
    {"last_insert_id", "INSERT .. RETURNING gives the ids"},
    {"find_in_set", "list_position(string_split(text, ','), value)"},
    {"elt", "list_extract([a, b, c], n)"},
    {"field", "list_position([a, b, c], value)"},
    {"benchmark", "leave it out"},
}};

// %i and %s of MySQL's dates as strftime has them; nullopt for a letter that has no counterpart.
std::optional<std::string> strftime_format(std::string_view format) {
  constexpr std::string_view kSame = "YymdHjpabf%";
  std::string result;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      result += format[i];
      continue;
    }
    const char c = format[++i];
    if (kSame.find(c) != std::string_view::npos) {
      result += {'%', c};
    } else if (c == 'i') {
      result += "%M";
    } else if (c == 's' || c == 'S') {
      result += "%S";
    } else if (c == 'M') {
      result += "%B";
    } else if (c == 'W') {
      result += "%A";
    } else if (c == 'h' || c == 'I') {
      result += "%I";
    } else if (c == 'e') {
      result += "%-d";
    } else if (c == 'c') {
      result += "%-m";
    } else if (c == 'k') {
      result += "%-H";
    } else if (c == 'l') {
      result += "%-I";
    } else if (c == 'T') {
      result += "%H:%M:%S";
    } else {
      return std::nullopt;
    }
  }
  return result;
}

std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!blank)
      line += c;
    else if (!line.empty() && line.back() != ' ')
      line += ' ';
  }
  constexpr size_t kMost = 60;
  if (display_width(line) <= kMost) return line;
  return std::string(display_prefix(line, kMost - 1)) + "…";
}

}  // namespace

std::string standard_string(std::string_view value) {
  std::string quoted = "'";
  for (const char c : value) quoted += c == '\'' ? "''" : std::string(1, c);
  return quoted + "'";
}

std::string standard_name(std::string_view value) {
  std::string quoted = "\"";
  for (const char c : value) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

std::string mysql_string(std::string_view quoted) {
  if (quoted.size() < 2) return {};
  const char quote = quoted.front();
  const std::string_view body = quoted.substr(1, quoted.size() - 2);
  std::string value;
  for (size_t i = 0; i < body.size(); ++i) {
    if (body[i] == quote && i + 1 < body.size() && body[i + 1] == quote) {
      ++i;
      value += quote;
      continue;
    }
    if (body[i] != '\\' || i + 1 == body.size()) {
      value += body[i];
      continue;
    }
    const char c = body[++i];
    constexpr std::string_view kLetters = "nrtbZ";
    constexpr std::string_view kMeanings = "\n\r\t\b\x1A";
    if (const size_t known = kLetters.find(c); known != std::string_view::npos) {
      value += kMeanings[known];
    } else {
      // These two keep their backslash, for LIKE.
      if (c == '%' || c == '_') value += '\\';
      value += c;
    }
  }
  return value;
}

bool MySqlRewriter::is_word(size_t at, std::string_view word) const {
  return at < end_ && tokens_[at].kind == TokenKind::kWord && equals_ignore_case(text(at), word);
}

bool MySqlRewriter::is_phrase(size_t at, std::initializer_list<std::string_view> words) const {
  return std::ranges::all_of(words, [&](std::string_view word) { return is_word(at++, word); });
}

std::string_view MySqlRewriter::text(size_t begin, size_t end) const {
  if (begin >= end) return {};
  return text_of(program_, {tokens_[begin].span.begin, tokens_[end - 1].span.end});
}

size_t MySqlRewriter::closing(size_t open, size_t end) const {
  int depth = 0;
  for (size_t at = open; at < end; ++at) {
    if (tokens_[at].is(Symbol::kLeftParen)) ++depth;
    if (tokens_[at].is(Symbol::kRightParen) && --depth == 0) return at;
  }
  return end;
}

std::vector<std::pair<size_t, size_t>> MySqlRewriter::items(size_t begin, size_t end) const {
  std::vector<std::pair<size_t, size_t>> result;
  int depth = 0;
  size_t first = begin;
  for (size_t at = begin; at < end; ++at) {
    if (tokens_[at].is(Symbol::kLeftParen)) ++depth;
    if (tokens_[at].is(Symbol::kRightParen)) --depth;
    if (depth != 0 || !tokens_[at].is(Symbol::kComma)) continue;
    result.emplace_back(first, at);
    first = at + 1;
  }
  if (first < end || !result.empty()) result.emplace_back(first, end);
  return result;
}

// Blanks and comments between a token and the one before; MySQL's # comments are left out.
std::string MySqlRewriter::blanks_before(size_t at) const {
  if (at == 0 || at > end_) return {};
  const Span gap{tokens_[at - 1].span.end, tokens_[at].span.begin};
  if (gap.begin >= gap.end) return {};
  const std::string_view between = text_of(program_, gap);
  return between.find('#') == std::string_view::npos ? std::string(between) : "\n";
}

Failure MySqlRewriter::untranslatable(size_t begin, size_t end, std::string_view form, std::string_view instead) const {
  return fail(Code::kUnsupported, fmt::format("this form of MySQL cannot be translated: {}", form),
              std::string(instead))
      .at({tokens_[begin].span.begin, tokens_[std::max(begin, end - 1)].span.end});
}

void MySqlRewriter::emit(std::string_view written, Span from, bool copied) {
  if (written.empty()) return;
  const auto begin = static_cast<uint32_t>(result_.text.size());
  result_.text += written;
  const auto end = static_cast<uint32_t>(result_.text.size());
  auto& pieces = result_.pieces;
  const bool joins = copied && !pieces.empty() && pieces.back().copied && pieces.back().from.end == from.begin;
  if (joins) {
    pieces.back().end = end;
    pieces.back().from.end = from.end;
  } else {
    pieces.push_back({begin, end, from, copied});
  }
}

void MySqlRewriter::note(size_t begin, size_t end, std::string_view instead) {
  const std::string line = instead.empty() ? fmt::format("{} is left out", one_line(text(begin, end)))
                                           : fmt::format("{} is {}", one_line(text(begin, end)), one_line(instead));
  note(line);
}

void MySqlRewriter::note(std::string line) {
  if (std::ranges::find(result_.notes, line) == result_.notes.end()) result_.notes.push_back(std::move(line));
}

MySqlRewriter::Text MySqlRewriter::render(size_t begin, size_t end, int depth) {
  if (depth > kDeepest) return untranslatable(begin, end, "nested too deeply", "write it shorter");
  std::string written;
  for (size_t at = begin; at < end;) {
    if (at > begin) written += blanks_before(at);
    std::string instead;
    const size_t taken = TRY(replace(at, end, instead, depth + 1));
    written += taken == 0 ? text(at) : std::string_view(instead);
    at += std::max<size_t>(taken, 1);
  }
  return written;
}

Status MySqlRewriter::copy(size_t begin, size_t end) {
  for (size_t at = begin; at < end;) {
    if (at > 0) {
      const Span gap{tokens_[at - 1].span.end, tokens_[at].span.begin};
      const std::string blanks = blanks_before(at);
      emit(blanks, gap, blanks == text_of(program_, gap));
    }
    std::string instead;
    const size_t taken = TRY(replace(at, end, instead, 0));
    if (taken == 0) {
      emit(text(at), tokens_[at].span, true);
    } else {
      const Span from{tokens_[at].span.begin, tokens_[at + taken - 1].span.end};
      emit(instead, from, instead == text_of(program_, from));
    }
    at += std::max<size_t>(taken, 1);
  }
  return {};
}

Result<size_t> MySqlRewriter::replace(size_t at, size_t end, std::string& instead, int depth) {
  switch (tokens_[at].kind) {
    case TokenKind::kString:
    case TokenKind::kQuotedName:
      return replace_quoted(at, end, instead);
    case TokenKind::kParameter: {
      const std::string_view name = text(at);
      if (name.starts_with("@") && name.size() > 1) {
        const bool is_set = at + 1 < end && tokens_[at + 1].is(Symbol::kAssign);
        if (is_set) {
          return untranslatable(at, at + 2, "a variable that is set within a query",
                                "number rows with row_number() OVER (ORDER BY ..); set one with SET @x = ..");
        }
        instead = fmt::format("getvariable({})", standard_string(to_lower(name.substr(1))));
        note(at, at + 1, instead);
        return 1;
      }
      return 0;
    }
    case TokenKind::kWord:
      return replace_word(at, end, instead, depth);
    case TokenKind::kSymbol: {
      const std::string_view symbol = text(at);
      if (symbol == "@" && at + 1 < end && tokens_[at + 1].kind == TokenKind::kParameter) {
        return untranslatable(at, at + 2, "a variable of the server",
                              "SELECT current_setting('name') reads the engine's settings");
      }
      const std::string_view word = symbol == "&&" ? "AND" : symbol == "<=>" ? "IS NOT DISTINCT FROM" : "";
      if (word.empty()) return 0;
      instead = fmt::format(" {} ", word);
      note(at, at + 1, word);
      return 1;
    }
    default:
      return 0;
  }
}

Result<size_t> MySqlRewriter::replace_quoted(size_t at, size_t end, std::string& instead) {
  const std::string_view written = text(at);
  if (written.front() == '`') {
    instead = standard_name(value_of(program_, tokens_[at], Lexing::kStandard));
    note("names in backticks are in double quotes");
    return 1;
  }
  if (written.front() != '"' && written.front() != '\'') return 0;  // x'..', $$..$$
  const bool is_double = written.front() == '"';
  const bool after_dot = at > 0 && tokens_[at - 1].is(Symbol::kDot);
  const bool before_dot = at + 1 < end && tokens_[at + 1].is(Symbol::kDot);
  const bool is_alias = at > 0 && is_word(at - 1, "AS");
  if (written.find('\0') != std::string_view::npos) return 0;  // the byte itself: the engine says what is wrong
  std::string value = mysql_string(written);
  if (value.find('\0') != std::string::npos || written.find("\\0") != std::string_view::npos) {
    return untranslatable(at, at + 1, "\\0 in a string", "chr(0) is that character");
  }
  if (after_dot || before_dot || is_alias) {
    instead = standard_name(value);
    if (instead != written) note(at, at + 1, instead);
    return 1;
  }
  size_t taken = 1;
  // 'a' 'b' is one string.
  while (at + taken < end && tokens_[at + taken].kind == TokenKind::kString &&
         (text(at + taken).front() == '\'' || text(at + taken).front() == '"')) {
    value += mysql_string(text(at + taken));
    ++taken;
  }
  const bool is_same = !is_double && taken == 1 && written.find('\\') == std::string_view::npos;
  if (is_same) return 0;
  instead = standard_string(value);
  if (is_double && taken == 1 && written.find('\\') == std::string_view::npos) {
    note("texts in double quotes are in single quotes");
  } else {
    note(at, at + taken, instead);
  }
  return taken;
}

size_t MySqlRewriter::replace_type(size_t at, size_t end, std::string& instead) const {
  if (at >= end || tokens_[at].kind != TokenKind::kWord) return 0;
  const auto type =
      std::ranges::find_if(kTypes, [&](const TypeName& t) { return equals_ignore_case(t.mysql, text(at)); });
  if (type == kTypes.end()) return 0;
  size_t next = at + 1;
  std::string arguments;
  if (is_word(at, "double") && is_word(next, "precision")) ++next;
  if (is(next, Symbol::kLeftParen)) {
    const size_t close = closing(next, end);
    if (close == end) return 0;
    if (type->keeps_arguments) arguments = text(next, close + 1);
    next = close + 1;
  }
  bool is_unsigned = false;
  const bool is_cast = type->mysql == "signed" || type->mysql == "unsigned";
  for (; next < end; ++next) {
    if (is_word(next, "unsigned")) {
      is_unsigned = true;
    } else if (!is_word(next, "signed") && !is_word(next, "zerofill") && !(is_cast && is_word(next, "integer"))) {
      break;
    }
  }
  instead = std::string(is_unsigned && !type->ours_unsigned.empty() ? type->ours_unsigned : type->ours) + arguments;
  return next - at;
}

// A function by the tables above, and those whose arguments are no list of expressions.
Result<size_t> MySqlRewriter::replace_call(size_t at, size_t end, std::string& instead, int depth) {
  const size_t close = closing(at + 1, end);
  if (close == end) return 0;
  const size_t taken = close + 1 - at;
  const std::string name = to_lower(text(at));
  const auto arguments = items(at + 2, close);
  const auto argument = [&](size_t i) { return render(arguments[i].first, arguments[i].second, depth); };

  if (name == "cast" || name == "convert") {
    size_t type = at + 2;
    if (name == "convert" && arguments.size() == 2) {
      type = arguments[1].first;
    } else {
      for (size_t i = at + 2; i < close; ++i) {
        if (is_word(i, "as")) type = i + 1;
      }
    }
    std::string type_name;
    const size_t of_type = replace_type(type, close, type_name);
    if (type == at + 2 || of_type == 0 || type + of_type != close) return 0;
    const size_t value_end = type - 1;
    instead = fmt::format("CAST({} AS {})", TRY(render(at + 2, value_end, depth)), type_name);
    if (instead != text(at, close + 1)) note(at, close + 1, instead);
    return taken;
  }
  if ((name == "date_format" || name == "str_to_date") && arguments.size() == 2) {
    const auto [first, last] = arguments[1];
    if (last != first + 1 || tokens_[first].kind != TokenKind::kString) {
      return untranslatable(at, close + 1, fmt::format("{} with a computed format", name),
                            "strftime(date, format) takes one");
    }
    const auto format = strftime_format(mysql_string(text(first)));
    if (!format)
      return untranslatable(at, close + 1, fmt::format("{} with this format", name),
                            "strftime(date, format) knows others");
    instead = name == "date_format"
                  ? fmt::format("strftime(CAST({} AS TIMESTAMP), {})", TRY(argument(0)), standard_string(*format))
                  : fmt::format("strptime({}, {})", TRY(argument(0)), standard_string(*format));
    note(at, close + 1, instead);
    return taken;
  }
  if (name == "group_concat") {
    size_t separator = close;
    for (size_t i = at + 2; i + 1 < close; ++i) {
      if (is_word(i, "separator") && tokens_[i + 1].kind == TokenKind::kString) separator = i;
    }
    size_t order = separator;
    for (size_t i = at + 2; i + 1 < separator; ++i) {
      if (is_phrase(i, {"order", "by"})) order = i;
    }
    const std::string by = order == separator ? "" : " " + TRY(render(order, separator, depth));
    const std::string between = separator == close ? "," : mysql_string(text(separator + 1));
    instead = fmt::format("string_agg({}, {}{})", TRY(render(at + 2, order, depth)), standard_string(between), by);
    note(at, close + 1, instead);
    return taken;
  }
  const auto function = std::ranges::find_if(
      kFunctions, [&](const FunctionName& f) { return f.name == name && f.arguments == arguments.size(); });
  if (function == kFunctions.end()) {
    const auto missing = std::ranges::find(kMissing, name, &MissingFunction::name);
    if (missing != kMissing.end()) {
      return untranslatable(
          at, close + 1,
          fmt::format("{}() with {} argument{}", name, arguments.size(), arguments.size() == 1 ? "" : "s"),
          missing->instead);
    }
    return 0;
  }
  std::vector<std::string> values;
  for (size_t i = 0; i < arguments.size(); ++i) values.push_back(TRY(argument(i)));
  for (size_t i = 0; i < function->instead.size(); ++i) {
    const char c = function->instead[i];
    if (c == '$') {
      instead += values[static_cast<size_t>(function->instead[++i] - '1')];
    } else {
      instead += c;
    }
  }
  // Texts are put in several times: what is nested must not grow without bound.
  constexpr size_t kLongest = 1 << 20;
  if (instead.size() > kLongest) return untranslatable(at, close + 1, "nested too deeply", "write it shorter");
  note(at, close + 1, instead);
  return taken;
}

Result<size_t> MySqlRewriter::replace_word(size_t at, size_t end, std::string& instead, int depth) {
  const auto left_out = [&](size_t count) -> size_t {
    note(at, at + count, "");
    instead = " ";
    return count;
  };
  const bool after_dot = at > 0 && tokens_[at - 1].is(Symbol::kDot);
  if (after_dot) return 0;
  if (is(at + 1, Symbol::kLeftParen) && at + 1 < end) {
    const size_t taken = TRY(replace_call(at, end, instead, depth));
    if (taken > 0) return taken;
  }
  const auto operand = [&](size_t i) {
    return i < end && (tokens_[i].kind == TokenKind::kNumber || tokens_[i].kind == TokenKind::kParameter);
  };
  if (is_word(at, "limit") && operand(at + 1) && is(at + 2, Symbol::kComma) && operand(at + 3)) {
    instead = fmt::format("LIMIT {} OFFSET {}", TRY(render(at + 3, at + 4, depth)), TRY(render(at + 1, at + 2, depth)));
    note(at, at + 4, instead);
    return 4;
  }
  if (is_phrase(at, {"for", "update"}) && at + 2 == end) return left_out(2);
  if (is_phrase(at, {"lock", "in", "share", "mode"})) return left_out(4);
  if (is_word(at, "sql_no_cache") || is_word(at, "sql_calc_found_rows") || is_word(at, "high_priority"))
    return left_out(1);
  if (at > 0 && is_word(at, "div")) {
    instead = "//";
    note(at, at + 1, instead);
    return 1;
  }
  if (at > 0 && is_word(at, "mod") && at + 1 < end && !is(at + 1, Symbol::kLeftParen)) {
    instead = "%";
    note(at, at + 1, instead);
    return 1;
  }
  const size_t not_first = is_word(at, "not") ? 1 : 0;
  const size_t matcher = at + not_first;
  if (at > 0 && matcher + 1 < end && (is_word(matcher, "regexp") || is_word(matcher, "rlike"))) {
    if (tokens_[matcher + 1].kind != TokenKind::kString) {
      return untranslatable(at, matcher + 1, "REGEXP with a computed pattern",
                            "regexp_matches(text, pattern, 'i') takes one");
    }
    // MySQL finds the pattern anywhere, in any case; the engine's operator matches the whole.
    instead = fmt::format("{} {}", not_first == 1 ? "!~" : "~",
                          standard_string("(?is).*(?:" + mysql_string(text(matcher + 1)) + ").*"));
    note(at, matcher + 2, instead);
    return not_first + 2;
  }
  if (is_phrase(at, {"on", "duplicate", "key", "update"})) {
    return untranslatable(at, at + 4, "ON DUPLICATE KEY UPDATE",
                          "ON CONFLICT (key) DO UPDATE SET column = excluded.column");
  }
  return 0;
}

Result<Translation> MySqlRewriter::rewrite() {
  if (end_ == 0) return std::move(result_);
  for (const auto rule :
       {&MySqlRewriter::rewrite_database, &MySqlRewriter::rewrite_create_table, &MySqlRewriter::rewrite_alter_table,
        &MySqlRewriter::rewrite_insert, &MySqlRewriter::rewrite_load_data, &MySqlRewriter::rewrite_variables}) {
    if (TRY((this->*rule)())) return std::move(result_);
  }
  TRY(copy(0, end_));
  return std::move(result_);
}

}  // namespace sinan::sql
