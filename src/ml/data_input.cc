#include "ml/data_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "base/check.h"
#include "base/strings.h"

namespace sinan::ml {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
// A text column in which no value comes twice says nothing about new rows; with fewer rows it may be chance.
constexpr uint64_t kRowsOfAnIdentifier = 100;

std::string range_text(float low, float high) {
  const auto shown = [](float value) { return fmt::format("{:.6g}", value); };
  return low > high ? "" : low == high ? shown(low) : shown(low) + " to " + shown(high);
}

std::string plural(uint64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", human_count(count), count == 1 ? one : many);
}

}  // namespace

InputCollector::InputCollector(std::string name, arrow::Type type, Use use)
    : name_(std::move(name)),
      type_(std::move(type)),
      values_type_(value_type(type_).value()),
      use_(use),
      kind_(input_kind(type_).value_or(InputKind::kNumber)) {
  if (values_type_.is_list) {
    list_reader_.emplace(values_type_);
    use_.feeds_functions = true;
  }
}

void InputCollector::append(const arrow::ColumnView& column, std::span<const PartRows> parts) {
  if (values_type_.is_list) return append_lists(column, parts);
  switch (kind_) {
    case InputKind::kNumber:
      if (use_.feeds_functions && values_type_.kind == ValueKind::kIntegers) append_wholes(column, parts);
      if (use_.is_feature || values_type_.kind != ValueKind::kIntegers) append_numbers(column, parts);
      break;
    case InputKind::kText:
      append_text(column, parts);
      break;
    default:
      append_moments(column, parts);
      break;
  }
}

// Whole numbers as such: a float would not hold them all.
void InputCollector::append_wholes(const arrow::ColumnView& column, std::span<const PartRows> parts) {
  ValueReader reader(values_type_);
  const ColumnValues& values = reader.read(column);
  if (values.integers.empty()) {
    // Rows to validate on may have a number of another type.
    integer_scratch_.resize(column.size());
    for (size_t i = 0; i < column.size(); ++i) {
      const float number = values.numbers[i];
      integer_scratch_[i] = std::isnan(number) ? IntegerColumn::kMissing : static_cast<int64_t>(std::llround(number));
    }
  } else {
    integer_scratch_.assign(values.integers.begin(), values.integers.end());
  }
  for (const PartRows& part : parts) append_chosen(part);
}

void InputCollector::append_chosen(const PartRows& part) {
  if (!part.rows) return integers_[part.part].append(integer_scratch_);
  integer_chosen_.resize(part.rows->size());
  for (size_t i = 0; i < part.rows->size(); ++i) integer_chosen_[i] = integer_scratch_[(*part.rows)[i]];
  integers_[part.part].append(integer_chosen_);
}

void InputCollector::append_lists(const arrow::ColumnView& column, std::span<const PartRows> parts) {
  const ColumnValues& values = list_reader_->read(column);
  for (const PartRows& part : parts) {
    Lists& to = lists_[part.part];
    const size_t rows = part.rows ? part.rows->size() : values.rows;
    for (size_t r = 0; r < rows; ++r) {
      const size_t row = part.rows ? (*part.rows)[r] : r;
      for (uint64_t item = values.begins[row]; item < values.begins[row + 1]; ++item) {
        if (!values.codes.empty()) {
          const int32_t code = values.codes[item];
          to.codes.push_back(code < 0 ? -1 : texts_.intern(values.texts[static_cast<size_t>(code)]));
        } else if (!values.integers.empty()) {
          to.integers.push_back(values.integers[item]);
        } else {
          to.numbers.push_back(values.numbers[item]);
        }
        if (!values.weights.empty()) to.weights.push_back(values.weights[item]);
      }
      to.begins.push_back(to.begins.back() + values.begins[row + 1] - values.begins[row]);
      to.is_missing.push_back(values.is_missing[row]);
    }
  }
}

