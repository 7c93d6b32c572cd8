// Drift: how far the values of a column have moved between a reference (the training rows, last month) and rows of now.
//
// Values and pure functions; any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "profile/distribution.h"

namespace sinan::profile {

// The population stability index of two lists of shares, bin by bin: sum (e - a) ln(e / a), a share of 0 counted as 0.001.
double population_stability(std::span<const double> expected, std::span<const double> actual);

// The greatest distance between the cumulative shares of two samples (Kolmogorov and Smirnov). Ascending, not empty.
double kolmogorov_smirnov(const std::vector<double>& reference, const std::vector<double>& current);
// The probability of such a distance, or a greater one, between samples of one distribution (asymptotic; Kolmogorov 1933,
// with the correction of Stephens 1970).
double kolmogorov_smirnov_p(double distance, double reference_rows, double current_rows);

struct Drift {
  std::vector<std::string> bins;  // "[3, 7.5)", "JFK", "missing"
  std::vector<double> reference;  // share of the rows in each
  std::vector<double> current;
  double psi = 0;
  std::optional<double> ks;  // of what has an order
  std::optional<double> ks_p;
};

// Numbers and moments are cut at the reference's deciles; up to ten different values are a bin each, and so are texts; what the
// reference never had is "other". What is missing is a bin where there is some.
// Nothing when the two are of different kinds, of none that can be compared, or one of them has no rows.
std::optional<Drift> drift_between(const Distribution& reference, const Distribution& current, const arrow::Type& type);

// The usual reading of the index: below 0.1, below 0.25, and above.
std::string_view verdict(double psi);

}  // namespace sinan::profile
