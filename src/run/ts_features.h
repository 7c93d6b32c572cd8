// Features of a window of a time series: numbers in, a number out, under the names and with the definitions of tsfresh (Christ et al.,
// "Time Series FeatuRe Extraction on basis of Scalable Hypothesis tests", Neurocomputing 307, 2018). docs/statements/run.md has each
// definition. NaN = not defined for this window.
//
// Pure functions; a Window and its scratch belong to one thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace sinan::run {

// What most features begin with, computed once. At least one value, all finite.
struct Window {
  std::span<const double> values;  // in the order of time
  std::vector<double> sorted;
  double count = 0;
  double sum = 0;
  double mean = 0;
  double variance = 0;  // divided by n
  double deviation = 0;

  // Keeps its memory from one window to the next.
  void set(std::span<const double> window);
};

struct Feature {
  std::string name;  // "autocorrelation__lag_1"
  double (*compute)(const Window& window, double parameter);
  double parameter = 0;
};

enum class FeatureSet : uint8_t {
  kMinimal,        // ten statistics
  kEfficient,      // and what takes time linear in the window, but for sorting
  kComprehensive,  // and what takes its square: entropies of patterns, Fourier coefficients
};

// Each set begins with the one before.
std::vector<Feature> features_of(FeatureSet set);

}  // namespace sinan::run
