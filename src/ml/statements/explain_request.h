// What one TO EXPLAIN asks for, checked; and the ways to answer, one a file. Each returns what is shown and written; lineage is
// added by the statement.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"
#include "flow/outcome.h"
#include "flow/step.h"
#include "ml/attributes.h"
#include "ml/row_sample.h"
#include "ml/statements/model_query.h"

namespace sinan::ml {

enum class ExplainMethod : uint8_t {
  kTree,        // SHAP values by the model's own explainer
  kLinear,      // the same
  kKernel,      // SHAP values by predictions alone
  kGain,        // (feature, fscore, gain)
  kImportance,  // all that trees know of their splits
  kBoosted,     // (feature, dfc, gain)
  kTable,       // what the model is
  kPermutation,
  kPartialDependence,
};

struct ExplainRequest {
  ModelQuery query;
  std::optional<ExplainMethod> method;  // none: by the model
  Span method_place;                    // of USING, else of the model
  std::optional<engine::TableName> table;
  std::optional<ObjectRef> target;
  AttributeValues values;

  // Of samples and shuffles.
  uint64_t seed(const flow::RunContext& context) const {
    const int64_t own = values.integer("explain.seed");
    return own >= 0 ? static_cast<uint64_t>(own) : context.seed();
  }
  // Rows to keep in memory, unless the statement says how many.
  size_t sample_rows(size_t usual) const {
    const int64_t own = values.integer("explain.sample_rows");
    return own > 0 ? static_cast<size_t>(own) : usual;
  }
  size_t most_shown() const { return static_cast<size_t>(values.integer("summary.max_display")); }
  Span place(std::string_view attribute) const { return values.span(attribute).value_or(method_place); }
};

// explain_shap.cc. `by_kernel`: whatever the model is.
Result<flow::Outcome> explain_shap(const ExplainRequest& request, OpenModelQuery open, bool by_kernel,
                                   flow::RunContext& context);
// explain_trees.cc
Result<flow::Outcome> explain_gain(const ExplainRequest& request, const Model& model, flow::RunContext& context);
Result<flow::Outcome> explain_importance(const ExplainRequest& request, const Model& model, flow::RunContext& context);
Result<flow::Outcome> explain_boosted(const ExplainRequest& request, OpenModelQuery open, flow::RunContext& context);

// explain_effects.cc
Result<flow::Outcome> explain_permutation(const ExplainRequest& request, OpenModelQuery open,
                                          flow::RunContext& context);
Result<flow::Outcome> explain_partial_dependence(const ExplainRequest& request, OpenModelQuery open,
                                                 flow::RunContext& context);
std::vector<arrow::Field> permutation_fields();

// Calls `each(begin, rows)` for parts of `count` rows on all threads of the run; the first error ends it. `at_once`: rows of a part.
Status in_parallel(size_t count, size_t at_once, flow::RunContext& context,
                   const std::function<Status(size_t, size_t)>& each);
// Rows [begin, begin + rows) of plain columns.
std::vector<FeatureColumn> part_of(std::span<const FeatureColumn> columns, size_t begin, size_t rows);
// "The picture shows a random sample of 10,000 of 1,000,000 rows, drawn with the run's seed."
std::string sample_note(const RowSample& sample, std::string_view what);

}  // namespace sinan::ml
