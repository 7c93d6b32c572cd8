#include "app/server/program_runs.h"

#include <algorithm>
#include <charconv>

#include "app/error_text.h"
#include "app/run_pictures.h"
#include "app/run_view.h"
#include "base/check.h"
#include "base/id.h"
#include "base/log.h"

namespace sinan::app {
namespace {

constexpr size_t kMostWaiting = 100;
constexpr size_t kMostKept = 100;                     // runs, with those that wait
constexpr size_t kMostOutputBytes = size_t{8} << 20;  // kept of a run; who watches gets all of it
constexpr size_t kMostAllBytes = size_t{128} << 20;   // and of all runs together
constexpr size_t kMostRunning = 4;

double seconds_of(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

// Tells of each step as it begins and ends, in whatever order; the view shows them in the program's.
class ProgramRuns::StepWatch final : public flow::Observer {
 public:
  StepWatch(ProgramRuns& runs, Run& run, RunView& view) : runs_(runs), run_(run), view_(view) {}

  void step_started(const flow::PlannedStep& step) override {
    runs_.tell_step(run_, step.statement.index + 1, Json::object({{"status", "running"}}));
    view_.step_started(step);
  }
  void step_progress(const flow::ProgressSnapshot& progress) override { view_.step_progress(progress); }
  void step_finished(const flow::PlannedStep& step, const flow::StepReport& report) override {
    const flow::Outcome& outcome = report.outcome;
    runs_.tell_step(run_, step.statement.index + 1,
                    Json::object({{"status", catalog::to_string(report.status)},
                                  {"started", seconds_of(report.started)},
                                  {"seconds", seconds_of(report.duration)},
                                  {"rows", outcome.rows_written >= 0 ? outcome.rows_written : outcome.rows_read}}));
    view_.step_finished(step, report);
  }
  flow::ResultSink& results(const flow::PlannedStep& step) override { return view_.results(step); }

 private:
  ProgramRuns& runs_;
  Run& run_;
  RunView& view_;
};

// Errors go among the rows, where they happened. Whole lines, as many as come at once, are one event.
class ProgramRuns::RunScreen final : public Screen {
 public:
  RunScreen(ProgramRuns& runs, Run& run) : Screen({}), runs_(runs), run_(run) {}
  void write(Stream, std::string_view text) override {
    const std::lock_guard lock(mutex_);
    pending_ += text;
    const size_t end = pending_.rfind('\n');
    if (end == pending_.npos) return;
    std::string rest = pending_.substr(end + 1);
    pending_.resize(end + 1);
    runs_.add_output(run_, std::exchange(pending_, std::move(rest)));
  }
  void set_status(std::vector<std::string>) override {}
  bool gone() const override { return false; }

 private:
  ProgramRuns& runs_;
  Run& run_;
  std::mutex mutex_;
  std::string pending_;  // the begin of a line
};

ProgramRuns::ProgramRuns(flow::Project& project, ProgramGate& gate, net::EventHub& events, Metrics& metrics)
    : project_(project),
      gate_(gate),
      store_(project.files(), project.state_folder() / "server" / "programs"),
      events_(events),
      submitted_(metrics.counter("sinan_programs_total", "Programs submitted")),
      waiting_(metrics.gauge("sinan_programs_waiting", "Programs that wait for their turn")),
      random_(Random::from_system()) {
  for (StoredProgram& program : store_.load()) restore(std::move(program));
  for (size_t i = 0; i < kMostRunning; ++i) threads_.emplace_back([this] { work(); });
}

std::string_view ProgramRuns::to_string(State state) {
  constexpr std::string_view kNames[] = {"queued", "running", "done", "failed", "wrong", "cancelled", "interrupted"};
  return kNames[static_cast<size_t>(state)];
}

Json ProgramRuns::to_json(const Run& run) const {
  const auto time = [](const std::optional<TimePoint>& point) { return point ? Json(to_iso8601(*point)) : Json(); };
  return Json::object({{"id", run.id},
                       {"name", run.submission.name},
                       {"state", to_string(run.state)},
                       {"submitted", to_iso8601(run.submitted)},
                       {"started", time(run.started)},
                       {"ended", time(run.ended)},
                       {"run", run.catalog_run.empty() ? Json() : Json(run.catalog_run)},
                       {"output_truncated", run.is_truncated}});
}

// What restore() makes a run of again.
Json ProgramRuns::record_of(const Run& run) const {
  const Submission& submission = run.submission;
  return Json::object({{"state", to_json(run)},
                       {"program", submission.program},
                       {"use_cache", submission.use_cache},
                       {"resume", submission.resume},
                       {"seed", std::to_string(submission.seed)}});
}

void ProgramRuns::restore(StoredProgram program) {
  const Json& state = program.record.at("state");
  const std::string_view word = state.at("state").string_view();
  auto run = std::make_shared<Run>();
  run->id = std::move(program.id);
  run->submission = {.program = std::string(program.record.at("program").string_view()),
                     .name = std::string(state.at("name").string_view()),
                     .use_cache = program.record.at("use_cache").as_bool().value_or(true),
                     .resume = program.record.at("resume").as_bool().value_or(false)};
  const std::string_view seed = program.record.at("seed").string_view();
  std::from_chars(seed.data(), seed.data() + seed.size(), run->submission.seed);
  const auto time = [&](const char* name) -> std::optional<TimePoint> {
    const auto point = from_iso8601(state.at(name).string_view());
    return point ? std::optional(*point) : std::nullopt;
  };
  run->submitted = time("submitted").value_or(TimePoint{});
  run->started = time("started");
  run->ended = time("ended");
  run->catalog_run = state.at("run").string_view();
  run->output = std::move(program.output);
  run->is_truncated = state.at("output_truncated").as_bool().value_or(false);
  runs_.emplace(run->id, run);
  if (word == to_string(State::kQueued)) {
    queue_.push_back(run);
    waiting_.set(static_cast<int64_t>(queue_.size()));
    events_.publish(topic(*run), {.name = "state", .data = to_json(*run).dump()});
    return;
  }
  if (word == to_string(State::kRunning)) return change(*run, State::kInterrupted);  // the server was killed
  for (int i = 0; i <= static_cast<int>(State::kInterrupted); ++i) {
    if (word == to_string(static_cast<State>(i))) run->state = static_cast<State>(i);
  }
  // Its events were not kept.
  events_.publish(topic(*run), {.name = "refetch", .data = "{}"});
  events_.publish(topic(*run), {.name = "state", .data = to_json(*run).dump()});
  events_.end(topic(*run));
}

// What cannot be kept is lost with the server, and no sooner.
void ProgramRuns::keep(const Run& run) {
  Status kept;
  if (run.ended && !run.output.empty()) kept = store_.save_output(run.id, run.output);
  if (kept) kept = store_.save(run.id, record_of(run));
  if (!kept) log::warning("a submitted program is not kept: " + kept.error().to_string());
}

Result<std::shared_ptr<ProgramRuns::Run>> ProgramRuns::find(std::string_view id) const {
  const auto found = runs_.find(id);
  if (found != runs_.end()) return found->second;
  return fail(Code::kNotFound, "no program has this id: " + std::string(id), "GET /v1/programs lists them");
}

Result<Json> ProgramRuns::submit(Submission submission) {
  const std::lock_guard lock(mutex_);
  if (is_stopping_) return fail(Code::kUnavailable, "the server is about to end");
  if (queue_.size() >= kMostWaiting)
    return fail(Code::kBusy, "too many programs wait for their turn", "try again later");
  auto run = std::make_shared<Run>();
  run->submitted = project_.clock().now();
  do {
    run->id = make_run_id(run->submitted, random_).value;
  } while (runs_.contains(run->id));
  run->submission = std::move(submission);
  TRY(store_.save(run->id, record_of(*run)));  // what is acknowledged is not lost
  runs_.emplace(run->id, run);
  queue_.push_back(run);
  submitted_.add();
  waiting_.set(static_cast<int64_t>(queue_.size()));
  forget_oldest();
  events_.publish(topic(*run), {.name = "state", .data = to_json(*run).dump()});
  changed_.notify_one();
  return to_json(*run);
}

void ProgramRuns::forget_oldest() {
  size_t bytes = 0;
  for (const auto& [id, run] : runs_) bytes += run->output.size();
  for (auto at = runs_.begin(); at != runs_.end() && (runs_.size() > kMostKept || bytes > kMostAllBytes);) {
    const Run& run = *at->second;
    if (!run.ended) {
      ++at;
      continue;
    }
    bytes -= run.output.size();
    events_.forget(topic(run));
    store_.forget(run.id);
    at = runs_.erase(at);
  }
}

Result<Json> ProgramRuns::state(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  return to_json(*TRY(find(id)));
}

Json ProgramRuns::list(size_t most) const {
  Json::Array items;
  const std::lock_guard lock(mutex_);
  for (auto at = runs_.rbegin(); at != runs_.rend() && items.size() < most; ++at) items.push_back(to_json(*at->second));
  return Json::object({{"programs", Json(std::move(items))}});
}

Result<std::string> ProgramRuns::output(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  return TRY(find(id))->output;
}

Result<Json> ProgramRuns::plan(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  const auto run = TRY(find(id));
  Json::Array steps;
  for (const auto& [number, event] : run->steps) steps.push_back(event);
  return Json::object({{"text", run->submission.program}, {"plan", run->plan}, {"steps", Json(std::move(steps))}});
}

Result<Json> ProgramRuns::check(Submission submission) {
  const auto use = may_read_only(submission.program) ? ProgramGate::Use::kRead : ProgramGate::Use::kWrite;
  const auto hold = TRY(gate_.try_enter(use, folder_));
  if (!hold) {
    return fail(Code::kBusy, "a program runs, and this one cannot be checked beside it",
                "submit it: it is checked before it runs");
  }
  const auto session = project_.new_session();
  return flow::to_json(
      TRY(flow::make_plan(submission.program, project_, plan_options(submission, *session, end_.token()))));
}

flow::PlanOptions ProgramRuns::plan_options(const Submission& submission, flow::SessionState& session,
                                            const CancelToken& cancel) {
  return {.program_name = submission.name,
          .use_cache = submission.use_cache,
          .resume = submission.resume,
          .seed = submission.seed,
          .session = &session,
          .cancel = cancel};
}

Result<Json> ProgramRuns::cancel(std::string_view id) {
  std::shared_ptr<Run> run;
  {
    const std::lock_guard lock(mutex_);
    run = TRY(find(id));
    if (run->ended) {
      events_.forget(topic(*run));
      store_.forget(run->id);
      runs_.erase(run->id);
      return to_json(*run);
    }
    if (run->state == State::kQueued) {
      std::erase(queue_, run);  // it may have been taken already, and wait for others to end
      waiting_.set(static_cast<int64_t>(queue_.size()));
      change(*run, State::kCancelled);
    }
  }
  {
    const std::lock_guard lock(mutex_);
    run->is_cancelled = true;
  }
  // Interrupts what runs: not under the lock, which the run's own output takes.
  run->cancel.cancel();
  const std::lock_guard lock(mutex_);
  return to_json(*run);
}

Result<std::shared_ptr<net::EventSubscription>> ProgramRuns::watch(std::string_view id,
                                                                   std::optional<std::string_view> last_event_id) {
  const std::lock_guard lock(mutex_);
  const auto run = TRY(find(id));
  return events_.subscribe(topic(*run), {.last_event_id = last_event_id, .from_start = true});
}

void ProgramRuns::change(Run& run, State state) {
  run.state = state;
  if (state == State::kRunning) {
    run.started = project_.clock().now();
  } else {
    run.ended = project_.clock().now();
  }
  keep(run);
  events_.publish(topic(run), {.name = "state", .data = to_json(run).dump()});
  if (run.ended) events_.end(topic(run));
}

// One thread at a time takes from the queue, until the program's place among those that run is certain: programs that write run
// in the order they came.
void ProgramRuns::work() {
  for (;;) {
    std::unique_lock order(order_);
    std::shared_ptr<Run> run;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return is_stopping_ || !queue_.empty(); });
      if (is_stopping_) return;
      run = std::move(queue_.front());
      queue_.pop_front();
      waiting_.set(static_cast<int64_t>(queue_.size()));
    }
    const State ended = execute(*run, order);
    const std::lock_guard lock(mutex_);
    if (ended != State::kQueued) change(*run, ended);
  }
}

