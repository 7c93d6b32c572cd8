#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/json.h"
#include "base/strings.h"
#include "experiment/bind_condition.h"
#include "experiment/bound.h"
#include "sql/tokens.h"

namespace sinan::experiment {
namespace {

bool is_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto fits = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-'; };
  return !name.empty() && name.size() <= kMaxNameBytes && letter(name[0]) && std::ranges::all_of(name, fits) &&
         name.find("--") == std::string_view::npos;
}

Status check_name(std::string_view what, std::string_view name) {
  if (!is_name(name)) {
    return fail(Code::kProgram, fmt::format("{} has an unusable name: \"{}\"", what, name),
                "letters, digits, `_`, `.` and `-`, beginning with a letter");
  }
  constexpr std::string_view kWords[] = {"TRUE", "FALSE", "IN", "IS", "NULL"};
  const bool word = std::ranges::any_of(kWords, [&](std::string_view w) { return equals_ignore_case(w, name); });
  if (word || sql::is_reserved_in_clause(name)) {
    return fail(Code::kProgram, fmt::format("{} has the name of a reserved word: \"{}\"", what, name));
  }
  return {};
}

Status check_value(const Parameter& parameter, const Value& value) {
  if (type_of(value) != parameter.type) {
    return fail(Code::kProgram, fmt::format("value of {} parameter \"{}\" has the wrong type: {}",
                                            to_string(parameter.type), parameter.name, to_text(value)));
  }
  if (const double* real = std::get_if<double>(&value); real != nullptr && !std::isfinite(*real)) {
    return fail(Code::kProgram, fmt::format("value of parameter \"{}\" is not finite", parameter.name));
  }
  if (const JsonText* json = std::get_if<JsonText>(&value)) {
    auto parsed = Json::parse(json->text);
    if (!parsed)
      return fail(std::move(parsed).error()).within(fmt::format("in a value of parameter {}", parameter.name));
  }
  if (parameter.legal.empty() || std::ranges::find(parameter.legal, value) != parameter.legal.end()) return {};
  std::vector<std::string> legal;
  for (const Value& one : parameter.legal) legal.push_back(to_text(one));
  return fail(Code::kProgram, fmt::format("illegal value of parameter \"{}\": {}", parameter.name, to_text(value)),
              fmt::format("legal are {}", join(legal, ", ")));
}

// Groups of one level: in order, without gap or overlap, from `first` to `last`.
Status check_tiling(const std::vector<Group>& groups, uint32_t first, uint32_t last,
                    std::set<std::string_view>& names) {
  uint32_t next = first;
  for (const Group& group : groups) {
    TRY(check_name("group", group.name));
    if (!names.insert(group.name).second)
      return fail(Code::kProgram, fmt::format("group is there twice: \"{}\"", group.name));
    if (names.size() > kMaxGroups) return fail(Code::kProgram, fmt::format("more than {} groups", kMaxGroups));
    if (group.last < group.first) {
      return fail(Code::kProgram, fmt::format("buckets of a group are in the wrong order: \"{}\" [{}..{}]", group.name,
                                              group.first, group.last));
    }
    if (group.first < next) {
      return fail(Code::kProgram,
                  fmt::format("buckets overlap: \"{}\" begins at {}, which is taken up to {}", group.name, group.first,
                              next - 1),
                  "groups stand in the order of their buckets");
    }
    if (group.first > next) {
      return fail(Code::kProgram,
                  fmt::format("buckets are in no group: {} to {}, before \"{}\"", next, group.first - 1, group.name));
    }
    if (group.last > last) {
      return fail(Code::kProgram,
                  fmt::format("buckets reach beyond {}: \"{}\" [{}..{}]", last, group.name, group.first, group.last));
    }
    if (!group.children.empty()) TRY(check_tiling(group.children, group.first, group.last, names));
    next = group.last + 1;
  }
  if (next != last + 1) return fail(Code::kProgram, fmt::format("buckets are in no group: {} to {}", next, last));
  return {};
}

class Binder {
 public:
  explicit Binder(const Configuration& configuration) : configuration_(configuration) {
    names_.subject = [this](std::string_view name) { return subject(name); };
    names_.type = [this](Subject s) { return type(s); };
    names_.segment = [this](std::string_view name) {
      const auto found = segments_.find(name);
      return found == segments_.end() ? nullptr : found->second;
    };
    names_.known = [this] {
      std::vector<std::string> known;
      for (const BoundAttribute& attribute : bound_.attributes) known.emplace_back(attribute.name);
      for (const Parameter& parameter : configuration_.parameters) known.push_back(parameter.name);
      return known;
    };
  }

