// Screen: where the program writes: two streams, what is known of the terminal behind them, and a status area of a few lines at
// the bottom of the terminal that is erased before other text and drawn again after it. TerminalScreen is the one of this
// process's own descriptors; the server has one for each command that it runs for another process (server/command_runs.h).
//
// Thread-safe. A reader that has gone (EPIPE) is no error: what follows is dropped, and gone() tells the producers to stop.
// Neither is a terminal that was closed. Anything else that keeps results from being written is write_error().
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sinan::app {

enum class ColorChoice { kAuto, kAlways, kNever };
enum class Stream { kOut, kError };

struct TerminalFacts {
  bool out_is_terminal = false;
  bool error_is_terminal = false;
  bool unicode = true;
  bool color_out = false;
  bool color_error = false;
  int width = 0;  // columns; 0 = not a terminal, no limit
  int height = 24;
};
// From isatty(), TERM, NO_COLOR, the locale variables and COLUMNS.
TerminalFacts inspect_terminal(ColorChoice color);

// Where a program writes. Thread-safe.
class Screen {
 public:
  explicit Screen(const TerminalFacts& facts) : facts_(facts) {}
  virtual ~Screen() = default;
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  const TerminalFacts& facts() const { return facts_; }
  // Of the terminal as it is now: people resize windows. facts().width where standard output is none.
  virtual int width_now() const { return facts_.width; }
  virtual void write(Stream stream, std::string_view text) = 0;
  // Lines for the status area, without '\n', none wider than the terminal; drawn only on a terminal. Empty: erases it.
  virtual void set_status(std::vector<std::string> lines) = 0;
  // Nobody reads standard output any more: producers stop.
  virtual bool gone() const = 0;

 protected:
  TerminalFacts facts_;
};

class TerminalScreen final : public Screen {
 public:
  TerminalScreen(int out, int error, const TerminalFacts& facts);
  ~TerminalScreen() override;  // erases the status area

  // Asks the terminal for its size again, for facts().
  void measure();
  int width_now() const override;

  void write(Stream stream, std::string_view text) override;
  void set_status(std::vector<std::string> lines) override;
  bool gone() const override;
  // The error number that ended standard output: a full disk, a closed descriptor.
  std::optional<int> write_error() const;

 private:
  void erase_status();
  void draw_status();
  void put(int descriptor, std::string_view text);

  const int out_;
  const int error_;
  mutable std::mutex mutex_;
  std::vector<std::string> status_;
  size_t drawn_ = 0;  // lines of the status area that stand on the terminal now
  bool at_line_start_ = true;
  bool gone_ = false;
  std::optional<int> write_error_;
};

// ANSI styles by meaning; no escapes when `on` is false.
struct Style {
  bool on = false;
  std::string bold(std::string_view text) const { return wrap("1", text); }
  std::string dim(std::string_view text) const { return wrap("2", text); }
  std::string red(std::string_view text) const { return wrap("1;31", text); }
  std::string yellow(std::string_view text) const { return wrap("1;33", text); }
  std::string green(std::string_view text) const { return wrap("32", text); }
  std::string blue(std::string_view text) const { return wrap("34", text); }

 private:
  std::string wrap(std::string_view code, std::string_view text) const;
};

}  // namespace sinan::app
