// Arrow C format strings (specification, "Data type description – format strings") to types and back.
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <memory>

#include "arrow/batch.h"
#include "base/check.h"
#include "base/strings.h"

namespace sinan::arrow {
namespace {

constexpr int kMaxDepth = 64;

struct Primitive {
  std::string_view format;
  TypeId id;
  Layout layout = Layout::kPlain;
  TimeUnit unit = TimeUnit::kMicro;
};

using enum TypeId;
constexpr std::array kPrimitives = {
    Primitive{"n", kNull},
    Primitive{"b", kBool},
    Primitive{"c", kInt8},
    Primitive{"C", kUInt8},
    Primitive{"s", kInt16},
    Primitive{"S", kUInt16},
    Primitive{"i", kInt32},
    Primitive{"I", kUInt32},
    Primitive{"l", kInt64},
    Primitive{"L", kUInt64},
    Primitive{"f", kFloat},
    Primitive{"g", kDouble},
    Primitive{"u", kString},
    Primitive{"U", kString, Layout::kLarge},
    Primitive{"vu", kString, Layout::kView},
    Primitive{"z", kBinary},
    Primitive{"Z", kBinary, Layout::kLarge},
    Primitive{"vz", kBinary, Layout::kView},
    Primitive{"tdD", kDate},
    Primitive{"tdm", kTimestamp, Layout::kPlain, TimeUnit::kMilli},
    Primitive{"tts", kTime, Layout::kPlain, TimeUnit::kSecond},
    Primitive{"ttm", kTime, Layout::kPlain, TimeUnit::kMilli},
    Primitive{"ttu", kTime, Layout::kPlain, TimeUnit::kMicro},
    Primitive{"ttn", kTime, Layout::kPlain, TimeUnit::kNano},
    Primitive{"tin", kInterval},
};

template <class T>
bool parse_number(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

Failure malformed(std::string_view format) {
  return fail(Code::kData, fmt::format("malformed Arrow format \"{}\"", format));
}

Result<Type> decode_timestamp(std::string_view format) {
  Type type(kTimestamp);
  if (format.size() < 4 || format[3] != ':') return malformed(format);
  switch (format[2]) {
    case 's':
      type.unit = TimeUnit::kSecond;
      break;
    case 'm':
      type.unit = TimeUnit::kMilli;
      break;
    case 'u':
      type.unit = TimeUnit::kMicro;
      break;
    case 'n':
      type.unit = TimeUnit::kNano;
      break;
    default:
      return malformed(format);
  }
  type.has_zone = format.size() > 4;
  return type;
}

// "d:precision,scale" or "d:precision,scale,bits".
Result<Type> decode_decimal(std::string_view format) {
  const auto parts = split_on(format.substr(2), ',');
  Type type(kDecimal);
  uint32_t bits = 128;
  if (parts.size() < 2 || parts.size() > 3 || !parse_number(parts[0], type.precision) ||
      !parse_number(parts[1], type.scale) || (parts.size() == 3 && !parse_number(parts[2], bits))) {
    return malformed(format);
  }
  if (bits == 128) {
    if (type.precision == 0 || type.precision > 38) return malformed(format);
    return type;
  }
  if (bits != 32 && bits != 64 && bits != 256) return malformed(format);
  type.id = kOther;
  type.other_format = format;
  return type;
}

bool is_other(std::string_view format) {
  return format == "e" || format == "tDs" || format == "tDm" || format == "tDu" || format == "tDn" || format == "tiM" ||
         format == "tiD";
}

Result<Type> decode_flat(std::string_view format) {
  for (const Primitive& primitive : kPrimitives) {
    if (primitive.format != format) continue;
    Type type(primitive.id);
    type.layout = primitive.layout;
    type.unit = primitive.unit;
    return type;
  }
  if (format.starts_with("ts")) return decode_timestamp(format);
  if (format.starts_with("d:")) return decode_decimal(format);
  if (format.starts_with("w:")) {
    Type type(kBinary);
    type.layout = Layout::kFixed;
    if (!parse_number(format.substr(2), type.width)) return malformed(format);
    return type;
  }
  if (is_other(format)) {
    Type type(kOther);
    type.other_format = format;
    return type;
  }
  return malformed(format);
}

Result<Field> decode_field(const ArrowSchema& schema, int depth);

Result<std::vector<Field>> decode_children(const ArrowSchema& schema, int depth) {
  std::vector<Field> children;
  for (int64_t i = 0; i < schema.n_children; ++i) {
    if (!schema.children || !schema.children[i]) return malformed(schema.format);
    children.push_back(TRY(decode_field(*schema.children[i], depth + 1)));
  }
  return children;
}

Result<Type> decode_nested(const ArrowSchema& schema, int depth) {
  const std::string_view format = schema.format;
  Type type;
  type.children = TRY(decode_children(schema, depth));
  if (format == "+s") {
    type.id = kStruct;
    return type;
  }
  if (format == "+m") {  // one child, the entries: struct<key, value>
    if (type.children.size() != 1 || type.children[0].type.id != kStruct ||
        type.children[0].type.children.size() != 2) {
      return malformed(format);
    }
    std::vector<Field> entries = std::move(type.children[0].type.children);
    type.id = kMap;
    type.children = std::move(entries);
    return type;
  }
  type.id = kList;
  if (format == "+l")
    type.layout = Layout::kPlain;
  else if (format == "+L")
    type.layout = Layout::kLarge;
  else if (format.starts_with("+w:") && parse_number(format.substr(3), type.width))
    type.layout = Layout::kFixed;
  else
    return fail(Code::kUnsupported, fmt::format("Arrow format not supported: \"{}\"", format));
  if (type.children.size() != 1) return malformed(format);
  return type;
}

Result<Type> decode_type(const ArrowSchema& schema, int depth) {
  if (depth > kMaxDepth) return fail(Code::kData, "Arrow schema nested too deeply");
  if (!schema.format || schema.n_children < 0) return fail(Code::kData, "malformed Arrow schema");
  const std::string_view format = schema.format;
  if (schema.dictionary) {
    Type type(kDictionary);
    const Type index = TRY(decode_flat(format));
    if (!index.is_integer()) return malformed(format);
    type.index = index.id;
    type.children.push_back(TRY(decode_field(*schema.dictionary, depth + 1)));
    return type;
  }
  if (format.starts_with('+')) return decode_nested(schema, depth);
  return decode_flat(format);
}

Result<Field> decode_field(const ArrowSchema& schema, int depth) {
  Field field;
  field.name = schema.name ? schema.name : "";
  field.nullable = (schema.flags & ARROW_FLAG_NULLABLE) != 0;
  auto type = decode_type(schema, depth);
  if (!type) return fail(std::move(type).error()).within(fmt::format("in column \"{}\"", field.name));
  field.type = *std::move(type);
  return field;
}

std::string encode(const Type& type) {
  switch (type.id) {
    case kOther:
      return type.other_format;
    case kDecimal:
      return fmt::format("d:{},{}", type.precision, type.scale);
    case kTimestamp:
      return fmt::format("ts{}:{}", "smun"[static_cast<size_t>(type.unit)], type.has_zone ? "UTC" : "");
    case kStruct:
      return "+s";
    case kMap:
      return "+m";
    case kList:
      if (type.layout == Layout::kFixed) return fmt::format("+w:{}", type.width);
      return type.layout == Layout::kLarge ? "+L" : "+l";
    case kDictionary:
      return encode(Type(type.index));
    default:
      break;
  }
  if (type.id == kBinary && type.layout == Layout::kFixed) return fmt::format("w:{}", type.width);
  for (const Primitive& primitive : kPrimitives) {
    if (primitive.id == type.id && primitive.layout == type.layout &&
        (type.id != kTime || primitive.unit == type.unit)) {
      return std::string(primitive.format);
    }
  }
  CHECK(false && "a type without a format");
  return {};
}

Type struct_of(std::vector<Field> members) {
  Type type(kStruct);
  type.children = std::move(members);
  return type;
}

// What one exported node owns.
struct Node {
  std::string format;
  std::string name;
  std::vector<ArrowSchema> children;
  std::vector<ArrowSchema*> child_pointers;
  ArrowSchema dictionary{};
};

void release_schema(ArrowSchema* schema) {
  const std::unique_ptr<Node> node(static_cast<Node*>(schema->private_data));
  for (ArrowSchema& child : node->children) {
    if (child.release) child.release(&child);
  }
  if (node->dictionary.release) node->dictionary.release(&node->dictionary);
  schema->release = nullptr;
}

void export_field(const Field& field, ArrowSchema* out) {
  auto node = std::make_unique<Node>();
  node->format = encode(field.type);
  node->name = field.name;
  std::vector<Field> entries;
  const std::vector<Field>* children = &field.type.children;
  if (field.type.id == kMap) {
    entries.push_back({"entries", struct_of(field.type.children), false});
    children = &entries;
  }
  const bool is_dictionary = field.type.id == kDictionary;
  if (is_dictionary) {
    export_field(field.type.children[0], &node->dictionary);
  } else {
    node->children.resize(children->size());
    for (size_t i = 0; i < children->size(); ++i) export_field((*children)[i], &node->children[i]);
    for (ArrowSchema& child : node->children) node->child_pointers.push_back(&child);
  }
  *out = ArrowSchema{.format = node->format.c_str(),
                     .name = node->name.c_str(),
                     .metadata = nullptr,
                     .flags = field.nullable ? ARROW_FLAG_NULLABLE : 0,
                     .n_children = static_cast<int64_t>(node->child_pointers.size()),
                     .children = node->child_pointers.data(),
                     .dictionary = is_dictionary ? &node->dictionary : nullptr,
                     .release = release_schema,
                     .private_data = nullptr};
  out->private_data = node.release();
}

}  // namespace

Result<Schema> import_schema(const ArrowSchema& schema) {
  if (!schema.release) return fail(Code::kData, "Arrow schema was released");
  if (!schema.format || std::string_view(schema.format) != "+s" || schema.n_children < 0) {
    return fail(Code::kData, "malformed Arrow schema: not a struct");
  }
  return Schema{TRY(decode_children(schema, 0))};
}

void export_schema(const Schema& schema, ArrowSchema* out) {
  export_field({.name = "", .type = struct_of(schema.fields), .nullable = false}, out);
}

}  // namespace sinan::arrow
