// LineEditor: one line from the person at the terminal, with history, search (Ctrl-R), editing keys and completion. Wraps
// libedit; the only file that knows it.
//
// One at a time in a process; not thread-safe.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/interrupts.h"

namespace sinan::app {

class LineEditor {
 public:
  // What the text before the cursor may become: whole words for the unfinished one.
  using Completer = std::function<std::vector<std::string>(std::string_view before_cursor)>;

  LineEditor(Interrupts& interrupts, std::filesystem::path history_file, Completer completer);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  struct Line {
    enum class Kind { kText, kInterrupted, kEnd };  // Ctrl-C, Ctrl-D
    Kind kind = Kind::kEnd;
    std::string text;  // without '\n'
  };
  Line read(const std::string& prompt);
  // To the history, in memory and on disk; of lines that follow one another alike, one.
  void remember(const std::string& entry);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sinan::app
