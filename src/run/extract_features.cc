#include "run/extract_features.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "arrow/builder.h"
#include "base/strings.h"
#include "run/bins.h"
#include "run/ts_features.h"

namespace sinan::run {
namespace {

constexpr ArgumentSpec kSpecs[] = {
    {.name = "column_id", .type = ArgumentType::kText, .doc = "which series a row belongs to", .mandatory = true},
    {.name = "column_time", .type = ArgumentType::kText, .doc = "what orders its rows", .mandatory = true},
    {.name = "columns_value",
     .type = ArgumentType::kList,
     .doc = "columns with numbers, with commas",
     .mandatory = true},
    {.name = "windows",
     .type = ArgumentType::kList,
     .doc = "how many rows each window has, with commas",
     .mandatory = true},
    {.name = "lag_num",
     .type = ArgumentType::kText,
     .doc = "of how many rows before the values are given",
     .default_text = "1"},
    {.name = "min_window",
     .type = ArgumentType::kText,
     .doc = "a window with fewer rows has no features",
     .default_text = "0"},
    {.name = "extract_setting",
     .type = ArgumentType::kText,
     .doc = "minimal, efficient or comprehensive",
     .default_text = "minimal"},
    {.name = "dbname", .type = ArgumentType::kIgnored, .doc = "INTO names the tables"},
};
constexpr std::array<std::string_view, 3> kSettings = {"minimal", "efficient", "comprehensive"};
constexpr int64_t kLongestWindow = 100'000;
constexpr int64_t kMostLags = 1000;
constexpr size_t kMostColumns = 10'000;
constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

struct Plan {
  std::vector<Item> values;
  std::vector<size_t> windows;
  std::vector<Feature> features;
  size_t lags = 0;
  size_t least_rows = 0;
};

Result<Plan> plan_of(const Arguments& arguments) {
  Plan plan;
  plan.values = arguments.list("columns_value");
  const auto windows = TRY(arguments.whole_numbers("windows", 1, kLongestWindow, arguments.list("windows").size()));
  plan.windows.assign(windows.begin(), windows.end());
  plan.lags = static_cast<size_t>(TRY(arguments.whole_numbers("lag_num", 0, kMostLags, 1)).front());
  plan.least_rows = static_cast<size_t>(TRY(arguments.whole_numbers("min_window", 0, kLongestWindow, 1)).front());
  plan.features = features_of(static_cast<FeatureSet>(TRY(arguments.choices("extract_setting", kSettings, 1)).front()));
  return plan;
}

// Text however it is encoded.
arrow::Type kept_type(const arrow::Type& type) { return type.is_text() ? arrow::string_type() : type; }

Status check_key(const arrow::Schema& query, const Arguments& arguments, std::string_view argument, bool is_time) {
  const Item item{arguments.text(argument), arguments.place(argument)};
  const auto index = query.index_of(item.text);
  if (!index) {
    return fail(Code::kProgram, fmt::format("the query has no column \"{}\"", item.text),
                did_you_mean(item.text, query.names()))
        .at(item.place);
  }
  const arrow::Type& type = query[*index].type;
  const bool number = is_time && type.is_floating();
  const bool day = type.id == arrow::TypeId::kDate || type.id == arrow::TypeId::kTimestamp;
  if (type.is_text() || type.is_integer() || number || day) return {};
  return fail(Code::kProgram, fmt::format("column \"{}\" cannot be --{}: {}", item.text, argument, type.to_string()),
              "convert it in the query to text, a whole number, a date or a timestamp")
      .at(item.place);
}

arrow::Schema output_schema(const Plan& plan, const Arguments& arguments, const arrow::Schema& query) {
  arrow::Schema schema;
  for (const char* key : {"column_id", "column_time"}) {
    const arrow::Field& field = query[*query.index_of(arguments.text(key))];
    schema.fields.push_back({field.name, kept_type(field.type)});
  }
  const auto add = [&](std::string name) { schema.fields.push_back({std::move(name), arrow::double_type()}); };
  for (const Item& value : plan.values) add(value.text);
  for (const Item& value : plan.values)
    for (size_t lag = 1; lag <= plan.lags; ++lag) add(fmt::format("{}__lag_{}", value.text, lag));
  for (const Item& value : plan.values) {
    for (const size_t window : plan.windows)
      for (const Feature& feature : plan.features) add(fmt::format("{}__w{}__{}", value.text, window, feature.name));
  }
  return schema;
}

// A column of keys as they can be ordered: the number of each one's place among all.
class Keys {
 public:
  explicit Keys(const arrow::Type& type) : type_(kept_type(type)) {}

