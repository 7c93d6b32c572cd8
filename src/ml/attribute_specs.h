// Makers of attribute table rows, so that a table reads as one: name, default ("" = none), range, doc, aliases.
//
//     constexpr AttributeSpec kSpecs[] = {integer("max_depth", "6", 0, 64, "deepest level of a tree"), ...};
#pragma once

#include <string_view>

#include "ml/attributes.h"

namespace sinan::ml::spec {

inline constexpr double kMostInt = 2147483647;

constexpr AttributeSpec integer(std::string_view name, std::string_view value, double min, double max,
                                std::string_view doc, std::string_view aliases = {}) {
  return {.name = name,
          .type = AttributeType::kInteger,
          .default_text = value,
          .doc = doc,
          .min = min,
          .max = max,
          .aliases = aliases};
}
constexpr AttributeSpec number(std::string_view name, std::string_view value, std::string_view doc,
                               std::string_view aliases = {}) {
  return {.name = name, .type = AttributeType::kFloat, .default_text = value, .doc = doc, .aliases = aliases};
}
constexpr AttributeSpec at_least(std::string_view name, std::string_view value, double min, std::string_view doc,
                                 std::string_view aliases = {}) {
  AttributeSpec spec = number(name, value, doc, aliases);
  spec.min = min;
  return spec;
}
constexpr AttributeSpec above(std::string_view name, std::string_view value, double min, std::string_view doc,
                              std::string_view aliases = {}) {
  AttributeSpec spec = at_least(name, value, min, doc, aliases);
  spec.min_open = true;
  return spec;
}
// From 0 to 1.
constexpr AttributeSpec rate(std::string_view name, std::string_view value, std::string_view doc,
                             std::string_view aliases = {}) {
  AttributeSpec spec = at_least(name, value, 0, doc, aliases);
  spec.max = 1;
  return spec;
}
// Above 0, at most 1.
constexpr AttributeSpec share(std::string_view name, std::string_view value, std::string_view doc,
                              std::string_view aliases = {}) {
  AttributeSpec spec = rate(name, value, doc, aliases);
  spec.min_open = true;
  return spec;
}
constexpr AttributeSpec flag(std::string_view name, std::string_view value, std::string_view doc,
                             std::string_view aliases = {}) {
  return {.name = name, .type = AttributeType::kBoolean, .default_text = value, .doc = doc, .aliases = aliases};
}
constexpr AttributeSpec choice(std::string_view name, std::string_view value, std::string_view choices,
                               std::string_view doc, std::string_view aliases = {}) {
  return {.name = name,
          .type = AttributeType::kString,
          .default_text = value,
          .doc = doc,
          .choices = choices,
          .aliases = aliases};
}
constexpr AttributeSpec text(std::string_view name, std::string_view doc, std::string_view aliases = {}) {
  return {.name = name, .type = AttributeType::kString, .doc = doc, .aliases = aliases};
}
constexpr AttributeSpec texts(std::string_view name, std::string_view doc, std::string_view aliases = {}) {
  return {.name = name, .type = AttributeType::kStringList, .doc = doc, .aliases = aliases};
}

}  // namespace sinan::ml::spec
