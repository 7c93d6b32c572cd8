// What people declare: attributes, segments, parameters and experiments, together a configuration. Plain data, as written; bind()
// (bound.h) checks it and resolves its names. A published configuration is immutable: a change is a new version.
//
// Code asks for a parameter's value and never names an experiment. An experiment is a randomisation (unit, salt, buckets, a tree
// of groups), a plan (branches: a condition, and values of parameters per group), a rollout and a schedule. Layers, holdouts,
// traffic splits and dependent features are made of these and of conditions on other parameters.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "experiment/condition.h"
#include "experiment/evaluator/assignment.h"

namespace sinan::experiment {

inline constexpr size_t kMaxNameBytes = 200;  // of names and salts

enum class ValueType : uint8_t { kBool, kInt, kDouble, kString, kJson };
std::string_view to_string(ValueType type);
std::optional<ValueType> value_type_named(std::string_view name);

// A JSON value as text. Two are equal when their canonical texts are.
struct JsonText {
  std::string text;
  friend auto operator<=>(const JsonText&, const JsonText&) = default;
};
using Value = std::variant<bool, int64_t, double, std::string, JsonText>;  // in the order of ValueType
ValueType type_of(const Value& value);
// As conditions and messages show it: 'green', 3, 2.5, true.
std::string to_text(const Value& value);

// What a context may bring. The type says how a value is compared, and which values are a type mismatch.
enum class AttributeType : uint8_t { kBool, kInt, kDouble, kString, kTimestamp, kSemver, kIp, kList };
std::string_view to_string(AttributeType type);
std::optional<AttributeType> attribute_type_named(std::string_view name);

// A named set of contexts: those that a condition holds for.
struct Segment {
  std::string name;
  Condition condition;
  friend bool operator==(const Segment&, const Segment&) = default;
};

// What is known about the world: no context has the premise and not the conclusion (a city and its country). Believed, and used only
// to prove that experiments do not compete; evaluation never asks.
struct Implication {
  std::string name;
  Condition premise;
  Condition conclusion;
  friend bool operator==(const Implication&, const Implication&) = default;
};

// A value for the contexts that the condition holds for and that no experiment decides.
struct Rule {
  Condition condition;
  Value value;
  friend bool operator==(const Rule&, const Rule&) = default;
};

struct Parameter {
  std::string name;  // [A-Za-z0-9_.-]+
  ValueType type = ValueType::kBool;
  Value fallback = false;    // the safe default, normally what a control group sees
  std::vector<Value> legal;  // empty: any value of the type
  std::vector<Rule> rules;   // the first that holds
  std::string owner;
  std::string description;
  friend bool operator==(const Parameter&, const Parameter&) = default;
};

// A contiguous range of buckets, both ends included; children tile their parent.
struct Group {
  std::string name;
  uint32_t first = 0;
  uint32_t last = 0;
  std::vector<Group> children;
  friend bool operator==(const Group&, const Group&) = default;
};

// Values of one parameter per group. A group without one has its ancestor's; without any the experiment does not touch the parameter.
struct Treatment {
  std::string parameter;
  std::vector<std::pair<std::string, Value>> by_group;
  friend bool operator==(const Treatment&, const Treatment&) = default;
};

// The first branch whose condition holds is the experiment's plan for a context.
struct Branch {
  Condition condition;
  std::vector<Treatment> treatments;
  friend bool operator==(const Branch&, const Branch&) = default;
};

// Microseconds since 1970, UTC; half-open; a missing end is unbounded.
struct Window {
  std::optional<int64_t> begin;
  std::optional<int64_t> end;
  friend bool operator==(const Window&, const Window&) = default;
};

enum class State : uint8_t {
  kDraft,    // touches nothing, holds no region
  kRunning,  // the only one that assigns
  kPaused,   // assigns nobody; keeps its region, so that resuming needs no new check
  kEnded,
};
std::string_view to_string(State state);
std::optional<State> state_named(std::string_view name);

struct Experiment {
  std::string name;
  std::vector<std::string> unit;  // one attribute, or several that together are the unit
  uint32_t buckets = 100;
  HashScheme scheme = HashScheme::kSinan;
  std::string salt;  // empty: the name; with another platform's scheme nothing
  uint32_t epoch = 1;
  std::vector<Group> groups;  // tile 0 to buckets - 1
  std::vector<Branch> branches;
  uint32_t rollout = kRolloutBuckets;      // extent in millionths
  uint32_t max_rollout = kRolloutBuckets;  // overlap is checked at this extent
  std::vector<Window> schedule;            // empty: always
  State state = State::kDraft;
  std::string owner;
  std::string description;

  const std::string& effective_salt() const { return salt.empty() && scheme == HashScheme::kSinan ? name : salt; }
  friend bool operator==(const Experiment&, const Experiment&) = default;
};

struct Configuration {
  uint64_t version = 0;
  std::map<std::string, AttributeType, std::less<>> attributes;
  std::vector<Segment> segments;
  std::vector<Implication> implications;
  std::vector<Parameter> parameters;
  std::vector<Experiment> experiments;
};

// Leaves of a group tree from left to right, each with the names from its root to itself.
struct Leaf {
  uint32_t first = 0;
  uint32_t last = 0;
  std::vector<std::string_view> path;  // borrowed from the groups
};
std::vector<Leaf> leaves(const std::vector<Group>& groups);
// Of the group that the path leads to from its root: its own or its nearest ancestor's. Null when it has none. Borrowed.
const Value* value_of(const Treatment& treatment, const std::vector<std::string_view>& path);

// Cuts a group without children into `parts`, which must tile it: no unit outside it moves, and none changes value, since the
// parts inherit. kProgram when the group is unknown, has children already, or is not tiled.
Status split_group(Experiment& experiment, std::string_view group, std::vector<Group> parts);

// Adds the attributes that a condition uses and that are neither declared nor parameters, by what they are compared with: a
// version, a point in time or an address when the text reads as one and order or CIDR is asked for, else the literal's type. Two
// uses that do not agree are an error (kProgram).
Status infer_attributes(const Condition& condition, Configuration& configuration);

}  // namespace sinan::experiment