void InputCollector::finish() {
  for (IntegerColumn& integers : integers_) integers.finish();
  if (values_type_.kind != ValueKind::kTexts) return;
  TextProfiler profiler;
  for (size_t code = 0; code < texts_.size() && profiler.add(texts_.text(code)); ++code) {
  }
  profile_ = profiler.finish();
}

size_t InputCollector::rows(size_t part) const {
  if (values_type_.is_list) return lists_[part].is_missing.size();
  return std::max(numbers_[part].size(), integers_[part].size());
}

ColumnValues InputCollector::values(size_t part, size_t begin, size_t rows, Scratch& scratch) const {
  ColumnValues out;
  out.rows = rows;
  out.moment = kind_;
  if (values_type_.is_list) {
    const Lists& lists = lists_[part];
    out.is_list = true;
    out.begins = std::span(lists.begins).subspan(begin, rows + 1);
    out.is_missing = std::span(lists.is_missing).subspan(begin, rows);
    out.numbers = lists.numbers;
    out.integers = lists.integers;
    out.codes = lists.codes;
    out.weights = lists.weights;
    out.texts = text_views_;
    return out;
  }
  switch (values_type_.kind) {
    case ValueKind::kTexts:
      scratch.integers.resize(rows);
      integers_[part].read(begin, scratch.integers);
      scratch.codes.resize(rows);
      std::ranges::transform(scratch.integers, scratch.codes.begin(),
                             [](int64_t code) { return code < 0 ? -1 : static_cast<int32_t>(code); });
      out.codes = scratch.codes;
      out.texts = text_views_;
      out.are_same_texts = true;
      break;
    case ValueKind::kNumbers:
      scratch.numbers.resize(rows);
      numbers_[part].read(begin, scratch.numbers);
      out.numbers = scratch.numbers;
      break;
    default:
      scratch.integers.resize(rows);
      integers_[part].read(begin, scratch.integers);
      out.integers = scratch.integers;
      break;
  }
  return out;
}

uint32_t InputCollector::items_of_first(std::string_view separator) const {
  if (values_type_.is_list) {
    for (size_t row = 0; row < lists_[kTrainPart].is_missing.size(); ++row) {
      if (lists_[kTrainPart].is_missing[row] == 0)
        return static_cast<uint32_t>(lists_[kTrainPart].begins[row + 1] - lists_[kTrainPart].begins[row]);
    }
    return 0;
  }
  if (texts_.size() == 0) return 0;
  std::string_view rest = trim(texts_.text(0));
  uint32_t count = 0;
  bool is_last = rest.empty();
  while (!is_last) {
    const std::string_view item = take_item(rest, separator, is_last);
    if (!(item.empty() && is_last)) ++count;
  }
  return count;
}

bool InputCollector::has_one_length() const {
  const uint32_t wanted = items_of_first("");
  for (const Lists& lists : lists_) {
    for (size_t row = 0; row < lists.is_missing.size(); ++row) {
      if (lists.is_missing[row] == 0 && lists.begins[row + 1] - lists.begins[row] != wanted) return false;
    }
  }
  return true;
}

void InputCollector::prepare_values() {
  text_views_.clear();
  for (size_t code = 0; code < texts_.size(); ++code) text_views_.push_back(texts_.text(code));
}

void InputCollector::release() {
  for (size_t part = 0; part < kParts; ++part) {
    numbers_[part].release();
    integers_[part].release();
    lists_[part] = {};
  }
  texts_ = StringCodes();
  text_views_ = {};
}

void InputCollector::append_numbers(const arrow::ColumnView& column, std::span<const PartRows> parts) {
  std::span<const float> values;
  if (auto borrowed = borrow_numbers(column)) {
    values = *borrowed;
  } else {
    float_scratch_.resize(column.size());
    read_numbers(column, float_scratch_);
    values = float_scratch_;
  }
  for (const PartRows& part : parts) {
    std::span<const float> chosen = values;
    if (part.rows) {
      float_chosen_.resize(part.rows->size());
      for (size_t i = 0; i < part.rows->size(); ++i) float_chosen_[i] = values[(*part.rows)[i]];
      chosen = float_chosen_;
    }
    numbers_[part.part].append(chosen);
    if (part.part == kTrainPart) range_.add(chosen);
  }
}