ProgramRuns::State ProgramRuns::execute(Run& run, std::unique_lock<std::mutex>& order) {
  RunScreen screen(*this, run);
  const auto ended = [&](State state) {
    if (!run.cancel.cancelled() || state == State::kDone) return state;
    const std::lock_guard lock(mutex_);
    return run.is_cancelled ? State::kCancelled : State::kInterrupted;
  };
  const Submission& submission = run.submission;
  const auto session = project_.new_session();
  auto admitted = plan_in_turn(&gate_, folder_, submission.program, project_,
                               plan_options(submission, *session, run.cancel.token()), [&] { order.unlock(); });
  if (order.owns_lock()) order.unlock();
  {
    const std::lock_guard lock(mutex_);
    if (run.ended || is_stopping_) return State::kQueued;  // while it waited
    change(run, State::kRunning);
  }
  if (!admitted) {
    screen.write(Stream::kOut, error_json(admitted.error(), submission.name, submission.program));
    return ended(State::kFailed);
  }
  flow::Plan* plan = &admitted->plan;
  for (const flow::Diagnostic& diagnostic : plan->diagnostics) {
    screen.write(Stream::kOut, error_json(diagnostic.error, plan->program_name, *plan->program, diagnostic.is_warning));
  }
  tell_plan(run, *plan);
  if (!plan->ok()) return ended(State::kWrong);
  if (plan->steps.empty()) return ended(State::kDone);
  RunView view(screen, *plan, project_.clock(),
               {.results = {.format = Format::kJsonl}, .step_lines = true, .messages = true, .json_errors = true});
  StepWatch watch(*this, run, view);
  const auto report =
      flow::execute(*plan, project_, watch,
                    {.use_cache = submission.use_cache, .seed = submission.seed, .cancel = run.cancel.token()});
  view.close();
  if (!report) {
    screen.write(Stream::kOut, error_json(report.error(), submission.name, submission.program));
    return ended(State::kFailed);
  }
  save_pictures(screen, *report);
  {
    const std::lock_guard lock(mutex_);
    run.catalog_run = report->id.value;
  }
  return ended(report->ok() ? State::kDone : State::kFailed);
}

