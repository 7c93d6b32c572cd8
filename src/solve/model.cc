#include "solve/model.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/check.h"

namespace sinan::solve {
namespace {

// Stable: entries of equal keys stay in their order.
template <class Key>
std::vector<Entry> counting_sort(const std::vector<Entry>& entries, size_t keys, const Key& key) {
  std::vector<uint32_t> next(keys + 1, 0);
  for (const Entry& e : entries) ++next[key(e) + 1];
  std::partial_sum(next.begin(), next.end(), next.begin());
  std::vector<Entry> out(entries.size());
  for (const Entry& e : entries) out[next[key(e)]++] = e;
  return out;
}

bool is_sorted_by_row(const std::vector<Entry>& entries) {
  return std::ranges::is_sorted(entries, {}, [](const Entry& e) { return e.row; });
}

// A dense Cholesky factorisation with room for rounding: a pivot that vanishes needs its column to vanish too.
bool is_positive_semidefinite(std::vector<double>& a, size_t n) {
  double scale = 0;
  for (size_t i = 0; i < n; ++i) scale = std::max(scale, std::abs(a[i * n + i]));
  const double tolerance = 1e-9 * std::max(scale, 1e-300) * static_cast<double>(n);
  for (size_t k = 0; k < n; ++k) {
    const double pivot = a[k * n + k];
    if (pivot < -tolerance) return false;
    if (pivot <= tolerance) {
      for (size_t i = k + 1; i < n; ++i)
        if (std::abs(a[i * n + k]) > std::sqrt(tolerance * std::max(scale, 1e-300))) return false;
      continue;
    }
    for (size_t j = k + 1; j < n; ++j) {
      const double factor = a[j * n + k] / pivot;
      if (factor == 0) continue;
      for (size_t i = j; i < n; ++i) a[i * n + j] -= factor * a[i * n + k];
    }
  }
  return true;
}

uint32_t root(std::vector<uint32_t>& parent, uint32_t i) {
  while (parent[i] != i) i = parent[i] = parent[parent[i]];
  return i;
}

}  // namespace

bool Model::has_integers() const {
  return std::ranges::any_of(integer, [](uint8_t i) { return i != 0; });
}

SparseColumns to_columns(std::vector<Entry>&& entries, size_t rows, size_t columns) {
  CHECK(entries.size() < INT32_MAX);
  if (!is_sorted_by_row(entries)) entries = counting_sort(entries, rows, [](const Entry& e) { return e.row; });
  entries = counting_sort(entries, columns, [](const Entry& e) { return e.column; });

  SparseColumns out;
  out.start.reserve(columns + 1);
  out.row.reserve(entries.size());
  out.value.reserve(entries.size());
  size_t i = 0;
  for (uint32_t column = 0; column < columns; ++column) {
    out.start.push_back(static_cast<int32_t>(out.row.size()));
    while (i < entries.size() && entries[i].column == column) {
      const uint32_t row = entries[i].row;
      double sum = 0;
      for (; i < entries.size() && entries[i].column == column && entries[i].row == row; ++i) sum += entries[i].value;
      if (sum == 0) continue;
      out.row.push_back(static_cast<int32_t>(row));
      out.value.push_back(sum);
    }
  }
  out.start.push_back(static_cast<int32_t>(out.row.size()));
  entries = {};
  return out;
}

bool is_convex(const SparseColumns& lower_triangle, size_t columns, size_t limit) {
  std::vector<uint32_t> parent(columns);
  std::iota(parent.begin(), parent.end(), 0U);
  const auto each = [&](const auto& visit) {
    for (uint32_t column = 0; column < columns; ++column) {
      for (int32_t i = lower_triangle.start[column]; i < lower_triangle.start[column + 1]; ++i) {
        const auto at = static_cast<size_t>(i);
        visit(static_cast<uint32_t>(lower_triangle.row[at]), column, lower_triangle.value[at]);
      }
    }
  };
  each([&](uint32_t row, uint32_t column, double) { parent[root(parent, row)] = root(parent, column); });

  // Members of each part that has entries, and where each stands in it.
  std::map<uint32_t, std::vector<uint32_t>> parts;
  std::vector<uint8_t> used(columns, 0);
  each([&](uint32_t row, uint32_t column, double) { used[row] = used[column] = 1; });
  std::vector<uint32_t> position(columns, 0);
  for (uint32_t i = 0; i < columns; ++i) {
    if (used[i] == 0) continue;
    std::vector<uint32_t>& part = parts[root(parent, i)];
    position[i] = static_cast<uint32_t>(part.size());
    part.push_back(i);
  }
  for (const auto& [name, part] : parts) {
    const size_t n = part.size();
    if (n > limit) continue;
    std::vector<double> dense(n * n, 0.0);
    for (const uint32_t column : part) {
      for (int32_t i = lower_triangle.start[column]; i < lower_triangle.start[column + 1]; ++i) {
        const auto at = static_cast<size_t>(i);
        dense[position[static_cast<size_t>(lower_triangle.row[at])] * n + position[column]] = lower_triangle.value[at];
      }
    }
    if (!is_positive_semidefinite(dense, n)) return false;
  }
  return true;
}

}  // namespace sinan::solve
