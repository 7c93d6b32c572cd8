#include "app/application.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "app/capabilities.h"
#include "app/command_line.h"
#include "app/doctor.h"
#include "app/environment_file.h"
#include "app/prompt.h"
#include "app/remote_session.h"
#include "app/server/serve.h"
#include "app/session.h"
#include "app/statement_help.h"
#include "base/strings.h"
#include "flow/data_sources.h"

namespace sinan::app {
namespace {

// A descriptor that the caller closed would be given to the next file that is opened, and results would be written into it.
// Reading what takes its place here, or writing to it, fails.
void occupy_standard_descriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) continue;
    [[maybe_unused]] const int opened = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

Result<std::string> read_standard_input() {
  std::string text;
  char buffer[1 << 16];
  for (;;) {
    const ssize_t count = read(STDIN_FILENO, buffer, sizeof(buffer));
    if (count == 0) return text;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(io::system_error(errno, "cannot read standard input", "-"));
    text.append(buffer, static_cast<size_t>(count));
  }
}

Result<Program> read_program(const CommandLine& line) {
  using Action = CommandLine::Action;
  if (line.action == Action::kRunText) return Program{.name = "-c", .text = line.text, .is_file = false};
  if (line.action == Action::kPrompt || line.text == "-") {
    return Program{.name = "-", .text = TRY(read_standard_input()), .is_file = line.action != Action::kPrompt};
  }
  auto text = io::real_file_system().read_file(line.text);
  if (!text) return std::unexpected(std::move(text).error().within("while reading the program"));
  return Program{.name = line.text, .text = *std::move(text), .is_file = true};
}

int report(Screen& screen, const CommandLine& line, const Error& error) {
  show_error(screen, error, line.json_errors);
  return exit_code(error);
}

// A new project's folder is made when it opens, but not a whole path of folders: that is a misspelt one.
Status find_project_folder(const std::filesystem::path& folder) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(folder, error);
  if (std::filesystem::is_directory(status)) return {};
  if (status.type() == std::filesystem::file_type::not_found) {
    if (std::filesystem::is_directory(std::filesystem::absolute(folder, error).parent_path(), error)) return {};
    return fail(Code::kNotFound, fmt::format("project folder does not exist: {}", folder.string()),
                "make it, or name another one: --project DIR");
  }
  if (error) return fail(io::system_error(error.value(), "cannot open the project folder", folder));
  return fail(Code::kArgument, fmt::format("project folder is a file: {}", folder.string()),
              "name the folder that holds sinan.toml and .sinan/: --project DIR");
}

int run_programs(TerminalScreen& screen, Interrupts& interrupts, const CommandLine& line,
                 std::span<const std::string> arguments) {
  const bool at_prompt = line.action == CommandLine::Action::kPrompt && isatty(STDIN_FILENO) != 0;
  Program program;
  if (!at_prompt) {
    // Read before the project is locked: a pipe may take its time.
    auto text = read_program(line);
    if (!text) return report(screen, line, text.error());
    program = *std::move(text);
  }
  if (auto found = find_project_folder(line.project); !found) return report(screen, line, found.error());
  flow::Registry registry;
  register_capabilities(registry);
  const auto run_with = [&](ProgramRunner& runner) {
    if (at_prompt) return run_prompt(runner, registry, screen, interrupts, line);
    program.plan_only = line.plan_only;
    Interrupts::Scope scope(interrupts);
    return runner.run(std::move(program), scope);
  };
  const auto served = RemoteSession::connect(screen, line, arguments);
  if (!served) return report(screen, line, served.error());
  if (*served) return run_with(**served);
  const auto project = flow::Project::open({.folder = line.project,
                                            .command_line = "sinan " + engine::without_passwords(join(arguments, " ")),
                                            .data_sources = line.data_sources,
                                            .read_only_sources = line.read_only_sources},
                                           registry);
  if (!project) return report(screen, line, project.error());
  Session session(**project, screen, line, {.user = user_name()});
  return run_with(session);
}

// What files and environment say of data sources joins what the command line does, and gives way to it.
Status settle_environment(CommandLine& line) {
  TRY(load_environment(line.environment_files));
  const bool has_unnamed = std::ranges::any_of(line.data_sources, flow::is_unnamed_source);
  if (std::string source = data_source_of_environment(); !source.empty() && !has_unnamed) {
    line.data_sources.push_back(std::move(source));
  }
  return {};
}

int run_doctor(Screen& screen, const CommandLine& line) {
  flow::Registry registry;
  register_capabilities(registry);
  bool all_well = true;
  const auto findings = examine(line, registry, screen.facts());
  for (const flow::DoctorFinding& finding : findings) all_well = all_well && (finding.works || finding.is_optional);
  screen.write(Stream::kOut, doctor_text(findings, screen.facts().unicode, screen.facts().color_out));
  return all_well ? kExitDone : kExitFailed;
}

int run_help(Screen& screen, const CommandLine& line) {
  flow::Registry registry;
  register_capabilities(registry);
  if (line.text.empty()) {
    screen.write(Stream::kOut, statement_list(registry));
    return kExitDone;
  }
  const auto page = statement_help(registry, line.text);
  if (!page) {
    show_error(screen, page.error(), line.json_errors);
    return kExitWrong;
  }
  screen.write(Stream::kOut, *page);
  return kExitDone;
}

int act(TerminalScreen& screen, Interrupts& interrupts, const CommandLine& line,
        std::span<const std::string> arguments) {
  switch (line.action) {
    case CommandLine::Action::kPrint:
      screen.write(Stream::kOut, line.text);
      return kExitDone;
    case CommandLine::Action::kServe:
      if (auto found = find_project_folder(line.project); !found) return report(screen, line, found.error());
      return run_serve(screen, interrupts, line, arguments);
    case CommandLine::Action::kToken:
      if (auto found = find_project_folder(line.project); !found) return report(screen, line, found.error());
      return run_token(screen, line);
    case CommandLine::Action::kDoctor:
      return run_doctor(screen, line);
    case CommandLine::Action::kStatementHelp:
      return run_help(screen, line);
    default:
      return run_programs(screen, interrupts, line, arguments);
  }
}

}  // namespace

int run_application(std::span<const std::string> arguments) {
  occupy_standard_descriptors();
  auto line = parse_command_line(arguments);
  if (line) {
    if (auto settled = settle_environment(*line); !settled) line = fail(std::move(settled).error());
  }
  // OpenMP threads that spin while they wait make everything else slow; read when an OpenMP library is loaded.
  setenv("OMP_WAIT_POLICY", "passive", 0);
  Interrupts& interrupts = Interrupts::start();
  if (!line) {
    TerminalScreen screen(STDOUT_FILENO, STDERR_FILENO, inspect_terminal(ColorChoice::kAuto));
    show_error(screen, line.error(), wants_json_errors(arguments));
    return kExitWrong;
  }
  TerminalScreen screen(STDOUT_FILENO, STDERR_FILENO, inspect_terminal(line->color));
  const int code = act(screen, interrupts, *line, arguments);
  const auto unwritten = screen.write_error();
  if (!unwritten || code != kExitDone) return code;
  show_error(screen, io::system_error(*unwritten, "cannot write the results", "standard output"), line->json_errors);
  return kExitFailed;
}

}  // namespace sinan::app
