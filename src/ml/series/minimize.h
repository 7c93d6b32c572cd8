// A smooth function of a few variables, minimised by BFGS with gradients from central differences (Nocedal and Wright,
// "Numerical Optimization", chapter 6). Pure; calls the function from this thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace sinan::ml::series {

// Infinity or NaN = not allowed here; the start must be finite.
using Objective = std::function<double(std::span<const double>)>;

struct Minimum {
  std::vector<double> x;
  double value = 0;
  uint32_t iterations = 0;
  bool converged = false;  // the gradient is as small as asked for, or no step lowers the value any more
};

struct MinimizeOptions {
  uint32_t most_iterations = 300;
  double gradient = 1e-7;  // converged when no component is larger
};

Minimum minimize(const Objective& objective, std::vector<double> start, const MinimizeOptions& options = {});

}  // namespace sinan::ml::series
