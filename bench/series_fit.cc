// Seasons of 7 and 30 by STL and ARIMA(7,0,2) on the series of a file, one a line: prints the processor time and the
// likelihoods, which bench/harness compares with those of statsmodels.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "ml/series/series_model.h"

int main(int argc, char** argv) {
  using namespace sinan::ml::series;
  if (argc != 2) return 2;
  std::ifstream file(argv[1]);
  std::vector<std::vector<double>> all;
  for (std::string line; std::getline(file, line);) {
    std::istringstream numbers(line);
    std::vector<double> values;
    for (double value = 0; numbers >> value;) values.push_back(value);
    all.push_back(std::move(values));
  }
  std::vector<double> likelihoods;
  const std::clock_t begin = std::clock();
  for (const std::vector<double>& values : all) {
    const auto model = fit_series({}, values, {}, {.order = ArimaOrder{7, 0, 2}, .periods = {{7, 30}}});
    if (!model) {
      fmt::print(stderr, "{}\n", model.error().to_string());
      return 1;
    }
    likelihoods.push_back(model->arima.log_likelihood);
  }
  const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  fmt::print("{{\"seconds\": {}, \"log_likelihood\": [{}]}}\n", seconds, fmt::join(likelihoods, ", "));
  return 0;
}
