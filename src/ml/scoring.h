// Scoring: a query's batches through a model on several threads, in order, in bounded memory. What TO PREDICT, TO EVALUATE
// and TO EXPLAIN share.
//
//     auto rows = TRY(open_rows(query, place, context));
//     auto scored = map_batches(std::move(rows), schema, std::move(mappers), context.cancel(), &context.progress());
//     TRY(context.session().ingest(table, *scored, IngestMode::kReplace));
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "arrow/stream.h"
#include "base/cancel.h"
#include "base/error.h"
#include "flow/clause_query.h"
#include "flow/step.h"

namespace sinan::ml {

// One thread's share of the work; is given whole batches.
class BatchMapper {
 public:
  virtual ~BatchMapper() = default;
  virtual Result<arrow::Batch> map(const arrow::Batch& rows) = 0;
};

using flow::open_rows;

// One thread a mapper (one mapper: the reader's own thread). At most two batches a thread are held. The first error ends
// the stream; destroying it stops the threads. `progress` may be null; it is told the rows handed out.
std::unique_ptr<arrow::BatchStream> map_batches(std::unique_ptr<arrow::BatchStream> input,
                                                std::shared_ptr<const arrow::Schema> schema,
                                                std::vector<std::unique_ptr<BatchMapper>> mappers, CancelToken cancel,
                                                flow::Progress* progress);

}  // namespace sinan::ml