void InputCollector::append_moments(const arrow::ColumnView& column, std::span<const PartRows> parts) {
  static_assert(kMissingMoment == IntegerColumn::kMissing);
  integer_scratch_.resize(column.size());
  read_moments(column, integer_scratch_);
  for (const PartRows& part : parts) append_chosen(part);
}

void InputCollector::append_text(const arrow::ColumnView& column, std::span<const PartRows> parts) {
  const size_t rows = column.size();
  integer_scratch_.resize(rows);
  if (column.type().id == arrow::TypeId::kNull) {
    std::ranges::fill(integer_scratch_, IntegerColumn::kMissing);
  } else if (column.type().id == arrow::TypeId::kDictionary) {
    constexpr int64_t kNotLookedUp = -1;
    const arrow::ColumnView dictionary = column.dictionary();
    entry_codes_.assign(dictionary.size(), kNotLookedUp);
    for (size_t i = 0; i < rows; ++i) {
      const int64_t index = column.dictionary_index(i);
      if (index < 0) {
        integer_scratch_[i] = IntegerColumn::kMissing;
        continue;
      }
      const auto at = static_cast<size_t>(index);
      int64_t& code = entry_codes_[at];
      if (code == kNotLookedUp)
        code = dictionary.is_null(at) ? IntegerColumn::kMissing : texts_.intern(dictionary.string(at));
      integer_scratch_[i] = code;
    }
  } else if (column.has_nulls()) {
    for (size_t i = 0; i < rows; ++i) {
      integer_scratch_[i] = column.is_null(i) ? IntegerColumn::kMissing : texts_.intern(column.string(i));
    }
  } else {
    for (size_t i = 0; i < rows; ++i) integer_scratch_[i] = texts_.intern(column.string(i));
  }
  counts_.resize(texts_.size());
  for (const PartRows& part : parts) {
    std::span<const int64_t> codes = integer_scratch_;
    if (part.rows) {
      integer_chosen_.resize(part.rows->size());
      for (size_t i = 0; i < part.rows->size(); ++i) integer_chosen_[i] = integer_scratch_[(*part.rows)[i]];
      codes = integer_chosen_;
    }
    if (part.part == kTrainPart) {
      for (const int64_t code : codes) {
        if (code >= 0) ++counts_[static_cast<size_t>(code)];
      }
    }
    integers_[part.part].append(codes);
  }
}

void InputCollector::keep(Transform transform, std::string values, uint64_t missing, std::string note) {
  report_.push_back({transform.feature, name_, type_.to_string(), std::move(values), missing, std::move(note)});
  transforms_.push_back(std::move(transform));
}

void InputCollector::leave_out(std::string feature, std::string values, uint64_t missing, std::string note) {
  report_.push_back({"-", name_, type_.to_string(), std::move(values), missing,
                     feature == name_ ? "left out: " + note : fmt::format("{} left out: {}", feature, note)});
}

void InputCollector::Range::add(std::span<const float> values) {
  // Eight sums side by side: NaN compares false and changes neither bound.
  using Floats = float __attribute__((vector_size(32)));
  using Integers = int32_t __attribute__((vector_size(32)));
  Floats lows = Floats{} + kInfinity;
  Floats highs = Floats{} - kInfinity;
  Integers missings{};
  size_t i = 0;
  for (; i + 8 <= values.size(); i += 8) {
    Floats value;
    std::memcpy(&value, values.data() + i, sizeof(value));
    lows = value < lows ? value : lows;
    highs = value > highs ? value : highs;
    missings -= value != value;
  }
  for (size_t lane = 0; lane < 8; ++lane) {
    low = std::min(low, lows[lane]);
    high = std::max(high, highs[lane]);
    missing += static_cast<uint64_t>(missings[lane]);
  }
  for (; i < values.size(); ++i) {
    low = values[i] < low ? values[i] : low;
    high = values[i] > high ? values[i] : high;
    missing += std::isnan(values[i]) ? 1 : 0;
  }
}

