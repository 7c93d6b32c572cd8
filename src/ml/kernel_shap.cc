#include "ml/kernel_shap.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/random.h"

namespace sinan::ml {
namespace {

// Rows that the predictor is given at once.
constexpr size_t kRowsAtOnce = 16'384;
// Beyond, not even counting the sets is useful.
constexpr size_t kMostExactPlayers = 20;

// Sets of players whose worth is asked for, but the empty and the full one; one byte a player.
struct Coalitions {
  size_t players = 0;
  bool is_exact = false;        // all of them; set i is the binary number i + 1
  std::vector<uint8_t> member;  // sets x players
  std::vector<double> weight;   // not of exact ones
  size_t count() const { return players == 0 ? 0 : member.size() / players; }

  void add(const std::vector<uint8_t>& set, double its_weight) {
    member.insert(member.end(), set.begin(), set.end());
    weight.push_back(its_weight);
  }
};

double binomial(size_t n, size_t k) {
  double out = 1;
  for (size_t i = 1; i <= k; ++i) out = out * static_cast<double>(n - k + i) / static_cast<double>(i);
  return out;
}

std::vector<uint8_t> complement(std::vector<uint8_t> set) {
  for (uint8_t& member : set) member ^= 1;
  return set;
}

Coalitions all_coalitions(size_t players) {
  Coalitions out{.players = players, .is_exact = true, .member = {}, .weight = {}};
  for (size_t bits = 1; bits + 1 < size_t{1} << players; ++bits)
    for (size_t p = 0; p < players; ++p) out.member.push_back(static_cast<uint8_t>(bits >> p & 1));
  return out;
}

// Calls each(set) for all sets of `size` players.
template <class F>
void for_each_set(size_t players, size_t size, F&& each) {
  std::vector<size_t> at(size);
  for (size_t i = 0; i < size; ++i) at[i] = i;
  while (true) {
    std::vector<uint8_t> set(players);
    for (const size_t p : at) set[p] = 1;
    each(set);
    size_t last = size;
    while (last > 0 && at[last - 1] == players - size + last - 1) --last;
    if (last == 0) return;
    ++at[last - 1];
    for (size_t i = last; i < size; ++i) at[i] = at[i - 1] + 1;
  }
}

// Sets in pairs of a size and its complement; `half` is the number of such pairs of sizes, the middle size counts alone.
Coalitions sampled_coalitions(size_t players, size_t budget, uint64_t seed) {
  Coalitions out{.players = players, .is_exact = false, .member = {}, .weight = {}};
  const size_t sizes = players / 2;
  const auto is_paired = [&](size_t size) { return 2 * size != players; };
  // By size from 1: its share of the kernel's weight.
  std::vector<double> share;
  double all = 0;
  for (size_t size = 1; size <= sizes; ++size) {
    const double one = static_cast<double>(players - 1) / static_cast<double>(size * (players - size));
    share.push_back(is_paired(size) ? 2 * one : one);
    all += share.back();
  }
  for (double& one : share) one /= all;

  double left = 1;  // of the weight
  size_t size = 1;
  for (; size <= sizes; ++size) {
    const double sets = binomial(players, size) * (is_paired(size) ? 2 : 1);
    const auto room = static_cast<double>(budget - out.count());
    if (room * share[size - 1] / left < sets * (1 - 1e-8)) break;
    const double weight = share[size - 1] / sets;
    for_each_set(players, size, [&](const std::vector<uint8_t>& set) {
      out.add(set, weight);
      if (is_paired(size)) out.add(complement(set), weight);
    });
    left -= share[size - 1];
  }
  if (size > sizes) return out;

  Random random(seed);
  std::map<std::vector<uint8_t>, size_t> place;  // of drawn sets
  const size_t fixed = out.count();
  std::vector<size_t> order(players);
  for (size_t p = 0; p < players; ++p) order[p] = p;
  const auto draw = [&](const std::vector<uint8_t>& set) {
    const auto [at, is_new] = place.try_emplace(set, out.count());
    if (is_new) {
      out.add(set, 1);
    } else {
      out.weight[at->second] += 1;
    }
  };
  // Sets may come again: the loop is bounded by draws as well.
  for (size_t draws = 0; draws < 4 * budget && out.count() < budget; ++draws) {
    double at = random.uniform() * left;
    size_t chosen = size;
    while (chosen < sizes && at >= share[chosen - 1]) at -= share[chosen++ - 1];
    std::vector<uint8_t> set(players);
    for (size_t i = 0; i < chosen; ++i) {
      std::swap(order[i], order[i + random.below(players - i)]);
      set[order[i]] = 1;
    }
    draw(set);
    draw(complement(set));
  }
  double drawn = 0;
  for (size_t i = fixed; i < out.weight.size(); ++i) drawn += out.weight[i];
  for (size_t i = fixed; i < out.weight.size(); ++i) out.weight[i] *= left / drawn;
  return out;
}

// Solves A x = b in place for symmetric positive A (n x n) and several right sides (n x columns, row-major).
void solve(std::vector<double>& a, std::vector<double>& b, size_t n, size_t columns) {
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j <= i; ++j) {
      double sum = a[i * n + j];
      for (size_t k = 0; k < j; ++k) sum -= a[i * n + k] * a[j * n + k];
      // Players that the sets never tell apart: any split between them is as good.
      a[i * n + j] = i == j ? std::sqrt(std::max(sum, 1e-12)) : sum / a[j * n + j];
    }
  }
  for (size_t c = 0; c < columns; ++c) {
    for (size_t i = 0; i < n; ++i) {
      double sum = b[i * columns + c];
      for (size_t k = 0; k < i; ++k) sum -= a[i * n + k] * b[k * columns + c];
      b[i * columns + c] = sum / a[i * n + i];
    }
    for (size_t i = n; i-- > 0;) {
      double sum = b[i * columns + c];
      for (size_t k = i + 1; k < n; ++k) sum -= a[k * n + i] * b[k * columns + c];
      b[i * columns + c] = sum / a[i * n + i];
    }
  }
}

