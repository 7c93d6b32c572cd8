#include "ml/held_out_score.h"

namespace sinan::ml {

Result<Scored> score_held_out(const Model& model, MatrixSource& rows) {
  Scored out;
  out.task = model.package().task;
  const bool is_regression = out.task == Task::kRegression;
  if (!is_regression) out.classes = model.package().label.classes.size();
  const size_t width = model.predictor().prediction_width();
  const size_t outputs = model.predictor().outputs();
  std::vector<float> predictions;
  TRY(rows.rewind());
  while (const auto block = TRY(rows.next())) {
    predictions.resize(block->rows * width);
    TRY(model.predictor().predict(*block, Output::kPrediction, predictions));
    for (const float truth : block->label) {
      if (is_regression) {
        out.actual_value.push_back(static_cast<double>(truth));
      } else {
        out.actual.push_back(static_cast<int32_t>(truth));
      }
    }
    if (is_regression) {
      for (size_t i = model.package().label.main_output(); i < predictions.size(); i += width)
        out.predicted_value.push_back(static_cast<double>(predictions[i]));
      continue;
    }
    out.probability.insert(out.probability.end(), predictions.begin(), predictions.end());
    const size_t begin = out.margin.size();
    out.margin.resize(begin + block->rows * outputs);
    TRY(model.predictor().predict(*block, Output::kMargin, std::span(out.margin).subspan(begin)));
  }
  return out;
}

bool is_lower_better(const MetricSpec& metric) {
  const std::string_view name = metric.name;
  return name.ends_with("_loss") || name.ends_with("_error") || name.ends_with("Error") || name.starts_with("False");
}

}  // namespace sinan::ml
