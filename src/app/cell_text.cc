#include "app/cell_text.h"

#include <fmt/format.h>

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

void append_json(std::string& out, const arrow::ColumnView& column, size_t i) {
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
      out += std::isfinite(column.as_double(i)) ? column.to_text(i) : "null";
      return;
    case TypeId::kInt8:
    case TypeId::kInt16:
    case TypeId::kInt32:
    case TypeId::kInt64:
    case TypeId::kUInt8:
    case TypeId::kUInt16:
    case TypeId::kUInt32:
    case TypeId::kUInt64:
    case TypeId::kDecimal:
      out += column.to_text(i);
      return;
    case TypeId::kList: {
      const auto [begin, end] = column.list_range(i);
      const arrow::ColumnView items = column.list_values();
      out += '[';
      for (size_t item = begin; item < end; ++item) {
        if (item > begin) out += ", ";
        append_json(out, items, item);
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
        append_json(out, keys, item);
        out += ", \"value\": ";
        append_json(out, values, item);
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
        append_json(out, column.child(member), i);
      }
      out += '}';
      return;
    }
    case TypeId::kDictionary: {
      const arrow::ColumnView values = column.dictionary();
      append_json(out, values, static_cast<size_t>(column.dictionary_index(i)));
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

}  // namespace sinan::app
