#include "ml/xgboost/test/training_data.h"

#include <gtest/gtest.h>

#include <deque>
#include <limits>

#include "base/check.h"
#include "sql/clause.h"

namespace sinan::ml::xgboost {

Database::Database() {
  engine_ = engine::open_duckdb({}).value();
  session_ = engine_->connect().value();
}

std::vector<double> Database::numbers(const std::string& sql) {
  auto stream = session_->query(sql);
  EXPECT_TRUE(stream) << stream.error().to_string();
  std::vector<double> out;
  while (auto batch = (*stream)->next().value()) {
    const arrow::ColumnView column = batch->column(0);
    for (size_t i = 0; i < column.size(); ++i) {
      out.push_back(column.is_null(i) ? std::numeric_limits<double>::quiet_NaN() : column.as_double(i));
    }
  }
  return out;
}

arrow::Batch Database::batch(const std::string& sql) {
  auto stream = session_->query(sql, {.batch_rows = 100'000});
  EXPECT_TRUE(stream) << stream.error().to_string();
  auto batch = (*stream)->next().value();
  CHECK(batch.has_value());
  return *batch;
}

Result<DataSet> Database::read(const std::string& sql, const DataSpec& spec, const std::string& validation) {
  DataSetBuilder builder = TRY(DataSetBuilder::make(spec, TRY(session_->describe(sql))));
  {
    const auto stream = TRY(session_->query(sql));
    while (auto batch = TRY(stream->next())) TRY(builder.append(*batch));
  }
  if (!validation.empty()) {
    TRY(builder.bind_validation(TRY(session_->describe(validation))));
    const auto stream = TRY(session_->query(validation));
    while (auto batch = TRY(stream->next())) TRY(builder.append_validation(*batch));
  }
  return builder.finish();
}

std::unique_ptr<Trainer> test_trainer() { return make_trainer({.library = SINAN_XGBOOST_LIBRARY}); }

AttributeValues attributes(const Trainer& trainer, const std::string& estimator, const std::string& text) {
  static std::deque<std::string> programs;  // parsed names view them
  const std::string& program = programs.emplace_back("TO TRAIN m WITH " + text + " LABEL y INTO z");
  const auto clause = sql::parse_clause(program, Span{0, static_cast<uint32_t>(program.size())});
  EXPECT_TRUE(clause) << clause.error().to_string();
  auto values =
      check_attributes(std::get<sql::Train>(clause->body).attributes, trainer.attributes(estimator), estimator);
  EXPECT_TRUE(values) << values.error().to_string();
  return *std::move(values);
}

Pass read_all(MatrixSource& source) {
  Pass pass;
  pass.features.resize(source.schema().size());
  EXPECT_TRUE(source.rewind());
  while (auto block = source.next().value()) {
    ++pass.blocks;
    for (size_t f = 0; f < block->features.size(); ++f) {
      const FeatureColumn& column = block->features[f];
      pass.features[f].insert(pass.features[f].end(), column.values.begin(), column.values.end());
      for (const int32_t code : column.codes) pass.features[f].push_back(static_cast<float>(code));
    }
    pass.label.insert(pass.label.end(), block->label.begin(), block->label.end());
  }
  return pass;
}

}  // namespace sinan::ml::xgboost
