// TreeSHAP against XGBoost's pred_contribs and pred_interactions on one core, processor time, both sides in turns. Values
// must agree within 1e-4. `tree_shap small|full`; prints a JSON line for each forest.
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

using What = XgboostModel::What;

bool measure(const Rows& learned, const Rows& rows, int trees, int depth, What what, int turns) {
  const bool pairs = what == What::kInteractions;
  XgboostModel model(learned, learned.count, trees, depth);
  model.set_explained(rows);
  const auto explainer = ml::make_explainer(model.ensemble());
  const std::vector<ml::FeatureColumn> features = rows.features();
  const ml::MatrixBlock block = {.rows = rows.count, .features = features};
  const size_t width = features.size() + 1;
  std::vector<float> ours(rows.count * width * (pairs ? width : 1));
  std::vector<double> our_seconds;
  std::vector<double> peer_seconds;
  double largest = 0;
  for (int turn = 0; turn < turns; ++turn) {
    our_seconds.push_back(processor_seconds([&] {
      const Status done = pairs ? explainer->explain_interactions(block, ours) : explainer->explain(block, ours);
      if (!done.has_value()) largest = 1;
    }));
    const float* peers = nullptr;
    peer_seconds.push_back(processor_seconds([&] { peers = model.explain(what); }));
    for (size_t i = 0; i < ours.size(); ++i)
      largest = std::max(largest, std::abs(static_cast<double>(ours[i]) - static_cast<double>(peers[i])));
  }
  fmt::print(
      R"({{"name":"tree_shap_{}{}x{}","ours":{:.4g},"peer":{:.4g},"target":0.5,"rows":{},"largest_difference":{:.2g},)"
      R"("peer_is":"xgboost"}})"
      "\n",
      pairs ? "interactions_" : "", trees, depth, median(our_seconds), median(peer_seconds), rows.count, largest);
  if (!(largest <= 1e-4)) fmt::print(stderr, "the explanations of {} trees of depth {} differ\n", trees, depth);
  return largest <= 1e-4;
}

}  // namespace

int main(int count, char** arguments) {
  const bool full = count > 1 && std::string_view(arguments[1]) == "full";
  const Rows learned(50'000);
  const Rows rows(full ? 10'000 : 1'000);
  const bool six = measure(learned, rows, 100, 6, What::kContributions, 3);
  const bool eight = measure(learned, rows, 300, 8, What::kContributions, full ? 1 : 3);
  // XGBoost explains every row twice for each feature.
  const bool pairs = measure(learned, Rows(full ? 500 : 100), 100, 6, What::kInteractions, 1);
  return six && eight && pairs ? 0 : 1;
}
