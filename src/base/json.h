// JSON as a value. Parsing is simdjson's (strict, depth at most 128); objects keep their order. Integers that fit int64
// stay integers; doubles are written in the shortest form that reads back equal; NaN and infinities are written as
// null.
//
//     auto doc = TRY(Json::parse(text));
//     int64_t version = TRY(doc.at("version").as_int());
//     Json out = Json::object({{"code", "not_found"}, {"line", 3}});
//     out.dump();
//
// Thread-safe as a value type is. Errors: Code::kData with what was expected and what is there; the caller names the
// document with within().
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"

namespace sinan {

class Json {
 public:
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Object = std::vector<Member>;

  Json() = default;  // null
  Json(std::nullptr_t) {}
  Json(bool value) : value_(value) {}
  Json(int value) : value_(static_cast<int64_t>(value)) {}
  Json(unsigned value) : value_(static_cast<int64_t>(value)) {}
  Json(int64_t value) : value_(value) {}
  Json(uint64_t value);  // as double above 2^63 - 1
  Json(double value) : value_(value) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(const char* value) : value_(std::string(value)) {}
  Json(Array value) : value_(std::move(value)) {}
  Json(Object value) : value_(std::move(value)) {}

  static Json array(std::initializer_list<Json> items = {}) { return Json(Array(items)); }
  static Json object(std::initializer_list<Member> members = {}) { return Json(Object(members)); }
  static Result<Json> parse(std::string_view text);

  bool is_null() const { return std::holds_alternative<std::nullptr_t>(value_); }
  bool is_bool() const { return std::holds_alternative<bool>(value_); }
  bool is_int() const { return std::holds_alternative<int64_t>(value_); }
  bool is_number() const { return is_int() || std::holds_alternative<double>(value_); }
  bool is_string() const { return std::holds_alternative<std::string>(value_); }
  bool is_array() const { return std::holds_alternative<Array>(value_); }
  bool is_object() const { return std::holds_alternative<Object>(value_); }

  Result<bool> as_bool() const;
  Result<int64_t> as_int() const;
  Result<double> as_double() const;  // integers too
  Result<std::string> as_string() const;
  std::string_view string_view() const;  // borrowed; empty when this is not a string
  // Empty when this is not an array / object: check with is_array() where the difference matters.
  const Array& items() const;
  const Object& members() const;

  const Json* find(std::string_view key) const;
  // The member, or a null value when absent; chaining is safe: doc.at("a").at("b").as_int().
  const Json& at(std::string_view key) const;
  void set(std::string key, Json value);  // replaces or appends; turns null into an object
  void push_back(Json value);             // turns null into an array

  std::string dump() const;           // one line
  std::string dump_indented() const;  // two spaces; arrays of scalars stay on one line
  friend bool operator==(const Json&, const Json&) = default;

 private:
  std::variant<std::nullptr_t, bool, int64_t, double, std::string, Array, Object> value_ = nullptr;
};

// The text as a JSON string with its quotes.
std::string json_quote(std::string_view text);

}  // namespace sinan
