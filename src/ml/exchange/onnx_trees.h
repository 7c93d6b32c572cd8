// The node arrays of a TreeEnsembleRegressor or TreeEnsembleClassifier as trees of our own. Used by ml/exchange/onnx_model.h, which
// says what is understood.
#pragma once

#include "base/error.h"
#include "ml/exchange/onnx_graph.h"
#include "ml/trees/ensemble.h"

namespace sinan::ml::onnx {

// Fills trees, nodes, sets and base margins; `out` has its features and the link of the operator, which may be changed (two
// classes by softmax are one by the logistic function). `classes`: of the answer; 0 = a number. Errors: kData for arrays that
// contradict each other or are no trees, kUnsupported as in onnx_model.h.
Status add_trees(const Operator& op, size_t classes, TreeEnsemble& out);

}  // namespace sinan::ml::onnx
