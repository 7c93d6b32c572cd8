// One-class support vector machine (Schölkopf et al. 2001): learns where rows usually lie. Solved as LIBSVM does (Chang, Lin
// 2011): sequential minimal optimisation with second-order selection of the pair (Fan, Chen, Lin 2005), so that the decision
// function is scikit-learn's.
//
//     score(x) = sum of alpha_i k(x_i, x) - rho,   usual when it is not negative;   sum of alpha = nu * rows
//
// Memory: `cache_bytes` for columns of the kernel's matrix. Time grows with the square of the rows. Deterministic.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/error.h"
#include "ml/data_workers.h"
#include "ml/model.h"
#include "ml/native/design.h"
#include "ml/native/model_file.h"

namespace sinan::ml::native {

struct SvmKernel {
  enum class Kind : uint8_t { kRbf, kLinear, kPoly, kSigmoid };
  Kind kind = Kind::kRbf;
  double gamma = 1;
  double coef0 = 0;
  uint32_t degree = 3;
};

struct SvmOptions {
  SvmKernel kernel;
  double nu = 0.5;
  double tolerance = 1e-3;
  int64_t max_iterations = -1;  // none
  uint64_t cache_bytes = uint64_t{200} << 20;
  bool standardize = false;
};

struct SvmModel {
  Design design;
  std::vector<double> scale;  // by column, of what a value is divided by; centres are not needed
  SvmKernel kernel;
  double rho = 0;
  std::vector<double> alpha;
  std::vector<double> vectors;  // alpha's count x columns, scaled
};

struct SvmFit {
  SvmModel model;
  uint64_t iterations = 0;
  bool converged = true;
};

// gamma "scale" (1 / (columns * variance of all values)) and "auto" (1 / columns) are for the caller's choice of names.
double svm_gamma_scale(const Design& design, bool standardize);

Result<SvmFit> fit_svm(const DesignRows& rows, Design design, const SvmOptions& options, Workers& workers,
                       const std::function<bool(uint64_t, double)>& goes_on);

std::vector<std::byte> write_svm(const SvmModel& model);
Result<OpenedModel> open_svm(const ModelFile& file, const ModelPackage& package);

}  // namespace sinan::ml::native
