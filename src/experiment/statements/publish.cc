#include "experiment/statements/publish.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "experiment/bound.h"
#include "experiment/configuration_json.h"
#include "experiment/overlap.h"

namespace sinan::experiment {
namespace {

// Whether both capture the same contexts: how far the rollout has come below its maximum, and what people call it, is nothing to
// the proof.
bool captures_the_same(Experiment before, const Experiment& after) {
  before.owner = after.owner;
  before.description = after.description;
  before.rollout = after.rollout;
  before.epoch = after.epoch;
  if (holds_region(before.state) == holds_region(after.state)) before.state = after.state;
  return before == after;
}

void add_subjects(const Condition& condition, std::set<std::string, std::less<>>& subjects) {
  if (condition.kind != Condition::Kind::kSegment) subjects.insert(condition.subject);
  for (const Condition& child : condition.children) add_subjects(child, subjects);
}

std::vector<std::string> warnings_of(const Configuration& before, const Configuration& after) {
  std::vector<std::string> out;
  for (const Experiment& experiment : after.experiments) {
    const bool is_new =
        std::ranges::find(before.experiments, experiment.name, &Experiment::name) == before.experiments.end();
    if (!is_new || is_independent(experiment.scheme)) continue;
    std::string warning =
        fmt::format("Groups drawn by {} are not independent of those of other experiments: for imports only.",
                    to_string(experiment.scheme));
    if (std::ranges::find(out, warning) == out.end()) out.push_back(std::move(warning));
  }
  return out;
}

// What must be proved again after a change.
struct Touched {
  bool everything = false;
  std::vector<uint32_t> experiments;
};

Touched touched_by(const Configuration& before, const Configuration& after) {
  Touched out;
  out.everything = before.segments != after.segments || before.attributes != after.attributes ||
                   before.parameters != after.parameters || before.implications != after.implications;
  std::set<std::string, std::less<>> subjects;
  for (const Experiment& experiment : after.experiments) {
    for (const Branch& branch : experiment.branches) add_subjects(branch.condition, subjects);
  }
  for (uint32_t i = 0; i < after.experiments.size(); ++i) {
    const Experiment& experiment = after.experiments[i];
    const auto old = std::ranges::find(before.experiments, experiment.name, &Experiment::name);
    if (old != before.experiments.end() && captures_the_same(*old, experiment)) continue;
    if (holds_region(experiment.state)) out.experiments.push_back(i);
    // Conditions on a parameter lean on the experiments that decide over it.
    for (const Branch& branch : experiment.branches) {
      for (const Treatment& treatment : branch.treatments) {
        out.everything =
            out.everything || (experiment.state != State::kDraft && subjects.contains(treatment.parameter));
      }
    }
  }
  return out;
}

}  // namespace

Status infer_attributes(Configuration& configuration) {
  const Configuration declared = configuration;
  for (const Experiment& experiment : declared.experiments) {
    for (const std::string& attribute : experiment.unit) {
      configuration.attributes.try_emplace(attribute, AttributeType::kString);
    }
    for (const Branch& branch : experiment.branches) TRY(infer_attributes(branch.condition, configuration));
  }
  for (const Segment& segment : declared.segments) TRY(infer_attributes(segment.condition, configuration));
  for (const Implication& implication : declared.implications) {
    TRY(infer_attributes(implication.premise, configuration));
    TRY(infer_attributes(implication.conclusion, configuration));
  }
  for (const Parameter& parameter : declared.parameters) {
    for (const Rule& rule : parameter.rules) TRY(infer_attributes(rule.condition, configuration));
  }
  return {};
}

Error overlap_error(const Overlap& overlap, const Bound& bound) {
  const std::string& first = bound.experiments[overlap.first].source->name;
  const std::string& second = bound.experiments[overlap.second].source->name;
  const std::string& parameter = bound.parameters[overlap.parameter].source->name;
  Error error;
  error.code = Code::kProgram;
  if (overlap.witness) {
    error.message = fmt::format("experiments overlap on {}: {} and {} both decide for {}", parameter, first, second,
                                overlap.witness->to_text());
  } else {
    error.message = fmt::format("no proof that experiments do not overlap on {}: {} and {}: {}", parameter, first,
                                second, overlap.reason);
  }
  error.hint = overlap.remedy ? fmt::format("narrow {}: add AND {}", first, to_text(*overlap.remedy))
                              : fmt::format("narrow a condition, or END EXPERIMENT {} first", second);
  return error;
}

Result<Publishable> make_publishable(const Configuration& before, Configuration& after) {
  TRY(infer_attributes(after));
  after.version = before.version + 1;
  const Bound bound = TRY(bind(after));
  OverlapChecker checker(bound);
  if (before.implications != after.implications) {
    if (const auto contradicted = checker.contradicted_implication()) {
      const Implication& implication = after.implications[*contradicted];
      return fail(
          Code::kProgram,
          fmt::format("implications contradict each other: nothing could have {}", to_text(implication.premise)),
          "SHOW IMPLICATIONS lists them");
    }
  }
  const Touched touched = touched_by(before, after);
  std::vector<Overlap> found;
  if (touched.everything) {
    found = checker.check_all();
  } else {
    for (const uint32_t experiment : touched.experiments) {
      for (Overlap& overlap : checker.check(experiment)) found.push_back(std::move(overlap));
    }
  }
  for (const Overlap& overlap : found) {
    if (overlap.verdict != Verdict::kDisjoint) return std::unexpected(overlap_error(overlap, bound));
  }
  return Publishable{warnings_of(before, after)};
}

Result<Applied> apply(const Edit& edit, const Configuration& before) {
  const auto placed = [&](Error error) {
    if (!error.span) error.span = edit.object.span;
    return std::unexpected(std::move(error));
  };
  Applied out{before, {}, {}};
  auto message = edit.apply(out.configuration);
  if (!message) return placed(std::move(message).error());
  out.message = *std::move(message);
  auto published = make_publishable(before, out.configuration);
  if (!published) return placed(std::move(published).error());
  out.warnings = std::move(published->warnings);
  return out;
}

}  // namespace sinan::experiment
