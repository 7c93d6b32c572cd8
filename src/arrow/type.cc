#include "arrow/type.h"

#include <fmt/format.h>

#include "base/strings.h"

namespace sinan::arrow {
namespace {

std::string_view unit_name(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::kSecond:
      return "s";
    case TimeUnit::kMilli:
      return "ms";
    case TimeUnit::kMicro:
      return "us";
    case TimeUnit::kNano:
      return "ns";
  }
  return "";
}

}  // namespace

bool Type::is_text() const {
  return id == TypeId::kString || (id == TypeId::kDictionary && children[0].type.id == TypeId::kString);
}

std::string Type::to_string() const {
  switch (id) {
    case TypeId::kNull:
      return "null";
    case TypeId::kBool:
      return "bool";
    case TypeId::kInt8:
      return "int8";
    case TypeId::kInt16:
      return "int16";
    case TypeId::kInt32:
      return "int32";
    case TypeId::kInt64:
      return "int64";
    case TypeId::kUInt8:
      return "uint8";
    case TypeId::kUInt16:
      return "uint16";
    case TypeId::kUInt32:
      return "uint32";
    case TypeId::kUInt64:
      return "uint64";
    case TypeId::kFloat:
      return "float";
    case TypeId::kDouble:
      return "double";
    case TypeId::kDecimal:
      return fmt::format("decimal({},{})", precision, scale);
    case TypeId::kString:
      return "string";
    case TypeId::kBinary:
      return "binary";
    case TypeId::kDate:
      return "date";
    case TypeId::kTime:
      return fmt::format("time[{}]", unit_name(unit));
    case TypeId::kTimestamp:
      return fmt::format("timestamp[{}{}]", unit_name(unit), has_zone ? ", UTC" : "");
    case TypeId::kInterval:
      return "interval";
    case TypeId::kList:
      if (layout == Layout::kFixed) return fmt::format("list<{}>[{}]", children[0].type.to_string(), width);
      return fmt::format("list<{}>", children[0].type.to_string());
    case TypeId::kMap:
      return fmt::format("map<{}, {}>", children[0].type.to_string(), children[1].type.to_string());
    case TypeId::kDictionary:
      return fmt::format("dictionary<{}>", children[0].type.to_string());
    case TypeId::kStruct: {
      std::vector<std::string> members;
      for (const Field& child : children) members.push_back(child.name + ": " + child.type.to_string());
      return fmt::format("struct<{}>", join(members, ", "));
    }
    case TypeId::kOther:
      return fmt::format("other({})", other_format);
  }
  return "other";
}

bool operator==(const Type& a, const Type& b) {
  if (a.id != b.id || a.children.size() != b.children.size()) return false;
  for (size_t i = 0; i < a.children.size(); ++i) {
    const bool named = a.id == TypeId::kStruct;
    if (named ? a.children[i] != b.children[i] : a.children[i].type != b.children[i].type) return false;
  }
  switch (a.id) {
    case TypeId::kDecimal:
      return a.precision == b.precision && a.scale == b.scale;
    case TypeId::kTime:
      return a.unit == b.unit;
    case TypeId::kTimestamp:
      return a.unit == b.unit && a.has_zone == b.has_zone;
    case TypeId::kList:
      return (a.layout == Layout::kFixed ? a.width : 0) == (b.layout == Layout::kFixed ? b.width : 0);
    case TypeId::kOther:
      return a.other_format == b.other_format;
    default:
      return true;
  }
}

std::optional<size_t> Schema::index_of(std::string_view name) const {
  for (size_t i = 0; i < fields.size(); ++i) {
    if (equals_ignore_case(fields[i].name, name)) return i;
  }
  return std::nullopt;
}

std::vector<std::string> Schema::names() const {
  std::vector<std::string> result;
  result.reserve(fields.size());
  for (const Field& field : fields) result.push_back(field.name);
  return result;
}

}  // namespace sinan::arrow
