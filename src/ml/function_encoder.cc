#include "ml/function_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/check.h"
#include "base/hash.h"
#include "base/strings.h"
#include "ml/feature_text.h"

namespace sinan::ml {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
// Whole numbers up to here are exact as a float.
constexpr float kMostExact = 0x1p24F;

// What stands in a message, of values of any length.
std::string shown(std::string_view text) {
  constexpr size_t kMost = 60;
  if (text.size() <= kMost) return fmt::format("\"{}\"", text);
  size_t end = kMost;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return fmt::format("\"{}...\"", text.substr(0, end));
}

// The shortest text that reads back as the same number: 3, 2.5.
template <class T>
std::string_view spell(T number, std::span<char> buffer) {
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
  CHECK(error == std::errc());
  return {buffer.data(), static_cast<size_t>(end - buffer.data())};
}

double step_value(const NumberStep& step, double x) {
  switch (step.kind) {
    case NumberStep::Kind::kLog:
      return std::copysign(std::log1p(std::abs(x)), x);
    case NumberStep::Kind::kStandardize:
    case NumberStep::Kind::kNormalize:
      return (x - step.a) / step.b;
    case NumberStep::Kind::kImpute:
      return std::isnan(x) ? step.a : x;
  }
  return x;
}

bool is_word(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Rows of the texts they point to.
void gather(const TermValues& from, std::span<const int32_t> codes, size_t width, TermValues& out) {
  out.has_items = from.has_items;
  if (!from.has_items) {
    out.numbers.resize(codes.size() * width);
    out.was_missing.assign(codes.size(), 0);
    for (size_t i = 0; i < codes.size(); ++i) {
      double* const to = out.numbers.data() + i * width;
      if (codes[i] < 0) {
        std::fill_n(to, width, kNaN);
      } else {
        std::copy_n(from.numbers.data() + static_cast<size_t>(codes[i]) * width, width, to);
      }
    }
    return;
  }
  out.begins.assign(1, 0);
  out.items.clear();
  out.weights.clear();
  out.is_missing.assign(codes.size(), 0);
  for (size_t i = 0; i < codes.size(); ++i) {
    if (codes[i] < 0) {
      out.is_missing[i] = 1;
    } else {
      const auto code = static_cast<size_t>(codes[i]);
      const auto begin = static_cast<ptrdiff_t>(from.begins[code]);
      const auto end = static_cast<ptrdiff_t>(from.begins[code + 1]);
      out.items.insert(out.items.end(), from.items.begin() + begin, from.items.begin() + end);
      out.weights.insert(out.weights.end(), from.weights.begin() + begin, from.weights.begin() + end);
      out.is_missing[i] = from.is_missing[code];
    }
    out.begins.push_back(out.items.size());
  }
}

}  // namespace

// --- terms ---

TermReader::TermReader(const Term& term, StringCodes* texts) : term_(term), interned_(texts) {
  CHECK(term.source.reading != Reading::kDerived);
  if (interned_ != nullptr || term.classing.kind != Classing::Kind::kVocabulary) return;
  for (const std::string& text : term.classing.vocabulary) vocabulary_.intern(text);
}

Failure TermReader::refuse(std::string_view wanted, std::string_view found, std::string hint) const {
  return fail(Code::kData, fmt::format("{}: \"{}\" has {}", wanted, term_.source.column, shown(found)),
              std::move(hint));
}

Status TermReader::read(const ColumnValues& values, TermValues& out) {
  const bool by_text = !values.is_list && (!values.codes.empty() || !values.texts.empty());
  if (!by_text) {
    TRY(read_source(values, {}, out));
  } else {
    if (!values.are_same_texts || of_texts_.rows() != values.texts.size()) {
      // A dictionary may hold texts that no row has: they are nobody's mistake.
      used_.assign(values.texts.size(), values.are_same_texts ? 1 : 0);
      if (!values.are_same_texts) {
        for (const int32_t code : values.codes) {
          if (code >= 0) used_[static_cast<size_t>(code)] = 1;
        }
      }
      TRY(read_source(values, used_, of_texts_));
    }
    gather(of_texts_, values.codes, term_.source.width, out);
  }
  if (!out.has_items) {
    apply_steps(out);
    if (term_.classing.kind == Classing::Kind::kBounds) sort_into_bounds(out);
  }
  return {};
}

// `used`: by text, where the column's rows are texts; then out's rows are the texts.
Status TermReader::read_source(const ColumnValues& values, std::span<const uint8_t> used, TermValues& out) {
  switch (term_.source.reading) {
    case Reading::kNumber:
    case Reading::kPart:
    case Reading::kVector:
      out.has_items = false;
      return read_numbers(values, used, out);
    default:
      out.has_items = true;
      return read_items(values, used, out);
  }
}

Status TermReader::read_numbers(const ColumnValues& values, std::span<const uint8_t> used, TermValues& out) {
  const TermSource& source = term_.source;
  const size_t width = source.width;
  const size_t rows = used.empty() ? values.rows : used.size();
  out.numbers.resize(rows * width);
  out.was_missing.assign(rows, 0);
  if (source.reading == Reading::kPart) {
    date_parts(values.moment, source.part, values.integers, out.numbers);
    return {};
  }
  for (size_t i = 0; i < rows; ++i) {
    const std::span<double> to(out.numbers.data() + i * width, width);
    std::ranges::fill(to, kNaN);
    if (!used.empty()) {
      if (used[i] == 0) continue;
      if (source.reading == Reading::kVector) {
        TRY(read_vector(values, i, to));
        continue;
      }
      const auto number = parse_number(values.texts[i]);
      if (!number) return refuse("text is no number", values.texts[i], "cast it in the query, or leave such rows out");
      to[0] = *number;
    } else if (values.is_list) {
      if (values.is_missing[i] == 0) TRY(read_vector(values, i, to));
    } else if (!values.integers.empty()) {
      if (values.integers[i] != kMissingMoment) to[0] = static_cast<double>(values.integers[i]);
    } else {
      to[0] = static_cast<double>(values.numbers[i]);
    }
  }
  return {};
}

Status TermReader::read_vector(const ColumnValues& values, size_t row, std::span<double> out) const {
  const size_t width = out.size();
  const auto wrong_count = [&](size_t count, std::string_view text) {
    return refuse(fmt::format("value has {} numbers instead of {}", count, width), text,
                  "a vector has the same length in every row: SPARSE reads lists of any length");
  };
  if (values.is_list) {
    const size_t begin = values.begins[row];
    const size_t count = values.begins[row + 1] - begin;
    if (count != width) return wrong_count(count, "a list");
    for (size_t k = 0; k < width; ++k) {
      const size_t item = begin + k;
      if (!values.codes.empty()) {
        const auto number =
            values.codes[item] < 0 ? kNaN : parse_number(values.texts[static_cast<size_t>(values.codes[item])]);
        if (!number) return refuse("text is no number", values.texts[static_cast<size_t>(values.codes[item])]);
        out[k] = *number;
      } else if (!values.integers.empty()) {
        out[k] = values.integers[item] == kMissingMoment ? kNaN : static_cast<double>(values.integers[item]);
      } else {
        out[k] = static_cast<double>(values.numbers[item]);
      }
    }
    return {};
  }
  const std::string_view whole = values.texts[row];
  std::string_view text = trim(whole);
  size_t count = 0;
  bool is_last = text.empty();
  while (!is_last) {
    const std::string_view item = take_item(text, term_.source.separator, is_last);
    if (item.empty() && is_last && count > 0) break;
    const auto number = parse_number(item);
    if (!number)
      return refuse("text is no list of numbers", whole,
                    "DENSE reads numbers between commas, or the separator it is given");
    if (count < width) out[count] = *number;
    ++count;
  }
  if (count != width) return wrong_count(count, whole);
  return {};
}

Status TermReader::read_items(const ColumnValues& values, std::span<const uint8_t> used, TermValues& out) {
  const size_t rows = used.empty() ? values.rows : used.size();
  out.begins.assign(1, 0);
  out.items.clear();
  out.weights.clear();
  out.is_missing.assign(rows, 0);
  const auto add = [&](size_t at, float weight) -> Status {
    if (!values.codes.empty()) {
      const int32_t code = values.codes[at];
      return code < 0 ? Status() : add_text(values.texts[static_cast<size_t>(code)], weight, out);
    }
    if (!values.integers.empty()) {
      return values.integers[at] == kMissingMoment ? Status() : add_whole(values.integers[at], weight, out);
    }
    return std::isnan(values.numbers[at]) ? Status() : add_number(values.numbers[at], weight, out);
  };
  for (size_t i = 0; i < rows; ++i) {
    if (!used.empty()) {
      if (used[i] != 0) {
        TRY(term_.source.reading == Reading::kWords ? add_words_of(values.texts[i], out)
                                                    : add_items_of(values.texts[i], out));
      } else {
        out.is_missing[i] = 1;
      }
    } else if (values.is_list) {
      out.is_missing[i] = values.is_missing[i];
      for (size_t item = values.begins[i]; item < values.begins[i + 1]; ++item) {
        const float weight = values.weights.empty() ? 1 : values.weights[item];
        if (!std::isnan(weight)) TRY(add(item, weight));
      }
    } else {
      const bool missing =
          values.integers.empty() ? std::isnan(values.numbers[i]) : values.integers[i] == kMissingMoment;
      if (missing) {
        out.is_missing[i] = 1;
      } else {
        TRY(add(i, 1));
      }
    }
    const size_t count = out.items.size() - out.begins.back();
    const uint32_t wanted = out.is_missing[i] == 0 ? term_.source.items : 0;
    if (wanted != 0 && count != wanted) {
      return refuse(fmt::format("value has {} items instead of {}", count, wanted),
                    used.empty() ? "a list" : values.texts[i], "SPARSE reads lists of any length");
    }
    out.begins.push_back(out.items.size());
  }
  return {};
}

Status TermReader::add_items_of(std::string_view text, TermValues& out) {
  const TermSource& source = term_.source;
  if (source.separator.empty()) return add_text(text, 1, out);
  std::string_view rest = trim(text);
  bool is_last = rest.empty();
  while (!is_last) {
    std::string_view item = take_item(rest, source.separator, is_last);
    if (item.empty() && is_last) break;  // one separator at the end
    float weight = 1;
    if (!source.weight_separator.empty()) {
      if (const size_t at = item.find(source.weight_separator); at != std::string_view::npos) {
        const auto number = parse_number(item.substr(at + source.weight_separator.size()));
        if (!number) return refuse("weight is no number", text);
        weight = static_cast<float>(*number);
        item = trim(item.substr(0, at));
      }
    }
    TRY(add_text(item, weight, out));
  }
  return {};
}

Status TermReader::add_words_of(std::string_view text, TermValues& out) {
  scratch_ = to_lower(text);
  words_.clear();
  for (size_t at = 0; at < scratch_.size();) {
    size_t end = at;
    while (end < scratch_.size() && is_word(scratch_[end])) ++end;
    if (end > at) words_.push_back(std::string_view(scratch_).substr(at, end - at));
    at = std::max(end, at + 1);
  }
  std::string run;
  for (size_t first = 0; first < words_.size(); ++first) {
    run.clear();
    for (size_t length = 1; length <= term_.source.run && first + length <= words_.size(); ++length) {
      if (length > 1) run += ' ';
      run += words_[first + length - 1];
      TRY(add_text(run, 1, out));
    }
  }
  return {};
}

Status TermReader::add_text(std::string_view text, float weight, TermValues& out) {
  if (term_.source.reading == Reading::kIds) {
    const auto id = parse_whole(text);
    if (!id) return refuse("text is no whole number", text, "CATEGORY_HASH and VOCABULARY take texts of any kind");
    return add_whole(*id, weight, out);
  }
  int64_t item = 0;
  if (interned_ != nullptr) {
    item = interned_->intern(text);
  } else {
    switch (term_.classing.kind) {
      case Classing::Kind::kHash:
        item = static_cast<int64_t>(hash64(text) % term_.classing.count);
        break;
      case Classing::Kind::kVocabulary:
        item = vocabulary_.find(text);
        if (item < 0 && term_.classing.is_cut) item = static_cast<int64_t>(term_.classing.vocabulary.size());
        if (item < 0) return {};
        break;
      default:
        item = static_cast<int64_t>(hash64(text));
        break;
    }
  }
  out.items.push_back(item);
  out.weights.push_back(weight);
  return {};
}

Status TermReader::add_whole(int64_t id, float weight, TermValues& out) {
  if (term_.source.reading == Reading::kTexts) {
    char buffer[24];
    return add_text(spell(id, buffer), weight, out);
  }
  if (term_.classing.kind == Classing::Kind::kId && (id < 0 || static_cast<uint64_t>(id) >= term_.classing.count)) {
    return refuse(fmt::format("id is not in 0 to {}", term_.classing.count - 1), fmt::format("{}", id),
                  "raise the number of ids, or use CATEGORY_HASH");
  }
  out.items.push_back(id);
  out.weights.push_back(weight);
  return {};
}

Status TermReader::add_number(float number, float weight, TermValues& out) {
  const bool is_whole = std::abs(number) <= kMostExact && number == std::trunc(number);
  if (is_whole) return add_whole(static_cast<int64_t>(number), weight, out);
  char buffer[48];
  const std::string_view text = spell(number, buffer);
  if (term_.source.reading == Reading::kIds)
    return refuse("id is no whole number", text, "cast it in the query, or use BUCKET for numbers");
  return add_text(text, weight, out);
}

void TermReader::apply_steps(TermValues& out) const {
  for (const NumberStep& step : term_.steps) {
    if (step.kind == NumberStep::Kind::kImpute) {
      for (size_t i = 0; i < out.was_missing.size(); ++i) out.was_missing[i] = std::isnan(out.numbers[i]) ? 1 : 0;
    }
    for (double& x : out.numbers) x = step_value(step, x);
  }
}

void TermReader::sort_into_bounds(TermValues& out) const {
  const std::vector<double>& bounds = term_.classing.bounds;
  const size_t rows = out.numbers.size();
  out.has_items = true;
  out.begins.assign(1, 0);
  out.items.clear();
  out.is_missing.assign(rows, 0);
  for (size_t i = 0; i < rows; ++i) {
    const double x = out.numbers[i];
    if (std::isnan(x)) {
      out.is_missing[i] = 1;
    } else {
      out.items.push_back(std::upper_bound(bounds.begin(), bounds.end(), x) - bounds.begin());
    }
    out.begins.push_back(out.items.size());
  }
  out.weights.assign(out.items.size(), 1);
}

// --- functions ---

FunctionEncoder::FunctionEncoder(const FeatureFunction& function) : function_(function), terms_(function.terms.size()) {
  readers_.reserve(function.terms.size());
  for (const Term& term : function.terms) readers_.emplace_back(term);
}

Status FunctionEncoder::read_terms(std::span<const ColumnValues* const> columns) {
  CHECK(columns.size() == terms_.size());
  for (size_t t = 0; t < terms_.size(); ++t) TRY(readers_[t].read(*columns[t], terms_[t]));
  if (function_.cross > 0) TRY(cross_terms(columns[0]->rows));
  return {};
}

Status FunctionEncoder::cross_terms(size_t rows) {
  crossed_.has_items = true;
  crossed_.begins.assign(1, 0);
  crossed_.items.clear();
  crossed_.is_missing.assign(rows, 0);
  std::vector<uint64_t> keys(terms_.size());
  for (size_t i = 0; i < rows; ++i) {
    bool missing = false;
    for (size_t t = 0; t < terms_.size(); ++t) {
      const TermValues& term = terms_[t];
      if (!term.has_items) {
        char buffer[48];
        missing = missing || std::isnan(term.numbers[i]);
        keys[t] = hash64(spell(term.numbers[i], buffer));
        continue;
      }
      const size_t count = term.begins[i + 1] - term.begins[i];
      if (count > 1) {
        return fail(Code::kData, fmt::format("CROSS takes one value a row: \"{}\" has {} in one",
                                             function_.terms[t].source.column, count));
      }
      missing = missing || count == 0;
      if (count == 1) keys[t] = static_cast<uint64_t>(term.items[term.begins[i]]);
    }
    if (missing) {
      crossed_.is_missing[i] = 1;
    } else {
      const std::string_view bytes(reinterpret_cast<const char*>(keys.data()), keys.size() * sizeof(uint64_t));
      crossed_.items.push_back(static_cast<int64_t>(hash64(bytes) % function_.cross));
    }
    crossed_.begins.push_back(crossed_.items.size());
  }
  crossed_.weights.assign(crossed_.items.size(), 1);
  return {};
}

Status FunctionEncoder::single_classes() {
  const TermValues& from = function_.cross > 0 ? crossed_ : terms_[0];
  codes_.resize(from.rows());
  for (size_t i = 0; i < codes_.size(); ++i) {
    const size_t count = from.begins[i + 1] - from.begins[i];
    if (count > 1) {
      return fail(
          Code::kData,
          fmt::format("one category a row is wanted: \"{}\" has {} in one", function_.terms[0].source.column, count),
          "INDICATOR takes any number of them");
    }
    codes_[i] = count == 0 ? -1 : static_cast<int32_t>(from.items[from.begins[i]]);
  }
  return {};
}

Result<std::span<const int32_t>> FunctionEncoder::classes(std::span<const ColumnValues* const> columns) {
  TRY(read_terms(columns));
  TRY(single_classes());
  return std::span<const int32_t>(codes_);
}

Status FunctionEncoder::encode(std::span<const ColumnValues* const> columns) {
  TRY(read_terms(columns));
  switch (function_.output) {
    case FeatureFunction::Output::kNumbers:
      write_numbers();
      return {};
    case FeatureFunction::Output::kCategory:
      return single_classes();
    case FeatureFunction::Output::kMultiHot:
      write_multi_hot();
      return {};
    case FeatureFunction::Output::kTarget:
      TRY(single_classes());
      write_targets();
      return {};
  }
  return {};
}

void FunctionEncoder::write_numbers() {
  const TermValues& from = terms_[0];
  const size_t width = function_.terms[0].source.width;
  const size_t rows = from.rows();
  numbers_.resize(function_.width());
  for (size_t k = 0; k < width; ++k) {
    numbers_[k].resize(rows);
    for (size_t i = 0; i < rows; ++i) numbers_[k][i] = static_cast<float>(from.numbers[i * width + k]);
  }
  if (function_.flags_missing) numbers_[width].assign(from.was_missing.begin(), from.was_missing.end());
}

void FunctionEncoder::write_targets() {
  const size_t targets = function_.targets;
  numbers_.resize(targets);
  for (size_t t = 0; t < targets; ++t) {
    numbers_[t].resize(codes_.size());
    for (size_t i = 0; i < codes_.size(); ++i) {
      numbers_[t][i] =
          codes_[i] < 0 ? function_.prior[t] : function_.target_values[static_cast<size_t>(codes_[i]) * targets + t];
    }
  }
}

void FunctionEncoder::write_multi_hot() {
  const TermValues& from = function_.cross > 0 ? crossed_ : terms_[0];
  const size_t rows = from.rows();
  const bool is_sparse = function_.is_sparse();
  const size_t width = function_.width();
  if (is_sparse) {
    begins_.assign(1, 0);
    positions_.clear();
    values_.clear();
  } else {
    numbers_.resize(width);
    for (auto& column : numbers_) column.assign(rows, 0);
  }
  for (size_t i = 0; i < rows; ++i) {
    row_.clear();
    double sum = 0;
    double squares = 0;
    for (size_t item = from.begins[i]; item < from.begins[i + 1]; ++item) {
      const float weight = function_.is_weighted ? from.weights[item] : 1;
      row_.emplace_back(static_cast<uint32_t>(from.items[item]), weight);
      sum += static_cast<double>(weight);
      squares += static_cast<double>(weight) * static_cast<double>(weight);
    }
    const double length = function_.combiner == FeatureFunction::Combiner::kSum    ? 1
                          : function_.combiner == FeatureFunction::Combiner::kMean ? sum
                                                                                   : std::sqrt(squares);
    const auto scale = static_cast<float>(length == 0 ? 1 : 1 / length);
    if (!is_sparse) {
      if (from.is_missing[i] != 0) {
        for (auto& column : numbers_) column[i] = std::numeric_limits<float>::quiet_NaN();
      }
      for (const auto& [position, weight] : row_) numbers_[position][i] += weight * scale;
      continue;
    }
    std::ranges::stable_sort(row_, {}, &std::pair<uint32_t, float>::first);
    for (size_t k = 0; k < row_.size(); ++k) {
      const bool is_again = k > 0 && row_[k].first == row_[k - 1].first;
      if (is_again) {
        values_.back() += row_[k].second * scale;
      } else {
        positions_.push_back(row_[k].first);
        values_.push_back(row_[k].second * scale);
      }
    }
    begins_.push_back(positions_.size());
  }
}

}  // namespace sinan::ml
