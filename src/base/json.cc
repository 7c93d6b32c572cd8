#include "base/json.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <cmath>
#include <iterator>
#include <limits>

#include "base/strings.h"

namespace sinan {
namespace {

constexpr size_t kMaxDepth = 128;

Json convert(simdjson::dom::element element) {
  using simdjson::dom::element_type;
  switch (element.type()) {
    case element_type::NULL_VALUE:
      return nullptr;
    case element_type::BOOL:
      return bool{element};
    case element_type::INT64:
      return int64_t{element};
    case element_type::UINT64:
      return uint64_t{element};
    case element_type::DOUBLE:
      return double{element};
    case element_type::STRING:
      return std::string_view{element};
    case element_type::ARRAY: {
      const simdjson::dom::array source(element);
      Json::Array items;
      items.reserve(source.size());
      for (const auto item : source) items.push_back(convert(item));
      return items;
    }
    case element_type::OBJECT: {
      const simdjson::dom::object source(element);
      Json::Object members;
      members.reserve(source.size());
      for (const auto member : source) members.emplace_back(std::string(member.key), convert(member.value));
      return members;
    }
  }
  return nullptr;
}

std::string_view kind_of(const Json& value) {
  if (value.is_null()) return "null";
  if (value.is_bool()) return "a boolean";
  if (value.is_int()) return "an integer";
  if (value.is_number()) return "a number with a fraction";
  if (value.is_string()) return "a string";
  return value.is_array() ? "an array" : "an object";
}

Failure expected(std::string_view what, const Json& found) {
  return fail(Code::kData, fmt::format("JSON value of the wrong type: expected {}, found {}", what, kind_of(found)));
}

bool needs_escape(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

void write_escape(std::string& out, char c) {
  switch (c) {
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    case '"':
    case '\\':
      out += {'\\', c};
      break;
    default:
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", int{c});
  }
}

void write_quoted(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const size_t valid = find_invalid_utf8(text).value_or(text.size());
    // Most text is plain: it is copied in stretches.
    for (std::string_view left = text.substr(0, valid); !left.empty();) {
      const auto plain = static_cast<size_t>(std::ranges::find_if(left, needs_escape) - left.begin());
      out += left.substr(0, plain);
      if (plain == left.size()) break;
      write_escape(out, left[plain]);
      left.remove_prefix(plain + 1);
    }
    if (valid == text.size()) break;
    out += "\uFFFD";  // JSON is UTF-8: a stray byte becomes the replacement character
    text.remove_prefix(valid + 1);
  }
  out += '"';
}

void write_double(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  const size_t start = out.size();
  fmt::format_to(std::back_inserter(out), "{}", number);
  if (out.find_first_of(".e", start) == std::string::npos) out += ".0";  // so that it reads back as a double
}

class Writer {
 public:
  Writer(std::string& out, bool indented) : out_(out), indented_(indented) {}

  void write(const Json& value) {
    if (value.is_null())
      out_ += "null";
    else if (value.is_bool())
      out_ += *value.as_bool() ? "true" : "false";
    else if (value.is_int())
      fmt::format_to(std::back_inserter(out_), "{}", *value.as_int());
    else if (value.is_number())
      write_double(out_, *value.as_double());
    else if (value.is_string())
      write_quoted(out_, value.string_view());
    else if (value.is_array())
      write_array(value.items());
    else
      write_object(value.members());
  }

 private:
  void write_array(const Json::Array& items) {
    bool flat = true;
    for (const Json& item : items) flat = flat && !item.is_array() && !item.is_object();
    const bool broken = indented_ && !flat;
    out_ += '[';
    ++depth_;
    for (size_t i = 0; i < items.size(); ++i) {
      separate(i, broken, indented_);
      write(items[i]);
    }
    --depth_;
    if (broken) new_line();
    out_ += ']';
  }

  void write_object(const Json::Object& members) {
    out_ += '{';
    ++depth_;
    for (size_t i = 0; i < members.size(); ++i) {
      separate(i, indented_, indented_);
      write_quoted(out_, members[i].first);
      out_ += indented_ ? ": " : ":";
      write(members[i].second);
    }
    --depth_;
    if (indented_ && !members.empty()) new_line();
    out_ += '}';
  }

  void separate(size_t index, bool broken, bool spaced) {
    if (index > 0) out_ += ',';
    if (broken)
      new_line();
    else if (index > 0 && spaced)
      out_ += ' ';
  }

  void new_line() {
    out_ += '\n';
    out_.append(2 * depth_, ' ');
  }

  std::string& out_;
  const bool indented_;
  size_t depth_ = 0;
};

}  // namespace

Json::Json(uint64_t value) {
  if (value <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
    value_ = static_cast<int64_t>(value);
  else
    value_ = static_cast<double>(value);
}

Result<Json> Json::parse(std::string_view text) {
  simdjson::dom::parser parser;
  if (const auto error = parser.allocate(text.size(), kMaxDepth)) {
    return fail(Code::kExhausted, fmt::format("cannot read JSON: {}", simdjson::error_message(error)));
  }
  simdjson::dom::element root;
  if (const auto error = parser.parse(text.data(), text.size()).get(root)) {
    return fail(Code::kData, fmt::format("not valid JSON: {}", simdjson::error_message(error)));
  }
  return convert(root);
}

Result<bool> Json::as_bool() const {
  if (const bool* value = std::get_if<bool>(&value_)) return *value;
  return expected("a boolean", *this);
}

Result<int64_t> Json::as_int() const {
  if (const int64_t* value = std::get_if<int64_t>(&value_)) return *value;
  return expected("an integer", *this);
}

Result<double> Json::as_double() const {
  if (const double* value = std::get_if<double>(&value_)) return *value;
  if (const int64_t* value = std::get_if<int64_t>(&value_)) return static_cast<double>(*value);
  return expected("a number", *this);
}

Result<std::string> Json::as_string() const {
  if (const auto* value = std::get_if<std::string>(&value_)) return *value;
  return expected("a string", *this);
}

std::string_view Json::string_view() const {
  const auto* value = std::get_if<std::string>(&value_);
  return value ? std::string_view(*value) : std::string_view();
}

const Json::Array& Json::items() const {
  static const Array kNone;
  const auto* items = std::get_if<Array>(&value_);
  return items ? *items : kNone;
}

const Json::Object& Json::members() const {
  static const Object kNone;
  const auto* members = std::get_if<Object>(&value_);
  return members ? *members : kNone;
}

const Json* Json::find(std::string_view key) const {
  for (const Member& member : members()) {
    if (member.first == key) return &member.second;
  }
  return nullptr;
}

const Json& Json::at(std::string_view key) const {
  static const Json kNull;
  const Json* value = find(key);
  return value ? *value : kNull;
}

void Json::set(std::string key, Json value) {
  if (is_null()) value_ = Object();
  auto& members = std::get<Object>(value_);
  for (Member& member : members) {
    if (member.first == key) {
      member.second = std::move(value);
      return;
    }
  }
  members.emplace_back(std::move(key), std::move(value));
}

void Json::push_back(Json value) {
  if (is_null()) value_ = Array();
  std::get<Array>(value_).push_back(std::move(value));
}

std::string Json::dump() const {
  std::string out;
  Writer(out, false).write(*this);
  return out;
}

std::string Json::dump_indented() const {
  std::string out;
  Writer(out, true).write(*this);
  return out;
}

std::string json_quote(std::string_view text) {
  std::string out;
  write_quoted(out, text);
  return out;
}

}  // namespace sinan
