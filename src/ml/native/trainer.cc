#include "ml/native/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/check.h"
#include "base/strings.h"
#include "ml/data_workers.h"
#include "ml/held_out_score.h"
#include "ml/metrics.h"
#include "ml/native/clusters.h"
#include "ml/native/estimators.h"
#include "ml/native/linear_fit.h"
#include "ml/native/one_class_svm.h"
#include "ml/native/score_card.h"

namespace sinan::ml::native {
namespace {

constexpr size_t kMostColumns = size_t{1} << 20;  // of linear models, where a category is one step
constexpr size_t kMostDenseColumns = 4096;        // where every column is laid out
constexpr size_t kMostSvmRows = 200'000;          // its time grows with their square

const Estimator& estimator_named(std::string_view name) {
  const Estimator* estimator = find_estimator(name);
  CHECK(estimator != nullptr);
  return *estimator;
}

// What one training works with.
struct Job {
  const TrainSpec& spec;
  const Estimator& estimator;
  const AttributeValues& values;
  MatrixSource& train;
  MatrixSource* validation;
  TrainObserver& observer;
  Workers& workers;
  const DesignRows& rows;

  uint32_t steps() const { return static_cast<uint32_t>(values.integer("max_iterations")); }
};

Result<Json> measured(const Predictor& predictor, MatrixSource& source, Task task, size_t classes) {
  const Scored scored = TRY(score_matrix(predictor, {.task = task, .classes = classes}, source));
  Json out = Json::object();
  const auto add = [&](std::string_view name, std::string_view metric) -> Status {
    out.set(std::string(name), Json::array({TRY(compute_metric(*TRY(find_metric(metric, task)), scored))}));
    return {};
  };
  if (is_classification(task)) {
    TRY(add("accuracy", "accuracy_score"));
    if (task == Task::kBinary) TRY(add("auc", "roc_auc_score"));
    TRY(add("logloss", "log_loss"));
  } else {
    TRY(add("r2", "r2_score"));
    TRY(add("rmse", "RootMeanSquaredError"));
  }
  return out;
}

// What all of them have in common; `predictor` measures the model where there is a label.
Result<Trained> finish(const Job& job, std::string objective, std::vector<std::byte> native,
                       const Predictor* predictor = nullptr) {
  Trained out;
  out.library_version = "1";
  out.objective = std::move(objective);
  out.native = std::move(native);
  out.native_name = kFileName;
  out.warnings = warnings(job.estimator, job.values);
  if (predictor == nullptr) return out;
  out.metrics = Json::object({{"rounds", 0}, {"best_round", 0}});
  out.metrics.set("train", TRY(measured(*predictor, job.train, job.spec.task, job.spec.classes)));
  if (job.validation != nullptr)
    out.metrics.set("validation", TRY(measured(*predictor, *job.validation, job.spec.task, job.spec.classes)));
  return out;
}

// --- linear ---

LinearOptions linear_options(const Job& job) {
  const AttributeValues& values = job.values;
  LinearOptions out;
  out.standardize = values.boolean("standardize");
  out.fit_intercept = values.boolean("fit_intercept");
  out.tolerance = values.number("tolerance");
  out.max_iterations = job.steps();
  const auto rows = static_cast<double>(job.rows.rows());
  switch (job.estimator.penalty) {
    case Estimator::Penalty::kStrengths:
      out.l1 = values.number("l1_regularization");
      out.l2 = values.number("l2_regularization");
      break;
    case Estimator::Penalty::kC:
      out.l1 = values.number("l1_ratio") / values.number("C");
      out.l2 = (1 - values.number("l1_ratio")) / values.number("C");
      break;
    case Estimator::Penalty::kAlpha: {
      // scikit-learn's Ridge adds up the rows' losses, its Lasso and ElasticNet take their mean.
      const double ratio = values.number("l1_ratio");
      const double alpha = values.number("alpha") * (job.estimator.name == "Ridge" && ratio == 0 ? 1 : rows);
      out.l1 = alpha * ratio;
      out.l2 = alpha * (1 - ratio);
    }
  }
  return out;
}

// Mean sizes of the features' parts of the margins, as shares.
Result<std::vector<double>> importance_of(const Explainer& explainer, const DesignRows& rows) {
  const size_t features = rows.schema().size();
  const size_t stride = explainer.outputs() * (features + 1);
  std::vector<double> sums(features);
  constexpr size_t kMostValues = size_t{1} << 22;
  for (size_t s = 0; s < DesignRows::kSlices; ++s) {
    MatrixBlock block = rows.slice(s);
    // The first rows of each slice will do.
    block.rows = std::min(block.rows, std::max<size_t>(kMostValues / stride, 1));
    if (block.rows == 0) continue;
    std::vector<float> contributions(block.rows * stride);
    TRY(explainer.explain(block, contributions));
    for (size_t i = 0; i < block.rows * explainer.outputs(); ++i)
      for (size_t j = 0; j < features; ++j)
        sums[j] += std::abs(static_cast<double>(contributions[i * (features + 1) + j]));
  }
  double total = 0;
  for (const double sum : sums) total += sum;
  for (double& sum : sums) sum = total > 0 ? sum / total : 0;
  return sums;
}

Result<Trained> train_linear(const Job& job) {
  Design design = TRY(Design::fit(job.rows, kMostColumns));
  const Link link = job.spec.task == Task::kMulticlass ? Link::kSoftmax
                    : job.spec.task == Task::kBinary   ? Link::kLogistic
                                                       : Link::kIdentity;
  const std::span<const float> weights = job.rows.weight();
  const LinearOptions options = linear_options(job);
  job.observer.stage("fitting");
  const LinearFit fit = TRY(fit_linear(job.rows, std::move(design), link, link == Link::kSoftmax ? job.spec.classes : 1,
                                       weights, options, job.workers, [&](uint32_t step, double loss) {
                                         const std::pair<std::string, double> metric{"loss", loss};
                                         return job.observer.round(step, job.steps(), std::span(&metric, 1));
                                       }));
  std::vector<std::byte> native = write_linear(fit.model);
  const auto model = std::make_shared<const LinearModel>(fit.model);
  const OpenedModel opened = linear_at_work(model);
  constexpr std::string_view kObjectives[] = {"squared error", "logistic", "softmax"};
  Trained out =
      TRY(finish(job, std::string(kObjectives[static_cast<size_t>(link)]), std::move(native), opened.predictor.get()));
  out.importance = TRY(importance_of(*opened.explainer, job.rows));
  if (!fit.converged) {
    out.warnings.push_back(
        fmt::format("the optimiser had not met its tolerance after {} steps (max_iterations){}", fit.iterations,
                    options.l2 == 0 && link != Link::kIdentity
                        ? ": without a penalty, classes that can be told apart perfectly have no best weights"
                        : ""));
  }
  return out;
}

// --- the others ---

Result<Trained> train_clusters(const Job& job) {
  const AttributeValues& values = job.values;
  ClusterOptions options;
  options.clusters = static_cast<size_t>(values.integer("center_count"));
  options.starts = static_cast<uint32_t>(values.integer("n_init"));
  options.max_iterations = job.steps();
  options.tolerance = values.number("tolerance");
  options.standardize = values.boolean("standardize");
  options.seed = values.given("seed") ? static_cast<uint64_t>(values.integer("seed")) : job.spec.seed;
  Design design = TRY(Design::fit(job.rows, kMostDenseColumns));
  job.observer.stage("clustering");
  Json history = Json::array();
  const uint32_t most = options.starts * options.max_iterations;
  const ClusterFit fit =
      TRY(fit_clusters(job.rows, std::move(design), options, job.workers, [&](uint32_t step, double inertia) {
        history.push_back(inertia);
        const std::pair<std::string, double> metric{"inertia", inertia};
        return job.observer.round(step, most, std::span(&metric, 1));
      }));
  if (options.starts > 1) history = Json::array();
  history.push_back(fit.inertia);
  const auto rounds = static_cast<int64_t>(history.items().size());
  Trained out = TRY(finish(job, "squared distance", write_clusters(fit.model)));
  out.metrics = Json::object({{"rounds", options.starts > 1 ? 0 : rounds}, {"best_round", rounds - 1}});
  out.metrics.set("train", Json::object({{"inertia", std::move(history)}}));
  if (!fit.converged)
    out.warnings.push_back(
        fmt::format("rows still changed their cluster after {} iterations (max_iterations)", options.max_iterations));
  return out;
}

Result<Trained> train_card(const Job& job) {
  const AttributeValues& values = job.values;
  CardOptions options;
  options.bins = static_cast<size_t>(values.integer("pf_bin_size"));
  options.factor = values.number("factor");
  options.offset = values.number("offset");
  options.l1 = values.number("l1_regularization");
  options.l2 = values.number("l2_regularization");
  options.max_iterations = job.steps();
  job.observer.stage("fitting");
  auto card =
      std::make_shared<const ScoreCard>(TRY(fit_card(job.rows, options, job.workers, [&](uint32_t step, double loss) {
        const std::pair<std::string, double> metric{"loss", loss};
        return job.observer.round(step, job.steps(), std::span(&metric, 1));
      })));
  const OpenedModel opened = card_at_work(card, job.rows.schema());
  Trained out = TRY(finish(job, std::string(kScoreObjective), write_card(*card), opened.predictor.get()));
  out.importance = TRY(importance_of(*opened.explainer, job.rows));
  return out;
}

Result<double> gamma_of(const AttributeValues& values, const Design& design, bool standardize) {
  const std::string text = values.string("gamma");
  if (text == "scale") return svm_gamma_scale(design, standardize);
  if (text == "auto") return 1 / static_cast<double>(design.width());
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && std::isfinite(value) && value > 0) return value;
  return fail(Code::kArgument, fmt::format("attribute \"gamma\" cannot be \"{}\"", text),
              "it can be scale, auto or a number above 0, such as \"0.1\"")
      .at(values.span("gamma").value_or(Span{}));
}

Result<Trained> train_svm(const Job& job) {
  const AttributeValues& values = job.values;
  if (job.rows.rows() > kMostSvmRows) {
    return fail(Code::kData,
                fmt::format("too many rows for OneClassSVM, whose time grows with their square: {}",
                            human_count(job.rows.rows())),
                "train on a sample of the rows: USING SAMPLE 20000 ROWS");
  }
  SvmOptions options;
  constexpr std::string_view kKernels[] = {"rbf", "linear", "poly", "sigmoid"};
  options.kernel.kind =
      static_cast<SvmKernel::Kind>(std::ranges::find(kKernels, values.string("kernel")) - std::begin(kKernels));
  options.kernel.degree = static_cast<uint32_t>(values.integer("degree"));
  options.kernel.coef0 = values.number("coef0");
  options.nu = values.number("nu");
  options.tolerance = values.number("tol");
  options.max_iterations = values.integer("max_iter");
  options.standardize = values.boolean("standardize");
  options.cache_bytes = static_cast<uint64_t>(values.number("cache_size") * 1048576);
  Design design = TRY(Design::fit(job.rows, kMostDenseColumns));
  options.kernel.gamma = TRY(gamma_of(values, design, options.standardize));
  job.observer.stage("optimising");
  const SvmFit fit = TRY(fit_svm(job.rows, std::move(design), options, job.workers, [&](uint64_t step, double left) {
    const std::pair<std::string, double> metric{"violation", left};
    // How many there will be is not known; about as many as there are rows.
    const auto done = static_cast<uint32_t>(std::min<uint64_t>(step, UINT32_MAX - 1));
    return job.observer.round(done, std::max(static_cast<uint32_t>(job.rows.rows()), done + 1), std::span(&metric, 1));
  }));
  Trained out = TRY(finish(job, "one class, kernel " + values.string("kernel"), write_svm(fit.model)));
  const auto vectors = static_cast<double>(fit.model.alpha.size());
  out.metrics = Json::object({{"rounds", 0}, {"best_round", 0}});
  out.metrics.set("train",
                  Json::object({{"support_vectors", Json::array({vectors})},
                                {"support_share", Json::array({vectors / static_cast<double>(job.rows.rows())})}}));
  if (!fit.converged)
    out.warnings.push_back(fmt::format("the tolerance was not met after {} steps (max_iter)", fit.iterations));
  return out;
}

constexpr Trainer::AutoSearch kAutoSearches[] = {
    {.estimator = "LinearClassifier", .attributes = "l2_regularization=log_range(0.001, 1000)", .regresses = false},
    {.estimator = "LinearRegressor", .attributes = "l2_regularization=log_range(0.001, 1000)", .classifies = false}};

class NativeTrainer final : public Trainer {
 public:
  std::string_view library() const override { return kLibrary; }
  std::vector<std::string> estimators() const override {
    std::vector<std::string> names;
    for (const Estimator& estimator : native::estimators()) names.emplace_back(estimator.name);
    return names;
  }
  std::string canonical_estimator(std::string_view name) const override {
    const Estimator* estimator = find_estimator(name);
    return estimator == nullptr ? std::string() : std::string(estimator->name);
  }
  std::span<const AttributeSpec> attributes(std::string_view name) const override {
    return attributes_of(estimator_named(name));
  }
  bool learns_label(std::string_view name) const override {
    const Family family = estimator_named(name).family;
    return family == Family::kLinear || family == Family::kScoreCard;
  }

