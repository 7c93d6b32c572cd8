#include "engine/duckdb/duckdb_engine.h"

#include <fmt/format.h>

#include <cstdlib>
#include <map>
#include <utility>
#include <vector>

#include "base/machine.h"
#include "base/strings.h"
#include "engine/duckdb/attach.h"
#include "engine/duckdb/connection.h"
#include "engine/duckdb/duckdb_dialect.h"
#include "engine/duckdb/duckdb_session.h"
#include "engine/duckdb/error_map.h"

namespace sinan::engine {
namespace {

constexpr const char* kColumnsQuery = R"(
SELECT c.database_name, c.schema_name, c.table_name, c.column_name, c.data_type, c.is_nullable, v.view_oid IS NOT NULL
FROM duckdb_columns() c
LEFT JOIN duckdb_views() v
  ON v.database_oid = c.database_oid AND v.schema_oid = c.schema_oid AND v.view_name = c.table_name
WHERE NOT c.internal AND NOT starts_with(c.schema_name, '__')
ORDER BY c.database_name, c.schema_name, c.table_name, c.column_index)";

// Types by their SQL names, as DuckDB itself reads them; one that it cannot is kOther.
class TypeNames {
 public:
  explicit TypeNames(Session& session) : session_(session) {}
  const arrow::Type& operator[](std::string_view name) {
    const auto [entry, is_new] = types_.try_emplace(std::string(name));
    if (is_new) {
      const auto schema = session_.describe(fmt::format("SELECT NULL::{}", name));
      if (schema && schema->size() == 1) {
        entry->second = (*schema)[0].type;
      } else {
        entry->second.id = arrow::TypeId::kOther;
      }
    }
    return entry->second;
  }

 private:
  Session& session_;
  std::map<std::string, arrow::Type, std::less<>> types_;
};

class DuckDbEngine final : public Engine {
 public:
  DuckDbEngine(std::shared_ptr<Database> database, const DuckDbOptions& options)
      : database_(std::move(database)), working_dir_(options.working_dir), extension_dir_(options.extension_dir) {}

  std::string_view name() const override { return "duckdb"; }
  std::string version() const override {
    const std::string_view text = duckdb_library_version();  // "v1.5.5"
    return std::string(text.starts_with('v') ? text.substr(1) : text);
  }
  const Dialect& dialect() const override { return dialect_; }

  std::string database() const override { return database_->main_catalog; }

  Result<std::unique_ptr<Session>> connect() override {
    return std::make_unique<DuckDbSession>(TRY(Connection::open(database_)));
  }

  Status set_limits(uint32_t threads, uint64_t memory_bytes) override {
    if (threads > 0) database_->helpers.resize(threads - 1);
    if (memory_bytes == 0) return {};
    const auto session = TRY(connect());
    TRY(session->execute(fmt::format("SET GLOBAL memory_limit='{}B'", memory_bytes)));
    return {};
  }

  Result<std::vector<TableInfo>> tables() override;

  Status checkpoint() override {
    const auto session = TRY(connect());
    TRY(session->execute("CHECKPOINT"));
    return {};
  }

  FunctionHost* functions() const override { return &database_->functions; }

  Status attach(const DataSource& source) override;
  std::vector<AttachedSource> sources() const override { return database_->attached; }

