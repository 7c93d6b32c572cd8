#include "app/line_editor.h"

#include <histedit.h>
#include <langinfo.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <cstring>
#include <cwchar>

#include "app/completion.h"
#include "base/strings.h"

namespace sinan::app {
namespace {

constexpr int kHistoryLines = 2000;
constexpr wchar_t kControlC = 3;

// libedit converts between bytes and characters by the locale; names are UTF-8 whatever it says.
void use_utf8() {
  setlocale(LC_CTYPE, "");
  if (std::strcmp(nl_langinfo(CODESET), "UTF-8") != 0) setlocale(LC_CTYPE, "C.UTF-8");
}

int terminal_columns() {
  constexpr int kUsual = 80;
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUsual;
}

}  // namespace

struct LineEditor::State {
  Interrupts& interrupts;
  std::filesystem::path history_file;
  Completer completer;
  std::string prompt;
  EditLine* editor = nullptr;
  History* history = nullptr;
  bool interrupted = false;
  int columns = 0;  // as libedit knows them

  static State& of(EditLine* editor) {
    void* data = nullptr;
    el_get(editor, EL_CLIENTDATA, &data);
    return *static_cast<State*>(data);
  }
  static char* prompt_of(EditLine* editor) { return of(editor).prompt.data(); }
  static int read_character(EditLine* editor, wchar_t* character);
  static unsigned char complete_word(EditLine* editor, int);
};

// Waits for a key or a signal; -1 ends the line.
int LineEditor::State::read_character(EditLine* editor, wchar_t* character) {
  State& state = of(editor);
  std::mbstate_t decoding{};
  for (;;) {
    pollfd waits[2] = {{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0},
                       {.fd = state.interrupts.idle_descriptor(), .events = POLLIN, .revents = 0}};
    if (poll(waits, 2, -1) < 0) continue;  // EINTR
    if (waits[1].revents != 0) {
      state.interrupts.clear_idle();
      state.interrupted = true;
      return -1;
    }
    if (const int columns = terminal_columns(); columns != state.columns) {
      state.columns = columns;
      el_resize(editor);
    }
    char byte = 0;
    const ssize_t count = ::read(STDIN_FILENO, &byte, 1);
    if (count <= 0) return static_cast<int>(count);
    const size_t used = std::mbrtowc(character, &byte, 1, &decoding);
    if (used == static_cast<size_t>(-2)) continue;  // more bytes to come
    if (used == static_cast<size_t>(-1)) {          // no character: drop it
      decoding = {};
      continue;
    }
    if (*character == kControlC) {
      state.interrupted = true;
      return -1;
    }
    return 1;
  }
}

unsigned char LineEditor::State::complete_word(EditLine* editor, int) {
  State& state = of(editor);
  const LineInfo* line = el_line(editor);
  const std::string before(line->buffer, line->cursor);
  const std::string_view word = word_before_cursor(before);
  const std::vector<std::string> found = state.completer(before);
  if (found.empty()) return CC_REFRESH_BEEP;
  const std::string common = common_beginning(found);
  if (found.size() == 1 || common.size() > word.size()) {
    el_deletestr(editor, static_cast<int>(std::mbstowcs(nullptr, std::string(word).c_str(), 0)));
    const std::string text = found.size() == 1 && !common.ends_with('.') ? common + " " : common;
    if (el_insertstr(editor, text.c_str()) < 0) return CC_ERROR;
    return CC_REFRESH;
  }
  constexpr size_t kMost = 60;
  std::string list = "\n";
  size_t widest = 0;
  for (const std::string& one : found) widest = std::max(widest, display_width(one) + 2);
  const size_t across = std::max<size_t>(static_cast<size_t>(terminal_columns()) / widest, 1);
  for (size_t i = 0; i < std::min(found.size(), kMost); ++i) {
    list += found[i];
    list += (i + 1) % across == 0 ? "\n" : std::string(widest - display_width(found[i]), ' ');
  }
  if (found.size() > kMost) list += "… " + std::to_string(found.size() - kMost) + " more";
  if (!list.ends_with('\n')) list += '\n';
  [[maybe_unused]] const ssize_t written = ::write(STDOUT_FILENO, list.data(), list.size());
  return CC_REDISPLAY;
}

LineEditor::LineEditor(Interrupts& interrupts, std::filesystem::path history_file, Completer completer)
    : state_(std::make_unique<State>(State{interrupts, std::move(history_file), std::move(completer), {}})) {
  use_utf8();
  State& state = *state_;
  HistEvent event;
  state.history = history_init();
  history(state.history, &event, H_SETSIZE, kHistoryLines);
  history(state.history, &event, H_SETUNIQUE, 1);
  history(state.history, &event, H_LOAD, state.history_file.c_str());
  state.editor = el_init("sinan", stdin, stdout, stderr);
  el_set(state.editor, EL_CLIENTDATA, &state);
  el_set(state.editor, EL_PROMPT, &State::prompt_of);
  el_set(state.editor, EL_SIGNAL, 0);
  el_set(state.editor, EL_EDITOR, "emacs");
  el_set(state.editor, EL_GETCFN, &State::read_character);
  el_set(state.editor, EL_HIST, history, state.history);
  el_set(state.editor, EL_ADDFN, "sinan-complete", "completes the word", &State::complete_word);
  el_set(state.editor, EL_BIND, "^I", "sinan-complete", nullptr);
  el_set(state.editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  el_set(state.editor, EL_BIND, "^W", "ed-delete-prev-word", nullptr);
  // Home, End, Delete, Ctrl-Left and Ctrl-Right as most terminals send them.
  for (const auto& [keys, command] : {std::pair{"\x1b[H", "ed-move-to-beg"},
                                      {"\x1b[F", "ed-move-to-end"},
                                      {"\x1b[3~", "ed-delete-next-char"},
                                      {"\x1b[1;5D", "ed-prev-word"},
                                      {"\x1b[1;5C", "em-next-word"}}) {
    el_set(state.editor, EL_BIND, keys, command, nullptr);
  }
}

LineEditor::~LineEditor() {
  el_end(state_->editor);
  history_end(state_->history);
}

LineEditor::Line LineEditor::read(const std::string& prompt) {
  State& state = *state_;
  state.prompt = prompt;
  state.interrupted = false;
  // Before the prompt appears: what is typed between the two would be shown twice.
  el_set(state.editor, EL_PREP_TERM, 1);
  if (const int columns = terminal_columns(); columns != state.columns) {
    state.columns = columns;
    el_resize(state.editor);
  }
  int count = 0;
  const char* text = el_gets(state.editor, &count);
  if (state.interrupted) {
    el_reset(state.editor);
    [[maybe_unused]] const ssize_t written = ::write(STDOUT_FILENO, "^C\n", 3);
    return {.kind = Line::Kind::kInterrupted, .text = {}};
  }
  if (!text || count <= 0) return {.kind = Line::Kind::kEnd, .text = {}};
  std::string line(text, static_cast<size_t>(count));
  while (line.ends_with('\n') || line.ends_with('\r')) line.pop_back();
  return {.kind = Line::Kind::kText, .text = std::move(line)};
}

void LineEditor::remember(const std::string& entry) {
  if (trim(entry).empty()) return;
  HistEvent event;
  history(state_->history, &event, H_ENTER, entry.c_str());
  history(state_->history, &event, H_SAVE, state_->history_file.c_str());
}

}  // namespace sinan::app
