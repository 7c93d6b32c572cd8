#include "flow/statements/show_runs.h"

#include "arrow/builder.h"
#include "base/strings.h"
#include "flow/statements/record_step.h"

namespace sinan::flow {
namespace {

struct Request final : Parsed {
  size_t limit = 20;
};

// The first line of the program that says something.
std::string first_line(std::string_view program) {
  for (const std::string_view line : split_on(program, '\n')) {
    const std::string_view text = trim(line);
    if (!text.empty() && !text.starts_with("--")) return std::string(text.substr(0, 200));
  }
  return {};
}

Result<Outcome> show(RunContext& context, size_t limit) {
  arrow::BatchBuilder rows({{"run", arrow::string_type()},
                            {"status", arrow::string_type()},
                            {"started", arrow::timestamp_type()},
                            {"seconds", arrow::double_type()},
                            {"name", arrow::string_type()},
                            {"program", arrow::string_type()}});
  for (const auto& run : TRY(context.catalog().runs(limit))) {
    rows.column(0).append(std::string_view(run.id.value));
    rows.column(1).append(std::string_view(run.status));
    rows.column(2).append(static_cast<int64_t>(run.started.time_since_epoch().count()));
    if (run.duration)
      rows.column(3).append(static_cast<double>(run.duration->count()) / 1e9);
    else
      rows.column(3).append_null();
    rows.column(4).append(std::string_view(run.program_name));
    rows.column(5).append(std::string_view(first_line(run.program)));
  }
  Outcome outcome;
  outcome.tables.push_back({"", rows.finish()});
  return outcome;
}

}  // namespace

Help ShowRuns::help() const {
  return {"the latest runs, newest first", "SHOW RUNS [LIMIT n]",
          "Every program that is run, on the command line or at the prompt, is a run. 20 are shown unless LIMIT says "
          "otherwise. DESCRIBE RUN shows the steps of one.",
          "SHOW RUNS LIMIT 5"};
}

Result<std::unique_ptr<Parsed>> ShowRuns::parse(const Statement&, sql::Tokens& tokens) const {
  auto request = std::make_unique<Request>();
  TRY(tokens.expect_phrase(phrase()));
  if (tokens.accept_word("LIMIT")) {
    const Span place = tokens.here();
    const int64_t limit = TRY(tokens.expect_integer("a number of runs"));
    if (limit < 0) return fail(Code::kProgram, "LIMIT is negative").at(place);
    request->limit = static_cast<size_t>(limit);
  }
  TRY(tokens.expect_end({"LIMIT"}));
  return request;
}

Result<std::unique_ptr<Step>> ShowRuns::check(const Parsed& parsed, CheckContext&) const {
  const size_t limit = static_cast<const Request&>(parsed).limit;
  return make_record_step([limit](RunContext& context) { return show(context, limit); });
}

}  // namespace sinan::flow