 private:
  std::shared_ptr<Database> database_;
  std::filesystem::path working_dir_;
  std::filesystem::path extension_dir_;
  DuckDbDialect dialect_;
};

Status DuckDbEngine::attach(const DataSource& source) {
  const auto session = TRY(connect());
  // A schema or database of that name would make "name.table" mean two things.
  const auto taken = TRY(session->query(
      fmt::format("SELECT 1 FROM duckdb_databases() WHERE lower(database_name) = {0} UNION ALL "
                  "SELECT 1 FROM duckdb_schemas() WHERE database_name = {1} AND lower(schema_name) = {0}",
                  dialect_.literal(source.name), dialect_.literal(database_->main_catalog)),
      {}));
  if (const auto batch = TRY(taken->next()); batch && batch->rows() > 0) {
    return fail(Code::kExists, fmt::format("name of a data source is taken by a schema or database: {}", source.name),
                "give it another name: NAME=URL");
  }
  DataSource placed = source;
  if (!placed.path.empty() && placed.path.is_relative() && !working_dir_.empty())
    placed.path = working_dir_ / placed.path;
  TRY(attach_source(*session, dialect_, placed, extension_dir_));
  database_->attached.push_back({.name = source.name,
                                 .kind = source.kind,
                                 .default_schema = source.default_schema(),
                                 .where = source.describe(),
                                 .read_only = source.read_only || source.kind == SourceKind::kFolder,
                                 .is_default = source.is_default});
  return {};
}

Result<std::vector<TableInfo>> DuckDbEngine::tables() {
  const auto session = TRY(connect());
  const auto describer = TRY(connect());
  TypeNames types(*describer);
  std::vector<TableInfo> tables;
  const auto rows = TRY(session->query(kColumnsQuery, {}));
  while (const auto batch = TRY(rows->next())) {
    for (size_t i = 0; i < batch->rows(); ++i) {
      const auto text = [&](size_t column) { return std::string(batch->column(column).string(i)); };
      TableName name{text(0), text(1), text(2)};
      if (name.catalog == database_->main_catalog) name.catalog.clear();
      if (tables.empty() || tables.back().name != name) {
        tables.push_back(TableInfo{std::move(name), batch->column(6).as_bool(i), {}});
      }
      tables.back().columns.push_back(arrow::Field{text(3), types[text(4)], batch->column(5).as_bool(i)});
    }
  }
  return tables;
}

uint32_t threads_of(const DuckDbOptions& options) {
  return options.threads > 0 ? options.threads : inspect_machine().cores;
}

// Errors: kInternal for a setting that this DuckDB does not know.
Result<DuckConfig> make_config(const DuckDbOptions& options) {
  std::vector<std::pair<std::string, std::string>> settings = {
      {"duckdb_api", "sinan"},
      {"errors_as_json", "true"},
      {"allow_unsigned_extensions", "false"},
      {"allow_community_extensions", "false"},
      {"autoinstall_known_extensions", "false"},
      {"autoload_known_extensions", "false"},
  };
  const auto set = [&](std::string name, std::string value) {
    settings.emplace_back(std::move(name), std::move(value));
  };
  if (options.read_only) set("access_mode", "READ_ONLY");
  // All threads are ours (TaskPool): DuckDB starts none.
  set("threads", std::to_string(threads_of(options)));
  set("external_threads", std::to_string(threads_of(options)));
  if (options.memory_bytes > 0) set("memory_limit", fmt::format("{}B", options.memory_bytes));
  if (!options.temp_dir.empty()) set("temp_directory", options.temp_dir.string());
  if (!options.extension_dir.empty()) set("extension_directory", options.extension_dir.string());
  if (!options.working_dir.empty()) set("file_search_path", options.working_dir.string());
  DuckConfig config;
  if (duckdb_create_config(config.out()) == DuckDBError) return fail(Code::kInternal, "no memory for the settings");
  for (const auto& [name, value] : settings) {
    if (duckdb_set_config(config.get(), name.c_str(), value.c_str()) == DuckDBError) {
      return fail(Code::kArgument, fmt::format("the database refuses the setting {}: {}", name, value));
    }
  }
  return config;
}

// What can be set or asked only once the database is open.
Status finish_opening(const std::shared_ptr<Database>& database, const DuckDbOptions& options) {
  DuckDbSession session(TRY(Connection::open(database)));
  if (options.temp_disk_bytes > 0) {
    TRY(session.execute(fmt::format("SET GLOBAL max_temp_directory_size='{}B'", options.temp_disk_bytes)));
  }
  // What packs floating-point numbers that no other method shrinks saves 6 % of FLOAT and 18 % of DOUBLE columns; without it
  // a table of such numbers is written in three quarters of the time and scanned in half.
  TRY(session.execute("SET GLOBAL disabled_compression_methods='alprd'"));
  const auto rows = TRY(session.query("SELECT current_database()", {}));
  const auto batch = TRY(rows->next());
  if (batch) database->main_catalog = batch->column(0).string(0);
  return {};
}

}  // namespace

std::filesystem::path default_extension_dir() {
  if (const char* named = std::getenv("SINAN_EXTENSIONS"); named != nullptr && *named != '\0') return named;
  std::error_code ignored;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", ignored);
  if (program.empty()) return {};
  return program.parent_path().parent_path() / "lib" / "sinan" / "extensions";
}

std::filesystem::path extension_file(SourceKind kind, const std::filesystem::path& extension_dir) {
  const std::string_view name = extension_of(kind);
  return name.empty() ? std::filesystem::path() : extension_file(extension_dir, name);
}

Result<std::unique_ptr<Engine>> open_duckdb(const DuckDbOptions& options) {
  const DuckConfig config = TRY(make_config(options));
  auto database = std::make_shared<Database>();
  char* error = nullptr;
  const std::string path = options.file.string();
  if (duckdb_open_ext(path.empty() ? nullptr : path.c_str(), database->handle.out(), config.get(), &error) ==
      DuckDBError) {
    const std::string text = error != nullptr ? error : "";
    duckdb_free(error);
    return fail(map_open_error(text, options.file));
  }
  DuckConnection connection;
  if (duckdb_connect(database->handle.get(), connection.out()) == DuckDBError) {
    return fail(Code::kInternal, "the database refused a connection");
  }
  TRY(register_ingest_function(connection.get(), database->sources));
  database->functions.open(database->handle.get());
  TRY(finish_opening(database, options));
  database->helpers.open(database->handle.get(), threads_of(options) - 1);
  database->helpers.resize(threads_of(options) - 1);
  return std::make_unique<DuckDbEngine>(std::move(database), options);
}

}  // namespace sinan::engine
