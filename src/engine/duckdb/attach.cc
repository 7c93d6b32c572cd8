#include "engine/duckdb/attach.h"

#include <duckdb.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>

#include "base/strings.h"
#include "io/reachable.h"

namespace sinan::engine {
namespace {

namespace fs = std::filesystem;

constexpr uint16_t kMySqlPort = 3306;
constexpr uint16_t kPostgresPort = 5432;

// Whatever a server or library says, the password is not passed on.
Error without_secret(Error error, const DataSource& source) {
  error.span.reset();
  if (source.password.empty()) return error;
  const auto clean = [&](std::string& text) {
    for (size_t at = text.find(source.password); at != std::string::npos; at = text.find(source.password, at)) {
      text.replace(at, source.password.size(), "***");
      at += 3;
    }
  };
  clean(error.message);
  clean(error.hint);
  for (std::string& line : error.context) clean(line);
  return error;
}

Error connection_error(Error error, const DataSource& source) {
  const std::string text = error.message + " " + error.hint;
  const auto says = [&](std::string_view words) { return text.find(words) != std::string::npos; };
  std::string hint = "check the address, and that the server runs";
  Code code = Code::kUnavailable;
  std::string_view what = "cannot be reached";
  if (says("Access denied") || says("authentication failed") || says("no password supplied") ||
      (says("role \"") && says("does not exist")) || says("pg_hba.conf")) {
    code = Code::kPermission;
    what = "refuses user or password";
    hint =
        "check both; a password comes from password_env or password_file in sinan.toml, or from ${VARIABLE} in the URL";
  } else if (says("Unknown database") || (says("database \"") && says("does not exist"))) {
    code = Code::kNotFound;
    what = "has no such database";
    hint = "check the name behind the last / of its URL";
  }
  std::string reason = error.message;
  // The server's own words stand behind our library's.
  for (const std::string_view words : {"failed: ", "\": "}) {
    if (const size_t at = reason.rfind(words); at != std::string::npos) reason = reason.substr(at + words.size());
  }
  return without_secret(Error{code,
                              fmt::format("data source {}: {}: {}", what, source.describe(), trim(reason)),
                              std::move(hint),
                              std::nullopt,
                              {}},
                        source);
}

Status load_extension(Session& session, std::string_view name, const fs::path& extensions) {
  std::error_code ignored;
  const fs::path file = extension_file(extensions, name);
  if (extensions.empty() || !fs::exists(file, ignored)) {
    return fail(
        Code::kUnsupported, fmt::format("the engine's extension is missing: {}", name),
        fmt::format("make build puts it into lib/sinan/extensions; or set SINAN_EXTENSIONS to a folder that holds {}",
                    file.lexically_relative(extensions).string()));
  }
  auto loaded = session.execute(fmt::format("LOAD {}", name));
  if (loaded) return {};
  Error error = std::move(loaded).error();
  error.span.reset();
  error.code = Code::kUnsupported;
  error.hint = fmt::format("get it again: remove {} and run make build", file.string());
  return fail(std::move(error)).within(fmt::format("loading the engine's extension {}", name));
}

// The secret under the source's name. Its parameters are literals: nothing in them is SQL.
std::string secret_statement(const Dialect& dialect, const DataSource& source) {
  std::string text =
      fmt::format("CREATE OR REPLACE TEMPORARY SECRET {} (TYPE {}", dialect.identifier("sinan_" + source.name),
                  source.kind == SourceKind::kMySql ? "mysql" : "postgres");
  const auto add = [&](std::string_view key, std::string_view value) {
    if (!value.empty()) text += fmt::format(", {} {}", key, dialect.literal(value));
  };
  const bool is_mysql = source.kind == SourceKind::kMySql;
  if (!source.socket.empty()) {
    add(is_mysql ? "SOCKET" : "HOST", source.socket);
    if (is_mysql) add("HOST", "localhost");
  } else {
    add("HOST", source.host.empty() ? "127.0.0.1" : source.host);
  }
  if (source.port != 0) text += fmt::format(", PORT {}", source.port);
  add("USER", source.user);
  add("PASSWORD", source.password);
  if (!is_mysql) add("DATABASE", source.database);
  return text + ")";
}

Status attach_server(Session& session, const Dialect& dialect, const DataSource& source, const fs::path& extensions) {
  const bool is_mysql = source.kind == SourceKind::kMySql;
  if (source.socket.empty()) {
    const uint16_t port = source.port != 0 ? source.port : is_mysql ? kMySqlPort : kPostgresPort;
    TRY(io::reach(source.host.empty() ? "127.0.0.1" : source.host, port, is_mysql, kConnectPatience));
  }
  TRY(load_extension(session, extension_of(source.kind), extensions));
  if (auto made = session.execute(secret_statement(dialect, source)); !made) {
    return fail(without_secret(std::move(made).error(), source));
  }
  // MySQL: some statements of the extension leave out the schema and would strike the connection's own database, whatever schema
  // the table is in. In this one they fail, and flow/source_statement.h sends them with the whole name.
  std::string settings = "db=information_schema";
  if (!is_mysql) {
    settings = fmt::format("connect_timeout={}", kConnectPatience.count() / 1000);
    if (!source.ssl_mode.empty()) settings += fmt::format(" sslmode={}", source.ssl_mode);
  }
  const std::string attach =
      fmt::format("ATTACH {} AS {} (TYPE {}, SECRET {}{})", dialect.literal(settings), dialect.identifier(source.name),
                  is_mysql ? "mysql" : "postgres", dialect.identifier("sinan_" + source.name),
                  source.read_only ? ", READ_ONLY" : "");
  if (auto attached = session.execute(attach); !attached)
    return fail(connection_error(std::move(attached).error(), source));
  if (!is_mysql || source.database.empty()) return {};
  const auto found =
      session.query(fmt::format("SELECT 1 FROM duckdb_schemas() WHERE database_name = {} AND lower(schema_name) = {}",
                                dialect.literal(source.name), dialect.literal(to_lower(source.database))));
  if (!found) return fail(connection_error(std::move(found).error(), source));
  if (const auto batch = TRY((*found)->next()); batch && batch->rows() > 0) return {};
  return fail(Code::kNotFound, fmt::format("data source has no such database: {}", source.describe()),
              "check the name behind the last / of its URL, or leave it out and write database.table");
}

Status attach_file(Session& session, const Dialect& dialect, const DataSource& source) {
  std::error_code ignored;
  if (!fs::exists(source.path, ignored)) {
    return fail(Code::kNotFound, fmt::format("data source is not there: {}", source.path.string()),
                "check the path; for a new file: ATTACH 'new.duckdb' AS name in a program");
  }
  auto attached = session.execute(fmt::format("ATTACH {} AS {} (TYPE duckdb{})", dialect.literal(source.path.string()),
                                              dialect.identifier(source.name), source.read_only ? ", READ_ONLY" : ""));
  if (attached) return {};
  Error error = std::move(attached).error();
  error.span.reset();
  return fail(std::move(error)).within(fmt::format("attaching the data source {}", source.path.string()));
}

// Which function reads a file, by its name; empty for a file that is no table.
std::string_view reader_of(const fs::path& file) {
  const std::string name = to_lower(file.filename().string());
  const auto ends = [&](std::string_view ending) {
    return name.ends_with(ending) || name.ends_with(std::string(ending) + ".gz") ||
           name.ends_with(std::string(ending) + ".zst");
  };
  if (name.ends_with(".parquet")) return "read_parquet";
  if (ends(".csv") || ends(".tsv")) return "read_csv";
  if (ends(".json") || ends(".jsonl") || ends(".ndjson")) return "read_json";
  return {};
}

struct FolderTable {
  std::string reader;
  fs::path pattern;  // a file, or a glob of a folder's
};

// "flights" of flights.csv.gz.
std::string table_name_of(const fs::path& file) {
  const std::string name = file.filename().string();
  return name.substr(0, name.find('.', 1));
}

// What the files below a folder are, taken from the first in order; nothing when there is none.
std::optional<FolderTable> partitioned_table(const fs::path& folder) {
  std::error_code error;
  std::optional<fs::path> first;
  for (auto entry = fs::recursive_directory_iterator(folder, error);
       !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (entry->path().filename().string().starts_with('.') || !entry->is_regular_file(error)) continue;
    if (reader_of(entry->path()).empty()) continue;
    if (!first || entry->path() < *first) first = entry->path();
  }
  if (!first) return std::nullopt;
  const std::string name = first->filename().string();
  return FolderTable{std::string(reader_of(*first)), folder / "**" / ("*" + name.substr(name.find('.', 1)))};
}

Result<std::map<std::string, FolderTable>> tables_of(const fs::path& folder) {
  std::map<std::string, FolderTable> tables;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().filename().string().starts_with('.')) continue;
    std::optional<FolderTable> table;
    std::error_code ignored;
    if (entry.is_directory(ignored)) {
      table = partitioned_table(entry.path());
    } else if (const std::string_view reader = reader_of(entry.path()); !reader.empty()) {
      table = FolderTable{std::string(reader), entry.path()};
    }
    if (!table) continue;
    const auto [other, is_new] = tables.try_emplace(to_lower(table_name_of(entry.path())), *table);
    if (is_new) continue;
    return fail(Code::kExists,
                fmt::format("two files of a data source are one table: {} and {}", other->second.pattern.string(),
                            table->pattern.string()),
                "rename one of them");
  }
  if (error) {
    return fail(Code::kNotFound,
                fmt::format("folder of a data source cannot be read: {}: {}", folder.string(), error.message()),
                "name a folder that holds Parquet, CSV or JSON files");
  }
  return tables;
}

