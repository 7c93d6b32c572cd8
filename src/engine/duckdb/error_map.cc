#include "engine/duckdb/error_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/strings.h"

namespace sinan::engine {
namespace {

struct Raw {
  std::string type;
  std::string message;
  std::string subtype;
  std::string name;
  std::string kind;  // of the missing or existing entry: "Table"
  std::string call;
  std::string errno_text;
  std::vector<std::string> candidates;
  std::optional<size_t> position;
};

std::vector<std::string> split_candidates(std::string_view text) {
  std::vector<std::string> names;
  for (const std::string_view part : split_on(text, ',')) {
    if (const std::string_view name = trim(part); !name.empty()) names.emplace_back(name);
  }
  return names;
}

std::optional<Raw> read_json(std::string_view text) {
  const size_t begin = text.find('{');
  // Some calls put "Parser Error: " in front of the object.
  if (begin == std::string_view::npos || begin > 40) return std::nullopt;
  const auto json = Json::parse(text.substr(begin));
  if (!json || json->find("exception_type") == nullptr) return std::nullopt;
  const auto member = [&](std::string_view key) { return json->at(key).as_string().value_or(""); };
  Raw raw{member("exception_type"),
          member("exception_message"),
          member("error_subtype"),
          member("name"),
          member("type"),
          member("call"),
          member("errno"),
          {},
          std::nullopt};
  // Signatures contain commas: they are read from the message instead.
  if (raw.subtype != "NO_MATCHING_FUNCTION") raw.candidates = split_candidates(member("candidates"));
  const std::string position = member("position");
  if (!position.empty() && position.find_first_not_of("0123456789") == std::string::npos && position.size() < 10) {
    raw.position = std::stoul(position);
  }
  return raw;
}

Raw read_text(std::string_view text) {
  Raw raw;
  const size_t end = text.find(" Error: ");
  if (end != std::string_view::npos && end < 40) {
    raw.type = text.substr(0, end);
    text.remove_prefix(end + 8);
  }
  raw.message = text;
  return raw;
}

bool is_word(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || c == '_' || (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
}

// The end of the token that begins at `begin`: a quoted text or name, a word with its dotted parts, or one character.
size_t token_end(std::string_view sql, size_t begin) {
  size_t at = begin;
  while (at < sql.size()) {
    if (sql[at] == '"' || sql[at] == '\'') {
      const char quote = sql[at];
      for (++at; at < sql.size(); ++at) {
        if (sql[at] != quote) continue;
        if (at + 1 < sql.size() && sql[at + 1] == quote) {
          ++at;
        } else {
          break;
        }
      }
      at = std::min(at + 1, sql.size());
    } else {
      while (at < sql.size() && is_word(sql[at])) ++at;
    }
    if (at == begin || at + 1 >= sql.size() || sql[at] != '.' || !(is_word(sql[at + 1]) || sql[at + 1] == '"')) break;
    ++at;
  }
  return at == begin ? std::min(begin + 1, sql.size()) : at;
}

// The byte at which code point number `count` begins.
size_t byte_of_code_point(std::string_view text, size_t count) {
  size_t at = 0;
  for (; at < text.size() && count > 0; --count) {
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) ++at;
  }
  return at;
}

Span token_at(std::string_view sql, size_t position) {
  const size_t begin = std::min(position, sql.size());
  return {static_cast<uint32_t>(begin), static_cast<uint32_t>(token_end(sql, begin))};
}

// Where DuckDB gives a name but no place: the place, if the text has that word exactly once.
std::optional<Span> only_occurrence(std::string_view sql, std::string_view name) {
  if (name.empty()) return std::nullopt;
  const std::string text = to_lower(sql);
  const std::string word = to_lower(name);
  std::optional<Span> found;
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
    const size_t end = at + word.size();
    const bool whole = (at == 0 || !is_word(text[at - 1]) || !is_word(word.front())) &&
                       (end == text.size() || !is_word(text[end]) || !is_word(word.back()));
    if (!whole) continue;
    if (found) return std::nullopt;
    found = Span{static_cast<uint32_t>(at), static_cast<uint32_t>(end)};
  }
  return found;
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// Removes everything up to `before` and from `after` on; empty when either is missing.
std::string between(std::string_view text, std::string_view before, std::string_view after) {
  const size_t begin = text.find(before);
  if (begin == std::string_view::npos) return {};
  text.remove_prefix(begin + before.size());
  const size_t end = text.find(after);
  if (end == std::string_view::npos) return {};
  return std::string(text.substr(0, end));
}

std::vector<std::string> quoted_names(std::string_view text) {
  std::vector<std::string> names;
  for (size_t open = text.find('"'); open != std::string_view::npos; open = text.find('"')) {
    const size_t close = text.find('"', open + 1);
    if (close == std::string_view::npos) break;
    names.emplace_back(text.substr(open + 1, close - open - 1));
    text.remove_prefix(close + 1);
  }
  return names;
}

struct Lines {
  std::string first;
  std::string rest;  // what helps a person; places and links are dropped
};

Lines split_lines(std::string_view message) {
  Lines lines;
  for (std::string_view line : split_on(message, '\n')) {
    line = trim(line);
    if (line.empty()) continue;
    if (line.starts_with("LINE ") || line.starts_with("Stack Trace")) break;
    if (lines.first.empty()) {
      if (const size_t link = line.find("See also http"); link != std::string_view::npos)
        line = trim(line.substr(0, link));
      lines.first = line;
    } else if (!contains(line, "duckdb.org") && !line.starts_with("Did you mean") && !line.starts_with("Candidate") &&
               lines.rest.size() + line.size() < 400) {
      if (!lines.rest.empty()) lines.rest += "; ";
      lines.rest += line;
    }
  }
  std::string& first = lines.first;
  while (!first.empty() && (first.back() == '!' || first.back() == '.')) first.pop_back();
  // Sentences begin small in our messages, unless the first word is an acronym or a quoted thing.
  if (first.size() > 1 && first[0] >= 'A' && first[0] <= 'Z' && first[1] >= 'a' && first[1] <= 'z') {
    first[0] = static_cast<char>(first[0] | 0x20);
  }
  return lines;
}

struct TypeCode {
  std::string_view type;
  Code check;
  Code run;
};

constexpr std::array kTypeCodes = std::to_array<TypeCode>({
    {"Parser", Code::kProgram, Code::kProgram},
    {"Syntax", Code::kProgram, Code::kProgram},
    {"Binder", Code::kProgram, Code::kProgram},
    {"Catalog", Code::kProgram, Code::kProgram},
    {"Parameter Not Resolved", Code::kProgram, Code::kProgram},
    {"Parameter Not Allowed", Code::kProgram, Code::kProgram},
    {"Settings", Code::kProgram, Code::kProgram},
    {"Invalid Configuration", Code::kProgram, Code::kProgram},
    {"Dependency", Code::kProgram, Code::kProgram},
    {"Sequence", Code::kProgram, Code::kProgram},
    {"Conversion", Code::kProgram, Code::kData},
    {"Out of Range", Code::kProgram, Code::kData},
    {"Invalid Input", Code::kProgram, Code::kData},
    {"Mismatch Type", Code::kProgram, Code::kData},
    {"Invalid type", Code::kProgram, Code::kData},
    {"Divide by Zero", Code::kProgram, Code::kData},
    {"Decimal", Code::kProgram, Code::kData},
    {"Object Size", Code::kProgram, Code::kData},
    {"Constraint", Code::kData, Code::kData},
    {"Serialization", Code::kData, Code::kData},
    {"Not implemented", Code::kUnsupported, Code::kUnsupported},
    {"Missing Extension", Code::kUnsupported, Code::kUnsupported},
    {"Extension Autoloading", Code::kUnsupported, Code::kUnsupported},
    {"Permission", Code::kPermission, Code::kPermission},
    {"HTTP", Code::kUnavailable, Code::kUnavailable},
    {"Network", Code::kUnavailable, Code::kUnavailable},
    {"IO", Code::kIo, Code::kIo},
    {"Out of Memory", Code::kExhausted, Code::kExhausted},
    {"INTERRUPT", Code::kCancelled, Code::kCancelled},
    {"Interrupt", Code::kCancelled, Code::kCancelled},
    {"TransactionContext", Code::kProgram, Code::kProgram},
});

Code code_of(const Raw& raw, ErrorPhase phase) {
  const std::string_view message = raw.message;
  if (contains(message, "No space left on device") || raw.errno_text == "28" || contains(message, "File too large") ||
      contains(message, "max_temp_directory_size") || contains(message, "Out of Memory") ||
      contains(message, "Out-of-memory")) {
    return Code::kExhausted;
  }
  if (contains(message, "rite-write conflict") || contains(message, "Conflict on ") ||
      (raw.type == "TransactionContext" && contains(to_lower(message), "conflict"))) {
    return Code::kBusy;
  }
  if (raw.type == "IO" || raw.type == "Permission") {
    if (raw.errno_text == "2" || contains(message, "No files found")) return Code::kNotFound;
    if (raw.errno_text == "13" || raw.errno_text == "1" || raw.errno_text == "30") return Code::kPermission;
  }
  for (const TypeCode& entry : kTypeCodes) {
    if (entry.type == raw.type) return phase == ErrorPhase::kCheck ? entry.check : entry.run;
  }
  return Code::kInternal;
}

std::string hint_for_missing(const std::string& name, const std::vector<std::string>& candidates) {
  // DuckDB also offers names that are far off; keep those a person may have meant.
  return did_you_mean(name, candidates);
}

bool map_missing_column(const Raw& raw, Error& error) {
  std::string name;
  std::vector<std::string> candidates = raw.candidates;
  if (raw.subtype == "COLUMN_NOT_FOUND") {
    name = raw.name;
  } else if (contains(raw.message, "does not have a column with name") ||
             contains(raw.message, "does not have a column named")) {
    const auto quoted = quoted_names(raw.message.substr(0, raw.message.find('\n')));
    if (quoted.empty()) return false;
    name = quoted.back();
  } else if (raw.message.starts_with("Referenced update column ")) {
    name = between(raw.message, "Referenced update column ", " not found");
  } else {
    return false;
  }
  if (candidates.empty()) {
    if (const size_t list = raw.message.find("Did you mean"); list != std::string::npos) {
      candidates = quoted_names(std::string_view(raw.message).substr(list));
    } else if (const size_t bindings = raw.message.find("Candidate bindings"); bindings != std::string::npos) {
      candidates = quoted_names(std::string_view(raw.message).substr(bindings));
    }
  }
  error.code = Code::kProgram;
  error.message = fmt::format("unknown column \"{}\"", name);
  error.hint = hint_for_missing(name, candidates);
  if (error.hint.empty() && !candidates.empty()) error.hint = fmt::format("columns: {}", join(candidates, ", "));
  if (error.hint.empty() && contains(raw.message, "FROM clause is missing")) error.hint = "there is no FROM";
  return true;
}

bool map_missing_entry(const Raw& raw, Error& error) {
  std::string kind = to_lower(raw.kind);
  std::string name = raw.name;
  if (raw.subtype != "MISSING_ENTRY") {
    const size_t with = raw.message.find(" with name ");
    if (raw.type != "Catalog" || with == std::string::npos || !contains(raw.message, " does not exist")) return false;
    kind = to_lower(std::string_view(raw.message).substr(0, with));
    name = between(raw.message, " with name ", " does not exist");
    if (name.size() > 1 && name.front() == '"' && name.back() == '"') name = name.substr(1, name.size() - 2);
  }
  if (kind.ends_with(" function")) kind = "function";
  const bool is_data = kind == "table" || kind == "view" || kind == "schema" || kind == "index" || kind == "sequence";
  error.code = is_data ? Code::kNotFound : Code::kProgram;
  error.message = fmt::format("unknown {} \"{}\"", kind, name);
  error.hint = hint_for_missing(name, raw.candidates);
  return true;
}

bool map_existing_entry(const Raw& raw, Error& error) {
  const size_t with = raw.message.find(" with name ");
  if (with == std::string::npos || !contains(raw.message, " already exists")) return false;
  std::string name = between(raw.message, " with name ", " already exists");
  if (name.size() > 1 && name.front() == '"' && name.back() == '"') name = name.substr(1, name.size() - 2);
  error.code = Code::kExists;
  error.message =
      fmt::format("{} exists already: \"{}\"", to_lower(std::string_view(raw.message).substr(0, with)), name);
  return true;
}

bool map_function_call(const Raw& raw, Error& error) {
  if (raw.subtype != "NO_MATCHING_FUNCTION") return false;
  error.code = Code::kProgram;
  error.message = fmt::format("no function takes these arguments: {}", raw.call);
  std::vector<std::string> signatures;
  for (const std::string_view line : split_on(raw.message, '\n')) {
    if (contains(line, "->") && signatures.size() < 4) signatures.emplace_back(trim(line));
  }
  if (!signatures.empty()) error.hint = fmt::format("there is {}", join(signatures, "; "));
  return true;
}

bool map_file(const Raw& raw, Error& error) {
  if (error.code != Code::kNotFound || raw.type != "IO") return false;
  const auto quoted = quoted_names(raw.message);
  if (quoted.empty()) return false;
  error.message = fmt::format("no such file: \"{}\"", quoted.front());
  return true;
}

bool map_extension(const Raw& raw, Error& error) {
  if (raw.type != "IO" || !raw.message.starts_with("Extension \"")) return false;
  std::string name = between(raw.message, "Extension \"", "\"");
  if (const size_t slash = name.rfind('/'); slash != std::string::npos) name.erase(0, slash + 1);
  if (const size_t dot = name.find('.'); dot != std::string::npos) name.erase(dot);
  error.code = Code::kUnsupported;
  error.message = fmt::format("database extension is not installed: \"{}\"", name);
  return true;
}

// Of a CSV reader's message: "CSV Error on Line: 7", the line, the reason, what to try, and the options it read with.
bool map_csv(const Raw& raw, Error& error) {
  const bool sniffing = raw.message.starts_with("Error when sniffing file ");
  if (!sniffing && !raw.message.starts_with("CSV Error on Line: ")) return false;
  std::string line, reason, file;
  std::vector<std::string> advice;
  for (std::string_view text : split_on(raw.message, '\n')) {
    text = trim(text);
    if (text.starts_with("CSV Error on Line: ")) {
      line = trim(text.substr(text.find(": ") + 2));
    } else if (text.starts_with("* ") || text.starts_with("Possible Solution: ") ||
               text.starts_with("Possible fixes: ")) {
      if (advice.size() < 3) advice.emplace_back(trim(text.substr(text.find(' ', text.find(':') + 1) + 1)));
    } else if (text.starts_with("file = ")) {
      file = text.substr(7);
    } else if (reason.empty() && !text.empty() && !text.starts_with("Original Line")) {
      reason = text;
    }
  }
  error.code = Code::kData;
  if (sniffing) {
    error.message = fmt::format("cannot tell how the CSV file is written: \"{}\"", between(raw.message, "\"", "\""));
  } else {
    while (reason.ends_with('.')) reason.pop_back();
    error.message = fmt::format("CSV file cannot be read: {}: line {} of \"{}\"", reason, line, file);
  }
  error.hint = join(advice, "; ");
  return true;
}

// What ran out or is broken, where the message speaks of DuckDB's own settings or of its insides.
void reword(const Raw& raw, Error& error) {
  constexpr std::string_view kFreeSpace = "free some disk space and run it again";
  const std::string_view message = raw.message;
  if (contains(message, "memory exhausted at or near")) {
    error.message = "statement is nested too deeply";
    error.hint = "split it: put the inner parts into tables or views";
  } else if (contains(message, "expression depth limit")) {
    error.message = "expression is nested too deeply";
    error.hint = "write it shorter, or raise the limit before it: SET max_expression_depth TO 10000";
  } else if (contains(message, "No space left on device")) {
    error.hint = kFreeSpace;
  } else if (contains(message, "File too large")) {
    error.hint = "raise the limit of file sizes: ulimit -f";
  } else if (contains(message, "max_temp_directory_size")) {
    error.message = fmt::format("no room for temporary files in .sinan/tmp: {}", error.message);
    error.hint = "free some disk space; limits.temp_disk and limits.memory in sinan.toml say what may be used";
  } else if (error.code == Code::kExhausted && contains(message, "SET memory_limit")) {
    error.hint = "raise limits.memory in sinan.toml, or lower limits.threads";
  } else if (contains(message, "No magic bytes found at end of file") || contains(message, "to be a Parquet file")) {
    error.code = Code::kData;
    error.message = fmt::format("not a whole Parquet file: \"{}\"", between(message, "'", "'"));
    error.hint = "it was cut off, or is of another kind: write it again";
  } else if (contains(message, "don't know what type") || contains(message, "TProtocolException")) {
    error.code = Code::kData;
    error.message = "a Parquet file is damaged: its description cannot be read";
    error.hint = "write it again";
  } else if (contains(message, "is not a valid DuckDB database file")) {
    error.code = Code::kData;
    error.message = fmt::format("not a database file of DuckDB: \"{}\"", between(message, "\"", "\""));
  } else if (contains(message, "Malformed JSON in file") || contains(message, "Corrupt database file") ||
             contains(message, "Could not read enough bytes")) {
    error.code = Code::kData;
  }
}

// What the server of a data source says about a statement that an extension sent it: its own words, without the statement.
bool map_server_error(const Raw& raw, Error& error) {
  const std::string& message = raw.message;
  const bool is_sent = contains(message, "Failed to execute") || contains(message, "Failed to prepare") ||
                       contains(message, "Failed to run query");
  if (!is_sent) return false;
  size_t begin = message.rfind("ERROR:  ");
  begin = begin != std::string::npos ? begin + 8 : message.rfind("\": ") + 3;
  error.message = fmt::format("the data source refuses: {}", trim(split_lines(message.substr(begin)).first));
  error.code =
      contains(message, "already exists") || contains(message, "database exists") ? Code::kExists
      : contains(message, "does not exist") || contains(message, "doesn't exist") || contains(message, "Unknown ")
          ? Code::kNotFound
      : contains(message, "denied") ? Code::kPermission
                                    : Code::kProgram;
  error.span.reset();
  return true;
}

Error map(const Raw& raw, std::string_view sql, ErrorPhase phase) {
  Error error;
  error.code = code_of(raw, phase);
  if (raw.position && *raw.position <= sql.size()) {
    // The scanner counts characters, everything behind it bytes.
    const bool in_characters = raw.subtype == "SYNTAX_ERROR";
    error.span = token_at(sql, in_characters ? byte_of_code_point(sql, *raw.position) : *raw.position);
  }
  if (error.code == Code::kCancelled) {
    error.message = "cancelled";
    error.span.reset();
    return error;
  }
  if (map_server_error(raw, error)) return error;
  if (!map_missing_column(raw, error) && !map_missing_entry(raw, error) && !map_existing_entry(raw, error) &&
      !map_function_call(raw, error) && !map_extension(raw, error) && !map_file(raw, error) && !map_csv(raw, error)) {
    Lines lines = split_lines(raw.message);
    error.message = std::move(lines.first);
    error.hint = std::move(lines.rest);
  }
  if (error.message.empty()) error.message = "the database reported an error without a message";
  reword(raw, error);
  if (contains(raw.message, "transaction is aborted")) error.hint = "ROLLBACK, then try again";
  if (contains(raw.message, "smaller than number of external threads")) {
    error.message = "the number of threads cannot be set here: engine and trainers share one budget";
    error.hint = "set threads under [limits] in sinan.toml";
  }
  if (!error.span) {
    const auto quoted = quoted_names(error.message);
    if (!quoted.empty()) error.span = only_occurrence(sql, quoted.back());
  }
  return error;
}

}  // namespace

Error map_error(std::string_view raw, std::string_view sql, ErrorPhase phase) {
  return map(read_json(raw).value_or(read_text(raw)), sql, phase);
}

Error map_open_error(std::string_view raw, const std::filesystem::path& file) {
  const Raw parsed = read_json(raw).value_or(read_text(raw));
  const std::string_view message = parsed.message;
  if (contains(message, "Could not set lock")) {
    const std::string holder = between(message, "lock is held in ", ". See");
    std::string text = fmt::format("database file is in use by another process: {}", file.string());
    std::string hint = holder.empty() ? "close the other process" : fmt::format("held by {}", holder);
    return Error{Code::kBusy, std::move(text), std::move(hint), std::nullopt, {}};
  }
  Error error = map(parsed, {}, ErrorPhase::kRun);
  if (contains(message, "newer version") || contains(message, "version number")) {
    error.code = Code::kData;
    error.message = fmt::format("database file was written by another version: {}", file.string());
    error.hint = split_lines(message).first;
    return error;
  }
  const bool corrupt = contains(message, "not a valid") || contains(to_lower(message), "corrupt") ||
                       contains(message, "checksum") || parsed.type == "Serialization" || parsed.type == "INTERNAL" ||
                       parsed.type == "FATAL" || contains(message, "Could not read enough bytes") ||
                       contains(message, "replaying WAL");
  if (corrupt) {
    error.code = Code::kData;
    error.message = fmt::format("database file is damaged: {}", file.string());
    error.hint = fmt::format("restore it from a copy: {}", split_lines(message).first);
    return error;
  }
  error.context.push_back(fmt::format("while opening {}", file.string()));
  return error;
}

}  // namespace sinan::engine
