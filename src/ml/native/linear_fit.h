// Fits linear models: minimises over the weights w (and intercepts, which nothing holds back)
//
//     sum of the rows' losses + l1 * sum |w| + l2 / 2 * sum w^2
//
// where a loss is half the squared error, or the negative log likelihood of the class. With standardised features w are those
// of numbers brought to deviation 1, else those of the features as they are: then Ridge(alpha) of scikit-learn is l2 = alpha,
// Lasso(alpha) is l1 = alpha * rows, LogisticRegression(C) is l2 = 1 / C.
//
// Squared error with few columns: normal equations, by Cholesky's decomposition (the solution of least length when columns
// depend on each other) or coordinate descent (Friedman et al. 2010) with l1. Else L-BFGS (Liu, Nocedal 1989), with l1 its
// orthant-wise form (Andrew, Gao 2007). Deterministic, whatever the number of threads.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/error.h"
#include "ml/data_workers.h"
#include "ml/native/design.h"
#include "ml/native/linear_model.h"

namespace sinan::ml::native {

struct LinearOptions {
  double l1 = 0;
  double l2 = 0;
  bool standardize = true;
  bool fit_intercept = true;
  double tolerance = 1e-7;  // of the mean loss's slope, with numbers at deviation 1
  uint32_t max_iterations = 1000;
};

struct LinearFit {
  LinearModel model;
  uint32_t iterations = 0;
  bool converged = true;
};

// `weight`: one a row, empty = all 1; labels are the rows'. `goes_on(iteration, mean loss)` answers false to cancel
// (kCancelled).
Result<LinearFit> fit_linear(const DesignRows& rows, Design design, Link link, size_t outputs,
                             std::span<const float> weight, const LinearOptions& options, Workers& workers,
                             const std::function<bool(uint32_t, double)>& goes_on);

// Minimises a convex function of `x` plus l1[j] * |x[j]|. `slope` gives the value and fills the gradient. Empty l1 = none.
struct Minimum {
  double value = 0;
  uint32_t iterations = 0;
  bool converged = false;
  bool cancelled = false;
};
Minimum minimize(std::vector<double>& x, std::span<const double> l1,
                 const std::function<double(std::span<const double>, std::span<double>)>& slope, double tolerance,
                 uint32_t max_iterations, const std::function<bool(uint32_t, double)>& goes_on);

}  // namespace sinan::ml::native
