#include "app/run_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/cell_text.h"
#include "app/error_text.h"
#include "base/json.h"
#include "base/strings.h"
#include "plot/terminal.h"

namespace sinan::app {
namespace {

constexpr size_t kFlushBytes = 64 << 10;
constexpr std::chrono::milliseconds kFrame{100};
constexpr size_t kMostStatusLines = 12;

// Below that, a rate says more about the clock than about the step.
constexpr std::chrono::milliseconds kRateAfter{500};

double seconds_of(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }

int64_t rows_of(const flow::Outcome& outcome) {
  return outcome.rows_written >= 0 ? outcome.rows_written : outcome.rows_read;
}

}  // namespace

// Turns a step's batches into text. The text is made outside the view's lock.
class RunView::Sink final : public flow::ResultSink {
 public:
  Sink(RunView& view, uint32_t step) : view_(view), step_(step), text_(view.options_.results) {}

  Status begin(const std::shared_ptr<const arrow::Schema>& schema) override {
    {
      const std::scoped_lock lock(view_.mutex_);
      view_.begin_result(step_);
    }
    pending_.clear();
    text_ = ResultText(view_.options_.results);
    text_.begin("", schema);
    return {};
  }

  Result<bool> write(arrow::Batch batch) override {
    text_.add(batch);
    pending_ += text_.take();
    if (pending_.size() >= kFlushBytes) flush();
    return !view_.screen_.gone();
  }

  Status end() override {
    text_.finish();
    pending_ += text_.take();
    if (!view_.shows_step_before_rows()) flush();
    return {};
  }

  void show(const flow::ResultTable& table) override {
    const std::string text = view_.text_of(table);
    const std::scoped_lock lock(view_.mutex_);
    view_.show_running(step_);
    view_.begin_result(step_);
    view_.emit(step_, Stream::kOut, text);
  }

  // What was held back for the step's line to come first.
  std::string take() { return std::exchange(pending_, {}); }

 private:
  void flush() {
    const std::scoped_lock lock(view_.mutex_);
    view_.emit(step_, Stream::kOut, pending_);
    pending_.clear();
  }

