// Session: one open project and one screen, on which programs are run and shown. What `sinan run`, `-c` and the prompt share.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/command_line.h"
#include "app/interrupts.h"
#include "app/program_gate.h"
#include "app/run_view.h"
#include "app/screen.h"
#include "flow/executor.h"
#include "flow/plan.h"
#include "flow/project.h"

namespace sinan::app {

// Shows an error that belongs to no program.
void show_error(Screen& screen, const Error& error, bool as_json);
// The exit code of an error that stopped everything before a step ran.
int exit_code(const Error& error);
// Of the account that the process runs under; its number where it has no name.
std::string user_name();

struct Program {
  std::string name;  // "late.sql", "-c", "prompt"
  std::string text;
  bool is_file = false;    // with a line for each step, and a summary
  bool is_last = true;     // nothing comes after it: a signal while it is checked may end the process
  bool plan_only = false;  // checked, and its plan shown
};

// Runs programs and shows them: in this process, or in the one that serves the project (remote_session.h).
class ProgramRunner {
 public:
  virtual ~ProgramRunner() = default;
  // Checks, runs, shows. Answers the exit code.
  virtual int run(Program program, Interruption& interruption) = 0;
  // What the word at the end may become.
  virtual std::vector<std::string> complete(std::string_view before_cursor) = 0;
};

struct SessionOptions {
  flow::SessionState* state = nullptr;  // null = the project's own
  std::string user;                     // on whose behalf; for audit logs
  ProgramGate* gate = nullptr;          // null = nobody else runs programs
  std::filesystem::path folder;         // with a gate: where the caller stands
};

class Session final : public ProgramRunner {
 public:
  // `line` says how results, errors and pictures are wanted. All must outlive the session.
  Session(flow::Project& project, Screen& screen, const CommandLine& line, SessionOptions options)
      : project_(project), screen_(screen), line_(line), options_(std::move(options)) {}

  int run(Program program, Interruption& interruption) override;
  std::vector<std::string> complete(std::string_view before_cursor) override;

 private:
  // Nothing when that failed or was cancelled, and `code` is what to answer.
  std::optional<AdmittedPlan> plan(Program& program, Interruption& interruption, int& code);
  void show_diagnostics(const flow::Plan& plan);
  int show_plan(const flow::Plan& plan);
  // Answers whether everything was saved that was asked for.
  bool summarize(const flow::Plan& plan, const flow::RunReport& report, bool is_file);
  // Answers where they are, empty when there are none; nothing when they could not be saved, which is shown.
  std::optional<std::string> save_pictures(const flow::Plan& plan, const flow::RunReport& report, bool with_timeline);
  void show_next(const flow::Plan& plan, const flow::RunReport& report);
  ResultOptions result_options() const;
  // " --project DIR", for commands that are shown; empty for the current folder.
  std::string project_option() const;

  flow::Project& project_;
  Screen& screen_;
  const CommandLine& line_;
  const SessionOptions options_;
};

}  // namespace sinan::app
