#include "ml/data_fingerprint.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "base/strings.h"

namespace sinan::ml {
namespace {

// Rows at a time: their hashes stay in the first cache.
constexpr size_t kRows = 1024;
constexpr uint64_t kNull = 0x6e756c6c00000000U;
using Hashes = std::array<uint64_t, kRows>;

// Of splitmix64 (Steele, Lea, Flood 2014): every bit of the result depends on every bit of x.
uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

uint64_t value_bits(double value) {
  if (std::isnan(value)) return std::bit_cast<uint64_t>(std::numeric_limits<double>::quiet_NaN());
  return std::bit_cast<uint64_t>(value == 0 ? 0.0 : value);
}
uint64_t value_bits(float value) { return value_bits(static_cast<double>(value)); }
template <class Integer>
uint64_t value_bits(Integer value) {
  return static_cast<uint64_t>(static_cast<int64_t>(value));
}

// Adds the mixed values of rows [begin, begin + rows) of one column; `bits` answers a row's.
template <class Bits>
void add_values(const arrow::ColumnView& column, size_t begin, size_t rows, uint64_t seed, Hashes& out, Bits bits) {
  if (column.validity() == nullptr) {
    for (size_t i = 0; i < rows; ++i) out[i] += mix(bits(begin + i) ^ seed);
    return;
  }
  for (size_t i = 0; i < rows; ++i) out[i] += mix((column.is_null(begin + i) ? kNull : bits(begin + i)) ^ seed);
}

template <class T>
bool add_typed(const arrow::ColumnView& column, size_t begin, size_t rows, uint64_t seed, Hashes& out) {
  const auto values = column.values<T>();
  if (!values) return false;
  add_values(column, begin, rows, seed, out, [&](size_t i) { return value_bits((*values)[i]); });
  return true;
}

void add_text(const arrow::ColumnView& column, size_t begin, size_t rows, uint64_t seed, Hashes& out) {
  add_values(column, begin, rows, seed, out, [&](size_t i) { return hash64(column.string(i)); });
}

// An ENUM's entries are few: each is hashed once. An index without an entry is NULL.
void add_entries(const arrow::ColumnView& column, const std::vector<uint64_t>& entries, size_t begin, size_t rows,
                 uint64_t seed, Hashes& out) {
  for (size_t i = 0; i < rows; ++i) {
    const int64_t index = column.dictionary_index(begin + i);
    out[i] += mix((index < 0 ? kNull : entries[static_cast<size_t>(index)]) ^ seed);
  }
}

std::vector<uint64_t> entry_hashes(const arrow::ColumnView& column) {
  const arrow::ColumnView entries = column.dictionary();
  std::vector<uint64_t> out(entries.size());
  for (size_t i = 0; i < out.size(); ++i) out[i] = entries.is_null(i) ? kNull : hash64(entries.to_text(i));
  return out;
}

void add_column(const arrow::ColumnView& column, const std::vector<uint64_t>& entries, size_t begin, size_t rows,
                uint64_t seed, Hashes& out) {
  using arrow::TypeId;
  switch (column.type().id) {
    case TypeId::kNull:
      for (size_t i = 0; i < rows; ++i) out[i] += mix(kNull ^ seed);
      return;
    case TypeId::kString:
      add_text(column, begin, rows, seed, out);
      return;
    case TypeId::kDictionary:
      add_entries(column, entries, begin, rows, seed, out);
      return;
    case TypeId::kBool:
      add_values(column, begin, rows, seed, out, [&](size_t i) { return uint64_t{column.as_bool(i)}; });
      return;
    case TypeId::kDecimal:
      add_values(column, begin, rows, seed, out, [&](size_t i) { return value_bits(column.as_double(i)); });
      return;
    default:
      break;
  }
  const bool done =
      add_typed<double>(column, begin, rows, seed, out) || add_typed<float>(column, begin, rows, seed, out) ||
      add_typed<int64_t>(column, begin, rows, seed, out) || add_typed<int32_t>(column, begin, rows, seed, out) ||
      add_typed<int16_t>(column, begin, rows, seed, out) || add_typed<int8_t>(column, begin, rows, seed, out) ||
      add_typed<uint64_t>(column, begin, rows, seed, out) || add_typed<uint32_t>(column, begin, rows, seed, out) ||
      add_typed<uint16_t>(column, begin, rows, seed, out) || add_typed<uint8_t>(column, begin, rows, seed, out);
  if (!done) add_values(column, begin, rows, seed, out, [&](size_t i) { return hash64(column.to_text(i)); });
}

}  // namespace

void DataFingerprint::add(const arrow::Batch& batch, Workers& workers) {
  std::vector<uint64_t> seeds;
  std::vector<std::vector<uint64_t>> entries(batch.columns());
  for (size_t c = 0; c < batch.columns(); ++c) {
    seeds.push_back(hash64(to_lower(batch.schema()[c].name)));
    if (batch.column(c).type().id == arrow::TypeId::kDictionary) entries[c] = entry_hashes(batch.column(c));
  }
  std::atomic<uint64_t> high = 0;
  std::atomic<uint64_t> low = 0;
  workers.run((batch.rows() + kRows - 1) / kRows, [&](size_t chunk) {
    const size_t begin = chunk * kRows;
    const size_t rows = std::min(kRows, batch.rows() - begin);
    Hashes hashes{};
    for (size_t c = 0; c < batch.columns(); ++c) add_column(batch.column(c), entries[c], begin, rows, seeds[c], hashes);
    uint64_t first = 0;
    uint64_t second = 0;
    for (size_t i = 0; i < rows; ++i) {
      first += mix(hashes[i]);
      second += mix(hashes[i] + 0x9e3779b97f4a7c15U);
    }
    high += first;
    low += second;
  });
  rows_ += batch.rows();
  high_ += high;
  low_ += low;
}

Fingerprint DataFingerprint::finish() const { return {.high = mix(high_ + rows_), .low = mix(low_ ^ rows_)}; }

}  // namespace sinan::ml
