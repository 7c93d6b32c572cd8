// binning.py: statistics and bins of each column. two_dim_binning.py: the same of two columns, and the shares of the pairs of their
// bins, single and summed up.
#pragma once

#include "run/program.h"

namespace sinan::run {

class Binning final : public Program {
 public:
  enum class Kind : uint8_t { kEach, kPair };
  explicit Binning(Kind kind) : kind_(kind) {}

  std::string_view name() const override;
  std::span<const ArgumentSpec> arguments() const override;
  std::string_view table_argument() const override { return "bin_input_table"; }
  size_t output_count() const override { return kind_ == Kind::kEach ? 1 : 3; }
  std::vector<arrow::Schema> outputs(const Arguments& arguments, const arrow::Schema& query) const override;
  Status check_arguments(const Arguments& arguments) const override;
  Status check_query(const Arguments& arguments, const arrow::Schema& query) const override;
  Status check_table(const Arguments& arguments, const arrow::Schema& table) const override;
  std::vector<std::string> columns_read(const Arguments& arguments) const override;
  Result<std::vector<arrow::Batch>> run(const ProgramInput& input) const override;

 private:
  Kind kind_;
};

}  // namespace sinan::run
