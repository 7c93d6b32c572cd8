// Linear least squares with few columns, by modified Gram-Schmidt twice over. Pure.
#pragma once

#include <span>
#include <vector>

namespace sinan::ml::series {

struct LeastSquares {
  std::vector<double> coefficients;  // one a column; 0 for a column that the ones before it make up
  double residual_squares = 0;
  bool dependent = false;  // some column is (nearly) made up by those before it
};

// `columns` and `y`: equal lengths; both are overwritten, `y` with the residuals.
LeastSquares least_squares(std::span<std::vector<double>> columns, std::vector<double>& y);

}  // namespace sinan::ml::series
