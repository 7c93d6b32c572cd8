#include "flow/scheduler.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "base/check.h"
#include "base/log.h"
#include "base/machine.h"
#include "flow/cache.h"
#include "flow/world.h"
#include "sql/mysql_dialect.h"

namespace sinan::flow {

using catalog::StepStatus;

Scheduler::Scheduler(Plan& plan, Project& project, Observer& observer, const ExecuteOptions& options, RunReport& report)
    : plan_(plan),
      project_(project),
      observer_(observer),
      options_(options),
      report_(report),
      total_threads_(std::max<uint32_t>(project.config().limits.threads, 1)),
      total_memory_(project.config().limits.memory_bytes),
      begun_(project.clock().monotonic()),
      nodes_(plan.steps.size()),
      free_threads_(total_threads_),
      engine_threads_(total_threads_),
      engine_memory_(total_memory_),
      unfinished_(plan.steps.size()) {
  for (uint32_t i = 0; i < nodes_.size(); ++i) {
    nodes_[i].budget = plan.steps[i].step->budget();
    nodes_[i].budget.least_threads = std::clamp<uint32_t>(nodes_[i].budget.least_threads, 1, total_threads_);
    nodes_[i].waits_for = static_cast<uint32_t>(plan.steps[i].depends_on.size());
    for (const Dependency& dependency : plan.steps[i].depends_on) {
      CHECK(dependency.on < i);
      nodes_[dependency.on].dependents.push_back(i);
    }
    if (nodes_[i].waits_for == 0) nodes_[i].state = State::kReady;
  }
  for (size_t i = nodes_.size(); i-- > 0;) {
    for (const uint32_t dependent : nodes_[i].dependents) {
      nodes_[i].chain = std::max(nodes_[i].chain, nodes_[dependent].chain + 1);
    }
  }
}

Status Scheduler::run() {
  if (nodes_.empty()) return {};
  const CancelAction on_cancel(options_.cancel, [this] {
    stop_waiting_ = true;
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  });
  std::thread watcher([this] { watch(); });
  const size_t workers = std::min<size_t>(total_threads_, nodes_.size());
  std::vector<std::thread> others;
  for (size_t i = 1; i < workers; ++i) others.emplace_back([this] { work(); });
  work();
  for (std::thread& thread : others) thread.join();
  watcher.join();
  const std::lock_guard lock(mutex_);
  set_engine_limits();  // nothing runs: all for the next caller
  if (failure_) return fail(std::move(*failure_));
  return {};
}

void Scheduler::work() {
  std::unique_lock lock(mutex_);
  while (unfinished_ > 0) {
    const auto index = take();
    if (!index) {
      set_engine_limits();  // this thread does nothing: the engine may have its place
      changed_.wait(lock);
      continue;
    }
    lock.unlock();
    run_step(*index);
    end(*index);
    lock.lock();
  }
  changed_.notify_all();
}

std::optional<uint32_t> Scheduler::take() {
  std::optional<uint32_t> best;
  size_t ready = 0;
  for (uint32_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].state != State::kReady) continue;
    if (plan_.steps[i].sticky_session && sticky_busy_) continue;
    ++ready;
    if (nodes_[i].budget.least_threads > free_threads_) continue;
    if (!best || nodes_[i].chain > nodes_[*best].chain) best = i;
  }
  if (!best) return std::nullopt;
  Node& node = nodes_[*best];
  node.state = State::kRunning;
  node.threads = share(node, ready);
  free_threads_ -= node.threads;
  if (plan_.steps[*best].sticky_session) sticky_busy_ = true;
  set_engine_limits();
  return best;
}

// What is free is divided among those that are ready.
uint32_t Scheduler::share(const Node& node, size_t ready) const {
  const auto fair = static_cast<uint32_t>((free_threads_ + ready - 1) / ready);
  const uint32_t most = std::min(std::max(node.budget.most_threads, node.budget.least_threads), free_threads_);
  return std::clamp(fair, node.budget.least_threads, std::max(most, node.budget.least_threads));
}

void Scheduler::set_engine_limits() {
  uint32_t engine_steps = 0;
  uint32_t trainers = 0;
  uint32_t held = 0;
  uint64_t memory = 0;
  for (const Node& node : nodes_) {
    if (node.state != State::kRunning) continue;
    if (node.budget.most_threads <= 1) {
      ++engine_steps;
    } else {
      ++trainers;
      held += node.threads;
      memory += node.budget.memory_bytes;
    }
  }
  // Every running step is a thread that calls the engine; what is left helps. Trainers among themselves read through the
  // engine, then train: they never need both pools at once.
  const uint32_t busy = engine_steps + (engine_steps > 0 ? held : trainers);
  const uint32_t threads = 1 + total_threads_ - std::clamp(busy, 1U, total_threads_);
  const uint64_t left = total_memory_ - std::min(memory, total_memory_ - total_memory_ / 4);
  if (threads == engine_threads_ && left == engine_memory_) return;
  engine_threads_ = threads;
  engine_memory_ = left;
  if (auto status = project_.engine().set_limits(threads, left); !status) log::warning(status.error().to_string());
}