  Result<Bound> bind() {
    TRY(declare());
    for (const Segment& segment : configuration_.segments) {
      Condition use;
      use.kind = Condition::Kind::kSegment;
      use.subject = segment.name;
      TRY(bind_condition(use, names_));
    }
    for (const Parameter& parameter : configuration_.parameters) {
      auto done = bind_parameter(parameter);
      if (!done) return fail(std::move(done).error()).within(fmt::format("in parameter {}", parameter.name));
    }
    for (const Experiment& experiment : configuration_.experiments) {
      auto done = bind_experiment(experiment);
      if (!done) return fail(std::move(done).error()).within(fmt::format("in experiment {}", experiment.name));
    }
    for (const Implication& implication : configuration_.implications) {
      auto done = bind_implication(implication);
      if (!done) return fail(std::move(done).error()).within(fmt::format("in implication {}", implication.name));
    }
    TRY(check_circles());
    return std::move(bound_);
  }

 private:
  std::optional<Subject> subject(std::string_view name) const {
    if (const auto found = parameters_.find(name); found != parameters_.end()) return Subject{true, found->second};
    if (const auto found = attributes_.find(name); found != attributes_.end()) return Subject{false, found->second};
    return std::nullopt;
  }
  std::optional<AttributeType> type(Subject subject) const {
    if (!subject.is_parameter) return bound_.attributes[subject.index].type;
    const ValueType type = configuration_.parameters[subject.index].type;
    if (type == ValueType::kJson) return std::nullopt;
    return attribute_type_of(type);
  }

  Status declare() {
    for (const auto& [name, type] : configuration_.attributes) {
      TRY(check_name("attribute", name));
      attributes_[name] = static_cast<uint32_t>(bound_.attributes.size());
      bound_.attributes.push_back({name, type});
    }
    for (const Segment& segment : configuration_.segments) {
      TRY(check_name("segment", segment.name));
      if (!segments_.emplace(segment.name, &segment).second)
        return fail(Code::kProgram, fmt::format("segment is there twice: \"{}\"", segment.name));
    }
    for (const Parameter& parameter : configuration_.parameters) {
      TRY(check_name("parameter", parameter.name));
      if (attributes_.contains(parameter.name)) {
        return fail(Code::kProgram,
                    fmt::format("name is that of an attribute and of a parameter: \"{}\"", parameter.name));
      }
      if (!parameters_.emplace(parameter.name, static_cast<uint32_t>(parameters_.size())).second) {
        return fail(Code::kProgram, fmt::format("parameter is there twice: \"{}\"", parameter.name));
      }
    }
    std::set<std::string_view> implications;
    for (const Implication& implication : configuration_.implications) {
      TRY(check_name("implication", implication.name));
      if (!implications.insert(implication.name).second)
        return fail(Code::kProgram, fmt::format("implication is there twice: \"{}\"", implication.name));
    }
    std::set<std::string_view> experiments;
    for (const Experiment& experiment : configuration_.experiments) {
      TRY(check_name("experiment", experiment.name));
      if (!experiments.insert(experiment.name).second)
        return fail(Code::kProgram, fmt::format("experiment is there twice: \"{}\"", experiment.name));
    }
    return {};
  }

  uint32_t intern(const Value& value) {
    const auto [place, added] = values_.try_emplace(value, static_cast<uint32_t>(bound_.values.size()));
    if (added) bound_.values.push_back(value);
    return place->second;
  }

  Status bind_parameter(const Parameter& parameter) {
    for (const Value& value : parameter.legal) {
      Parameter any = {.name = parameter.name, .type = parameter.type};
      TRY(check_value(any, value));
    }
    TRY(check_value(parameter, parameter.fallback));
    BoundParameter result;
    result.source = &parameter;
    result.fallback = intern(parameter.fallback);
    const AttributeType type = attribute_type_of(parameter.type);
    result.domain = parameter.legal.empty() ? ValueSet::values(type) : set_of(type, parameter.legal);
    for (const Rule& rule : parameter.rules) {
      TRY(check_value(parameter, rule.value));
      result.rules.push_back({TRY(bind_condition(rule.condition, names_)), intern(rule.value)});
    }
    bound_.parameters.push_back(std::move(result));
    return {};
  }

