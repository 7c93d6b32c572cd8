#include "experiment/statements/definition.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/json.h"
#include "base/strings.h"
#include "experiment/configuration_json.h"
#include "experiment/evaluator/typed_text.h"
#include "experiment/statements/lookup.h"

namespace sinan::experiment {
namespace {

constexpr int kMaxGroupDepth = 30;

Result<double> expect_number(sql::Tokens& tokens, std::string_view what) {
  const sql::Token token = tokens.peek();
  if (token.kind != sql::TokenKind::kNumber) return tokens.unexpected(what);
  const std::string_view text = tokens.text(token);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return tokens.error(fmt::format("not a number: {}", text));
  }
  tokens.next();
  return value;
}

Result<uint32_t> expect_count(sql::Tokens& tokens, std::string_view what) {
  const Span place = tokens.here();
  const int64_t value = TRY(tokens.expect_integer(what));
  if (value < 0 || value > UINT32_MAX) return fail(Code::kProgram, fmt::format("out of range: {}", value)).at(place);
  return static_cast<uint32_t>(value);
}

// `[0..49]`, or `[7]` for one bucket. The lexer has no such token, so the text between the brackets is read.
Result<std::pair<uint32_t, uint32_t>> parse_range(sql::Tokens& tokens) {
  const Span open = tokens.here();
  TRY(tokens.expect_symbol(sql::Symbol::kLeftBracket, "["));
  while (!tokens.at_end() && !tokens.at_symbol(sql::Symbol::kRightBracket)) tokens.next();
  const Span close = tokens.here();
  TRY(tokens.expect_symbol(sql::Symbol::kRightBracket, "]"));
  const std::string_view text = trim(sql::text_of(tokens.program(), {open.end, close.begin}));
  const auto number = [](std::string_view part) -> std::optional<uint32_t> {
    part = trim(part);
    uint32_t value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (part.empty() || error != std::errc() || end != part.data() + part.size()) return std::nullopt;
    return value;
  };
  const size_t dots = text.find("..");
  const auto first = number(text.substr(0, dots));
  const auto last = dots == std::string_view::npos ? first : number(text.substr(dots + 2));
  if (!first || !last) {
    return fail(Code::kProgram, fmt::format("not a range of buckets: [{}]", text),
                "write the first and the last bucket: [0..49]")
        .at({open.begin, close.end});
  }
  return std::pair{*first, *last};
}

Result<std::vector<Group>> parse_groups(sql::Tokens& tokens, int depth) {
  if (depth > kMaxGroupDepth) return tokens.error("groups are nested too deeply");
  std::vector<Group> groups;
  do {
    Group group;
    group.name = TRY(tokens.expect_name("a group's name")).text;
    std::tie(group.first, group.last) = TRY(parse_range(tokens));
    if (tokens.accept_symbol(sql::Symbol::kLeftParen)) {
      group.children = TRY(parse_groups(tokens, depth + 1));
      TRY(tokens.expect_symbol(sql::Symbol::kRightParen, ")"));
    }
    groups.push_back(std::move(group));
  } while (tokens.accept_symbol(sql::Symbol::kComma));
  return groups;
}

Result<WrittenTreatment> parse_treatment(sql::Tokens& tokens) {
  WrittenTreatment treatment;
  treatment.parameter = TRY(tokens.expect_name_or_string("a parameter's name"));
  TRY(tokens.expect_symbol(sql::Symbol::kEqual, "="));
  TRY(tokens.expect_phrase("CASE GROUP"));
  do {
    TRY(tokens.expect_word("WHEN"));
    sql::Name group = TRY(tokens.expect_name("a group's name"));
    TRY(tokens.expect_word("THEN"));
    treatment.by_group.emplace_back(std::move(group), TRY(parse_value(tokens)));
  } while (tokens.at_word("WHEN"));
  TRY(tokens.expect_word("END"));
  return treatment;
}

Result<uint32_t> parse_percent(sql::Tokens& tokens) {
  const Span begin = tokens.here();
  const double percent = TRY(expect_number(tokens, "a percentage"));
  TRY(tokens.expect_symbol(sql::Symbol::kPercent, "%"));
  auto rollout = rollout_from_percent(percent);
  if (!rollout) return fail(std::move(rollout).error()).at({begin.begin, tokens.last_end()});
  return *rollout;
}

Result<int64_t> parse_time(sql::Tokens& tokens) {
  const sql::Name text = TRY(tokens.expect_string("a point in time"));
  const auto time = parse_timestamp(text.text);
  if (time) return *time;
  return fail(Code::kProgram, fmt::format("not a point in time: '{}'", text.text),
              "write it as '2026-11-22T09:00:00Z' or '2026-11-22'")
      .at(text.span);
}

Result<std::vector<std::string>> parse_unit(sql::Tokens& tokens) {
  std::vector<std::string> unit;
  if (!tokens.accept_symbol(sql::Symbol::kLeftParen)) {
    unit.push_back(TRY(tokens.expect_name("the unit's attribute")).text);
    return unit;
  }
  do {
    unit.push_back(TRY(tokens.expect_name("the unit's attribute")).text);
  } while (tokens.accept_symbol(sql::Symbol::kComma));
  TRY(tokens.expect_symbol(sql::Symbol::kRightParen, ")"));
  return unit;
}

Result<HashScheme> parse_scheme(sql::Tokens& tokens) {
  const sql::Name name = TRY(tokens.expect_name_or_string("a hash scheme"));
  const uint8_t scheme = hash_scheme_named(to_lower(name.text));
  if (scheme < kHashSchemes) return static_cast<HashScheme>(scheme);
  std::vector<std::string> known;
  for (uint8_t i = 0; i < kHashSchemes; ++i) known.emplace_back(to_string(static_cast<HashScheme>(i)));
  return fail(Code::kProgram, fmt::format("unknown hash scheme: {}", name.text), "there is " + join(known, ", "))
      .at(name.span);
}

}  // namespace

