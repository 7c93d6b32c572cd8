#include "ml/held_matrix.h"

#include <numeric>
#include <optional>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace sinan::ml {
namespace {

template <class T>
void extend(std::vector<T>& to, std::span<const T> from) {
  to.insert(to.end(), from.begin(), from.end());
}

template <class T>
std::vector<T> gather(const std::vector<T>& from, std::span<const uint32_t> rows) {
  std::vector<T> out;
  if (from.empty()) return out;
  out.reserve(rows.size());
  for (const uint32_t row : rows) out.push_back(from[row]);
  return out;
}

template <class T>
std::string_view bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

}  // namespace

// One block: the matrix itself, or the chosen rows of it.
class HeldSource final : public MatrixSource {
 public:
  HeldSource(const HeldMatrix& matrix, std::optional<std::vector<uint32_t>> chosen)
      : matrix_(matrix), chosen_(std::move(chosen)), columns_(matrix.schema_.size()) {}

  const FeatureSchema& schema() const override { return matrix_.schema_; }
  size_t rows() const override { return chosen_ ? chosen_->size() : matrix_.rows_; }
  std::span<const std::vector<float>> edges() const override { return matrix_.edges_; }
  Status rewind() override {
    is_read_ = false;
    return {};
  }

  Result<std::optional<MatrixBlock>> next() override {
    if (std::exchange(is_read_, true) || rows() == 0) {
      values_ = {};
      codes_ = {};
      return std::nullopt;
    }
    return chosen_ ? chosen_block() : whole_block();
  }

 private:
  MatrixBlock whole_block() {
    for (size_t f = 0; f < columns_.size(); ++f) columns_[f] = {matrix_.values_[f], matrix_.codes_[f]};
    sparse_views_.clear();
    for (const auto& part : matrix_.sparse_)
      sparse_views_.push_back({part.first, part.count, part.begins, part.positions, part.values});
    return block(matrix_.label_, matrix_.weight_, matrix_.group_);
  }

  MatrixBlock chosen_block() {
    values_.resize(columns_.size());
    codes_.resize(columns_.size());
    for (size_t f = 0; f < columns_.size(); ++f) {
      values_[f] = gather(matrix_.values_[f], *chosen_);
      codes_[f] = gather(matrix_.codes_[f], *chosen_);
      columns_[f] = {values_[f], codes_[f]};
    }
    sparse_.clear();
    sparse_views_.clear();
    for (const auto& part : matrix_.sparse_) sparse_.push_back(chosen_part(part));
    for (const auto& part : sparse_)
      sparse_views_.push_back({part.first, part.count, part.begins, part.positions, part.values});
    label_ = gather(matrix_.label_, *chosen_);
    weight_ = gather(matrix_.weight_, *chosen_);
    group_ = gather(matrix_.group_, *chosen_);
    return block(label_, weight_, group_);
  }

  HeldMatrix::Sparse chosen_part(const HeldMatrix::Sparse& from) const {
    HeldMatrix::Sparse out{from.first, from.count, {0}, {}, {}};
    for (const uint32_t row : *chosen_) {
      const size_t begin = from.begins[row];
      const size_t size = from.begins[row + 1] - begin;
      extend(out.positions, std::span<const uint32_t>(from.positions).subspan(begin, size));
      extend(out.values, std::span<const float>(from.values).subspan(begin, size));
      out.begins.push_back(out.positions.size());
    }
    return out;
  }

  MatrixBlock block(std::span<const float> label, std::span<const float> weight, std::span<const int32_t> group) const {
    MatrixBlock out;
    out.rows = rows();
    out.features = columns_;
    out.sparse = sparse_views_;
    out.label = label;
    out.weight = weight;
    out.group = group;
    return out;
  }

  const HeldMatrix& matrix_;
  const std::optional<std::vector<uint32_t>> chosen_;  // none = all
  bool is_read_ = false;
  std::vector<FeatureColumn> columns_;
  std::vector<SparseFeatures> sparse_views_;
  std::vector<std::vector<float>> values_;
  std::vector<std::vector<int32_t>> codes_;
  std::vector<HeldMatrix::Sparse> sparse_;
  std::vector<float> label_;
  std::vector<float> weight_;
  std::vector<int32_t> group_;
};

void HeldMatrix::append(const MatrixBlock& block) {
  for (size_t f = 0; f < block.features.size(); ++f) {
    extend(values_[f], block.features[f].values);
    extend(codes_[f], block.features[f].codes);
  }
  if (sparse_.empty()) {
    for (const SparseFeatures& part : block.sparse) sparse_.push_back({part.first, part.count, {0}, {}, {}});
  }
  CHECK(sparse_.size() == block.sparse.size());
  for (size_t p = 0; p < sparse_.size(); ++p) {
    const SparseFeatures& from = block.sparse[p];
    const uint64_t before = sparse_[p].positions.size();
    const uint64_t first = from.begins.front();
    const size_t size = from.begins.back() - first;
    for (size_t i = 1; i < from.begins.size(); ++i) sparse_[p].begins.push_back(before + from.begins[i] - first);
    extend(sparse_[p].positions, from.positions.subspan(first, size));
    extend(sparse_[p].values, from.values.subspan(first, size));
  }
  extend(label_, block.label);
  extend(weight_, block.weight);
  extend(group_, block.group);
  rows_ += block.rows;
}

Result<HeldMatrix> HeldMatrix::read(MatrixSource& source) {
  HeldMatrix held;
  held.schema_ = source.schema();
  held.edges_.assign(source.edges().begin(), source.edges().end());
  held.values_.resize(held.schema_.size());
  held.codes_.resize(held.schema_.size());
  TRY(source.rewind());
  while (const auto block = TRY(source.next())) held.append(*block);
  TRY(source.rewind());
  return held;
}

HeldMatrix HeldMatrix::of(const MatrixBlock& block, const FeatureSchema& schema) {
  HeldMatrix held;
  held.schema_ = schema;
  held.values_.resize(schema.size());
  held.codes_.resize(schema.size());
  held.append(block);
  return held;
}

std::unique_ptr<MatrixSource> HeldMatrix::source() const { return std::make_unique<HeldSource>(*this, std::nullopt); }

std::unique_ptr<MatrixSource> HeldMatrix::source(std::vector<uint32_t> rows) const {
  return std::make_unique<HeldSource>(*this, std::move(rows));
}

Fingerprint HeldMatrix::fingerprint() const {
  FingerprintBuilder out;
  for (size_t f = 0; f < schema_.size(); ++f)
    out.add(schema_.features[f].name).add(bytes_of(values_[f])).add(bytes_of(codes_[f]));
  for (const Sparse& part : sparse_)
    out.add(part.first).add(bytes_of(part.begins)).add(bytes_of(part.positions)).add(bytes_of(part.values));
  return out.add(bytes_of(label_)).add(bytes_of(weight_)).add(bytes_of(group_)).finish();
}

}  // namespace sinan::ml
