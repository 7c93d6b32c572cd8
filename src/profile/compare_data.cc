#include "profile/compare_data.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/strings.h"
#include "flow/clause_query.h"
#include "profile/data_statement.h"
#include "profile/drift_report.h"

namespace sinan::profile {
namespace {

struct Request final : flow::Parsed {
  Source reference;
  Source current;
  std::vector<sql::Attribute> attributes;
  std::optional<sql::Name> into;
};

// What check() has decided.
struct Work {
  CheckedSource reference;
  CheckedSource current;
  flow::AttributeValues attributes;
  std::optional<engine::TableName> into;
};

bool comparable(const arrow::Schema& a, const arrow::Schema& b) {
  for (const arrow::Field& field : a.fields)
    if (b.index_of(field.name)) return true;
  return false;
}

Failure nothing_in_common(const Work& work) {
  return fail(Code::kProgram,
              fmt::format("the two have no column in common: {} and {}", work.reference.words, work.current.words),
              "columns are matched by name: rename them in a query")
      .at(work.current.place);
}

std::vector<ComparedColumn> compare(const Profile& reference, const Profile& current) {
  arrow::Schema now;
  for (const SampledColumn& column : current.sample) now.fields.push_back({column.name, column.type});
  std::vector<ComparedColumn> out;
  std::vector<bool> matched(now.size());
  for (const SampledColumn& column : reference.sample) {
    const auto at = now.index_of(column.name);
    if (at) matched[*at] = true;
    out.push_back(
        compared_column(column.name, column.type, distribution_of(column), at ? &current.sample[*at] : nullptr));
  }
  for (size_t i = 0; i < now.size(); ++i) {
    if (matched[i]) continue;
    out.push_back({.name = now[i].name,
                   .type = now[i].type,
                   .current = distribution_of(current.sample[i]),
                   .note = "only in the rows of now"});
  }
  return out;
}

Result<flow::Outcome> run(const Work& work, flow::RunContext& context) {
  context.progress().stage("reading the reference");
  const Profile reference = TRY(profile_of(work.reference, work.attributes, context));
  context.progress().stage("reading");
  const Profile current = TRY(profile_of(work.current, work.attributes, context));
  context.progress().stage("comparing");
  std::vector<ComparedColumn> columns = compare(reference, current);
  const bool any = std::ranges::any_of(
      columns, [](const ComparedColumn& column) { return column.reference.rows > 0 && column.current.rows > 0; });
  if (!any) return nothing_in_common(work);

  flow::Outcome outcome;
  outcome.rows_read = static_cast<int64_t>(reference.rows + current.rows);
  for (const Profile* profile : {&reference, &current}) {
    if (const std::string note = sample_note(*profile); !note.empty())
      outcome.messages.push_back(fmt::format("Compared: {} (sample.rows).", note));
  }
  if (work.into) outcome.rows_written = TRY(flow::replace_table(*work.into, drift_rows(columns), context));
  tell_drift(std::move(columns), outcome);
  return outcome;
}

}  // namespace

flow::Help CompareData::help() const {
  return {
      .summary = "Measure how far rows have moved from a reference.",
      .synopsis = "COMPARE DATA reference WITH now [WITH attribute=value, ...] [INTO table]",
      .details =
          "Each of the two is a table, a 'file', or a query in parentheses. Columns are matched by name.\n\n"
          "psi: the population stability index over the reference's deciles, or its texts; missing values are a bin\n"
          "of their own. Below 0.1 is stable, from 0.25 on it has moved far.\n"
          "ks: the greatest distance between the cumulative shares (Kolmogorov and Smirnov), with the probability\n"
          "of such a distance between samples of one distribution.",
      .example = "COMPARE DATA (SELECT * FROM june WHERE day <= 15) WITH (SELECT * FROM june WHERE day > 15);",
  };
}

Result<std::unique_ptr<flow::Parsed>> CompareData::parse(const flow::Statement&, sql::Tokens& tokens) const {
  auto request = std::make_unique<Request>();
  TRY(tokens.expect_phrase(phrase()));
  request->reference = TRY(parse_source(tokens));
  TRY(tokens.expect_word("WITH"));
  request->current = TRY(parse_source(tokens));
  if (tokens.at_word("WITH")) request->attributes = TRY(sql::parse_attributes(tokens));
  if (tokens.accept_word("INTO")) request->into = TRY(parse_target(tokens));
  TRY(tokens.expect_end({"WITH", "INTO"}));
  return request;
}

Result<std::unique_ptr<flow::Step>> CompareData::check(const flow::Parsed& parsed, flow::CheckContext& context) const {
  const auto& request = static_cast<const Request&>(parsed);
  Work work;
  Access access;
  work.attributes = TRY(flow::check_attributes(request.attributes, sample_attributes(), phrase()));
  work.reference = TRY(check_source(request.reference, context, access));
  work.current = TRY(check_source(request.current, context, access));
  const auto& then = work.reference.columns;
  const auto& now = work.current.columns;
  if (then && now && !comparable(*then, *now)) return nothing_in_common(work);
  if (request.into) {
    work.into = TRY(flow::target_table(*request.into));
    access.writes.push_back(
        TRY(context.will_write_table(request.into->text, arrow::Schema{drift_fields()}, request.into->span)));
  }
  const bool uses_seed = !work.attributes.given("sample.seed");
  return make_data_step(
      std::move(access), std::string(context.statement().whole()), uses_seed,
      [work = std::move(work)](flow::RunContext& context_of_run) { return run(work, context_of_run); });
}

}  // namespace sinan::profile
