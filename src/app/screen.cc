#include "app/screen.h"

#include <errno.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "base/strings.h"

namespace sinan::app {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// Terminals are UTF-8 unless something says otherwise: in containers nothing says anything.
bool speaks_unicode() {
  if (variable("TERM") == "dumb") return false;
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string value = to_lower(variable(name));
    if (value.empty()) continue;
    return value.find("utf-8") != std::string::npos || value.find("utf8") != std::string::npos;
  }
  return true;
}

int width_of(int descriptor) {
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

}  // namespace

TerminalFacts inspect_terminal(ColorChoice color) {
  TerminalFacts facts;
  facts.out_is_terminal = isatty(STDOUT_FILENO) != 0;
  facts.error_is_terminal = isatty(STDERR_FILENO) != 0;
  facts.unicode = speaks_unicode();
  const bool colors_wanted = variable("NO_COLOR").empty() && variable("TERM") != "dumb";
  const auto colored = [&](bool is_terminal) {
    return color == ColorChoice::kAlways || (color == ColorChoice::kAuto && is_terminal && colors_wanted);
  };
  facts.color_out = colored(facts.out_is_terminal);
  facts.color_error = colored(facts.error_is_terminal);
  if (facts.out_is_terminal) facts.width = width_of(STDOUT_FILENO);
  const std::string_view columns = variable("COLUMNS");
  int asked = 0;
  if (std::from_chars(columns.data(), columns.data() + columns.size(), asked).ec == std::errc{} && asked >= 20)
    facts.width = asked;
  return facts;
}

TerminalScreen::TerminalScreen(int out, int error, const TerminalFacts& facts)
    : Screen(facts), out_(out), error_(error) {}

TerminalScreen::~TerminalScreen() {
  const std::scoped_lock lock(mutex_);
  erase_status();
}

void TerminalScreen::measure() {
  const std::scoped_lock lock(mutex_);
  facts_.width = width_now();
}

int TerminalScreen::width_now() const {
  return facts_.out_is_terminal && variable("COLUMNS").empty() ? width_of(out_) : facts_.width;
}

void TerminalScreen::write(Stream stream, std::string_view text) {
  if (text.empty()) return;
  const std::scoped_lock lock(mutex_);
  const bool on_terminal = stream == Stream::kOut ? facts_.out_is_terminal : facts_.error_is_terminal;
  if (on_terminal) erase_status();
  put(stream == Stream::kOut ? out_ : error_, text);
  if (!on_terminal) return;
  at_line_start_ = text.back() == '\n';
  draw_status();
}

void TerminalScreen::set_status(std::vector<std::string> lines) {
  const std::scoped_lock lock(mutex_);
  if (!facts_.error_is_terminal || (lines.empty() && drawn_ == 0)) {
    status_ = std::move(lines);
    return;
  }
  erase_status();
  status_ = std::move(lines);
  draw_status();
}

bool TerminalScreen::gone() const {
  const std::scoped_lock lock(mutex_);
  return gone_;
}

std::optional<int> TerminalScreen::write_error() const {
  const std::scoped_lock lock(mutex_);
  return write_error_;
}

// The cursor stands behind the last status line: the area begins drawn_ - 1 lines above.
void TerminalScreen::erase_status() {
  if (drawn_ == 0) return;
  put(error_, drawn_ > 1 ? fmt::format("\r\x1b[{}A\x1b[J", drawn_ - 1) : "\r\x1b[J");
  drawn_ = 0;
}

void TerminalScreen::draw_status() {
  // A half-written line must not be overwritten.
  if (status_.empty() || !facts_.error_is_terminal || !at_line_start_) return;
  std::string text;
  for (const std::string& line : status_) text += (text.empty() ? "" : "\n") + line;
  put(error_, text);
  drawn_ = status_.size();
}

void TerminalScreen::put(int descriptor, std::string_view text) {
  while (!text.empty() && !(gone_ && descriptor == out_)) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EAGAIN) {
      pollfd ready{.fd = descriptor, .events = POLLOUT, .revents = 0};
      poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      if (descriptor != out_) return;  // a lost stderr stops nobody
      gone_ = true;
      if (errno != EPIPE && !facts_.out_is_terminal) write_error_ = errno;
      return;
    }
  }
}

std::string Style::wrap(std::string_view code, std::string_view text) const {
  if (!on || text.empty()) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

}  // namespace sinan::app
