// The Kalman filter of an ARIMA process: innovations, likelihood and forecasts, exact, with missing values
// (Harvey, "Forecasting, Structural Time Series Models and the Kalman Filter", 1989, chapter 3; Gardner, Harvey and
// Phillips, AS 154, 1980). Used by ml/series/arima.h. One filter, one thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace sinan::ml::series {

// y follows an ARMA process after differencing:
//   w[t] = y[t] - sum differences[i] y[t-1-i],   w[t] = sum ar[i] w[t-1-i] + e[t] + sum ma[i] e[t-1-i].
// Multiplied out: seasons are only longer lists. The variance of e is 1 here.
struct Polynomials {
  std::vector<double> ar;
  std::vector<double> ma;
  std::vector<double> differences;
};

// Whether w has a finite variance: all roots of 1 - sum ar[i] z^(i+1) outside the unit circle.
bool is_stationary(std::span<const double> ar);

// Several series at once that share missing places, and so gains: a series and its regressors.
class ArmaFilter {
 public:
  // The process starts in its stationary distribution; `start` holds, for each of the `columns` series, its last
  // differences.size() values before the first one, the latest first.
  ArmaFilter(const Polynomials& polynomials, size_t columns, std::span<const std::vector<double>> start);

  // One moment ahead: what is expected of each series, before its value is told, and the variance of that (of the first
  // series' noise, in units of e's).
  std::span<const double> expected() const { return expected_; }
  double variance() const { return variance_; }

  // The moment's values, one a series; or that there are none. Both move on to the next moment.
  void observe(std::span<const double> values);
  void skip();

 private:
  void predict();
  void move_states();
  void move_covariance();
  void move_arma_covariance();
  bool is_settled() const;
  void enter_steady();
  double* state(size_t column) { return states_.data() + column * size_; }

  size_t arma_;  // states of w: max(p, q + 1)
  size_t lags_;  // states that hold past values of y
  size_t size_;
  size_t columns_;
  std::vector<double> ar_, impulse_, differences_;  // ar and (1, ma) padded to arma_
  std::vector<double> states_;                      // columns x size
  std::vector<double> covariance_, moved_;          // size x size
  std::vector<double> gain_;
  std::vector<double> expected_;
  double variance_ = 1;
  // All that is uncertain is the next e: the covariance stays as it is and need not be computed.
  bool steady_ = false;
};

}  // namespace sinan::ml::series
