// What the tree benchmarks share: random rows, models that the real XGBoost learnt from some of them, its predictions and
// contributions on one thread, and processor time. The library is loaded at run time; a failing call ends the program with
// its message. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ml/matrix.h"
#include "ml/trees/ensemble.h"

namespace sinan::bench {

// 28 float columns, a third uniform, a third bell-shaped, a third long-tailed, and a label of two classes that depends on
// nine of them. The same on every run.
struct Rows {
  explicit Rows(size_t count);
  size_t count;
  std::vector<float> dense;                 // row-major
  std::vector<std::vector<float>> columns;  // the same by column
  std::vector<float> label;
  ml::FeatureSchema schema;
  std::vector<ml::FeatureColumn> features() const;
};

class XgboostModel {
 public:
  // Learns from the first `learn` rows, with histograms of 256 bins, every round a tree of up to `depth`.
  XgboostModel(const Rows& rows, size_t learn, int rounds, int depth);
  ~XgboostModel();
  XgboostModel(const XgboostModel&) = delete;
  XgboostModel& operator=(const XgboostModel&) = delete;

  // Our reading of its file; `rounds` 0 = all.
  std::shared_ptr<const ml::TreeEnsemble> ensemble(uint32_t rounds = 0) const;
  // inplace_predict of Python: margins from the dense rows as they are. Valid until the next call.
  const float* margins(const Rows& rows, int rounds) const;
  // pred_contribs and pred_interactions of Python, on a matrix made before.
  enum class What : int { kContributions = 2, kInteractions = 4 };
  const float* explain(What what) const;
  void set_explained(const Rows& rows);

 private:
  void* booster_ = nullptr;
  void* explained_ = nullptr;
};

// Seconds of processor time that `work` takes in all threads of the process.
double processor_seconds(const std::function<void()>& work);
double median(std::vector<double> values);

}  // namespace sinan::bench
