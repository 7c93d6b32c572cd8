// FunctionHost: our own scalar functions inside the database, over Arrow columns. Scoring a model inside a query keeps the
// columns that are only passed on in the engine, and runs on the engine's threads.
//
//     FunctionHandle score = TRY(engine.functions()->add(std::make_shared<Score>(model)));
//     std::string sql = "SELECT " + score.call({"a", "b"}) + " FROM t";     // any session of the engine
//     TRY(session.execute(sql));
//
// A view that outlives the process needs a call that does: publish() makes a name whose calls tell by a text which function they
// mean, found again whenever a statement is checked.
//
// The host and every ScalarFunction are thread-safe. A function lives until its handle and the last statement that was
// checked while the handle lived are gone; a statement that names it later fails (kProgram).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arrow/batch.h"
#include "base/error.h"

namespace sinan::engine {

// One engine thread's share of a statement: its buffers. Called by one thread at a time.
class FunctionWorker {
 public:
  virtual ~FunctionWorker() = default;
  // One row out for each row in (at least one, a few thousand at most), of the types of result(). NULLs come as they
  // are. `arguments` borrows from the engine until call() returns: keep nothing of it. The statement fails with exactly
  // the error that is returned.
  virtual Result<arrow::Batch> call(const arrow::Batch& arguments) = 0;
};

// Must be a function of its arguments alone: equal calls may be made once, and calls on constants before the statement
// runs.
class ScalarFunction {
 public:
  virtual ~ScalarFunction() = default;
  // One field: the function's value is of its type. Several: a struct of them. None is a CHECK failure.
  virtual const std::shared_ptr<const arrow::Schema>& result() const = 0;
  // When a statement is checked: refuses arguments by their number and types (their names say nothing).
  virtual Status check(const arrow::Schema& arguments) const = 0;
  // For one thread of a running statement. Errors as of call().
  virtual Result<std::unique_ptr<FunctionWorker>> make_worker(const arrow::Schema& arguments) const = 0;
};

// Makes the function callable while it lives.
class FunctionHandle {
 public:
  // `name`: of the SQL function; `number`: its first argument.
  FunctionHandle(std::string name, uint64_t number, std::function<void()> remove)
      : name_(std::move(name)), number_(number), remove_(std::move(remove)) {}
  FunctionHandle(FunctionHandle&& other) noexcept
      : name_(std::move(other.name_)), number_(other.number_), remove_(std::exchange(other.remove_, nullptr)) {}
  FunctionHandle& operator=(FunctionHandle&&) = delete;
  ~FunctionHandle() {
    if (remove_) remove_();
  }

  // The SQL expression that calls the function on these SQL expressions.
  std::string call(const std::vector<std::string>& arguments) const;

 private:
  std::string name_;
  uint64_t number_;
  std::function<void()> remove_;
};

// The function that a text stands for. Called whenever a statement with such a call is checked, on the thread that checks it:
// thread-safe, and fast. Errors: the statement's.
using FunctionFinder = std::function<Result<std::shared_ptr<const ScalarFunction>>(std::string_view text)>;

class FunctionHost {
 public:
  virtual ~FunctionHost() = default;
  // Call it before a transaction's first statement: one that has run some does not see a function whose result is of a type
  // that no function had before. The handle must go before the engine does.
  virtual Result<FunctionHandle> add(std::shared_ptr<const ScalarFunction> function) = 0;
  // Makes `name`('text', arguments...) callable by every session from now on, and by views that are kept: as long as the engine
  // lives. `find` answers functions whose result is `result`, a value's type or a struct's. Before the first statement; once a name.
  virtual Status publish(const std::string& name, const arrow::Type& result, FunctionFinder find) = 0;
  // The SQL expression of field `i` of a struct, from 0.
  virtual std::string field(std::string_view expression, size_t i) const = 0;
};

}  // namespace sinan::engine
