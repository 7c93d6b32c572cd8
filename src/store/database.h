// SQLite, as the store of metadata: catalog, runs, whatever must survive a crash in small rows.
//
//     auto db = TRY(Database::open(folder / "catalog.db"));
//     TRY(db->migrate(kMigrations));
//     auto transaction = TRY(Transaction::begin(*db));
//     TRY(db->execute("INSERT INTO run (id, started) VALUES (?, ?)", run.value, started));
//     TRY(transaction.commit());                                   // durable from here on
//     auto rows = TRY(db->prepare("SELECT name, version FROM object WHERE kind = ?"));
//     rows.bind("model");
//     while (TRY(rows.step())) use(rows.text(0), rows.integer(1));
//
// A commit is durable when it returns (write-ahead log, synchronous = FULL); what was not committed never shows. One
// Database is one connection; any thread may use it. A Statement or Transaction holds the connection's (recursive) lock
// while it lives, so keep them short, and destroy them on the thread that made them. Statements are cached by their
// text: parameters, not pasted values.
//
// Errors: kExhausted disk full; kBusy another process holds it (after 5 s); kData damaged or not a database;
// kPermission; kExists a unique or primary key is taken; kArgument another constraint; kIo; kInternal wrong SQL (ours).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace sinan::store {

class Database;
using Bytes = std::span<const std::byte>;

class Statement {
 public:
  ~Statement();
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;

  // Binds ?1, ?2, ... in order. Types: nullptr, bool, integers, double, text, Bytes, optional of these. A number of
  // values that differs from the number of parameters is a CHECK failure.
  template <class... Values>
  Statement& bind(const Values&... values) {
    begin_binding(sizeof...(values));
    int index = 0;
    (bind_at(++index, values), ...);
    return *this;
  }
  // True: a row is there to read. False: done.
  Result<bool> step();
  // Steps to the end.
  Status run();

  // Of the current row, columns from 0. SQLite converts between types; NULL reads as 0 and "". Text and bytes last
  // until the next step.
  bool is_null(int column) const;
  int64_t integer(int column) const;
  double real(int column) const;
  std::string_view text(int column) const;
  Bytes bytes(int column) const;
  std::optional<int64_t> optional_integer(int column) const;
  std::optional<double> optional_real(int column) const;
  std::optional<std::string> optional_text(int column) const;

 private:
  friend class Database;
  Statement(Database& database, sqlite3_stmt* statement, std::string key, std::unique_lock<std::recursive_mutex> lock);
  void begin_binding(size_t count);
  void bind_at(int index, std::nullptr_t);
  void bind_at(int index, bool value) { bind_at(index, int64_t{value}); }
  void bind_at(int index, int value) { bind_at(index, int64_t{value}); }
  void bind_at(int index, uint32_t value) { bind_at(index, int64_t{value}); }
  void bind_at(int index, int64_t value);
  void bind_at(int index, uint64_t value);  // above 2^63 - 1: CHECK
  void bind_at(int index, double value);
  void bind_at(int index, std::string_view value);
  void bind_at(int index, const char* value) { bind_at(index, std::string_view(value)); }
  void bind_at(int index, const std::string& value) { bind_at(index, std::string_view(value)); }
  void bind_at(int index, Bytes value);
  template <class T>
  void bind_at(int index, const std::optional<T>& value) {
    if (value)
      bind_at(index, *value);
    else
      bind_at(index, nullptr);
  }

  Database* database_;
  sqlite3_stmt* statement_;
  std::string key_;
  std::unique_lock<std::recursive_mutex> lock_;
};

// One script, run once in a transaction of its own; versions count 1, 2, 3, ... without holes.
struct Migration {
  uint32_t version;
  std::string_view script;
};

class Database {
 public:
  // Creates the file when it is missing.
  static Result<std::unique_ptr<Database>> open(const std::filesystem::path& path);
  static Result<std::unique_ptr<Database>> open_in_memory();
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Brings the schema to the newest version. Errors: kUnsupported when the file is newer than this program.
  Status migrate(std::span<const Migration> migrations);
  Result<uint32_t> schema_version();

  Result<Statement> prepare(std::string_view sql);
  template <class... Values>
  Status execute(std::string_view sql, const Values&... values) {
    auto statement = prepare(sql);
    if (!statement) return std::unexpected(std::move(statement).error());
    return statement->bind(values...).run();
  }
  // Several statements without parameters, not cached: schema scripts.
  Status execute_script(std::string_view script);
  int64_t last_insert_rowid() const;
  int64_t changes() const;  // rows of the last INSERT, UPDATE or DELETE
  // Reads every page. Errors: kData with SQLite's first finding.
  Status check_integrity();

 private:
  friend class Statement;
  friend class Transaction;
  struct Cache;
  explicit Database(std::string name);
  Status configure();
  Error error(std::string_view doing) const;
  Status run_plain(const char* sql);

  std::string name_;  // the path, for messages
  sqlite3* connection_ = nullptr;
  std::unique_ptr<Cache> cache_;
  int depth_ = 0;  // of open transactions
  mutable std::recursive_mutex mutex_;
};

// Rolled back by the destructor unless commit() succeeded. BEGIN IMMEDIATE: it waits here for other writers, never at
// the first write. One inside another (same thread) is a savepoint: it becomes durable with the outermost.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  ~Transaction();
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;

  // After an error the transaction has been rolled back.
  Status commit();
  void rollback();

 private:
  Transaction(Database& database, int depth, std::unique_lock<std::recursive_mutex> lock);
  Database* database_;  // null once finished
  int depth_;
  std::unique_lock<std::recursive_mutex> lock_;
};

}  // namespace sinan::store
