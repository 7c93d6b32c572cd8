#include "experiment/test/random_configuration.h"

#include <array>
#include <cmath>

namespace sinan::experiment {
namespace {

using Kind = Condition::Kind;

template <class T, size_t N>
const T& pick(Random& random, const std::array<T, N>& from) {
  return from[random.below(N)];
}
bool chance(Random& random, uint64_t one_in) { return random.below(one_in) == 0; }

const std::array<std::string, 6> kTexts = {"a", "ab", "b", "ba", "c", ""};
const std::array<std::string, 7> kVersions = {"1.0.0", "1.2", "1.2.3-rc.1", "1.2.3-rc.2.0", "1.2.3", "2.0.0", "10.0.0"};
const std::array<std::string, 4> kTimes = {"2026-01-01T00:00:00Z", "2026-06-01T12:00:00Z", "2026-06-01T12:00:01Z",
                                           "2027-01-01T00:00:00Z"};
const std::array<std::string, 4> kAddresses = {"10.0.0.1", "10.1.0.1", "11.0.0.1", "192.168.0.1"};
const std::array<std::string, 4> kNetworks = {"10.0.0.0/8", "10.1.0.0/16", "11.0.0.1", "0.0.0.0/0"};
const std::array<std::string, 5> kLikes = {"a%", "%b", "_", "a_", "%"};
const std::array<std::string, 4> kRegexes = {"^a", "b$", "^(a|b)+$", "^.b?$"};

Literal literal_for(Random& random, AttributeType type) {
  Literal literal;
  switch (type) {
    case AttributeType::kBool:
      literal.value = chance(random, 2);
      break;
    case AttributeType::kInt:
      literal.value = static_cast<int64_t>(random.below(6)) - 1;
      break;
    case AttributeType::kDouble:
      if (chance(random, 2)) {
        literal.value = static_cast<int64_t>(random.below(3));
      } else {
        literal.value = static_cast<double>(random.below(6)) / 2;
      }
      break;
    case AttributeType::kTimestamp:
      literal.value = pick(random, kTimes);
      break;
    case AttributeType::kSemver:
      literal.value = pick(random, kVersions);
      break;
    case AttributeType::kIp:
      literal.value = pick(random, kNetworks);
      break;
    default:
      literal.value = pick(random, kTexts);
  }
  return literal;
}

Value value_for(Random& random, const Parameter& parameter) {
  switch (parameter.type) {
    case ValueType::kBool:
      return chance(random, 2);
    case ValueType::kInt:
      return static_cast<int64_t>(random.below(4));
    case ValueType::kDouble:
      return static_cast<double>(random.below(4)) / 2;
    default:
      return parameter.legal.empty() ? Value(pick(random, kTexts))
                                     : parameter.legal[random.below(parameter.legal.size())];
  }
}

Condition atom(Random& random, const std::string& subject, AttributeType type) {
  Condition result;
  result.subject = subject;
  const auto add = [&] { result.literals.push_back(literal_for(random, type)); };
  if (chance(random, 8)) {
    result.kind = Kind::kIsNull;
    return result;
  }
  if (type == AttributeType::kList) {
    result.kind = Kind::kContains;
    result.literals.emplace_back().value = pick(random, kTexts);
    return result;
  }
  if (type == AttributeType::kBool) {
    result.kind = pick(random, std::array{Kind::kHolds, Kind::kEqual, Kind::kNotEqual});
    if (result.kind != Kind::kHolds) add();
    return result;
  }
  const bool text = type == AttributeType::kString;
  switch (random.below(text ? 10 : 5)) {
    case 0:
      result.kind = Kind::kIn;
      for (uint64_t i = 1 + random.below(3); i > 0; --i) add();
      break;
    case 1:
      if (!text) {
        result.kind = Kind::kBetween;
        add();
        add();
        break;
      }
      [[fallthrough]];
    case 2:
    case 3:
    case 4:
      result.kind = pick(random, std::array{Kind::kEqual, Kind::kNotEqual, Kind::kLess, Kind::kLessEqual,
                                            Kind::kGreater, Kind::kGreaterEqual});
      add();
      break;
    case 5:
      result.kind = Kind::kLike;
      result.literals.emplace_back().value = pick(random, kLikes);
      break;
    case 6:
      result.kind = Kind::kMatches;
      result.literals.emplace_back().value = pick(random, kRegexes);
      break;
    default:
      result.kind = pick(random, std::array{Kind::kStartsWith, Kind::kEndsWith, Kind::kContains});
      add();
  }
  return result;
}

std::vector<Group> random_groups(Random& random, uint32_t buckets) {
  const uint32_t middle = 1 + static_cast<uint32_t>(random.below(buckets - 1));
  std::vector<Group> groups = {{"g1", 0, middle - 1, {}}, {"g2", middle, buckets - 1, {}}};
  if (chance(random, 2) && buckets - middle >= 2) {
    const uint32_t cut = middle + 1 + static_cast<uint32_t>(random.below(buckets - middle - 1));
    groups[1].children = {{"g21", middle, cut - 1, {}}, {"g22", cut, buckets - 1, {}}};
  }
  return groups;
}

}  // namespace

Condition random_condition(Random& random, const Configuration& configuration, int depth, int below_parameter) {
  Condition result;
  const uint64_t kind = random.below(10);
  if (depth > 0 && kind < 6) {
    result.kind = kind < 3 ? Kind::kAnd : kind < 5 ? Kind::kOr : Kind::kNot;
    const int children = result.kind == Kind::kNot ? 1 : 2;
    for (int i = 0; i < children; ++i)
      result.children.push_back(random_condition(random, configuration, depth - 1, below_parameter));
    return result;
  }
  if (kind == 9 && chance(random, 2)) {
    result.kind = chance(random, 4) ? Kind::kFalse : Kind::kTrue;
    return result;
  }
  if (kind == 8 && !configuration.segments.empty()) {
    result.kind = Kind::kSegment;
    result.subject = configuration.segments[0].name;
    return result;
  }
  if (below_parameter > 0 && kind >= 6 && kind < 8) {
    const Parameter& parameter = configuration.parameters[random.below(static_cast<uint64_t>(below_parameter))];
    return atom(random, parameter.name, attribute_type_of(parameter.type));
  }
  auto attribute = configuration.attributes.begin();
  std::advance(attribute, static_cast<ptrdiff_t>(random.below(configuration.attributes.size())));
  return atom(random, attribute->first, attribute->second);
}

Configuration random_configuration(Random& random, const RandomShape& shape) {
  Configuration c;
  c.version = 1 + random.below(100);
  c.attributes = {
      {"user", AttributeType::kString}, {"number", AttributeType::kInt},     {"flag", AttributeType::kBool},
      {"real", AttributeType::kDouble}, {"version", AttributeType::kSemver}, {"seen", AttributeType::kTimestamp},
      {"ip", AttributeType::kIp},       {"tags", AttributeType::kList},      {"city", AttributeType::kString}};
  c.segments.push_back({"some", random_condition(random, c, 1, 0)});
  for (int p = 0; p < shape.parameters; ++p) {
    Parameter parameter;
    parameter.name = "p" + std::to_string(p);
    parameter.type =
        pick(random, std::array{ValueType::kBool, ValueType::kInt, ValueType::kString, ValueType::kString});
    if (parameter.type == ValueType::kString && chance(random, 2))
      parameter.legal = {std::string("a"), std::string("b"), std::string("c")};
    parameter.fallback = value_for(random, parameter);
    if (chance(random, 3))
      parameter.rules.push_back({random_condition(random, c, shape.depth, p), value_for(random, parameter)});
    c.parameters.push_back(std::move(parameter));
  }
  for (int e = 0; e < shape.experiments; ++e) {
    Experiment experiment;
    experiment.name = "e" + std::to_string(e);
    experiment.unit = chance(random, 4)   ? std::vector<std::string>{"number", "user"}
                      : chance(random, 4) ? std::vector<std::string>{"number"}
                                          : std::vector<std::string>{"user"};
    experiment.buckets = 2 + static_cast<uint32_t>(random.below(9));
    experiment.salt = chance(random, 3) ? "shared" : "";
    if (chance(random, 6))
      experiment.scheme = pick(random, std::array{HashScheme::kEppo, HashScheme::kUnleash, HashScheme::kFlagd});
    experiment.groups = random_groups(random, experiment.buckets);
    experiment.state = chance(random, 6) ? State::kPaused : State::kRunning;
    if (shape.rollouts && chance(random, 3))
      experiment.rollout = static_cast<uint32_t>(random.below(kRolloutBuckets + 1));
    if (shape.schedules && chance(random, 4))
      experiment.schedule = {{static_cast<int64_t>(random.below(10)), std::nullopt}, {std::nullopt, 3}};
    const auto target = static_cast<int>(random.below(static_cast<uint64_t>(shape.parameters)));
    for (uint64_t b = 1 + random.below(2); b > 0; --b) {
      Branch branch;
      branch.condition = random_condition(random, c, shape.depth, target);
      for (int p = target; p < std::min(target + 2, shape.parameters); ++p) {
        if (p > target && chance(random, 2)) continue;
        const Parameter& parameter = c.parameters[static_cast<size_t>(p)];
        Treatment treatment;
        treatment.parameter = parameter.name;
        for (const char* group : {"g1", "g2", "g21"}) {
          if (std::string(group) == "g21" && experiment.groups[1].children.empty()) continue;
          if (chance(random, 4)) continue;
          treatment.by_group.emplace_back(group, value_for(random, parameter));
        }
        branch.treatments.push_back(std::move(treatment));
      }
      experiment.branches.push_back(std::move(branch));
    }
    c.experiments.push_back(std::move(experiment));
  }
  return c;
}

ModelContext random_context(Random& random) {
  ModelContext context;
  context.now = static_cast<int64_t>(random.below(12));
  const auto set = [&](const char* name, ContextValue value) {
    if (chance(random, 6)) return;
    if (chance(random, 8)) value = chance(random, 2) ? ContextValue(std::string("?!")) : ContextValue(0.25);
    context.values[name] = std::move(value);
  };
  set("user", ContextValue(chance(random, 4) ? pick(random, kTexts) : "u" + std::to_string(random.below(1000))));
  set("number", chance(random, 4) ? ContextValue(static_cast<double>(random.below(4)))
                                  : ContextValue(static_cast<int64_t>(random.below(6)) - 1));
  if (const double* d = context.values.contains("number") ? std::get_if<double>(&context.values["number"]) : nullptr;
      d != nullptr && std::floor(*d) == *d) {
    context.values["number"] = static_cast<int64_t>(*d);  // the model knows numbers of units as integers only
  }
  set("flag", ContextValue(chance(random, 2)));
  set("real", chance(random, 3) ? ContextValue(static_cast<int64_t>(random.below(3)))
                                : ContextValue(static_cast<double>(random.below(8)) / 4));
  set("version", ContextValue(pick(random, kVersions)));
  set("seen", ContextValue(pick(random, kTimes)));
  set("ip", ContextValue(pick(random, kAddresses)));
  std::vector<std::string> tags;
  for (uint64_t i = random.below(3); i > 0; --i) tags.push_back(pick(random, kTexts));
  set("tags", ContextValue(std::move(tags)));
  set("city", ContextValue(pick(random, kTexts)));
  return context;
}

Context to_context(const ModelContext& context, std::vector<std::vector<std::string_view>>& lists) {
  Context result;
  result.at(context.now);
  lists.reserve(lists.size() + context.values.size());
  for (const auto& [name, value] : context.values) {
    std::visit(
        [&]<class T>(const T& v) {
          if constexpr (std::is_same_v<T, std::vector<std::string>>) {
            lists.emplace_back(v.begin(), v.end());
            result.set(name, std::span<const std::string_view>(lists.back()));
          } else if constexpr (std::is_same_v<T, std::string>) {
            result.set(name, std::string_view(v));
          } else if constexpr (!std::is_same_v<T, std::monostate>) {
            result.set(name, v);
          }
        },
        value);
  }
  return result;
}

}  // namespace sinan::experiment
