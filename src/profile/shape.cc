#include "profile/shape.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "base/strings.h"

namespace sinan::profile {
namespace {

constexpr size_t kBlocks = 8;
constexpr size_t kBars = 10;

}  // namespace

Shape shape_of(const Distribution& distribution, size_t bins) {
  Shape shape;
  if (distribution.kind == ValueKind::kText) {
    for (size_t i = 0; i < std::min(bins, distribution.texts.size()); ++i)
      shape.shares.push_back(distribution.texts[i].second);
    return shape;
  }
  const std::vector<double>& points = distribution.points;
  if (points.empty()) return shape;
  const double low = points.front();
  const double high = points.back();
  if (low == high) return {{low, high}, {1}};
  if (distribution.kind == ValueKind::kBoolean) bins = 2;
  shape.shares.assign(bins, 0);
  for (size_t i = 0; i <= bins; ++i)
    shape.edges.push_back(std::lerp(low, high, static_cast<double>(i) / static_cast<double>(bins)));
  for (const double point : points) {
    const double at = (point - low) / (high - low) * static_cast<double>(bins);
    shape.shares[std::min(static_cast<size_t>(at), bins - 1)] += 1 / static_cast<double>(points.size());
  }
  return shape;
}

std::string sparkline(const Distribution& distribution) {
  constexpr std::array<std::string_view, kBlocks> kLevels = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const Shape shape = shape_of(distribution, kBlocks);
  if (shape.shares.empty()) return {};
  const double highest = std::ranges::max(shape.shares);
  std::string out;
  for (const double share : shape.shares) {
    const auto level = static_cast<size_t>(std::ceil(share / highest * kBlocks));
    out += level == 0 ? " " : kLevels[std::min(level, kBlocks) - 1];
  }
  return out;
}

std::optional<std::string> histogram_text(const Distribution& distribution) {
  const Shape shape = shape_of(distribution, kBars);
  if (shape.shares.empty()) return std::nullopt;
  std::vector<std::string> parts;
  for (size_t i = 0; i < shape.shares.size(); ++i) {
    const std::string bin = shape.edges.empty() ? distribution.texts[i].first
                                                : fmt::format("{:.6g}..{:.6g}", shape.edges[i], shape.edges[i + 1]);
    parts.push_back(fmt::format("{}: {:.4f}", bin, shape.shares[i]));
  }
  return join(parts, ", ");
}

}  // namespace sinan::profile