  Status check_numbers(const Experiment& experiment) {
    if (experiment.buckets < 1 || experiment.buckets > kMaxBuckets) {
      return fail(Code::kProgram,
                  fmt::format("number of buckets must be from 1 to {}: {}", kMaxBuckets, experiment.buckets));
    }
    const uint32_t required = required_buckets(experiment.scheme);
    if (required != 0 && experiment.buckets != required) {
      return fail(Code::kProgram,
                  fmt::format("{} has {} buckets, not {}", to_string(experiment.scheme), required, experiment.buckets));
    }
    if (experiment.max_rollout > kRolloutBuckets) return fail(Code::kProgram, "rollout is more than 100 %");
    if (experiment.rollout > experiment.max_rollout)
      return fail(Code::kProgram, "rollout is more than its declared maximum");
    if (experiment.salt.size() > kMaxNameBytes)
      return fail(Code::kProgram, fmt::format("salt is longer than {} bytes", kMaxNameBytes));
    for (const Window& window : experiment.schedule) {
      if (window.begin && window.end && *window.end <= *window.begin)
        return fail(Code::kProgram, "window of the schedule ends before it begins");
    }
    return {};
  }

  Status bind_unit(const Experiment& experiment, BoundExperiment& result) {
    if (experiment.unit.empty())
      return fail(Code::kProgram, "experiment has no unit", "name the attribute that is assigned: ON UNIT user_id");
    if (experiment.unit.size() > kMaxUnitAttributes)
      return fail(Code::kProgram, fmt::format("unit has more than {} attributes", kMaxUnitAttributes));
    for (const std::string& name : experiment.unit) {
      const auto found = attributes_.find(name);
      if (found == attributes_.end()) {
        return fail(Code::kProgram, fmt::format("unit is no declared attribute: \"{}\"", name),
                    did_you_mean(name, names_.known()));
      }
      const AttributeType type = bound_.attributes[found->second].type;
      if (type != AttributeType::kString && type != AttributeType::kInt) {
        return fail(Code::kProgram,
                    fmt::format("unit must be a string or an int, and \"{}\" is {}", name, to_string(type)));
      }
      result.unit.push_back(found->second);
    }
    return {};
  }

  Result<BoundTreatment> bind_treatment(const Treatment& treatment, const BoundExperiment& experiment,
                                        const std::set<std::string_view>& groups) {
    const auto found = parameters_.find(treatment.parameter);
    if (found == parameters_.end()) {
      return fail(Code::kProgram, fmt::format("unknown parameter \"{}\"", treatment.parameter),
                  did_you_mean(treatment.parameter, names_.known()));
    }
    std::map<std::string_view, uint32_t> by_group;
    for (const auto& [group, value] : treatment.by_group) {
      if (!groups.contains(group)) {
        std::vector<std::string> known(groups.begin(), groups.end());
        return fail(Code::kProgram, fmt::format("unknown group \"{}\"", group), did_you_mean(group, known));
      }
      TRY(check_value(configuration_.parameters[found->second], value));
      if (!by_group.emplace(group, intern(value)).second) {
        return fail(Code::kProgram, fmt::format("group has two values of \"{}\": \"{}\"", treatment.parameter, group));
      }
    }
    BoundTreatment result;
    result.parameter = found->second;
    for (const Leaf& leaf : experiment.leaves) {
      uint32_t value = kNoValue;
      for (const std::string_view name : leaf.path) {
        if (const auto own = by_group.find(name); own != by_group.end()) value = own->second;
      }
      result.by_leaf.push_back(value);
    }
    return result;
  }

  Status bind_experiment(const Experiment& experiment) {
    BoundExperiment result;
    result.source = &experiment;
    TRY(check_numbers(experiment));
    TRY(bind_unit(experiment, result));
    std::set<std::string_view> groups;
    TRY(check_tiling(experiment.groups, 0, experiment.buckets - 1, groups));
    result.leaves = leaves(experiment.groups);
    std::set<uint32_t> sets;
    for (const Branch& branch : experiment.branches) {
      BoundBranch bound;
      bound.when = TRY(bind_condition(branch.condition, names_));
      std::set<uint32_t> own;
      for (const Treatment& treatment : branch.treatments) {
        bound.treatments.push_back(TRY(bind_treatment(treatment, result, groups)));
        const uint32_t parameter = bound.treatments.back().parameter;
        if (!own.insert(parameter).second)
          return fail(Code::kProgram, fmt::format("branch sets a parameter twice: \"{}\"", treatment.parameter));
        sets.insert(parameter);
      }
      result.branches.push_back(std::move(bound));
    }
    if (holds_region(experiment.state)) {
      for (const uint32_t parameter : sets) {
        bound_.parameters[parameter].experiments.push_back(static_cast<uint32_t>(bound_.experiments.size()));
      }
    }
    bound_.experiments.push_back(std::move(result));
    return {};
  }