void ProgramRuns::save_pictures(Screen& screen, const flow::RunReport& report) {
  const std::vector<RunPicture> pictures = pictures_of(report);
  if (pictures.empty()) return;
  const std::filesystem::path folder = project_.state_folder() / "runs" / report.id.value;
  if (auto saved = app::save_pictures(project_.files(), folder, pictures); !saved) {
    screen.write(Stream::kOut, error_json(std::move(saved).error().within("while saving pictures"), "", ""));
    return;
  }
  screen.write(Stream::kOut, pictures_event(folder, pictures).dump() + "\n");
}

void ProgramRuns::tell_plan(Run& run, const flow::Plan& plan) {
  const std::lock_guard lock(mutex_);
  run.plan = flow::to_json(plan);
  events_.publish(topic(run), {.name = "plan", .data = run.plan.dump()});
}

void ProgramRuns::tell_step(Run& run, uint32_t number, Json event) {
  event.set("step", static_cast<int64_t>(number));
  const std::lock_guard lock(mutex_);
  events_.publish(topic(run), {.name = "step", .data = event.dump()});
  run.steps.insert_or_assign(number, std::move(event));
}

void ProgramRuns::add_output(Run& run, std::string lines) {
  {
    const std::lock_guard lock(mutex_);
    if (run.output.size() + lines.size() <= kMostOutputBytes && !run.is_truncated) {
      run.output += lines;
    } else {
      run.is_truncated = true;
    }
  }
  lines.pop_back();  // the event's own end of line
  events_.publish(topic(run), {.name = "output", .data = std::move(lines)});
}

void ProgramRuns::stop() {
  std::vector<std::shared_ptr<Run>> all;
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    for (const auto& [id, run] : runs_) all.push_back(run);
  }
  changed_.notify_all();
  end_.cancel();
  for (const auto& run : all) run->cancel.cancel();
  for (std::thread& thread : std::exchange(threads_, {})) thread.join();
}

}  // namespace sinan::app
