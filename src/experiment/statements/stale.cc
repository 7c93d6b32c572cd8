#include "experiment/statements/stale.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "base/strings.h"
#include "experiment/configuration_json.h"
#include "sql/tokens.h"

namespace sinan::experiment {
namespace {

using Names = std::set<std::string, std::less<>>;

bool sets(const Experiment& experiment, std::string_view parameter) {
  return std::ranges::any_of(experiment.branches, [&](const Branch& branch) {
    return std::ranges::find(branch.treatments, parameter, &Treatment::parameter) != branch.treatments.end();
  });
}

std::vector<std::string> parameters_of(const Experiment& experiment) {
  Names names;
  for (const Branch& branch : experiment.branches) {
    for (const Treatment& treatment : branch.treatments) names.insert(treatment.parameter);
  }
  return {names.begin(), names.end()};
}

void add_subjects(const Condition& condition, Names& subjects) {
  if (condition.kind != Condition::Kind::kSegment) subjects.insert(condition.subject);
  for (const Condition& child : condition.children) add_subjects(child, subjects);
}

// What conditions test: a parameter among them is in use without a service that reads it.
Names tested(const Configuration& configuration) {
  Names out;
  for (const Segment& segment : configuration.segments) add_subjects(segment.condition, out);
  for (const Parameter& parameter : configuration.parameters) {
    for (const Rule& rule : parameter.rules) add_subjects(rule.condition, out);
  }
  for (const Experiment& experiment : configuration.experiments) {
    if (experiment.state == State::kEnded) continue;
    for (const Branch& branch : experiment.branches) add_subjects(branch.condition, out);
  }
  return out;
}

// Whether all groups see the same wherever the experiment decides.
bool makes_no_difference(const Experiment& experiment) {
  const std::vector<Leaf> all = leaves(experiment.groups);
  return std::ranges::all_of(experiment.branches, [&](const Branch& branch) {
    return std::ranges::all_of(branch.treatments, [&](const Treatment& treatment) {
      const Value* first = value_of(treatment, all.front().path);
      return std::ranges::all_of(all, [&](const Leaf& leaf) {
        const Value* value = value_of(treatment, leaf.path);
        return value == first || (value != nullptr && first != nullptr && *value == *first);
      });
    });
  });
}

bool is_over(const Experiment& experiment, TimePoint now) {
  const int64_t micros = now.time_since_epoch().count();
  return !experiment.schedule.empty() &&
         std::ranges::all_of(experiment.schedule, [&](const Window& each) { return each.end && *each.end <= micros; });
}

// As a statement has it: in quotes where it is no plain word.
std::string written(std::string_view name) {
  const bool is_word = !sql::is_reserved_in_clause(name) && std::ranges::all_of(name, [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '.';
  });
  return is_word ? std::string(name) : fmt::format("'{}'", name);
}

// What ends it without changing what anybody in it sees, if that is one thing; else everybody gets the default.
std::string end_statement(const Experiment& experiment, bool is_same, const Configuration& configuration) {
  std::string statement = "END EXPERIMENT " + written(experiment.name);
  if (!is_same || experiment.state != State::kRunning || experiment.rollout != kRolloutBuckets) return statement;
  const Leaf first = leaves(experiment.groups).front();
  bool is_default = true;
  bool is_for_all = experiment.branches.size() == 1;
  for (const Branch& branch : experiment.branches) {
    is_for_all = is_for_all && branch.condition.kind == Condition::Kind::kTrue;
    for (const Treatment& treatment : branch.treatments) {
      const auto parameter = std::ranges::find(configuration.parameters, treatment.parameter, &Parameter::name);
      const Value* value = value_of(treatment, first.path);
      is_default = is_default && (value == nullptr || (parameter != configuration.parameters.end() &&
                                                       parameter->rules.empty() && *value == parameter->fallback));
    }
  }
  if (is_default) return statement;
  return fmt::format("{} SHIP {}{}", statement, first.path.back(), is_for_all ? "" : " TO AUDIENCE");
}

class Search {
 public:
  Search(const Configuration& configuration, const StaleQuestion& question)
      : configuration_(configuration),
        question_(question),
        tested_(tested(configuration)),
        limit_(question.now - std::chrono::days(question.days)) {}

  // One that has not ended.
  void add_live(const Experiment& experiment) {
    Stale stale = about(experiment, parameters_of(experiment));
    const bool is_old = stale.idle_days >= question_.days;
    const bool over = is_over(experiment, question_.now);
    const std::string name = written(experiment.name);
    if (experiment.state == State::kDraft) {
      if (is_old) stale.reasons.push_back(fmt::format("a draft for {} days", stale.idle_days));
      if (over) stale.reasons.emplace_back("its schedule is over");
      stale.todo = "DROP EXPERIMENT " + name;
    } else {
      const bool is_same = makes_no_difference(experiment);
      const bool is_unread = is_old && unread(stale.parameters);
      if (is_same) stale.reasons.emplace_back("all groups have the same values");
      if (over) stale.reasons.emplace_back("its schedule is over");
      if (is_old) stale.reasons.push_back(unchanged(experiment, stale.idle_days));
      if (is_unread) {
        stale.reasons.push_back(
            fmt::format("no read of {} counted for {} days", join(stale.parameters, ", "), question_.days));
      }
      const bool decides = experiment.state == State::kRunning && experiment.rollout > 0;
      stale.risk = decides && !is_same && !over && !is_unread ? StaleRisk::kHigh : StaleRisk::kMedium;
      stale.todo = end_statement(experiment, is_same, configuration_);
    }
    if (stale.reasons.empty()) return;
    if (experiment.owner.empty()) stale.reasons.emplace_back("nobody owns it");
    found_.push_back(std::move(stale));
  }

