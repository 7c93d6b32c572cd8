#include "arrow/stream.h"

#include <fmt/format.h>

namespace sinan::arrow {
namespace {

class MemoryStream final : public BatchStream {
 public:
  MemoryStream(std::shared_ptr<const Schema> schema, std::vector<Batch> batches)
      : schema_(std::move(schema)), batches_(std::move(batches)) {}

  const std::shared_ptr<const Schema>& schema() const override { return schema_; }
  Result<std::optional<Batch>> next() override {
    while (next_ < batches_.size()) {
      const Batch& batch = batches_[next_++];
      if (batch.rows() > 0) return batch;
    }
    return std::nullopt;
  }

 private:
  std::shared_ptr<const Schema> schema_;
  std::vector<Batch> batches_;
  size_t next_ = 0;
};

}  // namespace

std::unique_ptr<BatchStream> make_stream(std::shared_ptr<const Schema> schema, std::vector<Batch> batches) {
  return std::make_unique<MemoryStream>(std::move(schema), std::move(batches));
}

Result<std::vector<Batch>> read_all(BatchStream& stream, size_t max_rows) {
  std::vector<Batch> batches;
  size_t rows = 0;
  for (;;) {
    std::optional<Batch> batch = TRY(stream.next());
    if (!batch) return batches;
    rows += batch->rows();
    if (rows > max_rows) {
      return fail(Code::kExhausted, fmt::format("too many rows to hold in memory: more than {}", max_rows));
    }
    batches.push_back(*std::move(batch));
  }
}

}  // namespace sinan::arrow
