// Predictor and Explainer: a trained model at work. Immutable; any number of threads may score at once; no allocation for
// one row. XGBoost's and LightGBM's trees are scored by our evaluator (ml/trees), without their libraries.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "ml/matrix.h"

namespace sinan::ml {

enum class Output : uint8_t {
  kMargin,      // raw sum of trees; distance to the cluster's centre; how usual a row is. outputs() values a row
  kPrediction,  // after the objective's link: probability, probabilities, or value; prediction_width() values a row
};

class Predictor {
 public:
  virtual ~Predictor() = default;
  // Margins a row: 1, or the number of classes.
  virtual size_t outputs() const = 0;
  // Values a row of kPrediction: 1 for regression and two classes (probability of class 1), else the number of classes.
  virtual size_t prediction_width() const = 0;
  // `out`: rows x width, row-major. Features must be those of the model's plan (CHECK on the count).
  virtual Status predict(const MatrixBlock& block, Output output, std::span<float> out) const = 0;

  // Score cards only. The points that a margin is worth, and the features that share them out: `out` is rows x points_of().
  virtual double score(double margin) const { return margin; }
  virtual std::span<const std::string> points_of() const { return {}; }
  virtual Status points(const MatrixBlock&, std::span<double>) const { return {}; }

  // Trees only. How many there are, and the leaf in which each row ends: `out` is rows x trees(), row-major, the leaves' numbers
  // as the library counts them (XGBoost's pred_leaf: the node; LightGBM's: the leaf).
  virtual size_t trees() const { return 0; }
  virtual Status leaves(const MatrixBlock&, std::span<int32_t>) const { return {}; }

  // Models of clusters only: rows as the points whose distances are measured, `out` is rows x dimensions(), row-major.
  virtual size_t dimensions() const { return 0; }
  virtual Status place(const MatrixBlock&, std::span<float>) const { return {}; }
};

// What the model's splits made of a feature.
struct FeatureUse {
  uint64_t splits = 0;
  double gain = 0;   // loss reduction of all of them
  double cover = 0;  // training rows (XGBoost: their hessians) that met them
  double mean_gain() const { return splits > 0 ? gain / static_cast<double>(splits) : 0; }
  double mean_cover() const { return splits > 0 ? cover / static_cast<double>(splits) : 0; }
};

class Explainer {
 public:
  virtual ~Explainer() = default;
  virtual size_t outputs() const = 0;
  // TreeSHAP (Lundberg et al. 2020, path-dependent), margin space. `contributions`: rows x outputs x (features + 1),
  // row-major, the last of each group the bias; each group sums to the row's margin.
  virtual Status explain(const MatrixBlock& block, std::span<float> contributions) const = 0;
  // SHAP interaction values, in the same space. `interactions`: rows x outputs x (features + 1) x (features + 1), symmetric;
  // a pair's interaction is shared by its two places, the diagonal holds what a feature does alone, so that each line sums to
  // the feature's contribution; the last of the diagonal is the bias, the rest of its line and column 0.
  virtual Status explain_interactions(const MatrixBlock& block, std::span<float> interactions) const = 0;
  // By feature; empty when the model does not tell.
  virtual std::vector<FeatureUse> feature_use() const { return {}; }
};

}  // namespace sinan::ml
