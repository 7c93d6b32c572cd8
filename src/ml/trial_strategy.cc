#include "ml/trial_strategy.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "base/check.h"

namespace sinan::ml {
namespace {

using Spaces = std::vector<const SearchSpace*>;

// Of trial `number`, whatever was drawn before it.
Random random_of(uint64_t seed, size_t number) {
  return Random(seed ^ (0x9e3779b97f4a7c15U * (static_cast<uint64_t>(number) + 1)));
}

// The estimators in turn, each with its defaults first.
Proposal by_chance(const Spaces& spaces, uint64_t seed, size_t number) {
  Proposal out;
  out.space = number % spaces.size();
  const bool is_default = spaces.size() > 1 && number < spaces.size();
  if (is_default) return out;
  Random random = random_of(seed, number);
  out.point = spaces[out.space]->draw(random);
  return out;
}

class RandomStrategy final : public TrialStrategy {
 public:
  RandomStrategy(Spaces spaces, size_t trials, uint64_t seed)
      : spaces_(std::move(spaces)), trials_(trials), seed_(seed) {}

  std::vector<Proposal> next(std::span<const FinishedTrial> finished) override {
    std::vector<Proposal> out;
    if (!finished.empty()) return out;
    for (size_t i = 0; i < trials_; ++i) out.push_back(by_chance(spaces_, seed_, i));
    return out;
  }

 private:
  const Spaces spaces_;
  const size_t trials_;
  const uint64_t seed_;
};

// The density of one attribute over some trials: a normal distribution around each of their values, cut to [0, 1), and a
// uniform one, all of the same weight. Of a choice: its share, one more of each.
class Parzen {
 public:
  Parzen(const Dimension& dimension, std::vector<double> values)
      : choices_(dimension.members.size()), values_(std::move(values)) {
    std::ranges::sort(values_);
    if (choices_ > 0) return;
    const double least = 1.0 / static_cast<double>(std::min<size_t>(100, values_.size() + 2));
    for (size_t i = 0; i < values_.size(); ++i) {
      const double left = i == 0 ? values_[i] : values_[i] - values_[i - 1];
      const double right = i + 1 == values_.size() ? 1 - values_[i] : values_[i + 1] - values_[i];
      widths_.push_back(std::clamp(std::max(left, right), least, 1.0));
    }
  }

  double draw(Random& random) const {
    const size_t which = random.below(values_.size() + 1);
    if (which == values_.size()) return random.uniform();
    if (choices_ > 0) return values_[which];
    constexpr int kTries = 100;
    for (int i = 0; i < kTries; ++i) {
      const double value = values_[which] + widths_[which] * normal(random);
      if (value >= 0 && value < 1) return value;
    }
    return values_[which];
  }

  double log_density(double at) const {
    const auto weight = static_cast<double>(values_.size() + 1);
    double sum = 1;
    if (choices_ > 0) {
      const auto bin = [&](double unit) { return static_cast<size_t>(unit * static_cast<double>(choices_)); };
      for (const double value : values_) sum += bin(value) == bin(at) ? static_cast<double>(choices_) : 0;
      return std::log(sum / weight);
    }
    for (size_t i = 0; i < values_.size(); ++i) {
      const double z = (at - values_[i]) / widths_[i];
      const double inside = below((1 - values_[i]) / widths_[i]) - below(-values_[i] / widths_[i]);
      sum += std::exp(-z * z / 2) / (widths_[i] * std::sqrt(2 * std::numbers::pi) * inside);
    }
    return std::log(sum / weight);
  }

 private:
  static double below(double z) { return std::erfc(-z / std::numbers::sqrt2) / 2; }
  // Box and Muller.
  static double normal(Random& random) {
    const double radius = std::sqrt(-2 * std::log(1 - random.uniform()));
    return radius * std::cos(2 * std::numbers::pi * random.uniform());
  }

  size_t choices_;
  std::vector<double> values_;
  std::vector<double> widths_;
};

class TpeStrategy final : public TrialStrategy {
 public:
  TpeStrategy(Spaces spaces, size_t trials, uint64_t seed) : spaces_(std::move(spaces)), trials_(trials), seed_(seed) {}

  std::vector<Proposal> next(std::span<const FinishedTrial> finished) override {
    const size_t begin = finished.size();
    const size_t by_chance_until = std::min(trials_, std::max(kByChance, 3 * spaces_.size()));
    const size_t end = begin < by_chance_until ? by_chance_until : std::min(trials_, begin + kBatch);
    std::vector<Proposal> out;
    for (size_t i = begin; i < end; ++i)
      out.push_back(begin < by_chance_until ? by_chance(spaces_, seed_, i) : propose(finished, out, i));
    return out;
  }

 private:
  static constexpr size_t kByChance = 8;
  static constexpr size_t kBatch = 4;
  static constexpr size_t kCandidates = 24;

