// History: metrics of all rounds, and when to stop. As LightGBM's own packages do it: any metric of the validation rows that
// has not improved for so many rounds ends the training, and its best round is the model's. Not thread-safe.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace sinan::ml::lightgbm {

class History {
 public:
  struct Options {
    size_t patience = 0;  // rounds; 0 = never stop
    double least_improvement = 0;
    bool first_metric_only = false;
  };
  History(std::vector<std::string> metrics, Options options);

  // One value a metric; `validation` empty = there are no such rows. False = stop.
  bool add(std::span<const double> train, std::span<const double> validation);
  size_t rounds() const { return rounds_; }
  // From 0, of at least one round. Whoever watches for the best round keeps it, also when training ended before it was time
  // to stop; others keep the last one.
  size_t best_round() const;
  Json to_json() const;

 private:
  struct Series {
    std::string name;
    std::vector<double> train, validation;
    double best = 0;
    size_t best_round = 0;
  };
  bool improves(const Series& series, double value) const;

  std::vector<Series> series_;
  Options options_;
  size_t rounds_ = 0;
  std::optional<size_t> stopped_at_;  // best round of the metric that ended the training
};

bool is_better_higher(std::string_view metric);

}  // namespace sinan::ml::lightgbm
