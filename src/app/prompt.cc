#include "app/prompt.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/line_editor.h"
#include "app/statement_help.h"
#include "base/strings.h"
#include "sql/splitter.h"

namespace sinan::app {
namespace {

constexpr std::string_view kWelcome =
    "Statements end with ';'. Tab completes, Ctrl-R searches, Ctrl-C cancels. \\h lists the statements, \\h STATEMENT "
    "explains one, \\q leaves.\n";

// One line for the history, unless a comment would swallow the rest.
std::string history_entry(std::string text) {
  if (text.find("--") == std::string::npos) std::ranges::replace(text, '\n', ' ');
  return text;
}

enum class Command { kNone, kLeave, kHelp, kUnknown };

// What is no statement: \q, \h WORDS, HELP WORDS, and EXIT and QUIT without arguments.
Command command_of(std::string_view line, std::string_view& rest) {
  line = trim(line);
  if (line.starts_with("\\h")) {
    rest = trim(line.substr(2));
    return Command::kHelp;
  }
  while (line.ends_with(';')) line = trim(line.substr(0, line.size() - 1));
  for (const std::string_view word : {"exit", "quit", "\\q"}) {
    if (equals_ignore_case(line, word)) return Command::kLeave;
  }
  for (const std::string_view word : {"help", "\\?", "?"}) {
    if (equals_ignore_case(line, word)) return Command::kHelp;
  }
  constexpr std::string_view kHelp = "help ";
  if (equals_ignore_case(line.substr(0, kHelp.size()), kHelp)) {
    rest = trim(line.substr(kHelp.size()));
    return Command::kHelp;
  }
  return line.starts_with('\\') ? Command::kUnknown : Command::kNone;
}

void show_help(Screen& screen, const flow::Registry& registry, std::string_view words) {
  if (words.empty()) {
    screen.write(Stream::kOut, statement_list(registry));
    return;
  }
  const auto page = statement_help(registry, words);
  if (page)
    screen.write(Stream::kOut, *page);
  else
    show_error(screen, page.error(), false);
}

}  // namespace

int run_prompt(ProgramRunner& runner, const flow::Registry& registry, TerminalScreen& screen, Interrupts& interrupts,
               const CommandLine& line) {
  if (!line.quiet) screen.write(Stream::kOut, version_text() + std::string(kWelcome));
  std::string pending;
  LineEditor editor(
      interrupts, std::filesystem::path(line.project) / ".sinan" / "history",
      [&](std::string_view before_cursor) { return runner.complete(pending + std::string(before_cursor)); });
  interrupts.serve_prompt();
  while (!interrupts.terminated()) {
    const LineEditor::Line typed = editor.read(pending.empty() ? "sinan> " : "   ..> ");
    if (typed.kind == LineEditor::Line::Kind::kEnd) {
      screen.write(Stream::kOut, "\n");
      break;
    }
    if (typed.kind == LineEditor::Line::Kind::kInterrupted) {
      pending.clear();
      continue;
    }
    if (pending.empty()) {
      if (trim(typed.text).empty()) continue;
      std::string_view rest;
      const Command command = command_of(typed.text, rest);
      if (command != Command::kNone) editor.remember(typed.text);
      if (command == Command::kLeave) break;
      if (command == Command::kUnknown) {
        show_error(screen,
                   Error{Code::kArgument,
                         fmt::format("unknown command \"{}\"", trim(typed.text)),
                         "\\h lists the statements, \\q leaves",
                         {},
                         {}},
                   false);
        continue;
      }
      if (command == Command::kHelp) {
        show_help(screen, registry, rest);
        continue;
      }
    }
    pending += typed.text + "\n";
    if (!sql::is_complete(pending)) continue;
    std::string program = std::exchange(pending, {});
    program.pop_back();
    editor.remember(history_entry(program));
    screen.measure();
    const auto started = system_clock().monotonic();
    Interrupts::Scope scope(interrupts);
    const int code =
        runner.run({.name = "prompt", .text = std::move(program), .is_file = false, .is_last = false}, scope);
    const Style style{screen.facts().color_error};
    if (code != kExitCancelled && !line.quiet)
      screen.write(Stream::kError, style.dim(human_duration(system_clock().monotonic() - started)) + "\n");
  }
  return kExitDone;
}

}  // namespace sinan::app
