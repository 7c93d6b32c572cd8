// TreeSHAP against XGBoost's pred_contribs on one core, processor time, both sides in turns. Contributions must agree
// within 1e-4. `tree_shap small|full`; prints a JSON line for each forest.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string_view>
#include <vector>

#include "ml/trees/explainer.h"
#include "tree_peers.h"

namespace {

using namespace sinan;
using namespace sinan::bench;

bool measure(const Rows& rows, int trees, int depth, int turns) {
  XgboostModel model(rows, 50'000, trees, depth);
  model.set_explained(rows);
  const auto explainer = ml::make_explainer(model.ensemble());
  const std::vector<ml::FeatureColumn> features = rows.features();
  std::vector<float> ours(rows.count * (features.size() + 1));
  std::vector<double> our_seconds;
  std::vector<double> peer_seconds;
  double largest = 0;
  for (int turn = 0; turn < turns; ++turn) {
    our_seconds.push_back(processor_seconds([&] {
      if (!explainer->explain({.rows = rows.count, .features = features}, ours).has_value()) largest = 1;
    }));
    const float* peers = nullptr;
    peer_seconds.push_back(processor_seconds([&] { peers = model.explain(XgboostModel::What::kContributions); }));
    for (size_t i = 0; i < ours.size(); ++i)
      largest = std::max(largest, std::abs(static_cast<double>(ours[i]) - static_cast<double>(peers[i])));
  }
  fmt::print(
      R"({{"name":"tree_shap_{}x{}","ours":{:.4g},"peer":{:.4g},"target":0.5,"rows":{},"largest_difference":{:.2g},)"
      R"("peer_is":"xgboost"}})"
      "\n",
      trees, depth, median(our_seconds), median(peer_seconds), rows.count, largest);
  if (!(largest <= 1e-4)) fmt::print(stderr, "the contributions of {} trees of depth {} differ\n", trees, depth);
  return largest <= 1e-4;
}

}  // namespace

int main(int count, char** arguments) {
  const bool full = count > 1 && std::string_view(arguments[1]) == "full";
  const Rows rows(full ? 10'000 : 1'000);
  const bool six = measure(rows, 100, 6, 3);
  const bool eight = measure(rows, 300, 8, full ? 1 : 3);
  return six && eight ? 0 : 1;
}
