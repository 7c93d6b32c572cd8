#include "profile/split.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "arrow/builder.h"
#include "base/strings.h"
#include "flow/clause_query.h"
#include "profile/data_statement.h"

namespace sinan::profile {
namespace {

constexpr flow::AttributeSpec kAttributes[] = {
    {.name = "split.seed",
     .type = flow::AttributeType::kInteger,
     .default_text = "0",
     .doc = "another number deals the keys anew",
     .min = 0,
     .aliases = "seed"},
};

constexpr double kRounding = 1e-9;
// Rows with their place in [0, 1), while the parts are written.
constexpr std::string_view kDealt = "__sinan_split_rows";
constexpr std::string_view kPlace = "__sinan_place";

struct Part {
  sql::Name table;
  double share = 0;
};

struct Request final : flow::Parsed {
  Source source;
  std::vector<sql::Name> keys;
  std::vector<Part> parts;
  std::vector<sql::Attribute> attributes;
};

// "80%" or "0.8".
Result<double> parse_share(sql::Tokens& tokens) {
  const Span place = tokens.here();
  if (tokens.peek().kind != sql::TokenKind::kNumber) return tokens.unexpected("a share: 80% or 0.8");
  const std::string text(tokens.text(tokens.next()));
  double share = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), share);
  if (error != std::errc() || end != text.data() + text.size())
    return fail(Code::kProgram, fmt::format("a share is not a number: \"{}\"", text)).at(place);
  if (tokens.accept_symbol(sql::Symbol::kPercent)) share /= 100;
  if (share > 0 && share <= 1) return share;
  return fail(Code::kArgument, fmt::format("a share is not between 0 and 1: {}", text), "write 80% or 0.8").at(place);
}

class SplitStep final : public flow::Step {
 public:
  struct Output {
    engine::TableName table;
    ObjectRef target;
    double begin = 0;
    double end = 1;
  };
  struct Work {
    CheckedSource source;
    std::vector<sql::Name> keys;
    int64_t seed = 0;
    std::vector<Output> outputs;
    sql::Analysis analysis;
    Access access;
    std::string text;
  };
  explicit SplitStep(Work work) : work_(std::move(work)) {}

  const Access& access() const override { return work_.access; }
  std::optional<Fingerprint> fingerprint() const override {
    return FingerprintBuilder().add("split 1").add(work_.text).finish();
  }
  Result<flow::Outcome> run(flow::RunContext& context) override;

 private:
  Result<std::string> dealt_query(const arrow::Schema& columns, const engine::Dialect& dialect) const;
  std::vector<catalog::LineageEdge> lineage(const arrow::Schema& columns) const;
  Work work_;
};

Status check_keys(const std::vector<sql::Name>& keys, const arrow::Schema& columns) {
  for (const sql::Name& key : keys) {
    if (columns.index_of(key.text)) continue;
    const std::string near = did_you_mean(key.text, columns.names());
    return fail(Code::kProgram, fmt::format("key is not a column of the data: \"{}\"", key.text),
                near.empty() ? fmt::format("there are {}", join(columns.names(), ", ")) : near)
        .at(key.span);
  }
  return {};
}

// The rows with the place of their key. A NULL is a key of its own; the parts of a key cannot run into each other.
Result<std::string> SplitStep::dealt_query(const arrow::Schema& columns, const engine::Dialect& dialect) const {
  TRY(check_keys(work_.keys, columns));
  std::string key = dialect.literal(fmt::format("{}", work_.seed));
  for (const sql::Name& name : work_.keys) {
    const std::string column = dialect.identifier(columns[*columns.index_of(name.text)].name);
    key += fmt::format(" || CASE WHEN {0} IS NULL THEN '/-' ELSE '/=' || replace(CAST({0} AS {1}), '/', '//') END",
                       column, dialect.type_name(arrow::string_type()));
  }
  return fmt::format("SELECT *, {} AS {} FROM ({}\n) AS source", dialect.hashed_share(key), dialect.identifier(kPlace),
                     work_.source.query);
}

std::vector<catalog::LineageEdge> SplitStep::lineage(const arrow::Schema& columns) const {
  std::vector<catalog::LineageEdge> edges;
  for (const Output& output : work_.outputs) {
    flow::QueryLineage one(work_.analysis, output.target, "split");
    for (const arrow::Field& column : columns.fields) one.copy(column.name, column.name);
    std::ranges::move(one.finish(), std::back_inserter(edges));
  }
  return edges;
}

