#include "flow/attributes.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/check.h"
#include "base/strings.h"

namespace sinan::flow {
namespace {

using sql::Expr;

std::string_view expectation(AttributeType type) {
  switch (type) {
    case AttributeType::kInteger:
      return "an integer";
    case AttributeType::kFloat:
      return "a number";
    case AttributeType::kBoolean:
      return "TRUE or FALSE";
    case AttributeType::kString:
      return "a text";
    case AttributeType::kQuery:
      return "a query in quotes";
    case AttributeType::kIntegerList:
      return "a list of integers";
    case AttributeType::kFloatList:
      return "a list of numbers";
    case AttributeType::kStringList:
      return "a list of texts";
  }
  return "";
}

AttributeType item_type(AttributeType list) {
  switch (list) {
    case AttributeType::kIntegerList:
      return AttributeType::kInteger;
    case AttributeType::kFloatList:
      return AttributeType::kFloat;
    default:
      return AttributeType::kString;
  }
}

bool is_list(AttributeType type) {
  return type == AttributeType::kIntegerList || type == AttributeType::kFloatList || type == AttributeType::kStringList;
}

std::optional<int64_t> parse_integer(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

// -x, for parsers that keep the sign apart.
std::optional<std::string> literal_text(const Expr& expr) {
  if (expr.is(Expr::Kind::kInteger) || expr.is(Expr::Kind::kFloat)) return expr.text;
  if (expr.is(Expr::Kind::kUnary) && expr.text == "-" && expr.items.size() == 1) {
    if (auto inner = literal_text(expr.items[0]); inner && !inner->starts_with('-')) return "-" + *inner;
  }
  return std::nullopt;
}

std::optional<Json> scalar(const Expr& expr, AttributeType type) {
  switch (type) {
    case AttributeType::kInteger:
      if (auto text = literal_text(expr)) {
        if (auto value = parse_integer(*text)) return Json(*value);
      }
      return std::nullopt;
    case AttributeType::kFloat:
      if (auto text = literal_text(expr)) {
        if (auto value = parse_number(*text)) return Json(*value);
      }
      return std::nullopt;
    case AttributeType::kBoolean:
      if (expr.is(Expr::Kind::kBoolean)) return Json(expr.text == "true");
      if (expr.is(Expr::Kind::kInteger) && (expr.text == "0" || expr.text == "1")) return Json(expr.text == "1");
      return std::nullopt;
    case AttributeType::kQuery:
      if (expr.is(Expr::Kind::kString)) return Json(expr.text);
      return std::nullopt;
    default:
      if (expr.is(Expr::Kind::kString) || expr.is(Expr::Kind::kName)) return Json(expr.text);
      return std::nullopt;
  }
}

// What stands in the program, for "got ...".
std::string shown(const Expr& expr) {
  if (expr.is(Expr::Kind::kString)) return fmt::format("'{}'", expr.text);
  return sql::to_string(expr);
}

// The default of a spec, or a given "a,b" text, as JSON.
Json json_of_text(std::string_view text, AttributeType type) {
  if (is_list(type)) {
    Json list = Json::array();
    for (std::string_view part : split_on(text, ',')) {
      if (!trim(part).empty()) list.push_back(json_of_text(trim(part), item_type(type)));
    }
    return list;
  }
  switch (type) {
    case AttributeType::kInteger:
      return Json(parse_integer(text).value_or(0));
    case AttributeType::kFloat:
      return Json(parse_number(text).value_or(0));
    case AttributeType::kBoolean:
      return Json(text == "true");
    default:
      return Json(text);
  }
}

std::string range_text(const AttributeSpec& spec) {
  const bool below = std::isfinite(spec.min);
  const bool above = std::isfinite(spec.max);
  if (below && above) {
    return fmt::format("{}{}, {}{}", spec.min_open ? "(" : "[", spec.min, spec.max, spec.max_open ? ")" : "]");
  }
  if (below) return fmt::format("{} {}", spec.min_open ? "above" : "at least", spec.min);
  return fmt::format("{} {}", spec.max_open ? "below" : "at most", spec.max);
}

bool in_range(double value, const AttributeSpec& spec) {
  if (spec.min_open ? value <= spec.min : value < spec.min) return false;
  return spec.max_open ? value < spec.max : value <= spec.max;
}

Status check_value(const Json& value, const AttributeSpec& spec, Span place) {
  if (value.is_array()) {
    for (const Json& item : value.items()) TRY(check_value(item, spec, place));
    return {};
  }
  if (value.is_number() && !in_range(value.as_double().value(), spec)) {
    return fail(Code::kArgument,
                fmt::format("attribute \"{}\" is out of range: {}", spec.name, value.as_double().value()),
                fmt::format("it must be {}{}",
                            range_text(spec).starts_with('[') || range_text(spec).starts_with('(') ? "in " : "",
                            range_text(spec)))
        .at(place);
  }
  if (value.is_string() && !spec.choices.empty()) {
    std::vector<std::string> choices;
    for (std::string_view choice : split_on(spec.choices, '|')) choices.emplace_back(choice);
    const bool known = std::ranges::any_of(choices, [&](const std::string& c) { return c == value.string_view(); });
    if (!known) {
      const std::string near = did_you_mean(value.string_view(), choices);
      return fail(Code::kArgument, fmt::format("attribute \"{}\" cannot be \"{}\"", spec.name, value.string_view()),
                  near.empty() ? fmt::format("it can be {}", join(choices, ", ")) : near)
          .at(place);
    }
  }
  return {};
}

Result<Json> convert(const Expr& expr, const AttributeSpec& spec) {
  const auto wrong_type = [&](const Expr& where) {
    return fail(Code::kArgument,
                fmt::format("attribute \"{}\" has the wrong type: expected {}, got {}", spec.name,
                            expectation(spec.type), shown(where)),
                std::string(spec.doc))
        .at(where.span);
  };
  if (!is_list(spec.type)) {
    auto value = scalar(expr, spec.type);
    if (!value) return wrong_type(expr);
    return *value;
  }
  if (!expr.is(Expr::Kind::kList)) {
    auto value = scalar(expr, item_type(spec.type));
    if (!value) return wrong_type(expr);
    if (value->is_string()) return json_of_text(value->string_view(), spec.type);
    return Json::array({*value});
  }
  Json list = Json::array();
  for (const Expr& item : expr.items) {
    auto value = scalar(item, item_type(spec.type));
    // Among texts a number is the text that it is written as.
    if (const auto text = literal_text(item); !value && text && spec.type == AttributeType::kStringList)
      value = Json(*text);
    if (!value) return wrong_type(item);
    list.push_back(*std::move(value));
  }
  return list;
}

std::vector<std::string> all_names(std::span<const AttributeSpec> specs) {
  std::vector<std::string> names;
  for (const AttributeSpec& spec : specs) {
    names.emplace_back(spec.name);
    if (spec.aliases.empty()) continue;
    for (std::string_view alias : split_on(spec.aliases, '|')) names.emplace_back(alias);
  }
  return names;
}

}  // namespace

const AttributeSpec* find_attribute(std::span<const AttributeSpec> specs, std::string_view name) {
  for (const AttributeSpec& spec : specs) {
    if (equals_ignore_case(spec.name, name)) return &spec;
  }
  for (const AttributeSpec& spec : specs) {
    if (spec.aliases.empty()) continue;
    for (std::string_view alias : split_on(spec.aliases, '|')) {
      if (equals_ignore_case(alias, name)) return &spec;
    }
  }
  return nullptr;
}

Result<Json> check_attribute_value(const Expr& value, const AttributeSpec& spec) {
  Json converted = TRY(convert(value, spec));
  TRY(check_value(converted, spec, value.span));
  return converted;
}

bool AttributeValues::given(std::string_view name) const {
  return std::ranges::any_of(given_, [&](const Entry& entry) { return entry.spec->name == name; });
}

std::optional<Span> AttributeValues::span(std::string_view name) const {
  for (const Entry& entry : given_) {
    if (entry.spec->name == name) return entry.span;
  }
  return std::nullopt;
}

const AttributeSpec& AttributeValues::spec(std::string_view name) const {
  const auto found = std::ranges::find(specs_, name, &AttributeSpec::name);
  CHECK(found != specs_.end());
  return *found;
}

Json AttributeValues::value(const AttributeSpec& spec) const {
  for (const Entry& entry : given_) {
    if (entry.spec == &spec) return entry.value;
  }
  if (spec.default_text.empty() && !is_list(spec.type)) return nullptr;
  return json_of_text(spec.default_text, spec.type);
}

int64_t AttributeValues::integer(std::string_view name) const {
  const Json found = value(spec(name));
  CHECK(found.is_int());
  return found.as_int().value();
}

double AttributeValues::number(std::string_view name) const {
  const Json found = value(spec(name));
  CHECK(found.is_number());
  return found.as_double().value();
}

bool AttributeValues::boolean(std::string_view name) const {
  const Json found = value(spec(name));
  CHECK(found.is_bool());
  return found.as_bool().value();
}

// A text without a default is empty.
std::string AttributeValues::string(std::string_view name) const {
  const Json found = value(spec(name));
  CHECK(found.is_string() || found.is_null());
  return std::string(found.string_view());
}

std::vector<std::string> AttributeValues::strings(std::string_view name) const {
  const Json found = value(spec(name));
  CHECK(found.is_array());
  std::vector<std::string> out;
  for (const Json& item : found.items()) out.emplace_back(item.string_view());
  return out;
}

std::vector<double> AttributeValues::numbers(std::string_view name) const {
  const Json found = value(spec(name));
  CHECK(found.is_array());
  std::vector<double> out;
  for (const Json& item : found.items()) out.push_back(item.as_double().value());
  return out;
}

Json AttributeValues::to_json() const {
  Json out = Json::object();
  for (const Entry& entry : given_) out.set(std::string(entry.spec->name), entry.value);
  return out;
}

void AttributeValues::set(std::string_view name, Json value, Span span) {
  unset(name);
  given_.push_back({&spec(name), std::move(value), span});
}

void AttributeValues::unset(std::string_view name) {
  std::erase_if(given_, [&](const Entry& entry) { return entry.spec->name == name; });
}

Result<AttributeValues> check_attributes(std::span<const sql::Attribute> given, std::span<const AttributeSpec> specs,
                                         std::string_view owner, std::span<const AttributeSpec> elsewhere) {
  AttributeValues values;
  values.specs_ = specs;
  std::vector<std::string_view> spelled;  // of each entry, as the user wrote it
  for (const sql::Attribute& attribute : given) {
    const AttributeSpec* spec = find_attribute(specs, attribute.name);
    if (spec == nullptr) {
      std::vector<std::string> known = all_names(specs);
      for (std::string& name : all_names(elsewhere)) known.push_back(std::move(name));
      return fail(Code::kArgument, fmt::format("unknown attribute of {}: \"{}\"", owner, attribute.name),
                  did_you_mean(attribute.name, known))
          .at(attribute.name_span);
    }
    for (size_t i = 0; i < values.given_.size(); ++i) {
      if (values.given_[i].spec != spec) continue;
      const bool same = equals_ignore_case(spelled[i], attribute.name);
      return fail(Code::kArgument,
                  same ? fmt::format("attribute is given twice: \"{}\"", attribute.name)
                       : fmt::format("attribute is given under two names: \"{}\" and \"{}\"", spelled[i],
                                     attribute.name),
                  "keep one of them")
          .at(attribute.name_span);
    }
    Json value = TRY(check_attribute_value(attribute.value, *spec));
    values.given_.push_back({spec, std::move(value), attribute.value.span});
    spelled.push_back(attribute.name);
  }
  for (const AttributeSpec& spec : specs) {
    if (!spec.mandatory || values.given(spec.name)) continue;
    return fail(Code::kArgument, fmt::format("attribute of {} is missing: \"{}\"", owner, spec.name),
                std::string(spec.doc));
  }
  return values;
}

}  // namespace sinan::flow
