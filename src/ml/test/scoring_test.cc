#include "ml/scoring.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "arrow/builder.h"

namespace sinan::ml {
namespace {

// Batches of one integer column: 0, 1, 2, ..; an error instead of batch `fails_at`.
class Counting final : public arrow::BatchStream {
 public:
  Counting(int64_t batches, int64_t fails_at) : batches_(batches), fails_at_(fails_at) {}
  const std::shared_ptr<const arrow::Schema>& schema() const override { return schema_; }
  Result<std::optional<arrow::Batch>> next() override {
    if (at_ == fails_at_) return fail(Code::kIo, "the disk is gone");
    if (at_ == batches_) return std::nullopt;
    arrow::BatchBuilder rows(schema_);
    rows.column(0).append(at_++);
    reads = at_;
    return rows.finish();
  }
  static std::atomic<int64_t> reads;

 private:
  std::shared_ptr<const arrow::Schema> schema_ =
      std::make_shared<const arrow::Schema>(arrow::Schema{{{"n", arrow::int64_type()}}});
  int64_t batches_;
  int64_t fails_at_;
  int64_t at_ = 0;
};
std::atomic<int64_t> Counting::reads = 0;

// Doubles the number; some batches take longer than others.
class Doubling final : public BatchMapper {
 public:
  explicit Doubling(int64_t fails_at) : fails_at_(fails_at) {}
  Result<arrow::Batch> map(const arrow::Batch& rows) override {
    const int64_t n = rows.column(0).as_int(0);
    if (n == fails_at_) return fail(Code::kData, "a bad row");
    for (int64_t i = 0; i < n % 7; ++i) std::this_thread::yield();
    arrow::BatchBuilder out(rows.shared_schema());
    out.column(0).append(2 * n);
    return out.finish();
  }

 private:
  int64_t fails_at_;
};

std::unique_ptr<arrow::BatchStream> mapped(size_t threads, int64_t batches, int64_t read_fails, int64_t map_fails,
                                           CancelToken cancel = {}) {
  auto input = std::make_unique<Counting>(batches, read_fails);
  auto schema = input->schema();
  std::vector<std::unique_ptr<BatchMapper>> mappers;
  for (size_t i = 0; i < threads; ++i) mappers.push_back(std::make_unique<Doubling>(map_fails));
  return map_batches(std::move(input), std::move(schema), std::move(mappers), std::move(cancel), nullptr);
}

class Scoring : public testing::TestWithParam<size_t> {};
INSTANTIATE_TEST_SUITE_P(Threads, Scoring, testing::Values(1, 2, 5));

TEST_P(Scoring, KeepsTheOrder) {
  const auto stream = mapped(GetParam(), 500, -1, -1);
  for (int64_t n = 0; n < 500; ++n) {
    const auto batch = stream->next();
    ASSERT_TRUE(batch.has_value() && batch->has_value());
    ASSERT_EQ((*batch)->column(0).as_int(0), 2 * n);
  }
  for (int again = 0; again < 2; ++again) {
    const auto end = stream->next();
    ASSERT_TRUE(end.has_value());
    EXPECT_FALSE(end->has_value());
  }
}

TEST_P(Scoring, EndsWithTheFirstError) {
  for (const bool in_map : {false, true}) {
    const auto stream = mapped(GetParam(), 100, in_map ? -1 : 30, in_map ? 30 : -1);
    for (int64_t n = 0; n < 30; ++n) {
      const auto batch = stream->next();
      ASSERT_TRUE(batch.has_value() && batch->has_value());
    }
    const auto failed = stream->next();
    ASSERT_FALSE(failed.has_value());
    EXPECT_EQ(failed.error().code, in_map ? Code::kData : Code::kIo);
  }
}

TEST_P(Scoring, HoldsFewBatchesAndStopsWhenDropped) {
  const auto stream = mapped(GetParam(), 1'000'000, -1, -1);
  ASSERT_TRUE(stream->next().has_value());
  EXPECT_LE(Counting::reads, static_cast<int64_t>(2 * GetParam() + 2));
}

TEST_P(Scoring, CanBeCancelled) {
  CancelSource source;
  const auto stream = mapped(GetParam(), 1'000'000, -1, -1, source.token());
  ASSERT_TRUE(stream->next().has_value());
  source.cancel();
  const auto cancelled = stream->next();
  ASSERT_FALSE(cancelled.has_value());
  EXPECT_EQ(cancelled.error().code, Code::kCancelled);
}

}  // namespace
}  // namespace sinan::ml
