// Kernel SHAP: Shapley values of any model, from its predictions alone (Lundberg and Lee, "A unified approach to interpreting
// model predictions", 2017), in margin space.
//
// The worth of a set S of features for a row x is the mean margin of the background rows with S's values replaced by x's.
// When all sets fit into the budget the values are Shapley's, exactly:
//
//     phi_i = sum over S without i of  |S|! (M - |S| - 1)! / M!  (worth(S + i) - worth(S))
//
// Otherwise a least squares fit over sampled sets, weighted (M - 1) / (C(M, |S|) |S| (M - |S|)): small and large sets first,
// all of a size as far as the budget goes, the rest drawn together with their complements. Features that equal those of all
// background rows are no players: they get 0. A row's values and the bias, the mean margin of the background, always sum to
// its margin.
#pragma once

#include <cstdint>
#include <memory>

#include "ml/predictor.h"
#include "ml/row_sample.h"

namespace sinan::ml {

struct KernelShapOptions {
  size_t coalitions = 0;  // the budget a row; 0 = 2 x features + 2048
  uint64_t seed = 0;      // of the sets drawn: the same for all rows
};
inline constexpr size_t kMostKernelFeatures = 1000;

// `predictor` and `background`, which has at least one row and no sparse feature, must outlive the explainer. Interactions are
// kUnsupported. Errors: the predictor's.
Result<std::unique_ptr<Explainer>> make_kernel_explainer(const Predictor& predictor, const RowSample& background,
                                                         KernelShapOptions options);

}  // namespace sinan::ml
