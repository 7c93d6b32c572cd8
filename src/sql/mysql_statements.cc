// The statements of MySQL that differ as a whole: CREATE DATABASE, CREATE TABLE, ALTER TABLE, REPLACE, LOAD DATA, SET @x.

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "sql/mysql_rewriter.h"

namespace sinan::sql {

// A database of MySQL is a schema here.
Result<bool> MySqlRewriter::rewrite_database() {
  const bool creates = is_phrase(0, {"create", "database"}) || is_phrase(0, {"create", "schema"});
  const bool drops = is_phrase(0, {"drop", "database"});
  if (!creates && !drops) return false;
  size_t name = 2;
  if (creates && is_phrase(name, {"if", "not", "exists"})) name += 3;
  if (drops && is_phrase(name, {"if", "exists"})) name += 2;
  if (name >= end_) return false;
  std::string text_after;
  size_t name_end = name + 1;
  while (is(name_end, Symbol::kDot) && name_end + 1 < end_) name_end += 2;
  // CHARACTER SET and COLLATE: all text is UTF-8.
  emit(creates ? "CREATE SCHEMA" : "DROP SCHEMA", {tokens_[0].span.begin, tokens_[1].span.end}, false);
  TRY(copy(2, name_end));
  if (drops) emit(" CASCADE", tokens_[name_end - 1].span, false);
  note(0, end_, result_.text);
  return true;
}

// What may follow a column's type. Left out: comments, character sets and collations.
MySqlRewriter::Text MySqlRewriter::column(size_t begin, size_t end) {
  std::string written = TRY(render(begin, begin + 1));
  std::string type;
  const size_t of_type = replace_type(begin + 1, end, type);
  size_t at = begin + 1 + of_type;
  if (of_type > 0) written += " " + type;
  while (at < end) {
    if (is_word(at, "auto_increment")) {
      return untranslatable(at, at + 1, "AUTO_INCREMENT",
                            "CREATE SEQUENCE ids before, and DEFAULT nextval('ids') in its place");
    }
    if (is_word(at, "comment") && at + 1 < end) {
      at += 2;
    } else if (is_phrase(at, {"character", "set"})) {
      at += 3;
    } else if (is_word(at, "charset") || is_word(at, "collate")) {
      at += 2;
    } else if (is_phrase(at, {"on", "update"})) {
      at += 3;
      if (is(at, Symbol::kLeftParen)) at = closing(at, end) + 1;
    } else if (is_phrase(at, {"unique", "key"})) {
      written += " UNIQUE";
      at += 2;
    } else {
      std::string instead;
      const size_t taken = TRY(replace(at, end, instead, 0));
      written += blanks_before(at) + (taken == 0 ? std::string(text(at)) : instead);
      at += std::max<size_t>(taken, 1);
    }
  }
  return written;
}

MySqlRewriter::Text MySqlRewriter::table_item(size_t begin, size_t end) {
  if (begin >= end) return std::string();
  // An index makes a look-up faster, and changes no result.
  if (is_word(begin, "key") || is_word(begin, "index") || is_word(begin, "fulltext") || is_word(begin, "spatial")) {
    note(begin, end, "");
    return std::string();
  }
  size_t list = begin;
  while (list < end && !is(list, Symbol::kLeftParen)) ++list;
  const bool is_unique = is_word(begin, "unique");
  if ((is_unique || is_phrase(begin, {"primary", "key"})) && list < end) {
    const std::string columns = TRY(render(list, closing(list, end) + 1));
    return fmt::format("{} {}", is_unique ? "UNIQUE" : "PRIMARY KEY", columns);
  }
  if (is_word(begin, "constraint") || is_word(begin, "foreign") || is_word(begin, "check")) return render(begin, end);
  return column(begin, end);
}

Result<bool> MySqlRewriter::rewrite_create_table() {
  size_t at = 1;
  if (is_word(at, "temporary")) ++at;
  if (!is_word(0, "create") || !is_word(at, "table")) return false;
  size_t open = at + 1;
  while (open < end_ && !is(open, Symbol::kLeftParen) && !is_word(open, "as") && !is_word(open, "select")) ++open;
  size_t options = open;
  if (is(open, Symbol::kLeftParen)) {
    const size_t close = closing(open, end_);
    const bool is_query = is_word(open + 1, "select") || is_word(open + 1, "with") || is_word(open + 1, "from");
    if (close == end_ || is_query) return false;
    TRY(copy(0, open + 1));
    bool first = true;
    for (const auto& [begin, end] : items(open + 1, close)) {
      const std::string item = TRY(table_item(begin, end));
      if (item.empty()) continue;
      const Span from{tokens_[begin].span.begin, tokens_[end - 1].span.end};
      emit(first ? "" : ", ", {from.begin, from.begin}, false);
      emit(item, from, item == text_of(program_, from));
      if (item != text_of(program_, from)) note(begin, end, item);
      first = false;
    }
    emit(")", tokens_[close].span, false);
    options = close + 1;
  } else {
    TRY(copy(0, open));
  }
  // ENGINE=InnoDB DEFAULT CHARSET=utf8: how the server keeps it.
  size_t query = options;
  while (query < end_ && !is_word(query, "as") && !is_word(query, "select")) ++query;
  if (query > options && is(open, Symbol::kLeftParen)) note(options, query, "");
  TRY(copy(query, end_));
  return true;
}

Result<bool> MySqlRewriter::rewrite_alter_table() {
  if (!is_phrase(0, {"alter", "table"})) return false;
  size_t verb = 2;
  while (verb < end_ && !is_word(verb, "modify") && !is_word(verb, "change") && !is_word(verb, "add")) ++verb;
  if (verb == end_) return false;
  if (items(verb, end_).size() > 1)
    return untranslatable(verb, end_, "several changes in one ALTER TABLE", "write one for each");
  const bool modifies = is_word(verb, "modify");
  size_t name = verb + 1;
  if (is_word(name, "column")) ++name;
  if (is_word(verb, "change")) {
    return untranslatable(verb, end_, "CHANGE COLUMN", "ALTER TABLE t RENAME COLUMN a TO b, then MODIFY COLUMN b type");
  }
  size_t last = end_;
  for (size_t at = name; at < end_; ++at) {
    if (is_word(at, "after") || (is_word(at, "first") && at + 1 == end_)) last = std::min(last, at);
  }
  // Where a column stands among the others changes nothing but the order of SELECT *.
  if (last < end_) note(last, end_, "");
  if (!modifies) {
    TRY(copy(0, name));
    const std::string written = TRY(column(name, last));
    emit(" ", tokens_[name].span, false);
    emit(written, {tokens_[name].span.begin, tokens_[last - 1].span.end}, false);
    return true;
  }
  std::string type;
  size_t of_type = replace_type(name + 1, last, type);
  if (of_type == 0 && name + 1 < last) {
    of_type = 1;
    type = text(name + 1);
    if (is(name + 2, Symbol::kLeftParen)) {
      of_type = closing(name + 2, last) + 1 - (name + 1);
      type = text(name + 1, name + 1 + of_type);
    }
  }
  const size_t rest = name + 1 + of_type;
  const bool is_null = is_word(rest, "null") && rest + 1 == last;
  const bool is_comment = is_word(rest, "comment") && rest + 2 == last;
  if (rest < last && !is_null && !is_comment) {
    return untranslatable(rest, last, "MODIFY COLUMN with more than a type",
                          "then ALTER TABLE t ALTER COLUMN c SET NOT NULL, or SET DEFAULT value");
  }
  TRY(copy(0, verb));
  const std::string written = fmt::format(" ALTER COLUMN {} TYPE {}", TRY(render(name, name + 1)), type);
  emit(written, {tokens_[verb].span.begin, tokens_[end_ - 1].span.end}, false);
  note(verb, end_, trim(written));
  return true;
}

Result<bool> MySqlRewriter::rewrite_insert() {
  const bool ignores = is_phrase(0, {"insert", "ignore"});
  const bool replaces = is_word(0, "replace");
  if (!ignores && !replaces && !is_word(0, "insert")) return false;
  size_t at = ignores ? 2 : 1;
  if (ignores || replaces) {
    const std::string_view verb = ignores ? "INSERT OR IGNORE" : "INSERT OR REPLACE";
    note(0, at, verb);
    emit(verb, {tokens_[0].span.begin, tokens_[at - 1].span.end}, false);
    if (!is_word(at, "into")) emit(" INTO", tokens_[at - 1].span, false);
  } else {
    TRY(copy(0, 1));
    if (!is_word(at, "into")) emit(" INTO", tokens_[0].span, false);
  }
  // INSERT INTO t VALUE (..), INSERT INTO t SET a = 1.
  size_t values = at;
  int depth = 0;
  for (; values < end_; ++values) {
    if (is(values, Symbol::kLeftParen)) ++depth;
    if (is(values, Symbol::kRightParen)) --depth;
    if (depth > 0) continue;
    if (is_word(values, "value") || is_word(values, "values") || is_word(values, "select") || is_word(values, "set"))
      break;
  }
  if (is_word(values, "set")) {
    return untranslatable(values, end_, "INSERT .. SET", "INSERT INTO t (a, b) VALUES (1, 2)");
  }
  TRY(copy(at, values));
  if (is_word(values, "value")) {
    emit(" VALUES", tokens_[values].span, false);
    note(values, values + 1, "VALUES");
    ++values;
  }
  TRY(copy(values, end_));
  return true;
}

// LOAD DATA [LOCAL] INFILE 'f' INTO TABLE t [FIELDS ..] [LINES ..] [IGNORE n LINES] [(columns)] is COPY.
Result<bool> MySqlRewriter::rewrite_load_data() {
  if (!is_phrase(0, {"load", "data"})) return false;
  constexpr std::string_view kInstead = "COPY t FROM 'file.csv' (HEADER, DELIMITER ',') reads files too";
  size_t at = 2;
  const auto accept = [&](std::string_view word) {
    const bool there = is_word(at, word);
    if (there) ++at;
    return there;
  };
  accept("low_priority");
  accept("concurrent");
  accept("local");
  if (!accept("infile") || at >= end_ || tokens_[at].kind != TokenKind::kString) {
    return untranslatable(0, end_, "LOAD DATA without INFILE 'file'", kInstead);
  }
  const std::string file = mysql_string(text(at++));
  if (is_word(at, "replace")) return untranslatable(at, at + 1, "LOAD DATA .. REPLACE", kInstead);
  accept("ignore");
  if (!accept("into") || !accept("table")) return untranslatable(0, end_, "LOAD DATA without INTO TABLE", kInstead);
  const size_t table = at;
  size_t table_end = at + 1;
  while (is(table_end, Symbol::kDot) && table_end + 1 < end_) table_end += 2;
  if (table >= end_) return untranslatable(0, end_, "LOAD DATA without a table", kInstead);
  at = table_end;
  if (is_phrase(at, {"character", "set"})) at += 3;

  std::string delimiter = "\t";
  std::string quote;
  std::string escape;
  std::string skip = "0";
  std::string columns;
  const auto value = [&](std::string& into) {
    if (at >= end_ || tokens_[at].kind != TokenKind::kString) return false;
    into = mysql_string(text(at++));
    return true;
  };
  while (at < end_) {
    const size_t begin = at;
    bool known = true;
    if (accept("fields") || accept("columns") || accept("lines") || accept("optionally")) continue;
    const bool of_lines = begin > 0 && is_word(begin - 1, "lines");
    if (is_phrase(at, {"terminated", "by"})) {
      at += 2;
      std::string ending;
      known = value(of_lines ? ending : delimiter);
      if (of_lines && ending != "\n" && ending != "\r\n") known = false;
    } else if (is_phrase(at, {"enclosed", "by"})) {
      at += 2;
      known = value(quote);
    } else if (is_phrase(at, {"escaped", "by"})) {
      at += 2;
      known = value(escape);
    } else if (is_word(at, "ignore") && at + 2 < end_ && (is_word(at + 2, "lines") || is_word(at + 2, "rows"))) {
      skip = text(at + 1);
      known = tokens_[at + 1].kind == TokenKind::kNumber;
      at += 3;
    } else if (is(at, Symbol::kLeftParen)) {
      const size_t close = closing(at, end_);
      known = close < end_;
      for (size_t i = at; i < close; ++i) known = known && tokens_[i].kind != TokenKind::kParameter;
      if (known) columns = " " + TRY(render(at, close + 1));
      at = close + 1;
    } else {
      known = false;
    }
    if (!known)
      return untranslatable(begin, std::max(begin + 1, std::min(at, end_)), "this part of LOAD DATA", kInstead);
  }
  // The engine escapes within quotes only, and not with the sign that \N begins with: a quote in a text is written twice.
  if (quote.empty())
    escape.clear();
  else if (escape.empty() || escape == "\\")
    escape = quote;
  const std::string written = fmt::format(
      "COPY {}{} FROM {} (FORMAT csv, DELIMITER {}, QUOTE {}, ESCAPE {}, NULLSTR {}, HEADER false, SKIP {})",
      TRY(render(table, table_end)), columns, standard_string(file), standard_string(delimiter), standard_string(quote),
      standard_string(escape), standard_string("\\N"), skip);
  emit(written, {tokens_[0].span.begin, tokens_[end_ - 1].span.end}, false);
  note(0, end_, written);
  return true;
}

// SET @x = expression; SELECT @x := expression [FROM ..] with nothing else.
Result<bool> MySqlRewriter::rewrite_variables() {
  const bool sets = is_word(0, "set");
  if ((!sets && !is_word(0, "select")) || end_ < 4 || tokens_[1].kind != TokenKind::kParameter) return false;
  const std::string_view name = text(1);
  const bool assigns = tokens_[2].is(Symbol::kAssign) || (sets && tokens_[2].is(Symbol::kEqual));
  if (!name.starts_with("@") || !assigns) return false;
  size_t from = 3;
  int depth = 0;
  for (; from < end_; ++from) {
    if (is(from, Symbol::kLeftParen)) ++depth;
    if (is(from, Symbol::kRightParen)) --depth;
    if (depth != 0) continue;
    if (is(from, Symbol::kComma)) {
      if (!sets) return false;  // an error of the query's own: see replace()
      return untranslatable(1, from + 1, "several variables set in one statement", "write one SET @x = .. for each");
    }
    if (!sets && is_word(from, "from")) break;
  }
  std::string value = TRY(render(3, from));
  if (from < end_) value = fmt::format("(SELECT {} {})", value, TRY(render(from, end_)));
  const std::string written = fmt::format("SET VARIABLE {} = {}", standard_name(to_lower(name.substr(1))), value);
  emit(written, {tokens_[0].span.begin, tokens_[end_ - 1].span.end}, false);
  note(0, end_, written);
  return true;
}

}  // namespace sinan::sql
