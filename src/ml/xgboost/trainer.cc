#include "ml/xgboost/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <mutex>

#include "base/check.h"
#include "base/log.h"
#include "base/strings.h"
#include "ml/xgboost/attributes.h"
#include "ml/xgboost/library.h"
#include "ml/xgboost/matrix.h"

namespace sinan::ml::xgboost {
namespace {

// Rows above which bins come from a sample: the library needs longer for its quantiles of all rows than for many rounds.
constexpr uint64_t kExactRows = 1'000'000;

extern "C" void forward_xgboost_log(const char* line) { log::info(line); }

class BoosterOwner {
 public:
  BoosterOwner(const Library& library, BoosterHandle handle) : library_(&library), handle_(handle) {}
  BoosterOwner(BoosterOwner&& other) noexcept
      : library_(other.library_), handle_(std::exchange(other.handle_, nullptr)) {}
  BoosterOwner& operator=(BoosterOwner&& other) noexcept {
    std::swap(library_, other.library_);
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~BoosterOwner() {
    if (handle_ != nullptr) library_->booster_free(handle_);
  }
  BoosterHandle handle() const { return handle_; }

 private:
  const Library* library_;
  BoosterHandle handle_;
};

using Metrics = std::vector<std::pair<std::string, double>>;

// "[3]\ttrain-logloss:0.41\tvalidate-logloss:0.43"
Metrics parse_metrics(std::string_view line) {
  Metrics metrics;
  for (std::string_view part : split_on(line, '\t')) {
    const size_t colon = part.rfind(':');
    if (colon == std::string_view::npos || part.starts_with('[')) continue;
    const std::string_view number = part.substr(colon + 1);
    double value = std::numeric_limits<double>::quiet_NaN();
    std::from_chars(number.data(), number.data() + number.size(), value);
    metrics.emplace_back(part.substr(0, colon), value);
  }
  return metrics;
}

constexpr std::string_view kTrainPrefix = "train-";
constexpr std::string_view kValidatePrefix = "validate-";

// Metrics of all rounds, and when to stop.
class History {
 public:
  explicit History(size_t patience) : patience_(patience) {}

  // False = the last validation metric has not improved for so many rounds.
  bool add(const Metrics& metrics) {
    for (const auto& [name, value] : metrics) {
      auto series = std::ranges::find(series_, name, &Series::first);
      if (series == series_.end()) series = series_.insert(series_.end(), {name, {}});
      series->second.push_back(value);
    }
    ++rounds_;
    if (metrics.empty() || !metrics.back().first.starts_with(kValidatePrefix)) {
      best_round_ = rounds_ - 1;
      return true;
    }
    const double value = metrics.back().second;
    const bool higher = is_better_higher(std::string_view(metrics.back().first).substr(kValidatePrefix.size()));
    if (rounds_ == 1 || (higher ? value > best_ : value < best_)) {
      best_ = value;
      best_round_ = rounds_ - 1;
    }
    return patience_ == 0 || rounds_ - 1 - best_round_ < patience_;
  }

  size_t rounds() const { return rounds_; }
  size_t best_round() const { return best_round_; }

  Json to_json() const {
    Json train = Json::object();
    Json validation = Json::object();
    for (const auto& [name, values] : series_) {
      Json list = Json::array();
      for (const double value : values) list.push_back(value);
      const bool validates = name.starts_with(kValidatePrefix);
      const std::string_view metric =
          std::string_view(name).substr((validates ? kValidatePrefix : kTrainPrefix).size());
      (validates ? validation : train).set(std::string(metric), std::move(list));
    }
    Json out =
        Json::object({{"rounds", static_cast<int64_t>(rounds_)}, {"best_round", static_cast<int64_t>(best_round_)}});
    out.set("train", std::move(train));
    if (!validation.members().empty()) out.set("validation", std::move(validation));
    return out;
  }

