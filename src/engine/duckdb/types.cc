#include "engine/duckdb/types.h"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

namespace sinan::engine {
namespace {

using arrow::Field;
using arrow::TimeUnit;
using arrow::Type;
using arrow::TypeId;

Type simple(TypeId id) {
  Type type;
  type.id = id;
  return type;
}

Type temporal(TypeId id, TimeUnit unit, bool has_zone = false) {
  Type type = simple(id);
  type.unit = unit;
  type.has_zone = has_zone;
  return type;
}

Type decimal(uint8_t precision, int8_t scale) {
  Type type = simple(TypeId::kDecimal);
  type.precision = precision;
  type.scale = scale;
  return type;
}

Result<Type> list_of(duckdb_logical_type child) {
  const DuckType owned(child);
  Type type = simple(TypeId::kList);
  type.children.push_back(Field{"l", TRY(import_type(owned.get())), true});
  return type;
}

Result<Type> struct_of(duckdb_logical_type logical) {
  Type type = simple(TypeId::kStruct);
  for (idx_t i = 0; i < duckdb_struct_type_child_count(logical); ++i) {
    const DuckType child(duckdb_struct_type_child_type(logical, i));
    char* name = duckdb_struct_type_child_name(logical, i);
    type.children.push_back(Field{name, Type{}, true});
    duckdb_free(name);
    type.children.back().type = TRY(import_type(child.get()));
  }
  return type;
}

Result<Type> map_of(duckdb_logical_type logical) {
  const DuckType key(duckdb_map_type_key_type(logical));
  const DuckType value(duckdb_map_type_value_type(logical));
  Type type = simple(TypeId::kMap);
  type.children.push_back(Field{"key", TRY(import_type(key.get())), false});
  type.children.push_back(Field{"value", TRY(import_type(value.get())), true});
  return type;
}

Type enumeration() {
  Type type = simple(TypeId::kDictionary);
  type.index = TypeId::kInt32;
  type.children.push_back(Field{"", simple(TypeId::kString), true});
  return type;
}

duckdb_type timestamp_id(const Type& type) {
  if (type.has_zone) return DUCKDB_TYPE_TIMESTAMP_TZ;
  switch (type.unit) {
    case TimeUnit::kSecond:
      return DUCKDB_TYPE_TIMESTAMP_S;
    case TimeUnit::kMilli:
      return DUCKDB_TYPE_TIMESTAMP_MS;
    case TimeUnit::kMicro:
      return DUCKDB_TYPE_TIMESTAMP;
    case TimeUnit::kNano:
      return DUCKDB_TYPE_TIMESTAMP_NS;
  }
  return DUCKDB_TYPE_TIMESTAMP;
}

duckdb_type simple_id(const Type& type) {
  switch (type.id) {
    case TypeId::kBool:
      return DUCKDB_TYPE_BOOLEAN;
    case TypeId::kInt8:
      return DUCKDB_TYPE_TINYINT;
    case TypeId::kInt16:
      return DUCKDB_TYPE_SMALLINT;
    case TypeId::kNull:
    case TypeId::kInt32:
      return DUCKDB_TYPE_INTEGER;
    case TypeId::kInt64:
      return DUCKDB_TYPE_BIGINT;
    case TypeId::kUInt8:
      return DUCKDB_TYPE_UTINYINT;
    case TypeId::kUInt16:
      return DUCKDB_TYPE_USMALLINT;
    case TypeId::kUInt32:
      return DUCKDB_TYPE_UINTEGER;
    case TypeId::kUInt64:
      return DUCKDB_TYPE_UBIGINT;
    case TypeId::kFloat:
      return DUCKDB_TYPE_FLOAT;
    case TypeId::kDouble:
      return DUCKDB_TYPE_DOUBLE;
    case TypeId::kBinary:
      return DUCKDB_TYPE_BLOB;
    case TypeId::kDate:
      return DUCKDB_TYPE_DATE;
    case TypeId::kTime:
      return type.unit == TimeUnit::kNano ? DUCKDB_TYPE_TIME_NS : DUCKDB_TYPE_TIME;
    case TypeId::kTimestamp:
      return timestamp_id(type);
    case TypeId::kInterval:
      return DUCKDB_TYPE_INTERVAL;
    default:
      return DUCKDB_TYPE_VARCHAR;
  }
}

DuckType struct_type(const std::vector<Field>& fields) {
  std::vector<DuckType> owned;
  std::vector<duckdb_logical_type> types;
  std::vector<const char*> names;
  for (const Field& field : fields) {
    owned.push_back(export_type(field.type));
    types.push_back(owned.back().get());
    names.push_back(field.name.c_str());
  }
  return DuckType(duckdb_create_struct_type(types.data(), names.data(), types.size()));
}

}  // namespace

Result<Type> import_type(duckdb_logical_type type) {
  const duckdb_type id = duckdb_get_type_id(type);
  switch (id) {
    case DUCKDB_TYPE_SQLNULL:
      return simple(TypeId::kNull);
    case DUCKDB_TYPE_BOOLEAN:
      return simple(TypeId::kBool);
    case DUCKDB_TYPE_TINYINT:
      return simple(TypeId::kInt8);
    case DUCKDB_TYPE_SMALLINT:
      return simple(TypeId::kInt16);
    case DUCKDB_TYPE_INTEGER:
      return simple(TypeId::kInt32);
    case DUCKDB_TYPE_BIGINT:
      return simple(TypeId::kInt64);
    case DUCKDB_TYPE_UTINYINT:
      return simple(TypeId::kUInt8);
    case DUCKDB_TYPE_USMALLINT:
      return simple(TypeId::kUInt16);
    case DUCKDB_TYPE_UINTEGER:
      return simple(TypeId::kUInt32);
    case DUCKDB_TYPE_UBIGINT:
      return simple(TypeId::kUInt64);
    case DUCKDB_TYPE_FLOAT:
      return simple(TypeId::kFloat);
    case DUCKDB_TYPE_DOUBLE:
      return simple(TypeId::kDouble);
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_UHUGEINT:
      return decimal(38, 0);
    case DUCKDB_TYPE_DECIMAL:
      return decimal(duckdb_decimal_width(type), static_cast<int8_t>(duckdb_decimal_scale(type)));
    case DUCKDB_TYPE_VARCHAR:
    case DUCKDB_TYPE_UUID:
    case DUCKDB_TYPE_BIT:
      return simple(TypeId::kString);
    case DUCKDB_TYPE_BLOB:
      return simple(TypeId::kBinary);
    case DUCKDB_TYPE_DATE:
      return simple(TypeId::kDate);
    case DUCKDB_TYPE_TIME:
    case DUCKDB_TYPE_TIME_TZ:
      return temporal(TypeId::kTime, TimeUnit::kMicro);
    case DUCKDB_TYPE_TIME_NS:
      return temporal(TypeId::kTime, TimeUnit::kNano);
    case DUCKDB_TYPE_TIMESTAMP_S:
      return temporal(TypeId::kTimestamp, TimeUnit::kSecond);
    case DUCKDB_TYPE_TIMESTAMP_MS:
      return temporal(TypeId::kTimestamp, TimeUnit::kMilli);
    case DUCKDB_TYPE_TIMESTAMP:
      return temporal(TypeId::kTimestamp, TimeUnit::kMicro);
    case DUCKDB_TYPE_TIMESTAMP_NS:
      return temporal(TypeId::kTimestamp, TimeUnit::kNano);
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      return temporal(TypeId::kTimestamp, TimeUnit::kMicro, true);
    case DUCKDB_TYPE_INTERVAL:
      return simple(TypeId::kInterval);
    case DUCKDB_TYPE_ENUM:
      return enumeration();
    case DUCKDB_TYPE_LIST:
      return list_of(duckdb_list_type_child_type(type));
    case DUCKDB_TYPE_ARRAY:
      return list_of(duckdb_array_type_child_type(type));
    case DUCKDB_TYPE_STRUCT:
      return struct_of(type);
    case DUCKDB_TYPE_MAP:
      return map_of(type);
    default:
      return fail(Code::kUnsupported,
                  fmt::format("a column's type cannot leave the database: type number {}", static_cast<int>(id)),
                  "cast the column to VARCHAR");
  }
}

DuckType export_type(const Type& type) {
  switch (type.id) {
    case TypeId::kDecimal:
      return DuckType(duckdb_create_decimal_type(type.precision, static_cast<uint8_t>(type.scale)));
    case TypeId::kDictionary:
      return export_type(type.children[0].type);
    case TypeId::kList:
      return DuckType(duckdb_create_list_type(export_type(type.children[0].type).get()));
    case TypeId::kStruct:
      return struct_type(type.children);
    case TypeId::kMap:
      return DuckType(
          duckdb_create_map_type(export_type(type.children[0].type).get(), export_type(type.children[1].type).get()));
    default:
      return DuckType(duckdb_create_logical_type(simple_id(type)));
  }
}

}  // namespace sinan::engine
