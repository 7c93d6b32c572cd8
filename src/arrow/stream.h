// BatchStream: pull batches until there are none. One reader at a time; the stream keeps alive whatever its batches
// need.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "arrow/batch.h"

namespace sinan::arrow {

class BatchStream {
 public:
  virtual ~BatchStream() = default;
  virtual const std::shared_ptr<const Schema>& schema() const = 0;
  // The next batch (at least one row), or nothing at the end. After an error the stream is finished.
  virtual Result<std::optional<Batch>> next() = 0;
};

// Batches already in memory.
std::unique_ptr<BatchStream> make_stream(std::shared_ptr<const Schema> schema, std::vector<Batch> batches);
// Reads to the end. `max_rows` bounds memory: kExhausted beyond it.
Result<std::vector<Batch>> read_all(BatchStream& stream, size_t max_rows = SIZE_MAX);

}  // namespace sinan::arrow
