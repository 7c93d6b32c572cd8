#include "ml/attribute_help.h"

#include <fmt/format.h>

#include <cmath>
#include <set>
#include <vector>

#include "base/strings.h"

namespace sinan::ml {
namespace {

std::string_view type_name(AttributeType type) {
  switch (type) {
    case AttributeType::kInteger:
      return "integer";
    case AttributeType::kFloat:
      return "number";
    case AttributeType::kBoolean:
      return "boolean";
    case AttributeType::kString:
      return "text";
    case AttributeType::kQuery:
      return "query";
    case AttributeType::kIntegerList:
      return "integers";
    case AttributeType::kFloatList:
      return "numbers";
    case AttributeType::kStringList:
      return "texts";
  }
  return "";
}

// Numbers of this size are limits of a type rather than of a meaning.
constexpr double kMostMeant = 2147483647;

std::string range(const AttributeSpec& spec) {
  const bool has_least = std::isfinite(spec.min) && spec.min > -kMostMeant;
  const bool has_most = std::isfinite(spec.max) && spec.max < kMostMeant;
  if (has_least && has_most)
    return fmt::format("{}{}, {}{}", spec.min_open ? "(" : "[", spec.min, spec.max, spec.max_open ? ")" : "]");
  if (has_least) return fmt::format("{} {}", spec.min_open ? ">" : "≥", spec.min);
  return has_most ? fmt::format("≤ {}", spec.max) : "";
}

std::string joined(std::string_view words, std::string_view between) {
  std::vector<std::string> parts;
  for (const std::string_view word : split_on(words, '|')) parts.emplace_back(word);
  return join(parts, between);
}

std::string type_of(const AttributeSpec& spec) {
  if (!spec.choices.empty()) return joined(spec.choices, " | ");
  const std::string limits = range(spec);
  return fmt::format("{}{}{}", type_name(spec.type),
                     limits.starts_with('[') || limits.starts_with('(') ? " in "
                     : limits.empty()                                   ? ""
                                                                        : " ",
                     limits);
}

}  // namespace

std::string attribute_text(std::span<const AttributeSpec> specs) {
  std::string out;
  for (const AttributeSpec& spec : specs) {
    out += fmt::format("  {}: {}", spec.name, type_of(spec));
    if (!spec.default_text.empty()) out += fmt::format("; default {}", spec.default_text);
    out += fmt::format(": {}", spec.doc);
    if (!spec.aliases.empty()) out += fmt::format(" (also {})", joined(spec.aliases, ", "));
    out += '\n';
  }
  return out;
}

std::string attribute_reference(const Trainers& trainers) {
  std::string out;
  for (const auto& trainer : trainers) {
    std::set<std::string_view> seen;
    for (const std::string& estimator : trainer->estimators()) {
      std::vector<AttributeSpec> more;
      for (const AttributeSpec& spec : trainer->attributes(estimator)) {
        if (seen.insert(spec.name).second) more.push_back(spec);
      }
      if (!more.empty()) out += fmt::format("\nAttributes of {}:\n{}", estimator, attribute_text(more));
    }
  }
  return out;
}

std::string attribute_markdown(std::span<const AttributeSpec> specs,
                               const std::function<std::string(const AttributeSpec&)>& of) {
  const auto quoted = [](std::string_view words) {
    return words.empty() ? std::string() : "`" + joined(words, "`, `") + "`";
  };
  std::string out = "| attribute | type | range | default | what | also |\n|---|---|---|---|---|---|\n";
  for (const AttributeSpec& spec : specs) {
    const std::string limits = spec.name == "objective" ? "see above"
                               : !spec.choices.empty()  ? quoted(spec.choices)
                                                        : range(spec);
    out += fmt::format("| `{}` | {} | {} | {} | {}{} | {} |\n", spec.name, type_name(spec.type), limits,
                       spec.default_text, of(spec), spec.doc, quoted(spec.aliases));
  }
  return out;
}

}  // namespace sinan::ml
