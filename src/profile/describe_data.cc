#include "profile/describe_data.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "arrow/builder.h"
#include "base/strings.h"
#include "flow/clause_query.h"
#include "profile/association.h"
#include "profile/data_statement.h"
#include "profile/distribution.h"
#include "profile/shape.h"

namespace sinan::profile {
namespace {

struct Request final : flow::Parsed {
  Source source;
  std::optional<sql::Name> label;
  std::vector<sql::Attribute> attributes;
  std::optional<sql::Name> into;
};

// What check() has decided.
struct Work {
  CheckedSource source;
  std::optional<sql::Name> label;
  flow::AttributeValues attributes;
  std::optional<engine::TableName> into;
};

Status parse_options(sql::Tokens& tokens, Request& request) {
  while (!tokens.at_end()) {
    if (!request.label && tokens.accept_word("LABEL")) {
      request.label = TRY(tokens.expect_name_or_string("a column of the data"));
    } else if (request.attributes.empty() && tokens.at_word("WITH")) {
      request.attributes = TRY(sql::parse_attributes(tokens));
    } else if (!request.into && tokens.accept_word("INTO")) {
      request.into = TRY(parse_target(tokens));
    } else {
      return tokens.expect_end({"LABEL", "WITH", "INTO"});
    }
  }
  return {};
}

// A word behind a query is an option when everything from there on is.
bool is_option(sql::Tokens& tokens) {
  if (!tokens.at_word("LABEL") && !tokens.at_word("WITH") && !tokens.at_word("INTO")) return false;
  Request scratch;
  return parse_options(tokens, scratch).has_value();
}

constexpr double kQuantiles[] = {0.05, 0.25, 0.5, 0.75, 0.95};

const std::vector<arrow::Field>& result_fields() {
  static const std::vector<arrow::Field> fields = {{"column_name", arrow::string_type()},
                                                   {"type", arrow::string_type()},
                                                   {"rows", arrow::int64_type()},
                                                   {"missing", arrow::int64_type()},
                                                   {"distinct_values", arrow::int64_type()},
                                                   {"min", arrow::string_type()},
                                                   {"q05", arrow::string_type()},
                                                   {"q25", arrow::string_type()},
                                                   {"median", arrow::string_type()},
                                                   {"q75", arrow::string_type()},
                                                   {"q95", arrow::string_type()},
                                                   {"max", arrow::string_type()},
                                                   {"mean", arrow::double_type()},
                                                   {"std", arrow::double_type()},
                                                   {"most_frequent", arrow::string_type()},
                                                   {"histogram", arrow::string_type()},
                                                   {"note", arrow::string_type()}};
  return fields;
}

void append(arrow::ColumnBuilder& column, const std::optional<std::string>& text) {
  text ? column.append(std::string_view(*text)) : column.append_null();
}

void append(arrow::ColumnBuilder& column, std::optional<double> number) {
  number ? column.append(*number) : column.append_null();
}

std::optional<std::string> note_of(const ColumnSummary& column) {
  std::vector<std::string> notes;
  if (column.missing() == column.rows()) notes.emplace_back("no values");
  if (column.is_constant()) notes.emplace_back("one value only");
  if (column.nan() > 0) notes.push_back(fmt::format("{} NaN", human_count(column.nan())));
  if (column.infinite() > 0) notes.push_back(fmt::format("{} infinite", human_count(column.infinite())));
  const uint64_t values = column.rows() - column.missing();
  // The count is an estimate that is off by 2 % at times.
  if (column.kind() == ValueKind::kText && values >= 100 &&
      static_cast<double>(column.distinct()) > 0.98 * static_cast<double>(values))
    notes.emplace_back("nearly every value once");
  if (notes.empty()) return std::nullopt;
  return join(notes, "; ");
}

std::optional<std::string> quantile_text(const SampledColumn& column, const Distribution& shape, double share) {
  if (shape.points.empty() || column.kind == ValueKind::kBoolean) return std::nullopt;
  return value_text(column.type, quantile(shape.points, share));
}

std::optional<std::string> most_frequent(const Distribution& shape) {
  if (shape.texts.empty()) return std::nullopt;
  std::vector<std::string> parts;
  for (size_t i = 0; i < std::min<size_t>(3, shape.texts.size()); ++i) {
    const auto& [text, share] = shape.texts[i];
    parts.push_back(fmt::format("{} {:.3g} %", display_prefix(text, 20), 100 * share));
  }
  return join(parts, ", ");
}

// The whole of it, for a table.
arrow::Batch all_columns(const Profile& profile, const std::vector<Distribution>& shapes) {
  arrow::BatchBuilder rows(result_fields());
  for (size_t i = 0; i < profile.columns.size(); ++i) {
    const ColumnSummary& column = profile.columns[i];
    rows.column(0).append(std::string_view(profile.names[i]));
    rows.column(1).append(std::string_view(column.type().to_string()));
    rows.column(2).append(static_cast<int64_t>(column.rows()));
    rows.column(3).append(static_cast<int64_t>(column.missing()));
    rows.column(4).append(static_cast<int64_t>(column.distinct()));
    append(rows.column(5), column.least());
    for (size_t q = 0; q < std::size(kQuantiles); ++q)
      append(rows.column(6 + q), quantile_text(profile.sample[i], shapes[i], kQuantiles[q]));
    append(rows.column(11), column.greatest());
    append(rows.column(12), column.mean());
    append(rows.column(13), column.deviation());
    append(rows.column(14), most_frequent(shapes[i]));
    append(rows.column(15), histogram_text(shapes[i]));
    append(rows.column(16), note_of(column));
  }
  return rows.finish();
}

// What fits a screen.
arrow::Batch for_screen(const Profile& profile, const std::vector<Distribution>& shapes) {
  arrow::BatchBuilder rows({{"column_name", arrow::string_type()},
                            {"type", arrow::string_type()},
                            {"missing", arrow::string_type()},
                            {"distinct_values", arrow::int64_type()},
                            {"min", arrow::string_type()},
                            {"median", arrow::string_type()},
                            {"max", arrow::string_type()},
                            {"shape", arrow::string_type()},
                            {"note", arrow::string_type()}});
  for (size_t i = 0; i < profile.columns.size(); ++i) {
    const ColumnSummary& column = profile.columns[i];
    const double missing = static_cast<double>(column.missing()) / static_cast<double>(column.rows());
    rows.column(0).append(std::string_view(profile.names[i]));
    rows.column(1).append(std::string_view(column.type().to_string()));
    rows.column(2).append(std::string_view(fmt::format("{:.3g} %", 100 * missing)));
    rows.column(3).append(static_cast<int64_t>(column.distinct()));
    append(rows.column(4), column.least());
    const auto middle = most_frequent(shapes[i]);
    append(rows.column(5), middle ? middle : quantile_text(profile.sample[i], shapes[i], 0.5));
    append(rows.column(6), column.greatest());
    rows.column(7).append(std::string_view(sparkline(shapes[i])));
    rows.column(8).append(std::string_view(note_of(column).value_or("")));
  }
  return rows.finish();
}

Result<size_t> label_index(const sql::Name& label, const arrow::Schema& columns) {
  const auto at = columns.index_of(label.text);
  if (!at) {
    const std::string near = did_you_mean(label.text, columns.names());
    return fail(Code::kProgram, fmt::format("label is not a column of the data: \"{}\"", label.text),
                near.empty() ? fmt::format("there are {}", join(columns.names(), ", ")) : near)
        .at(label.span);
  }
  if (kind_of(columns[*at].type) == ValueKind::kOther) {
    return fail(Code::kProgram, fmt::format("a label is a number, a text or a boolean: \"{}\" is {}", columns[*at].name,
                                            columns[*at].type.to_string()))
        .at(label.span);
  }
  return *at;
}

struct Ranked {
  std::string column;
  Association found;
};

std::vector<Ranked> ranked_associations(const Profile& profile, size_t label) {
  const std::vector<Association> found = associations(profile.sample, label);
  std::vector<Ranked> out;
  for (size_t i = 0, next = 0; i < profile.sample.size(); ++i)
    if (i != label) out.push_back({profile.names[i], found[next++]});
  std::ranges::stable_sort(out, std::greater<>(), [](const Ranked& row) { return row.found.strength; });
  return out;
}

void tell_associations(const Profile& profile, size_t label, flow::Outcome& outcome) {
  const std::vector<Ranked> ranked = ranked_associations(profile, label);
  arrow::BatchBuilder rows({{"column_name", arrow::string_type()},
                            {"tells_of_label", arrow::double_type()},
                            {"auc", arrow::double_type()},
                            {"hint", arrow::string_type()}});
  plot::BarChart bars{.value = {.label = "share of the label that the column alone tells", .min = 0, .max = 1}};
  size_t hints = 0;
  for (const Ranked& row : ranked) {
    rows.column(0).append(std::string_view(row.column));
    rows.column(1).append(row.found.strength);
    append(rows.column(2), row.found.auc);
    rows.column(3).append(std::string_view(row.found.hint.value_or("")));
    if (row.found.hint) ++hints;
    if (bars.labels.size() == 20) continue;
    bars.labels.push_back(row.column);
    bars.values.push_back(row.found.strength);
  }
  const std::string& name = profile.names[label];
  outcome.tables.push_back({fmt::format("What each column tells of {}", name), rows.finish()});
  if (!bars.labels.empty()) {
    outcome.artefacts.push_back(
        {"label_association", {fmt::format("What each column tells of {}", name), "", std::move(bars)}});
  }
  if (hints > 0) {
    outcome.messages.push_back(fmt::format("{} {} look at {} too well to be known in time: see the hints.", hints,
                                           hints == 1 ? "column seems to" : "columns seem to", name));
  }
}

Result<flow::Outcome> describe(const Work& work, flow::RunContext& context) {
  context.progress().stage("reading");
  const Profile profile = TRY(profile_of(work.source, work.attributes, context));
  std::vector<Distribution> shapes;
  for (const SampledColumn& column : profile.sample) shapes.push_back(distribution_of(column));

  flow::Outcome outcome;
  outcome.rows_read = static_cast<int64_t>(profile.rows);
  outcome.messages.push_back(fmt::format("{} rows, {} columns.", human_count(profile.rows), profile.columns.size()));
  if (const std::string note = sample_note(profile); !note.empty())
    outcome.messages.push_back(fmt::format("Medians, shapes and frequencies are those of {} (sample.rows).", note));
  outcome.tables.push_back({"Columns", for_screen(profile, shapes)});
  if (work.label) {
    arrow::Schema columns;
    for (const SampledColumn& column : profile.sample) columns.fields.push_back({column.name, column.type});
    tell_associations(profile, TRY(label_index(*work.label, columns)), outcome);
  }
  if (work.into) outcome.rows_written = TRY(flow::replace_table(*work.into, all_columns(profile, shapes), context));
  return outcome;
}

}  // namespace

flow::Help DescribeData::help() const {
  return {
      .summary = "Show what the rows of a query are like.",
      .synopsis = "DESCRIBE DATA table | 'file' | query [LABEL column] [WITH attribute=value, ...] [INTO table]",
      .details =
          "One line a column: type, missing and different values, extremes, median or most frequent values, shape.\n"
          "Everything is read once. Counts, means and extremes are of all rows; medians, shapes and frequencies of a\n"
          "sample where there are more rows than sample.rows (100,000).\n\n"
          "LABEL names what a model is to predict: a second table says how much each column alone tells of it, and\n"
          "which ones look like leaks: columns that are filled in when the label is known, the label under another\n"
          "name, identifiers.\n\n"
          "INTO writes all figures, with quantiles and histograms, into a table.",
      .example = "DESCRIBE DATA SELECT * FROM june LABEL late;",
  };
}

Result<std::unique_ptr<flow::Parsed>> DescribeData::parse(const flow::Statement&, sql::Tokens& tokens) const {
  auto request = std::make_unique<Request>();
  TRY(tokens.expect_phrase(phrase()));
  if (tokens.at_end()) {
    return tokens.error("DESCRIBE DATA needs a table, a file or a query",
                        "for the columns of a table named data, write DESCRIBE \"data\"");
  }
  request->source = TRY(parse_open_source(tokens, is_option));
  TRY(parse_options(tokens, *request));
  return request;
}

Result<std::unique_ptr<flow::Step>> DescribeData::check(const flow::Parsed& parsed, flow::CheckContext& context) const {
  const auto& request = static_cast<const Request&>(parsed);
  Work work;
  Access access;
  work.attributes = TRY(flow::check_attributes(request.attributes, sample_attributes(), phrase()));
  work.source = TRY(check_source(request.source, context, access));
  work.label = request.label;
  if (work.label && work.source.columns) TRY(label_index(*work.label, *work.source.columns));
  if (request.into) {
    work.into = TRY(flow::target_table(*request.into));
    access.writes.push_back(
        TRY(context.will_write_table(request.into->text, arrow::Schema{result_fields()}, request.into->span)));
  }
  const bool uses_seed = !work.attributes.given("sample.seed");
  return make_data_step(std::move(access), std::string(context.statement().whole()), uses_seed,
                        [work = std::move(work)](flow::RunContext& run) { return describe(work, run); });
}

}  // namespace sinan::profile
