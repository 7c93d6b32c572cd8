#include "flow/statements/describe_run.h"

#include <fmt/format.h>

#include "arrow/builder.h"
#include "base/strings.h"
#include "flow/statements/record_step.h"

namespace sinan::flow {
namespace {

struct Request final : Parsed {
  std::string run;  // empty = the latest before this one
  Span place;
};

void append_count(arrow::ColumnBuilder& column, int64_t value) {
  if (value < 0)
    column.append_null();
  else
    column.append(value);
}

std::string stages_of(const Json& details) {
  std::vector<std::string> parts;
  for (const Json& stage : details.at("stages").items()) {
    const double seconds = stage.at("seconds").as_double().value_or(0);
    parts.push_back(fmt::format("{} {}", stage.at("stage").string_view(),
                                human_duration(std::chrono::nanoseconds(static_cast<int64_t>(seconds * 1e9)))));
  }
  return join(parts, ", ");
}

std::string messages_of(const catalog::StepRecord& step) {
  std::vector<std::string> parts;
  for (const Json& message : step.details.at("messages").items()) parts.emplace_back(message.string_view());
  if (!step.error.empty()) parts.push_back(step.error);
  return join(parts, "; ");
}

std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!blank)
      line += c;
    else if (!line.empty() && line.back() != ' ')
      line += ' ';
  }
  constexpr size_t kColumns = 60;
  return display_width(line) <= kColumns ? line : std::string(display_prefix(line, kColumns - 1)) + "…";
}

// The latest run is the one that asks: it means the one before.
Result<catalog::RunRecord> find_run(const catalog::Catalog& catalog, const std::string& wanted) {
  if (!wanted.empty() && wanted != "latest") return catalog.run(wanted);
  const auto runs = TRY(catalog.runs(2));
  if (runs.size() < 2) return fail(Code::kNotFound, "there is no earlier run");
  return catalog.run(runs[1].id.value);
}

Result<Outcome> describe(RunContext& context, const Request& request) {
  auto found = find_run(context.catalog(), request.run);
  if (!found) return fail(std::move(found).error()).at(request.place);
  const catalog::RunRecord& run = *found;
  arrow::BatchBuilder rows({{"step", arrow::int32_type()},
                            {"kind", arrow::string_type()},
                            {"status", arrow::string_type()},
                            {"seconds", arrow::double_type()},
                            {"rows_read", arrow::int64_type()},
                            {"rows_written", arrow::int64_type()},
                            {"process_peak_bytes", arrow::int64_type()},
                            {"stages", arrow::string_type()},
                            {"messages", arrow::string_type()},
                            {"statement", arrow::string_type()}});
  for (const catalog::StepRecord& step : run.steps) {
    rows.column(0).append(static_cast<int64_t>(step.index) + 1);
    rows.column(1).append(std::string_view(step.kind));
    rows.column(2).append(to_string(step.status));
    rows.column(3).append(static_cast<double>(step.duration.count()) / 1e9);
    append_count(rows.column(4), step.rows_read);
    append_count(rows.column(5), step.rows_written);
    append_count(rows.column(6), step.peak_memory_bytes == 0 ? -1 : static_cast<int64_t>(step.peak_memory_bytes));
    rows.column(7).append(std::string_view(stages_of(step.details)));
    rows.column(8).append(std::string_view(messages_of(step)));
    rows.column(9).append(std::string_view(one_line(step.statement)));
  }
  Outcome outcome;
  outcome.messages.push_back(fmt::format("run {} of {}: {}{}, begun {}", run.id.value, run.program_name, run.status,
                                         run.duration ? " in " + human_duration(*run.duration) : "",
                                         to_iso8601(run.started)));
  outcome.tables.push_back({"", rows.finish()});
  return outcome;
}

}  // namespace

Help DescribeRun::help() const {
  return {
      "the steps of a run: times by stage, rows, messages, errors", "DESCRIBE RUN [id | prefix | latest]",
      "Without an id, or with latest, the run before this one. The beginning of an id is enough when it is unique.\n"
      "process_peak_bytes is the most memory that the whole process, with all its steps, had held when the step ended.",
      "DESCRIBE RUN latest"};
}

Result<std::unique_ptr<Parsed>> DescribeRun::parse(const Statement&, sql::Tokens& tokens) const {
  auto request = std::make_unique<Request>();
  TRY(tokens.expect_phrase(phrase()));
  request->place = tokens.here();
  // An id may begin with a digit, so it need not be a name.
  if (!tokens.at_end()) {
    const sql::Token first = tokens.next();
    sql::Token last = first;
    while (!tokens.at_end()) last = tokens.next();
    request->place = {first.span.begin, last.span.end};
    std::string_view id = trim(tokens.program().substr(first.span.begin, last.span.end - first.span.begin));
    if (id.size() > 1 && (id.front() == '\'' || id.front() == '"') && id.back() == id.front())
      id = id.substr(1, id.size() - 2);
    if (id.find_first_of(" \t\r\n") != std::string_view::npos) {
      return fail(Code::kProgram, fmt::format("expected the id of one run, found \"{}\"", id)).at(request->place);
    }
    request->run = to_lower(id);
  }
  return request;
}

Result<std::unique_ptr<Step>> DescribeRun::check(const Parsed& parsed, CheckContext& context) const {
  const Request request = static_cast<const Request&>(parsed);
  if (!request.run.empty() && request.run != "latest") {
    auto known = context.catalog().run(request.run);
    if (!known) return fail(std::move(known).error()).at(request.place);
  }
  return make_record_step([request](RunContext& running) { return describe(running, request); });
}

}  // namespace sinan::flow
