#include "ml/lightgbm/history.h"

#include <utility>

#include "base/check.h"

namespace sinan::ml::lightgbm {

bool is_better_higher(std::string_view metric) {
  return metric.starts_with("auc") || metric.starts_with("ndcg") || metric.starts_with("map@") ||
         metric.starts_with("average_precision") || metric == "r2";
}

History::History(std::vector<std::string> metrics, Options options) : options_(options) {
  for (std::string& name : metrics) series_.push_back({.name = std::move(name)});
}

bool History::improves(const Series& series, double value) const {
  if (rounds_ == 0) return true;
  return is_better_higher(series.name) ? value > series.best + options_.least_improvement
                                       : value < series.best - options_.least_improvement;
}

bool History::add(std::span<const double> train, std::span<const double> validation) {
  CHECK(train.size() == series_.size() && (validation.empty() || validation.size() == series_.size()));
  bool goes_on = true;
  for (size_t i = 0; i < series_.size(); ++i) {
    Series& series = series_[i];
    series.train.push_back(train[i]);
    if (validation.empty()) continue;
    series.validation.push_back(validation[i]);
    if (improves(series, validation[i])) {
      series.best = validation[i];
      series.best_round = rounds_;
    }
    const bool decides = options_.patience > 0 && goes_on && (i == 0 || !options_.first_metric_only);
    if (decides && rounds_ - series.best_round >= options_.patience) {
      stopped_at_ = series.best_round;
      goes_on = false;
    }
  }
  ++rounds_;
  return goes_on;
}

size_t History::best_round() const {
  if (stopped_at_) return *stopped_at_;
  const bool watches = options_.patience > 0 && !series_.empty() && !series_.front().validation.empty();
  return watches ? series_.front().best_round : rounds_ - 1;
}

Json History::to_json() const {
  Json train = Json::object();
  Json validation = Json::object();
  for (const Series& series : series_) {
    const auto list = [](const std::vector<double>& values) {
      Json out = Json::array();
      for (const double value : values) out.push_back(value);
      return out;
    };
    train.set(series.name, list(series.train));
    if (!series.validation.empty()) validation.set(series.name, list(series.validation));
  }
  Json out =
      Json::object({{"rounds", static_cast<int64_t>(rounds_)}, {"best_round", static_cast<int64_t>(best_round())}});
  out.set("train", std::move(train));
  if (!validation.members().empty()) out.set("validation", std::move(validation));
  return out;
}

}  // namespace sinan::ml::lightgbm
