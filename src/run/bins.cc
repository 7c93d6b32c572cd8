#include "run/bins.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include "base/check.h"
#include "base/strings.h"

namespace sinan::run {

Bins Bins::even(double min, double max, size_t count) {
  if (min == max) {
    const double by = min == 0 ? 0.001 : 0.001 * std::abs(min);
    min -= by;
    max += by;
  }
  std::vector<double> boundaries(count + 1);
  // Weighted ends: max - min may be more than a double holds.
  const auto whole = static_cast<double>(count);
  for (size_t i = 0; i <= count; ++i) {
    const double part = static_cast<double>(i) / whole;
    boundaries[i] = std::isfinite(max - min) ? min + (max - min) * part : min * (1 - part) + max * part;
  }
  boundaries.back() = max;
  Bins bins(std::move(boundaries));
  const double per_width = whole / (max - min);
  bins.per_width_ = std::isfinite(per_width) ? per_width : 0;
  return bins;
}

Bins Bins::even_log(double min, double max, size_t count) {
  if (min == max) return even(min, max, count);
  const Bins logs = even(std::log(min), std::log(max), count);
  std::vector<double> boundaries = logs.boundaries_;
  for (double& boundary : boundaries) boundary = std::exp(boundary);
  boundaries.front() = min;
  boundaries.back() = max;
  return Bins(std::move(boundaries));
}

Bins Bins::at(std::vector<double> boundaries) {
  CHECK(boundaries.size() >= 2);
  CHECK(std::ranges::is_sorted(boundaries));
  return Bins(std::move(boundaries));
}

size_t Bins::of(double value) const {
  const size_t last = count() - 1;
  if (per_width_ == 0) {
    // The inner boundaries below the value.
    const auto below = std::lower_bound(boundaries_.begin() + 1, boundaries_.end() - 1, value);
    return static_cast<size_t>(below - boundaries_.begin()) - 1;
  }
  const double guess = (value - boundaries_.front()) * per_width_;
  auto bin = static_cast<size_t>(std::clamp(guess, 0.0, static_cast<double>(last)));
  // Rounding may have missed it; a boundary belongs to the bin below.
  while (bin > 0 && value <= boundaries_[bin]) --bin;
  while (bin < last && value > boundaries_[bin + 1]) ++bin;
  return bin;
}

std::vector<uint64_t> Bins::counts(std::span<const double> values) const {
  std::vector<uint64_t> out(count(), 0);
  for (const double value : values)
    if (!std::isnan(value)) ++out[of(value)];
  return out;
}

Summary summarise(std::span<const double> values) {
  Summary out;
  double min = std::numeric_limits<double>::infinity();
  double max = -min;
  double sum = 0;
  for (const double value : values) {
    if (std::isnan(value)) continue;
    ++out.count;
    min = std::min(min, value);
    max = std::max(max, value);
    sum += value;
  }
  if (out.count == 0) return out;
  const auto count = static_cast<double>(out.count);
  out.min = min;
  out.max = max;
  out.mean = sum / count;
  double squares = 0;
  for (const double value : values) {
    if (std::isnan(value)) continue;
    const double off = value - out.mean;
    squares += off * off;
  }
  out.std = out.count > 1 ? std::sqrt(squares / (count - 1)) : std::numeric_limits<double>::quiet_NaN();
  return out;
}

double median(std::vector<double>& values) {
  std::erase_if(values, [](double value) { return std::isnan(value); });
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return std::midpoint(*std::max_element(values.begin(), middle), *middle);
}

std::vector<double> shares(std::span<const uint64_t> counts) {
  uint64_t total = 0;
  for (const uint64_t count : counts) total += count;
  CHECK(total > 0);
  std::vector<double> out;
  out.reserve(counts.size());
  for (const uint64_t count : counts) out.push_back(static_cast<double>(count) / static_cast<double>(total));
  return out;
}

std::vector<double> running_sums(std::span<const double> values, bool reverse) {
  std::vector<double> out(values.begin(), values.end());
  if (reverse) {
    for (size_t i = out.size(); i-- > 1;) out[i - 1] += out[i];
  } else {
    for (size_t i = 1; i < out.size(); ++i) out[i] += out[i - 1];
  }
  return out;
}

std::string to_list(std::span<const double> values) { return fmt::format("{}", fmt::join(values, ",")); }

Result<std::vector<double>> read_list(std::string_view text) {
  std::vector<double> out;
  if (trim(text).empty()) return out;
  for (const std::string_view part : split_on(text, ',')) {
    const std::string_view number = trim(part);
    double value = 0;
    const auto [stop, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (error != std::errc{} || stop != number.data() + number.size() || !std::isfinite(value))
      return fail(Code::kData, fmt::format("no number: \"{}\"", number));
    out.push_back(value);
  }
  return out;
}

bool append_numbers(const arrow::ColumnView& column, std::vector<double>& out) {
  const size_t begin = out.size();
  if (const auto doubles = column.values<double>(); doubles && !column.has_nulls()) {
    out.insert(out.end(), doubles->begin(), doubles->end());
  } else {
    const bool boolean = column.type().id == arrow::TypeId::kBool;
    for (size_t i = 0; i < column.size(); ++i) {
      if (column.is_null(i)) {
        out.push_back(std::numeric_limits<double>::quiet_NaN());
      } else {
        out.push_back(boolean ? (column.as_bool(i) ? 1.0 : 0.0) : column.as_double(i));
      }
    }
  }
  return std::ranges::none_of(std::span(out).subspan(begin), [](double value) { return std::isinf(value); });
}

}  // namespace sinan::run
