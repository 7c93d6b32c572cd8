#include "experiment/statements/parameters.h"

#include <fmt/format.h>

#include "experiment/statements/changes.h"
#include "experiment/statements/definition.h"
#include "experiment/statements/lookup.h"

namespace sinan::experiment {
namespace {

Result<std::vector<Value>> values_as(const std::vector<WrittenValue>& written, ValueType type,
                                     std::string_view parameter) {
  std::vector<Value> out;
  for (const WrittenValue& value : written) out.push_back(TRY(value_as(value, type, parameter)));
  return out;
}

Result<std::vector<WrittenValue>> parse_values(sql::Tokens& tokens) {
  std::vector<WrittenValue> out;
  TRY(tokens.expect_symbol(sql::Symbol::kLeftParen, "("));
  do {
    out.push_back(TRY(parse_value(tokens)));
  } while (tokens.accept_symbol(sql::Symbol::kComma));
  TRY(tokens.expect_symbol(sql::Symbol::kRightParen, ")"));
  return out;
}

using Alteration = std::function<Result<std::string>(Parameter&)>;

Result<Alteration> parse_alteration(sql::Tokens& tokens) {
  if (tokens.accept_phrase("SET DEFAULT")) {
    return [value = TRY(parse_value(tokens))](Parameter& parameter) -> Result<std::string> {
      parameter.fallback = TRY(value_as(value, parameter.type, parameter.name));
      return fmt::format("The default of {} is {}.", parameter.name, to_text(parameter.fallback));
    };
  }
  if (tokens.accept_phrase("SET VALUES")) {
    return [values = TRY(parse_values(tokens))](Parameter& parameter) -> Result<std::string> {
      parameter.legal = TRY(values_as(values, parameter.type, parameter.name));
      return fmt::format("{} takes {} values.", parameter.name, parameter.legal.size());
    };
  }
  if (tokens.accept_phrase("SET OWNER")) {
    return [owner = TRY(tokens.expect_string("the owner")).text](Parameter& parameter) -> Result<std::string> {
      parameter.owner = owner;
      return fmt::format("{} belongs to {}.", parameter.name, owner);
    };
  }
  if (tokens.accept_phrase("SET DESCRIPTION")) {
    return [text = TRY(tokens.expect_string("the description")).text](Parameter& parameter) -> Result<std::string> {
      parameter.description = text;
      return fmt::format("{}: {}", parameter.name, text);
    };
  }
  if (tokens.accept_phrase("ADD RULE WHEN")) {
    Condition condition = TRY(parse_condition(tokens));
    TRY(tokens.expect_word("THEN"));
    return [condition = std::move(condition),
            value = TRY(parse_value(tokens))](Parameter& parameter) -> Result<std::string> {
      parameter.rules.push_back({condition, TRY(value_as(value, parameter.type, parameter.name))});
      return fmt::format("Rule {} of {}: {} when {}.", parameter.rules.size(), parameter.name,
                         to_text(parameter.rules.back().value), to_text(condition));
    };
  }
  if (tokens.accept_phrase("DROP RULE")) {
    const Span place = tokens.here();
    const int64_t number = TRY(tokens.expect_integer("a rule's number"));
    return [number, place](Parameter& parameter) -> Result<std::string> {
      if (number < 1 || number > static_cast<int64_t>(parameter.rules.size())) {
        return fail(Code::kProgram,
                    fmt::format("{} has {} rules, not one with number {}", parameter.name, parameter.rules.size(),
                                number),
                    fmt::format("DESCRIBE PARAMETER {} lists them", parameter.name))
            .at(place);
      }
      parameter.rules.erase(parameter.rules.begin() + (number - 1));
      return fmt::format("{} has {} rules.", parameter.name, parameter.rules.size());
    };
  }
  return tokens.unexpected("SET DEFAULT, SET VALUES, SET OWNER, SET DESCRIPTION, ADD RULE WHEN or DROP RULE",
                           {"SET", "ADD", "DROP"});
}

// `name AS condition`
Result<Edit> parse_segment(sql::Tokens& tokens,
                           Result<std::string> (*change)(const sql::Name&, Condition, Configuration&)) {
  Edit edit;
  edit.object = TRY(tokens.expect_name_or_string("a segment's name"));
  TRY(tokens.expect_word("AS"));
  edit.apply = [name = edit.object, condition = TRY(parse_condition(tokens)), change](Configuration& configuration) {
    return change(name, condition, configuration);
  };
  return edit;
}

}  // namespace

flow::Help CreateParameter::help() const {
  return {.summary = "Declare a parameter that services read: its type, its safe default, the values it may have.",
          .synopsis =
              "CREATE PARAMETER name BOOL|INT|DOUBLE|STRING|JSON DEFAULT value\n"
              "  [VALUES (value, ..)] [OWNER 'text'] [DESCRIPTION 'text'] [BECAUSE 'text']",
          .details =
              "Code asks for a parameter's value and never names an experiment: experiments and rules change without a "
              "release.\nThe default is what everybody sees that no experiment and no rule decides for, and what a "
              "client uses "
              "that reaches\nno server. A JSON value is written as a string.",
          .example =
              "CREATE PARAMETER checkout.button_color STRING DEFAULT 'green' VALUES ('green', 'black', 'blue') OWNER "
              "'shop'"};
}

Result<Edit> CreateParameter::parse_edit(sql::Tokens& tokens) const {
  WrittenParameter written = TRY(parse_parameter(tokens));
  Edit edit;
  edit.object = written.name;
  edit.apply = [written = std::move(written)](Configuration& configuration) -> Result<std::string> {
    Parameter parameter;
    parameter.name = written.name.text;
    parameter.type = written.type;
    parameter.fallback = TRY(value_as(written.fallback, written.type, parameter.name));
    parameter.legal = TRY(values_as(written.legal, written.type, parameter.name));
    parameter.owner = written.owner;
    parameter.description = written.description;
    return add_parameter(written.name, std::move(parameter), configuration);
  };
  return edit;
}

flow::Help AlterParameter::help() const {
  return {
      .summary = "Change a parameter's default, values, owner or rules.",
      .synopsis =
          "ALTER PARAMETER name SET DEFAULT value\n"
          "ALTER PARAMETER name SET VALUES (value, ..)\n"
          "ALTER PARAMETER name SET OWNER 'text' | SET DESCRIPTION 'text'\n"
          "ALTER PARAMETER name ADD RULE WHEN condition THEN value\n"
          "ALTER PARAMETER name DROP RULE number\n"
          "each may end with BECAUSE 'text', which goes into the audit log",
      .details =
          "A rule gives a value to the contexts its condition holds for and no experiment decides over; the first that "
          "holds\ncounts. The type stays: another type is another parameter.",
      .example = "ALTER PARAMETER checkout.button_color ADD RULE WHEN country = 'FR' THEN 'blue'"};
}

Result<Edit> AlterParameter::parse_edit(sql::Tokens& tokens) const {
  Edit edit;
  edit.object = TRY(tokens.expect_name_or_string("a parameter's name"));
  edit.apply = [name = edit.object,
                alter = TRY(parse_alteration(tokens))](Configuration& configuration) -> Result<std::string> {
    return alter(TRY(find_parameter(configuration, name)));
  };
  return edit;
}

flow::Help DropParameter::help() const {
  return {.summary = "Remove a parameter that nothing uses any more.",
          .synopsis = "DROP PARAMETER name [BECAUSE 'text']",
          .details = "Refused while an experiment that has not ended sets it, or a condition asks for it.",
          .example = "DROP PARAMETER checkout.button_color BECAUSE 'the button is gone'"};
}

Result<Edit> DropParameter::parse_edit(sql::Tokens& tokens) const {
  return edit_of(TRY(tokens.expect_name_or_string("a parameter's name")), drop_parameter);
}

flow::Help CreateSegment::help() const {
  return {.summary = "Give a condition a name, to be used by other conditions.",
          .synopsis = "CREATE SEGMENT name AS condition [BECAUSE 'text']",
          .details = "Conditions ask for it as IN SEGMENT name, or NOT IN SEGMENT name.",
          .example = "CREATE SEGMENT employees AS email ENDS WITH '@example.com'"};
}

Result<Edit> CreateSegment::parse_edit(sql::Tokens& tokens) const { return parse_segment(tokens, add_segment); }

flow::Help AlterSegment::help() const {
  return {.summary = "Give a segment another condition.",
          .synopsis = "ALTER SEGMENT name AS condition [BECAUSE 'text']",
          .details = "All conditions that ask for it follow. Refused where experiments would then overlap.",
          .example = "ALTER SEGMENT employees AS email ENDS WITH '@example.com' OR email ENDS WITH '@example.org'"};
}

Result<Edit> AlterSegment::parse_edit(sql::Tokens& tokens) const { return parse_segment(tokens, set_segment); }

flow::Help DropSegment::help() const {
  return {.summary = "Remove a segment that no condition asks for.",
          .synopsis = "DROP SEGMENT name [BECAUSE 'text']",
          .details = "",
          .example = "DROP SEGMENT employees"};
}

Result<Edit> DropSegment::parse_edit(sql::Tokens& tokens) const {
  return edit_of(TRY(tokens.expect_name_or_string("a segment's name")), drop_segment);
}

}  // namespace sinan::experiment
