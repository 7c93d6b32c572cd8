#include "run/psi.h"

#include <algorithm>

#include <fmt/format.h>

#include "arrow/builder.h"
#include "profile/drift.h"
#include "run/text_table.h"

namespace sinan::run {
namespace {

constexpr ArgumentSpec kSpecs[] = {
    {.name = "refer_stats_table",
     .type = ArgumentType::kTable,
     .doc = "what binning.py has written of the data to compare with",
     .mandatory = true},
    {.name = "bin_prob_column",
     .type = ArgumentType::kText,
     .doc = "the column with the shares, in the query and in the table",
     .default_text = "bin_prob"},
    {.name = "dbname", .type = ArgumentType::kIgnored, .doc = "INTO names the tables"},
};
constexpr std::string_view kReference = "the table of --refer_stats_table";

arrow::Schema output_schema() { return {{{"name", arrow::string_type()}, {"psi", arrow::double_type()}}}; }

Status check_shares(const NamedList& row, std::string_view whose, Span place) {
  if (!row.numbers.empty() && std::ranges::all_of(row.numbers, [](double share) { return share >= 0; })) return {};
  return fail(Code::kData, fmt::format("the shares of \"{}\" in {} are missing or negative", row.name, whose))
      .at(place);
}

}  // namespace

std::span<const ArgumentSpec> Psi::arguments() const { return kSpecs; }

std::vector<arrow::Schema> Psi::outputs(const Arguments&, const arrow::Schema&) const { return {output_schema()}; }

Status Psi::check_arguments(const Arguments&) const { return {}; }

Status Psi::check_query(const Arguments& arguments, const arrow::Schema& query) const {
  return check_named_lists(query, arguments.text("bin_prob_column"), "the query", arguments.place("bin_prob_column"));
}

Status Psi::check_table(const Arguments& arguments, const arrow::Schema& table) const {
  return check_named_lists(table, arguments.text("bin_prob_column"), kReference, arguments.place("refer_stats_table"));
}

std::vector<std::string> Psi::columns_read(const Arguments& arguments) const {
  return {"name", arguments.text("bin_prob_column")};
}

Result<std::vector<arrow::Batch>> Psi::run(const ProgramInput& input) const {
  const std::string column = input.arguments.text("bin_prob_column");
  const Span place = input.arguments.place("refer_stats_table");
  const auto reference = TRY(read_named_lists(*input.table, column, kReference, place));
  const auto rows = TRY(read_named_lists(input.rows, column, "the query", input.query));
  TRY(input.cancel.check());
  arrow::BatchBuilder out(output_schema().fields);
  for (const NamedList& row : rows) {
    const NamedList* const other = TRY(find_named(reference, row.name, kReference, place));
    TRY(check_shares(row, "the query", input.query));
    TRY(check_shares(*other, kReference, place));
    if (row.numbers.size() != other->numbers.size()) {
      return fail(Code::kData,
                  fmt::format("\"{}\" has {} bins in the query and {} in {}", row.name, row.numbers.size(),
                              other->numbers.size(), kReference),
                  "cut both at the same boundaries: binning.py with --bin_input_table")
          .at(place);
    }
    out.column(0).append(row.name);
    out.column(1).append(profile::population_stability(other->numbers, row.numbers));
  }
  std::vector<arrow::Batch> tables;
  tables.push_back(out.finish());
  return tables;
}

}  // namespace sinan::run
