#include "run/bins.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/strings.h"

namespace sinan::run {
namespace {

// Bins up to which every boundary is compared with every value.
constexpr size_t kFewBins = 32;

template <class Test>
uint64_t count_where(std::span<const double> values, Test test) {
  uint64_t count = 0;
  for (const double value : values) count += test(value) ? 1 : 0;
  return count;
}

}  // namespace

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
  if (count() <= kFewBins) return counts_of_few(values);
  std::vector<uint64_t> out(count(), 0);
  for (const double value : values)
    if (!std::isnan(value)) ++out[of(value)];
  return out;
}

// Compares every value with every inner boundary, block by block: no branch, and several values at once.
std::vector<uint64_t> Bins::counts_of_few(std::span<const double> values) const {
  constexpr size_t kBlock = 2048;
  uint64_t missing = 0;
  std::vector<uint64_t> above(count(), 0);  // of each inner boundary; the last stays 0
  for (size_t begin = 0; begin < values.size(); begin += kBlock) {
    const auto block = values.subspan(begin, std::min(kBlock, values.size() - begin));
    missing += count_where(block, [](double value) { return value != value; });
    for (size_t i = 0; i + 1 < count(); ++i) {
      const double boundary = boundaries_[i + 1];
      above[i] += count_where(block, [boundary](double value) { return value > boundary; });
    }
  }
  std::vector<uint64_t> out(count());
  for (size_t i = 0; i < count(); ++i) out[i] = (i == 0 ? values.size() - missing : above[i - 1]) - above[i];
  return out;
}

Summary summarise(std::span<const double> values) {
  Summary out;
  double min = std::numeric_limits<double>::infinity();
  double max = -min;
  double sum = 0;
  uint64_t count = 0;
  for (const double value : values) {
    const bool there = value == value;
    count += there ? 1 : 0;
    min = value < min ? value : min;
    max = value > max ? value : max;
    sum += there ? value : 0;
  }
  out.count = count;
  if (out.count == 0) return out;
  const auto number = static_cast<double>(out.count);
  out.min = min;
  out.max = max;
  out.mean = sum / number;
  double squares = 0;
  for (const double value : values) {
    const double off = value == value ? value - out.mean : 0;
    squares += off * off;
  }
  out.std = out.count > 1 ? std::sqrt(squares / (number - 1)) : std::numeric_limits<double>::quiet_NaN();
  return out;
}

namespace {

// The middle one, or the mean of the two in the middle, when `below` values are less than all of these and `total` there are in all.
std::optional<double> middle_of(std::vector<double>& values, size_t below, size_t total) {
  const size_t upper = total / 2;
  const size_t lower = (total - 1) / 2;
  if (lower < below || upper >= below + values.size()) return std::nullopt;
  const auto middle = values.begin() + static_cast<ptrdiff_t>(upper - below);
  std::nth_element(values.begin(), middle, values.end());
  return lower == upper ? *middle : std::midpoint(*middle, *std::max_element(values.begin(), middle));
}

// Two of a sample's values that the median most likely lies between (Floyd and Rivest, "Expected time bounds for selection", CACM 18,
// 1975, with the sample's own order in place of an estimate).
std::pair<double, double> around_median(std::span<const double> values) {
  constexpr size_t kSample = 4096;
  std::vector<double> sample;
  for (size_t i = 0; i < kSample; ++i) {
    const double value = values[values.size() / kSample * i];
    if (!std::isnan(value)) sample.push_back(value);
  }
  if (sample.empty()) return {0, 0};
  std::ranges::sort(sample);
  const size_t middle = sample.size() / 2;
  const size_t reach = std::min(middle, static_cast<size_t>(2 * std::sqrt(static_cast<double>(sample.size()))));
  return {sample[middle - reach], sample[std::min(middle + reach, sample.size() - 1)]};
}

}  // namespace

double median(std::span<const double> values) {
  constexpr size_t kMany = 100'000;
  size_t total = 0;
  if (values.size() >= kMany) {
    const auto [least, most] = around_median(values);
    size_t below = 0;
    std::vector<double> between;
    size_t count = 0;  // of those between
    constexpr size_t kBlock = 4096;
    for (size_t begin = 0; begin < values.size(); begin += kBlock) {
      between.resize(count + kBlock);
      // Every value is written, and the next one over it if it does not count: no branch.
      for (const double value : values.subspan(begin, std::min(kBlock, values.size() - begin))) {
        total += value == value ? 1 : 0;
        below += value < least ? 1 : 0;
        between[count] = value;
        count += value >= least && value <= most ? 1 : 0;
      }
    }
    between.resize(count);
    if (const auto middle = middle_of(between, below, total)) return *middle;
  }
  std::vector<double> all(values.begin(), values.end());
  std::erase_if(all, [](double value) { return std::isnan(value); });
  const size_t count = all.size();
  return middle_of(all, 0, count).value_or(std::numeric_limits<double>::quiet_NaN());
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
