#include "ml/resampling.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>

#include "ml/data_workers.h"
#include "ml/feature_plan_input.h"
#include "ml/folds.h"

namespace sinan::ml {
namespace {

constexpr std::string_view kRounds = "train.num_boost_round";
constexpr std::string_view kPatience = "early_stopping_rounds";

// A share of the rows; of the groups of a ranking.
std::vector<uint32_t> take_share(std::vector<uint32_t> rows, double share, uint64_t seed,
                                 std::span<const int32_t> group) {
  const auto key = [&](uint32_t row) { return group.empty() ? row : static_cast<uint64_t>(group[row]); };
  if (share < 1) std::erase_if(rows, [&](uint32_t row) { return draw(seed, key(row)) >= share; });
  return rows;
}

// Apart from the streams of the folds and of the validation share.
constexpr uint64_t kShareStream = 2;

std::vector<uint32_t> all_rows(size_t count) {
  std::vector<uint32_t> rows(count);
  std::iota(rows.begin(), rows.end(), 0U);
  return rows;
}

// What is dealt evenly: the classes, of each group by themselves.
std::vector<uint32_t> folds_by_position(const HeldRows& rows, const FoldPlan& plan, uint64_t seed) {
  std::vector<float> parts(rows.train.rows());
  const bool has_classes = is_classification(rows.task);
  for (size_t i = 0; i < parts.size(); ++i) {
    const float group = plan.row_groups.empty() ? 0.0F : static_cast<float>(plan.row_groups[i]);
    parts[i] = has_classes ? group * static_cast<float>(rows.classes) + rows.train.label()[i] : group;
  }
  return stratified_folds(parts, true, plan.folds, seed);
}

// Features fitted on the rows outside of each fold.
Status refit(HeldRows& rows, const RawRows& raw) {
  DataSpec spec = raw.spec;
  spec.intent.task = rows.task;
  if (is_classification(rows.task)) spec.intent.classes = rows.classes;
  spec.folds = rows.fold;
  for (uint32_t fold = 0; fold < rows.folds; ++fold) {
    spec.held_out_fold = fold;
    DataSetBuilder builder = TRY(DataSetBuilder::make(spec, raw.schema));
    for (const arrow::Batch& batch : raw.batches) TRY(builder.append(batch));
    auto data = builder.finish();
    if (!data) return fail(std::move(data).error()).within(fmt::format("fitting features without fold {}", fold + 1));
    rows.refitted.push_back(
        {data->plan(), TRY(HeldMatrix::read(data->train())), TRY(HeldMatrix::read(*data->validation()))});
  }
  return {};
}

}  // namespace

bool fits_features(const DataSpec& spec, const arrow::Schema& schema) {
  if (!spec.columns.empty() || !spec.roles.group.empty()) return true;
  const auto columns = feature_columns(schema, spec);
  return columns && std::ranges::any_of(*columns, [&](size_t column) {
           const arrow::Type& type = schema[column].type;
           return type.is_text() || !input_kind(type);
         });
}

Result<HeldRows> hold_rows(DataSet& data, const FoldPlan& plan, uint64_t seed) {
  HeldRows rows{data.plan(), data.label(), data.task(), data.classes(), TRY(HeldMatrix::read(data.train())),
                {},          {},           plan.folds};
  rows.data = training_rows(data).data;
  if (data.validation() != nullptr) rows.validation = TRY(HeldMatrix::read(*data.validation()));
  if (plan.folds == 0) return rows;
  rows.fold = plan.keys.empty() ? folds_by_position(rows, plan, seed)
              : plan.deals_keys ? grouped_folds(plan.keys, plan.folds, seed)
                                : keyed_folds(plan.keys, plan.folds, seed);
  for (uint32_t f = 0; f < plan.folds; ++f) {
    const auto in_fold = std::ranges::count(rows.fold, f);
    if (in_fold > 0 && static_cast<size_t>(in_fold) < rows.train.rows()) continue;
    return fail(Code::kData, fmt::format("too few rows for {} folds: {}", plan.folds, rows.train.rows()),
                plan.keys.empty() ? "use fewer folds" : "use fewer folds, or a key with more values");
  }
  if (plan.raw != nullptr) TRY(refit(rows, *plan.raw));
  return rows;
}

Result<HeldRows> part_of(const HeldRows& rows, const std::vector<uint32_t>& train,
                         const std::vector<uint32_t>& validation) {
  const auto some = [](const HeldMatrix& of, std::vector<uint32_t> which) {
    return HeldMatrix::read(*of.source(std::move(which)));
  };
  HeldRows out{rows.plan, rows.label, rows.task, rows.classes, TRY(some(rows.train, train)), {}, {}, rows.folds};
  out.data = rows.data;
  if (!validation.empty()) {
    // A share of the training rows, or those of validation.select.
    out.validation = TRY(some(rows.validation ? *rows.validation : rows.train, validation));
  }
  if (rows.folds == 0) return out;
  for (const uint32_t row : train) out.fold.push_back(rows.fold[row]);
  // Where a row stands in the matrices of a fold.
  std::vector<uint8_t> is_in(rows.fold.size());
  for (const uint32_t row : train) is_in[row] = 1;
  for (uint32_t f = 0; f < rows.refitted.size(); ++f) {
    std::vector<uint32_t> outside, inside;
    uint32_t next[2] = {0, 0};
    for (size_t row = 0; row < rows.fold.size(); ++row) {
      const bool is_held = rows.fold[row] == f;
      const uint32_t place = next[is_held ? 1 : 0]++;
      if (is_in[row] != 0) (is_held ? inside : outside).push_back(place);
    }
    const FoldRows& from = rows.refitted[f];
    out.refitted.push_back(
        {from.plan, TRY(some(from.train, std::move(outside))), TRY(some(from.held_out, std::move(inside)))});
  }
  return out;
}

Result<HeldOutScore> fit_and_score(const TrainRequest& request, const HeldRows& rows, size_t split, double row_share,
                                   const TrainingResources& resources, TrainObserver& observer) {
  const auto fold = static_cast<uint32_t>(split);
  const uint64_t stream = resources.seed + kShareStream;
  const FoldRows* refitted = rows.refitted.empty() ? nullptr : &rows.refitted[split];
  const HeldMatrix& from = refitted != nullptr ? refitted->train : rows.train;
  std::unique_ptr<MatrixSource> train;
  std::unique_ptr<MatrixSource> held_out;
  if (rows.folds > 0 && refitted == nullptr) {
    train = from.source(take_share(rows_outside(rows.fold, fold), row_share, stream, from.group()));
    held_out = from.source(rows_in(rows.fold, fold));
  } else {
    train =
        row_share < 1 ? from.source(take_share(all_rows(from.rows()), row_share, stream, from.group())) : from.source();
    held_out = refitted != nullptr ? refitted->held_out.source() : rows.validation->source();
  }
  const FeaturePlan& plan = refitted != nullptr ? refitted->plan : rows.plan;
  const TrainingRows parts{plan, rows.label, rows.task, rows.classes, *train, held_out.get(), rows.data};
  TrainedModel trained = TRY(train_model(request, parts, resources, observer));
  const Json& metrics = trained.package.metrics;
  const bool stops_early = flow::find_attribute(request.trainer->attributes(request.estimator), kPatience) != nullptr &&
                           request.attributes.given(kPatience);
  const auto rounds = stops_early ? metrics.at("best_round").as_int() : metrics.at("rounds").as_int();
  const auto model = TRY(Model::make(std::move(trained.package)));
  // Weights of classes are for learning: they would make the classes look as frequent as they are not.
  const bool is_weighted = !request.data.roles.weight.empty() && request.data.class_weights.empty();
  HeldOutScore out = TRY(score_held_out(*model, *held_out, is_weighted, resources.seed, resources.cancel));
  if (rounds) out.rounds = static_cast<double>(stops_early ? *rounds + 1 : *rounds);
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

Result<std::vector<HeldOutScore>> score_folds(const TrainRequest& request, const HeldRows& rows, uint64_t seed,
                                              flow::RunContext& context) {
  context.progress().stage("cross-validating");
  const ThreadShare share = share_threads(context.threads(), rows.folds);
  std::vector<HeldOutScore> out(rows.folds);
  std::vector<Status> done(rows.folds);
  std::atomic<size_t> finished = 0;
  const auto run = [&](size_t fold) -> Status {
    QuietObserver observer(context, std::nullopt);
    const TrainingResources resources{seed, share.each, context.memory_bytes() / share.at_once, {}, context.cancel()};
    out[fold] = TRY(fit_and_score(request, rows, fold, 1, resources, observer));
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

Result<FoldMetrics> cross_validate(const TrainRequest& request, const HeldRows& rows, uint64_t seed,
                                   flow::RunContext& context) {
  FoldMetrics out;
  out.metrics = HeldOutMetric::shown(rows.task);
  const std::vector<HeldOutScore> scores = TRY(score_folds(request, rows, seed, context));
  for (const HeldOutScore& score : scores) out.rounds.push_back(score.rounds);
  for (const std::string& name : out.metrics) {
    const HeldOutMetric metric = TRY(HeldOutMetric::find(name, rows.task));
    std::vector<double>& values = out.values.emplace_back();
    for (const HeldOutScore& score : scores) values.push_back(TRY(metric.of(score)));
  }
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
