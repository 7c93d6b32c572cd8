// COUNT ROWS OF table: the worked example of CONTRIBUTING.md, "Add a statement kind". Built and run by the tests.
#include "count_rows.h"

#include "arrow/builder.h"
#include "sql/analyze.h"

namespace sinan::example {
namespace {

struct ParsedCount final : flow::Parsed {
  sql::Name table;
};

class CountStep final : public flow::Step {
 public:
  CountStep(ObjectRef table, std::string query) : query_(std::move(query)) {
    access_.reads.push_back(std::move(table));
  }

  const Access& access() const override { return access_; }
  std::optional<Fingerprint> fingerprint() const override { return std::nullopt; }  // cheap: always run

  Result<flow::Outcome> run(flow::RunContext& context) override {
    auto rows = TRY(context.session().query(query_));
    TRY(context.results().begin(rows->schema()));
    while (auto batch = TRY(rows->next())) {
      if (!TRY(context.results().write(std::move(*batch)))) break;
    }
    TRY(context.results().end());
    return flow::Outcome{};
  }

 private:
  Access access_;
  std::string query_;
};

}  // namespace

std::string_view CountRows::phrase() const { return "COUNT ROWS"; }

flow::Help CountRows::help() const {
  return {.summary = "counts the rows of a table",
          .synopsis = "COUNT ROWS OF table",
          .details = "Answers one row with one column, `rows`.",
          .example = "COUNT ROWS OF flights;"};
}

Result<std::unique_ptr<flow::Parsed>> CountRows::parse(const flow::Statement&, sql::Tokens& tokens) const {
  auto parsed = std::make_unique<ParsedCount>();
  TRY(tokens.expect_phrase("COUNT ROWS OF"));
  parsed->table = TRY(tokens.expect_name("a table name"));
  TRY(tokens.expect_end());
  return parsed;
}

Result<std::unique_ptr<flow::Step>> CountRows::check(const flow::Parsed& parsed, flow::CheckContext& context) const {
  const sql::Name& name = static_cast<const ParsedCount&>(parsed).table;
  std::vector<std::string> parts;
  for (std::string_view part : split_on(name.text, '.')) parts.emplace_back(part);
  const auto table = engine::TableName::from_parts(parts);
  if (!table) return fail(Error(table.error())).at(name.span);  // `at`: the place in the program
  const engine::Dialect& dialect = context.engine().dialect();
  std::string query = "SELECT count(*) AS rows FROM " + dialect.table(*table);
  TRY(context.describe(query, name.span));  // an unknown table is told here, under its name, before anything runs
  Access reads = context.analyze(query, name.span);
  return std::make_unique<CountStep>(reads.reads.front(), std::move(query));
}

}  // namespace sinan::example
