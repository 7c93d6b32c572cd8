#include "store/database.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <limits>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "base/check.h"

namespace sinan::store {
namespace {

Code code_of(int sqlite_code) {
  if (sqlite_code == SQLITE_CONSTRAINT_UNIQUE || sqlite_code == SQLITE_CONSTRAINT_PRIMARYKEY) return Code::kExists;
  switch (sqlite_code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
      return Code::kExhausted;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Code::kBusy;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Code::kData;
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return Code::kPermission;
    case SQLITE_CONSTRAINT:
      return Code::kArgument;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      return Code::kIo;
    default:
      return Code::kInternal;
  }
}

}  // namespace

// Statements that are not in use, by their text.
struct Database::Cache {
  std::unordered_map<std::string, sqlite3_stmt*> idle;

  ~Cache() {
    for (const auto& [text, statement] : idle) sqlite3_finalize(statement);
  }
};

Statement::Statement(Database& database, sqlite3_stmt* statement, std::string key,
                     std::unique_lock<std::recursive_mutex> lock)
    : database_(&database), statement_(statement), key_(std::move(key)), lock_(std::move(lock)) {}

Statement::Statement(Statement&& other) noexcept
    : database_(other.database_),
      statement_(std::exchange(other.statement_, nullptr)),
      key_(std::move(other.key_)),
      lock_(std::move(other.lock_)) {}

Statement::~Statement() {
  if (!statement_) return;
  constexpr size_t kMostIdle = 128;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  auto& idle = database_->cache_->idle;
  if (idle.size() >= kMostIdle || !idle.emplace(std::move(key_), statement_).second) sqlite3_finalize(statement_);
}

void Statement::begin_binding(size_t count) {
  CHECK(count == static_cast<size_t>(sqlite3_bind_parameter_count(statement_)));
  sqlite3_reset(statement_);
}

// Binding fails only for lack of memory or a wrong index; the index is checked by begin_binding().
void Statement::bind_at(int index, std::nullptr_t) { CHECK(sqlite3_bind_null(statement_, index) == SQLITE_OK); }
void Statement::bind_at(int index, int64_t value) { CHECK(sqlite3_bind_int64(statement_, index, value) == SQLITE_OK); }
void Statement::bind_at(int index, uint64_t value) {
  CHECK(value <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max()));
  bind_at(index, static_cast<int64_t>(value));
}
void Statement::bind_at(int index, double value) { CHECK(sqlite3_bind_double(statement_, index, value) == SQLITE_OK); }
void Statement::bind_at(int index, std::string_view value) {
  const char* text = value.data() ? value.data() : "";  // a null pointer would bind NULL
  CHECK(sqlite3_bind_text64(statement_, index, text, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8) == SQLITE_OK);
}
void Statement::bind_at(int index, Bytes value) {
  const void* bytes = value.data() ? static_cast<const void*>(value.data()) : "";
  CHECK(sqlite3_bind_blob64(statement_, index, bytes, value.size(), SQLITE_TRANSIENT) == SQLITE_OK);
}

Result<bool> Statement::step() {
  switch (sqlite3_step(statement_)) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default:
      break;
  }
  Error error = database_->error("cannot run statement");
  sqlite3_reset(statement_);
  return fail(std::move(error));
}

Status Statement::run() {
  while (TRY(step())) {
  }
  return {};
}

