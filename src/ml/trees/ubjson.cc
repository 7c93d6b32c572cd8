#include "ml/trees/ubjson.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>

#include <fmt/format.h>

namespace sinan::ml {
namespace {

constexpr int kMaxDepth = 32;

class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  Result<ModelValue> document() {
    ModelValue value = TRY(read(TRY(marker()), 0));
    while (left() > 0 && peek() == 'N') ++at_;
    if (left() > 0) return damaged("bytes follow the document");
    return value;
  }

 private:
  size_t left() const { return bytes_.size() - at_; }
  char peek() const { return static_cast<char>(bytes_[at_]); }
  Failure damaged(std::string_view what) const {
    return fail(Code::kData, fmt::format("the model file is damaged: {} at byte {}", what, at_));
  }

  Result<char> marker() {
    while (true) {
      if (left() == 0) return damaged("it ends early");
      const char mark = static_cast<char>(bytes_[at_++]);
      if (mark != 'N') return mark;  // N: no operation
    }
  }

  template <class T>
  Result<T> big_endian() {
    if (left() < sizeof(T)) return damaged("it ends early");
    using Bits = std::conditional_t<
        sizeof(T) == 1, uint8_t,
        std::conditional_t<sizeof(T) == 2, uint16_t, std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>>>;
    Bits bits = 0;
    std::memcpy(&bits, bytes_.data() + at_, sizeof(T));
    at_ += sizeof(T);
    if constexpr (sizeof(T) == 2) bits = static_cast<Bits>(__builtin_bswap16(bits));
    if constexpr (sizeof(T) == 4) bits = __builtin_bswap32(bits);
    if constexpr (sizeof(T) == 8) bits = __builtin_bswap64(bits);
    return std::bit_cast<T>(bits);
  }

  Result<int64_t> integer(char mark) {
    switch (mark) {
      case 'i':
        return TRY(big_endian<int8_t>());
      case 'U':
        return TRY(big_endian<uint8_t>());
      case 'I':
        return TRY(big_endian<int16_t>());
      case 'l':
        return TRY(big_endian<int32_t>());
      case 'L':
        return TRY(big_endian<int64_t>());
      default:
        return damaged("an integer was expected");
    }
  }

  Result<size_t> length() {
    const int64_t value = TRY(integer(TRY(marker())));
    if (value < 0 || static_cast<uint64_t>(value) > left()) return damaged("a length is larger than the file");
    return static_cast<size_t>(value);
  }

  Result<std::string> text() {
    const size_t size = TRY(length());
    std::string out(reinterpret_cast<const char*>(bytes_.data()) + at_, size);
    at_ += size;
    return out;
  }

  // `[$type#count` and its items, packed; `count` items of at least one byte are known to be there.
  Result<ModelValue> packed(char type, size_t count) {
    const size_t width = type == 'i' || type == 'U' ? 1 : type == 'I' ? 2 : type == 'l' || type == 'd' ? 4 : 8;
    if (count > left() / width) return damaged("an array is larger than the file");
    if (type == 'd' || type == 'D') {
      std::vector<float> values(count);
      for (float& value : values)
        value = type == 'd' ? TRY(big_endian<float>()) : static_cast<float>(TRY(big_endian<double>()));
      return ModelValue(std::move(values));
    }
    std::vector<int64_t> values(count);
    for (int64_t& value : values) value = TRY(integer(type));
    return ModelValue(std::move(values));
  }

  Result<ModelValue> array(int depth) {
    if (left() == 0) return damaged("it ends early");
    char type = 0;
    if (peek() == '$') {
      ++at_;
      type = TRY(marker());
      if (left() == 0 || peek() != '#') return damaged("a typed array has no count");
    }
    if (left() > 0 && peek() == '#') {
      ++at_;
      const size_t count = TRY(length());
      if (type != 0 && std::string_view("iUIlLdD").find(type) != std::string_view::npos) return packed(type, count);
      if (type == 'T' || type == 'F' || type == 'Z') return damaged("an array of constants is not supported");
      ModelValue::Array items;
      items.reserve(std::min(count, left()));
      for (size_t i = 0; i < count; ++i) items.push_back(TRY(read(type != 0 ? type : TRY(marker()), depth + 1)));
      return ModelValue(std::move(items));
    }
    ModelValue::Array items;
    while (true) {
      const char mark = TRY(marker());
      if (mark == ']') return ModelValue(std::move(items));
      items.push_back(TRY(read(mark, depth + 1)));
    }
  }

  Result<ModelValue> object(int depth) {
    ModelValue::Object members;
    if (left() > 0 && peek() == '$') return damaged("a typed object is not supported");
    std::optional<size_t> count;
    if (left() > 0 && peek() == '#') {
      ++at_;
      count = TRY(length());
    }
    while (!count || members.size() < *count) {
      if (!count) {
        if (left() == 0) return damaged("it ends early");
        if (peek() == 'N') {
          ++at_;
          continue;
        }
        if (peek() == '}') {
          ++at_;
          break;
        }
      }
      std::string key = TRY(text());
      members.emplace_back(std::move(key), TRY(read(TRY(marker()), depth + 1)));
    }
    return ModelValue(std::move(members));
  }

