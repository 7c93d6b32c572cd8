#include "experiment/statements/explain_parameter.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "arrow/builder.h"
#include "base/strings.h"
#include "experiment/bound.h"
#include "experiment/compile.h"
#include "experiment/evaluator/evaluate.h"
#include "experiment/evaluator/typed_text.h"
#include "experiment/statements/definition.h"
#include "experiment/statements/lookup.h"
#include "experiment/statements/question_step.h"
#include "experiment/statements/stored_configuration.h"

namespace sinan::experiment {
namespace {

struct WrittenAttribute {
  sql::Name name;
  std::vector<WrittenValue> values;
  bool is_list = false;
};

struct Question final : flow::Parsed {
  sql::Name parameter;
  std::vector<WrittenAttribute> attributes;
  std::optional<int64_t> time;
  std::vector<std::pair<sql::Name, sql::Name>> forced;  // experiment, group
};

Result<WrittenAttribute> parse_attribute(sql::Tokens& tokens) {
  WrittenAttribute out;
  out.name = TRY(tokens.expect_name_or_string("an attribute's name"));
  TRY(tokens.expect_symbol(sql::Symbol::kEqual, "="));
  if (tokens.accept_word("NULL")) return out;
  if (!tokens.accept_symbol(sql::Symbol::kLeftBracket)) {
    out.values.push_back(TRY(parse_value(tokens)));
    return out;
  }
  out.is_list = true;
  while (!tokens.at_symbol(sql::Symbol::kRightBracket)) {
    const Span place = tokens.here();
    out.values.push_back(TRY(parse_value(tokens)));
    if (!std::holds_alternative<std::string>(out.values.back().literal.value)) {
      return fail(Code::kProgram, "a list holds strings").at(place);
    }
    if (!tokens.accept_symbol(sql::Symbol::kComma)) break;
  }
  TRY(tokens.expect_symbol(sql::Symbol::kRightBracket, "]"));
  return out;
}

// Texts of the context borrow from the question; lists from `lists`.
Context context_of(const Question& question, std::vector<std::vector<std::string_view>>& lists) {
  Context context;
  lists.reserve(question.attributes.size());
  for (const WrittenAttribute& attribute : question.attributes) {
    if (attribute.is_list) {
      std::vector<std::string_view>& list = lists.emplace_back();
      for (const WrittenValue& value : attribute.values) list.emplace_back(std::get<std::string>(value.literal.value));
      context.set(attribute.name.text, std::span<const std::string_view>(list));
    } else if (!attribute.values.empty()) {
      std::visit(
          [&]<class T>(const T& value) {
            if constexpr (std::is_same_v<T, std::string>) {
              context.set(attribute.name.text, std::string_view(value));
            } else {
              context.set(attribute.name.text, value);
            }
          },
          attribute.values.front().literal.value);
    }
  }
  if (question.time) context.at(*question.time);
  for (const auto& [experiment, group] : question.forced) context.force_group(experiment.text, group.text);
  return context;
}

// The value as text: the one that the typed getter of the parameter's type gives.
std::string value_text(const Snapshot& snapshot, const Parameter& parameter, const Context& context,
                       const Detail& detail) {
  if (detail.value == format::kNone) return to_text(parameter.fallback);
  switch (parameter.type) {
    case ValueType::kBool:
      return to_text(Value(boolean(snapshot, parameter.name, context, false)));
    case ValueType::kInt:
      return to_text(Value(integer(snapshot, parameter.name, context, 0)));
    case ValueType::kDouble:
      return to_text(Value(real(snapshot, parameter.name, context, 0)));
    case ValueType::kString:
      return to_text(Value(std::string(string(snapshot, parameter.name, context, ""))));
    case ValueType::kJson:
      return std::string(json(snapshot, parameter.name, context, ""));
  }
  std::unreachable();
}

std::string membership_text(const Snapshot& snapshot, const Membership& membership) {
  const std::string place = membership.bucket == format::kNone ? "forced" : fmt::format("bucket {}", membership.bucket);
  return fmt::format("{}: {} ({})", experiment_name(snapshot, membership), group_name(snapshot, membership), place);
}

Result<flow::Outcome> answer(const Question& question, const Configuration& configuration) {
  const Parameter& parameter = TRY(find_parameter(configuration, question.parameter));
  const auto bytes = compile(TRY(bind(configuration)), configuration.version);
  const auto snapshot = TRY(Snapshot::load(bytes));
  std::vector<std::vector<std::string_view>> lists;
  const Context context = context_of(question, lists);
  const Detail detail = evaluate(*snapshot, parameter.name, context, Access::kPrefetch);

  arrow::BatchBuilder facts({{"property", arrow::string_type()}, {"value", arrow::string_type()}});
  const auto add = [&](std::string_view property, std::string_view value) {
    facts.column(0).append(property);
    facts.column(1).append(value);
  };
  add("value", value_text(*snapshot, parameter, context, detail));
  add("reason", to_string(detail.reason));
  if (detail.decided_by.experiment != format::kNone) add("decided by", membership_text(*snapshot, detail.decided_by));
  for (uint32_t i = 0; i < detail.exposure_count; ++i) add("exposure", membership_text(*snapshot, detail.exposures[i]));
  if (detail.missing_unit) add("note", "an experiment would apply, but the context lacks its unit");
  add("configuration", fmt::format("version {}", detail.version));

  arrow::BatchBuilder path({{"step", arrow::int64_type()}, {"decision", arrow::string_type()}});
  for (const Step& step : explain(*snapshot, parameter.name, context)) {
    path.column(0).append(static_cast<int64_t>(path.rows() + 1));
    path.column(1).append(std::string_view(std::string(size_t{2} * step.depth, ' ') + step.text));
  }
  flow::Outcome outcome;
  outcome.tables.push_back({"", facts.finish()});
  outcome.tables.push_back({"Decisions", path.finish()});
  return outcome;
}

}  // namespace

flow::Help ExplainParameter::help() const {
  return {
      .summary = "Tell which value a context gets for a parameter, and why.",
      .synopsis =
          "EXPLAIN PARAMETER name FOR (attribute = value, ..) [AT 'time'] [FORCE experiment = group, ..]\n"
          "value: 'text', number, TRUE, FALSE, NULL (missing) or ['text', ..]",
      .details =
          "Asks the evaluator that services use. AT reads schedules at another time; FORCE puts the unit into a group "
          "whatever its\nbucket says. Nothing is logged.",
      .example =
          "EXPLAIN PARAMETER checkout.button_color FOR (user_id = 'u42', city = 'San Francisco', app_version = "
          "'3.4.1')"};
}

Result<std::unique_ptr<flow::Parsed>> ExplainParameter::parse(const flow::Statement&, sql::Tokens& tokens) const {
  auto out = std::make_unique<Question>();
  TRY(tokens.expect_phrase(phrase()));
  out->parameter = TRY(tokens.expect_name_or_string("a parameter's name"));
  TRY(tokens.expect_word("FOR"));
  TRY(tokens.expect_symbol(sql::Symbol::kLeftParen, "("));
  if (!tokens.at_symbol(sql::Symbol::kRightParen)) {
    do {
      out->attributes.push_back(TRY(parse_attribute(tokens)));
    } while (tokens.accept_symbol(sql::Symbol::kComma));
  }
  TRY(tokens.expect_symbol(sql::Symbol::kRightParen, ")"));
  if (tokens.accept_word("AT")) {
    const sql::Name time = TRY(tokens.expect_string("a point in time"));
    out->time = parse_timestamp(time.text);
    if (!out->time)
      return fail(Code::kProgram, fmt::format("not a point in time: '{}'", time.text),
                  "write it as '2026-11-22T09:00:00Z'")
          .at(time.span);
  }
  if (tokens.accept_word("FORCE")) {
    do {
      sql::Name experiment = TRY(tokens.expect_name_or_string("an experiment's name"));
      TRY(tokens.expect_symbol(sql::Symbol::kEqual, "="));
      out->forced.emplace_back(std::move(experiment), TRY(tokens.expect_name_or_string("a group's name")));
    } while (tokens.accept_symbol(sql::Symbol::kComma));
  }
  TRY(tokens.expect_end({"AT", "FORCE"}));
  return out;
}

Result<std::unique_ptr<flow::Step>> ExplainParameter::check(const flow::Parsed& parsed,
                                                            flow::CheckContext& context) const {
  const auto& question = static_cast<const Question&>(parsed);
  const Configuration configuration = TRY(configuration_in(context));
  TRY(find_parameter(configuration, question.parameter));
  for (const auto& [experiment, group] : question.forced) TRY(find_experiment(configuration, experiment));
  for (const WrittenAttribute& attribute : question.attributes) {
    if (configuration.attributes.contains(attribute.name.text)) continue;
    std::vector<std::string> known;
    for (const auto& [name, type] : configuration.attributes) known.push_back(name);
    std::string hint = did_you_mean(attribute.name.text, known);
    context.warn(fmt::format("no condition asks for the attribute \"{}\"{}{}", attribute.name.text,
                             hint.empty() ? "" : ": ", hint),
                 attribute.name.span);
  }
  return make_question([question](const Configuration& now) { return answer(question, now); });
}

}  // namespace sinan::experiment
