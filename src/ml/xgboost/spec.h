// What XGBoost 3.4 knows, as tables: estimators, objectives, metrics, and every attribute with its type, range, default,
// doc and effect. Checks, completion, `sinan help`, docs/statements/xgboost.md and the library's own parameters are all made
// from here. Constant data.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "ml/attributes.h"
#include "ml/model.h"

namespace sinan::ml::xgboost {

enum class Booster : uint8_t { kTrees, kDart, kLinear };

struct Estimator {
  std::string_view name;  // canonical: "xgboost.gbtree"
  Booster booster = Booster::kTrees;
  std::string_view objective;  // default; empty = by the label
  std::optional<Task> task;    // of scikit-learn's names: what they are for; kMulticlass stands for all classes
  bool is_forest = false;      // many trees in one round instead of many rounds
};
// In the order in which they are offered.
std::span<const Estimator> estimators();

struct Objective {
  std::string_view name;
  Task task;
};
std::span<const Objective> objectives();

std::span<const std::string_view> metrics();  // without their "@n"
// Whether more is better; `metric` may have an "@n".
bool is_better_higher(std::string_view metric);

// Which boosters have an attribute.
enum class For : uint8_t { kAll, kTrees, kDart, kLinear };

struct Row {
  AttributeSpec spec;
  std::string_view parameter;  // XGBoost's name, sent as the value stands; empty = ours, or in need of more than that
  For boosters = For::kAll;
  std::string_view objectives;  // "reg:tweedie|rank:": beginnings of those it has an effect with; empty = all
  bool has_effect = true;
};
std::span<const Row> rows();

}  // namespace sinan::ml::xgboost