  RunView& view_;
  const uint32_t step_;
  ResultText text_;
  std::string pending_;
};

RunView::RunView(Screen& screen, const flow::Plan& plan, const Clock& clock, const RunViewOptions& options)
    : screen_(screen), plan_(plan), clock_(clock), options_(options), steps_(plan.steps.size()) {
  if (screen.facts().error_is_terminal) ticker_ = std::jthread([this](const std::stop_token& stop) { tick(stop); });
}

RunView::~RunView() { close(); }

void RunView::step_started(const flow::PlannedStep& step) {
  const std::scoped_lock lock(mutex_);
  Running& running = running_[step.statement.index];
  running.progress.number = step.statement.index + 1;
  running.progress.title = step.title;
  running.started = running.stage_started = clock_.monotonic();
  if (shows_events()) show_progress_event(running);
}

void RunView::step_progress(const flow::ProgressSnapshot& snapshot) {
  const std::scoped_lock lock(mutex_);
  const auto at = running_.find(snapshot.step);
  if (at == running_.end()) return;
  Running& running = at->second;
  StepProgress& progress = running.progress;
  const auto now = clock_.monotonic();
  if (progress.stage != snapshot.stage) running.stage_started = now;
  progress.stage = snapshot.stage;
  progress.fraction = snapshot.fraction;
  progress.rows = snapshot.rows;
  progress.note = snapshot.note;
  progress.left = snapshot.left;
  const std::chrono::duration<double> in_stage = now - running.stage_started;
  progress.rows_per_second =
      snapshot.rows > 0 && in_stage > kRateAfter ? static_cast<double>(snapshot.rows) / in_stage.count() : -1;
  if (shows_events()) show_progress_event(running);
}

flow::ResultSink& RunView::results(const flow::PlannedStep& step) {
  const std::scoped_lock lock(mutex_);
  StepState& state = steps_[step.statement.index];
  if (state.sink) {  // asked for again: the step is tried again
    state.spool.clear();
    state.results = 0;
  }
  state.sink = std::make_unique<Sink>(*this, step.statement.index);
  return *state.sink;
}

void RunView::step_finished(const flow::PlannedStep& step, const flow::StepReport& report) {
  const std::scoped_lock lock(mutex_);
  running_.erase(step.statement.index);
  report_step(step, report);
  steps_[step.statement.index].finished = true;
  advance();
}

void RunView::begin_result(uint32_t step) {
  StepState& state = steps_[step];
  if (state.results++ > 0 && separates_results())
    emit(step, Stream::kOut, "\n");
  else
    state.is_first_due = true;
}

void RunView::emit(uint32_t step, Stream stream, std::string_view text) {
  if (text.empty()) return;
  if (step == turn_) {
    write(stream, text);
  } else if (!steps_[step].spool.append(stream, text)) {
    screen_.write(Stream::kError, fmt::format("no room for the result of step {} in the temporary folder\n", step + 1));
  }
}

void RunView::write(Stream stream, std::string_view text) {
  if (stream == Stream::kOut && std::exchange(steps_[turn_].is_first_due, false)) {
    if (std::exchange(any_result_, true) && separates_results()) screen_.write(stream, "\n");
  }
  screen_.write(stream, text);
}

void RunView::show_spooled() {
  steps_[turn_].spool.drain([&](Stream stream, std::string_view text) { write(stream, text); });
}

void RunView::advance() {
  while (turn_ < steps_.size()) {
    show_spooled();
    if (!steps_[turn_].finished) return;
    ++turn_;
  }
}

void RunView::report_step(const flow::PlannedStep& step, const flow::StepReport& report) {
  const uint32_t index = step.statement.index;
  const TerminalFacts& facts = screen_.facts();
  if (options_.step_lines && !shows_events()) emit(index, Stream::kError, step_line(step, report));
  if (Sink* sink = steps_[index].sink.get(); sink && shows_step_before_rows() && !report.error)
    emit(index, Stream::kOut, sink->take());
  for (const flow::ResultTable& table : report.outcome.tables) {
    begin_result(index);
    emit(index, Stream::kOut, text_of(table));
  }
  if (shows_events()) emit_events(step, report);
  if (options_.results.format == Format::kTable) {
    for (const flow::Artefact& artefact : report.outcome.artefacts) {
      const plot::TerminalOptions look{.width = std::clamp(facts.width == 0 ? 100 : facts.width, 40, 120),
                                       .height = 16,
                                       .color = facts.color_out,
                                       .unicode = facts.unicode};
      emit(index, Stream::kOut, "\n" + plot::to_terminal(artefact.chart, look) + "\n");
    }
  }
  const bool said = options_.step_lines && report.status == catalog::StepStatus::kSkipped;  // on the step's line
  if (options_.messages && !said && !shows_events()) {
    const std::string_view indent = options_.step_lines ? "  " : "";
    for (const std::string& message : report.outcome.messages) {
      for (const std::string_view line : split_on(message, '\n')) {
        emit(index, Stream::kError, fmt::format("{}{}\n", indent, escape_controls(line)));
      }
    }
  }
  if (report.error && report.status == catalog::StepStatus::kFailed) {
    const ErrorTextOptions look{
        .width = facts.width == 0 ? 100 : facts.width, .color = facts.color_error, .unicode = facts.unicode};
    emit(index, Stream::kError,
         options_.json_errors ? error_json(*report.error, plan_.program_name, *plan_.program)
                              : error_text(*report.error, plan_.program_name, *plan_.program, false, look));
  }
}

void RunView::emit_events(const flow::PlannedStep& step, const flow::StepReport& report) {
  const uint32_t index = step.statement.index;
  std::string text = Json::object({{"event", "step"},
                                   {"step", index + 1},
                                   {"title", step.title},
                                   {"status", catalog::to_string(report.status)},
                                   {"seconds", seconds_of(report.duration)},
                                   {"rows", rows_of(report.outcome)}})
                         .dump() +
                     "\n";
  for (const std::string& message : report.outcome.messages)
    text += Json::object({{"event", "message"}, {"step", index + 1}, {"text", message}}).dump() + "\n";
  emit(index, Stream::kOut, text);
}

// Out of order, as soon as it is known; whole lines only, so it may stand between two rows of another step.
void RunView::show_progress_event(Running& running) {
  const auto now = clock_.monotonic();
  if (running.told && now - *running.told < kFrame) return;
  running.told = now;
  const StepProgress& progress = running.progress;
  Json event = Json::object({{"event", "progress"},
                             {"step", static_cast<int64_t>(progress.number)},
                             {"title", progress.title},
                             {"stage", progress.stage},
                             {"fraction", progress.fraction},
                             {"rows", progress.rows},
                             {"rows_per_second", progress.rows_per_second},
                             {"note", progress.note},
                             {"left", nullptr}});
  if (progress.left) event.set("left", seconds_of(*progress.left));
  screen_.write(Stream::kOut, event.dump() + "\n");
}

std::string RunView::text_of(const flow::ResultTable& table) const {
  ResultOptions look = options_.results;
  look.short_numbers = true;
  ResultText text(look);
  text.begin(table.title, table.rows.shared_schema());
  text.add(table.rows);
  text.finish();
  return text.take();
}

// The line above what a step shows before it has ended.
void RunView::show_running(uint32_t step) {
  if (!options_.step_lines || options_.results.format != Format::kTable) return;
  const Style style{screen_.facts().color_error};
  emit(step, Stream::kError,
       fmt::format("{} {} {}  {}\n", style.dim(screen_.facts().unicode ? "›" : ">"), step + 1,
                   escape_controls(plan_.steps[step].title), style.dim("running")));
}

std::string RunView::step_line(const flow::PlannedStep& step, const flow::StepReport& report) const {
  const Style style{screen_.facts().color_error};
  const bool unicode = screen_.facts().unicode;
  std::string mark, tail = human_duration(report.duration);
  switch (report.status) {
    case catalog::StepStatus::kDone:
      mark = style.green(unicode ? "✓" : "+");
      break;
    case catalog::StepStatus::kCached:
      mark = style.blue(unicode ? "≡" : "=");
      tail = "unchanged";
      break;
    case catalog::StepStatus::kFailed:
      mark = style.red(unicode ? "✗" : "x");
      break;
    case catalog::StepStatus::kSkipped:
      mark = style.dim(unicode ? "·" : "-");
      tail = report.outcome.messages.empty() ? "skipped" : report.outcome.messages.front();
      break;
    case catalog::StepStatus::kCancelled:
      mark = style.yellow(unicode ? "■" : "c");
      tail = "cancelled";
      break;
  }
  std::string line =
      fmt::format("{} {} {}  {}", mark, step.statement.index + 1, escape_controls(step.title), style.dim(tail));
  const int64_t rows = rows_of(report.outcome);
  if (report.status == catalog::StepStatus::kDone && rows >= 0) {
    line += style.dim(fmt::format("  {} row{}", human_count(static_cast<uint64_t>(rows)), rows == 1 ? "" : "s"));
  }
  return line + "\n";
}

void RunView::tick(const std::stop_token& stop) {
  std::mutex waiting;
  std::unique_lock lock(waiting);
  while (!ticked_.wait_for(lock, stop, kFrame, [] { return false; }) && !stop.stop_requested()) show_status();
}

void RunView::show_status() {
  const std::scoped_lock lock(mutex_);
  ++frame_;
  const TerminalFacts& facts = screen_.facts();
  const int columns = screen_.width_now();                                 // people resize windows while they wait
  const auto width = static_cast<size_t>(columns > 0 ? columns : 80) - 1;  // the last column would wrap
  std::vector<std::string> lines;
  const auto now = clock_.monotonic();
  for (auto& [index, running] : running_) {
    if (lines.size() == kMostStatusLines) break;
    running.progress.elapsed = now - running.started;
    // What is over in a blink needs no line.
    if (running.progress.elapsed < 2 * kFrame) continue;
    lines.push_back(progress_line(running.progress, width, frame_, facts.unicode, facts.color_error));
  }
  screen_.set_status(std::move(lines));
}

void RunView::close() {
  ticker_ = {};
  screen_.set_status({});
  const std::scoped_lock lock(mutex_);
  for (; turn_ < steps_.size(); ++turn_) show_spooled();
}

}  // namespace sinan::app
