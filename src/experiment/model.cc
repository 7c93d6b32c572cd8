#include "experiment/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <ranges>

#include "experiment/evaluator/typed_text.h"

namespace sinan::experiment {
namespace {

constexpr std::array<std::string_view, 5> kValueTypes = {"bool", "int", "double", "string", "json"};
constexpr std::array<std::string_view, 8> kAttributeTypes = {"bool",      "int",    "double", "string",
                                                             "timestamp", "semver", "ip",     "list"};
constexpr std::array<std::string_view, 4> kStates = {"draft", "running", "paused", "ended"};

template <class Enum, size_t N>
std::optional<Enum> named(const std::array<std::string_view, N>& names, std::string_view name) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

void collect_leaves(const std::vector<Group>& groups, std::vector<std::string_view>& path, std::vector<Leaf>& result) {
  for (const Group& group : groups) {
    path.push_back(group.name);
    if (group.children.empty()) {
      result.push_back({group.first, group.last, path});
    } else {
      collect_leaves(group.children, path, result);
    }
    path.pop_back();
  }
}

Group* find_group(std::vector<Group>& groups, std::string_view name) {
  for (Group& group : groups) {
    if (group.name == name) return &group;
    if (Group* inner = find_group(group.children, name)) return inner;
  }
  return nullptr;
}

AttributeType type_of_literal(const Condition& condition, const Literal& literal) {
  if (std::holds_alternative<bool>(literal.value)) return AttributeType::kBool;
  if (std::holds_alternative<int64_t>(literal.value)) return AttributeType::kInt;
  if (std::holds_alternative<double>(literal.value)) return AttributeType::kDouble;
  const std::string& text = std::get<std::string>(literal.value);
  const size_t slash = text.find('/');
  if (slash != std::string::npos && parse_ip(std::string_view(text).substr(0, slash))) return AttributeType::kIp;
  const bool order = condition.kind >= Condition::Kind::kLess && condition.kind <= Condition::Kind::kBetween;
  if (order && parse_timestamp(text)) return AttributeType::kTimestamp;
  if (order && parse_semver(text)) return AttributeType::kSemver;
  return AttributeType::kString;
}

std::optional<AttributeType> inferred(const Condition& condition) {
  if (condition.kind == Condition::Kind::kHolds) return AttributeType::kBool;
  std::optional<AttributeType> result;
  for (const Literal& literal : condition.literals) {
    const AttributeType type = type_of_literal(condition, literal);
    if (result == AttributeType::kInt && type == AttributeType::kDouble) result = type;
    if (!result) result = type;
  }
  return result;
}

// Of two uses of one attribute: equality says little about a text, and whole numbers are numbers.
std::optional<AttributeType> both(AttributeType a, AttributeType b) {
  if (a == b) return a;
  if (a > b) std::swap(a, b);
  if (a == AttributeType::kInt && b == AttributeType::kDouble) return b;
  if (a == AttributeType::kString &&
      (b == AttributeType::kTimestamp || b == AttributeType::kSemver || b == AttributeType::kIp))
    return b;
  return std::nullopt;
}

}  // namespace

std::string_view to_string(ValueType type) { return kValueTypes[static_cast<size_t>(type)]; }
std::optional<ValueType> value_type_named(std::string_view name) { return named<ValueType>(kValueTypes, name); }
std::string_view to_string(AttributeType type) { return kAttributeTypes[static_cast<size_t>(type)]; }
std::optional<AttributeType> attribute_type_named(std::string_view name) {
  return named<AttributeType>(kAttributeTypes, name);
}
std::string_view to_string(State state) { return kStates[static_cast<size_t>(state)]; }
std::optional<State> state_named(std::string_view name) { return named<State>(kStates, name); }

ValueType type_of(const Value& value) { return static_cast<ValueType>(value.index()); }

std::string to_text(const Value& value) {
  if (const JsonText* json = std::get_if<JsonText>(&value)) return json->text;
  if (const bool* b = std::get_if<bool>(&value)) return to_text(Literal{*b});
  if (const int64_t* i = std::get_if<int64_t>(&value)) return to_text(Literal{*i});
  if (const double* d = std::get_if<double>(&value)) return to_text(Literal{*d});
  return to_text(Literal{std::get<std::string>(value)});
}

std::vector<Leaf> leaves(const std::vector<Group>& groups) {
  std::vector<Leaf> result;
  std::vector<std::string_view> path;
  collect_leaves(groups, path, result);
  return result;
}

const Value* value_of(const Treatment& treatment, const std::vector<std::string_view>& path) {
  for (const std::string_view group : std::views::reverse(path)) {
    const auto found =
        std::ranges::find(treatment.by_group, group, [](const auto& entry) { return std::string_view(entry.first); });
    if (found != treatment.by_group.end()) return &found->second;
  }
  return nullptr;
}

Status split_group(Experiment& experiment, std::string_view group, std::vector<Group> parts) {
  Group* found = find_group(experiment.groups, group);
  if (found == nullptr) return fail(Code::kProgram, fmt::format("unknown group \"{}\"", group));
  if (!found->children.empty())
    return fail(Code::kProgram, fmt::format("group is split already: \"{}\"", group), "split one of its parts");
  std::ranges::sort(parts, {}, &Group::first);
  uint32_t next = found->first;
  for (const Group& part : parts) {
    if (part.first != next || part.last < part.first) break;
    if (find_group(experiment.groups, part.name) != nullptr)
      return fail(Code::kProgram, fmt::format("group exists already: \"{}\"", part.name));
    next = part.last + 1;
  }
  if (parts.empty() || next != found->last + 1 || parts.back().last != found->last) {
    return fail(Code::kProgram,
                fmt::format("parts do not tile the group's buckets {} to {}: \"{}\"", found->first, found->last, group),
                "name ranges that follow each other from the first bucket to the last");
  }
  found->children = std::move(parts);
  return {};
}

Status infer_attributes(const Condition& condition, Configuration& configuration) {
  for (const Condition& child : condition.children) TRY(infer_attributes(child, configuration));
  if (condition.subject.empty() || condition.kind == Condition::Kind::kSegment) return {};
  if (std::ranges::find(configuration.parameters, condition.subject, &Parameter::name) !=
      configuration.parameters.end())
    return {};
  const auto type = inferred(condition);
  if (!type) return {};
  const auto [place, added] = configuration.attributes.try_emplace(condition.subject, *type);
  if (added) return {};
  // A list is asked with CONTAINS, as a text is: only a declaration tells them apart.
  if (place->second == AttributeType::kList && *type == AttributeType::kString) return {};
  const auto agreed = both(place->second, *type);
  if (!agreed) {
    return fail(Code::kProgram,
                fmt::format("attribute is used as {} and as {}: \"{}\"", to_string(place->second), to_string(*type),
                            condition.subject),
                "declare its type")
        .at(condition.span);
  }
  place->second = *agreed;
  return {};
}

}  // namespace sinan::experiment
