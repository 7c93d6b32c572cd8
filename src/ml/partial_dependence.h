// Partial dependence (Friedman 2001; scikit-learn's partial_dependence, method "brute"): the mean prediction of some rows when a
// feature has one value in all of them, over a grid of its values. One line a row instead of the mean: individual conditional
// expectation (Goldstein et al. 2015). Pure functions; thread-safe.
#pragma once

#include <span>
#include <vector>

#include "base/error.h"
#include "ml/model.h"
#include "ml/row_sample.h"

namespace sinan::ml {

struct GridOptions {
  size_t resolution = 100;
  double low = 0.05;  // quantiles between which the grid lies
  double high = 0.95;
};
// Ascending; of a category all codes, 0 to `categories` - 1. When the rows have fewer than `resolution` different values these, else so many
// points evenly between the two quantiles (scipy's mquantiles: plotting positions .4, .4). Missing values are in no grid; empty
// when there are no others.
std::vector<double> dependence_grid(const FeatureColumn& column, size_t categories, const GridOptions& options);

struct Dependence {
  size_t width = 1;               // numbers of a prediction: classes, or one
  std::vector<float> individual;  // rows x grid x width
  std::vector<double> average;    // grid x width
};
// What the model predicts: of two classes the probability of the second; where there is no label, distance or score. Errors: the
// predictor's.
Result<Dependence> partial_dependence(const Model& model, const RowSample& sample, size_t feature,
                                      std::span<const double> grid);
size_t dependence_width(const Model& model);

}  // namespace sinan::ml
