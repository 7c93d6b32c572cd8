#include "ml/scoring.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "base/check.h"

namespace sinan::ml {
namespace {

// Batches are numbered as they are read; each thread reads one, maps it and puts it at its number; next() takes them in
// order. Locks: input_mutex_ (reading and numbering) before mutex_ (everything else).
class MappedStream final : public arrow::BatchStream {
 public:
  MappedStream(std::unique_ptr<arrow::BatchStream> input, std::shared_ptr<const arrow::Schema> schema,
               std::vector<std::unique_ptr<BatchMapper>> mappers, CancelToken cancel, flow::Progress* progress)
      : input_(std::move(input)),
        schema_(std::move(schema)),
        mappers_(std::move(mappers)),
        cancel_(std::move(cancel)),
        progress_(progress) {
    if (mappers_.size() == 1) return;
    for (auto& mapper : mappers_) threads_.emplace_back([this, &mapper = *mapper] { work(mapper); });
  }
  ~MappedStream() override {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    room_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  const std::shared_ptr<const arrow::Schema>& schema() const override { return schema_; }

  Result<std::optional<arrow::Batch>> next() override {
    TRY(cancel_.check());
    std::optional<arrow::Batch> batch = TRY(threads_.empty() ? map_here() : take());
    if (batch) rows_ += static_cast<int64_t>(batch->rows());
    if (batch && progress_ != nullptr) progress_->rows(rows_);
    return batch;
  }

 private:
  using Mapped = Result<std::optional<arrow::Batch>>;

  Mapped map_here() {
    std::optional<arrow::Batch> batch = TRY(input_->next());
    if (!batch) return std::nullopt;
    return TRY(mappers_.front()->map(*batch));
  }

  Mapped take() {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [&] { return done_.contains(next_out_); });
    Mapped out = std::move(done_.extract(next_out_).mapped());
    // The end, and an error, are never passed: a later call meets them again.
    if (!out.has_value()) {
      done_.emplace(next_out_, std::unexpected(out.error()));
    } else if (!out->has_value()) {
      done_.emplace(next_out_, std::nullopt);
    } else {
      ++next_out_;
      room_.notify_all();
    }
    return out;
  }

  void work(BatchMapper& mapper) {
    while (true) {
      size_t number = 0;
      Mapped batch = std::nullopt;
      {
        const std::lock_guard reading(input_mutex_);
        {
          std::unique_lock lock(mutex_);
          room_.wait(lock, [&] { return stopped_ || next_in_ - next_out_ < 2 * mappers_.size(); });
          if (stopped_) return;
        }
        batch = cancel_.cancelled() ? Mapped(fail(Code::kCancelled, "cancelled")) : input_->next();
        const std::lock_guard lock(mutex_);
        number = next_in_++;
        if (!batch.has_value() || !batch->has_value()) stopped_ = true;
      }
      if (batch.has_value() && batch->has_value()) {
        Result<arrow::Batch> mapped = mapper.map(**batch);
        batch = mapped.has_value() ? Mapped(*std::move(mapped)) : Mapped(std::unexpected(std::move(mapped).error()));
      }
      const std::lock_guard lock(mutex_);
      if (!batch.has_value()) {
        stopped_ = true;
        room_.notify_all();
      }
      done_.emplace(number, std::move(batch));
      ready_.notify_one();
    }
  }

  std::unique_ptr<arrow::BatchStream> input_;
  std::shared_ptr<const arrow::Schema> schema_;
  std::vector<std::unique_ptr<BatchMapper>> mappers_;
  CancelToken cancel_;
  flow::Progress* progress_;
  int64_t rows_ = 0;

  std::mutex input_mutex_;
  std::mutex mutex_;
  std::condition_variable ready_, room_;
  std::map<size_t, Mapped> done_;
  size_t next_in_ = 0;
  size_t next_out_ = 0;
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<arrow::BatchStream> map_batches(std::unique_ptr<arrow::BatchStream> input,
                                                std::shared_ptr<const arrow::Schema> schema,
                                                std::vector<std::unique_ptr<BatchMapper>> mappers, CancelToken cancel,
                                                flow::Progress* progress) {
  CHECK(!mappers.empty());
  return std::make_unique<MappedStream>(std::move(input), std::move(schema), std::move(mappers), std::move(cancel),
                                        progress);
}

}  // namespace sinan::ml
