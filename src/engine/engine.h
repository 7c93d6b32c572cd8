// Engine: a database that runs plain SQL and moves rows as Arrow batches. Embedded DuckDB today (engine/duckdb), any
// ADBC database later. Capabilities know only this header; whatever an engine cannot do answers kUnsupported.
//
// An Engine is thread-safe. A Session is one connection: use it from one thread at a time, except interrupt() and
// progress(). Errors carry a span into the SQL text that was passed in, where the database tells one; codes: kProgram
// (syntax, unknown name, type), kNotFound, kExists, kData (a cast or constraint failed on rows), kExhausted, kBusy
// (write conflict: retry), kCancelled (interrupt), kIo.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/stream.h"
#include "base/error.h"
#include "engine/data_source.h"
#include "engine/dialect.h"

namespace sinan::engine {

enum class IngestMode : uint8_t {
  kCreate,   // kExists when the table is there
  kReplace,  // drop and create, one transaction
  kAppend,   // columns matched by name, types cast; kNotFound when the table is missing
};

// How long a server may take to answer when a data source is attached.
inline constexpr std::chrono::milliseconds kConnectPatience{3000};

struct QueryOptions {
  // Rows a batch should have, about; 0 = the engine's own size (2048 for DuckDB). Larger batches are assembled by
  // column copies, never row by row.
  size_t batch_rows = 0;
};

struct TableInfo {
  TableName name;
  bool is_view = false;
  std::vector<arrow::Field> columns;
};

class Session {
 public:
  virtual ~Session() = default;

  // Column names and types of a query, without running it. Also checks any other statement's names and types (an empty
  // schema then).
  virtual Result<arrow::Schema> describe(std::string_view sql) = 0;
  // Streams; the session is busy until the stream is read to its end or destroyed. Never materialises the whole result.
  virtual Result<std::unique_ptr<arrow::BatchStream>> query(std::string_view sql, const QueryOptions& options = {}) = 0;
  // Rows changed, or -1 where the database does not say.
  virtual Result<int64_t> execute(std::string_view sql) = 0;
  // All or nothing; inside an open transaction part of it, else a transaction of its own. Creates the schema when
  // missing. Returns the rows written.
  virtual Result<int64_t> ingest(const TableName& table, arrow::BatchStream& rows, IngestMode mode) = 0;

  virtual Status begin() = 0;
  virtual Status commit() = 0;
  virtual Status rollback() = 0;
  virtual bool in_transaction() const = 0;

  virtual std::string current_schema() = 0;
  // Stops the running call, which answers kCancelled; a no-op when idle. Any thread.
  virtual void interrupt() noexcept = 0;
  // Of the running query: 0..1, or negative when unknown. Any thread.
  virtual double progress() const noexcept = 0;
};

// Rolls back in its destructor unless committed.
class Transaction {
 public:
  static Result<Transaction> begin(Session& session);
  Transaction(Transaction&& other) noexcept : session_(std::exchange(other.session_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Status commit();

 private:
  explicit Transaction(Session& session) : session_(&session) {}
  Session* session_;
};

class FunctionHost;  // engine/function_host.h

// A data source as statements see it.
struct AttachedSource {
  std::string name;
  SourceKind kind = SourceKind::kDuckDb;
  std::string default_schema;
  std::string where;  // DataSource::describe()
  bool read_only = false;
  bool is_default = false;
};

class Engine {
 public:
  virtual ~Engine() = default;
  virtual std::string_view name() const = 0;  // "duckdb"
  virtual std::string version() const = 0;    // "1.5.5"; part of cache keys
  virtual const Dialect& dialect() const = 0;
  virtual Result<std::unique_ptr<Session>> connect() = 0;
  // Threads (one that calls, the others the engine's own; at most as many as it was opened with; 0 = as before) and bytes
  // (0 = as before) that the engine may use from now on. The executor moves both between engine and trainers.
  virtual Status set_limits(uint32_t threads, uint64_t memory_bytes) = 0;
  // Tables and views a user can name now, for completion and hints. Schemas whose names begin with "__" are Sinan's own.
  virtual Result<std::vector<TableInfo>> tables() = 0;
  // Everything acknowledged is on disk afterwards, in the database file itself.
  virtual Status checkpoint() = 0;
  // Our own functions inside the database; null where that is not possible. Lives as long as the engine.
  virtual FunctionHost* functions() const { return nullptr; }
  // The database of names without one, unless another is in use; empty where there are none.
  virtual std::string database() const { return {}; }
  // Makes the source's tables known under its name, on all connections. Before the engine is shared between threads. A server is
  // given kConnectPatience. Errors: kUnavailable (no answer), kPermission (user or password), kNotFound (file, folder, database),
  // kUnsupported (the engine cannot, or its extension is missing: the hint says how to get it), kExists (the name is taken).
  virtual Status attach(const DataSource& source);
  // In the order of attaching.
  virtual std::vector<AttachedSource> sources() const { return {}; }
};

}  // namespace sinan::engine
