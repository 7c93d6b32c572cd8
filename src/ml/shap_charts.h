// Pictures of SHAP values, as data (plot/chart.h). Pure functions; a sample has at least one row.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ml/row_sample.h"
#include "plot/chart.h"

namespace sinan::ml {

// SHAP values of a sample's rows for one output: `contributions` is rows x (features + 1), as Explainer writes them with
// `outputs` groups a row.
struct ShapView {
  const RowSample* sample = nullptr;
  std::span<const float> contributions;
  size_t outputs = 1;
  size_t output = 0;

  float at(size_t row, size_t feature) const {  // feature = their number: the bias
    const size_t group = sample->schema().size() + 1;
    return contributions[(row * outputs + output) * group + feature];
  }
  double bias() const { return static_cast<double>(at(0, sample->schema().size())); }
};

// By feature.
std::vector<double> mean_absolute_shap(const ShapView& view);
// Features in the order in which they are shown: by mean |SHAP| (or as they are), at most `most`.
std::vector<size_t> shown_features(std::span<const double> importance, bool sorted, size_t most);

// What a summary shows: these features, dots of that opacity.
struct SummaryStyle {
  std::span<const size_t> features;
  double opacity = 1;
};
plot::Chart shap_dot_chart(const ShapView& view, const SummaryStyle& style, std::string title);
plot::Chart shap_bar_chart(const ShapView& view, std::span<const double> importance, std::span<const size_t> features,
                           std::string title);
// Gaussian kernels of Scott's width.
plot::Chart shap_violin_chart(const ShapView& view, std::span<const size_t> features, std::string title);
// From the bias to the margin; features that are not shown are one step together.
plot::Chart shap_decision_chart(const ShapView& view, std::span<const size_t> features, std::string title);
// A feature's value against its SHAP value; coloured by another one's value.
plot::Chart shap_dependence_chart(const ShapView& view, size_t feature, std::optional<size_t> color, double opacity,
                                  std::string title);
// The first row's.
plot::Chart shap_force_chart(const ShapView& view, std::span<const size_t> features, std::string title);

// Interaction values of a sample's rows, as Explainer::explain_interactions writes them; the mean absolute value of each pair,
// features x features, over all outputs.
std::vector<double> mean_absolute_interactions(std::span<const float> interactions, size_t rows, size_t outputs,
                                               size_t features);
plot::Chart interaction_chart(const RowSample& sample, std::span<const double> mean_absolute,
                              std::span<const size_t> features, std::string title);

}  // namespace sinan::ml
