#include "ml/sparse_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/check.h"

namespace sinan::ml {

void CompressedRows::fill(const MatrixBlock& block, size_t begin, size_t rows, LeaveOut leave_out) {
  begins_.assign(1, 0);
  features_.clear();
  values_.clear();
  const auto add = [&](size_t feature, float value) {
    if (leave_out == LeaveOut::kMissing ? std::isnan(value) : value == 0) return;
    features_.push_back(static_cast<uint32_t>(feature));
    values_.push_back(value);
  };
  for (size_t row = begin; row < begin + rows; ++row) {
    size_t feature = 0;
    for (size_t run = 0; run <= block.sparse.size(); ++run) {
      const size_t end = run < block.sparse.size() ? block.sparse[run].first : block.features.size();
      for (; feature < end; ++feature) {
        const FeatureColumn& column = block.features[feature];
        if (column.codes.empty()) {
          add(feature, column.values[row]);
        } else {
          const int32_t code = column.codes[row];
          add(feature, code < 0 ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(code));
        }
      }
      if (run == block.sparse.size()) break;
      const SparseFeatures& sparse = block.sparse[run];
      for (uint64_t at = sparse.begins[row]; at < sparse.begins[row + 1]; ++at)
        add(sparse.first + sparse.positions[at], sparse.values[at]);
      feature = sparse.first + sparse.count;
    }
    begins_.push_back(values_.size());
  }
}

void CompressedRows::append(const CompressedRows& more) {
  const uint64_t base = values_.size();
  for (size_t i = 1; i < more.begins_.size(); ++i) begins_.push_back(base + more.begins_[i]);
  features_.insert(features_.end(), more.features_.begin(), more.features_.end());
  values_.insert(values_.end(), more.values_.begin(), more.values_.end());
}

PlainColumns::PlainColumns(std::vector<bool> wanted, float absent)
    : wanted_(std::move(wanted)), absent_(absent), columns_(wanted_.size()), values_(wanted_.size()) {
  count_ = static_cast<size_t>(std::ranges::count(wanted_, true));
}

size_t PlainColumns::rows_at_once() const {
  constexpr size_t kMostValues = size_t{4} << 20;
  return std::clamp<size_t>(kMostValues / std::max<size_t>(count_, 1), 64, 16384);
}

MatrixBlock PlainColumns::fill(const MatrixBlock& block, size_t begin, size_t rows) {
  CHECK(block.features.size() == wanted_.size());
  if (absent_values_.size() < rows) absent_values_.resize(rows, absent_);
  for (size_t f = 0; f < columns_.size(); ++f) {
    const FeatureColumn& from = block.features[f];
    columns_[f] = {};
    if (!from.codes.empty()) {
      columns_[f].codes = from.codes.subspan(begin, rows);
    } else if (!from.values.empty()) {
      columns_[f].values = from.values.subspan(begin, rows);
    } else if (wanted_[f]) {
      values_[f].assign(rows, absent_);
      columns_[f].values = values_[f];
    } else {
      columns_[f].values = std::span(absent_values_).first(rows);
    }
  }
  for (const SparseFeatures& sparse : block.sparse) {
    for (size_t row = 0; row < rows; ++row) {
      for (uint64_t at = sparse.begins[begin + row]; at < sparse.begins[begin + row + 1]; ++at) {
        const size_t feature = sparse.first + sparse.positions[at];
        if (wanted_[feature]) values_[feature][row] = sparse.values[at];
      }
    }
  }
  MatrixBlock out;
  out.rows = rows;
  out.features = columns_;
  if (!block.label.empty()) out.label = block.label.subspan(begin, rows);
  if (!block.weight.empty()) out.weight = block.weight.subspan(begin, rows);
  if (!block.group.empty()) out.group = block.group.subspan(begin, rows);
  return out;
}

PlainSource::PlainSource(MatrixSource& inner)
    : inner_(inner), schema_(inner.schema()), columns_(std::vector<bool>(inner.schema().size(), true), 0) {
  for (Feature& feature : schema_.features) feature.is_sparse = false;
}

Result<std::optional<MatrixBlock>> PlainSource::next() {
  if (!block_ || begin_ >= block_->rows) {
    block_ = TRY(inner_.next());
    begin_ = 0;
    if (!block_) return std::nullopt;
  }
  const size_t rows = std::min(columns_.rows_at_once(), block_->rows - begin_);
  const size_t begin = std::exchange(begin_, begin_ + rows);
  return columns_.fill(*block_, begin, rows);
}

Status PlainSource::rewind() {
  block_.reset();
  return inner_.rewind();
}

}  // namespace sinan::ml
