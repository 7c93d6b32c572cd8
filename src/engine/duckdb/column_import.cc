#include "engine/duckdb/column_import.h"

#include <fmt/format.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>

#include "arrow/value_width.h"
#include "base/strings.h"
#include "engine/duckdb/handles.h"

namespace sinan::engine {
namespace {

using arrow::ColumnView;
using arrow::TimeUnit;
using arrow::Type;
using arrow::TypeId;

__extension__ using Int128 = __int128;

void import_validity(const ColumnView& column, size_t begin, size_t count, duckdb_vector target, size_t at) {
  const bool all_null = column.type().id == TypeId::kNull;
  uint64_t* mask = duckdb_vector_get_validity(target);
  if (mask == nullptr) {
    if (column.validity() == nullptr && !all_null) return;
    duckdb_vector_ensure_validity_writable(target);
    mask = duckdb_vector_get_validity(target);
  }
  for (size_t i = 0; i < count; ++i) duckdb_validity_set_row_validity(mask, at + i, !column.is_null(begin + i));
}

// Bytes a value has in both layouts, or 0 where they differ.
size_t common_width(const Type& type) {
  const size_t width = value_width(type);
  switch (type.id) {
    case TypeId::kTime:
      return type.unit >= TimeUnit::kMicro ? width : 0;
    // With a zone DuckDB knows microseconds only.
    case TypeId::kTimestamp:
      return !type.has_zone || type.unit == TimeUnit::kMicro ? width : 0;
    case TypeId::kDecimal:
      return type.precision > 18 ? width : 0;
    default:
      return width;
  }
}

// Time and zoned timestamp in units that DuckDB lacks, as microseconds.
Status import_micros(const ColumnView& column, size_t begin, size_t count, int64_t* out) {
  for (size_t i = 0; i < count; ++i) {
    const int64_t value = column.as_int(begin + i);
    out[i] = 0;
    if (column.type().unit == TimeUnit::kNano) {
      out[i] = value / 1000 - (value % 1000 < 0 ? 1 : 0);
    } else if (__builtin_mul_overflow(value, column.type().unit == TimeUnit::kSecond ? 1'000'000 : 1000, &out[i])) {
      return fail(Code::kData, fmt::format("time is out of the database's range: {}", column.to_text(begin + i)));
    }
  }
  return {};
}

template <class T>
Status import_decimals(const ColumnView& column, size_t begin, size_t count, T* out) {
  for (size_t i = 0; i < count; ++i) {
    out[i] = 0;
    if (column.is_null(begin + i)) continue;
    Int128 value;
    std::memcpy(&value, column.slot(begin + i, sizeof value), sizeof value);
    if (value > std::numeric_limits<T>::max() || value < std::numeric_limits<T>::min()) {
      return fail(Code::kData, fmt::format("value does not fit its type {}: {}", column.type().to_string(),
                                           column.to_text(begin + i)));
    }
    out[i] = static_cast<T>(value);
  }
  return {};
}

Status import_small_decimals(const ColumnView& column, size_t begin, size_t count, void* data, size_t at) {
  if (column.type().precision <= 4) return import_decimals(column, begin, count, static_cast<int16_t*>(data) + at);
  if (column.type().precision <= 9) return import_decimals(column, begin, count, static_cast<int32_t*>(data) + at);
  return import_decimals(column, begin, count, static_cast<int64_t*>(data) + at);
}

void import_bools(const ColumnView& column, size_t begin, size_t count, uint8_t* out) {
  for (size_t i = 0; i < count; ++i) out[i] = column.as_bool(begin + i) ? 1 : 0;
}

void import_intervals(const ColumnView& column, size_t begin, size_t count, duckdb_interval* out) {
  struct Value {
    int32_t months;
    int32_t days;
    int64_t nanos;
  };
  for (size_t i = 0; i < count; ++i) {
    Value value{};
    if (!column.is_null(begin + i)) std::memcpy(&value, column.slot(begin + i, sizeof value), sizeof value);
    out[i] = {value.months, value.days, value.nanos / 1000};
  }
}

Status assign_text(std::string_view text, bool is_text, duckdb_vector target, size_t row, duckdb_string_t* strings) {
  if (is_text && find_invalid_utf8(text)) {
    return fail(Code::kData, "text is not valid UTF-8", "store it as BLOB, or convert it before");
  }
  duckdb_string_t& slot = strings[row];
  if (text.size() <= sizeof slot.value.inlined.inlined) {
    slot = {};
    slot.value.inlined.length = static_cast<uint32_t>(text.size());
    if (!text.empty()) std::memcpy(slot.value.inlined.inlined, text.data(), text.size());
    return {};
  }
  if (text.size() > std::numeric_limits<uint32_t>::max()) {
    return fail(Code::kData, fmt::format("text is too long for the database: {} bytes", text.size()));
  }
  duckdb_unsafe_vector_assign_string_element_len(target, row, text.data(), text.size());
  return {};
}

Status import_text(const ColumnView& column, size_t begin, size_t count, duckdb_vector target, size_t at) {
  auto* strings = static_cast<duckdb_string_t*>(duckdb_vector_get_data(target));
  const bool is_text = column.type().id != TypeId::kBinary;
  const bool is_other = column.type().id == TypeId::kOther;
  for (size_t i = 0; i < count; ++i) {
    if (column.is_null(begin + i)) continue;
    if (is_other) {
      TRY(assign_text(column.to_text(begin + i), is_text, target, at + i, strings));
    } else {
      TRY(assign_text(column.string(begin + i), is_text, target, at + i, strings));
    }
  }
  return {};
}

// Dictionary columns are written out. Each row is a row of the values, which are few: they are read in place.
Status import_dictionary(const ColumnView& column, size_t begin, size_t count, duckdb_vector target, size_t at) {
  const ColumnView values = column.dictionary();
  for (size_t i = 0; i < count; ++i) {
    if (column.is_null(begin + i)) continue;
    TRY(import_rows(values, static_cast<size_t>(column.dictionary_index(begin + i)), 1, target, at + i));
  }
  return {};
}

// Lists and maps: an entry a row, and its items as a block into the child vector.
Status import_lists(const ColumnView& column, size_t begin, size_t count, duckdb_vector target, size_t at) {
  const bool is_map = column.type().id == TypeId::kMap;
  size_t total = duckdb_list_vector_get_size(target);
  const size_t first = total;
  for (size_t i = 0; i < count; ++i) {
    if (column.is_null(begin + i)) continue;
    const auto [from, to] = column.list_range(begin + i);
    total += to - from;
  }
  if (duckdb_list_vector_reserve(target, total) == DuckDBError ||
      duckdb_list_vector_set_size(target, total) == DuckDBError) {
    return fail(Code::kExhausted, fmt::format("no memory for list items: {}", total));
  }
  auto* entries = static_cast<duckdb_list_entry*>(duckdb_vector_get_data(target));
  const duckdb_vector items = duckdb_list_vector_get_child(target);
  size_t next = first;
  for (size_t i = 0; i < count; ++i) {
    entries[at + i] = {next, 0};
    if (column.is_null(begin + i)) continue;
    const auto [from, to] = column.list_range(begin + i);
    entries[at + i].length = to - from;
    if (is_map) {
      for (size_t part = 0; part < 2; ++part) {
        TRY(import_rows(column.child(part), from, to - from, duckdb_struct_vector_get_child(items, part), next));
      }
    } else {
      TRY(import_rows(column.list_values(), from, to - from, items, next));
    }
    next += to - from;
  }
  return {};
}

Status import_struct(const ColumnView& column, size_t begin, size_t count, duckdb_vector target, size_t at) {
  for (size_t i = 0; i < column.type().children.size(); ++i) {
    TRY(import_rows(column.child(i), begin, count, duckdb_struct_vector_get_child(target, i), at));
  }
  return {};
}

}  // namespace

Status import_rows(const ColumnView& column, size_t begin, size_t count, duckdb_vector target, size_t at) {
  if (count == 0) return {};
  import_validity(column, begin, count, target, at);
  const Type& type = column.type();
  if (const size_t width = common_width(type); width > 0) {
    auto* data = static_cast<uint8_t*>(duckdb_vector_get_data(target));
    std::memcpy(data + at * width, column.slot(begin, width), count * width);
    return {};
  }
  void* data = duckdb_vector_get_data(target);
  switch (type.id) {
    case TypeId::kNull:
      return {};
    case TypeId::kBool:
      import_bools(column, begin, count, static_cast<uint8_t*>(data) + at);
      return {};
    case TypeId::kTime:
    case TypeId::kTimestamp:
      return import_micros(column, begin, count, static_cast<int64_t*>(data) + at);
    case TypeId::kDecimal:
      return import_small_decimals(column, begin, count, data, at);
    case TypeId::kInterval:
      import_intervals(column, begin, count, static_cast<duckdb_interval*>(data) + at);
      return {};
    case TypeId::kList:
    case TypeId::kMap:
      return import_lists(column, begin, count, target, at);
    case TypeId::kStruct:
      return import_struct(column, begin, count, target, at);
    case TypeId::kDictionary:
      return import_dictionary(column, begin, count, target, at);
    default:
      return import_text(column, begin, count, target, at);
  }
}

}  // namespace sinan::engine
