#include "ml/tuning.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>

#include "base/check.h"
#include "ml/data_workers.h"
#include "ml/held_out_score.h"
#include "ml/trial_strategy.h"

namespace sinan::ml {
namespace {

Json numbers_json(std::span<const double> values) {
  Json out = Json::array();
  for (const double value : values) out.push_back(value);
  return out;
}

// A trial with the results of its folds, while they come in.
struct RunningTrial {
  Trial trial;
  Proposal proposal;
  std::string key;
  std::vector<double> rounds;  // by fold
  size_t folds_left = 0;
  bool is_stopped = false;  // out of time
};

class Tuner {
 public:
  Tuner(const TrainRequest& request, const HeldRows& rows, uint64_t seed, flow::RunContext& context)
      : request_(request), rows_(rows), seed_(seed), context_(context) {}

  Result<Tuned> run();

 private:
  Result<HeldOutMetric> metric() const;
  Fingerprint fingerprint(const ThreadShare& share) const;
  RunningTrial begin(const Proposal& proposal);
  void run_fold(RunningTrial& running, size_t fold, const ThreadShare& share);
  void end(RunningTrial& running);
  Status run_batch(std::vector<RunningTrial>& batch);
  void report();
  bool is_better(const Trial& a, const Trial& b) const {
    return out_.lower_is_better ? a.value() < b.value() : a.value() > b.value();
  }

  const TrainRequest& request_;
  const HeldRows& rows_;
  const uint64_t seed_;
  flow::RunContext& context_;
  std::optional<HeldOutMetric> metric_;
  std::optional<std::chrono::nanoseconds> deadline_;
  Tuned out_;

