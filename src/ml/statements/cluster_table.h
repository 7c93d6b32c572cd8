// KMeans's idx_table_name: TO TRAIN writes, besides the model, the rows it was trained on with the cluster of each
// (cluster_index) and the distance to its centre (distance), in the step's one commit. Plain functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "arrow/type.h"
#include "engine/engine.h"
#include "flow/statement_kind.h"
#include "ml/model.h"
#include "ml/training.h"

namespace sinan::ml {

struct ClusterTable {
  engine::TableName table;
  Span place;
  ObjectRef ref;
};

// Nothing when the statement asks for none. Errors: of the name.
Result<std::optional<ClusterTable>> check_cluster_table(const TrainRequest& request,
                                                        const std::optional<arrow::Schema>& columns,
                                                        flow::CheckContext& context);
// The rows written. Errors (kUnsupported): an engine in which we have no functions.
Result<int64_t> write_cluster_table(const ClusterTable& table, const TrainRequest& request, const ModelPackage& package,
                                    flow::RunContext& context);

}  // namespace sinan::ml
