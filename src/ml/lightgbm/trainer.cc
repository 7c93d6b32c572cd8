#include "ml/lightgbm/trainer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <mutex>

#include "base/check.h"
#include "base/strings.h"
#include "ml/feature_constraints.h"
#include "ml/lightgbm/attributes.h"
#include "ml/lightgbm/history.h"
#include "ml/lightgbm/library.h"
#include "ml/lightgbm/matrix.h"
#include "ml/lightgbm/thread_gate.h"

namespace sinan::ml::lightgbm {
namespace {

using Metrics = std::vector<std::pair<std::string, double>>;

constexpr int kTrainRows = 0;
constexpr int kValidationRows = 1;

class Booster {
 public:
  static Result<Booster> make(const Library& library, const Dataset& train, const Dataset* validation,
                              const std::string& parameters) {
    BoosterHandle handle = nullptr;
    const int created = library.booster_create(train.handle(), parameters.c_str(), &handle);
    // Objectives look at their labels here.
    const bool is_about_labels = std::string_view(library.get_last_error()).find("label") != std::string_view::npos;
    TRY(library.check(created, "creating the model", is_about_labels ? Code::kData : Code::kArgument));
    Booster booster(library, handle);
    if (validation != nullptr)
      TRY(library.check(library.booster_add_validation(handle, validation->handle()), "preparing to validate"));
    booster.metric_names_ = TRY(booster.read_metric_names());
    return booster;
  }
  Booster(Booster&& other) noexcept
      : library_(other.library_),
        handle_(std::exchange(other.handle_, nullptr)),
        metric_names_(std::move(other.metric_names_)) {}
  Booster& operator=(Booster&&) = delete;
  ~Booster() {
    if (handle_ != nullptr) library_->booster_free(handle_);
  }

  // A model's own text.
  static Result<Booster> parse(const Library& library, std::span<const std::byte> native) {
    const std::string text(reinterpret_cast<const char*>(native.data()), native.size());
    int rounds = 0;
    BoosterHandle handle = nullptr;
    TRY(library.check(library.booster_parse(text.c_str(), &rounds, &handle), "reading the model to continue"));
    return Booster(library, handle);
  }
  // The other's trees come before its own.
  Status put_in_front(const Booster& other) const {
    return library_->check(library_->booster_merge(handle_, other.handle_), "joining the models");
  }
  BoosterHandle handle() const { return handle_; }

  const std::vector<std::string>& metric_names() const { return metric_names_; }

  // False = no leaf could be split.
  Result<bool> grow() const {
    int no_split_left = 0;
    TRY(library_->check(library_->booster_update(handle_, &no_split_left), "boosting"));
    return no_split_left == 0;
  }

  Result<size_t> rounds() const {
    int rounds = 0;
    TRY(library_->check(library_->booster_rounds(handle_, &rounds), "counting rounds"));
    return static_cast<size_t>(rounds);
  }

  Result<std::vector<double>> metrics(int data) const {
    std::vector<double> values(metric_names_.size());
    int count = 0;
    TRY(library_->check(library_->booster_metrics(handle_, data, &count, values.data()), "evaluating a round"));
    CHECK(static_cast<size_t>(count) == values.size());
    return values;
  }

  // Shares by feature, of the first `rounds`.
  Result<std::vector<double>> importance(size_t features, size_t rounds, bool by_gain) const {
    std::vector<double> out(features);
    TRY(library_->check(library_->booster_importance(handle_, static_cast<int>(rounds), by_gain ? 1 : 0, out.data()),
                        "measuring"));
    double sum = 0;
    for (const double value : out) sum += value;
    for (double& value : out) value = sum > 0 ? value / sum : 0;
    return out;
  }

  Result<std::vector<std::byte>> save(size_t rounds) const {
    std::string text;
    int64_t size = 0;
    for (int pass = 0; pass < 2; ++pass) {
      text.resize(static_cast<size_t>(size));
      TRY(library_->check(library_->booster_save(handle_, 0, static_cast<int>(rounds), 0,
                                                 static_cast<int64_t>(text.size()), &size, text.data()),
                          "saving the model"));
    }
    CHECK(!text.empty() && text.back() == '\0');
    text.pop_back();
    const auto* const begin = reinterpret_cast<const std::byte*>(text.data());
    return std::vector<std::byte>(begin, begin + text.size());
  }

 private:
  Booster(const Library& library, BoosterHandle handle) : library_(&library), handle_(handle) {}

