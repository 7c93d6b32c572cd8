// Training data from SQL for the tests of this room: a query on the real engine becomes a DataSet.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/duckdb/duckdb_engine.h"
#include "ml/data_set.h"
#include "ml/model.h"
#include "ml/xgboost/trainer.h"

namespace sinan::ml::xgboost {

class Database {
 public:
  Database();
  engine::Session& session() { return *session_; }
  // One column of numbers; NULL is NaN.
  std::vector<double> numbers(const std::string& sql);
  arrow::Batch batch(const std::string& sql);  // of one batch
  Result<DataSet> read(const std::string& sql, const DataSpec& spec, const std::string& validation = {});

 private:
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<engine::Session> session_;
};

std::unique_ptr<Trainer> test_trainer();
// "objective=\"reg:squarederror\", max_depth=3" as checked attributes.
AttributeValues attributes(const Trainer& trainer, const std::string& estimator, const std::string& text);

// Everything a pass gives, feature by feature; codes as numbers.
struct Pass {
  std::vector<std::vector<float>> features;
  std::vector<float> label;
  size_t blocks = 0;
};
Pass read_all(MatrixSource& source);

class Quiet final : public TrainObserver {
 public:
  void stage(std::string_view) override {}
  bool round(uint32_t done, uint32_t, std::span<const std::pair<std::string, double>>) override {
    rounds = done;
    return done < stop_after;
  }
  uint32_t rounds = 0;
  uint32_t stop_after = UINT32_MAX;
};

}  // namespace sinan::ml::xgboost
