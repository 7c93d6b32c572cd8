// Training data for the tests of this room: a query on the real engine becomes a DataSet; rows made by hand become a
// MatrixSource with whatever weights and groups a test wants.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/duckdb/duckdb_engine.h"
#include "ml/data_set.h"
#include "ml/lightgbm/trainer.h"
#include "ml/model.h"

namespace sinan::ml::lightgbm {

std::unique_ptr<Trainer> test_trainer();
// "objective=\"regression\", max_depth=3" as checked attributes. `text` empty = none.
AttributeValues attributes(const Trainer& trainer, const std::string& estimator, const std::string& text);

class Database {
 public:
  Database();
  Result<DataSet> read(const std::string& sql, const DataSpec& spec);

 private:
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<engine::Session> session_;
};

// Rows in memory, handed out in blocks of a few.
class Rows final : public MatrixSource {
 public:
  FeatureSchema features;
  std::vector<std::vector<float>> values;   // by feature; empty for categories
  std::vector<std::vector<int32_t>> codes;  // by feature; empty for numbers
  std::vector<float> label, weight;
  std::vector<int32_t> group;
  size_t block_rows = 97;

  const FeatureSchema& schema() const override { return features; }
  size_t rows() const override { return label.size(); }
  Result<std::optional<MatrixBlock>> next() override;
  Status rewind() override;

 private:
  size_t begin_ = 0;
  std::vector<FeatureColumn> columns_;
};
// Two numbers with gaps, a category of `categories`; the label follows all three. Seeded.
Rows make_rows(size_t count, uint32_t categories, size_t classes, uint64_t seed);

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

}  // namespace sinan::ml::lightgbm
