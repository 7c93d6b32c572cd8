// What a freshly trained model says about rows that were held out of its training, and the metric that decides between such
// models: for trials and folds, whose rows are in memory already. (TO EVALUATE scores a query: ml/evaluation.h.) Pure;
// thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/error.h"
#include "ml/evaluation_unlabelled.h"
#include "ml/matrix.h"
#include "ml/metrics.h"
#include "ml/model.h"

namespace sinan::ml {

struct MatrixScoring {
  Task task = Task::kRegression;
  size_t classes = 0;
  size_t main_output = 0;     // of several numbers a row
  bool with_margins = false;  // of classes
  bool is_weighted = false;   // metrics count rows by their weights
};
// What a predictor says about all rows of a matrix with labels. Errors: its own and the source's.
Result<Scored> score_matrix(const Predictor& predictor, const MatrixScoring& what, MatrixSource& rows);

struct HeldOutScore {
  Scored scored;                // of models with a label
  UnlabelledScores unlabelled;  // of others
  double rounds = 0;            // kept of the model; 0 = it has none
};

// Without `rounds`. `is_weighted`: metrics count rows by their weights. `seed` draws samples. Errors: the predictor's.
Result<HeldOutScore> score_held_out(const Model& model, MatrixSource& rows, bool is_weighted, uint64_t seed,
                                    const CancelToken& cancel);

class HeldOutMetric {
 public:
  // Errors (kArgument): unknown (nearest), or not for the task, where it is known.
  static Result<HeldOutMetric> find(std::string_view name, std::optional<Task> task);
  // What decides when nobody says: log loss, root mean squared error, NDCG, silhouette, mean score.
  static std::string_view usual(Task task);
  // What cross-validation shows.
  static std::vector<std::string> shown(Task task);

  std::string_view name() const { return labelled_ != nullptr ? labelled_->name : unlabelled_->name; }
  bool is_lower_better() const;
  // Errors: those of compute_metric(). NaN = undefined on these rows.
  Result<double> of(const HeldOutScore& score) const;

 private:
  const MetricSpec* labelled_ = nullptr;  // exactly one of them is set
  const UnlabelledMetric* unlabelled_ = nullptr;
};

}  // namespace sinan::ml
