// What a step hands back to whoever asked: messages, small tables, charts. Query rows do not come here: they are streamed
// to the ResultSink of RunContext, which also takes small tables that are to be seen while the step goes on.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "arrow/batch.h"
#include "base/error.h"
#include "base/json.h"
#include "catalog/catalog.h"
#include "plot/chart.h"

namespace sinan::flow {

// Fit for a person's screen: hundreds of rows, not millions.
struct ResultTable {
  std::string title;
  arrow::Batch rows;
};

// A picture; saved as `<name>.svg` in the run's folder and drawn on the terminal.
struct Artefact {
  std::string name;  // file-name safe: "roc", "shap_summary"
  plot::Chart chart;
};

struct Outcome {
  std::vector<std::string> messages;  // one sentence each
  std::vector<ResultTable> tables;
  std::vector<Artefact> artefacts;
  int64_t rows_read = -1;
  int64_t rows_written = -1;
  Json details;  // metrics by round, stage times: kept in the run record

  // What becomes visible together with the tables written in the step's transaction.
  std::vector<catalog::NewObject> objects;
  std::vector<ObjectRef> dropped;
  std::vector<catalog::ObjectChange> changes;
  std::vector<catalog::LineageEdge> lineage;
};

// Where query rows go: the terminal, a file, a client. Called by one thread at a time per step. A step that is tried again
// begins again: what an earlier attempt gave is withdrawn where it has not been seen yet.
class ResultSink {
 public:
  virtual ~ResultSink() = default;
  virtual Status begin(const std::shared_ptr<const arrow::Schema>& schema) = 0;
  // False = enough, stop the query (a pager that was quit); not an error.
  virtual Result<bool> write(arrow::Batch batch) = 0;
  virtual Status end() = 0;
  // A table to be seen now and not when the step has ended: what TRAIN has derived, before it trains. Stands before the
  // Outcome's tables; not between begin() and end(). Whoever keeps only the rows may drop it.
  virtual void show(const ResultTable&) {}
};

}  // namespace sinan::flow
