#include "ml/lightgbm/constraints.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/strings.h"

namespace sinan::ml::lightgbm {
namespace {

constexpr std::string_view kMonotone = "monotone_constraints";
constexpr std::string_view kInteraction = "interaction_constraints";

Failure wrong(const AttributeValues& values, std::string_view attribute, std::string message, std::string hint) {
  return fail(Code::kArgument, std::move(message), std::move(hint)).at(values.span(attribute).value_or(Span{}));
}

// Features of that name, or of the column of that name.
Result<std::vector<size_t>> find_features(std::string_view name, const AttributeValues& values,
                                          std::string_view attribute, const FeatureSchema& schema) {
  std::vector<size_t> found;
  std::vector<std::string> known;
  for (const auto member : {&Feature::name, &Feature::column}) {
    for (size_t f = 0; f < schema.size() && (found.empty() || member == &Feature::column); ++f) {
      const std::string& candidate = schema.features[f].*member;
      if (std::ranges::find(known, candidate) == known.end()) known.push_back(candidate);
      if (equals_ignore_case(candidate, name)) found.push_back(f);
    }
    if (!found.empty()) return found;
  }
  const std::string near = did_you_mean(name, known);
  return wrong(values, attribute, fmt::format("{} names no feature: \"{}\"", attribute, name),
               near.empty() ? fmt::format("there are {}", join(known, ", ")) : near);
}

// "[[a, 'b c'], [d]]" as groups of names; none when it is something else.
std::optional<std::vector<std::vector<std::string>>> parse_groups(std::string_view text) {
  std::vector<std::vector<std::string>> groups;
  size_t at = 0;
  const auto skip = [&] {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r')) ++at;
  };
  const auto take = [&](char sign) {
    skip();
    if (at >= text.size() || text[at] != sign) return false;
    ++at;
    return true;
  };
  const auto name = [&] {
    skip();
    const bool is_quoted = at < text.size() && (text[at] == '\'' || text[at] == '"');
    const size_t begin = is_quoted ? at + 1 : at;
    const size_t end = std::min(is_quoted ? text.find(text[at], begin) : text.find_first_of(",[]", begin), text.size());
    at = std::min(is_quoted ? end + 1 : end, text.size());
    return std::string(is_quoted ? text.substr(begin, end - begin) : trim(text.substr(begin, end - begin)));
  };
  if (!take('[')) return std::nullopt;
  do {
    if (!take('[')) return std::nullopt;
    std::vector<std::string>& group = groups.emplace_back();
    do {
      group.push_back(name());
      if (group.back().empty()) return std::nullopt;
    } while (take(','));
    if (!take(']')) return std::nullopt;
  } while (take(','));
  if (!take(']')) return std::nullopt;
  skip();
  return at == text.size() ? std::optional(std::move(groups)) : std::nullopt;
}

}  // namespace

Result<std::string> monotone_parameter(const AttributeValues& values, const FeatureSchema& schema) {
  if (!values.given(kMonotone)) return std::string();
  std::vector<int> signs(schema.size());
  for (const std::string& text : values.strings(kMonotone)) {
    const size_t colon = text.rfind(':');
    const std::string_view sign =
        colon == std::string::npos ? std::string_view() : trim(std::string_view(text).substr(colon + 1));
    if (sign != "1" && sign != "-1" && sign != "0" && sign != "+1") {
      return wrong(values, kMonotone, fmt::format("{} is not \"name:1\" or \"name:-1\": \"{}\"", kMonotone, text),
                   "1 rises, -1 falls: monotone_constraints=[area:1, age:-1]");
    }
    for (const size_t f :
         TRY(find_features(trim(std::string_view(text).substr(0, colon)), values, kMonotone, schema))) {
      if (schema.features[f].kind == FeatureKind::kCategorical) {
        return wrong(values, kMonotone, fmt::format("a category cannot rise or fall: \"{}\"", schema.features[f].name),
                     "constrain numbers only");
      }
      signs[f] = sign == "-1" ? -1 : sign == "0" ? 0 : 1;
    }
  }
  std::string out;
  for (const int sign : signs) out += fmt::format("{}{}", out.empty() ? "monotone_constraints=" : ",", sign);
  return out;
}

Result<std::string> interaction_parameter(const AttributeValues& values, const FeatureSchema& schema) {
  if (!values.given(kInteraction)) return std::string();
  const std::string text = values.string(kInteraction);
  const auto groups = parse_groups(text);
  if (!groups) {
    return wrong(values, kInteraction, fmt::format("{} is no list of groups of names: \"{}\"", kInteraction, text),
                 "write interaction_constraints=\"[[area, rooms], [age]]\"");
  }
  std::string out;
  for (const std::vector<std::string>& group : *groups) {
    out += out.empty() ? "interaction_constraints=[" : ",[";
    bool is_first = true;
    for (const std::string& name : group) {
      for (const size_t f : TRY(find_features(name, values, kInteraction, schema))) {
        out += fmt::format("{}{}", is_first ? "" : ",", f);
        is_first = false;
      }
    }
    out += ']';
  }
  return out;
}

}  // namespace sinan::ml::lightgbm
