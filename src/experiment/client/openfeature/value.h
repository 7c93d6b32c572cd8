// Values of OpenFeature: what flags have, and what contexts and events carry. Value types.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace sinan::openfeature {

struct DateTime {
  int64_t micros = 0;  // since 1970, UTC
  friend bool operator==(const DateTime&, const DateTime&) = default;
};

class Value {
 public:
  using List = std::vector<Value>;
  using Structure = std::map<std::string, Value, std::less<>>;

  Value() = default;  // null
  Value(bool value) : value_(value) {}
  Value(int value) : value_(int64_t{value}) {}
  Value(int64_t value) : value_(value) {}
  Value(double value) : value_(value) {}
  Value(std::string value) : value_(std::move(value)) {}
  Value(std::string_view value) : value_(std::string(value)) {}
  Value(const char* value) : value_(std::string(value)) {}
  Value(DateTime value) : value_(value) {}
  Value(List value) : value_(std::move(value)) {}
  Value(Structure value) : value_(std::move(value)) {}

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  // bool, int64_t, double, std::string, DateTime, List or Structure; null when it is another.
  template <class T>
  const T* get_if() const {
    return std::get_if<T>(&value_);
  }
  template <class Visitor>
  auto visit(Visitor&& visitor) const {
    return std::visit(std::forward<Visitor>(visitor), value_);
  }
  friend bool operator==(const Value&, const Value&) = default;

 private:
  std::variant<std::monostate, bool, int64_t, double, std::string, DateTime, List, Structure> value_;
};
using Structure = Value::Structure;

// Who asks: a key and attributes by name.
struct EvaluationContext {
  std::optional<std::string> targeting_key = {};
  Structure attributes = {};

  bool is_empty() const { return !targeting_key && attributes.empty(); }
  // What `over` has takes precedence.
  void merge(const EvaluationContext& over);
  friend bool operator==(const EvaluationContext&, const EvaluationContext&) = default;
};

// Flat, as OpenFeature has it.
using Metadata = std::map<std::string, std::variant<bool, int64_t, double, std::string>, std::less<>>;

}  // namespace sinan::openfeature
