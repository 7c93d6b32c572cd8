#include "ml/trees/mask_kernel.h"

#include <algorithm>

namespace sinan::ml {

MaskScratch::MaskScratch(const MaskPlan& plan, size_t outputs)
    : low(plan.columns),
      high(plan.columns),
      low_column(plan.columns),
      high_column(plan.columns),
      code_byte(plan.categorical_features.size()),
      missing(plan.categorical_features.size()),
      sum(outputs) {
  uint32_t tables = 0;
  for (const MaskPlan::Categories& feature : plan.categorical_features) {
    first_table.push_back(tables);
    tables += feature.words / 8;
  }
  code_bit.resize(tables);
  size_t most = 1;
  for (const MaskPlan::Group& group : plan.groups) most = std::max<size_t>(most, group.numerics + group.categoricals);
  right.resize(most);
}

void split_bins(const MaskPlan::Thresholds& feature, std::span<const uint32_t> bins, MaskScratch& scratch) {
  const uint32_t columns = (feature.count + MaskPlan::kMaxRank - 1) / MaskPlan::kMaxRank;
  for (uint32_t c = 0; c < columns; ++c) {
    const uint32_t column = feature.first_column + c;
    const uint32_t below = c * MaskPlan::kMaxRank;
    uint8_t* low = scratch.low[column].row;
    uint8_t* high = scratch.high[column].row;
    for (size_t i = 0; i < bins.size(); ++i) {
      const uint32_t bin = std::clamp(bins[i], below, below + MaskPlan::kMaxRank) - below;
      high[i] = static_cast<uint8_t>(bin);
      low[i] = bins[i] == UINT32_MAX ? 0 : static_cast<uint8_t>(bin);
    }
    scratch.low_column[column] = low;
    scratch.high_column[column] = high;
  }
}

void load_codes(const MaskPlan& plan, std::span<const FeatureColumn> columns, size_t begin, size_t rows,
                MaskScratch& scratch) {
  for (size_t f = 0; f < plan.categorical_features.size(); ++f) {
    const MaskPlan::Categories& feature = plan.categorical_features[f];
    const uint32_t tables = feature.words / 8;
    const std::span<const int32_t> codes = columns[feature.feature].codes.subspan(begin, rows);
    uint8_t* byte = scratch.code_byte[f].row;
    MaskScratch::Bytes* bits = &scratch.code_bit[scratch.first_table[f]];
    std::fill_n(bits, tables, MaskScratch::Bytes{});
    RowBits& missing = scratch.missing[f];
    missing = {};
    for (size_t i = 0; i < rows; ++i) {
      const auto code = static_cast<uint32_t>(codes[i]);
      byte[i] = static_cast<uint8_t>((code >> 3) & 63);
      missing.word[i / 64] |= static_cast<uint64_t>(codes[i] < 0) << (i % 64);
      if (code / 512 < tables) bits[code / 512].row[i] = static_cast<uint8_t>(1u << (code & 7));
    }
  }
}

void start_sums(std::span<const float> base_margin, MaskScratch& scratch) {
  for (size_t k = 0; k < base_margin.size(); ++k) std::fill_n(scratch.sum[k].row, MaskPlan::kRows, base_margin[k]);
}

void write_sums(const MaskScratch& scratch, size_t outputs, size_t rows, float* out) {
  for (size_t k = 0; k < outputs; ++k) {
    const float* sum = scratch.sum[k].row;
    for (size_t i = 0; i < rows; ++i) out[i * outputs + k] = sum[i];
  }
}

}  // namespace sinan::ml