Result<flow::Outcome> SplitStep::run(flow::RunContext& context) {
  const engine::Dialect& dialect = context.engine().dialect();
  engine::Session& session = context.session();
  auto described = session.describe(work_.source.query);
  if (!described) return fail(std::move(described).error()).at(work_.source.place);
  const arrow::Schema& columns = *described;

  context.progress().stage("reading");
  const engine::TableName dealt{.table = std::string(kDealt)};
  // Dealt once and kept until all parts are written: a query with random numbers gives other rows each time.
  TRY(session.execute(dialect.create_temporary_table_as(dealt, TRY(dealt_query(columns, dialect)))));
  std::string names;
  for (const std::string& name : columns.names()) names += (names.empty() ? "" : ", ") + dialect.identifier(name);

  context.progress().stage("writing");
  arrow::BatchBuilder rows({{"table", arrow::string_type()},
                            {"share", arrow::double_type()},
                            {"rows", arrow::int64_type()},
                            {"share_of_rows", arrow::double_type()}});
  std::vector<int64_t> counts;
  for (const Output& output : work_.outputs) {
    TRY(context.cancel().check());
    const std::string query =
        fmt::format("SELECT {} FROM {} WHERE {} >= {} AND {} < {}", names, dialect.table(dealt),
                    dialect.identifier(kPlace), output.begin, dialect.identifier(kPlace), output.end);
    if (!output.table.schema.empty() && output.table.catalog.empty())
      TRY(session.execute(dialect.create_schema_if_missing(output.table.schema)));
    counts.push_back(TRY(session.execute(dialect.create_table_as(output.table, query, true, true))));
  }
  const auto all = TRY(session.query(fmt::format("SELECT count(*) FROM {}", dialect.table(dealt))));
  const auto counted = TRY(arrow::read_all(*all));
  const int64_t total = counted.front().column(0).as_int(0);
  TRY(session.execute(dialect.drop_table_if_exists(dealt)));

  flow::Outcome outcome;
  outcome.rows_read = total;
  outcome.rows_written = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    const Output& output = work_.outputs[i];
    rows.column(0).append(std::string_view(output.table.to_string()));
    rows.column(1).append(output.end - output.begin);
    rows.column(2).append(counts[i]);
    rows.column(3).append(total == 0 ? 0.0 : static_cast<double>(counts[i]) / static_cast<double>(total));
    outcome.rows_written += counts[i];
  }
  outcome.tables.push_back({"Parts", rows.finish()});
  if (outcome.rows_written < total) {
    outcome.messages.push_back(fmt::format("{} rows are in no part: the shares add up to less than all.",
                                           human_count(static_cast<uint64_t>(total - outcome.rows_written))));
  }
  outcome.lineage = lineage(columns);
  return outcome;
}

Status check_shares(const std::vector<Part>& parts) {
  double sum = 0;
  for (const Part& part : parts) sum += part.share;
  if (sum <= 1 + kRounding) return {};
  return fail(Code::kArgument, fmt::format("the shares add up to more than 1: {:.6g}", sum), "make them add up to 100%")
      .at(parts.back().table.span);
}

}  // namespace

flow::Help Split::help() const {
  return {
      .summary = "Deal rows into tables by a key, the same key always into the same one.",
      .synopsis =
          "SPLIT table | 'file' | (query) BY key [, key] INTO table share, table share, ... [WITH split.seed=n]",
      .details =
          "A share is written 80% or 0.8. Where a row goes depends on its key and the seed alone: when more rows "
          "come,\n"
          "no key moves, all rows of one customer are on one side, and the same key in another table goes the same "
          "way.\n\n"
          "The place of a key in [0, 1) is the first 13 hexadecimal digits of MD5 of: the seed, then for each key\n"
          "'/-' where it is NULL, else '/=' and its text with '/' doubled; divided by 16^13.",
      .example = "SPLIT june BY tailnum INTO june_train 80%, june_test 20%;",
  };
}

Result<std::unique_ptr<flow::Parsed>> Split::parse(const flow::Statement&, sql::Tokens& tokens) const {
  auto request = std::make_unique<Request>();
  TRY(tokens.expect_phrase(phrase()));
  request->source = TRY(parse_source(tokens));
  TRY(tokens.expect_word("BY"));
  do {
    request->keys.push_back(TRY(tokens.expect_name_or_string("a column of the data")));
  } while (tokens.accept_symbol(sql::Symbol::kComma));
  TRY(tokens.expect_word("INTO"));
  do {
    Part part{TRY(parse_target(tokens))};
    part.share = TRY(parse_share(tokens));
    request->parts.push_back(std::move(part));
  } while (tokens.accept_symbol(sql::Symbol::kComma));
  if (tokens.at_word("WITH")) request->attributes = TRY(sql::parse_attributes(tokens));
  TRY(tokens.expect_end({"WITH"}));
  TRY(check_shares(request->parts));
  return request;
}

Result<std::unique_ptr<flow::Step>> Split::check(const flow::Parsed& parsed, flow::CheckContext& context) const {
  const auto& request = static_cast<const Request&>(parsed);
  SplitStep::Work work;
  const auto attributes = TRY(flow::check_attributes(request.attributes, kAttributes, phrase()));
  work.seed = attributes.integer("split.seed");
  work.source = TRY(check_source(request.source, context, work.access));
  work.analysis = context.analysis(work.source.query, work.source.place);
  work.keys = request.keys;
  work.text = context.statement().whole();
  if (work.source.columns) TRY(check_keys(work.keys, *work.source.columns));
  double begin = 0;
  for (const Part& part : request.parts) {
    const double end = begin + part.share;
    SplitStep::Output output{.table = TRY(flow::target_table(part.table)), .begin = begin};
    output.end = end > 1 - kRounding ? 1 : end;
    const auto& columns = work.source.columns;
    output.target = columns
                        ? TRY(context.will_write_query(part.table.text, *columns, work.source.query, part.table.span))
                        : TRY(context.will_write_table(part.table.text, std::nullopt, part.table.span));
    if (std::ranges::find(work.access.writes, output.target) != work.access.writes.end()) {
      return fail(Code::kProgram, fmt::format("INTO names a table twice: \"{}\"", part.table.text)).at(part.table.span);
    }
    work.access.writes.push_back(output.target);
    work.outputs.push_back(std::move(output));
    begin = end;
  }
  return std::make_unique<SplitStep>(std::move(work));
}

}  // namespace sinan::profile