  // What ended experiments have left: parameters that are the same for everybody, each with the last that decided over it.
  void add_left_behind() {
    std::map<const Experiment*, std::vector<const Parameter*>> left;
    for (const Parameter& parameter : configuration_.parameters) {
      if (!parameter.rules.empty() || tested_.contains(parameter.name)) continue;
      const Experiment* last = nullptr;
      bool is_free = true;
      for (const Experiment& experiment : configuration_.experiments) {
        if (!sets(experiment, parameter.name)) continue;
        is_free = is_free && experiment.state == State::kEnded;
        if (last == nullptr || question_.changed(experiment) > question_.changed(*last)) last = &experiment;
      }
      if (last != nullptr && is_free) left[last].push_back(&parameter);
    }
    for (const auto& [experiment, parameters] : left) {
      std::vector<std::string> names;
      for (const Parameter* parameter : parameters) names.push_back(parameter->name);
      Stale stale = about(*experiment, std::move(names));
      if (stale.idle_days < question_.days) continue;
      std::vector<std::string> todo;
      for (const Parameter* parameter : parameters) {
        const bool is_unread = unread({parameter->name});
        const Usage::Reads* reads = question_.usage.find(parameter->name);
        stale.reasons.push_back(fmt::format("it ended, and {} is {} for everybody{}", parameter->name,
                                            to_text(parameter->fallback),
                                            is_unread                                  ? ": nothing reads it"
                                            : reads != nullptr && reads->last > limit_ ? ": code still reads it"
                                                                                       : ""));
        const std::string drop = "DROP PARAMETER " + written(parameter->name);
        todo.push_back(is_unread ? drop : fmt::format("take {} out of the code, then {}", parameter->name, drop));
      }
      stale.todo = join(todo, "; ");
      found_.push_back(std::move(stale));
    }
  }

  std::vector<Stale> finish() {
    std::ranges::sort(found_, {}, [](const Stale& stale) {
      return std::tuple(stale.risk, -stale.idle_days, std::string_view(stale.experiment->name));
    });
    return std::move(found_);
  }

 private:
  Stale about(const Experiment& experiment, std::vector<std::string> parameters) const {
    Stale stale;
    stale.experiment = &experiment;
    stale.parameters = std::move(parameters);
    // The clock may have gone back since.
    const auto idle = std::chrono::floor<std::chrono::days>(question_.now - question_.changed(experiment)).count();
    stale.idle_days = std::max<int64_t>(0, idle);
    for (const std::string& name : stale.parameters) {
      const Usage::Reads* reads = question_.usage.find(name);
      if (reads == nullptr) continue;
      stale.reads += reads->count;
      stale.last_read = std::max(stale.last_read, std::optional(reads->last));
    }
    return stale;
  }

  // Whether it is known that nothing has read any of them: services do read parameters one by one, and that has been counted for
  // long enough.
  bool unread(const std::vector<std::string>& parameters) const {
    const Usage& usage = question_.usage;
    if (usage.parameters.empty() || !usage.since || *usage.since > limit_) return false;
    return std::ranges::none_of(parameters, [&](const std::string& name) {
      const Usage::Reads* reads = usage.find(name);
      return tested_.contains(name) || (reads != nullptr && reads->last > limit_);
    });
  }

  static std::string unchanged(const Experiment& experiment, int64_t days) {
    if (experiment.state == State::kPaused) return fmt::format("paused for {} days", days);
    return fmt::format("running at {}% and unchanged for {} days", rollout_percent(experiment.rollout), days);
  }

  const Configuration& configuration_;
  const StaleQuestion& question_;
  const Names tested_;
  const TimePoint limit_;
  std::vector<Stale> found_;
};

}  // namespace

std::string_view to_string(StaleRisk risk) {
  constexpr std::array<std::string_view, 3> kNames = {"high", "medium", "low"};
  return kNames[static_cast<size_t>(risk)];
}

std::vector<Stale> stale_experiments(const Configuration& configuration, const StaleQuestion& question) {
  Search search(configuration, question);
  for (const Experiment& experiment : configuration.experiments) {
    if (experiment.state != State::kEnded) search.add_live(experiment);
  }
  search.add_left_behind();
  return search.finish();
}

}  // namespace sinan::experiment
