// Attribute tables: what a WITH clause may say. One row an attribute; the table feeds checks, completion, --help and docs.
//
//     constexpr AttributeSpec kSpecs[] = {{"max_depth", AttributeType::kInteger, "6", "deepest level of a tree", 0, 64}};
//     auto values = TRY(check_attributes(train.attributes, kSpecs));
//     int64_t depth = values.integer("max_depth");
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "sql/clause.h"

namespace sinan::flow {

enum class AttributeType : uint8_t {
  kInteger,
  kFloat,
  kBoolean,
  kString,
  kQuery,
  kIntegerList,
  kFloatList,
  kStringList
};

struct AttributeSpec {
  std::string_view name = {};
  AttributeType type = AttributeType::kString;
  std::string_view default_text = {};  // "" = none
  std::string_view doc = {};           // one line
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  bool min_open = false;  // the bound itself is not allowed
  bool max_open = false;
  std::string_view choices = {};  // "gain|weight|cover"
  std::string_view aliases = {};  // "learning_rate|xgboost.eta"
  bool mandatory = false;
};

class AttributeValues {
 public:
  bool given(std::string_view name) const;
  std::optional<Span> span(std::string_view name) const;  // of the value
  // The value given or the default; CHECK when the attribute has neither or another type.
  int64_t integer(std::string_view name) const;
  double number(std::string_view name) const;
  bool boolean(std::string_view name) const;
  std::string string(std::string_view name) const;
  std::vector<std::string> strings(std::string_view name) const;
  std::vector<double> numbers(std::string_view name) const;  // of both kinds of number lists
  Json to_json() const;                                      // effective values of the given ones, canonical names

  // Gives or replaces a value, which must have been checked: a trial's. CHECK on the name.
  void set(std::string_view name, Json value, Span span);
  void unset(std::string_view name);  // the default again

 private:
  friend Result<AttributeValues> check_attributes(std::span<const sql::Attribute>, std::span<const AttributeSpec>,
                                                  std::string_view, std::span<const AttributeSpec>);
  const AttributeSpec& spec(std::string_view name) const;
  Json value(const AttributeSpec& spec) const;  // given or default; null when neither

  struct Entry {
    const AttributeSpec* spec;
    Json value;
    Span span;
  };
  std::vector<Entry> given_;
  std::span<const AttributeSpec> specs_;
};

// Errors (kArgument, at the attribute): unknown name (nearest), wrong type ("expected an integer, got 'abc'"), out of range
// (the range), given twice or under two aliases, mandatory one missing. Names compare without case. `owner` is named in
// messages: "xgboost.gbtree". An unknown name may also be a misspelt one of `elsewhere`, which is checked by somebody else.
Result<AttributeValues> check_attributes(std::span<const sql::Attribute> given, std::span<const AttributeSpec> specs,
                                         std::string_view owner, std::span<const AttributeSpec> elsewhere = {});

// The row of that name or alias, compared without case; null = there is none.
const AttributeSpec* find_attribute(std::span<const AttributeSpec> specs, std::string_view name);
// One value by itself: type, range, choices, as above. Errors: kArgument, at the value.
Result<Json> check_attribute_value(const sql::Expr& value, const AttributeSpec& spec);

}  // namespace sinan::flow
