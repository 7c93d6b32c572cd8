// Score cards: every feature cut into bins, each bin worth points. A bin's weight of evidence is
//
//     woe = ln( (share of the rows of class 1 that fall into it) / (share of those of class 0) )
//
// (half a row is added to a bin that lacks one of the two), a logistic regression of the class on the features' woe gives each
// feature its weight, and the score is  offset - factor * log odds of class 1,  spread over the features. With the usual factor
// 20 / ln 2 and offset 600 - 20 log2 20, 600 points are odds of 20 to 1 for class 0, and 20 points double them.
//
// Numbers are cut at quantiles of the training rows, texts are bins themselves; what is missing has a bin of its own. A bin
// that no training row fell into has woe 0. Immutable; thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/error.h"
#include "ml/data_workers.h"
#include "ml/model.h"
#include "ml/native/design.h"
#include "ml/native/model_file.h"

namespace sinan::ml::native {

struct CardFeature {
  bool is_category = false;
  // A number falls into bin b when edges[b - 1] < x <= edges[b]; the last bin has no upper edge.
  std::vector<double> edges;
  // By bin, then of what is missing.
  std::vector<double> woe, class0, class1;
  size_t bins() const { return woe.size() - 1; }
  double information_value() const;
};

struct ScoreCard {
  std::vector<CardFeature> features;
  std::vector<double> weights;  // of the woe, by feature
  double intercept = 0;
  double factor = 0;
  double offset = 0;
  // What a bin adds to the score: the features' shares of offset and intercept are equal.
  double points(size_t feature, size_t bin) const;
};

struct CardOptions {
  size_t bins = 5;
  double l1 = 0;
  double l2 = 1;
  double factor = 0;
  double offset = 0;
  double tolerance = 1e-8;
  uint32_t max_iterations = 1000;
};

Result<ScoreCard> fit_card(const DesignRows& rows, const CardOptions& options, Workers& workers,
                           const std::function<bool(uint32_t, double)>& goes_on);

std::vector<std::byte> write_card(const ScoreCard& card);
// Without tables, which need the names of the package.
OpenedModel card_at_work(std::shared_ptr<const ScoreCard> card, const FeatureSchema& schema);
Result<OpenedModel> open_card(const ModelFile& file, const ModelPackage& package);

}  // namespace sinan::ml::native
