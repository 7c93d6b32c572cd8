#include "profile/association.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include "base/strings.h"
#include "profile/distribution.h"

namespace sinan::profile {
namespace {

constexpr size_t kNumberBins = 20;
constexpr size_t kTextBins = 50;
constexpr double kTooStrong = 0.95;  // of strength
constexpr double kTooGood = 0.99;    // of AUC
constexpr double kMostlyDistinct = 0.99;
constexpr size_t kFewestRowsOfIds = 100;

// A column as bin numbers, by row.
struct Codes {
  std::vector<uint32_t> of_row;
  uint32_t count = 0;
};

Codes text_codes(const SampledColumn& column, size_t most) {
  std::unordered_map<std::string_view, uint32_t> counts;
  for (size_t i = 0; i < column.texts.size(); ++i)
    if (column.missing[i] == 0) ++counts[column.texts[i]];
  std::vector<std::pair<uint32_t, std::string_view>> sorted;
  for (const auto& [text, count] : counts) sorted.emplace_back(count, text);
  std::ranges::sort(sorted, [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  std::unordered_map<std::string_view, uint32_t> code;
  for (size_t i = 0; i < std::min(most, sorted.size()); ++i) code.emplace(sorted[i].second, static_cast<uint32_t>(i));
  const auto other = static_cast<uint32_t>(code.size());
  Codes out{{}, other + 2};
  for (size_t i = 0; i < column.texts.size(); ++i) {
    const auto found = code.find(column.texts[i]);
    out.of_row.push_back(column.missing[i] != 0 ? other + 1 : found == code.end() ? other : found->second);
  }
  return out;
}

Codes number_codes(const SampledColumn& column, size_t most) {
  std::vector<double> sorted;
  for (const double value : column.values)
    if (!std::isnan(value)) sorted.push_back(value);
  std::ranges::sort(sorted);
  std::vector<double> cuts;  // the first value of each bin but the first
  std::vector<double> values = sorted;
  values.erase(std::unique(values.begin(), values.end()), values.end());
  if (values.size() <= most) {
    if (!values.empty()) cuts.assign(values.begin() + 1, values.end());
  } else {
    for (size_t i = 1; i < most; ++i) {
      const double cut = sorted[i * sorted.size() / most];
      if (cut > sorted.front() && (cuts.empty() || cut > cuts.back())) cuts.push_back(cut);
    }
  }
  Codes out{{}, static_cast<uint32_t>(cuts.size()) + 2};
  for (const double value : column.values) {
    out.of_row.push_back(std::isnan(value)
                             ? out.count - 1
                             : static_cast<uint32_t>(std::ranges::upper_bound(cuts, value) - cuts.begin()));
  }
  return out;
}

Codes missing_codes(const SampledColumn& column) { return {{column.missing.begin(), column.missing.end()}, 2}; }

Codes bins_of(const SampledColumn& column) {
  switch (column.kind) {
    case ValueKind::kText:
      return text_codes(column, kTextBins);
    case ValueKind::kOther:
      return missing_codes(column);
    default:
      return number_codes(column, kNumberBins);
  }
}

// The label's classes by row, when it has some.
std::optional<Codes> classes_of(const SampledColumn& label) {
  if (label.kind == ValueKind::kText) return text_codes(label, kMostTexts);
  if (label.kind == ValueKind::kBoolean) return number_codes(label, 2);
  if (label.kind != ValueKind::kNumber || !label.type.is_integer()) return std::nullopt;
  std::vector<double> values;
  for (size_t i = 0; i < label.values.size(); ++i)
    if (label.missing[i] == 0) values.push_back(label.values[i]);
  std::ranges::sort(values);
  values.erase(std::unique(values.begin(), values.end()), values.end());
  if (values.size() > kMostClassNumbers) return std::nullopt;
  return number_codes(label, kMostClassNumbers);
}

double entropy(const std::vector<double>& counts, double total) {
  double sum = 0;
  for (const double count : counts)
    if (count > 0) sum -= count / total * std::log(count / total);
  return sum;
}

size_t occupied(const std::vector<double>& counts) {
  return static_cast<size_t>(std::ranges::count_if(counts, [](double count) { return count > 0; }));
}

double uncertainty_coefficient(const Codes& bins, const Codes& classes, const std::vector<size_t>& rows) {
  std::vector<double> joint(size_t{bins.count} * classes.count);
  std::vector<double> by_bin(bins.count);
  std::vector<double> by_class(classes.count);
  for (const size_t row : rows) {
    joint[size_t{bins.of_row[row]} * classes.count + classes.of_row[row]] += 1;
    by_bin[bins.of_row[row]] += 1;
    by_class[classes.of_row[row]] += 1;
  }
  const auto n = static_cast<double>(rows.size());
  const double of_label = entropy(by_class, n);
  if (of_label <= 0) return 0;
  const double shared = of_label + entropy(by_bin, n) - entropy(joint, n);
  const double by_chance = static_cast<double>((occupied(by_bin) - 1) * (occupied(by_class) - 1)) / (2 * n);
  return std::clamp((shared - by_chance) / of_label, 0.0, 1.0);
}

double correlation_ratio(const Codes& bins, const std::vector<double>& label, const std::vector<size_t>& rows) {
  std::vector<double> sum(bins.count);
  std::vector<double> count(bins.count);
  double total = 0;
  for (const size_t row : rows) total += label[row];
  const auto n = static_cast<double>(rows.size());
  const double mean = total / n;
  double all = 0;
  for (const size_t row : rows) {
    const double above = label[row] - mean;
    sum[bins.of_row[row]] += above;
    count[bins.of_row[row]] += 1;
    all += above * above;
  }
  double between = 0;
  for (size_t i = 0; i < sum.size(); ++i)
    if (count[i] > 0) between += sum[i] * sum[i] / count[i];
  const auto used = static_cast<double>(occupied(count));
  if (all <= 0 || n <= used) return 0;
  return std::clamp(1 - (1 - between / all) * (n - 1) / (n - used), 0.0, 1.0);
}

// By ranks, ties counted half (Mann and Whitney 1947); rows without a value are left out.
std::optional<double> area_under_curve(const std::vector<double>& values, const Codes& classes, uint32_t positive,
                                       const std::vector<size_t>& rows) {
  std::vector<size_t> order;
  for (const size_t row : rows)
    if (!std::isnan(values[row])) order.push_back(row);
  std::ranges::sort(order, {}, [&](size_t row) { return values[row]; });
  double ranks = 0;
  double positives = 0;
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    const double rank = (static_cast<double>(begin + end) + 1) / 2;
    for (size_t i = begin; i < end; ++i) {
      if (classes.of_row[order[i]] != positive) continue;
      ranks += rank;
      positives += 1;
    }
    begin = end;
  }
  const double negatives = static_cast<double>(order.size()) - positives;
  if (positives == 0 || negatives == 0) return std::nullopt;
  const double area = (ranks - positives * (positives + 1) / 2) / (positives * negatives);
  return std::max(area, 1 - area);
}

bool is_named_id(std::string_view name) {
  const std::string lower = to_lower(name);
  return lower == "id" || lower == "uuid" || lower.ends_with("_id") || lower.ends_with("_uuid");
}

// Nearly as many values as rows: texts, and whole numbers that are counted up or called an id (a price in cents is neither).
bool is_identifier(const SampledColumn& column, const std::vector<size_t>& rows) {
  const bool whole = column.kind == ValueKind::kNumber && column.type.is_integer();
  if (rows.size() < kFewestRowsOfIds || (column.kind != ValueKind::kText && !whole)) return false;
  const double enough = kMostlyDistinct * static_cast<double>(rows.size());
  if (!whole) {
    std::unordered_set<std::string_view> texts;
    for (const size_t row : rows) texts.insert(column.texts[row]);
    return static_cast<double>(texts.size()) >= enough;
  }
  std::vector<double> numbers;
  for (const size_t row : rows)
    if (column.missing[row] == 0) numbers.push_back(column.values[row]);
  std::ranges::sort(numbers);
  const auto distinct = std::unique(numbers.begin(), numbers.end()) - numbers.begin();
  if (static_cast<double>(distinct) < enough) return false;
  const double reach = numbers[static_cast<size_t>(distinct) - 1] - numbers.front();
  return is_named_id(column.name) || reach < 2 * static_cast<double>(rows.size());
}

class LabelView {
 public:
  explicit LabelView(const SampledColumn& label) : label_(label), classes_(classes_of(label)) {
    for (size_t i = 0; i < label.missing.size(); ++i)
      if (label.missing[i] == 0) rows_.push_back(i);
    if (!classes_) return;
    std::vector<uint8_t> seen(classes_->count);
    for (const size_t row : rows_) seen[classes_->of_row[row]] = 1;
    for (uint32_t i = 0; i < classes_->count; ++i)
      if (seen[i] != 0) used_.push_back(i);
  }

  Association with(const SampledColumn& column) const {
    Association out;
    if (rows_.empty() || (!classes_ && label_.values.empty())) return out;
    out.strength = strength(bins_of(column));
    if (used_.size() == 2 && !column.values.empty())
      out.auc = area_under_curve(column.values, *classes_, used_[1], rows_);
    out.hint = hint(column, out);
    return out;
  }

 private:
  double strength(const Codes& bins) const {
    return classes_ ? uncertainty_coefficient(bins, *classes_, rows_) : correlation_ratio(bins, label_.values, rows_);
  }

  std::optional<std::string> hint(const SampledColumn& column, const Association& found) const {
    if (is_identifier(column, rows_)) return "one value a row: an identifier, nothing to learn from";
    if (strength(missing_codes(column)) > kTooStrong / 2)
      return "whether it is missing tells the label: is it filled in afterwards?";
    if (found.strength > kTooStrong) return "tells the label by itself: is it known before the label is?";
    if (found.auc.value_or(0) > kTooGood) return "orders the label by itself: is it known before the label is?";
    return std::nullopt;
  }

  const SampledColumn& label_;
  std::optional<Codes> classes_;
  std::vector<size_t> rows_;    // that have a label
  std::vector<uint32_t> used_;  // codes of classes that occur
};

}  // namespace

std::vector<Association> associations(const std::vector<SampledColumn>& columns, size_t label) {
  const LabelView view(columns[label]);
  std::vector<Association> out;
  for (size_t i = 0; i < columns.size(); ++i)
    if (i != label) out.push_back(view.with(columns[i]));
  return out;
}

}  // namespace sinan::profile
