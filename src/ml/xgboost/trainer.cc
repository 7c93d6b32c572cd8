#include "ml/xgboost/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
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

class Booster {
 public:
  Booster(const Library& library, BoosterHandle handle) : library_(&library), handle_(handle) {}
  Booster(Booster&& other) noexcept : library_(other.library_), handle_(std::exchange(other.handle_, nullptr)) {}
  Booster& operator=(Booster&& other) noexcept {
    std::swap(library_, other.library_);
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Booster() {
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

bool is_better_higher(std::string_view metric) {
  return metric.starts_with("auc") || metric.starts_with("map") || metric.starts_with("ndcg") ||
         metric.starts_with("pre");
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

  std::optional<Binning> binning(std::string_view, const AttributeValues& values) const override {
    const std::string method = values.string("tree_method");
    const auto sample = static_cast<uint64_t>(values.integer("train.cut_sample_rows"));
    if (sample == 0 || method == "exact" || method == "approx") return std::nullopt;
    // One of 256 bins is given up, so that a code fits a byte.
    const auto bins = static_cast<size_t>(values.integer("max_bin"));
    return Binning{kExactRows, sample, bins == 256 ? 255 : bins};
  }

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

Result<Trainer::Intent> XgboostTrainer::intent(std::string_view name, const AttributeValues& values) const {
  const Estimator& estimator = estimator_named(name);
  TRY(check_metrics(values));
  const std::string objective =
      values.given("objective") ? values.string("objective") : std::string(estimator.objective);
  Intent intent;
  intent.is_classification = estimator.is_classifier;
  if (values.given("num_class")) {
    intent.classes = static_cast<size_t>(values.integer("num_class"));
    intent.is_classification = true;
  }
  if (objective.empty()) return intent;
  intent.task = task_of(objective);
  const Span place = values.span("objective").value_or(Span{});
  if (!intent.task) {
    return fail(Code::kUnsupported, fmt::format("objective is not available in this build: \"{}\"", objective),
                "ranking and survival come later; classification and regression are here")
        .at(place);
  }
  if (estimator.is_classifier && intent.task == Task::kRegression) {
    return fail(Code::kArgument, fmt::format("{} cannot have a regression objective: \"{}\"", name, objective),
                "use xgboost.XGBRegressor")
        .at(place);
  }
  if (intent.classes && intent.task == Task::kRegression) {
    return fail(Code::kArgument, fmt::format("num_class has no meaning with objective \"{}\"", objective),
                "leave it out, or use objective=\"multi:softprob\"")
        .at(values.span("num_class").value_or(Span{}));
  }
  if (intent.classes && intent.task == Task::kBinary && *intent.classes != 2) {
    return fail(Code::kArgument,
                fmt::format("objective \"{}\" is for two classes: num_class is {}", objective, *intent.classes),
                "use objective=\"multi:softprob\"")
        .at(values.span("num_class").value_or(Span{}));
  }
  intent.is_classification = intent.task != Task::kRegression;
  return intent;
}

std::vector<double> importance_of(const Library& library, const Booster& booster, const FeatureSchema& schema,
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
  double sum = 0;
  for (uint64_t i = 0; i < features && dimensions == 1; ++i) {
    const auto at = std::ranges::find(schema.features, std::string_view(names[i]), &Feature::name);
    if (at == schema.features.end()) continue;
    out[static_cast<size_t>(at - schema.features.begin())] = static_cast<double>(scores[i]);
    sum += static_cast<double>(scores[i]);
  }
  for (double& value : out) value = sum > 0 ? value / sum : 0;
  return out;
}

Result<Trained> XgboostTrainer::train(const TrainSpec& spec, MatrixSource& train, MatrixSource* validation,
                                      TrainObserver& observer) const {
  const Library& library = *TRY(loaded());
  const Estimator& estimator = estimator_named(spec.estimator);
  const AttributeValues& values = *spec.attributes;
  const std::string objective = objective_for(estimator, values, spec.task);

  // Both are settings of the calling thread.
  library.register_log_callback(forward_xgboost_log);
  const std::string global = fmt::format(R"({{"verbosity":{}}})", values.integer("verbosity"));
  TRY(library.check(library.set_global_config(global.c_str()), "setting it up"));

  uint32_t threads = spec.threads;
  if (const int64_t most = values.integer("nthread"); most > 0)
    threads = std::min(threads, static_cast<uint32_t>(most));
  MatrixOptions options{threads, static_cast<size_t>(values.integer("max_bin")), nullptr};
  const std::string method = values.string("tree_method");
  const bool is_plain = method == "exact" || method == "approx";

  observer.stage("binning");
  const Matrix matrix =
      TRY(is_plain ? make_plain_matrix(library, train, options) : make_quantile_matrix(library, train, options));
  std::optional<Matrix> validation_matrix;
  if (validation != nullptr) {
    options.reference = &matrix;
    validation_matrix.emplace(TRY(is_plain ? make_plain_matrix(library, *validation, options)
                                           : make_quantile_matrix(library, *validation, options)));
  }

  observer.stage("boosting");
  std::vector<DMatrixHandle> matrices = {matrix.handle()};
  std::vector<const char*> names = {"train"};
  if (validation_matrix) {
    matrices.push_back(validation_matrix->handle());
    names.push_back("validate");
  }
  BoosterHandle handle = nullptr;
  TRY(library.check(library.booster_create(matrices.data(), matrices.size(), &handle), "creating the model"));
  Booster booster(library, handle);
  TRY(FeatureInfo(train.schema()).apply_to_booster(library, handle));
  auto settings = parameters(estimator, values, objective, spec.classes);
  const auto seed = values.given("seed") ? values.integer("seed") : static_cast<int64_t>(spec.seed % 2147483647);
  settings.emplace_back("seed", std::to_string(seed));
  settings.emplace_back("nthread", std::to_string(threads));
  for (auto& [name, value] : settings) {
    // The bins were made with the matrix, perhaps one more than asked for.
    if (name == "max_bin" && !train.edges().empty()) continue;
    TRY(library.check(library.booster_set_param(handle, name.c_str(), value.c_str()), "setting " + name,
                      Code::kArgument));
  }

  const auto rounds = static_cast<uint32_t>(values.integer("train.num_boost_round"));
  History history(values.given("early_stopping_rounds") ? static_cast<size_t>(values.integer("early_stopping_rounds"))
                                                        : 0);
  for (uint32_t round = 0; round < rounds; ++round) {
    TRY(library.check(library.booster_update(handle, static_cast<int>(round), matrix.handle()), "boosting"));
    const char* line = nullptr;
    TRY(library.check(library.booster_evaluate(handle, static_cast<int>(round), matrices.data(), names.data(),
                                               matrices.size(), &line),
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
  trained.warnings = warnings(values, objective);
  if (values.given("early_stopping_rounds") && history.best_round() + 1 < history.rounds()) {
    BoosterHandle best = nullptr;
    const auto end = static_cast<int>(history.best_round() + 1);
    TRY(library.check(library.booster_slice(handle, 0, end, 1, &best), "keeping the best rounds"));
    booster = Booster(library, best);
  }
  uint64_t size = 0;
  const char* bytes = nullptr;
  TRY(library.check(library.booster_save(booster.handle(), R"({"format":"ubj"})", &size, &bytes), "saving the model"));
  const auto* const begin = reinterpret_cast<const std::byte*>(bytes);
  trained.native.assign(begin, begin + size);
  trained.importance = importance_of(library, booster, train.schema(), values.string("importance_type"));
  return trained;
}

}  // namespace

std::unique_ptr<Trainer> make_trainer(TrainerOptions options) {
  return std::make_unique<XgboostTrainer>(std::move(options));
}

}  // namespace sinan::ml::xgboost
