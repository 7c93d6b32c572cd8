// psi.py: the population stability index of each name, between the shares of the query and those of a reference table:
// the sum over the bins of (e - a) ln(e / a), with .001 in the place of a share of 0.
#pragma once

#include "run/program.h"

namespace sinan::run {

// Both of the same length.
double population_stability(std::span<const double> expected, std::span<const double> actual);

class Psi final : public Program {
 public:
  std::string_view name() const override { return "psi.py"; }
  std::span<const ArgumentSpec> arguments() const override;
  std::string_view table_argument() const override { return "refer_stats_table"; }
  std::vector<arrow::Schema> outputs() const override;
  Status check_arguments(const Arguments& arguments) const override;
  Status check_query(const Arguments& arguments, const arrow::Schema& query) const override;
  Status check_table(const Arguments& arguments, const arrow::Schema& table) const override;
  std::vector<std::string> columns_read(const Arguments& arguments) const override;
  Result<std::vector<arrow::Batch>> run(const ProgramInput& input) const override;
};

}  // namespace sinan::run
