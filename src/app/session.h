// Session: one open project and one screen, on which programs are run and shown. What `sinan run`, `-c` and the prompt share.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "app/command_line.h"
#include "app/interrupts.h"
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

class Session {
 public:
  // `line` says how results, errors and pictures are wanted. Both must outlive the session.
  Session(flow::Project& project, Screen& screen, Interrupts& interrupts, const CommandLine& line)
      : project_(project), screen_(screen), interrupts_(interrupts), line_(line) {}

  struct Program {
    std::string name;  // "late.sql", "-c", "prompt"
    std::string text;
    bool is_file = false;  // with a line for each step, and a summary
    bool is_last = true;   // nothing comes after it: a signal while it is checked may end the process
  };
  // Checks, runs, shows. Answers the exit code.
  int run(Program program);
  // Checks and shows the plan.
  int show_plan(Program program);

 private:
  // Nothing when that failed or was cancelled, and `code` is what to answer.
  std::optional<flow::Plan> plan(Program& program, Interrupts::Scope& interruptible, int& code);
  void show_diagnostics(const flow::Plan& plan);
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
  Interrupts& interrupts_;
  const CommandLine& line_;
};

}  // namespace sinan::app