  std::span<const AutoSearch> auto_searches() const override { return kAutoSearches; }

  Result<Intent> intent(std::string_view name, const AttributeValues& values) const override {
    const Estimator& estimator = estimator_named(name);
    Intent intent;
    switch (estimator.family) {
      case Family::kLinear:
        intent.is_classification = estimator.is_classifier;
        if (!estimator.is_classifier) intent.task = Task::kRegression;
        if (estimator.is_classifier && values.given("n_classes"))
          intent.classes = static_cast<size_t>(values.integer("n_classes"));
        break;
      case Family::kScoreCard:
        intent.task = Task::kBinary;
        intent.is_classification = true;
        intent.predicts_score = true;
        break;
      case Family::kClusters:
        intent.task = Task::kClustering;
        break;
      case Family::kSvm:
        intent.task = Task::kAnomaly;
    }
    return intent;
  }

  Result<Trained> train(const TrainSpec& spec, MatrixSource& train, MatrixSource* validation,
                        TrainObserver& observer) const override {
    observer.stage("reading rows");
    const DesignRows rows = TRY(DesignRows::read(train));
    Workers workers(std::max(spec.threads, 1U));
    const Estimator& estimator = estimator_named(spec.estimator);
    const Job job{spec, estimator, *spec.attributes, train, validation, observer, workers, rows};
    switch (estimator.family) {
      case Family::kLinear:
        return train_linear(job);
      case Family::kClusters:
        return train_clusters(job);
      case Family::kScoreCard:
        return train_card(job);
      case Family::kSvm:
        return train_svm(job);
    }
    CHECK(false);
  }

  flow::DoctorFinding doctor() const override { return {"own estimators", true, join(estimators(), ", "), ""}; }
};

}  // namespace

std::unique_ptr<Trainer> make_trainer() { return std::make_unique<NativeTrainer>(); }

Result<OpenedModel> open(const ModelPackage& package) {
  const ModelFile file = TRY(ModelFile::read(package.native));
  struct Kind {
    std::string_view name;
    Result<OpenedModel> (*open)(const ModelFile&, const ModelPackage&);
  };
  constexpr Kind kKinds[] = {
      {"linear", open_linear}, {"clusters", open_clusters}, {"score_card", open_card}, {"one_class_svm", open_svm}};
  const auto found = std::ranges::find(kKinds, file.header().at("kind").string_view(), &Kind::name);
  if (found != std::end(kKinds)) return found->open(file, package);
  return fail(Code::kUnsupported, "model is of a kind that this build does not know", "update Sinan");
}

}  // namespace sinan::ml::native
