#include "app/doctor.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/command_line.h"
#include "app/server/server_address.h"
#include "base/machine.h"
#include "base/strings.h"
#include "engine/duckdb/duckdb_engine.h"
#include "flow/data_sources.h"
#include "flow/project.h"
#include "store/database.h"

namespace sinan::app {
namespace {

constexpr uint64_t kLittleMemory = uint64_t{1} << 30;
constexpr uint64_t kLittleDisk = uint64_t{1} << 30;

void examine_stores(std::vector<flow::DoctorFinding>& findings) {
  const auto engine = engine::open_duckdb({});
  findings.push_back({.name = "DuckDB",
                      .works = engine.has_value(),
                      .detail = engine ? (*engine)->version() : engine.error().message,
                      .remedy = "make build puts libduckdb.so into lib/sinan"});
  const auto version = []() -> Result<std::string> {
    const auto database = TRY(store::Database::open_in_memory());
    auto statement = TRY(database->prepare("SELECT sqlite_version()"));
    TRY(statement.step());
    return std::string(statement.text(0));
  }();
  findings.push_back({.name = "SQLite",
                      .works = version.has_value(),
                      .detail = version ? *version : version.error().message,
                      .remedy = "apt-get install libsqlite3-0"});
}

void examine_extensions(std::vector<flow::DoctorFinding>& findings) {
  const std::filesystem::path folder = engine::default_extension_dir();
  for (const engine::SourceKind kind : {engine::SourceKind::kPostgres, engine::SourceKind::kMySql}) {
    const std::filesystem::path file = engine::extension_file(kind, folder);
    std::error_code ignored;
    const bool there = std::filesystem::exists(file, ignored);
    findings.push_back(
        {.name = fmt::format("data in {}", engine::to_string(kind)),
         .works = there,
         .detail = there ? "extension of the engine found" : "extension of the engine missing: " + file.string(),
         .remedy = "make build puts it into lib/sinan/extensions; or set SINAN_EXTENSIONS to a folder that has it",
         .is_optional = true});
  }
}

// Each on an engine of its own: whether a project can be opened says nothing about them.
void examine_sources(const CommandLine& line, std::vector<flow::DoctorFinding>& findings) {
  const auto problem = [&](std::string name, const Error& error) {
    findings.push_back({.name = std::move(name), .works = false, .detail = error.message, .remedy = error.hint});
  };
  const auto config = flow::read_config(io::real_file_system(), line.project);
  if (!config) return problem("data sources", config.error());
  const auto sources = flow::resolve_sources(*config, line.data_sources, line.read_only_sources, line.project);
  if (!sources) return problem("data sources", sources.error());
  for (const engine::DataSource& source : *sources) {
    const std::string name = "source " + source.name;
    const auto engine = engine::open_duckdb(
        {.extension_dir = engine::default_extension_dir(), .working_dir = std::filesystem::absolute(line.project)});
    const Status attached = engine ? (*engine)->attach(source) : Status(fail(engine.error()));
    if (!attached) {
      problem(name, attached.error());
      continue;
    }
    findings.push_back(
        {.name = name,
         .works = true,
         .detail = fmt::format("{}: {}{}{}", engine::to_string(source.kind), source.describe(),
                               source.is_default ? ", the default" : "", source.read_only ? ", read-only" : ""),
         .remedy = ""});
  }
}

void examine_machine(const std::filesystem::path& folder, std::vector<flow::DoctorFinding>& findings) {
  const Machine machine = inspect_machine();
  findings.push_back({.name = "processor",
                      .works = machine.cores > 0,
                      .detail = fmt::format("{} core{} for this process", machine.cores, machine.cores == 1 ? "" : "s"),
                      .remedy = ""});
  findings.push_back({.name = "memory",
                      .works = machine.memory_bytes >= kLittleMemory,
                      .detail = human_bytes(machine.memory_bytes) + " (machine or cgroup, whichever is less)",
                      .remedy = "large tables will spill to disk; raise the container's memory limit"});
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(folder, error);
  findings.push_back({.name = "disk",
                      .works = !error && space.available >= kLittleDisk,
                      .detail = error ? error.message() : human_bytes(space.available) + " free",
                      .remedy = "make room where the project is, or choose another folder: --project DIR"});
}

void examine_terminal(const TerminalFacts& facts, std::vector<flow::DoctorFinding>& findings) {
  if (!facts.out_is_terminal) {
    findings.push_back({.name = "terminal",
                        .works = true,
                        .detail = "output is not a terminal: no colours, no progress",
                        .remedy = ""});
    return;
  }
  findings.push_back({.name = "terminal",
                      .works = facts.unicode,
                      .detail = fmt::format("{} columns, {}, {}", facts.width, facts.unicode ? "Unicode" : "ASCII only",
                                            facts.color_out ? "colours" : "no colours"),
                      .remedy = "for tables and charts with lines: export LANG=C.UTF-8"});
}

void examine_project(const std::filesystem::path& folder, const flow::Registry& registry,
                     std::vector<flow::DoctorFinding>& findings) {
  std::error_code error;
  if (!std::filesystem::exists(folder / ".sinan", error)) {
    const bool there = std::filesystem::is_directory(folder, error);
    findings.push_back({.name = "project",
                        .works = there,
                        .detail = fmt::format("{}: {}", folder.string(),
                                              there ? "nothing has run here yet" : "the folder does not exist"),
                        .remedy = "make it, or choose another: --project DIR"});
    return;
  }
  auto project =
      flow::Project::open({.folder = folder, .command_line = "sinan doctor", .without_sources = true}, registry);
  const auto server = read_server_address(folder);
  if (!project && project.error().code == Code::kBusy && server && *server) {
    findings.push_back({.name = "project", .works = true, .detail = "sinan serve owns it: commands go through that"});
    return;
  }
  if (!project) {
    findings.push_back(
        {.name = "project", .works = false, .detail = project.error().message, .remedy = project.error().hint});
    return;
  }
  const auto models = (*project)->catalog().objects(object_kind::kModel);
  const auto tables = (*project)->engine().tables();
  findings.push_back({.name = "project",
                      .works = models.has_value() && tables.has_value(),
                      .detail = fmt::format("{}: {} tables, {} models", folder.string(), tables ? tables->size() : 0,
                                            models ? models->size() : 0),
                      .remedy = models ? "" : models.error().message});
}

}  // namespace

std::vector<flow::DoctorFinding> examine(const CommandLine& line, const flow::Registry& registry,
                                         const TerminalFacts& facts) {
  std::vector<flow::DoctorFinding> findings;
  findings.push_back(
      {.name = "sinan", .works = true, .detail = std::string(trim(version_text())).substr(6), .remedy = ""});
  examine_stores(findings);
  for (flow::DoctorFinding& finding : registry.run_doctor()) findings.push_back(std::move(finding));
  examine_extensions(findings);
  const std::filesystem::path project = line.project;
  examine_machine(project, findings);
  examine_terminal(facts, findings);
  examine_project(project, registry, findings);
  examine_sources(line, findings);
  return findings;
}

std::string doctor_text(const std::vector<flow::DoctorFinding>& findings, bool unicode, bool color) {
  const Style style{color};
  size_t width = 0;
  for (const flow::DoctorFinding& finding : findings) width = std::max(width, display_width(finding.name));
  std::string text;
  for (const flow::DoctorFinding& finding : findings) {
    const std::string blanks(width - display_width(finding.name), ' ');
    const std::string mark = finding.works         ? style.green(unicode ? "✓ ok     " : "ok     ")
                             : finding.is_optional ? style.dim(unicode ? "- missing" : "missing")
                                                   : style.red(unicode ? "✗ problem" : "problem");
    text += fmt::format("{}  {}{}  {}\n", mark, finding.name, blanks, finding.detail);
    if (!finding.works && !finding.remedy.empty())
      text += fmt::format("{}{}\n", std::string(width + (unicode ? 13 : 11), ' '), finding.remedy);
  }
  return text;
}

}  // namespace sinan::app