bool Scheduler::use_earlier_work(uint32_t index, StepReport& step, std::optional<Fingerprint>& key) {
  const PlannedStep& planned = plan_.steps[index];
  std::string from = planned.cached_from;
  if (!planned.resumed) {
    auto found = cache_key(planned, options_.seed, project_);
    if (!found) {
      log::warning("the cache cannot be used: " + found.error().to_string());
      return false;
    }
    key = *found;
    if (!key || !options_.use_cache || !project_.config().run.cache) return false;
    auto run = find_cached(*key, project_);
    if (!run || !*run) return false;
    from = (*run)->value;
  }
  step.status = StepStatus::kCached;
  step.outcome.messages.push_back(planned.resumed
                                      ? fmt::format("done by run {}, which this one continues", from)
                                      : fmt::format("unchanged since run {}; --no-cache runs it again", from));
  return true;
}

void Scheduler::run_step(uint32_t index) {
  const PlannedStep& planned = plan_.steps[index];
  StepReport& step = report_.steps[index];
  step.started = project_.clock().monotonic() - begun_;
  step.threads = nodes_[index].threads;
  {
    const std::lock_guard lock(observer_mutex_);
    observer_.step_started(planned);
  }
  std::optional<Fingerprint> key;
  if (auto cancelled = options_.cancel.check(); !cancelled) {
    step.status = StepStatus::kCancelled;
    step.error = std::move(cancelled).error();
  } else if (!use_earlier_work(index, step, key)) {
    auto status = attempt(index, step, key);
    if (status) {
      step.status = StepStatus::kDone;
    } else {
      // An interrupted statement fails in many ways: what counts is that the user asked for it.
      const bool cancelled_now = options_.cancel.cancelled() || status.error().code == Code::kCancelled;
      step.status = cancelled_now ? StepStatus::kCancelled : StepStatus::kFailed;
      step.error = std::move(status).error();
      if (!step.error->span) {
        step.error->span = planned.statement.text.whole;
      } else if (planned.translation != nullptr) {
        step.error->span = planned.translation->original(*step.error->span);
      }
    }
  }
  step.duration = project_.clock().monotonic() - begun_ - step.started;
  if (step.status != StepStatus::kDone) record_unsuccessful(index, step);
}

Status Scheduler::attempt(uint32_t index, StepReport& step, const std::optional<Fingerprint>& key) {
  constexpr std::chrono::nanoseconds kFirstWait = std::chrono::milliseconds(100);
  std::chrono::nanoseconds wait = kFirstWait;
  for (uint32_t retries = project_.config().run.retries;; --retries) {
    ++step.attempts;
    Status status = attempt_once(index, step, key);
    if (status || retries == 0 || !is_retryable(status.error().code) || options_.cancel.cancelled()) return status;
    log::info(fmt::format("step {} is tried again: {}", index + 1, status.error().to_string()));
    if (!project_.clock().wait(wait, stop_waiting_)) return status;
    wait *= 2;
  }
}

Status Scheduler::attempt_once(uint32_t index, StepReport& step, const std::optional<Fingerprint>& key) {
  const PlannedStep& planned = plan_.steps[index];
  ResultSink* sink = nullptr;
  {
    const std::lock_guard lock(observer_mutex_);
    sink = &observer_.results(planned);
  }
  RunningStep running(planned, project_, *sink,
                      {report_.id, step.threads, total_memory_ / total_threads_ * step.threads, options_.seed,
                       options_.cancel, options_.user, plan_.session});
  {
    const std::lock_guard lock(mutex_);
    nodes_[index].running = &running;
  }
  Status status;
  auto outcome = running.run();
  if (outcome) {
    step.duration = project_.clock().monotonic() - begun_ - step.started;
    catalog::StepRecord record = record_of(index, step);
    record.fingerprint = key;
    record.details = Json::object();
    Json::Array messages;
    for (const std::string& message : outcome->messages) messages.emplace_back(message);
    record.details.set("messages", std::move(messages));
    Json::Array stages;
    for (const auto& [name, duration] : running.stages()) {
      stages.push_back(Json::object({{"stage", name}, {"seconds", static_cast<double>(duration.count()) / 1e9}}));
    }
    record.details.set("stages", std::move(stages));
    if (!outcome->details.is_null()) record.details.set("outcome", outcome->details);
    status = running.commit(*outcome, std::move(record));
    if (status) {
      after_session_change(planned);
      step.outcome = std::move(*outcome);
    }
  } else {
    status = fail(std::move(outcome).error());
  }
  step.stages = running.stages();
  const std::lock_guard lock(mutex_);
  nodes_[index].running = nullptr;
  return status;
}

