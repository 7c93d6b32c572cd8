#include "ml/series/least_squares.h"

#include <cmath>
#include <cstddef>

namespace sinan::ml::series {
namespace {

// What is left of a column, relative to its length, when the others make it up.
constexpr double kDependent = 1e-10;

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// Takes the part along `unit` out of `v` and answers how much it was.
double take_out(const std::vector<double>& unit, std::vector<double>& v) {
  double all = 0;
  // A second time, for what rounding left.
  for (int pass = 0; pass < 2; ++pass) {
    const double along = dot(unit, v);
    for (size_t i = 0; i < v.size(); ++i) v[i] -= along * unit[i];
    all += along;
  }
  return all;
}

}  // namespace

LeastSquares least_squares(std::span<std::vector<double>> columns, std::vector<double>& y) {
  const size_t k = columns.size();
  LeastSquares out;
  out.coefficients.assign(k, 0.0);
  std::vector<double> triangle(k * k, 0.0), along(k, 0.0);
  for (size_t j = 0; j < k; ++j) {
    const double before = std::sqrt(dot(columns[j], columns[j]));
    for (size_t i = 0; i < j; ++i) {
      if (triangle[i * k + i] > 0) triangle[i * k + j] = take_out(columns[i], columns[j]);
    }
    const double length = std::sqrt(dot(columns[j], columns[j]));
    if (!(length > kDependent * before)) {
      out.dependent = true;
      continue;
    }
    triangle[j * k + j] = length;
    for (double& value : columns[j]) value /= length;
    along[j] = take_out(columns[j], y);
  }
  for (size_t j = k; j-- > 0;) {
    if (triangle[j * k + j] == 0) continue;
    double sum = along[j];
    for (size_t i = j + 1; i < k; ++i) sum -= triangle[j * k + i] * out.coefficients[i];
    out.coefficients[j] = sum / triangle[j * k + j];
  }
  out.residual_squares = dot(y, y);
  return out;
}

}  // namespace sinan::ml::series