  Result<std::vector<std::string>> read_metric_names() const {
    constexpr size_t kLongest = 256;
    int count = 0;
    TRY(library_->check(library_->booster_metric_count(handle_, &count), "naming metrics"));
    std::vector<std::string> names(static_cast<size_t>(count), std::string(kLongest, '\0'));
    std::vector<char*> texts;
    for (std::string& name : names) texts.push_back(name.data());
    size_t needed = 0;
    TRY(library_->check(library_->booster_metric_names(handle_, count, &count, kLongest, &needed, texts.data()),
                        "naming metrics"));
    CHECK(needed <= kLongest);
    for (std::string& name : names) name.resize(name.find('\0'));
    return names;
  }

  const Library* library_;
  BoosterHandle handle_;
  std::vector<std::string> metric_names_;
};

Metrics named(const std::vector<std::string>& names, const std::vector<double>& train,
              const std::vector<double>& validation) {
  Metrics out;
  for (size_t i = 0; i < names.size(); ++i) out.emplace_back("train-" + names[i], train[i]);
  for (size_t i = 0; i < validation.size(); ++i) out.emplace_back("validate-" + names[i], validation[i]);
  return out;
}

History::Options stopping(const AttributeValues& values) {
  History::Options options;
  if (values.given("early_stopping_rounds"))
    options.patience = static_cast<size_t>(values.integer("early_stopping_rounds"));
  options.least_improvement = values.number("early_stopping_min_delta");
  options.first_metric_only = values.boolean("first_metric_only");
  return options;
}

constexpr Trainer::AutoSearch kAutoSearches[] = {
    {.estimator = "lightgbm.gbdt",
     .attributes = "train.num_boost_round=300, early_stopping_rounds=20, learning_rate=log_range(0.02, 0.3), "
                   "num_leaves=log_range(4, 128), min_data_in_leaf=log_range(5, 50), feature_fraction=range(0.4, 1.0), "
                   "lambda_l2=log_range(0.01, 100)"}};

class LightgbmTrainer final : public Trainer {
 public:
  explicit LightgbmTrainer(TrainerOptions options) : options_(std::move(options)) {}

  std::string_view library() const override { return "lightgbm"; }
  bool takes_sparse() const override { return true; }

