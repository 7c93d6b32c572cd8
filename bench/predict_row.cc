// One row through a loaded predictor of 100 trees of depth 6 over 28 columns: the 99th percentile of its time. The trees are
// made here; the answers are compared with a walk written for this program. Prints one JSON line; fails when an answer is
// wrong.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>
#include <memory>
#include <vector>

#include "base/random.h"
#include "ml/trees/ensemble.h"
#include "ml/trees/predictor.h"

namespace {

using namespace sinan;
using namespace sinan::ml;

constexpr size_t kTrees = 100;
constexpr uint32_t kDepth = 6;
constexpr size_t kFeatures = 28;
constexpr size_t kRows = 20'000;
constexpr int kPasses = 10;

std::shared_ptr<const TreeEnsemble> make_forest(Random& random) {
  auto forest = std::make_shared<TreeEnsemble>();
  for (size_t j = 0; j < kFeatures; ++j)
    forest->features.features.push_back({fmt::format("f{}", j), fmt::format("f{}", j)});
  forest->base_margin = {0.25f};
  forest->link = Link::kLogistic;
  for (size_t t = 0; t < kTrees; ++t) {
    const auto root = static_cast<uint32_t>(forest->nodes.size());
    forest->trees.push_back({root, 0, kDepth});
    for (uint32_t i = 0; i < (2u << kDepth) - 1; ++i) {
      TreeNode node{.cover = 1};
      const bool leaf = i >= (1u << kDepth) - 1;
      node.value = static_cast<float>(leaf ? random.uniform() * 0.2 - 0.1 : random.uniform());
      if (!leaf) node.left = root + 2 * i + 1;
      if (!leaf)
        node.split =
            static_cast<uint32_t>(random.below(kFeatures)) | (random.below(2) == 0 ? TreeNode::kDefaultLeft : 0);
      forest->nodes.push_back(node);
    }
  }
  return forest;
}

double expected(const TreeEnsemble& forest, const std::vector<float>& row) {
  double sum = static_cast<double>(forest.base_margin[0]);
  for (const Tree& tree : forest.trees) {
    uint32_t at = tree.root;
    while (forest.nodes[at].left != 0) {
      const TreeNode& node = forest.nodes[at];
      const float x = row[node.feature()];
      const bool left = std::isnan(x) ? node.default_left() : x < node.value;
      at = left ? node.left : node.left + 1;
    }
    sum += static_cast<double>(forest.nodes[at].value);
  }
  return 1 / (1 + std::exp(-sum));
}

}  // namespace

int main() {
  Random random(1);
  const auto forest = make_forest(random);
  const std::unique_ptr<Predictor> predictor = make_predictor(forest);
  std::vector<std::vector<float>> rows(kRows, std::vector<float>(kFeatures));
  for (std::vector<float>& row : rows)
    for (float& x : row)
      x = random.below(20) == 0 ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(random.uniform());

  std::vector<double> seconds;
  std::vector<FeatureColumn> columns(kFeatures);
  for (int pass = 0; pass < kPasses; ++pass) {
    for (const std::vector<float>& row : rows) {
      for (size_t j = 0; j < kFeatures; ++j) columns[j].values = std::span(&row[j], 1);
      float out = 0;
      const auto begin = std::chrono::steady_clock::now();
      const Status done = predictor->predict({.rows = 1, .features = columns}, Output::kPrediction, std::span(&out, 1));
      seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
      if (!done.has_value() || std::abs(static_cast<double>(out) - expected(*forest, row)) > 1e-5) {
        fmt::print(stderr, "wrong answer\n");
        return 1;
      }
    }
  }
  std::ranges::sort(seconds);
  const double p99 = seconds[seconds.size() * 99 / 100];
  constexpr double kTarget = 20e-6;
  fmt::print(
      R"({{"name":"predict_row_p99","ours":{:.3g},"target":{:.3g},"met":{},"p50":{:.3g},"p999":{:.3g},"rows":{}}})"
      "\n",
      p99, kTarget, p99 <= kTarget, seconds[seconds.size() / 2], seconds[seconds.size() * 999 / 1000], seconds.size());
}
