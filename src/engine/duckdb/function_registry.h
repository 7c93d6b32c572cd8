// FunctionHost on DuckDB. Its C API knows no way to forget a function and none to choose the result's type when a call is
// checked. So there is one DuckDB function for each type of result ever asked for, made when it is first needed; it takes
// the number of one of our functions, a constant, and then whatever that takes. Numbers are never used twice. A published name
// is a DuckDB function too, that takes a text instead.
//
// DuckDB passes on an error's text only: the Error stays here, and the text says which it is. Thread-safe.
#pragma once

#include <duckdb.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arrow/type.h"
#include "base/error.h"
#include "engine/function_host.h"

namespace sinan::engine {

class FunctionRegistry final : public FunctionHost {
 public:
  // Before add().
  void open(duckdb_database database) { database_ = database; }

  Result<FunctionHandle> add(std::shared_ptr<const ScalarFunction> function) override;
  Status publish(const std::string& name, const arrow::Type& result, FunctionFinder find) override;
  std::string field(std::string_view expression, size_t i) const override;

  std::shared_ptr<const ScalarFunction> find(uint64_t number) const;
  // Keeps what function `number` failed with, or the published one of that `name`; the text to fail with in DuckDB.
  std::string keep_error(uint64_t number, std::string_view name, Error error);
  // The error that DuckDB's text stands for, if it is one of ours; once. A published function's is placed at its name, if `sql`
  // has that once.
  std::optional<Error> take_error(std::string_view text, std::string_view sql);

 private:
  struct KeptError {
    uint64_t function;
    std::string name;
    Error error;
  };
  void remove(uint64_t number);
  Result<std::string> name_for(const arrow::Type& result);

  duckdb_database database_ = nullptr;
  mutable std::mutex mutex_;
  uint64_t next_ = 1;
  std::map<uint64_t, std::shared_ptr<const ScalarFunction>> functions_;
  std::vector<std::pair<arrow::Type, std::string>> names_;  // of DuckDB's functions, by result
  uint64_t next_error_ = 1;
  std::map<uint64_t, KeptError> errors_;
};

// What a function's value is: its one field's type, or a struct.
arrow::Type value_type(const arrow::Schema& result);

}  // namespace sinan::engine
