// The definitions of parameters and experiments as a program writes them: CREATE PARAMETER, CREATE EXPERIMENT and the parts of
// them that ALTER takes. Values keep their places until the parameter's type is known. Pure functions; errors are kProgram.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "experiment/model.h"
#include "sql/tokens.h"

namespace sinan::experiment {

struct WrittenValue {
  Literal literal;
  Span place;
};

struct WrittenTreatment {
  sql::Name parameter;
  std::vector<std::pair<sql::Name, WrittenValue>> by_group;
};

struct WrittenBranch {
  Condition condition;
  std::vector<WrittenTreatment> treatments;
};

struct WrittenRollout {
  uint32_t extent = kRolloutBuckets;
  std::optional<uint32_t> most;
};

struct WrittenParameter {
  sql::Name name;
  ValueType type = ValueType::kBool;
  WrittenValue fallback;
  std::vector<WrittenValue> legal;
  std::string owner;
  std::string description;
};

struct WrittenExperiment {
  sql::Name name;
  Experiment fixed;  // unit, buckets, scheme, salt, groups, schedule, owner, description
  std::vector<WrittenBranch> branches;
  WrittenRollout rollout;
};

Result<WrittenValue> parse_value(sql::Tokens& tokens);
Result<WrittenParameter> parse_parameter(sql::Tokens& tokens);    // behind CREATE PARAMETER
Result<WrittenExperiment> parse_experiment(sql::Tokens& tokens);  // behind CREATE EXPERIMENT

// `[WHEN condition] SET parameter = CASE GROUP .. END, ..`, once or more.
Result<std::vector<WrittenBranch>> parse_branches(sql::Tokens& tokens);
// `name [first..last] (child [..], ..), ..`
Result<std::vector<Group>> parse_groups(sql::Tokens& tokens);
// `5%` or `5% MAX 50%`
Result<WrittenRollout> parse_rollout(sql::Tokens& tokens);
// `ALWAYS`, or `FROM 'time' [TO 'time'], ..` in UTC.
Result<std::vector<Window>> parse_schedule(sql::Tokens& tokens);
// The reason for the audit log, if one is given: `BECAUSE 'text'`; then the statement's end.
Result<std::string> parse_reason(sql::Tokens& tokens);

// A written value as one of the parameter's type. Errors at its place.
Result<Value> value_as(const WrittenValue& written, ValueType type, std::string_view parameter);
// Errors at the place of a name that is no parameter, and of a value that is not of its type.
Result<std::vector<Branch>> resolve(const std::vector<WrittenBranch>& branches, const Configuration& configuration);

}  // namespace sinan::experiment
