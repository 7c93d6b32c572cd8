// Metrics of rankings: the rows of a group by descending score, judged by how relevant those in front are, then the mean over
// the groups. Pure functions; thread-safe.
#pragma once

#include <cstddef>

#include "ml/metrics.h"

namespace sinan::ml {

enum class Gain : uint8_t { kExponential, kLinear };  // of a relevance r: 2^r - 1, or r

// Normalised discounted cumulative gain (Jarvelin and Kekalainen 2002) of the first `places` rows of each group, 0 = all.
// Rows of equal scores share the mean of the gains their places have, as scikit-learn's ndcg_score does. A group without any
// relevant row counts 1, as in XGBoost and LightGBM (scikit-learn: 0, `empty`).
double ndcg(const Scored& scored, size_t places, Gain gain, double empty = 1);
// Mean average precision of the first `places` rows; a relevance above 0 is relevant. A group without one counts 1.
double mean_average_precision(const Scored& scored, size_t places);
// Mean reciprocal rank of the first relevant row; 0 for a group without one.
double mean_reciprocal_rank(const Scored& scored);

}  // namespace sinan::ml
