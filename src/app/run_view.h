// RunView: what a person sees of a run while it goes on. Results, pictures, messages and errors appear in the order of the
// program, each as soon as the steps before it have ended; the status area shows what runs now.
//
// An Observer: called from worker threads. A step's rows go straight out when it is the step's turn, and wait in a Spool
// otherwise. The view lives as long as its plan, and until execute() has returned.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "app/progress_text.h"
#include "app/result_text.h"
#include "app/screen.h"
#include "app/spool.h"
#include "base/clock.h"
#include "flow/executor.h"
#include "flow/plan.h"

namespace sinan::app {

struct RunViewOptions {
  ResultOptions results;
  bool step_lines = false;  // "✓ 3 TRAIN flights.late  12.3 s" before what a step has to say
  bool messages = true;
  bool json_errors = false;
};

class RunView final : public flow::Observer {
 public:
  RunView(Screen& screen, const flow::Plan& plan, const Clock& clock, const RunViewOptions& options);
  ~RunView() override;

  void step_started(const flow::PlannedStep& step) override;
  void step_progress(const flow::ProgressSnapshot& progress) override;
  void step_finished(const flow::PlannedStep& step, const flow::StepReport& report) override;
  flow::ResultSink& results(const flow::PlannedStep& step) override;

  // After execute(): whatever still waits is shown, the status area goes.
  void close();

 private:
  class Sink;
  struct StepState {
    std::unique_ptr<Sink> sink;
    Spool spool;
    size_t results = 0;
    bool is_first_due = false;  // its first result began, and none of its text is on the screen
    bool finished = false;
  };
  struct Running {
    StepProgress progress;
    std::chrono::nanoseconds started{0};
    std::chrono::nanoseconds stage_started{0};
    std::optional<std::chrono::nanoseconds> told;  // when its last progress event was written
  };

  // A table is short and made at the end: it can stand below its step's line. Other formats stream.
  bool shows_step_before_rows() const { return options_.step_lines && options_.results.format == Format::kTable; }
  // Results of a program are told apart by an empty line, where the format itself does not do it.
  bool separates_results() const {
    return options_.results.format == Format::kCsv || options_.results.format == Format::kMarkdown;
  }
  void begin_result(uint32_t step);                                // mutex_ held
  void emit(uint32_t step, Stream stream, std::string_view text);  // mutex_ held
  void write(Stream stream, std::string_view text);                // of step turn_; mutex_ held
  void show_spooled();                                             // mutex_ held
  void advance();                                                  // mutex_ held
  std::string text_of(const flow::ResultTable& table) const;
  void show_running(uint32_t step);  // mutex_ held
  void report_step(const flow::PlannedStep& step, const flow::StepReport& report);
  // Of --format jsonl: what a person reads on standard error are events among the results.
  bool shows_events() const { return options_.results.format == Format::kJsonl && options_.messages; }
  void emit_events(const flow::PlannedStep& step, const flow::StepReport& report);  // mutex_ held
  void show_progress_event(Running& running);                                       // mutex_ held
  std::string step_line(const flow::PlannedStep& step, const flow::StepReport& report) const;
  void show_status();
  void tick(const std::stop_token& stop);

  Screen& screen_;
  const flow::Plan& plan_;
  const Clock& clock_;
  const RunViewOptions options_;
  std::mutex mutex_;
  std::vector<StepState> steps_;
  size_t turn_ = 0;  // the first step that has not finished
  bool any_result_ = false;
  std::map<uint32_t, Running> running_;
  uint64_t frame_ = 0;
  std::condition_variable_any ticked_;
  std::jthread ticker_;
};

}  // namespace sinan::app