  std::mutex mutex_;  // guards what follows, and the trials that run
  size_t done_ = 0;
  size_t planned_ = 0;
  std::optional<Trial> best_;
  std::optional<Error> first_error_;
  Status journal_status_;
};

Result<HeldOutMetric> Tuner::metric() const {
  const TuneOptions& options = request_.tune;
  if (options.metric.empty()) return HeldOutMetric::find(HeldOutMetric::usual(rows_.task), rows_.task);
  auto found = HeldOutMetric::find(options.metric, rows_.task);
  if (!found) return fail(std::move(found).error()).at(options.metric_place);
  return *found;
}

// All that decides a trial but its estimator and attributes, which its key has.
Fingerprint Tuner::fingerprint(const ThreadShare& share) const {
  FingerprintBuilder out;
  out.add("trials 2").add(seed_).add(metric_->name()).add(uint64_t{share.each}).add(rows_.train.fingerprint());
  if (rows_.validation) out.add(rows_.validation->fingerprint());
  out.add(rows_.folds);
  for (const uint32_t fold : rows_.fold) out.add(uint64_t{fold});
  return out.finish();
}

RunningTrial Tuner::begin(const Proposal& proposal) {
  RunningTrial out;
  out.proposal = proposal;
  out.trial.candidate = proposal.space;
  out.trial.point = proposal.point;
  out.trial.competes = proposal.is_final_share;
  const TrainRequest trial = request_of(request_, out.trial);
  out.key = fmt::format("{} {} {}", trial.estimator, trial.attributes.to_json().dump(), proposal.row_share);
  const auto splits = static_cast<double>(rows_.splits());
  const double share = rows_.folds == 0 ? 1 : 1 - 1 / splits;
  out.trial.rows =
      static_cast<uint64_t>(std::llround(static_cast<double>(rows_.train.rows()) * share * proposal.row_share));
  out.trial.values.resize(rows_.splits());
  out.rounds.resize(rows_.splits());
  out.folds_left = rows_.splits();
  const auto earlier = out_.journal->find(out.key);
  if (!earlier || earlier->at("values").items().size() != rows_.splits()) return out;
  for (size_t i = 0; i < rows_.splits(); ++i)
    out.trial.values[i] = earlier->at("values").items()[i].as_double().value_or(0);
  out.trial.rounds = earlier->at("rounds").as_double().value_or(0);
  out.trial.seconds = earlier->at("seconds").as_double().value_or(0);
  out.folds_left = 0;
  return out;
}

void Tuner::run_fold(RunningTrial& running, size_t fold, const ThreadShare& share) {
  {
    const std::lock_guard lock(mutex_);
    if (running.folds_left == 0) return;  // of an earlier run
    if (!running.trial.error.empty() || running.is_stopped) return;
  }
  QuietObserver observer(context_, deadline_);
  const auto begun = context_.clock().monotonic();
  const auto score = [&]() -> Result<HeldOutScore> {
    if (observer.is_over()) return fail(Code::kCancelled, "cancelled");
    const TrainingResources resources{
        seed_, share.each, context_.memory_bytes() / share.at_once, {}, context_.cancel()};
    return fit_and_score(request_of(request_, running.trial), rows_, fold, running.proposal.row_share, resources,
                         observer);
  }();
  const auto value = [&]() -> Result<double> {
    if (!score) return std::unexpected(score.error());
    const double computed = TRY(metric_->of(*score));
    if (!std::isfinite(computed))
      return fail(Code::kData, fmt::format("{} is undefined on these rows", metric_->name()));
    return computed;
  }();
  const std::chrono::duration<double> seconds = context_.clock().monotonic() - begun;

  const std::lock_guard lock(mutex_);
  running.trial.seconds += seconds.count();
  if (!value) {
    if (value.error().code == Code::kCancelled) {
      running.is_stopped = true;
      return;
    }
    if (running.trial.error.empty()) ++done_;
    running.trial.error = value.error().message;
    if (!first_error_) first_error_ = value.error();
    return;
  }
  running.trial.values[fold] = *value;
  running.rounds[fold] = score->rounds;
  if (--running.folds_left == 0 && running.trial.error.empty()) end(running);
}

// Under the lock.
void Tuner::end(RunningTrial& running) {
  Trial& trial = running.trial;
  trial.rounds = mean_of(running.rounds);
  if (auto noted = out_.journal->add(
          running.key,
          Json::object({{"values", numbers_json(trial.values)}, {"rounds", trial.rounds}, {"seconds", trial.seconds}}));
      !noted && journal_status_) {
    journal_status_ = std::move(noted);
  }
  ++done_;
  if (trial.competes && (!best_ || is_better(trial, *best_))) best_ = trial;
  report();
}

void Tuner::report() {
  context_.progress().fraction(static_cast<double>(done_) / static_cast<double>(std::max<size_t>(planned_, 1)));
  std::string note = fmt::format("trial {} of {}", done_, planned_);
  if (best_) {
    const Candidate& candidate = request_.candidates[best_->candidate];
    note += fmt::format("  best {} {:.4g}", out_.metric, best_->value());
    if (!best_->point.empty()) note += fmt::format(" ({})", candidate.space.to_text(best_->point));
  }
  context_.progress().note(note);
}

Status Tuner::run_batch(std::vector<RunningTrial>& batch) {
  const size_t splits = rows_.splits();
  const ThreadShare share = share_threads(context_.threads(), batch.size() * splits);
  for (const RunningTrial& running : batch) {
    if (running.folds_left > 0) continue;
    ++out_.from_earlier_runs;
    ++done_;
    if (running.trial.competes && (!best_ || is_better(running.trial, *best_))) best_ = running.trial;
  }
  planned_ = std::max(planned_, out_.trials.size() + batch.size());
  report();
  Workers workers(share.at_once);
  workers.run(batch.size() * splits, [&](size_t job) { run_fold(batch[job / splits], job % splits, share); });
  TRY(context_.cancel().check());
  return std::move(journal_status_);
}

Result<Tuned> Tuner::run() {
  context_.progress().stage("tuning");
  metric_ = TRY(metric());
  out_.metric = metric_->name();
  out_.lower_is_better = metric_->is_lower_better();
  if (request_.tune.timeout_seconds) {
    deadline_ = context_.clock().monotonic() + std::chrono::duration_cast<std::chrono::nanoseconds>(
                                                   std::chrono::duration<double>(*request_.tune.timeout_seconds));
  }
  std::vector<const SearchSpace*> spaces;
  for (const Candidate& candidate : request_.candidates) spaces.push_back(&candidate.space);
  const auto strategy = make_strategy(request_.tune.strategy, spaces, request_.tune.trials, seed_, rows_.train.rows());
  planned_ = request_.tune.trials;
  std::vector<FinishedTrial> finished;
  while (!out_.ran_out_of_time) {
    const std::vector<Proposal> proposals = strategy->next(finished);
    if (proposals.empty()) break;
    if (!out_.journal) {
      const ThreadShare share = share_threads(context_.threads(), proposals.size() * rows_.splits());
      out_.journal = TRY(TrialJournal::open(context_.project_folder(), fingerprint(share), context_.files()));
    }
    std::vector<RunningTrial> batch;
    for (const Proposal& proposal : proposals) batch.push_back(begin(proposal));
    TRY(run_batch(batch));
    for (RunningTrial& running : batch) {
      if (running.is_stopped && running.trial.is_done()) {
        out_.ran_out_of_time = true;
        continue;
      }
      if (!running.trial.is_done()) running.trial.values.clear();
      FinishedTrial done{running.proposal, std::nullopt};
      if (running.trial.is_done()) done.loss = (out_.lower_is_better ? 1 : -1) * running.trial.value();
      finished.push_back(std::move(done));
      out_.trials.push_back(std::move(running.trial));
    }
    if (!best_ && first_error_ && std::ranges::none_of(out_.trials, &Trial::is_done)) break;
  }

  std::optional<size_t> best;
  for (size_t i = 0; i < out_.trials.size(); ++i) {
    const Trial& trial = out_.trials[i];
    if (trial.is_done() && trial.competes && (!best || is_better(trial, out_.trials[*best]))) best = i;
  }
  if (best) {
    out_.best = *best;
    return std::move(out_);
  }
  if (first_error_) {
    return fail(*std::move(first_error_))
        .at(request_.clause.estimator.span)
        .within("every trial of " + request_.clause.into.text);
  }
  return fail(Code::kExhausted,
              fmt::format("no trial has ended within tune.timeout: {} s", *request_.tune.timeout_seconds),
              "give it more time, or train on fewer rows")
      .at(request_.clause.estimator.span);
}

}  // namespace

TrainRequest request_of(const TrainRequest& request, const Trial& trial) {
  const Candidate& candidate = request.candidates[trial.candidate];
  TrainRequest out = request;
  out.candidates.clear();
  out.trainer = candidate.trainer;
  out.estimator = candidate.estimator;
  out.attributes = candidate.attributes;
  if (!trial.point.empty()) candidate.space.apply(trial.point, out.attributes);
  return out;
}

Result<Tuned> tune(const TrainRequest& request, const HeldRows& rows, uint64_t seed, flow::RunContext& context) {
  CHECK(!request.candidates.empty());
  return Tuner(request, rows, seed, context).run();
}

}  // namespace sinan::ml
