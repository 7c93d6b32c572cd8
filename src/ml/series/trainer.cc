#include "ml/series/trainer.h"

#include "base/strings.h"

namespace sinan::ml {
namespace {

constexpr std::string_view kEstimator = "sqlflow_models.ARIMAWithSTLDecomposition";

constexpr AttributeSpec kAttributes[] = {
    {.name = "model.order",
     .type = AttributeType::kIntegerList,
     .doc = "p, d, q of the ARIMA model; without it, or \"auto\": searched by AICc",
     .min = 0,
     .max = 50,
     .aliases = "order"},
    {.name = "model.period",
     .type = AttributeType::kIntegerList,
     .doc = "steps a season, one or several, [] for none; without it, or \"auto\": found",
     .min = 2,
     .max = 1'000'000,
     .aliases = "period"},
    {.name = "model.seasonal_window",
     .type = AttributeType::kIntegerList,
     .doc = "odd, one a period: over how many seasons a season's pattern is smoothed; 11, 15, ... without it",
     .min = 3,
     .max = 1'000'001},
    {.name = "model.robust",
     .type = AttributeType::kBoolean,
     .default_text = "false",
     .doc = "outliers do not bend trend and seasons"},
    {.name = "model.time_column",
     .type = AttributeType::kString,
     .default_text = "",
     .doc = "the column of time; without it the first date, timestamp or text"},
    {.name = "model.date_format",
     .type = AttributeType::kString,
     .default_text = "",
     .doc = "how dates are written that are texts: \"%Y-%m-%d\"",
     .aliases = "date_format"},
    {.name = "model.forecast_start",
     .type = AttributeType::kString,
     .default_text = "",
     .doc = "the first date of the forecast shown; without it the step after the history",
     .aliases = "forecast_start"},
    {.name = "model.forecast_end",
     .type = AttributeType::kString,
     .default_text = "",
     .doc = "the last date of the forecast shown",
     .aliases = "forecast_end"},
    {.name = "model.horizon",
     .type = AttributeType::kInteger,
     .default_text = "0",
     .doc =
         "how many steps the forecast shown has, when model.forecast_end does not tell; 0: two of the shortest season",
     .min = 0,
     .max = 100'000},
    {.name = "model.confidence",
     .type = AttributeType::kFloat,
     .default_text = "0.95",
     .doc = "how often the truth shall be between lower and upper",
     .min = 0,
     .max = 1,
     .min_open = true,
     .max_open = true},
    {.name = "model.holidays",
     .type = AttributeType::kStringList,
     .default_text = "",
     .doc = "dates, past and to come, that have a level of their own"},
};

class SeriesTrainer final : public Trainer {
 public:
  std::string_view library() const override { return "sinan.series"; }
  std::vector<std::string> estimators() const override { return {std::string(kEstimator)}; }
  std::string canonical_estimator(std::string_view name) const override {
    const std::string_view last = kEstimator.substr(kEstimator.find('.') + 1);
    return equals_ignore_case(name, kEstimator) || equals_ignore_case(name, last) ? std::string(kEstimator) : "";
  }
  std::span<const AttributeSpec> attributes(std::string_view) const override { return kAttributes; }
  bool learns_series() const override { return true; }
  Result<Intent> intent(std::string_view, const AttributeValues&) const override {
    return Intent{.task = Task::kForecast, .classes = {}, .is_classification = false};
  }
  Result<Trained> train(const TrainSpec&, MatrixSource&, MatrixSource*, TrainObserver&) const override {
    return fail(Code::kInternal, "time series are no matrix");
  }
  flow::DoctorFinding doctor() const override { return {"time series", true, "ARIMA and STL, built in", ""}; }
};

}  // namespace

std::unique_ptr<Trainer> make_series_trainer() { return std::make_unique<SeriesTrainer>(); }

}  // namespace sinan::ml
