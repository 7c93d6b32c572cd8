#include "ml/series/arma_filter.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace sinan::ml::series {
namespace {

// How far the variances of the states may be from their limits for the limits to stand in.
constexpr double kSteady = 1e-14;

using Matrix = std::vector<double>;  // square, row by row

// a * b, or a * transpose(b).
void multiply(const Matrix& a, const Matrix& b, size_t n, bool transposed, Matrix& out) {
  std::ranges::fill(out, 0.0);
  for (size_t i = 0; i < n; ++i) {
    for (size_t k = 0; k < n; ++k) {
      if (transposed) {
        double sum = 0;
        for (size_t j = 0; j < n; ++j) sum += a[i * n + j] * b[k * n + j];
        out[i * n + k] = sum;
        continue;
      }
      const double factor = a[i * n + k];
      if (factor == 0) continue;
      for (size_t j = 0; j < n; ++j) out[i * n + j] += factor * b[k * n + j];
    }
  }
}

// The covariance P = T P T' + R R' of a stationary ARMA state, by doubling: sum over i of T^i R R' T'^i.
Matrix stationary_covariance(std::span<const double> ar, std::span<const double> impulse) {
  const size_t n = impulse.size();
  Matrix transition(n * n, 0.0), sum(n * n), work(n * n), more(n * n);
  for (size_t i = 0; i < n; ++i) {
    transition[i * n] = ar[i];
    if (i + 1 < n) transition[i * n + i + 1] = 1;
    for (size_t j = 0; j < n; ++j) sum[i * n + j] = impulse[i] * impulse[j];
  }
  // 2^60 terms: nearer to the unit circle than any double tells.
  for (int doublings = 0; doublings < 60; ++doublings) {
    multiply(transition, sum, n, false, work);
    multiply(work, transition, n, true, more);
    double change = 0, size = 0;
    for (size_t i = 0; i < n * n; ++i) {
      sum[i] += more[i];
      change = std::max(change, std::abs(more[i]));
      size = std::max(size, std::abs(sum[i]));
    }
    if (!(change > 1e-17 * size)) break;
    multiply(transition, transition, n, false, work);
    transition.swap(work);
  }
  return sum;
}

}  // namespace

// By the Levinson-Durbin recursion backwards: stationary when every partial autocorrelation is within (-1, 1).
bool is_stationary(std::span<const double> ar) {
  std::vector<double> now(ar.begin(), ar.end()), next(ar.size());
  for (size_t k = now.size(); k > 0; --k) {
    const double partial = now[k - 1];
    if (!(std::abs(partial) < 1)) return false;
    for (size_t i = 0; i + 1 < k; ++i) next[i] = (now[i] + partial * now[k - 2 - i]) / (1 - partial * partial);
    now.swap(next);
  }
  return true;
}

ArmaFilter::ArmaFilter(const Polynomials& polynomials, size_t columns, std::span<const std::vector<double>> start)
    : arma_(std::max(polynomials.ar.size(), polynomials.ma.size() + 1)),
      lags_(polynomials.differences.size()),
      size_(arma_ + lags_),
      columns_(columns),
      ar_(polynomials.ar),
      impulse_(polynomials.ma),
      differences_(polynomials.differences),
      states_(columns * size_, 0.0),
      covariance_(size_ * size_, 0.0),
      moved_(size_ * size_),
      gain_(size_),
      expected_(columns) {
  CHECK(lags_ == 0 || start.size() == columns);
  ar_.resize(arma_, 0.0);
  impulse_.insert(impulse_.begin(), 1.0);
  impulse_.resize(arma_, 0.0);
  const Matrix covariance = stationary_covariance(ar_, impulse_);
  for (size_t i = 0; i < arma_; ++i) {
    for (size_t j = 0; j < arma_; ++j) covariance_[i * size_ + j] = covariance[i * arma_ + j];
  }
  for (size_t column = 0; column < columns_ && lags_ > 0; ++column) {
    CHECK(start[column].size() == lags_);
    std::ranges::copy(start[column], state(column) + arma_);
  }
  predict();
}

// y = the first state of w + differences . lags, and its variance.
void ArmaFilter::predict() {
  for (size_t column = 0; column < columns_; ++column) {
    const double* s = state(column);
    double sum = s[0];
    for (size_t i = 0; i < lags_; ++i) sum += differences_[i] * s[arma_ + i];
    expected_[column] = sum;
  }
  if (steady_) return;
  for (size_t i = 0; i < size_; ++i) {
    const double* row = covariance_.data() + i * size_;
    double sum = row[0];
    for (size_t j = 0; j < lags_; ++j) sum += differences_[j] * row[arma_ + j];
    gain_[i] = sum;
  }
  variance_ = gain_[0];
  for (size_t i = 0; i < lags_; ++i) variance_ += differences_[i] * gain_[arma_ + i];
}

