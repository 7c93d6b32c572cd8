// Rows made by hand for the tests of this room, with whatever weights, groups and intervals a test wants; and the same rows
// given to the library as its Python package gives a numpy matrix: XGDMatrixCreateFromMat and one update a round.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "ml/matrix.h"

namespace sinan::ml::xgboost {

// Handed out in blocks that hold whole groups.
class Rows final : public MatrixSource {
 public:
  FeatureSchema features;
  std::vector<std::vector<float>> values;   // by feature; empty for categories
  std::vector<std::vector<int32_t>> codes;  // by feature; empty for numbers
  std::vector<float> label, weight, label_upper;
  std::vector<int32_t> group;
  size_t block_rows = 400;

  const FeatureSchema& schema() const override { return features; }
  size_t rows() const override { return label.size(); }
  Result<std::optional<MatrixBlock>> next() override;
  Status rewind() override;
  MatrixBlock all();  // as one block

 private:
  MatrixBlock block(size_t begin, size_t count);
  size_t begin_ = 0;
  std::vector<FeatureColumn> columns_;
};
// Three numbers with gaps, of fewer than 256 values each, and a category unless `categories` is 0; the label follows all of
// them: classes 0.., or a number above 0 when `classes` is 0. Seeded.
Rows make_rows(size_t count, uint32_t categories, size_t classes, uint64_t seed);

class Reference {
 public:
  using Parameters = std::vector<std::pair<std::string, std::string>>;
  Reference(const Rows& rows, const Parameters& parameters, int rounds);
  ~Reference();
  Reference(const Reference&) = delete;
  Reference& operator=(const Reference&) = delete;
  // type: 0 value, 1 margin, 2 contributions.
  std::vector<float> predict(int type) const;
  // "[11]\ttrain-ndcg:0.9"
  std::string evaluate(int round) const;

 private:
  void* matrix_ = nullptr;
  void* booster_ = nullptr;
};

}  // namespace sinan::ml::xgboost
