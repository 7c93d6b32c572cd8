// Logical types and schemas of Arrow data, as values.
//
// A Type is what the Arrow C format string says, decoded once ("tdD" -> kDate). Engines and file formats map their own
// types to these; SQL type names are a matter of the engine's Dialect. Names compare without regard to ASCII case, as
// SQL does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sinan::arrow {

enum class TypeId : uint8_t {
  kNull,
  kBool,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUInt8,
  kUInt16,
  kUInt32,
  kUInt64,
  kFloat,
  kDouble,
  kDecimal,  // precision, scale; 128-bit two's complement
  kString,
  kBinary,
  kDate,       // days since 1970-01-01, int32
  kTime,       // since midnight, in `unit`
  kTimestamp,  // since 1970-01-01 UTC, in `unit`; has_zone
  kInterval,   // months, days, nanoseconds
  kList,
  kStruct,
  kMap,
  kDictionary,  // children[0] is the value type; an ENUM or a category column
  kOther,       // readable only as text
};

enum class TimeUnit : uint8_t { kSecond, kMilli, kMicro, kNano };

// Where one logical type has several memory formats, the one in use. Strings, binaries and lists have it.
enum class Layout : uint8_t {
  kPlain,  // 32-bit offsets
  kLarge,  // 64-bit offsets
  kView,   // 16-byte views; strings and binaries only
  kFixed,  // `width` bytes or items each, no offsets; binaries and lists only
};

struct Field;

struct Type {
  explicit Type(TypeId type_id = TypeId::kNull);

  TypeId id;
  uint8_t precision = 0;
  int8_t scale = 0;
  TimeUnit unit = TimeUnit::kMicro;
  bool has_zone = false;
  Layout layout = Layout::kPlain;
  uint32_t width = 0;            // Layout::kFixed
  TypeId index = TypeId::kNull;  // kDictionary: the integer type of the indices
  std::string other_format;      // kOther: the Arrow format string
  std::vector<Field> children;   // list: item; map: key, value; struct: members; dictionary: values

  bool is_integer() const { return id >= TypeId::kInt8 && id <= TypeId::kUInt64; }
  bool is_floating() const { return id == TypeId::kFloat || id == TypeId::kDouble; }
  bool is_numeric() const { return is_integer() || is_floating() || id == TypeId::kDecimal; }
  bool is_temporal() const { return id >= TypeId::kDate && id <= TypeId::kTimestamp; }
  bool is_text() const;           // string, or dictionary of strings
  std::string to_string() const;  // "int64", "decimal(18,3)", "list<string>", "timestamp[us, UTC]"
  // As logical types: the layout, the index type and the names inside lists, maps and dictionaries do not count.
  friend bool operator==(const Type&, const Type&);
};

struct Field {
  std::string name;
  Type type;
  bool nullable = true;
  friend bool operator==(const Field&, const Field&) = default;
};

inline Type::Type(TypeId type_id) : id(type_id) {}

struct Schema {
  std::vector<Field> fields;

  size_t size() const { return fields.size(); }
  const Field& operator[](size_t i) const { return fields[i]; }
  // First field of that name, ignoring ASCII case.
  std::optional<size_t> index_of(std::string_view name) const;
  std::vector<std::string> names() const;
  friend bool operator==(const Schema&, const Schema&) = default;
};

}  // namespace sinan::arrow
