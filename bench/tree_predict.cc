// Our tree evaluator against XGBoost's inplace_predict on one core: rows a second of processor time, both sides in turns.
// The margins must be equal to the last bit. `tree_predict small|full`; prints a JSON line for each forest.
#include <fmt/format.h>

#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "ml/trees/predictor.h"
#include "tree_peers.h"

namespace {

using namespace sinan;
using namespace sinan::bench;

bool measure(const Rows& rows, const XgboostModel& model, int trees, int depth, int turns) {
  const auto predictor = ml::make_predictor(model.ensemble(static_cast<uint32_t>(trees)));
  const std::vector<ml::FeatureColumn> features = rows.features();
  std::vector<float> ours(rows.count);
  std::vector<double> our_seconds;
  std::vector<double> peer_seconds;
  bool failed = false;
  for (int turn = 0; turn < turns; ++turn) {
    our_seconds.push_back(processor_seconds([&] {
      failed |= !predictor->predict({.rows = rows.count, .features = features}, ml::Output::kMargin, ours).has_value();
    }));
    const float* peers = nullptr;
    peer_seconds.push_back(processor_seconds([&] { peers = model.margins(rows, trees); }));
    failed |= std::memcmp(peers, ours.data(), ours.size() * sizeof(float)) != 0;
  }
  const double our_rate = static_cast<double>(rows.count) / median(our_seconds);
  const double peer_rate = static_cast<double>(rows.count) / median(peer_seconds);
  const double target = depth <= 6 ? 3 : 2;
  fmt::print(
      R"({{"name":"tree_predict_{}x{}","ours":{:.4g},"peer":{:.4g},"target":{},"at_least":true,"unit":"rows/s","rows":{},)"
      R"("peer_is":"xgboost"}})"
      "\n",
      trees, depth, our_rate, peer_rate, target, rows.count);
  if (failed) fmt::print(stderr, "the margins of {} trees of depth {} differ\n", trees, depth);
  return !failed;
}

}  // namespace

int main(int count, char** arguments) {
  const bool full = count > 1 && std::string_view(arguments[1]) == "full";
  const Rows rows(full ? 1'000'000 : 50'000);
  bool good = true;
  for (const int depth : {6, 8}) {
    const XgboostModel model(rows, 50'000, full ? 1000 : 200, depth);
    good &= measure(rows, model, 100, depth, 3);
    good &= measure(rows, model, full ? 1000 : 200, depth, full ? 1 : 3);
  }
  return good ? 0 : 1;
}
