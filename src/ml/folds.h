// Folds: which rows are held out together in cross-validation, and rows drawn by their number. Functions of the seed and the
// rows alone: the same split on every machine, whatever the threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace sinan::ml {

// Uniform in [0, 1), by splitmix64's finaliser (Steele et al. 2014) over seed x 0x9e3779b97f4a7c15 + number + 0x632be59bd9b4e019.
double draw(uint64_t seed, uint64_t number);

// The fold of each row, 0 .. folds - 1.
//
// By position: the rows of a class in the order of draw(seed, row) are dealt to the folds in turn, each class going on where
// the one before ended, so that every fold has its share of each class and folds differ by one row at most. For regression
// all rows are one class.
std::vector<uint32_t> stratified_folds(std::span<const float> label, bool is_classification, size_t folds,
                                       uint64_t seed);
// By key (a hash of the row's key): all rows of a key are in one fold, which stays the same when rows come or go.
std::vector<uint32_t> keyed_folds(std::span<const uint64_t> keys, size_t folds, uint64_t seed);
// By group: all rows of a key are in one fold; the keys in the order of draw(seed, key) are dealt in turn.
std::vector<uint32_t> grouped_folds(std::span<const uint64_t> keys, size_t folds, uint64_t seed);

// Row numbers with fold[i] == which, or all others; ascending.
std::vector<uint32_t> rows_in(std::span<const uint32_t> fold, uint32_t which);
std::vector<uint32_t> rows_outside(std::span<const uint32_t> fold, uint32_t which);

}  // namespace sinan::ml