InputCollector::Range InputCollector::range_of_moments(Transform::Kind part) const {
  Range range;
  const size_t rows = integers_[kTrainPart].size();
  std::vector<int64_t> moments;
  std::vector<float> values;
  for (size_t begin = 0; begin < rows; begin += kChunkRows) {
    moments.resize(std::min(kChunkRows, rows - begin));
    values.resize(moments.size());
    integers_[kTrainPart].read(begin, moments);
    moment_part(kind_, part, moments, values);
    range.add(values);
  }
  return range;
}

Status InputCollector::fit() {
  text_views_ = {};
  if (kind_ == InputKind::kNumber) return fit_number();
  if (kind_ == InputKind::kText) {
    fit_text();
  } else {
    fit_moments();
  }
  return {};
}

Status InputCollector::fit_number() {
  for (IntegerColumn& integers : integers_) integers.release();
  const Range& range = range_;
  if (std::isinf(range.low) != std::isinf(range.high) || (std::isinf(range.low) && range.low <= range.high)) {
    return fail(Code::kData, fmt::format("column has infinite values: \"{}\"", name_),
                fmt::format("replace them in the query: CASE WHEN isfinite({0}) THEN {0} END", name_));
  }
  if (range.is_constant()) {
    const bool empty = range.low > range.high;
    leave_out(name_, range_text(range.low, range.high), range.missing,
              empty ? "every value is NULL" : "every row has the same value");
    return {};
  }
  keep(Transform{Transform::Kind::kNumber, name_, name_, {}}, range_text(range.low, range.high), range.missing);
  return {};
}

void InputCollector::fit_moments() {
  std::vector<std::string> constant;
  Range last;
  for (const Transform::Kind part : moment_parts(kind_)) {
    Transform transform{part, name_, fmt::format("{}_{}", name_, part_name(part)), {}};
    const Range range = last = range_of_moments(part);
    if (range.is_constant()) {
      constant.emplace_back(part_name(part));
    } else {
      keep(std::move(transform), range_text(range.low, range.high), range.missing);
    }
  }
  if (constant.empty()) return;
  leave_out(transforms_.empty() ? name_ : join(constant, ", "), "", last.missing,
            last.low > last.high ? "every value is NULL" : "the same in every row");
}

void InputCollector::fit_text() {
  uint64_t known = 0;
  std::vector<size_t> order;
  for (size_t code = 0; code < counts_.size(); ++code) {
    known += counts_[code];
    if (counts_[code] > 0) order.push_back(code);
  }
  const uint64_t missing = integers_[kTrainPart].size() - known;
  const size_t distinct = order.size();
  const std::string values = plural(distinct, "category", "categories");
  if (distinct == 0 || (distinct == 1 && missing == 0)) {
    return leave_out(name_, values, missing, distinct == 0 ? "every value is NULL" : "every row has the same value");
  }
  if (distinct == known && known >= kRowsOfAnIdentifier) {
    return leave_out(name_, values, missing, "no value comes twice: an identifier tells nothing about new rows");
  }
  std::string note;
  const auto before = [&](size_t a, size_t b) {
    return counts_[a] != counts_[b] ? counts_[a] > counts_[b] : texts_.text(a) < texts_.text(b);
  };
  Transform transform{Transform::Kind::kVocabulary, name_, name_, {}, distinct > kMostCategories};
  if (transform.is_cut) {
    std::ranges::nth_element(order, order.begin() + kMostCategories, before);
    order.resize(kMostCategories);
    note =
        fmt::format("the {} most frequent values are kept, the others count as unseen", human_count(kMostCategories));
  }
  std::ranges::sort(order, before);
  category_of_.assign(counts_.size() + 1, transform.is_cut ? static_cast<int32_t>(order.size()) : -1);
  category_of_[0] = -1;
  for (size_t i = 0; i < order.size(); ++i) {
    transform.vocabulary.emplace_back(texts_.text(order[i]));
    category_of_[order[i] + 1] = static_cast<int32_t>(i);
  }
  texts_ = StringCodes();
  keep(std::move(transform), values, missing, std::move(note));
}

