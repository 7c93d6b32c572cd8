// Any bytes as the file of a forecasting model: an error, or a forecaster that answers and is written as it was read.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ml/series/forecaster.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sinan::ml::series;
  const auto forecaster = forecaster_from_json({reinterpret_cast<const char*>(data), size});
  if (!forecaster) return 0;
  const std::string text = to_json_text(*forecaster);
  const auto again = forecaster_from_json(text);
  if (!again || to_json_text(*again) != text) __builtin_trap();
  SeriesRows rows;
  rows.keys = {forecaster->series[0].key};
  for (int64_t i = -2; i < 40; i += 7) {
    rows.moments.push_back(forecaster->series[0].axis.at(i));
    rows.series.push_back(0);
  }
  rows.regressors.resize(forecaster->columns.regressors.size(), std::vector<double>(rows.moments.size(), 1.0));
  (void)forecast_rows(*forecaster, rows, 0.9, {});
  return 0;
}