Status attach_folder(Session& session, const Dialect& dialect, const DataSource& source) {
  const auto tables = TRY(tables_of(source.path));
  TRY(session.execute(fmt::format("ATTACH ':memory:' AS {}", dialect.identifier(source.name))));
  for (const auto& [name, table] : tables) {
    auto made = session.execute(fmt::format("CREATE VIEW {} AS SELECT * FROM {}({})",
                                            dialect.table({source.name, "main", name}), table.reader,
                                            dialect.literal(table.pattern.string())));
    if (made) continue;
    Error error = std::move(made).error();
    error.span.reset();
    return fail(std::move(error)).within(fmt::format("reading {} of a data source", table.pattern.string()));
  }
  return {};
}

}  // namespace

std::string_view extension_of(SourceKind kind) {
  if (kind == SourceKind::kMySql) return "mysql_scanner";
  if (kind == SourceKind::kPostgres) return "postgres_scanner";
  return {};
}

fs::path extension_file(const fs::path& extensions, std::string_view name) {
  return extensions / duckdb_library_version() / "linux_amd64" / fmt::format("{}.duckdb_extension", name);
}

Status attach_source(Session& session, const Dialect& dialect, const DataSource& source, const fs::path& extensions) {
  switch (source.kind) {
    case SourceKind::kMySql:
    case SourceKind::kPostgres:
      return attach_server(session, dialect, source, extensions);
    case SourceKind::kDuckDb:
      return attach_file(session, dialect, source);
    case SourceKind::kFolder:
      return attach_folder(session, dialect, source);
  }
  return {};
}

}  // namespace sinan::engine
