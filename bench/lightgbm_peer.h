// A model that the real LightGBM learnt from the tree benchmarks' rows, and its own predictions on one thread. The library
// is loaded at run time; a failing call ends the program with its message. Not thread-safe.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "ml/trees/ensemble.h"
#include "tree_peers.h"

namespace sinan::bench {

class LightgbmModel {
 public:
  // Learns from the first `learn` rows; `shape`: parameters of the trees, "num_leaves=64 max_depth=6".
  LightgbmModel(const Rows& rows, size_t learn, int rounds, const std::string& shape);
  ~LightgbmModel();
  LightgbmModel(const LightgbmModel&) = delete;
  LightgbmModel& operator=(const LightgbmModel&) = delete;

  // Our reading of its file.
  std::shared_ptr<const ml::TreeEnsemble> ensemble(const Rows& rows) const;
  // predict(raw_score=True) of Python, from the dense rows as they are. Valid until the next call.
  const double* margins(const Rows& rows);

 private:
  void* booster_ = nullptr;
  std::vector<double> margins_;
};

}  // namespace sinan::bench
