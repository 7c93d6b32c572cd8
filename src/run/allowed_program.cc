#include "run/allowed_program.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <filesystem>

#include "base/strings.h"
#include "flow/clause_query.h"
#include "io/temp_dir.h"
#include "run/container_executor.h"
#include "run/local/local_executor.h"
#include "run/rows_file.h"
#include "run/run_tables.h"

namespace sinan::run {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLinesKept = 20;
// What Linux takes as one string of an environment, about.
constexpr size_t kLongestVariable = 120'000;

struct Request {
  Config::Program program;
  sql::Run clause;
  std::string query;
  Span query_place;
  std::shared_ptr<const Executor> executor;
  Job job;  // but for its folder
  std::vector<std::string> input_formats;
  RunTables tables;
  sql::Analysis analysis;
  Access access;
};

fs::path in_project(const fs::path& path, const flow::CheckContext& context) {
  return fs::absolute(path.is_absolute() ? path : context.project_folder() / path).lexically_normal();
}

Result<fs::path> existing(const std::string& path, const Config::Program& program, Span place,
                          const flow::CheckContext& context) {
  fs::path full = in_project(path, context);
  std::error_code error;
  if (fs::exists(full, error)) return full;
  return fail(Code::kNotFound,
              fmt::format("a file of the program \"{}\" does not exist: {}", program.name, full.string()),
              "correct [programs] in sinan.toml")
      .at(place);
}

bool names_image(const Config::Program& program, const sql::Run& clause) { return program.name == clause.image.text; }

Status prepare_file(Request& request, Span place, const flow::CheckContext& context) {
  const Config::Program& program = request.program;
  const fs::path path = TRY(existing(program.path, program, place, context));
  std::string interpreter = program.interpreter;
  if (interpreter.empty() && path.extension() == ".py") {
    const bool local = fs::exists("/usr/local/bin/python3");
    interpreter = fs::exists("/usr/bin/python3") || !local ? "/usr/bin/python3" : "/usr/local/bin/python3";
  }
  std::vector<std::string>& command = request.job.command;
  if (!interpreter.empty()) {
    const fs::path file = TRY(existing(interpreter, program, place, context));
    request.job.readable.push_back(file);
    command.push_back(file);
  }
  request.job.readable.push_back(path);
  command.push_back(path);
  const auto executor = std::make_shared<LocalExecutor>(means_here());
  if (const Status strict = program.strict ? executor->check_strict(request.job) : Status(); !strict)
    return fail(strict.error()).at(place);
  request.executor = executor;
  return {};
}

Status prepare_image(Request& request, Span place) {
  const Config::Program& program = request.program;
  const auto tool = find_container_tool(program.container_tool);
  if (!tool) {
    const std::string wanted =
        program.container_tool.empty() ? "neither docker nor podman" : program.container_tool + " not";
    return fail(Code::kUnsupported,
                fmt::format("the image \"{}\" needs a container tool: {} found", program.image, wanted),
                "install podman, or name the tool as \"container_tool\" in sinan.toml")
        .at(place);
  }
  request.executor = std::make_shared<ContainerExecutor>(*tool, program.image);
  return {};
}

// The format that an argument names a file of, else the one of sinan.toml.
std::vector<std::string> input_formats(const Request& request) {
  std::vector<std::string> formats;
  for (const char* format : {"csv", "arrow"}) {
    const std::string file = fmt::format("input/rows.{}", format);
    const auto names = [&](const sql::Name& item) { return item.text.find(file) != std::string::npos; };
    if (std::ranges::any_of(request.clause.command, names)) formats.emplace_back(format);
  }
  if (formats.empty()) formats.push_back(request.program.input);
  return formats;
}

class AllowedStep final : public flow::Step {
 public:
  explicit AllowedStep(Request request) : request_(std::move(request)) {}

  const Access& access() const override { return request_.access; }
  // The program may answer otherwise each time.
  std::optional<Fingerprint> fingerprint() const override { return std::nullopt; }

  Result<flow::Outcome> run(flow::RunContext& context) override {
    const io::TempDir folder = TRY(io::TempDir::make({}, "sinan-job-"));
    Job job = request_.job;
    job.folder = fs::absolute(folder.path() / "job");
    TRY(make_folders(folder.path(), job.folder));
    flow::Outcome outcome;
    context.progress().stage("reading");
    outcome.rows_read = TRY(write_input(job, context));
    job.environment = environment(job);
    context.progress().stage("running");
    TRY(start(job, context, outcome));
    context.progress().stage("writing");
    TRY(read_tables(job, context, outcome));
    return outcome;
  }

 private:
  // The way to the job is open to the user that the program runs as; its neighbours are not shown.
  static Status make_folders(const fs::path& outer, const fs::path& job) {
    std::error_code error;
    for (const char* name : {"input", "output"}) {
      fs::create_directories(job / name, error);
      fs::permissions(job / name, fs::perms(0755), error);
    }
    fs::permissions(job, fs::perms(0755), error);
    fs::permissions(outer, fs::perms(0711), error);
    if (error) return fail(io::system_error(error.value(), "cannot create folder", job));
    return {};
  }

