// Guards for the objects of DuckDB's C API: each is destroyed by its own function when the guard goes. Move-only.
#pragma once

#include <duckdb.h>

#include <utility>

namespace sinan::engine {

template <class T, void (*Destroy)(T*)>
class DuckHandle {
 public:
  DuckHandle() = default;
  explicit DuckHandle(T value) : value_(value) {}
  DuckHandle(DuckHandle&& other) noexcept : value_(std::exchange(other.value_, nullptr)) {}
  DuckHandle& operator=(DuckHandle&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~DuckHandle() { Destroy(&value_); }  // the C functions accept a null handle
  T get() const { return value_; }
  explicit operator bool() const { return value_ != nullptr; }
  // For functions that fill a handle; the guard must be empty.
  T* out() { return &value_; }

 private:
  T value_ = nullptr;
};

// Closes the database on a thread made for it: see handles.cc.
void close_database(duckdb_database* database);

using DuckConfig = DuckHandle<duckdb_config, duckdb_destroy_config>;
using DuckDatabase = DuckHandle<duckdb_database, close_database>;
using DuckConnection = DuckHandle<duckdb_connection, duckdb_disconnect>;
using DuckPrepared = DuckHandle<duckdb_prepared_statement, duckdb_destroy_prepare>;
using DuckPending = DuckHandle<duckdb_pending_result, duckdb_destroy_pending>;
using DuckStatements = DuckHandle<duckdb_extracted_statements, duckdb_destroy_extracted>;
using DuckType = DuckHandle<duckdb_logical_type, duckdb_destroy_logical_type>;
using DuckChunk = DuckHandle<duckdb_data_chunk, duckdb_destroy_data_chunk>;
using DuckTableFunction = DuckHandle<duckdb_table_function, duckdb_destroy_table_function>;
using DuckScalarFunction = DuckHandle<duckdb_scalar_function, duckdb_destroy_scalar_function>;
using DuckExpression = DuckHandle<duckdb_expression, duckdb_destroy_expression>;
using DuckContext = DuckHandle<duckdb_client_context, duckdb_destroy_client_context>;
using DuckErrorData = DuckHandle<duckdb_error_data, duckdb_destroy_error_data>;
using DuckValue = DuckHandle<duckdb_value, duckdb_destroy_value>;

class DuckResult {
 public:
  DuckResult() = default;
  DuckResult(DuckResult&& other) noexcept : value_(std::exchange(other.value_, duckdb_result{})) {}
  DuckResult& operator=(DuckResult&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~DuckResult() { destroy(); }
  duckdb_result& get() { return value_; }
  void destroy() {
    if (value_.internal_data != nullptr) duckdb_destroy_result(&value_);
    value_ = {};
  }
  DuckChunk fetch() { return DuckChunk(duckdb_fetch_chunk(value_)); }

 private:
  duckdb_result value_ = {};
};

}  // namespace sinan::engine
