// The command line: arguments to a plain value. Nothing is opened or run here.
//
//   sinan                           the prompt; with a pipe as input, runs what comes
//   sinan run FILE|-                a program
//   sinan -c PROGRAM                a program from the command line
//   sinan serve                     the project over HTTP
//   sinan token create|list|revoke [NAME]
//   sinan model list|get|release|delete   short for a program
//   sinan doctor | help [STATEMENT]
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/result_text.h"
#include "app/screen.h"
#include "base/error.h"

namespace sinan::app {

// Documented in --help and docs/command_line.md.
inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;  // a step failed, or the project could not be opened
inline constexpr int kExitWrong = 2;   // the program or the command line is wrong; nothing ran
inline constexpr int kExitCancelled = 130;

struct CommandLine {
  enum class Action { kPrompt, kRunFile, kRunText, kServe, kToken, kDoctor, kStatementHelp, kPrint };
  Action action = Action::kPrompt;
  std::string text;  // the file, the program, what to do with tokens, the statement asked about, or what to print

  bool plan_only = false;
  bool use_cache = true;
  bool resume = false;
  uint64_t seed = 42;
  std::string output;                     // folder for pictures; empty = the run's own
  std::vector<std::string> data_sources;  // "NAME=URL", "URL"
  bool read_only_sources = false;
  std::vector<std::string> environment_files;  // of KEY=VALUE lines
  std::string project = ".";
  Format format = Format::kTable;
  size_t most_rows = 40;
  bool json_errors = false;
  ColorChoice color = ColorChoice::kAuto;
  bool quiet = false;

  std::string listen;  // of serve; empty = as sinan.toml says
  bool allow_plaintext = false;
  std::string token_name;
  std::string token_role;
  uint32_t token_days = 0;  // 0 = does not expire
};

// Errors: kArgument, with the nearest valid name as hint.
Result<CommandLine> parse_command_line(std::span<const std::string> arguments);
// Whether errors are wanted as JSON, as far as can be told of a command line that is wrong otherwise.
bool wants_json_errors(std::span<const std::string> arguments);

// `verb` empty: the whole program's.
std::string usage(std::string_view verb);
std::string version_text();

}  // namespace sinan::app
