#include "ml/series/minimize.h"

#include <algorithm>
#include <cmath>

namespace sinan::ml::series {
namespace {

double dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

double largest(std::span<const double> values) {
  double most = 0;
  for (const double value : values) most = std::max(most, std::abs(value));
  return most;
}

class Bfgs {
 public:
  Bfgs(const Objective& objective, std::vector<double> start, const MinimizeOptions& options)
      : objective_(objective), options_(options), n_(start.size()), inverse_(n_ * n_) {
    best_.x = std::move(start);
    best_.value = objective_(best_.x);
    reset();
  }

  Minimum run() {
    gradient_ = gradient_at(best_.x);
    std::vector<double> direction(n_);
    while (best_.iterations < options_.most_iterations) {
      if (largest(gradient_) <= options_.gradient) {
        best_.converged = true;
        break;
      }
      ++best_.iterations;
      for (size_t i = 0; i < n_; ++i) direction[i] = -dot(row(i), gradient_);
      if (dot(direction, gradient_) >= 0) {
        reset();
        for (size_t i = 0; i < n_; ++i) direction[i] = -gradient_[i];
      }
      if (step(direction)) continue;
      // Stuck: once more from the steepest descent, then it is as good as the function's own precision.
      if (fresh_) {
        best_.converged = true;
        break;
      }
      reset();
    }
    return std::move(best_);
  }

 private:
  std::span<double> row(size_t i) { return std::span(inverse_).subspan(i * n_, n_); }

  void reset() {
    std::ranges::fill(inverse_, 0.0);
    for (size_t i = 0; i < n_; ++i) inverse_[i * n_ + i] = 1;
    fresh_ = true;
  }

  std::vector<double> gradient_at(std::vector<double> x) const {
    std::vector<double> gradient(n_);
    for (size_t i = 0; i < n_; ++i) {
      const double at = x[i], h = 6e-6 * std::max(1.0, std::abs(at));  // the cube root of double's precision
      x[i] = at + h;
      const double above = objective_(x);
      x[i] = at - h;
      const double below = objective_(x);
      x[i] = at;
      const double slope = (above - below) / (2 * h);
      gradient[i] = std::isfinite(slope) ? slope : 0;
    }
    return gradient;
  }

  // Backtracks to sufficient decrease, then updates the inverse Hessian. False when no step lowers the value.
  bool step(const std::vector<double>& direction) {
    const double slope = dot(direction, gradient_);
    double length = fresh_ ? std::min(1.0, 1 / largest(gradient_)) : 1;
    std::vector<double> next(n_);
    double value = 0;
    for (int halvings = 0;; ++halvings) {
      if (halvings == 40) return false;
      for (size_t i = 0; i < n_; ++i) next[i] = best_.x[i] + length * direction[i];
      value = objective_(next);
      if (std::isfinite(value) && value <= best_.value + 1e-4 * length * slope && value < best_.value) break;
      length *= halvings < 3 ? 0.5 : 0.25;
    }
    const std::vector<double> gradient = gradient_at(next);
    std::vector<double> moved(n_), turned(n_);
    for (size_t i = 0; i < n_; ++i) {
      moved[i] = next[i] - best_.x[i];
      turned[i] = gradient[i] - gradient_[i];
    }
    const double curvature = dot(moved, turned);
    if (curvature > 1e-12 * std::sqrt(dot(moved, moved) * dot(turned, turned))) update(moved, turned, curvature);
    best_.x = next;
    best_.value = value;
    gradient_ = gradient;
    return true;
  }

  void update(const std::vector<double>& s, const std::vector<double>& y, double curvature) {
    if (fresh_) {
      const double scale = curvature / dot(y, y);
      for (size_t i = 0; i < n_; ++i) inverse_[i * n_ + i] = scale;
      fresh_ = false;
    }
    std::vector<double> hy(n_);
    for (size_t i = 0; i < n_; ++i) hy[i] = dot(row(i), y);
    const double factor = (1 + dot(y, hy) / curvature) / curvature;
    for (size_t i = 0; i < n_; ++i) {
      for (size_t j = 0; j < n_; ++j) {
        inverse_[i * n_ + j] += factor * s[i] * s[j] - (hy[i] * s[j] + s[i] * hy[j]) / curvature;
      }
    }
  }

  const Objective& objective_;
  const MinimizeOptions& options_;
  size_t n_;
  std::vector<double> inverse_;  // of the Hessian, row by row
  std::vector<double> gradient_;
  bool fresh_ = true;
  Minimum best_;
};

}  // namespace

Minimum minimize(const Objective& objective, std::vector<double> start, const MinimizeOptions& options) {
  return Bfgs(objective, std::move(start), options).run();
}

}  // namespace sinan::ml::series