  std::vector<std::string> estimators() const override {
    std::vector<std::string> names;
    for (const Estimator& estimator : lightgbm::estimators()) names.emplace_back(estimator.name);
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
  bool can_continue(std::string_view name) const override { return estimator_named(name).boosting != "rf"; }
  Result<Trained> train(const TrainSpec& spec, MatrixSource& train, MatrixSource* validation,
                        TrainObserver& observer) const override;

  flow::DoctorFinding doctor() const override {
    auto library = loaded();
    if (!library) return {"LightGBM", false, library.error().message, library.error().hint};
    return {"LightGBM 4", true, (*library)->path, ""};
  }

 private:
  static const Estimator& estimator_named(std::string_view name) {
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
  const bool is_class = task == Task::kBinary || task == Task::kMulticlass;
  return *estimator.task == Task::kMulticlass ? is_class : *estimator.task == task;
}

Status check_classes(const AttributeValues& values, Task task, const std::string& objective) {
  if (!values.given("num_class")) return {};
  const Span place = values.span("num_class").value_or(Span{});
  if (task == Task::kRegression || task == Task::kRanking) {
    return fail(Code::kArgument, fmt::format("num_class has no meaning with objective \"{}\"", objective),
                "leave it out, or use objective=\"multiclass\"")
        .at(place);
  }
  if (task == Task::kBinary && values.integer("num_class") != 2) {
    return fail(Code::kArgument,
                fmt::format("objective \"{}\" is for two classes: num_class is {}", objective,
                            values.integer("num_class")),
                "use objective=\"multiclass\"")
        .at(place);
  }
  return {};
}

// What the library refuses in words of its own, which it writes to standard error besides.
std::optional<Trainer::LabelRange> label_range(const std::string& objective, const AttributeValues& values) {
  constexpr double kMostRelevance = 30;  // without label_gain
  if (objective == "poisson" || objective == "gamma" || objective == "tweedie")
    return Trainer::LabelRange{.objective = objective};
  if (objective == "cross_entropy" || objective == "cross_entropy_lambda")
    return Trainer::LabelRange{.objective = objective, .high = 1};
  if (objective != "lambdarank" && objective != "rank_xendcg") return std::nullopt;
  const size_t gains = values.given("label_gain") ? values.numbers("label_gain").size() : 0;
  return Trainer::LabelRange{
      .objective = objective, .high = gains > 0 ? static_cast<double>(gains) - 1 : kMostRelevance, .is_whole = true};
}

Result<Trainer::Intent> LightgbmTrainer::intent(std::string_view name, const AttributeValues& values) const {
  const Estimator& estimator = estimator_named(name);
  TRY(check_values(estimator, values));
  Intent intent;
  if (values.given("num_class")) intent.classes = static_cast<size_t>(values.integer("num_class"));
  intent.is_classification = intent.classes.has_value() || estimator.task == Task::kMulticlass;
  if (!values.given("objective")) {
    if (estimator.task && estimator.task != Task::kMulticlass) {
      intent.task = estimator.task;
      const std::string objective = objective_for(values, *intent.task);
      TRY(check_classes(values, *intent.task, objective));
      intent.label_range = label_range(objective, values);
    }
    return intent;
  }
  const std::string objective(canonical_objective(values.string("objective")));
  intent.task = task_of(objective);
  if (!fits(estimator, *intent.task)) {
    return fail(Code::kArgument, fmt::format("{} cannot have this objective: \"{}\"", name, objective),
                "lightgbm.gbdt takes any objective")
        .at(values.span("objective").value_or(Span{}));
  }
  TRY(check_classes(values, *intent.task, objective));
  intent.is_classification = intent.task == Task::kBinary || intent.task == Task::kMulticlass;
  intent.label_range = label_range(objective, values);
  return intent;
}

Result<std::string> constraint_parameters(const AttributeValues& values, const FeatureSchema& schema) {
  std::string out;
  if (const auto signs = TRY(monotone_signs(values, schema)); !signs.empty())
    out += fmt::format(" monotone_constraints={}", fmt::join(signs, ","));
  const auto groups = TRY(interaction_groups(values, schema));
  for (size_t i = 0; i < groups.size(); ++i)
    out += fmt::format("{}[{}]", i == 0 ? " interaction_constraints=" : ",", fmt::join(groups[i], ","));
  return out;
}

// Everything the library is told, in one text.
Result<std::string> all_parameters(const TrainSpec& spec, const Estimator& estimator, const std::string& objective,
                                   const FeatureSchema& schema, uint32_t threads) {
  const AttributeValues& values = *spec.attributes;
  std::string out = parameters(estimator, values, objective, spec.classes);
  out += TRY(constraint_parameters(values, schema));
  if (const std::string categories = categorical_parameter(schema); !categories.empty()) out += " " + categories;
  const auto seed = values.given("seed") ? values.integer("seed") : static_cast<int64_t>(spec.seed % 2147483647);
  return out + fmt::format(" seed={} num_threads={}", seed, threads);
}

Status check_groups(const std::string& objective, MatrixSource& train) {
  if (task_of(objective) != Task::kRanking) return {};
  TRY(train.rewind());
  const auto block = TRY(train.next());
  if (block && !block->group.empty()) return {};
  return fail(Code::kArgument,
              fmt::format("objective \"{}\" ranks the rows of groups, and the data have no groups", objective),
              "name the column that tells the groups apart, or use another objective");
}

struct Grown {
  History history;
  size_t rounds = 0;  // to keep
  std::vector<std::string> warnings;
};

// `before`: rounds of the model that is continued.
Result<Grown> grow(const Booster& booster, const AttributeValues& values, size_t before, bool validates, bool is_random,
                   TrainObserver& observer) {
  Grown grown{History(booster.metric_names(), stopping(values)), 0, {}};
  const auto most = static_cast<uint32_t>(values.integer("train.num_boost_round"));
  for (uint32_t round = 0; round < most; ++round) {
    const bool has_split = TRY(booster.grow());
    const bool is_kept = TRY(booster.rounds()) > before + grown.history.rounds();
    if (is_kept) {
      const std::vector<double> train = TRY(booster.metrics(kTrainRows));
      const std::vector<double> validation = validates ? TRY(booster.metrics(kValidationRows)) : std::vector<double>();
      const bool goes_on = grown.history.add(train, validation);
      if (!observer.round(round + 1, most, named(booster.metric_names(), train, validation)))
        return fail(Code::kCancelled, "cancelled");
      if (!goes_on) break;
    } else if (!observer.round(round + 1, most, {})) {
      return fail(Code::kCancelled, "cancelled");
    }
    if (has_split || is_random) continue;
    grown.warnings.push_back(
        fmt::format("training ended after {} of {} rounds: no leaf can be split any more (min_data_in_leaf is {})",
                    grown.history.rounds(), most, values.integer("min_data_in_leaf")));
    break;
  }
  if (grown.history.rounds() == 0) return fail(Code::kData, "no tree could be grown from these rows");
  grown.rounds = before + grown.history.best_round() + 1;
  return grown;
}

Status check_continued(const TrainSpec& spec, const Estimator& estimator, const std::string& objective) {
  const ModelPackage& from = *spec.continued;
  const Estimator* const before = from.library == "lightgbm" ? find_estimator(from.estimator) : nullptr;
  const bool is_forest = before != nullptr && before->boosting == "rf";
  if (before == nullptr || is_forest || (before->boosting == "dart") != (estimator.boosting == "dart")) {
    return fail(Code::kArgument, fmt::format("{} cannot continue a model of {}", spec.estimator, from.estimator),
                is_forest ? "the trees of a forest are averaged: train a larger one"
                          : "continue it with the estimator that trained it");
  }
  if (from.objective == objective) return {};
  return fail(Code::kArgument,
              fmt::format("objective differs from that of the model to continue: \"{}\", there \"{}\"", objective,
                          from.objective),
              fmt::format("use objective=\"{}\"", from.objective));
}

Result<Trained> LightgbmTrainer::train(const TrainSpec& spec, MatrixSource& train, MatrixSource* validation,
                                       TrainObserver& observer) const {
  const Library& library = *TRY(loaded());
  const Estimator& estimator = estimator_named(spec.estimator);
  const AttributeValues& values = *spec.attributes;
  const std::string objective = objective_for(values, spec.task);
  uint32_t threads = std::max(spec.threads, 1u);
  if (const int64_t most = values.integer("num_threads"); most > 0)
    threads = std::min(threads, static_cast<uint32_t>(most));
  const std::string settings = TRY(all_parameters(spec, estimator, objective, train.schema(), threads));
  TRY(check_groups(objective, train));
  if (spec.continued != nullptr) TRY(check_continued(spec, estimator, objective));

  // One setting of the process, whoever made this trainer.
  static ThreadGate gate;
  observer.stage("binning");
  const auto rounds = static_cast<uint32_t>(values.integer("train.num_boost_round"));
  const ThreadGate::Entry entry = TRY(gate.enter(threads, [&] { return observer.round(0, rounds, {}); }));
  const LogForwarding forwarding(library);
  const Dataset data = TRY(make_dataset(library, train, settings, nullptr));
  std::optional<Dataset> validation_data;
  if (validation != nullptr) validation_data.emplace(TRY(make_dataset(library, *validation, settings, &data)));

  observer.stage("boosting");
  std::optional<Booster> base;
  if (spec.continued != nullptr) {
    base.emplace(TRY(Booster::parse(library, spec.continued->native)));
    const size_t outputs = task_of(objective) == Task::kMulticlass ? spec.classes : 1;
    TRY(start_from(library, train, data, base->handle(), outputs, threads));
    if (validation != nullptr)
      TRY(start_from(library, *validation, *validation_data, base->handle(), outputs, threads));
  }
  const Booster booster = TRY(Booster::make(library, data, validation_data ? &*validation_data : nullptr, settings));
  if (base) TRY(booster.put_in_front(*base));
  const size_t before = base ? TRY(booster.rounds()) : 0;
  Grown grown = TRY(grow(booster, values, before, validation != nullptr, is_random(estimator, values), observer));

  Trained trained;
  trained.objective = objective;
  trained.native_name = "lightgbm.txt";
  trained.native = TRY(booster.save(grown.rounds));
  trained.library_version = "4";
  trained.metrics = grown.history.to_json();
  trained.importance =
      TRY(booster.importance(train.schema().size(), grown.rounds, values.string("importance_type") == "gain"));
  trained.warnings = warnings(values, objective);
  trained.warnings.insert(trained.warnings.end(), grown.warnings.begin(), grown.warnings.end());
  return trained;
}

}  // namespace

std::unique_ptr<Trainer> make_trainer(TrainerOptions options) {
  return std::make_unique<LightgbmTrainer>(std::move(options));
}

}  // namespace sinan::ml::lightgbm