class KernelExplainer final : public Explainer {
 public:
  KernelExplainer(const Predictor& predictor, const RowSample& background, KernelShapOptions options)
      : predictor_(predictor), background_(background), columns_(background.columns()), options_(options) {}

  Status prepare() {
    std::vector<float> margins(background_.rows() * outputs());
    TRY(predictor_.predict({.rows = background_.rows(), .features = columns_}, Output::kMargin, margins));
    expected_.assign(outputs(), 0);
    for (size_t i = 0; i < margins.size(); ++i) expected_[i % outputs()] += static_cast<double>(margins[i]);
    for (double& mean : expected_) mean /= static_cast<double>(background_.rows());
    return {};
  }

  size_t outputs() const override { return predictor_.outputs(); }

  Status explain(const MatrixBlock& block, std::span<float> contributions) const override {
    const size_t group = columns_.size() + 1;
    CHECK(block.features.size() == columns_.size() && block.sparse.empty());
    CHECK(contributions.size() == block.rows * outputs() * group);
    std::vector<float> margins(block.rows * outputs());
    TRY(predictor_.predict(block, Output::kMargin, margins));
    std::map<size_t, Coalitions> by_players;
    for (size_t row = 0; row < block.rows; ++row) {
      const std::vector<size_t> players = players_of(block, row);
      auto coalitions = by_players.find(players.size());
      if (coalitions == by_players.end())
        coalitions = by_players.emplace(players.size(), coalitions_of(players.size())).first;
      std::vector<double> gain(outputs());
      for (size_t k = 0; k < outputs(); ++k) gain[k] = static_cast<double>(margins[row * outputs() + k]) - expected_[k];
      const std::vector<double> worth = TRY(worth_of(block, row, players, coalitions->second));
      const std::vector<double> shapley = coalitions->second.is_exact ? exact(coalitions->second, worth, gain)
                                                                      : fitted(coalitions->second, worth, gain);
      float* out = &contributions[row * outputs() * group];
      std::fill_n(out, outputs() * group, 0.0F);
      for (size_t k = 0; k < outputs(); ++k) {
        for (size_t p = 0; p < players.size(); ++p)
          out[k * group + players[p]] = static_cast<float>(shapley[p * outputs() + k]);
        out[k * group + group - 1] = static_cast<float>(expected_[k]);
      }
    }
    return {};
  }

  Status explain_interactions(const MatrixBlock&, std::span<float>) const override {
    return fail(Code::kUnsupported, "kernel SHAP has no interaction values", "they are of trees and linear models");
  }

 private:
  bool is_same(const FeatureColumn& a, size_t i, const FeatureColumn& b, size_t j) const {
    if (!a.codes.empty()) return a.codes[i] == b.codes[j];
    return a.values[i] == b.values[j] || (std::isnan(a.values[i]) && std::isnan(b.values[j]));
  }

  std::vector<size_t> players_of(const MatrixBlock& block, size_t row) const {
    std::vector<size_t> out;
    for (size_t j = 0; j < columns_.size(); ++j) {
      for (size_t b = 0; b < background_.rows(); ++b) {
        if (is_same(columns_[j], b, block.features[j], row)) continue;
        out.push_back(j);
        break;
      }
    }
    return out;
  }

  Coalitions coalitions_of(size_t players) const {
    const size_t budget = options_.coalitions > 0 ? options_.coalitions : 2 * columns_.size() + 2048;
    if (players <= kMostExactPlayers && (size_t{1} << players) <= budget + 2) return all_coalitions(players);
    return sampled_coalitions(players, std::max(budget, 2 * players), options_.seed);
  }