  Result<int64_t> write_input(Job& job, flow::RunContext& context) const {
    const auto rows = TRY(flow::open_rows(request_.query, request_.query_place, context));
    std::vector<std::unique_ptr<RowsWriter>> writers;
    for (const std::string& format : request_.input_formats) {
      const fs::path file = job.folder / "input" / ("rows." + format);
      auto writer = write_rows(file, format, *rows->schema(), context.files());
      if (!writer.has_value()) return fail(std::move(writer).error()).at(request_.query_place);
      writers.push_back(*std::move(writer));
      if (job.standard_input.empty()) job.standard_input = file;
      std::error_code ignored;
      fs::permissions(file, fs::perms(0644), ignored);
    }
    int64_t total = 0;
    while (const auto batch = TRY(rows->next())) {
      TRY(context.cancel().check());
      for (const auto& writer : writers) TRY(writer->write(*batch));
      context.progress().rows(total += static_cast<int64_t>(batch->rows()));
    }
    for (const auto& writer : writers) TRY(writer->finish());
    return total;
  }

  std::vector<std::pair<std::string, std::string>> environment(const Job& job) const {
    std::string into;
    for (const sql::Name& table : request_.clause.into) into += (into.empty() ? "" : ",") + table.text;
    const std::string folder = request_.executor->folder_inside(job);
    std::vector<std::pair<std::string, std::string>> out = {
        {"SQLFLOW_TO_RUN_SELECT", request_.query},
        {"SQLFLOW_TO_RUN_INTO", into},
        {"SQLFLOW_TO_RUN_IMAGE", request_.clause.image.text},
        {"SQLFLOW_DATASOURCE", "file://" + folder},
        {"SINAN_INPUT", fmt::format("{}/input/rows.{}", folder, request_.input_formats.front())},
        {"SINAN_OUTPUT", folder + "/output"},
    };
    std::erase_if(out, [](const auto& variable) {
      return variable.second.size() > kLongestVariable || variable.second.find('\0') != std::string::npos;
    });
    return out;
  }

  Status start(const Job& job, flow::RunContext& context, flow::Outcome& outcome) const {
    std::deque<std::string> last;
    const auto take = [&](std::string_view line) {
      context.progress().note(line);
      if (last.size() == kLinesKept) last.pop_front();
      last.emplace_back(line);
    };
    if (const Status done = request_.executor->run(job, take, context.cancel()); !done)
      return fail(done.error()).at(request_.clause.image.span);
    for (const std::string& line : last) outcome.messages.push_back(fmt::format("{}: {}", job.name, line));
    outcome.messages.push_back(fmt::format("Ran {}, {}.", job.name, request_.executor->confinement(job)));
    return {};
  }

  Status read_tables(const Job& job, flow::RunContext& context, flow::Outcome& outcome) const {
    outcome.rows_written = 0;
    for (size_t i = 0; i < request_.tables.names.size(); ++i) {
      const sql::Name& name = request_.clause.into[i];
      auto rows = read_rows(job.folder / "output", name.text, job.limits.output_bytes, context);
      if (!rows.has_value()) return fail(std::move(rows).error()).at(name.span);
      auto written = context.session().ingest(request_.tables.names[i], **rows, engine::IngestMode::kReplace);
      if (!written.has_value()) return fail(std::move(written).error()).at(name.span);
      outcome.rows_written += *written;
      outcome.messages.push_back(wrote(*written, request_.tables.names[i]));
    }
    for (const ObjectRef& target : request_.tables.targets) {
      flow::QueryLineage edges(request_.analysis, target, "run");
      for (const ObjectRef& read : request_.access.reads)
        if (read != target) edges.read(read, {});
      for (catalog::LineageEdge& edge : edges.finish()) outcome.lineage.push_back(std::move(edge));
    }
    return {};
  }

  Request request_;
};

}  // namespace

std::optional<Config::Program> find_allowed(const std::vector<Config::Program>& allowed, const sql::Run& clause) {
  const auto find = [&](std::string_view name) -> std::optional<Config::Program> {
    const auto found = std::ranges::find(allowed, name, &Config::Program::name);
    return found == allowed.end() ? std::nullopt : std::optional(*found);
  };
  if (auto image = find(clause.image.text)) return image;
  return clause.command.empty() ? std::nullopt : find(clause.command.front().text);
}

Result<std::unique_ptr<flow::Step>> check_allowed(const Config::Program& program, const sql::Run& clause,
                                                  flow::CheckContext& context) {
  Request request;
  request.program = program;
  request.clause = clause;
  request.query = std::string(context.statement().query());
  request.query_place = context.statement().text.standard;
  Job& job = request.job;
  job.name = program.name;
  job.network = program.network;
  job.limits = {.time = std::chrono::seconds(program.seconds),
                .memory_bytes = program.memory_bytes,
                .output_bytes = program.output_bytes,
                .processes = program.processes,
                .files = program.files};
  const bool by_image = names_image(program, clause);
  const Span place = by_image ? clause.image.span : clause.command.front().span;
  TRY(program.image.empty() ? prepare_file(request, place, context) : prepare_image(request, place));
  for (const std::string& path : program.read) job.readable.push_back(TRY(existing(path, program, place, context)));
  for (size_t i = by_image ? 0 : 1; i < clause.command.size(); ++i) {
    const sql::Name& item = clause.command[i];
    if (item.text.find('\0') != std::string::npos)
      return fail(Code::kArgument, "a string behind CMD has a zero byte").at(item.span);
    job.command.push_back(item.text);
  }
  request.input_formats = input_formats(request);
  TRY(context.describe(request.query, request.query_place));
  request.analysis = context.analysis(request.query, request.query_place);
  request.access = context.analyze(request.query, request.query_place);
  request.tables = TRY(check_tables(clause, {}, request.access, context));
  return std::make_unique<AllowedStep>(std::move(request));
}

}  // namespace sinan::run
