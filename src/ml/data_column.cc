#include "ml/data_column.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace sinan::ml {

namespace {

constexpr size_t kSlabChunks = 8;  // 2 MiB
// Shorter columns have chunks of their own: where there are many, half-used slabs would be most of the memory.
constexpr size_t kChunksBeforeSlabs = 2 * kSlabChunks;

}  // namespace

void FloatColumn::add_chunk() {
  if (!last_slab_ || slab_used_ * kChunkRows == last_slab_->size()) {
    const size_t chunks = chunks_.size() < kChunksBeforeSlabs ? 1 : kSlabChunks;
    last_slab_ = std::make_shared<RawVector<float>>(chunks * kChunkRows);
    slab_used_ = 0;
  }
  chunks_.emplace_back(last_slab_, last_slab_->data() + slab_used_++ * kChunkRows);
}

void FloatColumn::append(std::span<const float> values) {
  while (!values.empty()) {
    const size_t used = size_ % kChunkRows;
    if (used == 0) add_chunk();
    const size_t rows = std::min(values.size(), kChunkRows - used);
    std::memcpy(last_slab_->data() + (slab_used_ - 1) * kChunkRows + used, values.data(), rows * sizeof(float));
    size_ += rows;
    values = values.subspan(rows);
  }
}

std::span<const float> FloatColumn::chunk(size_t i) const {
  return {chunks_[i].get(), std::min(kChunkRows, size_ - i * kChunkRows)};
}

void FloatColumn::read(size_t begin, std::span<float> out) const {
  CHECK(begin + out.size() <= size_);
  while (!out.empty()) {
    const size_t offset = begin % kChunkRows;
    const size_t rows = std::min(out.size(), kChunkRows - offset);
    std::memcpy(out.data(), chunks_[begin / kChunkRows].get() + offset, rows * sizeof(float));
    begin += rows;
    out = out.subspan(rows);
  }
}

void IntegerColumn::append(std::span<const int64_t> values) {
  while (!values.empty()) {
    const size_t rows = std::min(values.size(), kChunkRows - open_.size());
    open_.insert(open_.end(), values.begin(), values.begin() + static_cast<ptrdiff_t>(rows));
    size_ += rows;
    values = values.subspan(rows);
    if (open_.size() == kChunkRows) pack();
  }
}

void IntegerColumn::finish() {
  if (!open_.empty()) pack();
  open_ = {};
}

void IntegerColumn::pack() {
  int64_t low = std::numeric_limits<int64_t>::max();
  int64_t high = std::numeric_limits<int64_t>::min();
  for (const int64_t value : open_) {
    if (value == kMissing) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  Chunk chunk;
  chunk.rows = open_.size();
  chunk.base = low > high ? 0 : low;
  const uint64_t range = low > high ? 0 : static_cast<uint64_t>(high) - static_cast<uint64_t>(low);
  chunk.width = range < UINT8_MAX ? 1 : range < UINT16_MAX ? 2 : range < UINT32_MAX ? 4 : 8;
  chunk.data = std::make_unique_for_overwrite<std::byte[]>(chunk.rows * chunk.width);
  const auto fill = [&]<class T>(T*) {
    auto* out = reinterpret_cast<T*>(chunk.data.get());
    for (size_t i = 0; i < chunk.rows; ++i) {
      const auto delta = static_cast<uint64_t>(open_[i]) - static_cast<uint64_t>(chunk.base);
      out[i] = open_[i] == kMissing ? std::numeric_limits<T>::max() : static_cast<T>(delta);
    }
  };
  switch (chunk.width) {
    case 1:
      fill(static_cast<uint8_t*>(nullptr));
      break;
    case 2:
      fill(static_cast<uint16_t*>(nullptr));
      break;
    case 4:
      fill(static_cast<uint32_t*>(nullptr));
      break;
    default:
      fill(static_cast<uint64_t*>(nullptr));
      break;
  }
  chunks_.push_back(std::move(chunk));
  open_.clear();
}

// each_run(stored values, base, position in the output) for every chunk that rows [begin, begin + rows) touch.
template <class F>
void IntegerColumn::visit(size_t begin, size_t rows, F&& each_run) const {
  CHECK(begin + rows <= size_ && open_.empty());
  size_t done = 0;
  while (done < rows) {
    const Chunk& chunk = chunks_[(begin + done) / kChunkRows];
    const size_t offset = (begin + done) % kChunkRows;
    const size_t count = std::min(rows - done, chunk.rows - offset);
    const auto run = [&]<class T>(const T* data) {
      each_run(std::span<const T>(data + offset, count), static_cast<uint64_t>(chunk.base), done);
    };
    switch (chunk.width) {
      case 1:
        run(reinterpret_cast<const uint8_t*>(chunk.data.get()));
        break;
      case 2:
        run(reinterpret_cast<const uint16_t*>(chunk.data.get()));
        break;
      case 4:
        run(reinterpret_cast<const uint32_t*>(chunk.data.get()));
        break;
      default:
        run(reinterpret_cast<const uint64_t*>(chunk.data.get()));
        break;
    }
    done += count;
  }
}

void IntegerColumn::read(size_t begin, std::span<int64_t> out) const {
  visit(begin, out.size(), [&]<class T>(std::span<const T> stored, uint64_t base, size_t at) {
    for (size_t i = 0; i < stored.size(); ++i) {
      const bool missing = stored[i] == std::numeric_limits<T>::max();
      out[at + i] = missing ? kMissing : static_cast<int64_t>(base + stored[i]);
    }
  });
}

template <class M>
void IntegerColumn::read_mapped(size_t begin, std::span<const M> lookup, std::span<M> out) const {
  visit(begin, out.size(), [&]<class T>(std::span<const T> stored, uint64_t base, size_t at) {
    for (size_t i = 0; i < stored.size(); ++i) {
      const bool missing = stored[i] == std::numeric_limits<T>::max();
      out[at + i] = lookup[missing ? 0 : base + stored[i] + 1];
    }
  });
}

template void IntegerColumn::read_mapped(size_t, std::span<const float>, std::span<float>) const;
template void IntegerColumn::read_mapped(size_t, std::span<const int32_t>, std::span<int32_t>) const;

uint64_t IntegerColumn::bytes() const {
  uint64_t bytes = 0;
  for (const Chunk& chunk : chunks_) bytes += chunk.rows * chunk.width;
  return bytes;
}

}  // namespace sinan::ml