Result<WrittenValue> parse_value(sql::Tokens& tokens) {
  WrittenValue out;
  out.place = tokens.here();
  if (tokens.accept_word("TRUE")) {
    out.literal.value = true;
  } else if (tokens.accept_word("FALSE")) {
    out.literal.value = false;
  } else if (tokens.peek().kind == sql::TokenKind::kString) {
    out.literal.value = TRY(tokens.expect_string("a value")).text;
  } else {
    const bool negative = tokens.accept_symbol(sql::Symbol::kMinus);
    const sql::Token token = tokens.peek();
    if (token.kind != sql::TokenKind::kNumber) return tokens.unexpected("a value: a string, a number, TRUE or FALSE");
    const std::string text = (negative ? "-" : "") + std::string(tokens.text(token));
    int64_t integer = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), integer);
    if (error == std::errc() && end == text.data() + text.size()) {
      tokens.next();
      out.literal.value = integer;
    } else {
      const double number = TRY(expect_number(tokens, "a value"));
      out.literal.value = negative ? -number : number;
    }
  }
  out.place.end = tokens.last_end();
  return out;
}

Result<std::vector<Group>> parse_groups(sql::Tokens& tokens) { return parse_groups(tokens, 1); }

Result<std::vector<WrittenBranch>> parse_branches(sql::Tokens& tokens) {
  std::vector<WrittenBranch> branches;
  do {
    WrittenBranch branch;
    if (tokens.accept_word("WHEN")) branch.condition = TRY(parse_condition(tokens));
    TRY(tokens.expect_word("SET"));
    do {
      branch.treatments.push_back(TRY(parse_treatment(tokens)));
    } while (tokens.accept_symbol(sql::Symbol::kComma));
    branches.push_back(std::move(branch));
  } while (tokens.at_word("WHEN"));
  return branches;
}

Result<WrittenRollout> parse_rollout(sql::Tokens& tokens) {
  WrittenRollout rollout;
  rollout.extent = TRY(parse_percent(tokens));
  if (tokens.accept_word("MAX")) rollout.most = TRY(parse_percent(tokens));
  return rollout;
}

Result<std::vector<Window>> parse_schedule(sql::Tokens& tokens) {
  std::vector<Window> windows;
  if (tokens.accept_word("ALWAYS")) return windows;
  do {
    Window window;
    const bool has_begin = tokens.accept_word("FROM");
    if (has_begin) window.begin = TRY(parse_time(tokens));
    if (!has_begin || tokens.at_word("TO")) {
      TRY(tokens.expect_word("TO"));
      window.end = TRY(parse_time(tokens));
    }
    windows.push_back(window);
  } while (tokens.accept_symbol(sql::Symbol::kComma));
  return windows;
}

Result<std::string> parse_reason(sql::Tokens& tokens) {
  std::string reason;
  if (tokens.accept_word("BECAUSE")) reason = TRY(tokens.expect_string("the reason")).text;
  TRY(tokens.expect_end({"BECAUSE"}));
  return reason;
}