  // Sets x outputs: the mean margin of the background with the set's values of the row, less that of the background.
  Result<std::vector<double>> worth_of(const MatrixBlock& block, size_t row, const std::vector<size_t>& players,
                                       const Coalitions& coalitions) const {
    const size_t rows = background_.rows();
    const size_t at_once = std::max<size_t>(1, kRowsAtOnce / rows);
    std::vector<double> worth(coalitions.count() * outputs());
    std::vector<std::vector<float>> values(columns_.size());
    std::vector<std::vector<int32_t>> codes(columns_.size());
    std::vector<FeatureColumn> columns(columns_.size());
    std::vector<float> margins;
    for (size_t begin = 0; begin < coalitions.count(); begin += at_once) {
      const size_t sets = std::min(at_once, coalitions.count() - begin);
      for (size_t j = 0; j < columns_.size(); ++j) {
        const FeatureColumn& own = block.features[j];
        if (columns_[j].codes.empty()) {
          values[j].assign(sets * rows, own.values[row]);
          columns[j].values = values[j];
        } else {
          codes[j].assign(sets * rows, own.codes[row]);
          columns[j].codes = codes[j];
        }
      }
      for (size_t p = 0; p < players.size(); ++p) {
        const size_t j = players[p];
        for (size_t s = 0; s < sets; ++s) {
          if (coalitions.member[(begin + s) * players.size() + p] != 0) continue;
          if (columns_[j].codes.empty()) {
            std::ranges::copy(columns_[j].values, &values[j][s * rows]);
          } else {
            std::ranges::copy(columns_[j].codes, &codes[j][s * rows]);
          }
        }
      }
      margins.resize(sets * rows * outputs());
      TRY(predictor_.predict({.rows = sets * rows, .features = columns}, Output::kMargin, margins));
      for (size_t s = 0; s < sets; ++s) {
        for (size_t k = 0; k < outputs(); ++k) {
          double sum = 0;
          for (size_t i = 0; i < rows; ++i) sum += static_cast<double>(margins[(s * rows + i) * outputs() + k]);
          worth[(begin + s) * outputs() + k] = sum / static_cast<double>(rows) - expected_[k];
        }
      }
    }
    return worth;
  }

  // Players x outputs.
  std::vector<double> exact(const Coalitions& coalitions, const std::vector<double>& worth,
                            const std::vector<double>& gain) const {
    const size_t players = coalitions.players;
    std::vector<double> out(players * outputs());
    if (players == 0) return out;
    // |S|! (M - |S| - 1)! / M! = 1 / (M C(M - 1, |S|))
    std::vector<double> weight(players);
    for (size_t size = 0; size < players; ++size)
      weight[size] = 1 / (static_cast<double>(players) * binomial(players - 1, size));
    const size_t full = (size_t{1} << players) - 1;
    const auto worth_at = [&](size_t bits, size_t k) {
      return bits == 0 ? 0 : bits == full ? gain[k] : worth[(bits - 1) * outputs() + k];
    };
    for (size_t bits = 0; bits < full; ++bits) {
      const double of_size = weight[static_cast<size_t>(__builtin_popcountll(bits))];
      for (size_t p = 0; p < players; ++p) {
        if ((bits >> p & 1) != 0) continue;
        for (size_t k = 0; k < outputs(); ++k)
          out[p * outputs() + k] += of_size * (worth_at(bits | size_t{1} << p, k) - worth_at(bits, k));
      }
    }
    return out;
  }

  // The last player is what the others leave of the gain, so that the sum holds.
  std::vector<double> fitted(const Coalitions& coalitions, const std::vector<double>& worth,
                             const std::vector<double>& gain) const {
    const size_t players = coalitions.players;
    const size_t n = players - 1;
    std::vector<double> a(n * n);
    std::vector<double> b(n * outputs());
    std::vector<double> x(n);
    for (size_t s = 0; s < coalitions.count(); ++s) {
      const uint8_t* member = &coalitions.member[s * players];
      const auto last = static_cast<double>(member[n]);
      const double weight = coalitions.weight[s];
      for (size_t i = 0; i < n; ++i) x[i] = static_cast<double>(member[i]) - last;
      for (size_t i = 0; i < n; ++i) {
        if (x[i] == 0) continue;
        for (size_t j = 0; j <= i; ++j) a[i * n + j] += weight * x[i] * x[j];
        for (size_t k = 0; k < outputs(); ++k)
          b[i * outputs() + k] += weight * x[i] * (worth[s * outputs() + k] - last * gain[k]);
      }
    }
    solve(a, b, n, outputs());
    for (size_t k = 0; k < outputs(); ++k) {
      double rest = gain[k];
      for (size_t i = 0; i < n; ++i) rest -= b[i * outputs() + k];
      b.push_back(rest);
    }
    return b;
  }

  const Predictor& predictor_;
  const RowSample& background_;
  std::vector<FeatureColumn> columns_;
  KernelShapOptions options_;
  std::vector<double> expected_;  // by output
};

}  // namespace

Result<std::unique_ptr<Explainer>> make_kernel_explainer(const Predictor& predictor, const RowSample& background,
                                                         KernelShapOptions options) {
  CHECK(background.rows() > 0);
  for (const Feature& feature : background.schema().features) {
    if (!feature.is_sparse) continue;
    return fail(Code::kUnsupported, "kernel SHAP takes no sparse vector: \"" + feature.column + "\"");
  }
  auto out = std::make_unique<KernelExplainer>(predictor, background, options);
  TRY(out->prepare());
  return std::unique_ptr<Explainer>(std::move(out));
}

}  // namespace sinan::ml