  Result<ModelValue> read(char mark, int depth) {
    if (depth > kMaxDepth) return damaged("it is nested too deeply");
    switch (mark) {
      case 'Z':
        return ModelValue();
      case 'T':
        return ModelValue(true);
      case 'F':
        return ModelValue(false);
      case 'd':
        return ModelValue(static_cast<double>(TRY(big_endian<float>())));
      case 'D':
        return ModelValue(TRY(big_endian<double>()));
      case 'C':
        return ModelValue(std::string(1, static_cast<char>(TRY(big_endian<uint8_t>()))));
      case 'S':
      case 'H':
        return ModelValue(TRY(text()));
      case '[':
        return array(depth);
      case '{':
        return object(depth);
      default:
        return ModelValue(TRY(integer(mark)));
    }
  }

  std::span<const std::byte> bytes_;
  size_t at_ = 0;
};

Failure not_a(std::string_view kind, std::string_view what) {
  return fail(Code::kData, fmt::format("the model file is damaged: \"{}\" is no {}", what, kind));
}

// The integer a double stands for exactly, as far as model files have them.
std::optional<int64_t> exact_integer(double value) {
  if (!(std::abs(value) < 9e15) || std::trunc(value) != value) return std::nullopt;
  return static_cast<int64_t>(value);
}

}  // namespace

Result<ModelValue> read_ubjson(std::span<const std::byte> bytes) { return Reader(bytes).document(); }

ModelValue ModelValue::from_json(const Json& json) {
  if (json.is_bool()) return ModelValue(Data(*json.as_bool()));
  if (json.is_int()) return ModelValue(Data(*json.as_int()));
  if (json.is_number()) return ModelValue(Data(*json.as_double()));
  if (json.is_string()) return ModelValue(Data(std::string(json.string_view())));
  if (json.is_array()) {
    Array items;
    items.reserve(json.items().size());
    for (const Json& item : json.items()) items.push_back(from_json(item));
    return ModelValue(Data(std::move(items)));
  }
  if (json.is_object()) {
    Object members;
    for (const auto& [key, value] : json.members()) members.emplace_back(key, from_json(value));
    return ModelValue(Data(std::move(members)));
  }
  return {};
}

const ModelValue& ModelValue::at(std::string_view key) const {
  static const ModelValue kNull;
  if (const auto* members = std::get_if<Object>(&data_)) {
    for (const auto& [name, value] : *members)
      if (name == key) return value;
  }
  return kNull;
}

bool ModelValue::has(std::string_view key) const { return !std::holds_alternative<std::nullptr_t>(at(key).data_); }

std::string_view ModelValue::text() const {
  const auto* value = std::get_if<std::string>(&data_);
  return value != nullptr ? std::string_view(*value) : std::string_view();
}

const ModelValue::Array& ModelValue::items() const {
  static const Array kNone;
  const auto* value = std::get_if<Array>(&data_);
  return value != nullptr ? *value : kNone;
}

Result<int64_t> ModelValue::integer(std::string_view what) const {
  if (const auto* value = std::get_if<int64_t>(&data_)) return *value;
  if (const auto* value = std::get_if<bool>(&data_)) return *value ? 1 : 0;
  const double value = TRY(number(what));
  const auto whole = exact_integer(value);
  if (!whole) return not_a("integer", what);
  return *whole;
}

Result<double> ModelValue::number(std::string_view what) const {
  if (const auto* value = std::get_if<double>(&data_)) return *value;
  if (const auto* value = std::get_if<int64_t>(&data_)) return static_cast<double>(*value);
  const std::string_view digits = text();
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return not_a("number", what);
  return value;
}

Result<std::vector<float>> ModelValue::floats(std::string_view what) const {
  if (const auto* values = std::get_if<std::vector<float>>(&data_)) return *values;
  std::vector<float> out;
  if (const auto* values = std::get_if<std::vector<int64_t>>(&data_)) {
    for (const int64_t value : *values) out.push_back(static_cast<float>(value));
    return out;
  }
  if (!std::holds_alternative<Array>(data_)) return not_a("array of numbers", what);
  for (const ModelValue& item : items()) out.push_back(static_cast<float>(TRY(item.number(what))));
  return out;
}

Result<std::vector<int64_t>> ModelValue::integers(std::string_view what) const {
  if (const auto* values = std::get_if<std::vector<int64_t>>(&data_)) return *values;
  if (!std::holds_alternative<Array>(data_)) return not_a("array of integers", what);
  std::vector<int64_t> out;
  out.reserve(items().size());
  for (const ModelValue& item : items()) out.push_back(TRY(item.integer(what)));
  return out;
}

bool is_json_document(std::span<const std::byte> bytes) {
  if (bytes.size() < 2 || bytes[0] != std::byte{'{'}) return false;
  const char second = static_cast<char>(bytes[1]);
  return second == '"' || second == ' ' || second == '\n' || second == '\r' || second == '\t';
}

Result<ModelValue> read_model_document(std::span<const std::byte> bytes) {
  if (!is_json_document(bytes)) return read_ubjson(bytes);
  return ModelValue::from_json(TRY(Json::parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()})));
}

}  // namespace sinan::ml
