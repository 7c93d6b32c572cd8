#include "ml/feature_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/strings.h"

namespace sinan::ml {
namespace {

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string_view without_plus(std::string_view text) {
  const bool has_plus = text.size() > 1 && text[0] == '+' && text[1] != '-';
  return has_plus ? text.substr(1) : text;
}

// `007` and `-01.5`: a number that is written as no number is.
bool has_leading_zero(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9';
}

}  // namespace

std::optional<double> parse_number(std::string_view text) {
  text = without_plus(trim(text));
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<int64_t> parse_whole(std::string_view text) {
  text = without_plus(trim(text));
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string_view take_item(std::string_view& text, std::string_view separator, bool& is_last) {
  size_t end = 0;
  size_t next = 0;
  if (separator == " ") {
    end = static_cast<size_t>(std::find_if(text.begin(), text.end(), is_blank) - text.begin());
    next = static_cast<size_t>(std::find_if_not(text.begin() + static_cast<ptrdiff_t>(end), text.end(), is_blank) -
                               text.begin());
  } else {
    const size_t at = separator.empty() ? std::string_view::npos : text.find(separator);
    end = std::min(at, text.size());
    next = at == std::string_view::npos ? text.size() : at + separator.size();
  }
  is_last = end == text.size();
  const std::string_view item = trim(text.substr(0, end));
  text.remove_prefix(next);
  return item;
}

bool TextProfiler::add(std::string_view text) {
  TextProfile& all = profile_;
  if (all.form == TextForm::kPlain) return false;
  text = trim(text);
  TextForm form = TextForm::kPlain;
  uint32_t items = 0;
  const auto take_id = [&](int64_t id) {
    const bool is_first = all.form == TextForm::kNone && items == 0;
    all.least_id = is_first ? id : std::min(all.least_id, id);
    all.most_id = is_first ? id : std::max(all.most_id, id);
  };
  if (text.find(',') != std::string_view::npos) {
    form = TextForm::kCsv;
    bool is_last = false;
    while (!is_last) {
      const std::string_view item = take_item(text, ",", is_last);
      if (item.empty() && is_last && items > 0) break;  // one trailing comma
      const auto number = parse_number(item);
      if (!number) form = TextForm::kPlain;
      if (!number) break;
      const auto whole = parse_whole(item);
      if (whole) take_id(*whole);
      all.all_whole = all.all_whole && whole.has_value();
      ++items;
    }
    if (items < 2) form = TextForm::kPlain;
  } else if (text.find(':') != std::string_view::npos) {
    form = TextForm::kKeyValue;
    bool is_last = false;
    while (!is_last) {
      const std::string_view item = take_item(text, " ", is_last);
      const size_t colon = item.find(':');
      const auto index = parse_whole(item.substr(0, colon));
      const bool fits = colon != std::string_view::npos && index && *index >= 0 && parse_number(item.substr(colon + 1));
      if (!fits) form = TextForm::kPlain;
      if (!fits) break;
      take_id(*index);
      ++items;
    }
  } else if (!has_leading_zero(text)) {
    const auto whole = parse_whole(text);
    if (whole) {
      form = TextForm::kWhole;
      take_id(*whole);
    } else if (parse_number(text)) {
      form = TextForm::kNumber;
    }
    items = 1;
  }
  const bool both_numbers = (form == TextForm::kWhole || form == TextForm::kNumber) &&
                            (all.form == TextForm::kWhole || all.form == TextForm::kNumber);
  if (all.form == TextForm::kNone) {
    all.form = all.first = form;
    all.least_items = all.most_items = items;
  } else if (both_numbers) {
    if (form == TextForm::kNumber) all.form = form;
  } else if (all.form != form) {
    all.form = TextForm::kPlain;
  }
  all.least_items = std::min(all.least_items, items);
  all.most_items = std::max(all.most_items, items);
  return all.form != TextForm::kPlain;
}

}  // namespace sinan::ml
