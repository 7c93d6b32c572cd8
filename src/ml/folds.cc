#include "ml/folds.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

namespace sinan::ml {

double draw(uint64_t seed, uint64_t number) {
  uint64_t x = seed * 0x9e3779b97f4a7c15U + number + 0x632be59bd9b4e019U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return static_cast<double>((x ^ (x >> 31)) >> 11) * 0x1p-53;
}

std::vector<uint32_t> stratified_folds(std::span<const float> label, bool is_classification, size_t folds,
                                       uint64_t seed) {
  struct Drawn {
    double at = 0;
    uint32_t row = 0;
    auto operator<=>(const Drawn&) const = default;
  };
  std::map<float, std::vector<Drawn>> classes;  // ordered: the deal goes on from class to class
  for (uint32_t row = 0; row < label.size(); ++row)
    classes[is_classification ? label[row] : 0.0f].push_back({draw(seed, row), row});
  std::vector<uint32_t> out(label.size());
  size_t dealt = 0;
  for (auto& [_, rows] : classes) {
    std::ranges::sort(rows);
    for (const Drawn& drawn : rows) out[drawn.row] = static_cast<uint32_t>(dealt++ % folds);
  }
  return out;
}

std::vector<uint32_t> keyed_folds(std::span<const uint64_t> keys, size_t folds, uint64_t seed) {
  std::vector<uint32_t> out;
  out.reserve(keys.size());
  for (const uint64_t key : keys) out.push_back(static_cast<uint32_t>(draw(seed, key) * static_cast<double>(folds)));
  return out;
}

std::vector<uint32_t> grouped_folds(std::span<const uint64_t> keys, size_t folds, uint64_t seed) {
  std::vector<uint64_t> known(keys.begin(), keys.end());
  std::ranges::sort(known);
  known.erase(std::unique(known.begin(), known.end()), known.end());
  std::ranges::sort(known, {}, [&](uint64_t key) { return std::pair(draw(seed, key), key); });
  std::unordered_map<uint64_t, uint32_t> fold_of;
  for (size_t i = 0; i < known.size(); ++i) fold_of.emplace(known[i], static_cast<uint32_t>(i % folds));
  std::vector<uint32_t> out;
  out.reserve(keys.size());
  for (const uint64_t key : keys) out.push_back(fold_of.at(key));
  return out;
}

std::vector<uint32_t> rows_in(std::span<const uint32_t> fold, uint32_t which) {
  std::vector<uint32_t> out;
  for (uint32_t row = 0; row < fold.size(); ++row) {
    if (fold[row] == which) out.push_back(row);
  }
  return out;
}

std::vector<uint32_t> rows_outside(std::span<const uint32_t> fold, uint32_t which) {
  std::vector<uint32_t> out;
  for (uint32_t row = 0; row < fold.size(); ++row) {
    if (fold[row] != which) out.push_back(row);
  }
  return out;
}

}  // namespace sinan::ml