  // `pending`: of the same batch. They count as bad, so that no two trials look at the same place.
  Proposal propose(std::span<const FinishedTrial> finished, const std::vector<Proposal>& pending, size_t number) const {
    Random random = random_of(seed_, number);
    std::vector<size_t> order(finished.size());
    std::iota(order.begin(), order.end(), size_t{0});
    constexpr double kFailed = std::numeric_limits<double>::infinity();
    std::ranges::stable_sort(order, {}, [&](size_t i) { return finished[i].loss.value_or(kFailed); });
    const size_t good = std::max<size_t>(2, (finished.size() + 3) / 4);

    Proposal out;
    out.space = likely_space(finished, order, good, random);
    const SearchSpace& space = *spaces_[out.space];
    const auto units = [&](size_t d, bool of_good) {
      std::vector<double> values;
      const auto take = [&](const Proposal& p) {
        if (p.space == out.space && !p.point.empty()) values.push_back(space.dimensions()[d].unit_of(p.point[d]));
      };
      for (size_t rank = of_good ? 0 : good; rank < (of_good ? good : order.size()); ++rank)
        take(finished[order[rank]].proposal);
      if (!of_good) std::ranges::for_each(pending, take);
      return values;
    };
    for (size_t d = 0; d < space.dimensions().size(); ++d) {
      const Dimension& dimension = space.dimensions()[d];
      const Parzen liked(dimension, units(d, true));
      const Parzen others(dimension, units(d, false));
      double best = 0;
      double best_score = -std::numeric_limits<double>::infinity();
      for (size_t i = 0; i < kCandidates; ++i) {
        const double at = liked.draw(random);
        const double score = liked.log_density(at) - others.log_density(at);
        if (score > best_score) best = at, best_score = score;
      }
      out.point.push_back(dimension.value_at(best));
    }
    return out;
  }

  // By its share of the good trials, one more of each estimator.
  size_t likely_space(std::span<const FinishedTrial> finished, const std::vector<size_t>& order, size_t good,
                      Random& random) const {
    std::vector<size_t> tickets(spaces_.size());
    std::iota(tickets.begin(), tickets.end(), size_t{0});
    for (size_t rank = 0; rank < std::min(good, order.size()); ++rank)
      tickets.push_back(finished[order[rank]].proposal.space);
    return tickets[random.below(tickets.size())];
  }

  const Spaces spaces_;
  const size_t trials_;
  const uint64_t seed_;
};

class HalvingStrategy final : public TrialStrategy {
 public:
  HalvingStrategy(Spaces spaces, size_t trials, uint64_t seed, size_t rows)
      : spaces_(std::move(spaces)), trials_(trials), seed_(seed) {
    for (size_t left = trials; left >= kFactor && rows >= kLeastRows * kFactor; left /= kFactor) {
      rows /= kFactor;
      share_ /= static_cast<double>(kFactor);
    }
  }

  std::vector<Proposal> next(std::span<const FinishedTrial> finished) override {
    std::vector<Proposal> out;
    if (finished.empty()) {
      for (size_t i = 0; i < trials_; ++i) out.push_back(by_chance(spaces_, seed_, i));
    } else if (rung_ < 1) {
      share_ = std::min(1.0, share_ * static_cast<double>(kFactor));
      out = survivors(finished.subspan(finished.size() - batch_));
    }
    // A share of 1/3^k becomes 1 exactly but for rounding.
    if (share_ > 1 - 1e-9) share_ = 1;
    rung_ = share_;
    batch_ = out.size();
    for (Proposal& proposal : out) {
      proposal.row_share = share_;
      proposal.is_final_share = share_ == 1;
    }
    return out;
  }

 private:
  static constexpr size_t kFactor = 3;
  static constexpr size_t kLeastRows = 200;

  std::vector<Proposal> survivors(std::span<const FinishedTrial> last) const {
    std::vector<size_t> order;
    for (size_t i = 0; i < last.size(); ++i) {
      if (last[i].loss) order.push_back(i);
    }
    std::ranges::stable_sort(order, {}, [&](size_t i) { return *last[i].loss; });
    order.resize(std::min(order.size(), std::max<size_t>(1, last.size() / kFactor)));
    std::ranges::sort(order);  // in the order they were drawn
    std::vector<Proposal> out;
    for (const size_t i : order) out.push_back(last[i].proposal);
    return out;
  }

  const Spaces spaces_;
  const size_t trials_;
  const uint64_t seed_;
  double share_ = 1;  // of the present rung
  double rung_ = 0;   // of the one that was proposed last
  size_t batch_ = 0;
};

}  // namespace

std::unique_ptr<TrialStrategy> make_strategy(StrategyKind kind, std::span<const SearchSpace* const> spaces,
                                             size_t trials, uint64_t seed, size_t rows) {
  CHECK(!spaces.empty());
  Spaces all(spaces.begin(), spaces.end());
  switch (kind) {
    case StrategyKind::kRandom:
      return std::make_unique<RandomStrategy>(std::move(all), trials, seed);
    case StrategyKind::kTpe:
      return std::make_unique<TpeStrategy>(std::move(all), trials, seed);
    case StrategyKind::kHalving:
      return std::make_unique<HalvingStrategy>(std::move(all), trials, seed, rows);
  }
  return nullptr;
}

}  // namespace sinan::ml
