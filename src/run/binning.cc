#include "run/binning.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "arrow/builder.h"
#include "base/strings.h"
#include "run/bins.h"
#include "run/text_table.h"

namespace sinan::run {
namespace {

using arrow::double_type;
using arrow::int64_type;
using arrow::string_type;

constexpr ArgumentSpec kSpecs[] = {
    {.name = "columns", .type = ArgumentType::kList, .doc = "columns of the query, with commas", .mandatory = true},
    {.name = "bin_method",
     .type = ArgumentType::kList,
     .doc = "bucket or log_bucket; one for all, or one a column",
     .default_text = "bucket"},
    {.name = "bin_num", .type = ArgumentType::kList, .doc = "how many bins; one for all, or one a column"},
    {.name = "bin_input_table",
     .type = ArgumentType::kTable,
     .doc = "a table that binning.py has written: its boundaries are taken"},
    {.name = "reverse_cumsum", .type = ArgumentType::kSwitch, .doc = "sum up from the last bin"},
    {.name = "dbname", .type = ArgumentType::kIgnored, .doc = "INTO names the tables"},
};
constexpr std::array<std::string_view, 2> kMethods = {"bucket", "log_bucket"};
constexpr int64_t kMostBins = 1'000'000;
constexpr int64_t kMostPairs = 10'000'000;
constexpr std::string_view kBoundaryTable = "the table of --bin_input_table";

arrow::Schema statistics_schema() {
  arrow::Schema schema;
  schema.fields.push_back({"name", string_type()});
  for (const char* name : {"min", "max", "mean", "median", "std"}) schema.fields.push_back({name, double_type()});
  for (const char* name : {"bin_boundaries", "bin_prob", "bin_cumsum_prob"})
    schema.fields.push_back({name, string_type()});
  return schema;
}

arrow::Schema pair_schema(std::string_view value) {
  return {{{"bin_1", int64_type()}, {"bin_2", int64_type()}, {std::string(value), double_type()}}};
}

// A column in memory, and how it is cut.
struct Column {
  Item name;
  std::vector<double> values;
  Summary summary;
  std::optional<Bins> bins;
};

Result<std::vector<Column>> read_columns(const ProgramInput& input) {
  const arrow::Schema& schema = *input.rows.schema();
  std::vector<Column> columns;
  std::vector<size_t> positions;
  for (const Item& item : input.arguments.list("columns")) {
    positions.push_back(TRY(number_column(schema, item.text, item.place, "the query")));
    columns.emplace_back().name = item;
  }
  for (;;) {
    TRY(input.cancel.check());
    const auto batch = TRY(input.rows.next());
    if (!batch) break;
    for (size_t i = 0; i < columns.size(); ++i) {
      if (append_numbers(batch->column(positions[i]), columns[i].values)) continue;
      return fail(Code::kData, fmt::format("column \"{}\" has an infinite value", columns[i].name.text),
                  "leave such rows out in the query")
          .at(columns[i].name.place);
    }
  }
  for (Column& column : columns) {
    column.summary = summarise(column.values);
    if (column.summary.count > 0) continue;
    return fail(Code::kData, fmt::format("column \"{}\" has no values to cut into bins", column.name.text),
                "check the query's WHERE")
        .at(column.name.place);
  }
  return columns;
}

Status cut_evenly(std::vector<Column>& columns, const Arguments& arguments) {
  const auto methods = TRY(arguments.choices("bin_method", kMethods, columns.size()));
  const auto numbers = TRY(arguments.whole_numbers("bin_num", 1, kMostBins, columns.size()));
  for (size_t i = 0; i < columns.size(); ++i) {
    Column& column = columns[i];
    const Summary& summary = column.summary;
    const auto count = static_cast<size_t>(numbers[i]);
    if (methods[i] == 0) {
      column.bins = Bins::even(summary.min, summary.max, count);
      continue;
    }
    if (summary.min <= 0) {
      return fail(Code::kData,
                  fmt::format("column \"{}\" has values that are not above 0, which log_bucket needs: {}",
                              column.name.text, summary.min),
                  "use bucket, or leave such rows out in the query")
          .at(arguments.place("bin_method"));
    }
    column.bins = Bins::even_log(summary.min, summary.max, count);
  }
  return {};
}

Status cut_as_table(std::vector<Column>& columns, const ProgramInput& input) {
  const Span place = input.arguments.place("bin_input_table");
  const auto lists = TRY(read_named_lists(*input.table, "bin_boundaries", kBoundaryTable, place));
  for (Column& column : columns) {
    const NamedList* const list = TRY(find_named(lists, column.name.text, kBoundaryTable, place));
    if (list->numbers.size() < 2 || !std::ranges::is_sorted(list->numbers)) {
      return fail(Code::kData, fmt::format("the boundaries of \"{}\" are not two or more ascending numbers: \"{}\"",
                                           list->name, to_list(list->numbers)))
          .at(place);
    }
    column.bins = Bins::at(list->numbers);
  }
  return {};
}

arrow::Batch statistics(std::vector<Column>& columns, bool reverse) {
  arrow::BatchBuilder rows(statistics_schema().fields);
  for (Column& column : columns) {
    const std::vector<double> prob = shares(column.bins->counts(column.values));
    const Summary& summary = column.summary;
    rows.column(0).append(column.name.text);
    rows.column(1).append(summary.min);
    rows.column(2).append(summary.max);
    rows.column(3).append(summary.mean);
    rows.column(4).append(median(column.values));
    if (summary.count > 1) {
      rows.column(5).append(summary.std);
    } else {
      rows.column(5).append_null();
    }
    rows.column(6).append(to_list(column.bins->boundaries()));
    rows.column(7).append(to_list(prob));
    rows.column(8).append(to_list(running_sums(prob, reverse)));
  }
  return rows.finish();
}

// Summed up over both, from the first bins or from the last ones; bin by bin of the second within the first.
std::vector<double> running_sums_of_pairs(std::vector<double> values, size_t first, size_t second, bool reverse) {
  if (reverse) std::ranges::reverse(values);
  for (size_t i = 0; i < first; ++i) {
    double in_row = 0;
    for (size_t k = 0; k < second; ++k) {
      in_row += values[i * second + k];
      values[i * second + k] = in_row + (i > 0 ? values[(i - 1) * second + k] : 0.0);
    }
  }
  if (reverse) std::ranges::reverse(values);
  return values;
}

arrow::Batch pair_rows(std::string_view name, const std::vector<double>& values, size_t second) {
  arrow::BatchBuilder rows(pair_schema(name).fields);
  for (size_t i = 0; i < values.size(); ++i) {
    rows.column(0).append(static_cast<int64_t>(i / second));
    rows.column(1).append(static_cast<int64_t>(i % second));
    rows.column(2).append(values[i]);
  }
  return rows.finish();
}

// The shares of the pairs among the rows that have both values, and their running sums.
Result<std::vector<arrow::Batch>> pairs(const Column& first, const Column& second, const Arguments& arguments) {
  const size_t width = second.bins->count();
  if (static_cast<int64_t>(width) > kMostPairs / static_cast<int64_t>(first.bins->count())) {
    return fail(Code::kExhausted, fmt::format("more pairs of bins than {}", kMostPairs), "take fewer bins")
        .at(arguments.place("bin_num"));
  }
  std::vector<uint64_t> counts(first.bins->count() * width, 0);
  uint64_t total = 0;
  for (size_t i = 0; i < first.values.size(); ++i) {
    const double x = first.values[i];
    const double y = second.values[i];
    if (std::isnan(x) || std::isnan(y)) continue;
    ++counts[first.bins->of(x) * width + second.bins->of(y)];
    ++total;
  }
  if (total == 0) {
    return fail(Code::kData, fmt::format("no row has both \"{}\" and \"{}\"", first.name.text, second.name.text))
        .at(arguments.place("columns"));
  }
  const std::vector<double> prob = shares(counts);
  std::vector<arrow::Batch> out;
  out.push_back(pair_rows("prob", prob, width));
  out.push_back(pair_rows("cumsum_prob",
                          running_sums_of_pairs(prob, first.bins->count(), width, arguments.is_on("reverse_cumsum")),
                          width));
  return out;
}

}  // namespace

std::string_view Binning::name() const { return kind_ == Kind::kEach ? "binning.py" : "two_dim_binning.py"; }
std::span<const ArgumentSpec> Binning::arguments() const { return kSpecs; }

std::vector<arrow::Schema> Binning::outputs(const Arguments&, const arrow::Schema&) const {
  if (kind_ == Kind::kEach) return {statistics_schema()};
  return {statistics_schema(), pair_schema("prob"), pair_schema("cumsum_prob")};
}

Status Binning::check_arguments(const Arguments& arguments) const {
  const std::vector<Item> columns = arguments.list("columns");
  for (size_t i = 0; i < columns.size(); ++i) {
    for (size_t k = 0; k < i; ++k) {
      if (!equals_ignore_case(columns[i].text, columns[k].text)) continue;
      return fail(Code::kArgument, fmt::format("column is given twice: \"{}\"", columns[i].text), "remove one of them")
          .at(columns[i].place);
    }
  }
  if (kind_ == Kind::kPair && columns.size() != 2) {
    return fail(Code::kArgument, fmt::format("{} takes two columns, found {}", name(), columns.size()),
                "write \"--columns=a,b\"")
        .at(arguments.place("columns"));
  }
  TRY(arguments.choices("bin_method", kMethods, columns.size()));
  const bool from_table = arguments.given("bin_input_table");
  if (arguments.given("bin_num")) TRY(arguments.whole_numbers("bin_num", 1, kMostBins, columns.size()));
  if (from_table || arguments.given("bin_num")) return {};
  return fail(Code::kArgument, fmt::format("argument of {} is missing: \"--bin_num\"", name()),
              "write \"--bin_num=5\", or \"--bin_input_table=table\" for the boundaries of an earlier run")
      .at(arguments.place("bin_num"));
}

Status Binning::check_query(const Arguments& arguments, const arrow::Schema& query) const {
  for (const Item& item : arguments.list("columns")) TRY(number_column(query, item.text, item.place, "the query"));
  return {};
}

Status Binning::check_table(const Arguments& arguments, const arrow::Schema& table) const {
  return check_named_lists(table, "bin_boundaries", kBoundaryTable, arguments.place("bin_input_table"));
}

std::vector<std::string> Binning::columns_read(const Arguments& arguments) const {
  std::vector<std::string> names;
  for (const Item& item : arguments.list("columns")) names.push_back(item.text);
  return names;
}

Result<std::vector<arrow::Batch>> Binning::run(const ProgramInput& input) const {
  std::vector<Column> columns = TRY(read_columns(input));
  TRY(input.table != nullptr ? cut_as_table(columns, input) : cut_evenly(columns, input.arguments));
  std::vector<arrow::Batch> joint;
  if (kind_ == Kind::kPair) joint = TRY(pairs(columns[0], columns[1], input.arguments));
  TRY(input.cancel.check());
  std::vector<arrow::Batch> out;
  out.push_back(statistics(columns, input.arguments.is_on("reverse_cumsum")));
  for (arrow::Batch& batch : joint) out.push_back(std::move(batch));
  return out;
}

}  // namespace sinan::run
