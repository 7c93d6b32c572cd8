// Program: one of the programs that TO RUN has built in, under the name that CMD calls it by.
//
// Stateless and thread-safe. check() is asked when the program is checked, as far as the columns are known then, and again before
// run().
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "arrow/batch.h"
#include "arrow/stream.h"
#include "base/cancel.h"
#include "base/error.h"
#include "run/arguments.h"

namespace sinan::run {

struct ProgramInput {
  const Arguments& arguments;
  arrow::BatchStream& rows;   // of the query
  arrow::BatchStream* table;  // of table_argument(); null when that is not given
  Span query;                 // where errors about all rows are told
  const CancelToken& cancel;
};

class Program {
 public:
  virtual ~Program() = default;
  virtual std::string_view name() const = 0;  // "psi.py"
  virtual std::span<const ArgumentSpec> arguments() const = 0;
  // The argument that names a table which is read besides the query; empty = none.
  virtual std::string_view table_argument() const = 0;
  // How many tables INTO names, and what they are, in order; nothing where the query decides and is not known (it has no columns).
  virtual size_t output_count() const = 0;
  virtual std::vector<arrow::Schema> outputs(const Arguments& arguments, const arrow::Schema& query) const = 0;

  // Arguments against each other. Errors: kArgument at the argument.
  virtual Status check_arguments(const Arguments& arguments) const = 0;
  // Arguments against the query's columns, and against those of the table. Errors: kProgram at the argument.
  virtual Status check_query(const Arguments& arguments, const arrow::Schema& query) const = 0;
  virtual Status check_table(const Arguments& arguments, const arrow::Schema& table) const = 0;
  // The query's columns that are read; empty = the program takes none by name.
  virtual std::vector<std::string> columns_read(const Arguments& arguments) const = 0;
  // A batch for each table. Errors: kData at the argument or at the query, those of the streams, kCancelled.
  virtual Result<std::vector<arrow::Batch>> run(const ProgramInput& input) const = 0;
};

// All of them, as long as the process lives.
std::span<const Program* const> programs();

}  // namespace sinan::run