// SET and USE go on for later programs; CREATE TEMP TABLE is seen by those that name it.
void Scheduler::after_session_change(const PlannedStep& planned) {
  SessionState& state = *plan_.session;
  if (planned.changes_session) state.add_setting(planned.setting);
  if (!planned.sticky_session) return;
  if (engine::Session* session = state.sticky_if_open()) {
    const auto names = World(*session).temporary_tables();
    state.set_temporary_tables({names.begin(), names.end()});
  }
}

catalog::StepRecord Scheduler::record_of(uint32_t index, const StepReport& step) const {
  const PlannedStep& planned = plan_.steps[index];
  catalog::StepRecord record;
  record.index = index;
  record.statement = planned.statement.whole();
  record.kind = planned.kind;
  record.status = step.status;
  record.started = project_.clock().now() - std::chrono::floor<std::chrono::microseconds>(step.duration);
  record.duration = step.duration;
  record.access = planned.step->access();
  if (step.error) record.error = step.error->to_string();
  record.peak_memory_bytes = peak_memory_bytes();
  return record;
}

void Scheduler::record_unsuccessful(uint32_t index, const StepReport& step) {
  catalog::StepRecord record = record_of(index, step);
  Json::Array messages;
  for (const std::string& message : step.outcome.messages) messages.emplace_back(message);
  record.details = Json::object({{"messages", std::move(messages)}});
  auto recorded = project_.catalog().record_step(report_.id, record);
  if (!recorded) fail_run(std::move(recorded).error());
}

void Scheduler::fail_run(Error error) {
  const std::lock_guard lock(mutex_);
  if (!failure_) failure_ = std::move(error);
}

void Scheduler::skip_dependents(uint32_t index, std::vector<uint32_t>& skipped) {
  for (const uint32_t dependent : nodes_[index].dependents) {
    Node& node = nodes_[dependent];
    if (node.state == State::kEnded) continue;
    node.state = State::kEnded;
    --unfinished_;
    StepReport& step = report_.steps[dependent];
    step.status = StepStatus::kSkipped;
    step.outcome.messages.push_back(fmt::format("skipped, since step {} ({}) {}", index + 1, plan_.steps[index].title,
                                                report_.steps[index].status == StepStatus::kSkipped ? "was skipped"
                                                : report_.steps[index].status == StepStatus::kCancelled
                                                    ? "was cancelled"
                                                    : "failed"));
    skipped.push_back(dependent);
    skip_dependents(dependent, skipped);
  }
}

void Scheduler::end(uint32_t index) {
  std::vector<uint32_t> skipped;
  {
    const std::lock_guard lock(mutex_);
    Node& node = nodes_[index];
    node.state = State::kEnded;
    --unfinished_;
    free_threads_ += node.threads;
    if (plan_.steps[index].sticky_session) sticky_busy_ = false;
    const StepStatus status = report_.steps[index].status;
    if (status == StepStatus::kDone || status == StepStatus::kCached) {
      for (const uint32_t dependent : node.dependents) {
        if (--nodes_[dependent].waits_for == 0 && nodes_[dependent].state == State::kWaiting) {
          nodes_[dependent].state = State::kReady;
        }
      }
    } else {
      skip_dependents(index, skipped);
    }
  }
  for (const uint32_t step : skipped) record_unsuccessful(step, report_.steps[step]);
  {
    const std::lock_guard lock(observer_mutex_);
    observer_.step_finished(plan_.steps[index], report_.steps[index]);
    for (const uint32_t step : skipped) observer_.step_finished(plan_.steps[step], report_.steps[step]);
  }
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
}

// Tells of progress, and after a cancel interrupts again and again: an interrupt that comes just before a statement
// begins is lost.
void Scheduler::watch() {
  constexpr auto kRefresh = std::chrono::milliseconds(100);
  constexpr auto kInterrupt = std::chrono::milliseconds(10);
  std::unique_lock lock(mutex_);
  while (unfinished_ > 0) {
    const bool cancelled = options_.cancel.cancelled();
    changed_.wait_for(lock, cancelled ? kInterrupt : kRefresh);
    std::vector<ProgressSnapshot> snapshots;
    for (const Node& node : nodes_) {
      if (node.running == nullptr) continue;
      if (options_.cancel.cancelled())
        node.running->interrupt();
      else
        snapshots.push_back(node.running->snapshot());
    }
    if (snapshots.empty()) continue;
    lock.unlock();
    {
      const std::lock_guard observing(observer_mutex_);
      for (const ProgressSnapshot& snapshot : snapshots) observer_.step_progress(snapshot);
    }
    lock.lock();
  }
}

}  // namespace sinan::flow