Result<WrittenParameter> parse_parameter(sql::Tokens& tokens) {
  WrittenParameter out;
  out.name = TRY(tokens.expect_name_or_string("a parameter's name"));
  const sql::Name type = TRY(tokens.expect_name("a type: BOOL, INT, DOUBLE, STRING or JSON"));
  const auto known = value_type_named(to_lower(type.text));
  if (!known) {
    return fail(Code::kProgram, fmt::format("unknown type of a parameter: {}", type.text),
                "there is BOOL, INT, DOUBLE, STRING and JSON")
        .at(type.span);
  }
  out.type = *known;
  TRY(tokens.expect_word("DEFAULT"));
  out.fallback = TRY(parse_value(tokens));
  while (true) {
    if (tokens.accept_word("VALUES")) {
      TRY(tokens.expect_symbol(sql::Symbol::kLeftParen, "("));
      do {
        out.legal.push_back(TRY(parse_value(tokens)));
      } while (tokens.accept_symbol(sql::Symbol::kComma));
      TRY(tokens.expect_symbol(sql::Symbol::kRightParen, ")"));
    } else if (tokens.accept_word("OWNER")) {
      out.owner = TRY(tokens.expect_string("the owner")).text;
    } else if (tokens.accept_word("DESCRIPTION")) {
      out.description = TRY(tokens.expect_string("the description")).text;
    } else {
      return out;
    }
  }
}

Result<WrittenExperiment> parse_experiment(sql::Tokens& tokens) {
  WrittenExperiment out;
  Experiment& fixed = out.fixed;
  out.name = TRY(tokens.expect_name_or_string("an experiment's name"));
  fixed.name = out.name.text;
  fixed.salt = fixed.name;
  TRY(tokens.expect_phrase("ON UNIT"));
  fixed.unit = TRY(parse_unit(tokens));
  if (tokens.accept_word("BUCKETS")) fixed.buckets = TRY(expect_count(tokens, "the number of buckets"));
  if (tokens.accept_word("HASH")) fixed.scheme = TRY(parse_scheme(tokens));
  if (tokens.accept_word("SALT")) fixed.salt = TRY(tokens.expect_string("the salt")).text;
  TRY(tokens.expect_word("GROUPS"));
  fixed.groups = TRY(parse_groups(tokens));
  out.branches = TRY(parse_branches(tokens));
  while (true) {
    if (tokens.accept_word("ROLLOUT")) {
      out.rollout = TRY(parse_rollout(tokens));
    } else if (tokens.accept_word("SCHEDULE")) {
      fixed.schedule = TRY(parse_schedule(tokens));
    } else if (tokens.accept_word("OWNER")) {
      fixed.owner = TRY(tokens.expect_string("the owner")).text;
    } else if (tokens.accept_word("DESCRIPTION")) {
      fixed.description = TRY(tokens.expect_string("the description")).text;
    } else {
      break;
    }
  }
  fixed.rollout = out.rollout.extent;
  fixed.max_rollout = out.rollout.most.value_or(kRolloutBuckets);
  return out;
}

Result<Value> value_as(const WrittenValue& written, ValueType type, std::string_view parameter) {
  const auto& value = written.literal.value;
  const auto wrong = [&]() -> Result<Value> {
    return fail(Code::kProgram, fmt::format("{} is a parameter of type {}, not for the value {}", parameter,
                                            to_string(type), to_text(written.literal)))
        .at(written.place);
  };
  switch (type) {
    case ValueType::kBool:
      if (const bool* flag = std::get_if<bool>(&value)) return *flag;
      return wrong();
    case ValueType::kInt:
      if (const int64_t* integer = std::get_if<int64_t>(&value)) return *integer;
      return wrong();
    case ValueType::kDouble:
      if (const double* number = std::get_if<double>(&value)) return *number;
      if (const int64_t* integer = std::get_if<int64_t>(&value)) return static_cast<double>(*integer);
      return wrong();
    case ValueType::kString:
      if (const std::string* text = std::get_if<std::string>(&value)) return *text;
      return wrong();
    case ValueType::kJson: {
      const std::string* text = std::get_if<std::string>(&value);
      if (text == nullptr) return wrong();
      auto json = Json::parse(*text);
      if (!json)
        return fail(Code::kProgram, fmt::format("not a JSON value: {}", json.error().message)).at(written.place);
      return JsonText{json->dump()};
    }
  }
  return wrong();
}

Result<std::vector<Branch>> resolve(const std::vector<WrittenBranch>& branches, const Configuration& configuration) {
  std::vector<Branch> out;
  for (const WrittenBranch& written : branches) {
    Branch branch;
    branch.condition = written.condition;
    for (const WrittenTreatment& treatment : written.treatments) {
      const Parameter& parameter = TRY(find_parameter(configuration, treatment.parameter));
      Treatment resolved{parameter.name, {}};
      for (const auto& [group, value] : treatment.by_group) {
        resolved.by_group.emplace_back(group.text, TRY(value_as(value, parameter.type, parameter.name)));
      }
      branch.treatments.push_back(std::move(resolved));
    }
    out.push_back(std::move(branch));
  }
  return out;
}

}  // namespace sinan::experiment
