#include "profile/drift.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include <fmt/format.h>

namespace sinan::profile {
namespace {

constexpr double kInsteadOfZero = 0.001;
constexpr size_t kBins = 10;
constexpr double kNothing = 1e-9;  // what rounding leaves of a share

// Inner cuts between bins: the reference's deciles, each once.
std::vector<double> decile_cuts(const std::vector<double>& points) {
  std::vector<double> cuts;
  for (size_t i = 1; i < kBins; ++i) {
    const double cut = quantile(points, static_cast<double>(i) / kBins);
    if (cut > points.front() && (cuts.empty() || cut > cuts.back())) cuts.push_back(cut);
  }
  return cuts;
}

std::vector<double> shares_between(const std::vector<double>& points, const std::vector<double>& cuts) {
  std::vector<double> shares;
  double before = 0;
  for (const double cut : cuts) {
    const double up_to = share_below(points, cut);
    shares.push_back(up_to - before);
    before = up_to;
  }
  shares.push_back(1 - before);
  return shares;
}

void compare_deciles(const Distribution& reference, const Distribution& current, const arrow::Type& type, Drift& out) {
  const std::vector<double> cuts = decile_cuts(reference.points);
  out.reference = shares_between(reference.points, cuts);
  out.current = shares_between(current.points, cuts);
  out.bins.push_back("< " + value_text(type, cuts.front()));
  for (size_t i = 1; i < cuts.size(); ++i)
    out.bins.push_back(fmt::format("[{}, {})", value_text(type, cuts[i - 1]), value_text(type, cuts[i])));
  out.bins.push_back(">= " + value_text(type, cuts.back()));
}

void add_other(double reference, double current, Drift& out) {
  if (reference < kNothing && current < kNothing) return;
  out.bins.emplace_back("other");
  out.reference.push_back(std::max(0.0, reference));
  out.current.push_back(std::max(0.0, current));
}

// Each of the reference's values is a bin, and all that it never had is another.
void compare_few(const std::vector<double>& values, const Distribution& reference, const Distribution& current,
                 const arrow::Type& type, Drift& out) {
  const auto share_at = [](const Distribution& of, double value) {
    return share_up_to(of.points, value) - share_below(of.points, value);
  };
  double rest = 1;
  for (const double value : values) {
    out.bins.push_back(value_text(type, value));
    out.reference.push_back(share_at(reference, value));
    out.current.push_back(share_at(current, value));
    rest -= out.current.back();
  }
  add_other(0, rest, out);
}

void compare_points(const Distribution& reference, const Distribution& current, const arrow::Type& type, Drift& out) {
  std::vector<double> values = reference.points;
  values.erase(std::unique(values.begin(), values.end()), values.end());
  if (values.size() <= kBins) {
    compare_few(values, reference, current, type, out);
  } else {
    compare_deciles(reference, current, type, out);
  }
  out.ks = kolmogorov_smirnov(reference.points, current.points);
  const auto rows = [](const Distribution& d) { return static_cast<double>(d.rows) * (1 - d.missing); };
  out.ks_p = kolmogorov_smirnov_p(*out.ks, rows(reference), rows(current));
}

void compare_texts(const Distribution& reference, const Distribution& current, Drift& out) {
  std::unordered_map<std::string_view, double> now;
  for (const auto& [text, share] : current.texts) now.emplace(text, share);
  double rest = 1;
  for (const auto& [text, share] : reference.texts) {
    const auto found = now.find(text);
    const double current_share = found == now.end() ? 0 : found->second;
    out.bins.push_back(text);
    out.reference.push_back(share);
    out.current.push_back(current_share);
    rest -= current_share;
  }
  // What the reference's list lacks: its own rare texts, and those that came since.
  add_other(reference.others, current.texts.empty() ? 0 : rest, out);
}

}  // namespace

double population_stability(std::span<const double> expected, std::span<const double> actual) {
  double sum = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    const double e = expected[i] == 0 ? kInsteadOfZero : expected[i];
    const double a = actual[i] == 0 ? kInsteadOfZero : actual[i];
    sum += (e - a) * std::log(e / a);
  }
  return sum;
}

double kolmogorov_smirnov(const std::vector<double>& reference, const std::vector<double>& current) {
  double distance = 0;
  size_t i = 0;
  size_t k = 0;
  const auto n = static_cast<double>(reference.size());
  const auto m = static_cast<double>(current.size());
  while (i < reference.size() && k < current.size()) {
    const double value = std::min(reference[i], current[k]);
    while (i < reference.size() && reference[i] == value) ++i;
    while (k < current.size() && current[k] == value) ++k;
    distance = std::max(distance, std::abs(static_cast<double>(i) / n - static_cast<double>(k) / m));
  }
  return distance;
}

double kolmogorov_smirnov_p(double distance, double reference_rows, double current_rows) {
  const double root = std::sqrt(reference_rows * current_rows / (reference_rows + current_rows));
  const double t = (root + 0.12 + 0.11 / root) * distance;
  if (t < 0.2) return 1;  // the series converges slowly there, to 1
  double sum = 0;
  for (int k = 1; k <= 100; ++k) {
    const double term = std::exp(-2.0 * k * k * t * t);
    sum += k % 2 == 1 ? term : -term;
    if (term < 1e-16) break;
  }
  return std::clamp(2 * sum, 0.0, 1.0);
}

std::optional<Drift> drift_between(const Distribution& reference, const Distribution& current,
                                   const arrow::Type& type) {
  if (reference.kind != current.kind || reference.kind == ValueKind::kOther) return std::nullopt;
  if (reference.rows == 0 || current.rows == 0) return std::nullopt;
  Drift out;
  if (reference.kind == ValueKind::kText) {
    compare_texts(reference, current, out);
  } else if (!reference.points.empty() && !current.points.empty()) {
    compare_points(reference, current, type, out);
  } else if (!reference.points.empty() || !current.points.empty()) {
    // All values are missing on one side.
    out.bins.emplace_back("any value");
    out.reference.push_back(reference.points.empty() ? 0 : 1);
    out.current.push_back(current.points.empty() ? 0 : 1);
  }
  for (double& share : out.reference) share *= 1 - reference.missing;
  for (double& share : out.current) share *= 1 - current.missing;
  if (reference.missing > 0 || current.missing > 0) {
    out.bins.emplace_back("missing");
    out.reference.push_back(reference.missing);
    out.current.push_back(current.missing);
  }
  out.psi = population_stability(out.reference, out.current);
  return out;
}

std::string_view verdict(double psi) {
  if (psi < 0.1) return "stable";
  return psi < 0.25 ? "moved" : "moved far";
}

}  // namespace sinan::profile
