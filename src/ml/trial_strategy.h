// TrialStrategy: which values the trials of a search try. Trials are proposed in batches; a batch is a function of the seed
// and of the results of the batches before it, so that it does not matter which of its trials ends first.
//
//     auto strategy = make_strategy(StrategyKind::kTpe, spaces, 20, seed);
//     while (true) {
//       const std::vector<Proposal> batch = strategy->next(finished);
//       if (batch.empty()) break;
//       ...                                    // run them, in any order; append them to `finished` in the order proposed
//     }
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "ml/search_space.h"

namespace sinan::ml {

enum class StrategyKind : uint8_t { kRandom, kTpe, kHalving };

struct Proposal {
  size_t space = 0;  // which estimator's
  Point point;
  double row_share = 1;        // of the training rows
  bool is_final_share = true;  // halving: trials on fewer rows are not compared with those on all
};

struct FinishedTrial {
  Proposal proposal;
  std::optional<double> loss;  // less is better; none = it failed
};

class TrialStrategy {
 public:
  virtual ~TrialStrategy() = default;
  // Empty = no more. `finished`: all of the earlier batches, in the order proposed.
  virtual std::vector<Proposal> next(std::span<const FinishedTrial> finished) = 0;
};

// `spaces`: one an estimator, not empty; their first trial, where there are several, has the estimator's defaults (an empty
// Point). `trials`: in all; for halving, of the first rung. `rows`: of the training, which bounds how few rows halving
// begins with. `spaces` must outlive the strategy.
//
// random: independent draws. tpe: tree-structured Parzen estimators (Bergstra et al. 2011): after draws by chance, values
// that are likely among the best quarter of the trials and unlikely among the others, each attribute by itself. halving:
// successive halving (Jamieson and Talwalkar 2016): all on a share of the rows, the best third of them on three times as
// many, until the rows are all.
std::unique_ptr<TrialStrategy> make_strategy(StrategyKind kind, std::span<const SearchSpace* const> spaces,
                                             size_t trials, uint64_t seed, size_t rows);

}  // namespace sinan::ml
