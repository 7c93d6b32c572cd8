// Storage and bins of training data, against plain loops.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "base/random.h"
#include "ml/data_bins.h"
#include "ml/data_column.h"
#include "ml/data_workers.h"
#include "ml/feature_plan_vocabulary.h"

namespace sinan::ml {
namespace {

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

TEST(IntegerColumn, GivesBackWhatWentIn) {
  Random random(7);
  // Ranges that need 1, 2, 4 and 8 bytes, and the widest of all.
  for (const int64_t range : {1L, 200L, 60'000L, 3'000'000'000L, std::numeric_limits<int64_t>::max()}) {
    for (const int64_t base : {0L, -1'000'000L, 1'600'000'000'000'000L}) {
      IntegerColumn column;
      std::vector<int64_t> all;
      while (all.size() < 3 * kChunkRows / 2) {
        std::vector<int64_t> some(random.below(5000));
        for (int64_t& value : some) {
          const auto offset = static_cast<int64_t>(random.below(static_cast<uint64_t>(range)));
          value = random.below(10) == 0 ? IntegerColumn::kMissing : range > (int64_t{1} << 40) ? offset : base + offset;
        }
        column.append(some);
        all.insert(all.end(), some.begin(), some.end());
      }
      column.finish();
      ASSERT_EQ(column.size(), all.size());
      std::vector<int64_t> out(all.size() - 100);
      column.read(50, out);
      EXPECT_TRUE(std::equal(out.begin(), out.end(), all.begin() + 50)) << range << " " << base;
    }
  }
}

TEST(IntegerColumn, MapsWhileReading) {
  IntegerColumn column;
  const std::vector<int64_t> codes = {2, 0, IntegerColumn::kMissing, 1};
  column.append(codes);
  column.finish();
  const std::vector<int32_t> lookup = {-1, 10, 11, 12};
  std::vector<int32_t> out(4);
  column.read_mapped<int32_t>(0, lookup, out);
  EXPECT_EQ(out, (std::vector<int32_t>{12, 10, -1, 11}));
}

TEST(FloatColumn, ReadsAcrossChunks) {
  FloatColumn column;
  std::vector<float> all(2 * kChunkRows + 77);
  std::iota(all.begin(), all.end(), 0.0F);
  column.append(std::span(all).first(1000));
  column.append(std::span(all).subspan(1000));
  std::vector<float> out(kChunkRows + 100);
  column.read(kChunkRows - 50, out);
  EXPECT_EQ(out.front(), static_cast<float>(kChunkRows - 50));
  EXPECT_EQ(out.back(), static_cast<float>(2 * kChunkRows + 49));
  EXPECT_EQ(column.at(2 * kChunkRows + 76), all.back());
}

// Long enough for chunks that share memory: each can be released while its neighbours are read.
TEST(FloatColumn, ReleasesChunkByChunk) {
  FloatColumn column;
  std::vector<float> all(21 * kChunkRows + 5);
  std::iota(all.begin(), all.end(), 0.0F);
  for (size_t begin = 0; begin < all.size(); begin += 100'000) {
    column.append(std::span(all).subspan(begin, std::min<size_t>(100'000, all.size() - begin)));
  }
  ASSERT_EQ(column.chunks(), 22U);
  for (size_t i = 0; i < column.chunks(); ++i) {
    const std::span<const float> chunk = column.chunk(i);
    EXPECT_TRUE(std::ranges::equal(chunk, std::span(all).subspan(i * kChunkRows, chunk.size()))) << i;
    column.release_chunk(i);
  }
  column.release();
  EXPECT_EQ(column.size(), 0U);
  column.append(std::span(all).first(3));
  EXPECT_EQ(column.at(2), 2.0F);
}

TEST(Bins, EdgesAreAllValuesWhenFew) {
  std::vector<float> sample = {3, 1, 2, 2, kNaN, 1};
  EXPECT_EQ(quantile_edges(sample, 3), (std::vector<float>{1, 2, 3}));
  std::vector<float> nothing = {kNaN, kNaN};
  EXPECT_TRUE(quantile_edges(nothing, 3).empty());
}

TEST(Bins, EdgesCutIntoEqualShares) {
  std::vector<float> sample(10'000);
  std::iota(sample.begin(), sample.end(), 0.0F);
  std::reverse(sample.begin(), sample.end());
  const std::vector<float> edges = quantile_edges(sample, 10);
  EXPECT_EQ(edges, (std::vector<float>{0, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000}));
}

// Long and short samples alike, with both signs, extremes, repetitions and holes.
TEST(Bins, EdgesAreThoseOfTheSortedSample) {
  Random random(5);
  for (const size_t size : {4000U, 4200U, 100'000U}) {
    std::vector<float> sample(size);
    for (float& value : sample) {
      value = static_cast<float>(std::exp(random.uniform() * 160 - 80) * (random.below(2) == 0 ? 1 : -1));
      if (random.below(50) == 0) value = kNaN;
      if (random.below(50) == 0) value = static_cast<float>(random.below(3)) - 1;
    }
    sample[7] = std::numeric_limits<float>::max();
    sample[8] = std::numeric_limits<float>::lowest();
    sample[9] = std::numeric_limits<float>::denorm_min();
    std::vector<float> sorted;
    std::ranges::copy_if(sample, std::back_inserter(sorted), [](float v) { return !std::isnan(v); });
    std::ranges::sort(sorted);
    std::vector<float> expected;
    for (size_t i = 0; i < 255; ++i) {
      const float value = sorted[i * sorted.size() / 255];
      if (expected.empty() || expected.back() < value) expected.push_back(value);
    }
    EXPECT_EQ(quantile_edges(sample, 255), expected) << size;
  }
}

// The largest edge that is not above the value; the first bin has no lower end.
size_t naive_code(float value, const std::vector<float>& edges) {
  if (std::isnan(value)) return 0;
  size_t code = 1;
  for (size_t i = 1; i < edges.size(); ++i) code = edges[i] <= value ? i + 1 : code;
  return code;
}

TEST(Bins, AllWaysGiveTheNaiveCode) {
  Random random(11);
  for (const size_t edge_count : {1U, 2U, 3U, 15U, 16U, 17U, 31U, 100U, 254U, 255U, 256U, 1000U}) {
    std::vector<float> sample(20'000);
    for (float& value : sample)
      value = static_cast<float>(std::exp(random.uniform() * 20 - 10) * (random.below(2) == 0 ? 1 : -1));
    const std::vector<float> edges = quantile_edges(sample, edge_count);
    std::vector<float> values = edges;
    for (const float edge : edges) {
      values.push_back(std::nextafter(edge, -std::numeric_limits<float>::infinity()));
      values.push_back(std::nextafter(edge, std::numeric_limits<float>::infinity()));
    }
    values.insert(values.end(), {kNaN, 0.0F, -0.0F, 1e30F, -1e30F});
    const Binner binner(edges);
    if (binner.is_narrow()) {
      for (const Binner::Way way : Binner::ways()) {
        std::vector<uint8_t> codes(values.size());
        binner.encode(values, codes, way);
        for (size_t i = 0; i < values.size(); ++i) {
          ASSERT_EQ(codes[i], naive_code(values[i], edges))
              << static_cast<int>(way) << " of " << edges.size() << " at " << values[i];
        }
      }
    }
    std::vector<uint16_t> codes(values.size());
    binner.encode(values, codes);
    for (size_t i = 0; i < values.size(); ++i)
      ASSERT_EQ(codes[i], naive_code(values[i], edges)) << edges.size() << " at " << values[i];
  }
}

TEST(StringCodes, NumbersStringsByFirstAppearance) {
  Random random(3);
  StringCodes codes;
  std::map<std::string, int32_t> expected;
  for (int i = 0; i < 50'000; ++i) {
    std::string text(random.below(40), 'x');
    for (char& c : text) c = static_cast<char>('a' + random.below(3));
    const auto [at, added] = expected.try_emplace(text, static_cast<int32_t>(expected.size()));
    ASSERT_EQ(codes.intern(text), at->second) << text;
  }
  ASSERT_EQ(codes.size(), expected.size());
  for (const auto& [text, code] : expected) {
    EXPECT_EQ(codes.find(text), code);
    EXPECT_EQ(codes.text(static_cast<size_t>(code)), text);
  }
  EXPECT_EQ(codes.find("not there"), -1);
  EXPECT_EQ(codes.find(std::string_view("a\0", 2)), -1);
}

TEST(Workers, DoEveryItemOnce) {
  for (const uint32_t threads : {1U, 2U, 5U}) {
    Workers workers(threads);
    for (const size_t items : {0U, 1U, 7U, 1000U}) {
      std::vector<std::atomic<int>> done(items);
      workers.run(items, [&](size_t i) { ++done[i]; });
      for (size_t i = 0; i < items; ++i) ASSERT_EQ(done[i], 1);
    }
  }
}

}  // namespace
}  // namespace sinan::ml
