#include "experiment/statements/experiment_check.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "experiment/statements/publish.h"

namespace sinan::experiment {
namespace {

using Names = std::set<std::string, std::less<>>;

struct Subjects {
  Names names;  // of attributes and parameters
  Names segments;
};

void add(const Condition& condition, Subjects& subjects) {
  if (!condition.subject.empty()) {
    (condition.kind == Condition::Kind::kSegment ? subjects.segments : subjects.names).insert(condition.subject);
  }
  for (const Condition& child : condition.children) add(child, subjects);
}

bool sets_any(const Experiment& experiment, const Names& parameters) {
  return std::ranges::any_of(experiment.branches, [&](const Branch& branch) {
    return std::ranges::any_of(branch.treatments,
                               [&](const Treatment& treatment) { return parameters.contains(treatment.parameter); });
  });
}

// The parameters that `subjects` name, the experiments that decide over them, what all of these test, and so on.
Configuration closure(const Configuration& whole, Subjects subjects) {
  for (const Implication& each : whole.implications) {
    add(each.premise, subjects);
    add(each.conclusion, subjects);
  }
  std::vector<bool> experiments(whole.experiments.size());
  for (size_t known = ~size_t{0}; known != subjects.names.size() + subjects.segments.size();) {
    known = subjects.names.size() + subjects.segments.size();
    for (size_t i = 0; i < experiments.size(); ++i) {
      const Experiment& each = whole.experiments[i];
      if (experiments[i] || !holds_region(each.state) || !sets_any(each, subjects.names)) continue;
      experiments[i] = true;
      for (const Branch& branch : each.branches) {
        add(branch.condition, subjects);
        for (const Treatment& treatment : branch.treatments) subjects.names.insert(treatment.parameter);
      }
    }
    for (const Parameter& each : whole.parameters) {
      if (!subjects.names.contains(each.name)) continue;
      for (const Rule& rule : each.rules) add(rule.condition, subjects);
    }
    for (const Segment& each : whole.segments) {
      if (subjects.segments.contains(each.name)) add(each.condition, subjects);
    }
  }
  Configuration part;
  part.version = whole.version;
  part.attributes = whole.attributes;
  part.implications = whole.implications;
  std::ranges::copy_if(whole.segments, std::back_inserter(part.segments),
                       [&](const Segment& each) { return subjects.segments.contains(each.name); });
  std::ranges::copy_if(whole.parameters, std::back_inserter(part.parameters),
                       [&](const Parameter& each) { return subjects.names.contains(each.name); });
  for (size_t i = 0; i < experiments.size(); ++i) {
    if (experiments[i]) part.experiments.push_back(whole.experiments[i]);
  }
  return part;
}

}  // namespace

Verdict ExperimentCheck::verdict() const {
  const auto is = [&](Verdict verdict) { return std::ranges::find(pairs, verdict, &Overlap::verdict) != pairs.end(); };
  return is(Verdict::kOverlap) ? Verdict::kOverlap : is(Verdict::kUnknown) ? Verdict::kUnknown : Verdict::kDisjoint;
}

Result<ExperimentCheck> check_experiment(const Configuration& configuration, Experiment experiment) {
  Subjects subjects;
  for (const Branch& branch : experiment.branches) {
    add(branch.condition, subjects);
    for (const Treatment& treatment : branch.treatments) subjects.names.insert(treatment.parameter);
  }
  if (!holds_region(experiment.state)) experiment.state = State::kRunning;
  auto part = std::make_unique<Configuration>(closure(configuration, std::move(subjects)));
  std::erase_if(part->experiments, [&](const Experiment& each) { return each.name == experiment.name; });
  part->experiments.push_back(std::move(experiment));
  TRY(infer_attributes(*part));

  ExperimentCheck check;
  check.bound = TRY(bind(*part));
  check.configuration = std::move(part);
  OverlapChecker checker(check.bound);
  const auto index = static_cast<uint32_t>(check.bound.experiments.size() - 1);
  check.pairs = checker.check(index);
  check.dead = checker.dead_branches();
  std::set<uint32_t> parameters;
  for (const BoundBranch& branch : check.bound.experiments[index].branches) {
    for (const BoundTreatment& treatment : branch.treatments) parameters.insert(treatment.parameter);
  }
  for (const uint32_t parameter : parameters) check.open.emplace_back(parameter, checker.open_remainder(parameter));
  return check;
}

Result<ParameterCheck> check_parameter(const Configuration& configuration, const Parameter& parameter) {
  Subjects subjects;
  subjects.names.insert(parameter.name);
  const Configuration part = closure(configuration, std::move(subjects));
  const Bound bound = TRY(bind(part));
  OverlapChecker checker(bound);
  ParameterCheck check;
  for (uint32_t i = 0; i < bound.parameters.size(); ++i) {
    if (bound.parameters[i].source->name == parameter.name) check.open = checker.open_remainder(i);
  }
  check.dead = checker.dead_branches();
  return check;
}

}  // namespace sinan::experiment