  Status bind_implication(const Implication& implication) {
    BoundImplication result = {&implication, TRY(bind_condition(implication.premise, names_)),
                               TRY(bind_condition(implication.conclusion, names_))};
    std::set<uint32_t> reads;
    collect_reads(result.premise, reads);
    collect_reads(result.conclusion, reads);
    if (!reads.empty()) {
      return fail(Code::kProgram,
                  fmt::format("an implication is about attributes, and this is a parameter: \"{}\"",
                              configuration_.parameters[*reads.begin()].name),
                  "what parameters depend on is known from their experiments and rules");
    }
    bound_.implications.push_back(std::move(result));
    return {};
  }

  static void collect_reads(const Predicate& predicate, std::set<uint32_t>& reads) {
    if (predicate.kind == Predicate::Kind::kAtom && predicate.subject.is_parameter)
      reads.insert(predicate.subject.index);
    for (const Predicate& child : predicate.children) collect_reads(child, reads);
  }

  // Which parameters decide over each: the ones that its rules and its experiments' branches test. Drafts count, so that starting
  // one closes no circle.
  std::vector<std::set<uint32_t>> dependencies() const {
    std::vector<std::set<uint32_t>> result(bound_.parameters.size());
    for (size_t p = 0; p < result.size(); ++p) {
      for (const BoundRule& rule : bound_.parameters[p].rules) collect_reads(rule.when, result[p]);
    }
    for (const BoundExperiment& experiment : bound_.experiments) {
      if (experiment.source->state == State::kEnded) continue;
      std::set<uint32_t> reads;
      for (const BoundBranch& branch : experiment.branches) collect_reads(branch.when, reads);
      if (reads.empty()) continue;
      for (const BoundBranch& branch : experiment.branches) {
        for (const BoundTreatment& treatment : branch.treatments)
          result[treatment.parameter].insert(reads.begin(), reads.end());
      }
    }
    return result;
  }

  Status check_circles() {
    const auto needs = dependencies();
    std::vector<size_t> depth(needs.size());  // 0: not visited
    std::vector<uint32_t> open;
    for (uint32_t p = 0; p < needs.size(); ++p) TRY(visit(p, needs, depth, open));
    return {};
  }

  Status visit(uint32_t parameter, const std::vector<std::set<uint32_t>>& needs, std::vector<size_t>& depth,
               std::vector<uint32_t>& open) {
    if (depth[parameter] != 0) return {};
    const auto begin = std::ranges::find(open, parameter);
    if (begin != open.end()) {
      std::string circle;
      for (auto at = begin; at != open.end(); ++at) circle += configuration_.parameters[*at].name + " → ";
      return fail(Code::kProgram, fmt::format("parameters depend on each other in a circle: {}{}", circle,
                                              configuration_.parameters[parameter].name));
    }
    // An open parameter is one level of recursion: bounded, as a chain longer than the limit is refused here already.
    if (open.size() >= kMaxParameterDepth) {
      return fail(Code::kProgram,
                  fmt::format("more than {} parameters decide over each other in a chain", kMaxParameterDepth));
    }
    open.push_back(parameter);
    size_t deepest = 0;
    for (const uint32_t need : needs[parameter]) {
      TRY(visit(need, needs, depth, open));
      deepest = std::max(deepest, depth[need]);
    }
    open.pop_back();
    depth[parameter] = deepest + 1;
    if (depth[parameter] > kMaxParameterDepth) {
      return fail(Code::kProgram,
                  fmt::format("more than {} parameters decide over each other in a chain", kMaxParameterDepth));
    }
    return {};
  }

  const Configuration& configuration_;
  Names names_;
  Bound bound_;
  std::map<std::string_view, uint32_t> attributes_;
  std::map<std::string_view, uint32_t> parameters_;
  std::map<std::string_view, const Segment*> segments_;
  std::map<Value, uint32_t> values_;
};

}  // namespace

Result<Bound> bind(const Configuration& configuration) { return Binder(configuration).bind(); }

std::string_view name_of(const Bound& bound, Subject subject) {
  return subject.is_parameter ? std::string_view(bound.parameters[subject.index].source->name)
                              : bound.attributes[subject.index].name;
}

}  // namespace sinan::experiment
