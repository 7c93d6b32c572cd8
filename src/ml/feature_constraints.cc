#include "ml/feature_constraints.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/strings.h"

namespace sinan::ml {
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
  size_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error == std::errc() && end == name.data() + name.size() && number < schema.size()) return std::vector{number};
  const std::string near = did_you_mean(name, known);
  return wrong(values, attribute, fmt::format("{} names no feature: \"{}\"", attribute, name),
               near.empty() ? fmt::format("there are {}", join(known, ", ")) : near);
}

bool is_sign(std::string_view text) { return text == "1" || text == "-1" || text == "0" || text == "+1"; }

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

Result<std::vector<int>> monotone_signs(const AttributeValues& values, const FeatureSchema& schema) {
  if (!values.given(kMonotone)) return std::vector<int>();
  const std::vector<std::string> given = values.strings(kMonotone);
  // "(0, 1, -1)", as XGBoost writes it.
  const auto bare = [](std::string_view sign) {
    sign = trim(sign);
    if (sign.starts_with('(')) sign.remove_prefix(1);
    if (sign.ends_with(')')) sign.remove_suffix(1);
    return trim(sign);
  };
  const bool by_place = std::ranges::all_of(given, [&](const std::string& text) { return is_sign(bare(text)); });
  if (by_place && given.size() != schema.size()) {
    return wrong(values, kMonotone,
                 fmt::format("{} has {} signs for {} features", kMonotone, given.size(), schema.size()),
                 "name the features: monotone_constraints=[area:1, age:-1]");
  }
  std::vector<int> signs(schema.size());
  for (size_t i = 0; i < given.size(); ++i) {
    const size_t colon = given[i].rfind(':');
    const std::string_view sign = by_place                     ? bare(given[i])
                                  : colon == std::string::npos ? std::string_view()
                                                               : trim(std::string_view(given[i]).substr(colon + 1));
    if (!is_sign(sign)) {
      return wrong(values, kMonotone, fmt::format("{} is not \"name:1\" or \"name:-1\": \"{}\"", kMonotone, given[i]),
                   "1 rises, -1 falls: monotone_constraints=[area:1, age:-1]");
    }
    const std::vector<size_t> features =
        by_place ? std::vector<size_t>{i}
                 : TRY(find_features(trim(std::string_view(given[i]).substr(0, colon)), values, kMonotone, schema));
    for (const size_t f : features) {
      signs[f] = sign == "-1" ? -1 : sign == "0" ? 0 : 1;
      if (signs[f] == 0 || schema.features[f].kind != FeatureKind::kCategorical) continue;
      return wrong(values, kMonotone, fmt::format("a category cannot rise or fall: \"{}\"", schema.features[f].name),
                   "constrain numbers only");
    }
  }
  return signs;
}

Result<std::vector<std::vector<size_t>>> interaction_groups(const AttributeValues& values,
                                                            const FeatureSchema& schema) {
  std::vector<std::vector<size_t>> out;
  if (!values.given(kInteraction)) return out;
  const std::string text = values.string(kInteraction);
  const auto groups = parse_groups(text);
  if (!groups) {
    return wrong(values, kInteraction, fmt::format("{} is no list of groups of names: \"{}\"", kInteraction, text),
                 "write interaction_constraints=\"[[area, rooms], [age]]\"");
  }
  for (const std::vector<std::string>& names : *groups) {
    std::vector<size_t>& group = out.emplace_back();
    for (const std::string& name : names) {
      const std::vector<size_t> features = TRY(find_features(name, values, kInteraction, schema));
      group.insert(group.end(), features.begin(), features.end());
    }
  }
  return out;
}

}  // namespace sinan::ml
