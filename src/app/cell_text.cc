#include "app/cell_text.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "base/json.h"

namespace sinan::app {

std::string escape_controls(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool is_c1 = byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (byte == '\n') {
      result += "\\n";
    } else if (byte == '\t') {
      result += "\\t";
    } else if (byte == '\r') {
      result += "\\r";
    } else if (byte < 0x20 || byte == 0x7f) {
      result += fmt::format("\\x{:02x}", byte);
    } else if (is_c1) {
      result += fmt::format("\\u{:04x}", static_cast<unsigned char>(text[++i]));
    } else {
      result += text[i];
    }
  }
  return result;
}

std::string cell_text(const arrow::ColumnView& column, size_t i) { return escape_controls(column.to_text(i)); }

bool is_number(const arrow::Type& type) { return type.is_numeric(); }

namespace {

std::string_view type_name(arrow::TypeId id) {
  constexpr std::array<std::string_view, 24> kNames = {
      "null",   "bool",      "int8",     "int16",  "int32",   "int64",  "uint8",      "uint16",
      "uint32", "uint64",    "float",    "double", "decimal", "string", "binary",     "date",
      "time",   "timestamp", "interval", "list",   "struct",  "map",    "dictionary", "other"};
  static_assert(kNames.size() == static_cast<size_t>(arrow::TypeId::kOther) + 1);
  return kNames[static_cast<size_t>(id)];
}

std::string_view unit_name(arrow::TimeUnit unit) {
  constexpr std::array<std::string_view, 4> kNames = {"s", "ms", "us", "ns"};
  return kNames[static_cast<size_t>(unit)];
}

void append_value(std::string& out, const arrow::ColumnView& column, size_t i, bool exact) {
  using arrow::TypeId;
  if (column.is_null(i)) {
    out += "null";
    return;
  }
  switch (column.type().id) {
    case TypeId::kNull:
      out += "null";
      return;
    case TypeId::kBool:
      out += column.as_bool(i) ? "true" : "false";
      return;
    case TypeId::kFloat:
    case TypeId::kDouble:
      if (std::isfinite(column.as_double(i)))
        out += column.to_text(i);
      else
        out += exact ? json_quote(column.to_text(i)) : "null";
      return;
    case TypeId::kInt8:
    case TypeId::kInt16:
    case TypeId::kInt32:
    case TypeId::kInt64:
    case TypeId::kUInt8:
    case TypeId::kUInt16:
    case TypeId::kUInt32:
    case TypeId::kUInt64:
      out += column.to_text(i);
      return;
    case TypeId::kDecimal:
      out += exact ? json_quote(column.to_text(i)) : column.to_text(i);
      return;
    case TypeId::kList: {
      const auto [begin, end] = column.list_range(i);
      const arrow::ColumnView items = column.list_values();
      out += '[';
      for (size_t item = begin; item < end; ++item) {
        if (item > begin) out += ", ";
        append_value(out, items, item, exact);
      }
      out += ']';
      return;
    }
    case TypeId::kMap: {
      const auto [begin, end] = column.list_range(i);
      const arrow::ColumnView keys = column.child(0), values = column.child(1);
      out += '[';
      for (size_t item = begin; item < end; ++item) {
        out += item > begin ? ", {\"key\": " : "{\"key\": ";
        append_value(out, keys, item, exact);
        out += ", \"value\": ";
        append_value(out, values, item, exact);
        out += '}';
      }
      out += ']';
      return;
    }
    case TypeId::kStruct: {
      out += '{';
      for (size_t member = 0; member < column.type().children.size(); ++member) {
        if (member > 0) out += ", ";
        out += json_quote(column.type().children[member].name);
        out += ": ";
        append_value(out, column.child(member), i, exact);
      }
      out += '}';
      return;
    }
    case TypeId::kDictionary: {
      const arrow::ColumnView values = column.dictionary();
      append_value(out, values, static_cast<size_t>(column.dictionary_index(i)), exact);
      return;
    }
    case TypeId::kString:
      out += json_quote(column.string(i));
      return;
    default:
      out += json_quote(column.to_text(i));
      return;
  }
}

}  // namespace

void append_json(std::string& out, const arrow::ColumnView& column, size_t i) { append_value(out, column, i, false); }

void append_exact_json(std::string& out, const arrow::ColumnView& column, size_t i) {
  append_value(out, column, i, true);
}

Json field_json(const arrow::Field& field) {
  using arrow::TypeId;
  const arrow::Type& type = field.type;
  Json json = Json::object({{"name", field.name}, {"type", type_name(type.id)}});
  if (type.id == TypeId::kDecimal) {
    json.set("precision", static_cast<int64_t>(type.precision));
    json.set("scale", static_cast<int64_t>(type.scale));
  }
  if (type.id == TypeId::kTime || type.id == TypeId::kTimestamp) json.set("unit", unit_name(type.unit));
  if (type.has_zone) json.set("zone", true);
  if (type.id == TypeId::kList) json.set("items", field_json(type.children[0]));
  if (type.id == TypeId::kDictionary) json.set("values", field_json(type.children[0]));
  if (type.id == TypeId::kMap) {
    json.set("key", field_json(type.children[0]));
    json.set("value", field_json(type.children[1]));
  }
  if (type.id == TypeId::kStruct) {
    Json::Array fields;
    for (const arrow::Field& child : type.children) fields.push_back(field_json(child));
    json.set("fields", Json(std::move(fields)));
  }
  return json;
}

}  // namespace sinan::app
