#include "ml/feature_values.h"

#include <limits>

#include "base/check.h"

namespace sinan::ml {
namespace {

using arrow::TypeId;

bool is_whole(const arrow::Type& type) {
  return type.is_integer() || type.id == TypeId::kBool || type.id == TypeId::kNull;
}

std::optional<ValueType> plain_type(const arrow::Type& type) {
  const auto input = input_kind(type);
  if (!input) return std::nullopt;
  switch (*input) {
    case InputKind::kNumber:
      return ValueType{is_whole(type) ? ValueKind::kIntegers : ValueKind::kNumbers};
    case InputKind::kText:
      return ValueType{ValueKind::kTexts};
    default:
      return ValueType{.kind = ValueKind::kMoments, .moment = *input};
  }
}

}  // namespace

std::string_view describe(const ValueType& type) {
  if (type.is_map) return "a map";
  switch (type.kind) {
    case ValueKind::kIntegers:
      return type.is_list ? "a list of whole numbers" : "a whole number";
    case ValueKind::kNumbers:
      return type.is_list ? "a list of numbers" : "a number";
    case ValueKind::kTexts:
      return type.is_list ? "a list of texts" : "a text";
    case ValueKind::kMoments:
      return describe(type.moment);
  }
  return "";
}

std::optional<ValueType> value_type(const arrow::Type& type) {
  if (type.id == TypeId::kList || type.id == TypeId::kMap) {
    auto items = plain_type(type.children.at(0).type);
    if (!items || items->kind == ValueKind::kMoments) return std::nullopt;
    items->is_list = true;
    items->is_map = type.id == TypeId::kMap;
    if (items->is_map && !type.children.at(1).type.is_numeric()) return std::nullopt;
    return items;
  }
  return plain_type(type);
}

bool is_alike(const ValueType& a, const ValueType& b) {
  const auto family = [](const ValueType& type) {
    return type.kind == ValueKind::kIntegers ? ValueKind::kNumbers : type.kind;
  };
  const bool same_moment = a.kind != ValueKind::kMoments || a.moment == b.moment;
  return a.is_list == b.is_list && a.is_map == b.is_map && family(a) == family(b) && same_moment;
}

void ValueReader::read_plain(const arrow::ColumnView& column) {
  const size_t size = column.size();
  const bool is_empty = column.type().id == TypeId::kNull;
  switch (type_.kind) {
    case ValueKind::kTexts: {
      codes_.resize(size);
      texts_.clear();
      if (!is_empty && column.type().id == TypeId::kDictionary) {
        const arrow::ColumnView dictionary = column.dictionary();
        for (size_t i = 0; i < dictionary.size(); ++i) texts_.push_back(dictionary.string(i));
        for (size_t i = 0; i < size; ++i) {
          const int64_t index = column.dictionary_index(i);
          const bool missing = index < 0 || dictionary.is_null(static_cast<size_t>(index));
          codes_[i] = missing ? -1 : static_cast<int32_t>(index);
        }
      } else {
        texts_.resize(size);
        for (size_t i = 0; i < size; ++i) {
          const bool missing = is_empty || column.is_null(i);
          codes_[i] = missing ? -1 : static_cast<int32_t>(i);
          texts_[i] = missing ? std::string_view() : column.string(i);
        }
      }
      values_.codes = codes_;
      values_.texts = texts_;
      return;
    }
    case ValueKind::kMoments:
      integers_.resize(size);
      if (is_empty) {
        std::ranges::fill(integers_, kMissingMoment);
      } else {
        read_moments(column, integers_);
      }
      values_.integers = integers_;
      return;
    case ValueKind::kIntegers:
      if (is_whole(column.type())) {
        integers_.resize(size);
        for (size_t i = 0; i < size; ++i) {
          const bool missing = is_empty || column.is_null(i);
          integers_[i] = missing                             ? kMissingMoment
                         : column.type().id == TypeId::kBool ? column.as_bool(i)
                                                             : column.as_int(i);
        }
        values_.integers = integers_;
        return;
      }
      [[fallthrough]];
    case ValueKind::kNumbers:
      numbers_.resize(size);
      read_numbers(column, numbers_);
      values_.numbers = numbers_;
      return;
  }
}

void ValueReader::read_lists(const arrow::ColumnView& column) {
  const size_t rows = column.size();
  begins_.assign(1, 0);
  is_missing_.assign(rows, 1);
  weights_.clear();
  if (column.type().id == TypeId::kNull) {
    begins_.resize(rows + 1, 0);
    integers_.clear();
    numbers_.clear();
    codes_.clear();
    values_.integers = integers_;
  } else {
    const arrow::ColumnView items = column.type().id == TypeId::kMap ? column.child(0) : column.list_values();
    // Items of rows that are not in this batch, and of NULL, may lie between those that are.
    std::vector<uint32_t> chosen;
    for (size_t i = 0; i < rows; ++i) {
      if (!column.is_null(i)) {
        is_missing_[i] = 0;
        const auto [begin, end] = column.list_range(i);
        for (size_t item = begin; item < end; ++item) chosen.push_back(static_cast<uint32_t>(item));
      }
      begins_.push_back(chosen.size());
    }
    read_plain(items);
    const auto pick = [&](auto& buffer, auto& span) {
      if (span.empty()) return;
      for (size_t i = 0; i < chosen.size(); ++i) buffer[i] = buffer[chosen[i]];
      span = {buffer.data(), chosen.size()};
    };
    pick(numbers_, values_.numbers);
    pick(integers_, values_.integers);
    pick(codes_, values_.codes);
    if (column.type().id == TypeId::kMap) {
      const arrow::ColumnView values = column.child(1);
      std::vector<float> all(values.size());
      read_numbers(values, all);
      for (const uint32_t item : chosen) weights_.push_back(all[item]);
      values_.weights = weights_;
    }
  }
  values_.is_list = true;
  values_.begins = begins_;
  values_.is_missing = is_missing_;
}

const ColumnValues& ValueReader::read(const arrow::ColumnView& column) {
  values_ = ColumnValues{};
  values_.rows = column.size();
  values_.moment = type_.moment;
  if (type_.is_list) {
    read_lists(column);
  } else {
    read_plain(column);
  }
  return values_;
}

}  // namespace sinan::ml