bool Statement::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_, column); }
double Statement::real(int column) const { return sqlite3_column_double(statement_, column); }
std::string_view Statement::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return text ? std::string_view(text, static_cast<size_t>(sqlite3_column_bytes(statement_, column)))
              : std::string_view();
}
Bytes Statement::bytes(int column) const {
  const auto* bytes = static_cast<const std::byte*>(sqlite3_column_blob(statement_, column));
  return {bytes, static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}
std::optional<int64_t> Statement::optional_integer(int column) const {
  return is_null(column) ? std::nullopt : std::optional(integer(column));
}
std::optional<double> Statement::optional_real(int column) const {
  return is_null(column) ? std::nullopt : std::optional(real(column));
}
std::optional<std::string> Statement::optional_text(int column) const {
  return is_null(column) ? std::nullopt : std::optional(std::string(text(column)));
}

Database::Database(std::string name) : name_(std::move(name)), cache_(std::make_unique<Cache>()) {}

Database::~Database() {
  cache_.reset();
  const int code = sqlite3_close(connection_);
  CHECK(code == SQLITE_OK && "a Statement outlived its Database");
}

Result<std::unique_ptr<Database>> Database::open(const std::filesystem::path& path) {
  std::unique_ptr<Database> database(new Database(path.string()));
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_FULLMUTEX;
  if (sqlite3_open_v2(path.c_str(), &database->connection_, flags, nullptr) != SQLITE_OK) {
    return fail(database->error("cannot open database"));
  }
  TRY(database->configure());
  return database;
}

Result<std::unique_ptr<Database>> Database::open_in_memory() { return open(":memory:"); }

Status Database::configure() {
  constexpr int kBusyTimeoutMs = 5000;
  sqlite3_busy_timeout(connection_, kBusyTimeoutMs);
  sqlite3_db_config(connection_, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);  // "x" is a name, never a string
  sqlite3_db_config(connection_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(connection_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  // The log is kept when the program ends: moving it into the database would cost each short run two fsyncs.
  sqlite3_db_config(connection_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  TRY(run_plain("PRAGMA journal_mode = WAL"));
  TRY(run_plain("PRAGMA synchronous = FULL"));
  return run_plain("PRAGMA foreign_keys = ON");
}

Error Database::error(std::string_view doing) const {
  const int code = connection_ ? sqlite3_extended_errcode(connection_) : SQLITE_NOMEM;
  const char* reason = connection_ ? sqlite3_errmsg(connection_) : "out of memory";
  Error error{code_of(code), fmt::format("{}: {}: {}", doing, reason, name_), {}, std::nullopt, {}};
  if (error.code == Code::kExhausted) error.hint = "free some disk space and run it again";
  if (error.code == Code::kBusy) error.hint = "another process is writing; run it again";
  if (error.code == Code::kData) {
    error.message = fmt::format("database file is damaged: {}: {}", reason, name_);
    error.hint = "restore it from a copy";
  }
  return error;
}

Status Database::run_plain(const char* sql) {
  const std::lock_guard lock(mutex_);
  if (sqlite3_exec(connection_, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return fail(error("cannot run statement"));
}

Status Database::execute_script(std::string_view script) { return run_plain(std::string(script).c_str()); }

Result<Statement> Database::prepare(std::string_view sql) {
  std::unique_lock lock(mutex_);
  std::string key(sql);
  if (const auto node = cache_->idle.extract(key))
    return Statement(*this, node.mapped(), std::move(key), std::move(lock));
  sqlite3_stmt* statement = nullptr;
  const char* tail = nullptr;
  const int size = static_cast<int>(key.size());
  if (sqlite3_prepare_v3(connection_, key.c_str(), size, SQLITE_PREPARE_PERSISTENT, &statement, &tail) != SQLITE_OK) {
    return fail(error("cannot prepare statement"));
  }
  CHECK(statement && *tail == '\0' && "exactly one SQL statement");
  return Statement(*this, statement, std::move(key), std::move(lock));
}

int64_t Database::last_insert_rowid() const {
  const std::lock_guard lock(mutex_);
  return sqlite3_last_insert_rowid(connection_);
}

int64_t Database::changes() const {
  const std::lock_guard lock(mutex_);
  return sqlite3_changes64(connection_);
}

Result<uint32_t> Database::schema_version() {
  auto statement = TRY(prepare("PRAGMA user_version"));
  TRY(statement.step());
  return static_cast<uint32_t>(statement.integer(0));
}

Status Database::migrate(std::span<const Migration> migrations) {
  for (size_t i = 0; i < migrations.size(); ++i) CHECK(migrations[i].version == i + 1);
  const uint32_t newest = static_cast<uint32_t>(migrations.size());
  const uint32_t found = TRY(schema_version());
  if (found > newest) {
    return fail(
        Code::kUnsupported,
        fmt::format("database is of a newer Sinan: version {}, this program knows up to {}: {}", found, newest, name_),
        "use the newer program on this project folder");
  }
  for (uint32_t version = found + 1; version <= newest; ++version) {
    auto transaction = TRY(Transaction::begin(*this));
    // Another process may have been here between the look and the lock.
    if (TRY(schema_version()) >= version) continue;
    const auto migrated = [&]() -> Status {
      TRY(execute_script(migrations[version - 1].script));
      return execute_script(fmt::format("PRAGMA user_version = {}", version));
    }();
    if (!migrated) {
      return fail(Error(migrated.error())).within(fmt::format("while bringing the database to version {}", version));
    }
    TRY(transaction.commit());
  }
  return {};
}

Status Database::check_integrity() {
  auto statement = TRY(prepare("PRAGMA integrity_check(1)"));
  TRY(statement.step());
  if (statement.text(0) == "ok") return {};
  return fail(Code::kData, fmt::format("database is damaged: {}: {}", statement.text(0), name_));
}

Transaction::Transaction(Database& database, int depth, std::unique_lock<std::recursive_mutex> lock)
    : database_(&database), depth_(depth), lock_(std::move(lock)) {}

Transaction::Transaction(Transaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)), depth_(other.depth_), lock_(std::move(other.lock_)) {}

Transaction::~Transaction() { rollback(); }

Result<Transaction> Transaction::begin(Database& database) {
  std::unique_lock lock(database.mutex_);
  const int depth = database.depth_;
  TRY(database.run_plain(depth == 0 ? "BEGIN IMMEDIATE" : fmt::format("SAVEPOINT level{}", depth).c_str()));
  ++database.depth_;
  return Transaction(database, depth, std::move(lock));
}

Status Transaction::commit() {
  CHECK(database_ && database_->depth_ == depth_ + 1 && "transactions end in the reverse order of their beginning");
  const Status committed =
      database_->run_plain(depth_ == 0 ? "COMMIT" : fmt::format("RELEASE level{}", depth_).c_str());
  if (!committed) {
    rollback();
    return committed;
  }
  --database_->depth_;
  database_ = nullptr;
  lock_.unlock();
  return {};
}

void Transaction::rollback() {
  if (!database_) return;
  CHECK(database_->depth_ == depth_ + 1 && "transactions end in the reverse order of their beginning");
  // A grave error (full disk, I/O) has rolled everything back already; then there is nothing to roll back to.
  if (!sqlite3_get_autocommit(database_->connection_)) {
    const std::string savepoint = fmt::format("ROLLBACK TO level{0}; RELEASE level{0}", depth_);
    std::ignore = database_->run_plain(depth_ == 0 ? "ROLLBACK" : savepoint.c_str());
  }
  --database_->depth_;
  database_ = nullptr;
  lock_.unlock();
}

}  // namespace sinan::store
