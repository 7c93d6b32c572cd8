// Our tree evaluator against XGBoost's inplace_predict and LightGBM's predict on one core: rows a second of processor time,
// both sides in turns. XGBoost's margins must be equal to the last bit; LightGBM's, which are sums of doubles, to 1e-5.
// `tree_predict small|full`; prints a JSON line for each forest. Forests of depth 10 and leaf-wise ones are too deep for
// the mask kernel and walk.
#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lightgbm_peer.h"
#include "ml/trees/double_sum.h"
#include "ml/trees/predictor.h"
#include "tree_peers.h"

namespace {

using namespace sinan;
using namespace sinan::bench;

struct Forest {
  std::string name;
  std::string peer;
  double target = 1;
  int turns = 3;
};

// `peer` scores all rows; `agrees` compares its answer with ours.
bool measure(const Rows& rows, const Forest& forest, const ml::Predictor& predictor, const std::function<void()>& peer,
             const std::function<bool(std::span<const float>)>& agrees) {
  const std::vector<ml::FeatureColumn> features = rows.features();
  ml::MatrixBlock block;
  block.rows = rows.count;
  block.features = features;
  std::vector<float> ours(rows.count);
  std::vector<double> our_seconds;
  std::vector<double> peer_seconds;
  bool failed = false;
  for (int turn = 0; turn < forest.turns; ++turn) {
    our_seconds.push_back(
        processor_seconds([&] { failed |= !predictor.predict(block, ml::Output::kMargin, ours).has_value(); }));
    peer_seconds.push_back(processor_seconds(peer));
    failed |= !agrees(ours);
  }
  fmt::print(
      R"({{"name":"tree_predict_{}","ours":{:.4g},"peer":{:.4g},"target":{},"at_least":true,"unit":"rows/s","rows":{},)"
      R"("peer_is":"{}"}})"
      "\n",
      forest.name, static_cast<double>(rows.count) / median(our_seconds),
      static_cast<double>(rows.count) / median(peer_seconds), forest.target, rows.count, forest.peer);
  if (failed) fmt::print(stderr, "the margins of {} differ\n", forest.name);
  return !failed;
}

bool against_xgboost(const Rows& rows, const XgboostModel& model, int trees, const Forest& forest) {
  const auto predictor = ml::make_predictor(model.ensemble(static_cast<uint32_t>(trees)));
  const float* margins = nullptr;
  return measure(
      rows, forest, *predictor, [&] { margins = model.margins(rows, trees); },
      [&](std::span<const float> ours) { return std::memcmp(margins, ours.data(), ours.size() * sizeof(float)) == 0; });
}

bool against_lightgbm(const Rows& rows, LightgbmModel& model, const Forest& forest) {
  const auto predictor = ml::make_double_sum_predictor(model.ensemble(rows));
  const double* margins = nullptr;
  return measure(
      rows, forest, *predictor, [&] { margins = model.margins(rows); },
      [&](std::span<const float> ours) {
        bool good = true;
        for (size_t i = 0; i < ours.size(); ++i) good &= std::abs(static_cast<double>(ours[i]) - margins[i]) < 1e-5;
        return good;
      });
}

double target_of(int depth) { return depth <= 6 ? 3 : depth <= 8 ? 2 : 1; }

}  // namespace

int main(int count, char** arguments) {
  const bool full = count > 1 && std::string_view(arguments[1]) == "full";
  const Rows rows(full ? 1'000'000 : 50'000);
  constexpr size_t kLearn = 50'000;
  bool good = true;
  for (const int depth : {6, 8, 10}) {
    const int most = full && depth <= 8 ? 1000 : depth <= 8 ? 200 : 100;
    const XgboostModel model(rows, kLearn, most, depth);
    good &= against_xgboost(rows, model, 100, {fmt::format("100x{}", depth), "xgboost", target_of(depth)});
    if (most > 100) {
      const Forest forest{fmt::format("{}x{}", most, depth), "xgboost", target_of(depth), full ? 1 : 3};
      good &= against_xgboost(rows, model, most, forest);
    }
  }
  for (const int depth : {6, 8}) {
    LightgbmModel model(rows, kLearn, 100, fmt::format("max_depth={} num_leaves={}", depth, 1 << depth));
    good &= against_lightgbm(rows, model, {fmt::format("lightgbm_100x{}", depth), "lightgbm", target_of(depth)});
  }
  LightgbmModel leaf_wise(rows, kLearn, 100, "num_leaves=255");
  good &= against_lightgbm(rows, leaf_wise, {"lightgbm_100_leaf_wise", "lightgbm", 1});
  return good ? 0 : 1;
}
