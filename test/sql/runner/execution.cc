#include "runner/execution.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <regex>

#include "app/session.h"
#include "base/check.h"
#include "base/strings.h"

namespace sinan::sql_test {
namespace {

// An unnamed file in memory that a stream is captured in.
class Capture {
 public:
  Capture() : descriptor_(memfd_create("capture", MFD_CLOEXEC)) {}
  explicit Capture(std::string_view content) : Capture() {
    [[maybe_unused]] const ssize_t written = write(descriptor_, content.data(), content.size());
    lseek(descriptor_, 0, SEEK_SET);
  }
  ~Capture() { close(descriptor_); }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;
  int descriptor() const { return descriptor_; }
  std::string text() const {
    std::string text;
    std::array<char, 1 << 16> buffer;
    for (off_t at = 0;;) {
      const ssize_t count = pread(descriptor_, buffer.data(), buffer.size(), at);
      if (count <= 0) return text;
      text.append(buffer.data(), static_cast<size_t>(count));
      at += count;
    }
  }

 private:
  int descriptor_;
};

struct Pipe {
  int read_end = -1;
  int write_end = -1;
  Pipe() {
    int ends[2] = {-1, -1};
    CHECK(pipe2(ends, O_CLOEXEC) == 0);
    read_end = ends[0];
    write_end = ends[1];
  }
  ~Pipe() {
    close(read_end);
    close_write_end();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void close_write_end() {
    if (write_end >= 0) close(std::exchange(write_end, -1));
  }
  std::string read_some() const {  // waits; empty at the end
    std::array<char, 1 << 16> buffer;
    ssize_t count = 0;
    do {
      count = read(read_end, buffer.data(), buffer.size());
    } while (count < 0 && errno == EINTR);
    return {buffer.data(), static_cast<size_t>(std::max<ssize_t>(count, 0))};
  }
};

std::vector<std::string> shell_words(std::string_view text) {
  std::vector<std::string> words;
  bool open = false;
  char quote = 0;
  for (const char c : text) {
    if (quote ? c == quote : c == '"' || c == '\'') {
      quote = quote ? 0 : c;
      if (!open) words.emplace_back();
      open = true;
    } else if (c == ' ' && !quote) {
      open = false;
    } else {
      if (!open) words.emplace_back();
      open = true;
      words.back() += c;
    }
  }
  return words;
}

bool line_matches(const std::string& pattern, const std::string& line, bool contains) {
  if (pattern.size() > 1 && pattern.starts_with('/') && pattern.ends_with('/')) {
    const std::regex expression(pattern.substr(1, pattern.size() - 2));
    return contains ? std::regex_search(line, expression) : std::regex_match(line, expression);
  }
  return contains ? line.find(pattern) != std::string::npos : line == pattern;
}

std::vector<std::string> lines_of(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  std::vector<std::string> lines;
  if (text.empty()) return lines;
  for (const std::string_view line : split_on(text, '\n')) lines.emplace_back(line);
  return lines;
}

bool matches(const Expectation& expected, const std::vector<std::string>& lines) {
  if (expected.contains) {
    return std::ranges::all_of(expected.lines, [&](const std::string& pattern) {
      return std::ranges::any_of(lines, [&](const std::string& line) { return line_matches(pattern, line, true); });
    });
  }
  return std::ranges::equal(expected.lines, lines, [](const std::string& pattern, const std::string& line) {
    return line_matches(pattern, line, false);
  });
}

std::string difference(const Expectation& expected, const std::string& actual) {
  std::string text =
      fmt::format("expected {}{} (line {}):\n", expected.of == Expectation::Of::kOut ? "stdout" : "stderr",
                  expected.contains ? " to contain" : "", expected.line);
  for (const std::string& line : expected.lines) text += fmt::format("  | {}\n", line);
  text += "got:\n";
  for (const std::string& line : lines_of(actual)) text += fmt::format("  | {}\n", line);
  return text;
}

}  // namespace

Result<Execution> Execution::start(const Environment& environment) {
  io::TempDir folder = TRY(io::TempDir::make());
  std::filesystem::current_path(folder.path());
  return Execution(environment, std::move(folder));
}

std::string Execution::filled(std::string text) const {
  const auto replace = [&](std::string_view name, const std::string& value) {
    for (size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + value.size()))
      text.replace(at, name.size(), value);
  };
  replace("{root}", environment_->repository.string());
  replace("{dir}", folder_.path().string());
  return text;
}

Result<Outcome> Execution::run_program(const std::string& text, const std::string& format) {
  if (!project_) {
    project_ = TRY(flow::Project::open({.folder = folder_.path(), .command_line = "test"}, environment_->registry));
  }
  app::CommandLine line;
  const auto known = app::format_named(format);
  if (!known) return fail(Code::kArgument, fmt::format("unknown format \"{}\"", format));
  line.format = *known;
  const Capture out, error;
  app::TerminalScreen screen(out.descriptor(), error.descriptor(), {.unicode = true});
  app::Session session(*project_, screen, line, {.user = app::user_name()});
  app::Interrupts::Scope scope(environment_->interrupts);
  const int code = session.run({.name = "test", .text = text}, scope);
  return Outcome{code, out.text(), error.text()};
}

Result<Outcome> Execution::run_command(const Block& block) {
  project_.reset();  // its lock
  std::vector<std::string> words = shell_words(filled(block.argument));
  words.insert(words.begin(), environment_->program.string());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  std::vector<std::string> variables = {"LC_ALL=C.UTF-8", "PATH=/usr/bin:/bin", "HOME=" + folder_.path().string(),
                                        "TZ=UTC"};
  // A sanitizer's settings, a test's temporary folder.
  for (const char* name : {"ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "TMPDIR"}) {
    if (const char* value = std::getenv(name)) variables.push_back(fmt::format("{}={}", name, value));
  }
  std::vector<char*> environment;
  for (std::string& variable : variables) environment.push_back(variable.data());
  environment.push_back(nullptr);

  const Capture in(filled(block.body)), error;
  Pipe out;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.descriptor(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out.write_end, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, error.descriptor(), STDERR_FILENO);
  // This process blocks the signals it waits for; the program must not inherit that.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  pid_t child = 0;
  const int failed =
      posix_spawn(&child, words.front().c_str(), &actions, &attributes, arguments.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (failed != 0) return fail(io::system_error(failed, "cannot start", environment_->program));
  out.close_write_end();
  std::string text = out.read_some();
  if (block.signal != 0 && !text.empty()) kill(child, block.signal);
  for (std::string more = out.read_some(); !more.empty(); more = out.read_some()) text += more;
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return Outcome{WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), text, error.text()};
}

Result<std::optional<std::string>> Execution::run(const Block& block) {
  using Kind = Block::Kind;
  if (block.kind == Kind::kRestart) {
    project_.reset();
    return std::nullopt;
  }
  if (block.kind == Kind::kFile) {
    const std::filesystem::path file = folder_.path() / block.argument;
    std::filesystem::create_directories(file.parent_path());
    TRY(io::real_file_system().write_file_durable(file, filled(block.body)));
    return std::nullopt;
  }
  const bool is_command = block.kind == Kind::kCommandLine;
  const Outcome outcome =
      is_command ? TRY(run_command(block))
                 : TRY(run_program(filled(block.body), block.kind == Kind::kQuery ? block.argument : "csv"));

  std::string problem;
  const bool wants_error = block.kind == Kind::kStatementError;
  const bool right_code = wants_error ? outcome.exit_code == app::kExitWrong || outcome.exit_code == app::kExitFailed
                                      : outcome.exit_code == block.exit_code;
  if (!right_code) problem += fmt::format("exit code {}\n", outcome.exit_code);
  if (wants_error && outcome.error.find(fmt::format("error[{}]", block.argument)) == std::string::npos) {
    problem += fmt::format("no error[{}]\n", block.argument);
  }
  for (Expectation expected : block.expectations) {
    if (wants_error) {
      expected.of = Expectation::Of::kError;
      // The whole rendered text, or only parts of it.
      expected.contains = expected.contains || expected.lines.empty() || !expected.lines.front().starts_with("error[");
    }
    for (std::string& line : expected.lines) line = filled(std::move(line));
    const std::string& actual = expected.of == Expectation::Of::kOut ? outcome.out : outcome.error;
    if (!matches(expected, lines_of(actual))) problem += difference(expected, actual);
  }
  if (problem.empty()) return std::nullopt;
  if (!right_code) problem += fmt::format("stdout:\n{}stderr:\n{}", outcome.out, outcome.error);
  return problem;
}

}  // namespace sinan::sql_test
