#include "ml/data_label.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"
#include "base/strings.h"
#include "ml/feature_plan_input.h"
#include "ml/feature_text.h"

namespace sinan::ml {
namespace {

// Without a word from the user, integers are classes up to this many.
constexpr size_t kFewClasses = 10;
// Beyond this a label is no class: trees grow once per class and round.
constexpr size_t kMostClasses = 1000;

bool is_regression(const Trainer::Intent& intent) {
  return intent.task == Task::kRegression || intent.task == Task::kRanking;
}

std::string list_classes(const std::vector<std::string>& classes) {
  constexpr size_t kShown = 5;
  std::string out;
  for (size_t i = 0; i < std::min(classes.size(), kShown); ++i)
    out += fmt::format("{}{}", i == 0 ? "" : ", ", classes[i]);
  return classes.size() > kShown ? out + ", ..." : out;
}

}  // namespace

Result<LabelCollector> LabelCollector::make(std::string name, arrow::Type type, Trainer::Intent intent) {
  LabelCollector collector;
  const auto kind = input_kind(type);
  if (!kind || type.id == arrow::TypeId::kNull) {
    return fail(Code::kProgram,
                fmt::format("label has a type that cannot be learnt: \"{}\" is {}", name, type.to_string()),
                "a label is a number, a text, a boolean or a date");
  }
  collector.is_number_ = *kind == InputKind::kNumber;
  const bool is_bool = type.id == arrow::TypeId::kBool;
  if (is_regression(intent) && !collector.is_number_) {
    return fail(Code::kProgram,
                fmt::format("regression needs a label that is a number: \"{}\" is {}", name, type.to_string()),
                "a classifier learns it, such as LinearClassifier, or xgboost.gbtree without this objective");
  }
  const bool undecided = !intent.task && !intent.is_classification;
  collector.collects_values_ = is_regression(intent) || (undecided && collector.is_number_ && !is_bool);
  collector.collects_classes_ =
      !is_regression(intent) && (!undecided || !collector.is_number_ || is_bool || type.is_integer());
  collector.name_ = std::move(name);
  collector.type_ = std::move(type);
  collector.intent_ = intent;
  return collector;
}

int64_t LabelCollector::code_of(const arrow::ColumnView& column, size_t row) {
  if (is_number_) {
    const double value = column.as_double(row);
    const auto [at, added] = number_codes_.try_emplace(value, static_cast<int64_t>(numbers_.size()));
    if (added) {
      numbers_.push_back(value);
      texts_.push_back(column.to_text(row));
    }
    return at->second;
  }
  const bool is_text = type_.is_text();
  const std::string shown = is_text ? std::string() : column.to_text(row);
  const int32_t code = text_codes_.intern(is_text ? column.string(row) : std::string_view(shown));
  if (static_cast<size_t>(code) == texts_.size()) texts_.emplace_back(text_codes_.text(static_cast<size_t>(code)));
  return code;
}

// More distinct numbers than anyone would call classes.
void LabelCollector::give_up_classes() {
  collects_classes_ = false;
  number_codes_.clear();
  for (IntegerColumn& codes : codes_) codes.release();
}

Status LabelCollector::append(const arrow::ColumnView& column, size_t part,
                              std::optional<std::span<const uint32_t>> rows) {
  const size_t count = rows ? rows->size() : column.size();
  rows_[part] += count;
  const auto row_at = [&](size_t i) { return rows ? (*rows)[i] : i; };
  if (collects_values_) {
    std::vector<float> all(column.size());
    read_numbers(column, all);
    std::vector<float> chosen(count);
    for (size_t i = 0; i < count; ++i) chosen[i] = all[row_at(i)];
    if (!collects_classes_)
      missing_[part] += static_cast<uint64_t>(std::ranges::count_if(chosen, [](float v) { return std::isnan(v); }));
    values_[part].append(chosen);
  }
  if (!collects_classes_) return {};

  std::vector<int64_t> codes(count);
  double last_number = std::numeric_limits<double>::quiet_NaN();
  int64_t last_code = -1;
  for (size_t i = 0; i < count; ++i) {
    const size_t row = row_at(i);
    const double number = is_number_ && !column.is_null(row) ? column.as_double(row) : 0;
    if (column.is_null(row) || std::isnan(number)) {
      codes[i] = IntegerColumn::kMissing;
      ++missing_[part];
      continue;
    }
    if (!is_number_ || number != last_number || last_code < 0) {
      last_code = code_of(column, row);
      last_number = number;
      if (texts_.size() > counts_.size()) counts_.resize(texts_.size());
    }
    codes[i] = last_code;
    if (part == kTrainPart || knows_all_classes_) ++counts_[static_cast<size_t>(last_code)];
  }
  codes_[part].append(codes);
  if (texts_.size() > (collects_values_ ? kFewClasses : kMostClasses)) {
    if (!collects_values_) {
      return fail(
          Code::kData,
          fmt::format("label has too many classes: \"{}\" has more than {} distinct values", name_, kMostClasses),
          is_number_ ? "for a number use a regression objective such as \"reg:squarederror\""
                     : "group rare values in the query");
    }
    give_up_classes();
  }
  return {};
}

Status LabelCollector::check_range(const Trainer::LabelRange& range) const {
  const auto fits = [&](double value) {
    return (range.is_low_open ? value > range.low : value >= range.low) && value <= range.high &&
           (!range.is_whole || value == std::floor(value));
  };
  for (const FloatColumn& values : values_) {
    for (size_t i = 0; i < values.chunks(); ++i) {
      const auto chunk = values.chunk(i);
      const auto wrong = std::ranges::find_if(chunk, [&](float value) { return !fits(static_cast<double>(value)); });
      if (wrong == chunk.end()) continue;
      const std::string from = fmt::format("{} {}", range.is_low_open ? "above" : "at least", range.low);
      return fail(Code::kData,
                  fmt::format("label is no number for objective \"{}\": \"{}\" has {}", range.objective, name_, *wrong),
                  fmt::format("it must be {}{}{}", range.is_whole ? "a whole number, " : "", from,
                              std::isinf(range.high) ? "" : fmt::format(", at most {}", range.high)));
    }
  }
  return {};
}

Result<LabelCollector::Decision> LabelCollector::finish() {
  for (IntegerColumn& codes : codes_) codes.finish();
  for (const size_t part : {kTrainPart, kValidationPart}) {
    if (missing_[part] == 0) continue;
    if (part == kTrainPart && missing_[part] == rows_[part]) {
      return fail(Code::kData, fmt::format("label is NULL in every training row: \"{}\"", name_),
                  "there is nothing to learn from it: choose another, or other rows");
    }
    const bool can_be_nan = type_.is_floating();
    return fail(
        Code::kData,
        fmt::format("label is NULL{} in {} {} row{}: \"{}\"", can_be_nan ? " or NaN" : "", human_count(missing_[part]),
                    part == kTrainPart ? "training" : "validation", missing_[part] == 1 ? "" : "s", name_),
        can_be_nan ? fmt::format("add WHERE isfinite({})", name_) : fmt::format("add WHERE {} IS NOT NULL", name_));
  }
  if (collects_classes_ && collects_values_) {
    // Integers 0..k-1 or 1..k.
    const auto [low, high] = std::ranges::minmax_element(numbers_);
    const bool dense = !numbers_.empty() && (*low == 0 || *low == 1) &&
                       *high - *low + 1 == static_cast<double>(numbers_.size()) && numbers_.size() >= 2;
    if (dense) {
      collects_values_ = false;
      for (FloatColumn& values : values_) values.release();
    } else {
      give_up_classes();
    }
  }
  if (collects_classes_) return as_classes();

  Decision decision;
  decision.map = LabelMap{LabelMap::Kind::kNumber, name_, type_, {}, intent_.outputs};
  decision.task = intent_.task.value_or(Task::kRegression);
  const FloatColumn& values = values_[kTrainPart];
  float low = std::numeric_limits<float>::infinity();
  float high = -low;
  for (size_t i = 0; i < values.chunks(); ++i) {
    for (const float value : values.chunk(i)) low = std::min(low, value), high = std::max(high, value);
  }
  if (std::isinf(low) || std::isinf(high)) {
    return fail(Code::kData, fmt::format("label has an infinite value: \"{}\"", name_),
                fmt::format("add WHERE isfinite({})", name_));
  }
  if (intent_.label_range) TRY(check_range(*intent_.label_range));
  if (low == high) {
    return fail(Code::kData, fmt::format("label has one value only: \"{}\" is {} in every row", name_, low),
                "there is nothing to learn from it");
  }
  return decision;
}

Result<LabelCollector::Decision> LabelCollector::as_classes() {
  std::vector<size_t> order;  // codes seen in training, in the order of the classes
  for (size_t code = 0; code < counts_.size(); ++code) {
    if (counts_[code] > 0) order.push_back(code);
  }
  std::ranges::sort(order,
                    [&](size_t a, size_t b) { return is_number_ ? numbers_[a] < numbers_[b] : texts_[a] < texts_[b]; });
  Decision decision;
  decision.map = LabelMap{LabelMap::Kind::kClasses, name_, type_, {}, {}};
  for (const size_t code : order) decision.map.classes.push_back(texts_[code]);
  decision.classes = order.size();
  decision.task = intent_.task.value_or(order.size() > 2 ? Task::kMulticlass : Task::kBinary);

  if (order.size() == 1) {
    return fail(Code::kData,
                fmt::format("label has one class only: \"{}\" is {} in every row", name_, texts_[order[0]]),
                "select rows of at least two classes");
  }
  const size_t wanted = intent_.classes.value_or(intent_.task == Task::kBinary ? 2 : order.size());
  if (wanted != order.size()) {
    return fail(Code::kData,
                fmt::format("number of classes disagrees with the data: {} asked for, {} found in \"{}\" ({})", wanted,
                            order.size(), name_, list_classes(decision.map.classes)),
                decision.task == Task::kBinary
                    ? "learn them with LinearClassifier or xgboost.gbtree, which leave the number open, or make two of "
                      "them in the query"
                    : fmt::format("set num_class={}, or leave it out", order.size()));
  }
  TextProfiler profiler;
  for (const std::string& name : decision.map.classes) profiler.add(name);
  if (type_.is_text() && profiler.finish().form == TextForm::kCsv) {
    return fail(Code::kData,
                fmt::format("label is a list of numbers, and this model learns one value a row: \"{}\" has \"{}\"",
                            name_, decision.map.classes[0]),
                "pick one of them in the query");
  }
  class_of_code_.assign(texts_.size() + 1, -1.0F);
  for (size_t i = 0; i < order.size(); ++i) class_of_code_[order[i] + 1] = static_cast<float>(i);
  for (size_t code = 0; code < counts_.size(); ++code) {
    if (counts_[code] > 0) continue;
    return fail(Code::kData, fmt::format("validation rows have a class that training rows have not: {}", texts_[code]),
                "leave such rows out of the validation, or train on some");
  }
  return decision;
}

void LabelCollector::read(size_t part, size_t begin, std::span<float> out) const {
  if (collects_classes_) {
    codes_[part].read_mapped<float>(begin, class_of_code_, out);
  } else {
    values_[part].read(begin, out);
  }
}

}  // namespace sinan::ml
