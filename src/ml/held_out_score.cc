#include "ml/held_out_score.h"

#include <algorithm>

namespace sinan::ml {
Result<Scored> score_matrix(const Predictor& predictor, const MatrixScoring& what, MatrixSource& rows) {
  Scored out;
  out.task = what.task;
  const bool has_classes = is_classification(out.task);
  if (has_classes) out.classes = what.classes;
  const size_t width = predictor.prediction_width();
  const size_t outputs = predictor.outputs();
  std::vector<float> predictions;
  TRY(rows.rewind());
  while (const auto block = TRY(rows.next())) {
    predictions.resize(block->rows * width);
    TRY(predictor.predict(*block, Output::kPrediction, predictions));
    out.group.insert(out.group.end(), block->group.begin(), block->group.end());
    if (what.is_weighted) out.weight.insert(out.weight.end(), block->weight.begin(), block->weight.end());
    for (const float truth : block->label) {
      if (has_classes) {
        out.actual.push_back(static_cast<int32_t>(truth));
      } else {
        out.actual_value.push_back(static_cast<double>(truth));
      }
    }
    if (!has_classes) {
      for (size_t i = what.main_output; i < predictions.size(); i += width)
        out.predicted_value.push_back(static_cast<double>(predictions[i]));
      continue;
    }
    out.probability.insert(out.probability.end(), predictions.begin(), predictions.end());
    if (!what.with_margins) continue;
    const size_t begin = out.margin.size();
    out.margin.resize(begin + block->rows * outputs);
    TRY(predictor.predict(*block, Output::kMargin, std::span(out.margin).subspan(begin)));
  }
  return out;
}

Result<HeldOutScore> score_held_out(const Model& model, MatrixSource& rows, bool is_weighted, uint64_t seed,
                                    const CancelToken& cancel) {
  HeldOutScore out;
  if (has_label(model.package().task)) {
    const LabelMap& label = model.package().label;
    const MatrixScoring what{model.package().task, label.classes.size(), label.main_output(), true, is_weighted};
    out.scored = TRY(score_matrix(model.predictor(), what, rows));
  } else {
    out.unlabelled = TRY(score_unlabelled(model, rows, seed, cancel));
  }
  return out;
}

Result<HeldOutMetric> HeldOutMetric::find(std::string_view name, std::optional<Task> task) {
  HeldOutMetric out;
  if (task && !has_label(*task)) {
    out.unlabelled_ = TRY(find_unlabelled_metric(name, *task));
  } else {
    out.labelled_ = TRY(find_metric(name, task));
  }
  return out;
}

std::string_view HeldOutMetric::usual(Task task) {
  switch (task) {
    case Task::kRanking:
      return "ndcg";
    case Task::kClustering:
      return "silhouette_score";
    case Task::kAnomaly:
      return "mean_score";
    case Task::kBinary:
    case Task::kMulticlass:
      return "log_loss";
    default:
      return "RootMeanSquaredError";
  }
}

std::vector<std::string> HeldOutMetric::shown(Task task) {
  std::vector<std::string> out;
  if (!has_label(task)) {
    for (const UnlabelledMetric& metric : unlabelled_metrics())
      if (metric.task == task) out.emplace_back(metric.name);
    return out;
  }
  for (const std::string_view name : default_metrics(task)) out.emplace_back(name);
  if (task != Task::kRanking) out.emplace_back(task == Task::kRegression ? "mean_squared_error" : "log_loss");
  return out;
}

bool HeldOutMetric::is_lower_better() const {
  const std::string_view metric = name();
  return metric.ends_with("_loss") || metric.ends_with("_error") || metric.ends_with("Error") ||
         metric.starts_with("False") || metric == "inertia" || metric == "davies_bouldin_score" ||
         metric == "outlier_share";
}

Result<double> HeldOutMetric::of(const HeldOutScore& score) const {
  if (labelled_ != nullptr) return compute_metric(*labelled_, score.scored);
  return score.unlabelled.values[static_cast<size_t>(unlabelled_ - unlabelled_metrics().data())];
}

}  // namespace sinan::ml
