#include "engine/data_source.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include "base/strings.h"

namespace sinan::engine {
namespace {

constexpr std::string_view kForms =
    "write mysql://user@host:3306/db, postgresql://user@host:5432/db, a DuckDB file or a folder of Parquet or CSV "
    "files";

struct Parts {
  std::string_view scheme;
  std::string_view authority;  // "user:pw@host:1", "root@tcp(h:1)"
  std::string_view path;       // without its first slash
  std::string_view query;      // without the question mark
};

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decode(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low < 0) {
      result += text[i];
    } else {
      result += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return result;
}

// Where the user's part ends: a password may hold any sign, so it is the last '@' that a host can follow.
size_t end_of_user(std::string_view rest) {
  const size_t driver = std::min(rest.rfind("@tcp("), rest.rfind("@unix("));
  if (driver != std::string_view::npos) return driver;
  const size_t query = rest.find('?');
  return rest.substr(0, query).rfind('@');
}

Parts split_url(std::string_view url) {
  Parts parts;
  const size_t colon = url.find("://");
  parts.scheme = url.substr(0, colon);
  std::string_view rest = url.substr(colon + 3);
  const size_t at = end_of_user(rest);
  size_t host = at == std::string_view::npos ? 0 : at + 1;
  // The path of unix(/run/x.sock) is no path of the URL.
  if (rest.substr(host).starts_with("tcp(") || rest.substr(host).starts_with("unix(")) {
    const size_t close = rest.find(')', host);
    if (close != std::string_view::npos) host = close;
  }
  const size_t end = std::min(rest.find_first_of("/?", host), rest.size());
  parts.authority = rest.substr(0, end);
  rest.remove_prefix(end);
  if (rest.starts_with('/')) rest.remove_prefix(1);
  const size_t question = std::min(rest.find('?'), rest.size());
  parts.path = rest.substr(0, question);
  if (question < rest.size()) parts.query = rest.substr(question + 1);
  return parts;
}

Status read_address(std::string_view address, DataSource& source) {
  std::string_view port;
  if (address.starts_with('[')) {  // [::1]:3306
    const size_t close = std::min(address.find(']'), address.size());
    source.host = address.substr(1, close - 1);
    port = address.substr(std::min(close + 1, address.size()));
  } else {
    const size_t colon = std::min(address.find(':'), address.size());
    source.host = decode(address.substr(0, colon));
    port = address.substr(colon);
  }
  if (port.starts_with(':')) port.remove_prefix(1);
  if (port.empty()) return {};
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), source.port);
  if (error == std::errc{} && end == port.data() + port.size() && source.port > 0) return {};
  return fail(Code::kArgument, "the port of a data source is not a number from 1 to 65535", std::string(kForms));
}

// What stands in parentheses behind a driver's word: tcp(..), unix(..).
std::optional<std::string_view> bracketed(std::string_view text, std::string_view word) {
  if (!text.starts_with(word) || !text.ends_with(')')) return std::nullopt;
  return text.substr(word.size(), text.size() - word.size() - 1);
}

Status read_authority(std::string_view authority, DataSource& source) {
  const size_t at = end_of_user(authority);
  const std::string_view user = at == std::string_view::npos ? "" : authority.substr(0, at);
  const std::string_view address = at == std::string_view::npos ? authority : authority.substr(at + 1);
  const auto tcp = bracketed(address, "tcp(");
  const auto socket = bracketed(address, "unix(");
  // Go's driver, whose form this is, takes user and password as they stand.
  const auto text = [&](std::string_view part) { return tcp || socket ? std::string(part) : decode(part); };
  const size_t colon = std::min(user.find(':'), user.size());
  source.user = text(user.substr(0, colon));
  if (colon < user.size()) source.password = text(user.substr(colon + 1));
  if (socket) {
    source.socket = *socket;
    return {};
  }
  return read_address(tcp.value_or(address), source);
}

Status read_query(const Parts& parts, bool is_driver_form, DataSource& source) {
  static const std::vector<std::string> kKnown = {"socket", "host", "sslmode", "read_only"};
  for (const std::string_view setting : split_on(parts.query, '&')) {
    if (setting.empty()) continue;
    const size_t equals = std::min(setting.find('='), setting.size());
    const std::string key(setting.substr(0, equals));
    const std::string value = equals < setting.size() ? decode(setting.substr(equals + 1)) : "true";
    if (key == "socket" || (key == "host" && value.starts_with('/'))) {
      source.socket = value;
    } else if (key == "host") {
      source.host = value;
    } else if (key == "sslmode") {
      source.ssl_mode = value;
    } else if (key == "read_only") {
      source.read_only = value != "false" && value != "0";
    } else if (!is_driver_form) {
      // The settings of Go's driver (charset, maxAllowedPacket) have no meaning here.
      std::string hint = did_you_mean(key, kKnown);
      return fail(Code::kArgument, "unknown setting of a data source: \"" + key + "\"",
                  hint.empty() ? "known: " + join(kKnown, ", ") : hint);
    }
  }
  return {};
}