  // False for a NULL.
  bool append(const arrow::ColumnView& column) {
    if (column.null_count() > 0) return false;
    for (size_t i = 0; i < column.size(); ++i) {
      if (type_.is_text()) {
        texts_.emplace_back(column.string(i));
      } else if (type_.is_floating()) {
        doubles_.push_back(column.as_double(i));
      } else {
        integers_.push_back(column.as_int(i));
      }
    }
    return true;
  }
  bool less(size_t a, size_t b) const {
    if (type_.is_text()) return texts_[a] < texts_[b];
    return type_.is_floating() ? doubles_[a] < doubles_[b] : integers_[a] < integers_[b];
  }
  bool has_nan() const {
    return std::ranges::any_of(doubles_, [](double value) { return std::isnan(value); });
  }
  std::string text(size_t i) const {
    if (type_.is_text()) return texts_[i];
    return type_.is_floating() ? fmt::format("{}", doubles_[i]) : fmt::format("{}", integers_[i]);
  }
  void write(size_t i, arrow::ColumnBuilder& out) const {
    if (type_.is_text()) {
      out.append(std::string_view(texts_[i]));
    } else if (type_.is_floating()) {
      out.append(doubles_[i]);
    } else {
      out.append(integers_[i]);
    }
  }

 private:
  arrow::Type type_;
  std::vector<std::string> texts_;
  std::vector<double> doubles_;
  std::vector<int64_t> integers_;
};

struct Rows {
  Keys ids;
  Keys times;
  std::vector<std::vector<double>> values;  // column by column, NaN = missing
  std::vector<size_t> order;                // by series, then by time
  std::vector<size_t> starts;               // of each series in `order`, and the end
};

Status read_rows(const ProgramInput& input, const Plan& plan, Rows& rows) {
  const arrow::Schema& schema = *input.rows.schema();
  const Arguments& arguments = input.arguments;
  const size_t id = *schema.index_of(arguments.text("column_id"));
  const size_t time = *schema.index_of(arguments.text("column_time"));
  rows.values.resize(plan.values.size());
  const auto missing = [&](std::string_view argument) {
    return fail(Code::kData, fmt::format("column \"{}\" has a missing value", arguments.text(argument)),
                "leave such rows out in the query")
        .at(arguments.place(argument));
  };
  for (;;) {
    TRY(input.cancel.check());
    const auto batch = TRY(input.rows.next());
    if (!batch) break;
    if (!rows.ids.append(batch->column(id))) return missing("column_id");
    if (!rows.times.append(batch->column(time))) return missing("column_time");
    for (size_t i = 0; i < plan.values.size(); ++i) {
      const Item& item = plan.values[i];
      if (append_numbers(batch->column(*schema.index_of(item.text)), rows.values[i])) continue;
      return fail(Code::kData, fmt::format("column \"{}\" has an infinite value", item.text),
                  "leave such rows out in the query")
          .at(item.place);
    }
  }
  return rows.times.has_nan() ? Status(missing("column_time")) : Status();
}

Status sort_rows(Rows& rows, const Arguments& arguments) {
  rows.order.resize(rows.values.front().size());
  std::iota(rows.order.begin(), rows.order.end(), size_t{0});
  std::ranges::sort(rows.order, [&](size_t a, size_t b) {
    if (rows.ids.less(a, b)) return true;
    return !rows.ids.less(b, a) && rows.times.less(a, b);
  });
  for (size_t i = 0; i < rows.order.size(); ++i) {
    const size_t row = rows.order[i];
    if (i == 0 || rows.ids.less(rows.order[i - 1], row)) {
      rows.starts.push_back(i);
    } else if (!rows.times.less(rows.order[i - 1], row)) {
      return fail(Code::kData,
                  fmt::format("series \"{}\" has a time twice: {}", rows.ids.text(row), rows.times.text(row)),
                  "sum such rows up in the query, or make --column_id tell them apart")
          .at(arguments.place("column_time"));
    }
  }
  rows.starts.push_back(rows.order.size());
  return {};
}

// Of one column, window after window: [window x features + feature][row in order].
class Extraction {
 public:
  Extraction(const Plan& plan, size_t rows)
      : plan_(plan), columns_(plan.windows.size() * plan.features.size(), std::vector<double>(rows, kMissing)) {}

  void add_series(std::span<const double> series, size_t first_row) {
    // Missing values are left out: where the present ones of each row begin.
    present_.clear();
    until_.assign(1, 0);
    for (const double value : series) {
      if (!std::isnan(value)) present_.push_back(value);
      until_.push_back(present_.size());
    }
    for (size_t i = 0; i < plan_.windows.size(); ++i) {
      for (size_t row = 0; row < series.size(); ++row) {
        const size_t begin = row + 1 > plan_.windows[i] ? row + 1 - plan_.windows[i] : 0;
        if (row + 1 - begin < plan_.least_rows || until_[begin] == until_[row + 1]) continue;
        window_.set(std::span(present_).subspan(until_[begin], until_[row + 1] - until_[begin]));
        for (size_t k = 0; k < plan_.features.size(); ++k) {
          const Feature& feature = plan_.features[k];
          columns_[i * plan_.features.size() + k][first_row + row] = feature.compute(window_, feature.parameter);
        }
      }
    }
  }
  const std::vector<std::vector<double>>& columns() const { return columns_; }

