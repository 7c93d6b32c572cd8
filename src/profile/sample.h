// Sample: some rows of a query in columns, drawn uniformly while the whole of it goes by, beside the summaries of all of its
// columns. What DESCRIBE DATA and COMPARE DATA look at.
//
//     Profile profile = TRY(read_profile(*rows, {.sample_rows = 100'000, .seed = seed}, cancel, &progress));
//
// Immutable once read; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "arrow/stream.h"
#include "base/cancel.h"
#include "base/error.h"
#include "base/reservoir.h"
#include "flow/step.h"
#include "profile/column_summary.h"

namespace sinan::profile {

struct SampledColumn {
  std::string name;
  arrow::Type type;
  ValueKind kind = ValueKind::kOther;
  // Of numbers, booleans and moments; NaN = missing. Empty for the other kinds.
  std::vector<double> values;
  // Of texts; a missing one is empty, and so is an empty one.
  std::vector<std::string> texts;
  std::vector<uint8_t> missing;  // of every kind, by row
};

struct Profile {
  uint64_t rows = 0;  // all of them
  std::vector<std::string> names;
  std::vector<ColumnSummary> columns;  // of all rows
  std::vector<SampledColumn> sample;   // of sampled() of them
  uint64_t sampled() const { return sample.empty() ? 0 : sample.front().missing.size(); }
};

struct ProfileOptions {
  size_t sample_rows = 100'000;
  uint64_t seed = 0;
};

// Draws rows while batches go by, of some columns only. Not thread-safe.
class Sampler {
 public:
  // `columns`: positions in `schema`.
  Sampler(const arrow::Schema& schema, std::vector<size_t> columns, const ProfileOptions& options);
  void append(const arrow::Batch& batch);
  // In the order of `columns`; the sampler is used up.
  std::vector<SampledColumn> take() { return std::move(sample_); }

 private:
  std::vector<size_t> columns_;
  Reservoir reservoir_;
  std::vector<SampledColumn> sample_;
};

// Errors: those of the stream, kCancelled. `progress` may be null.
Result<Profile> read_profile(arrow::BatchStream& rows, const ProfileOptions& options, const CancelToken& cancel,
                             flow::Progress* progress);

}  // namespace sinan::profile