void ArmaFilter::observe(std::span<const double> values) {
  for (size_t column = 0; column < columns_; ++column) {
    const double innovation = values[column] - expected_[column];
    double* s = state(column);
    if (steady_) {
      for (size_t i = 0; i < arma_; ++i) s[i] += impulse_[i] * innovation;
      continue;
    }
    for (size_t i = 0; i < size_; ++i) s[i] += gain_[i] * (innovation / variance_);
  }
  if (!steady_) {
    for (size_t i = 0; i < size_; ++i) {
      const double factor = gain_[i] / variance_;
      double* row = covariance_.data() + i * size_;
      for (size_t j = 0; j < size_; ++j) row[j] -= factor * gain_[j];
    }
    move_covariance();
    if (is_settled()) enter_steady();
  }
  move_states();
  predict();
}

void ArmaFilter::skip() {
  steady_ = false;
  move_covariance();
  move_states();
  predict();
}

bool ArmaFilter::is_settled() const {
  for (size_t i = 0; i < size_; ++i) {
    const double limit = i < arma_ ? impulse_[i] * impulse_[i] : 0;
    if (std::abs(covariance_[i * size_ + i] - limit) > kSteady * std::max(1.0, limit)) return false;
  }
  return true;
}

// The covariance of the states is that of the next e alone.
void ArmaFilter::enter_steady() {
  steady_ = true;
  variance_ = 1;
  std::ranges::fill(covariance_, 0.0);
  for (size_t i = 0; i < arma_; ++i) {
    for (size_t j = 0; j < arma_; ++j) covariance_[i * size_ + j] = impulse_[i] * impulse_[j];
  }
  std::ranges::fill(gain_, 0.0);
  std::ranges::copy(impulse_, gain_.begin());
}

// T s, in place: w's states shift with ar times the first, y itself joins its lags.
void ArmaFilter::move_states() {
  for (size_t column = 0; column < columns_; ++column) {
    double* s = state(column);
    double y = s[0];
    for (size_t i = 0; i < lags_; ++i) y += differences_[i] * s[arma_ + i];
    const double first = s[0];
    for (size_t i = 0; i < arma_; ++i) s[i] = ar_[i] * first + (i + 1 < arma_ ? s[i + 1] : 0);
    for (size_t i = lags_; i > 1; --i) s[arma_ + i - 1] = s[arma_ + i - 2];
    if (lags_ > 0) s[arma_] = y;
  }
}

// T P T' + R R' without lags, in place: T shifts and adds ar times the first state, so that each entry needs the one below and
// right of it, and the first row as it was. P is symmetric.
void ArmaFilter::move_arma_covariance() {
  const size_t n = size_;
  double* const first = moved_.data();
  std::copy(covariance_.begin(), covariance_.begin() + static_cast<std::ptrdiff_t>(n), first);
  for (size_t i = 0; i < n; ++i) {
    const double with_first = ar_[i] * first[0] + (i + 1 < n ? first[i + 1] : 0);
    double* const out = covariance_.data() + i * n;
    const double* const below = out + n;  // row i + 1; not read when i is the last
    for (size_t j = i; j + 1 < n; ++j) {
      out[j] = with_first * ar_[j] + ar_[i] * first[j + 1] + below[j + 1] + impulse_[i] * impulse_[j];
    }
    out[n - 1] = with_first * ar_[n - 1] + impulse_[i] * impulse_[n - 1];
    for (size_t j = i + 1; j < n; ++j) covariance_[j * n + i] = out[j];
  }
}

// T P T' + R R': the rows as move_states() moves a state, then the columns.
void ArmaFilter::move_covariance() {
  if (lags_ == 0) {
    move_arma_covariance();
    return;
  }
  const size_t n = size_;
  const auto at = [&](Matrix& m, size_t i) { return m.data() + i * n; };
  const double* first = at(covariance_, 0);
  for (size_t i = 0; i < arma_; ++i) {
    double* out = at(moved_, i);
    for (size_t j = 0; j < n; ++j) out[j] = ar_[i] * first[j];
    if (i + 1 == arma_) continue;
    const double* below = at(covariance_, i + 1);
    for (size_t j = 0; j < n; ++j) out[j] += below[j];
  }
  if (lags_ > 0) {
    double* out = at(moved_, arma_);
    std::copy(first, first + n, out);
    for (size_t k = 0; k < lags_; ++k) {
      const double* lag = at(covariance_, arma_ + k);
      for (size_t j = 0; j < n; ++j) out[j] += differences_[k] * lag[j];
    }
    for (size_t k = 1; k < lags_; ++k)
      std::copy(at(covariance_, arma_ + k - 1), at(covariance_, arma_ + k - 1) + n, at(moved_, arma_ + k));
  }
  for (size_t i = 0; i < n; ++i) {
    const double* in = at(moved_, i);
    double* out = at(covariance_, i);
    for (size_t j = 0; j < arma_; ++j) out[j] = ar_[j] * in[0] + (j + 1 < arma_ ? in[j + 1] : 0);
    if (lags_ > 0) {
      double y = in[0];
      for (size_t k = 0; k < lags_; ++k) y += differences_[k] * in[arma_ + k];
      out[arma_] = y;
      for (size_t k = 1; k < lags_; ++k) out[arma_ + k] = in[arma_ + k - 1];
    }
  }
  for (size_t i = 0; i < arma_; ++i) {
    for (size_t j = 0; j < arma_; ++j) covariance_[i * n + j] += impulse_[i] * impulse_[j];
  }
}

}  // namespace sinan::ml::series
