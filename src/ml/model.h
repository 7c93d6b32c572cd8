// Model: a trained model with everything needed to use it, and its package on disk (docs/formats/model.md).
//
// A package is a folder: `model.json` (manifest: format version, estimator, task, feature plan, label map, attributes,
// statement, metrics by round, data fingerprint, size and XXH3 of every other file) and the library's own file
// ("xgboost.ubj"). Nothing in it is executable. open() refuses truncated, altered and newer packages with kData /
// kUnsupported and the path. A Model is immutable and thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "flow/outcome.h"
#include "io/file_system.h"
#include "ml/baseline.h"
#include "ml/conformal.h"
#include "ml/feature_plan.h"
#include "ml/predictor.h"

namespace sinan::ml::series {
struct Forecaster;
}

namespace sinan::ml {

enum class Task : uint8_t {
  kRegression,
  kBinary,
  kMulticlass,
  kRanking,
  kClustering,  // no label; predicts the number of a group, from 0
  kAnomaly,     // no label; predicts 1 for rows like those of the training, -1 for others
  kForecast,    // of time series: a forecaster in place of a predictor
};
std::string_view to_string(Task task);
std::optional<Task> task_named(std::string_view name);
inline bool is_classification(Task task) { return task == Task::kBinary || task == Task::kMulticlass; }
// Of models of two classes whose predictions are points (Predictor::score).
inline constexpr std::string_view kScoreObjective = "score card";
inline bool has_label(Task task) { return task != Task::kClustering && task != Task::kAnomaly; }

// Rows and order-independent hash of the data a model learnt from (ml/data_fingerprint.h); no hash = not known.
struct DataIdentity {
  uint64_t rows = 0;
  std::string hash;  // 32 hexadecimal digits
};

struct ModelPackage {
  std::string estimator;  // "xgboost.gbtree"
  std::string library;    // "xgboost", "lightgbm": who wrote `native`
  std::string library_version;
  Task task = Task::kRegression;
  std::string objective;  // "binary:logistic"
  FeaturePlan plan;
  LabelMap label;
  Json attributes;        // as given, with their effective values
  std::string statement;  // the TRAIN statement's text
  Json metrics;           // {"train": {"logloss": [..]}, "validation": {...}, "best_round": 41}
  uint64_t rows = 0;
  DataIdentity data;  // of the training query's rows
  uint64_t seed = 0;
  std::vector<double> importance;  // by feature, gain share; may be empty
  Calibration calibration;         // by the validation rows, if there were any
  Baseline baseline;               // how the training rows lay; of models that are not imported
  std::vector<std::byte> native;   // the library's own file
  std::string native_name;         // "xgboost.ubj", "lightgbm.txt"
};

// Durable when it returns. The folder must exist and be empty.
Status save(const ModelPackage& package, const std::filesystem::path& folder, io::FileSystem& files);
// The text of its manifest file.
std::string model_manifest(const ModelPackage& package);
Result<ModelPackage> load(const std::filesystem::path& folder, io::FileSystem& files);

// The manifest alone, everything but `native`: what a fuzzer feeds.
Result<ModelPackage> parse_model_manifest(std::string_view text);

// A model's own file at work.
struct OpenedModel {
  std::unique_ptr<Predictor> predictor;
  std::unique_ptr<Explainer> explainer;  // null: this kind of model has none
  // What the model is, for people: coefficients, centres, a score card. Null: nothing of the kind.
  std::function<std::vector<flow::ResultTable>()> tables = nullptr;
  // Task::kForecast: this alone, and no predictor. Shared only because it is not complete here.
  std::shared_ptr<const series::Forecaster> forecaster = nullptr;
};

class Model {
 public:
  static Result<std::shared_ptr<const Model>> open(const std::filesystem::path& folder, io::FileSystem& files);
  static Result<std::shared_ptr<const Model>> make(ModelPackage package);

  const ModelPackage& package() const { return package_; }
  const Predictor& predictor() const { return *opened_.predictor; }
  // Of Task::kForecast, which has no predictor; null otherwise.
  const series::Forecaster* forecaster() const { return opened_.forecaster.get(); }
  const Explainer* explainer() const { return opened_.explainer.get(); }  // null: this kind of model has none yet
  // Empty for models whose content no table holds.
  std::vector<flow::ResultTable> tables() const {
    return opened_.tables ? opened_.tables() : std::vector<flow::ResultTable>();
  }

 private:
  Model() = default;
  ModelPackage package_;
  OpenedModel opened_;
};

}  // namespace sinan::ml