DataSource file_source(std::string_view path, bool read_only) {
  DataSource source;
  source.path = path;
  source.read_only = read_only;
  const std::string name = to_lower(source.path.filename().string());
  source.kind = name.ends_with(".duckdb") || name.ends_with(".db") || name.ends_with(".ddb") ? SourceKind::kDuckDb
                                                                                             : SourceKind::kFolder;
  return source;
}

}  // namespace

std::string_view to_string(SourceKind kind) {
  switch (kind) {
    case SourceKind::kDuckDb:
      return "DuckDB";
    case SourceKind::kPostgres:
      return "PostgreSQL";
    case SourceKind::kMySql:
      return "MySQL";
    case SourceKind::kFolder:
      return "folder";
  }
  return "";
}

std::string DataSource::describe() const {
  if (kind == SourceKind::kDuckDb || kind == SourceKind::kFolder) return path.string();
  std::string text = kind == SourceKind::kMySql ? "mysql " : "postgresql ";
  if (!user.empty()) text += user + "@";
  text += !socket.empty() ? socket : host.empty() ? "localhost" : host;
  if (port != 0) text += ":" + std::to_string(port);
  if (!database.empty()) text += "/" + database;
  return text;
}

std::string DataSource::default_schema() const {
  switch (kind) {
    case SourceKind::kPostgres:
      return "public";
    // A schema that every server has and nobody writes to.
    case SourceKind::kMySql:
      return database.empty() ? "information_schema" : to_lower(database);
    default:
      return "main";
  }
}

Result<DataSource> parse_data_source(std::string_view url) {
  url = trim(url);
  if (url.empty()) return fail(Code::kArgument, "the URL of a data source is empty", std::string(kForms));
  constexpr std::array<std::string_view, 4> kFiles = {"duckdb:", "file:", "csv:", "parquet:"};
  for (const std::string_view scheme : kFiles) {
    if (!url.starts_with(scheme)) continue;
    std::string_view path = url.substr(scheme.size());
    if (path.starts_with("//")) path.remove_prefix(2);
    const bool read_only = path.ends_with("?read_only") || path.ends_with("?read_only=true");
    if (read_only) path = path.substr(0, path.rfind('?'));
    if (path.empty()) return fail(Code::kArgument, "the path of a data source is empty", std::string(kForms));
    DataSource source = file_source(path, read_only);
    if (scheme == "duckdb:") source.kind = SourceKind::kDuckDb;
    return source;
  }
  if (url.find("://") == std::string_view::npos) return file_source(url, false);

  const Parts parts = split_url(url);
  const std::string scheme = to_lower(parts.scheme);
  DataSource source;
  if (scheme == "mysql" || scheme == "mariadb") {
    source.kind = SourceKind::kMySql;
  } else if (scheme == "postgres" || scheme == "postgresql") {
    source.kind = SourceKind::kPostgres;
  } else {
    return fail(Code::kUnsupported, "data sources of this kind are not supported: " + scheme, std::string(kForms));
  }
  TRY(read_authority(parts.authority, source));
  source.database = decode(parts.path);
  const bool is_driver_form = parts.authority.ends_with(')');
  TRY(read_query(parts, is_driver_form, source));
  return source;
}

std::string without_passwords(std::string_view text) {
  std::string result;
  for (size_t begin = text.find("://"); begin != std::string_view::npos; begin = text.find("://")) {
    begin += 3;
    result += text.substr(0, begin);
    text.remove_prefix(begin);
    // A URL ends with the word; an '@' before that ends its user's part.
    const std::string_view url = text.substr(0, text.find_first_of(" \t\n'\""));
    const size_t at = url.rfind('@');
    const size_t colon = url.find(':');
    if (at == std::string_view::npos || colon >= at) continue;
    result += url.substr(0, colon + 1);
    result += "***";
    text.remove_prefix(at);
  }
  return result += text;
}

}  // namespace sinan::engine
