#include "base/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace sinan {
namespace {

constexpr double kLatencyBounds[] = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                     0.05,   0.1,     0.25,   0.5,   1,      2.5,   5,    10};

bool is_name(std::string_view name, bool may_have_colon) {
  const auto fits = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (c == ':' && may_have_colon);
  };
  return !name.empty() && !(name.front() >= '0' && name.front() <= '9') && std::ranges::all_of(name, fits);
}

std::string escaped(std::string_view text, bool also_quotes) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\\' || (c == '"' && also_quotes)) {
      out += '\\';
      out += c;
    } else {
      out += c;
    }
  }
  return out;
}

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

// {route="/x",le="0.1"}
std::string label_text(const Metrics::Labels& labels, std::string_view le = {}) {
  std::string out;
  const auto add = [&](std::string_view name, std::string_view value) {
    out += out.empty() ? "{" : ",";
    out += fmt::format("{}=\"{}\"", name, escaped(value, true));
  };
  for (const auto& [name, value] : labels) add(name, value);
  if (!le.empty()) add("le", le);
  return out.empty() ? out : out + "}";
}

std::string histogram_text(std::string_view name, const Metrics::Labels& labels, const Histogram& histogram) {
  const Histogram::Snapshot now = histogram.snapshot();
  std::string out;
  uint64_t total = 0;
  for (size_t i = 0; i < now.counts.size(); ++i) {
    total += now.counts[i];
    const std::string le = i < now.bounds.size() ? number(now.bounds[i]) : "+Inf";
    out += fmt::format("{}_bucket{} {}\n", name, label_text(labels, le), total);
  }
  out += fmt::format("{}_sum{} {}\n", name, label_text(labels), number(now.sum));
  out += fmt::format("{}_count{} {}\n", name, label_text(labels), total);
  return out;
}

}  // namespace

std::span<const double> latency_bounds() { return kLatencyBounds; }

Histogram::Histogram(std::span<const double> bounds)
    : bounds_(bounds.begin(), bounds.end()), counts_(std::make_unique<std::atomic<uint64_t>[]>(bounds.size() + 1)) {
  CHECK(std::ranges::adjacent_find(bounds_, std::ranges::greater_equal{}) == bounds_.end());
}

void Histogram::observe(double value) {
  const size_t bucket = static_cast<size_t>(std::ranges::lower_bound(bounds_, value) - bounds_.begin());
  counts_[bucket].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

Histogram::Snapshot Histogram::snapshot() const {
  Snapshot snapshot{.bounds = bounds_, .sum = sum_.load(std::memory_order_relaxed)};
  for (size_t i = 0; i <= bounds_.size(); ++i) snapshot.counts.push_back(counts_[i].load(std::memory_order_relaxed));
  return snapshot;
}

// mutex_ held.
Metrics::Series& Metrics::series(std::string_view name, std::string_view type, std::string_view help, Labels labels) {
  CHECK(is_name(name, true));
  CHECK(std::ranges::all_of(labels, [](const auto& label) { return is_name(label.first, false); }));
  auto found = families_.find(name);
  if (found == families_.end()) {
    found = families_.emplace(std::string(name), Family{std::string(type), std::string(help), {}}).first;
  }
  CHECK(found->second.type == type);
  for (const auto& known : found->second.series) {
    if (known->labels == labels) return *known;
  }
  found->second.series.push_back(std::make_unique<Series>());
  Series& made = *found->second.series.back();
  made.labels = std::move(labels);
  return made;
}

Counter& Metrics::counter(std::string_view name, std::string_view help, Labels labels) {
  const std::lock_guard lock(mutex_);
  Series& one = series(name, "counter", help, std::move(labels));
  if (!one.counter) one.counter = std::make_unique<Counter>();
  return *one.counter;
}

Gauge& Metrics::gauge(std::string_view name, std::string_view help, Labels labels) {
  const std::lock_guard lock(mutex_);
  Series& one = series(name, "gauge", help, std::move(labels));
  if (!one.gauge) one.gauge = std::make_unique<Gauge>();
  return *one.gauge;
}

Histogram& Metrics::histogram(std::string_view name, std::string_view help, std::span<const double> bounds,
                              Labels labels) {
  const std::lock_guard lock(mutex_);
  Series& one = series(name, "histogram", help, std::move(labels));
  if (!one.histogram) one.histogram = std::make_unique<Histogram>(bounds);
  return *one.histogram;
}

void Metrics::gauge_function(std::string_view name, std::string_view help, std::function<double()> read) {
  const std::lock_guard lock(mutex_);
  series(name, "gauge", help, {}).read = std::move(read);
}

std::string Metrics::text() const {
  std::string out;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, family] : families_) {
    out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, escaped(family.help, false), name, family.type);
    for (const auto& one : family.series) {
      if (one->histogram) {
        out += histogram_text(name, one->labels, *one->histogram);
      } else if (one->counter) {
        out += fmt::format("{}{} {}\n", name, label_text(one->labels), one->counter->value());
      } else {
        out += fmt::format("{}{} {}\n", name, label_text(one->labels),
                           one->read ? number(one->read()) : fmt::format("{}", one->gauge->value()));
      }
    }
  }
  return out;
}

}  // namespace sinan
