// TreeSHAP over a TreeEnsemble: exact path-dependent Shapley values (Lundberg et al., "From local explanations to global
// understanding with explainable AI for trees", Nature Machine Intelligence 2020), of every output, in margin space.
//
// Computed leaf by leaf. On the way to a leaf of value v, each feature j of the m features met has a cover share z_j (the
// product of its splits' cover ratios) and, for a row, o_j = 1 when the row passes all its splits, else 0. The leaf adds
// to feature i:   v (o_i - z_i) * integral over t in [0,1] of  prod_{j != i} (o_j t + z_j (1 - t)),
// since t^s (1-t)^(m-1-s) integrates to the Shapley weight s! (m-1-s)! / m!. The integrand is a polynomial of degree m - 1:
// Gauss-Legendre quadrature with ceil(m / 2) points is exact. No division, all terms of one sign, sixteen rows at a time.
// Interactions are the same integral without two features, times what both of them change.
#pragma once

#include <memory>

#include "ml/predictor.h"
#include "ml/trees/ensemble.h"

namespace sinan::ml {

// The ensemble is shared between predictor and explainer.
std::unique_ptr<Explainer> make_explainer(std::shared_ptr<const TreeEnsemble> ensemble);

}  // namespace sinan::ml
