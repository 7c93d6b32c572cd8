// extract_ts_features.py: for each row of a time series, features (ts_features.h) of the windows that end there, and the values of
// the rows before it. Stateless.
#pragma once

#include "run/program.h"

namespace sinan::run {

class ExtractFeatures final : public Program {
 public:
  std::string_view name() const override { return "extract_ts_features.py"; }
  std::span<const ArgumentSpec> arguments() const override;
  std::string_view table_argument() const override { return {}; }
  size_t output_count() const override { return 1; }
  std::vector<arrow::Schema> outputs(const Arguments& arguments, const arrow::Schema& query) const override;
  Status check_arguments(const Arguments& arguments) const override;
  Status check_query(const Arguments& arguments, const arrow::Schema& query) const override;
  Status check_table(const Arguments&, const arrow::Schema&) const override { return {}; }
  std::vector<std::string> columns_read(const Arguments& arguments) const override;
  Result<std::vector<arrow::Batch>> run(const ProgramInput& input) const override;
};

}  // namespace sinan::run
