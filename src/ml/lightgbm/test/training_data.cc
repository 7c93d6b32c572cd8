#include "ml/lightgbm/test/training_data.h"

#include <gtest/gtest.h>

#include <cmath>
#include <deque>
#include <limits>

#include "base/random.h"
#include "sql/clause.h"

namespace sinan::ml::lightgbm {

std::unique_ptr<Trainer> test_trainer() { return make_trainer({.library = SINAN_LIGHTGBM_LIBRARY}); }

AttributeValues attributes(const Trainer& trainer, const std::string& estimator, const std::string& text) {
  static std::deque<std::string> programs;  // parsed names view them
  const std::string& program =
      programs.emplace_back("TO TRAIN m " + (text.empty() ? "" : "WITH " + text) + " LABEL y INTO z");
  const auto clause = sql::parse_clause(program, Span{0, static_cast<uint32_t>(program.size())});
  EXPECT_TRUE(clause) << clause.error().to_string();
  auto values =
      check_attributes(std::get<sql::Train>(clause->body).attributes, trainer.attributes(estimator), estimator);
  EXPECT_TRUE(values) << values.error().to_string();
  return *std::move(values);
}

Database::Database() {
  engine_ = engine::open_duckdb({}).value();
  session_ = engine_->connect().value();
}

Result<DataSet> Database::read(const std::string& sql, const DataSpec& spec) {
  DataSetBuilder builder = TRY(DataSetBuilder::make(spec, TRY(session_->describe(sql))));
  const auto stream = TRY(session_->query(sql));
  while (auto batch = TRY(stream->next())) TRY(builder.append(*batch));
  return builder.finish();
}

Result<std::optional<MatrixBlock>> Rows::next() {
  if (begin_ == rows()) return std::nullopt;
  const size_t count = std::min(block_rows, rows() - begin_);
  const auto part = [&](const auto& all) {
    return all.empty() ? std::span(all) : std::span(all).subspan(begin_, count);
  };
  columns_.clear();
  for (size_t f = 0; f < features.size(); ++f) columns_.push_back({part(values[f]), part(codes[f])});
  MatrixBlock block;
  block.rows = count;
  block.features = columns_;
  block.label = part(label);
  block.weight = part(weight);
  block.group = part(group);
  begin_ += count;
  return block;
}

Status Rows::rewind() {
  begin_ = 0;
  return {};
}

Rows make_rows(size_t count, uint32_t categories, size_t classes, uint64_t seed) {
  Random random(seed);
  Rows out;
  out.features.features = {{"a", "a"}, {"b c", "b"}, {"k", "k", FeatureKind::kCategorical, categories}};
  out.values.resize(3);
  out.codes.resize(3);
  constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
  for (size_t i = 0; i < count; ++i) {
    const double a = random.uniform() * 4 - 2;
    const double b = std::floor(random.uniform() * 9) - 3;
    const auto k = static_cast<int32_t>(random.below(categories));
    const bool has_a = random.uniform() > 0.1;
    const bool has_k = random.uniform() > 0.1;
    out.values[0].push_back(has_a ? static_cast<float>(a) : kNaN);
    out.values[1].push_back(static_cast<float>(b));
    out.codes[2].push_back(has_k ? k : -1);
    const double score = (has_a ? a : 1) + b / 3 + (has_k ? std::sin(k * 7.0) : 0) + random.uniform() / 2;
    out.label.push_back(classes == 0 ? static_cast<float>(std::abs(score) + 0.1)
                                     : static_cast<float>(std::fmod(std::floor((score + 100) * 1.5), classes)));
  }
  return out;
}

}  // namespace sinan::ml::lightgbm
