// psi.py: the population stability index of each name, between the shares of the query and those of a reference table
// (profile/drift.h has the formula).
#pragma once

#include "run/program.h"

namespace sinan::run {

class Psi final : public Program {
 public:
  std::string_view name() const override { return "psi.py"; }
  std::span<const ArgumentSpec> arguments() const override;
  std::string_view table_argument() const override { return "refer_stats_table"; }
  size_t output_count() const override { return 1; }
  std::vector<arrow::Schema> outputs(const Arguments& arguments, const arrow::Schema& query) const override;
  Status check_arguments(const Arguments& arguments) const override;
  Status check_query(const Arguments& arguments, const arrow::Schema& query) const override;
  Status check_table(const Arguments& arguments, const arrow::Schema& table) const override;
  std::vector<std::string> columns_read(const Arguments& arguments) const override;
  Result<std::vector<arrow::Batch>> run(const ProgramInput& input) const override;
};

}  // namespace sinan::run