 private:
  using Series = std::pair<std::string, std::vector<double>>;
  size_t patience_;
  std::vector<Series> series_;
  size_t rounds_ = 0;
  size_t best_round_ = 0;
  double best_ = 0;
};

constexpr Trainer::AutoSearch kAutoSearches[] = {
    {.estimator = "xgboost.gbtree",
     .attributes =
         "train.num_boost_round=300, early_stopping_rounds=20, eta=log_range(0.02, 0.3), max_depth=range(2, 10), "
         "min_child_weight=log_range(1, 20), subsample=range(0.5, 1.0), colsample_bytree=range(0.4, 1.0), "
         "reg_lambda=log_range(0.01, 100)"}};

bool is_linear(const Estimator& estimator) { return estimator.booster == Booster::kLinear; }
bool may_have_upper(const Estimator& estimator) { return !estimator.task || estimator.task == Task::kRegression; }

Status check_no_categories(const FeatureSchema& schema) {
  for (const Feature& feature : schema.features) {
    if (feature.kind != FeatureKind::kCategorical) continue;
    return fail(Code::kProgram, fmt::format("a linear model needs numbers: \"{}\" is a category", feature.name),
                fmt::format("write COLUMN INDICATOR({}), or leave it out", feature.column));
  }
  return {};
}

class XgboostTrainer final : public Trainer {
 public:
  explicit XgboostTrainer(TrainerOptions options) : options_(std::move(options)) {}

  std::string_view library() const override { return "xgboost"; }
  bool takes_sparse() const override { return true; }

  std::vector<std::string> estimators() const override {
    std::vector<std::string> names;
    for (const Estimator& estimator : xgboost::estimators()) names.emplace_back(estimator.name);
    return names;
  }

  std::string canonical_estimator(std::string_view name) const override {
    const Estimator* estimator = find_estimator(name);
    return estimator == nullptr ? std::string() : std::string(estimator->name);
  }

  std::span<const AttributeSpec> attributes(std::string_view name) const override {
    return attributes_of(estimator_named(name));
  }

  Result<Intent> intent(std::string_view name, const AttributeValues& values) const override;
  std::span<const AutoSearch> auto_searches() const override { return kAutoSearches; }

  std::optional<Binning> binning(std::string_view name, const AttributeValues& values) const override {
    if (is_linear(estimator_named(name))) return std::nullopt;
    const std::string method = values.string("tree_method");
    const auto sample = static_cast<uint64_t>(values.integer("train.cut_sample_rows"));
    if (sample == 0 || method == "exact" || method == "approx") return std::nullopt;
    // One of 256 bins is given up, so that a code fits a byte.
    const auto bins = static_cast<size_t>(values.integer("max_bin"));
    return Binning{kExactRows, sample, bins == 256 ? 255 : bins};
  }

  bool can_continue(std::string_view) const override { return true; }
  Result<Trained> train(const TrainSpec& spec, MatrixSource& train, MatrixSource* validation,
                        TrainObserver& observer) const override;

  flow::DoctorFinding doctor() const override {
    auto library = loaded();
    if (!library) {
      return {"XGBoost", false, library.error().message, library.error().hint};
    }
    return {fmt::format("XGBoost {}", (*library)->version), true, (*library)->path, ""};
  }

 private:
  const Estimator& estimator_named(std::string_view name) const {
    const Estimator* estimator = find_estimator(name);
    CHECK(estimator != nullptr);
    return *estimator;
  }
  // Loads at the first call. A failure is not kept: the library may be there the next time.
  Result<const Library*> loaded() const {
    const std::lock_guard lock(mutex_);
    if (library_ == nullptr) library_ = TRY(Library::load(options_.library));
    return library_.get();
  }

