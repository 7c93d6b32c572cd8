#include "profile/distribution.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <unordered_map>

namespace sinan::profile {
namespace {

constexpr std::pair<ValueKind, std::string_view> kKinds[] = {{ValueKind::kNumber, "number"},
                                                             {ValueKind::kBoolean, "boolean"},
                                                             {ValueKind::kMoment, "moment"},
                                                             {ValueKind::kText, "text"},
                                                             {ValueKind::kOther, "other"}};

void count_texts(const SampledColumn& column, Distribution& out) {
  std::unordered_map<std::string_view, uint64_t> counts;
  uint64_t total = 0;
  for (size_t i = 0; i < column.texts.size(); ++i) {
    if (column.missing[i] != 0) continue;
    ++counts[column.texts[i]];
    ++total;
  }
  std::vector<std::pair<std::string_view, uint64_t>> sorted(counts.begin(), counts.end());
  std::ranges::sort(sorted, [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  uint64_t kept = 0;
  for (size_t i = 0; i < std::min(sorted.size(), kMostTexts); ++i) {
    out.texts.emplace_back(sorted[i].first, static_cast<double>(sorted[i].second) / static_cast<double>(total));
    kept += sorted[i].second;
  }
  if (total > 0) out.others = static_cast<double>(total - kept) / static_cast<double>(total);
}

bool is_share(double value) { return value >= 0 && value <= 1; }

Result<double> share_from_json(const Json& json) {
  const double share = TRY(json.as_double());
  if (!is_share(share)) return fail(Code::kData, "a share is not between 0 and 1");
  return share;
}

}  // namespace

Distribution distribution_of(const SampledColumn& column) {
  Distribution out;
  out.kind = column.kind;
  out.rows = column.missing.size();
  if (out.rows > 0) {
    out.missing = static_cast<double>(std::ranges::count(column.missing, uint8_t{1})) / static_cast<double>(out.rows);
  }
  if (column.kind == ValueKind::kText) {
    count_texts(column, out);
  } else {
    // JSON has no infinities, and no bin either.
    std::ranges::copy_if(column.values, std::back_inserter(out.points), [](double v) { return std::isfinite(v); });
    std::ranges::sort(out.points);
  }
  return out;
}

Distribution thinned(const Distribution& distribution, size_t most_points) {
  Distribution out = distribution;
  std::erase_if(out.texts, [&](const auto& text) {
    const bool is_long = text.first.size() > kLongestKeptText;
    if (is_long) out.others = std::min(1.0, out.others + text.second);
    return is_long;
  });
  if (distribution.points.size() <= most_points) return out;
  out.points.clear();
  const size_t last = distribution.points.size() - 1;
  // Values themselves and nothing between two of them: a point is a value that occurs.
  for (size_t i = 0; i < most_points; ++i) out.points.push_back(distribution.points[i * last / (most_points - 1)]);
  return out;
}

double quantile(const std::vector<double>& points, double share) {
  if (points.empty()) return std::numeric_limits<double>::quiet_NaN();
  const double at = share * static_cast<double>(points.size() - 1);
  const auto below = static_cast<size_t>(at);
  if (below + 1 >= points.size()) return points.back();
  return std::lerp(points[below], points[below + 1], at - static_cast<double>(below));
}

double share_below(const std::vector<double>& points, double value) {
  const auto count = std::ranges::lower_bound(points, value) - points.begin();
  return static_cast<double>(count) / static_cast<double>(points.size());
}

double share_up_to(const std::vector<double>& points, double value) {
  const auto count = std::ranges::upper_bound(points, value) - points.begin();
  return static_cast<double>(count) / static_cast<double>(points.size());
}

Json to_json(const Distribution& distribution) {
  Json out = Json::object(
      {{"kind", std::ranges::find(kKinds, distribution.kind, &std::pair<ValueKind, std::string_view>::first)->second},
       {"rows", distribution.rows},
       {"missing", distribution.missing}});
  if (distribution.kind == ValueKind::kText) {
    Json texts = Json::array();
    for (const auto& [text, share] : distribution.texts) texts.push_back(Json::array({text, share}));
    out.set("texts", std::move(texts));
    out.set("others", distribution.others);
  } else {
    Json points = Json::array();
    for (const double point : distribution.points) points.push_back(point);
    out.set("points", std::move(points));
  }
  return out;
}

Result<Distribution> distribution_from_json(const Json& json) {
  Distribution out;
  const auto kind =
      std::ranges::find(kKinds, json.at("kind").string_view(), &std::pair<ValueKind, std::string_view>::second);
  if (kind == std::end(kKinds)) return fail(Code::kData, "a distribution is of no known kind");
  out.kind = kind->first;
  const int64_t rows = TRY(json.at("rows").as_int());
  if (rows < 0) return fail(Code::kData, "a distribution has fewer than no rows");
  out.rows = static_cast<uint64_t>(rows);
  out.missing = TRY(share_from_json(json.at("missing")));
  if (out.kind == ValueKind::kText) {
    for (const Json& pair : json.at("texts").items()) {
      if (pair.items().size() != 2) return fail(Code::kData, "a text of a distribution has no share");
      out.texts.emplace_back(TRY(pair.items()[0].as_string()), TRY(share_from_json(pair.items()[1])));
    }
    out.others = TRY(share_from_json(json.at("others")));
    return out;
  }
  for (const Json& point : json.at("points").items()) out.points.push_back(TRY(point.as_double()));
  if (!std::ranges::is_sorted(out.points)) return fail(Code::kData, "the points of a distribution do not ascend");
  return out;
}

}  // namespace sinan::profile
