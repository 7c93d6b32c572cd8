// Trainer: how an algorithm joins Sinan. XGBoost (ml/xgboost) and LightGBM (ml/lightgbm) do; deep nets and time series will.
//
// A trainer is stateless and thread-safe; a library that must be loaded is loaded at first use, and its absence is an
// error that says how to get it (kUnsupported), and a line of `sinan doctor`.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/error.h"
#include "flow/registry.h"
#include "ml/attributes.h"
#include "ml/matrix.h"
#include "ml/model.h"

namespace sinan::ml {

struct TrainSpec {
  std::string estimator;  // canonical: "xgboost.gbtree"
  const AttributeValues* attributes = nullptr;
  Task task = Task::kRegression;
  size_t classes = 0;  // of the label map; 0 without classes
  uint64_t seed = 0;
  uint32_t threads = 1;
  uint64_t memory_bytes = 0;
  std::filesystem::path scratch;            // an empty folder for files that training needs meanwhile; empty = none
  const ModelPackage* continued = nullptr;  // the model to go on from: same plan, label and task
};

// Told after every round; answers false to stop early (cancelled).
class TrainObserver {
 public:
  virtual ~TrainObserver() = default;
  virtual void stage(std::string_view name) = 0;  // "binning", "boosting"
  virtual bool round(uint32_t done, uint32_t total, std::span<const std::pair<std::string, double>> metrics) = 0;
};

// What training adds to a ModelPackage.
struct Trained {
  std::string library_version;
  std::string objective;
  std::vector<std::byte> native;
  std::string native_name;
  Json metrics;
  std::vector<double> importance;
  std::vector<std::string> warnings;
};

class Trainer {
 public:
  virtual ~Trainer() = default;
  virtual std::string_view library() const = 0;
  // Canonical estimator names with their aliases, compared without case: {"xgboost.gbtree", "xgboost.XGBClassifier", ...}.
  virtual std::vector<std::string> estimators() const = 0;
  virtual std::string canonical_estimator(std::string_view name) const = 0;
  virtual std::span<const AttributeSpec> attributes(std::string_view estimator) const = 0;
  // False: LABEL must be left out, blocks have no label, and intent() names the task.
  virtual bool learns_label(std::string_view) const { return true; }
  // True: its rows are time series, which TRAIN reads and fits itself (ml/statements/forecast.h); train() is never called.
  virtual bool learns_series() const { return false; }
  // The numbers that an objective can learn, where not all are.
  struct LabelRange {
    std::string objective;  // "count:poisson"
    double low = 0;
    bool is_low_open = false;  // above `low` only
    double high = std::numeric_limits<double>::infinity();
    bool is_whole = false;  // whole numbers only
  };
  // What the attributes (objective, num_class) and the label's type ask for, before any row is read. `classes` is empty
  // when the data must tell. Errors (kArgument): attributes that contradict each other or the label.
  struct Intent {
    std::optional<Task> task;  // absent: decided by the label: text, bool or few integers = classes, else regression
    std::optional<size_t> classes;
    bool is_classification = false;  // two classes or more: the data tell how many
    bool predicts_score = false;     // the objective is kScoreObjective: PREDICT writes points rather than classes
    // Several numbers a row: what each is called ("quantile_0.1", in the predictor's order). Empty = one.
    std::vector<std::string> outputs;
    std::optional<LabelRange> label_range;
  };
  virtual Result<Intent> intent(std::string_view estimator, const AttributeValues& attributes) const = 0;
  // Above how many rows numeric features may be rounded to bins before train(), and how; none = never.
  struct Binning {
    uint64_t above_rows = 0;
    uint64_t sample_rows = 0;
    size_t bins = 0;
  };
  virtual std::optional<Binning> binning(std::string_view, const AttributeValues&) const { return std::nullopt; }
  // What `TO TRAIN auto` tries: attributes as they are written behind WITH, searches among them (ml/search_space.h).
  struct AutoSearch {
    std::string_view estimator;
    std::string_view attributes;
    bool classifies = true;
    bool regresses = true;
  };
  virtual std::span<const AutoSearch> auto_searches() const { return {}; }
  // Whether it reads MatrixBlock::sparse; others are given plain columns.
  virtual bool takes_sparse() const { return false; }
  // Whether train() can go on from a model that another statement trained (TrainSpec::continued).
  virtual bool can_continue(std::string_view) const { return false; }
  virtual Result<Trained> train(const TrainSpec& spec, MatrixSource& train, MatrixSource* validation,
                                TrainObserver& observer) const = 0;
  virtual flow::DoctorFinding doctor() const = 0;
};

using Trainers = std::vector<std::unique_ptr<Trainer>>;

// Statements TO TRAIN, PREDICT, EVALUATE, EXPLAIN, SHOW TRAIN, SHOW MODELS, DESCRIBE MODEL, DROP MODEL.
void register_ml(flow::Registry& registry, Trainers trainers);

}  // namespace sinan::ml