void InputCollector::read(size_t transform, size_t part, size_t begin, std::span<float> values) const {
  if (!binned_.empty() && binned_[transform]) {
    const Binned& binned = *binned_[transform];
    const float* const lookup = binned.binner.values().data();
    const auto spell = [&](const auto* codes) {
      for (size_t i = 0; i < values.size(); ++i) values[i] = lookup[codes[i]];
    };
    if (binned.binner.is_narrow()) {
      spell(binned.narrow[part].data() + begin);
    } else {
      spell(binned.wide[part].data() + begin);
    }
    return;
  }
  if (kind_ == InputKind::kNumber) {
    numbers_[part].read(begin, values);
    return;
  }
  std::vector<int64_t> moments(values.size());
  integers_[part].read(begin, moments);
  moment_part(kind_, transforms_[transform].kind, moments, values);
}

void InputCollector::read(size_t, size_t part, size_t begin, std::span<int32_t> codes) const {
  CHECK(kind_ == InputKind::kText);
  integers_[part].read_mapped<int32_t>(begin, category_of_, codes);
}

std::span<const float> InputCollector::edges(size_t transform) const {
  if (binned_.empty() || !binned_[transform]) return {};
  return binned_[transform]->binner.edges();
}

void InputCollector::bin(std::span<const uint64_t> sample, size_t most_bins) {
  if (kind_ == InputKind::kText) return;
  binned_.resize(transforms_.size());
  for (size_t t = 0; t < transforms_.size(); ++t) {
    std::vector<float> sampled(sample.size());
    for (size_t i = 0; i < sample.size(); ++i) {
      if (kind_ == InputKind::kNumber) {
        sampled[i] = numbers_[kTrainPart].at(sample[i]);
      } else {
        InputCollector::read(t, kTrainPart, sample[i], std::span<float>(&sampled[i], 1));
      }
    }
    std::vector<float> edges = quantile_edges(sampled, most_bins);
    // The sample may have met nothing but NULL.
    if (edges.empty()) edges.push_back(0);
    Binned binned{Binner(std::move(edges)), {}, {}};
    std::vector<float> values(kChunkRows);
    for (size_t part = 0; part < kParts; ++part) {
      const size_t count = rows(part);
      if (binned.binner.is_narrow()) {
        binned.narrow[part].resize(count);
      } else {
        binned.wide[part].resize(count);
      }
      for (size_t begin = 0; begin < count; begin += kChunkRows) {
        const size_t size = std::min(kChunkRows, count - begin);
        std::span<const float> chunk;
        if (kind_ == InputKind::kNumber) {
          chunk = numbers_[part].chunk(begin / kChunkRows);
        } else {
          read(t, part, begin, std::span<float>(values.data(), size));
          chunk = std::span<const float>(values.data(), size);
        }
        if (binned.binner.is_narrow()) {
          binned.binner.encode(chunk, std::span<uint8_t>(binned.narrow[part].data() + begin, size));
        } else {
          binned.binner.encode(chunk, std::span<uint16_t>(binned.wide[part].data() + begin, size));
        }
        if (kind_ == InputKind::kNumber) numbers_[part].release_chunk(begin / kChunkRows);
      }
      numbers_[part].release();
    }
    binned_[t] = std::move(binned);
  }
  for (IntegerColumn& integers : integers_) integers.release();
}

uint64_t InputCollector::bytes() const {
  uint64_t bytes = texts_.bytes() + category_of_.size() * sizeof(int32_t);
  for (size_t part = 0; part < kParts; ++part) {
    bytes += numbers_[part].size() * sizeof(float) + integers_[part].bytes();
    for (const auto& binned : binned_) {
      if (binned) bytes += binned->narrow[part].size() + 2 * binned->wide[part].size();
    }
  }
  return bytes;
}

}  // namespace sinan::ml