 private:
  const Plan& plan_;
  std::vector<std::vector<double>> columns_;
  std::vector<double> present_;
  std::vector<size_t> until_;
  Window window_;
};

void write_numbers(std::span<const double> values, arrow::ColumnBuilder& out) {
  for (const double value : values) {
    if (std::isfinite(value)) {
      out.append(value);
    } else {
      out.append_null();
    }
  }
}

// The value so many rows before in the same series.
std::vector<double> lagged(std::span<const double> ordered, const Rows& rows, size_t lag) {
  std::vector<double> out(ordered.size(), kMissing);
  for (size_t s = 0; s + 1 < rows.starts.size(); ++s)
    for (size_t i = rows.starts[s] + lag; i < rows.starts[s + 1]; ++i) out[i] = ordered[i - lag];
  return out;
}

}  // namespace

std::span<const ArgumentSpec> ExtractFeatures::arguments() const { return kSpecs; }

std::vector<arrow::Schema> ExtractFeatures::outputs(const Arguments& arguments, const arrow::Schema& query) const {
  const auto plan = plan_of(arguments);
  if (!plan || query.fields.empty()) return {};
  return {output_schema(*plan, arguments, query)};
}

Status ExtractFeatures::check_arguments(const Arguments& arguments) const {
  const Plan plan = TRY(plan_of(arguments));
  std::vector<Item> items = {{arguments.text("column_id"), arguments.place("column_id")},
                             {arguments.text("column_time"), arguments.place("column_time")}};
  items.insert(items.end(), plan.values.begin(), plan.values.end());
  for (size_t i = 0; i < items.size(); ++i) {
    for (size_t k = 0; k < i; ++k) {
      if (!equals_ignore_case(items[i].text, items[k].text)) continue;
      return fail(Code::kArgument, fmt::format("column is given twice: \"{}\"", items[i].text), "remove one of them")
          .at(items[i].place);
    }
  }
  for (size_t i = 0; i < plan.windows.size(); ++i) {
    if (std::ranges::count(plan.windows, plan.windows[i]) == 1) continue;
    return fail(Code::kArgument, fmt::format("a window is given twice: {}", plan.windows[i]), "remove one of them")
        .at(arguments.place("windows"));
  }
  const size_t columns = plan.values.size() * (1 + plan.lags + plan.windows.size() * plan.features.size());
  if (columns <= kMostColumns) return {};
  return fail(Code::kExhausted, fmt::format("more columns than {}: {}", kMostColumns, columns),
              "take fewer windows, lags or columns")
      .at(arguments.place("windows"));
}

Status ExtractFeatures::check_query(const Arguments& arguments, const arrow::Schema& query) const {
  TRY(check_key(query, arguments, "column_id", false));
  TRY(check_key(query, arguments, "column_time", true));
  for (const Item& item : arguments.list("columns_value"))
    TRY(number_column(query, item.text, item.place, "the query"));
  return {};
}

std::vector<std::string> ExtractFeatures::columns_read(const Arguments& arguments) const {
  std::vector<std::string> names = {arguments.text("column_id"), arguments.text("column_time")};
  for (const Item& item : arguments.list("columns_value")) names.push_back(item.text);
  return names;
}

Result<std::vector<arrow::Batch>> ExtractFeatures::run(const ProgramInput& input) const {
  const Plan plan = TRY(plan_of(input.arguments));
  const arrow::Schema& query = *input.rows.schema();
  Rows rows{Keys(query[*query.index_of(input.arguments.text("column_id"))].type),
            Keys(query[*query.index_of(input.arguments.text("column_time"))].type),
            {},
            {},
            {}};
  TRY(read_rows(input, plan, rows));
  TRY(sort_rows(rows, input.arguments));
  arrow::BatchBuilder out(output_schema(plan, input.arguments, query).fields);
  for (const size_t row : rows.order) {
    rows.ids.write(row, out.column(0));
    rows.times.write(row, out.column(1));
  }
  const size_t values = plan.values.size();
  const size_t features = plan.windows.size() * plan.features.size();
  for (size_t c = 0; c < values; ++c) {
    std::vector<double> ordered;
    ordered.reserve(rows.order.size());
    for (const size_t row : rows.order) ordered.push_back(rows.values[c][row]);
    rows.values[c] = {};
    write_numbers(ordered, out.column(2 + c));
    for (size_t lag = 1; lag <= plan.lags; ++lag)
      write_numbers(lagged(ordered, rows, lag), out.column(2 + values + c * plan.lags + lag - 1));
    Extraction extraction(plan, ordered.size());
    for (size_t s = 0; s + 1 < rows.starts.size(); ++s) {
      TRY(input.cancel.check());
      extraction.add_series(std::span(ordered).subspan(rows.starts[s], rows.starts[s + 1] - rows.starts[s]),
                            rows.starts[s]);
    }
    for (size_t k = 0; k < features; ++k)
      write_numbers(extraction.columns()[k], out.column(2 + values * (1 + plan.lags) + c * features + k));
  }
  std::vector<arrow::Batch> tables;
  tables.push_back(out.finish());
  return tables;
}

}  // namespace sinan::run