  const TrainerOptions options_;
  mutable std::mutex mutex_;
  mutable std::unique_ptr<const Library> library_;
};

// Whether a name of scikit-learn's is for what an objective does.
bool fits(const Estimator& estimator, Task task) {
  if (!estimator.task) return true;
  return is_classification(*estimator.task) ? is_classification(task) : *estimator.task == task;
}

Status check_classes(const AttributeValues& values, Task task, const std::string& objective) {
  if (!values.given("num_class")) return {};
  const Span place = values.span("num_class").value_or(Span{});
  if (!is_classification(task)) {
    return fail(Code::kArgument, fmt::format("num_class has no meaning with objective \"{}\"", objective),
                "leave it out, or use objective=\"multi:softprob\"")
        .at(place);
  }
  const int64_t classes = values.integer("num_class");
  if (task == Task::kMulticlass || classes == 2) return {};
  return fail(Code::kArgument, fmt::format("objective \"{}\" is for two classes: num_class is {}", objective, classes),
              "use objective=\"multi:softprob\"")
      .at(place);
}

Status check_linear(const Estimator& estimator, const AttributeValues& values) {
  if (!is_linear(estimator) || !values.given("early_stopping_rounds")) return {};
  return fail(Code::kArgument,
              "early_stopping_rounds has no meaning with xgboost.gblinear: rounds mend the same weights",
              "leave it out, and set train.num_boost_round")
      .at(*values.span("early_stopping_rounds"));
}

// What the library refuses, in the middle of training and in words of its own.
std::optional<Trainer::LabelRange> label_range(const std::string& objective, const AttributeValues& values) {
  constexpr double kMostRelevance = 31;  // gains are 2^label - 1
  if (objective == "count:poisson" || objective == "reg:tweedie") return Trainer::LabelRange{.objective = objective};
  if (objective == "reg:gamma") return Trainer::LabelRange{.objective = objective, .is_low_open = true};
  if (objective == "reg:squaredlogerror")
    return Trainer::LabelRange{.objective = objective, .low = -1, .is_low_open = true};
  if (objective == "reg:logistic") return Trainer::LabelRange{.objective = objective, .high = 1};
  if (objective == "rank:map") return Trainer::LabelRange{.objective = objective, .high = 1, .is_whole = true};
  if (objective.starts_with("rank:") && values.boolean("ndcg_exp_gain"))
    return Trainer::LabelRange{.objective = objective, .high = kMostRelevance, .is_whole = true};
  return std::nullopt;
}

Result<Trainer::Intent> XgboostTrainer::intent(std::string_view name, const AttributeValues& values) const {
  const Estimator& estimator = estimator_named(name);
  TRY(check_values(estimator, values));
  TRY(check_linear(estimator, values));
  const std::string objective =
      values.given("objective") ? values.string("objective") : std::string(estimator.objective);
  Intent intent;
  if (values.given("num_class")) intent.classes = static_cast<size_t>(values.integer("num_class"));
  intent.is_classification = intent.classes.has_value() || (estimator.task && is_classification(*estimator.task));
  if (may_have_upper(estimator) && values.given("label_upper_column") && objective != "survival:aft") {
    return fail(Code::kArgument, "label_upper_column is for objective=\"survival:aft\" only", "leave it out")
        .at(*values.span("label_upper_column"));
  }
  if (objective == "survival:aft" && !values.given("label_upper_column")) {
    return fail(Code::kArgument, "objective \"survival:aft\" learns from intervals: label_upper_column is missing",
                "name the column of the upper ends: the label itself where the event was seen, NULL where it was not")
        .at(values.span("objective").value_or(Span{}));
  }
  if (objective.empty()) return intent;
  intent.task = task_of(objective);
  CHECK(intent.task.has_value());
  if (!fits(estimator, *intent.task)) {
    return fail(Code::kArgument, fmt::format("{} cannot have this objective: \"{}\"", name, objective),
                "xgboost.gbtree takes any objective")
        .at(values.span("objective").value_or(Span{}));
  }
  TRY(check_classes(values, *intent.task, objective));
  intent.is_classification = is_classification(*intent.task);
  intent.label_range = label_range(objective, values);
  if (objective == "reg:quantileerror") {
    const std::vector<double> alphas = values.numbers("quantile_alpha");
    for (size_t i = 0; alphas.size() > 1 && i < alphas.size(); ++i)
      intent.outputs.push_back(fmt::format("quantile_{}", alphas[i]));
  }
  return intent;
}

std::vector<double> importance_of(const Library& library, const BoosterOwner& booster, const FeatureSchema& schema,
                                  const std::string& type) {
  std::vector<double> out(schema.size(), 0.0);
  uint64_t features = 0;
  uint64_t dimensions = 0;
  const char** names = nullptr;
  const uint64_t* shape = nullptr;
  const float* scores = nullptr;
  const std::string config = fmt::format(R"({{"importance_type":"{}"}})", type);
  if (library.booster_scores(booster.handle(), config.c_str(), &features, &names, &dimensions, &shape, &scores) != 0)
    return {};
  // A linear model of many classes has a weight a class.
  if (dimensions != 1) return {};
  double sum = 0;
  for (uint64_t i = 0; i < features; ++i) {
    const auto at = std::ranges::find(schema.features, std::string_view(names[i]), &Feature::name);
    if (at == schema.features.end()) continue;
    // Weights of linear models have signs.
    const double score = std::abs(static_cast<double>(scores[i]));
    out[static_cast<size_t>(at - schema.features.begin())] = score;
    sum += score;
  }
  for (double& value : out) value = sum > 0 ? value / sum : 0;
  return out;
}

// The training rows and those to validate on, as the library wants them.
struct Matrices {
  Matrix train;
  std::optional<Matrix> validation;
};

// Above this share of the step's memory the binned rows go to disk.
constexpr uint64_t kMostShare = 2;

bool belongs_on_disk(const TrainSpec& spec, const MatrixSource& train) {
  if (spec.scratch.empty()) return false;
  if (spec.attributes->boolean("train.disk_cache")) return true;
  // A byte a value, and as much again by column; gradients and sums of each row.
  const uint64_t bytes = uint64_t{train.rows()} * (2 * uint64_t{train.schema().size()} + 32);
  return spec.memory_bytes > 0 && bytes > spec.memory_bytes / kMostShare;
}

Result<Matrices> make_matrices(const Library& library, const Estimator& estimator, const TrainSpec& spec,
                               MatrixSource& train, MatrixSource* validation, uint32_t threads) {
  MatrixOptions options{.threads = threads};
  bool is_plain = is_linear(estimator);
  if (!is_plain) {
    const std::string method = spec.attributes->string("tree_method");
    is_plain = method == "exact" || method == "approx";
    options.max_bin = static_cast<size_t>(spec.attributes->integer("max_bin"));
  }
  const bool on_disk = !is_plain && library.paged_matrix != nullptr && belongs_on_disk(spec, train);
  const auto make = [&](MatrixSource& source, const char* name) {
    if (on_disk) options.cache_prefix = (spec.scratch / name).string();
    return is_plain ? make_plain_matrix(library, source, options) : make_quantile_matrix(library, source, options);
  };
  Matrices out{TRY(make(train, "train")), std::nullopt};
  options.reference = &out.train;
  if (validation != nullptr) out.validation.emplace(TRY(make(*validation, "validation")));
  return out;
}

Result<BoosterOwner> make_booster(const Library& library, const TrainSpec& spec, const Estimator& estimator,
                                  std::vector<DMatrixHandle>& matrices, const FeatureSchema& schema,
                                  const std::string& objective, uint32_t threads, bool is_binned) {
  BoosterHandle handle = nullptr;
  TRY(library.check(library.booster_create(matrices.data(), matrices.size(), &handle), "creating the model"));
  BoosterOwner booster(library, handle);
  if (spec.continued != nullptr) {
    const std::vector<std::byte>& native = spec.continued->native;
    TRY(library.check(library.booster_load(handle, native.data(), native.size()), "reading the model to continue"));
  }
  TRY(FeatureInfo(schema).apply_to_booster(library, handle));
  const AttributeValues& values = *spec.attributes;
  Parameters settings = TRY(parameters(estimator, values, objective, spec.classes, schema));
  const auto seed = values.given("seed") ? values.integer("seed") : static_cast<int64_t>(spec.seed % 2147483647);
  settings.emplace_back("seed", std::to_string(seed));
  settings.emplace_back("nthread", std::to_string(threads));
  for (auto& [name, value] : settings) {
    // The bins were made with the matrix, perhaps one more than asked for.
    if (name == "max_bin" && is_binned) continue;
    TRY(library.check(library.booster_set_param(handle, name.c_str(), value.c_str()), "setting " + name,
                      Code::kArgument));
  }
  return booster;
}

// A library's own words about labels are about the data.
Code code_of_update(const Library& library) {
  const std::string_view words = library.get_last_error();
  return words.find("abel") != std::string_view::npos ? Code::kData : Code::kArgument;
}

Status check_continued(const TrainSpec& spec, const Estimator& estimator, const std::string& objective) {
  if (spec.continued == nullptr) return {};
  const ModelPackage& from = *spec.continued;
  const Estimator* const before = from.library == "xgboost" ? find_estimator(from.estimator) : nullptr;
  if (before == nullptr || before->booster != estimator.booster) {
    return fail(Code::kArgument, fmt::format("{} cannot continue a model of {}", spec.estimator, from.estimator),
                "continue it with the estimator that trained it");
  }
  if (from.objective == objective) return {};
  return fail(Code::kArgument,
              fmt::format("objective differs from that of the model to continue: \"{}\", there \"{}\"", objective,
                          from.objective),
              fmt::format("use objective=\"{}\"", from.objective));
}

Result<Trained> XgboostTrainer::train(const TrainSpec& spec, MatrixSource& train, MatrixSource* validation,
                                      TrainObserver& observer) const {
  const Library& library = *TRY(loaded());
  const Estimator& estimator = estimator_named(spec.estimator);
  const AttributeValues& values = *spec.attributes;
  const std::string objective = objective_for(estimator, values, spec.task);
  TRY(check_continued(spec, estimator, objective));
  if (is_linear(estimator)) TRY(check_no_categories(train.schema()));

  // Both are settings of the calling thread.
  library.register_log_callback(forward_xgboost_log);
  const std::string global = fmt::format(R"({{"verbosity":{}}})", values.integer("verbosity"));
  TRY(library.check(library.set_global_config(global.c_str()), "setting it up"));

  uint32_t threads = spec.threads;
  if (const int64_t most = values.integer("nthread"); most > 0)
    threads = std::min(threads, static_cast<uint32_t>(most));

  observer.stage("binning");
  const Matrices data = TRY(make_matrices(library, estimator, spec, train, validation, threads));
  observer.stage("boosting");
  std::vector<DMatrixHandle> matrices = {data.train.handle()};
  std::vector<const char*> names = {"train"};
  if (data.validation) {
    matrices.push_back(data.validation->handle());
    names.push_back("validate");
  }
  BoosterOwner booster =
      TRY(make_booster(library, spec, estimator, matrices, train.schema(), objective, threads, !train.edges().empty()));
  const BoosterHandle handle = booster.handle();
  int before = 0;
  if (spec.continued != nullptr) TRY(library.check(library.booster_rounds(handle, &before), "counting rounds"));

  const auto rounds = static_cast<uint32_t>(values.integer("train.num_boost_round"));
  History history(values.given("early_stopping_rounds") ? static_cast<size_t>(values.integer("early_stopping_rounds"))
                                                        : 0);
  for (uint32_t round = 0; round < rounds; ++round) {
    const int number = before + static_cast<int>(round);
    const int updated = library.booster_update(handle, number, data.train.handle());
    TRY(library.check(updated, "boosting", updated == 0 ? Code::kData : code_of_update(library)));
    const char* line = nullptr;
    TRY(library.check(library.booster_evaluate(handle, number, matrices.data(), names.data(), matrices.size(), &line),
                      "evaluating a round", Code::kArgument));
    const Metrics metrics = parse_metrics(line);
    const bool goes_on = history.add(metrics);
    if (!observer.round(round + 1, rounds, metrics)) return fail(Code::kCancelled, "cancelled");
    if (!goes_on) break;
  }

  Trained trained;
  trained.library_version = library.version;
  trained.objective = objective;
  trained.native_name = "xgboost.ubj";
  trained.metrics = history.to_json();
  trained.warnings = warnings(estimator, values, objective);
  if (values.given("early_stopping_rounds") && history.best_round() + 1 < history.rounds()) {
    BoosterHandle best = nullptr;
    const auto end = before + static_cast<int>(history.best_round() + 1);
    TRY(library.check(library.booster_slice(handle, 0, end, 1, &best), "keeping the best rounds"));
    booster = BoosterOwner(library, best);
  }
  uint64_t size = 0;
  const char* bytes = nullptr;
  TRY(library.check(library.booster_save(booster.handle(), R"({"format":"ubj"})", &size, &bytes), "saving the model"));
  const auto* const begin = reinterpret_cast<const std::byte*>(bytes);
  trained.native.assign(begin, begin + size);
  const std::string importance = is_linear(estimator) ? "weight" : values.string("importance_type");
  trained.importance = importance_of(library, booster, train.schema(), importance);
  return trained;
}

}  // namespace

std::unique_ptr<Trainer> make_trainer(TrainerOptions options) {
  return std::make_unique<XgboostTrainer>(std::move(options));
}

}  // namespace sinan::ml::xgboost
