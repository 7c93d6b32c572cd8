#include "ml/resampling.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>

#include "ml/data_workers.h"
#include "ml/folds.h"
#include "ml/held_out_score.h"

namespace sinan::ml {
namespace {

constexpr std::string_view kRounds = "train.num_boost_round";
constexpr std::string_view kPatience = "early_stopping_rounds";

std::vector<uint32_t> take_share(std::vector<uint32_t> rows, double share, uint64_t seed) {
  if (share < 1) std::erase_if(rows, [&](uint32_t row) { return draw(seed, row) >= share; });
  return rows;
}

// Apart from the streams of the folds and of the validation share.
constexpr uint64_t kShareStream = 2;

std::vector<uint32_t> all_rows(size_t count) {
  std::vector<uint32_t> rows(count);
  std::iota(rows.begin(), rows.end(), 0U);
  return rows;
}

}  // namespace

Result<HeldRows> hold_rows(DataSet& data, size_t folds, std::span<const uint64_t> keys, uint64_t seed) {
  HeldRows rows{data.plan(), data.label(), data.task(), data.classes(), TRY(HeldMatrix::read(data.train())),
                {},          {},           folds};
  rows.data = training_rows(data).data;
  if (data.validation() != nullptr) rows.validation = TRY(HeldMatrix::read(*data.validation()));
  if (folds == 0) return rows;
  rows.fold = keys.empty() ? stratified_folds(rows.train.label(), rows.task != Task::kRegression, folds, seed)
                           : keyed_folds(keys, folds, seed);
  for (uint32_t f = 0; f < folds; ++f) {
    const auto in_fold = std::ranges::count(rows.fold, f);
    if (in_fold > 0 && static_cast<size_t>(in_fold) < rows.train.rows()) continue;
    return fail(Code::kData, fmt::format("too few rows for {} folds: {}", folds, rows.train.rows()),
                keys.empty() ? "use fewer folds" : "use fewer folds, or a key with more values");
  }
  return rows;
}

Result<HeldOutScore> fit_and_score(const TrainRequest& request, const HeldRows& rows, size_t split, double row_share,
                                   const TrainingResources& resources, TrainObserver& observer) {
  const auto fold = static_cast<uint32_t>(split);
  const uint64_t stream = resources.seed + kShareStream;
  std::unique_ptr<MatrixSource> train;
  std::unique_ptr<MatrixSource> held_out;
  if (rows.folds > 0) {
    train = rows.train.source(take_share(rows_outside(rows.fold, fold), row_share, stream));
    held_out = rows.train.source(rows_in(rows.fold, fold));
  } else {
    train = row_share < 1 ? rows.train.source(take_share(all_rows(rows.train.rows()), row_share, stream))
                          : rows.train.source();
    held_out = rows.validation->source();
  }
  const TrainingRows parts{rows.plan, rows.label, rows.task, rows.classes, *train, held_out.get(), rows.data};
  TrainedModel trained = TRY(train_model(request, parts, resources, observer));
  HeldOutScore out;
  const Json& metrics = trained.package.metrics;
  const bool stops_early = flow::find_attribute(request.trainer->attributes(request.estimator), kPatience) != nullptr &&
                           request.attributes.given(kPatience);
  const auto rounds = stops_early ? metrics.at("best_round").as_int() : metrics.at("rounds").as_int();
  if (rounds) out.rounds = static_cast<double>(stops_early ? *rounds + 1 : *rounds);
  const auto model = TRY(Model::make(std::move(trained.package)));
  out.scored = TRY(score_held_out(*model, *held_out));
  return out;
}

Result<TrainedModel> fit_all(const TrainRequest& request, const HeldRows& rows, const TrainingResources& resources,
                             TrainObserver& observer) {
  const auto train = rows.train.source();
  const auto validation = rows.validation ? rows.validation->source() : nullptr;
  const TrainingRows parts{rows.plan, rows.label, rows.task, rows.classes, *train, validation.get(), rows.data};
  return train_model(request, parts, resources, observer);
}

void fix_rounds(TrainRequest& request, double rounds) {
  const auto specs = request.trainer->attributes(request.estimator);
  if (rounds < 1 || flow::find_attribute(specs, kRounds) == nullptr ||
      flow::find_attribute(specs, kPatience) == nullptr || !request.attributes.given(kPatience))
    return;
  const Span place = *request.attributes.span(kPatience);
  request.attributes.set(kRounds, static_cast<int64_t>(std::lround(rounds)), place);
  request.attributes.unset(kPatience);
}

bool QuietObserver::is_over() const {
  return context_.cancel().cancelled() || (deadline_ && context_.clock().monotonic() >= *deadline_);
}

ThreadShare share_threads(uint32_t threads, size_t jobs) {
  ThreadShare share;
  share.at_once = static_cast<uint32_t>(std::clamp<size_t>(jobs, 1, std::max(threads, 1U)));
  share.each = std::max(1U, threads / share.at_once);
  return share;
}

Result<FoldMetrics> cross_validate(const TrainRequest& request, const HeldRows& rows, uint64_t seed,
                                   flow::RunContext& context) {
  FoldMetrics out;
  for (const std::string_view name : default_metrics(rows.task)) out.metrics.emplace_back(name);
  out.metrics.emplace_back(rows.task == Task::kRegression ? "mean_squared_error" : "log_loss");
  out.values.assign(out.metrics.size(), std::vector<double>(rows.folds));
  out.rounds.assign(rows.folds, 0);

  context.progress().stage("cross-validating");
  const ThreadShare share = share_threads(context.threads(), rows.folds);
  std::vector<Status> done(rows.folds);
  std::atomic<size_t> finished = 0;
  const auto run = [&](size_t fold) -> Status {
    QuietObserver observer(context, std::nullopt);
    const TrainingResources resources{seed, share.each, context.memory_bytes() / share.at_once};
    const HeldOutScore score = TRY(fit_and_score(request, rows, fold, 1, resources, observer));
    for (size_t m = 0; m < out.metrics.size(); ++m) {
      const MetricSpec* metric = TRY(find_metric(out.metrics[m], rows.task));
      out.values[m][fold] = TRY(compute_metric(*metric, score.scored));
    }
    out.rounds[fold] = score.rounds;
    context.progress().fraction(static_cast<double>(++finished) / static_cast<double>(rows.folds));
    return {};
  };
  Workers workers(share.at_once);
  workers.run(rows.folds, [&](size_t fold) {
    if (!context.cancel().cancelled()) done[fold] = run(fold);
  });
  TRY(context.cancel().check());
  for (Status& status : done) TRY(std::move(status));
  return out;
}

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double sd_of(std::span<const double> values) {
  if (values.size() < 2) return 0;
  const double mean = mean_of(values);
  double sum = 0;
  for (const double value : values) sum += (value - mean) * (value - mean);
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

}  // namespace sinan::ml
