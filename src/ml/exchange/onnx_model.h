// Reader of ONNX files that hold trees: one TreeEnsembleRegressor or TreeEnsembleClassifier (ai.onnx.ml, operator sets 1 to 3)
// over numbers, as skl2onnx, onnxmltools and Sinan write them. The trees become a TreeEnsemble; no ONNX library is needed.
//
// Understood before the trees: one tensor of all features, or a Concat of columns, where a column may be a LabelEncoder's code of
// a text, cast to float, or have its zeros replaced as Sinan writes it. Behind them: the node's own post_transform, Sigmoid,
// Softmax, Exp and Softplus, and operators that only pick or rename classes. Everything else is kUnsupported and named.
//
// BRANCH_EQ is understood on a LabelEncoder's codes only (a chain with one shared child becomes a set of categories).
// A classifier's leaf with weights for several classes becomes one tree a class. nodes_hitrates serve as covers when they add up,
// so that such models can be explained.
//
// The file is foreign: every length and index is checked, trees are proved to be trees; what does not fit is kData.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "ml/model.h"
#include "ml/trees/ensemble.h"

namespace sinan::ml {

// What an ONNX file says of itself.
struct OnnxSignature {
  struct Input {
    std::string name;  // of the graph's input; empty: a column of one tensor, which has no name
    bool is_text = false;
    std::vector<std::string> vocabulary;
    bool has_unseen_slot = false;
  };
  std::vector<Input> inputs;  // by feature
  Task task = Task::kRegression;
  std::vector<std::string> classes;
  bool integer_classes = false;
  std::string objective;  // "onnx:logistic", after the link
  std::string producer;
};
Result<OnnxSignature> inspect_onnx(std::span<const std::byte> file);

// `features` are those of the signature, in order; a different number or kind is kData.
Result<std::shared_ptr<const TreeEnsemble>> read_onnx(std::span<const std::byte> file, const FeatureSchema& features);

// Whether TreeSHAP has what it needs: how many training rows met each node.
bool has_covers(const TreeEnsemble& trees);

}  // namespace sinan::ml
