// DataFingerprint: what identifies the rows a model was trained on: their number, and a hash that does not depend on the order
// of rows, columns or batches. Two queries with the same rows have the same one; a changed, added or repeated row changes it.
//
// A row's hash is a sum over its columns of a mixed value, each column with a seed made of its name (any case); the rows' mixed
// hashes are summed up, in two lanes of 64 bits. Values count as what they are: integers, dates and times as int64, floats and
// decimals as double (-0 is 0, all NaN are one), text as its bytes, NULL as itself. For finding changes, not against forgery.
//
// Not thread-safe; add() shares its rows out to `workers`.
#pragma once

#include <cstdint>

#include "arrow/batch.h"
#include "base/hash.h"
#include "ml/data_workers.h"

namespace sinan::ml {

class DataFingerprint {
 public:
  void add(const arrow::Batch& batch, Workers& workers);
  uint64_t rows() const { return rows_; }
  Fingerprint finish() const;

 private:
  uint64_t rows_ = 0;
  uint64_t high_ = 0;
  uint64_t low_ = 0;
};

}  // namespace sinan::ml
