#include "experiment/region.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <ranges>
#include <set>

namespace sinan::experiment {
namespace {

using Kind = Dimension::Kind;

// What serves as a unit: anything but missing and the empty text. A number where a text is declared serves too, and the other way
// round.
const ValueSet& units_of(AttributeType type) {
  static const ValueSet kNumbers = ValueSet::values(AttributeType::kInt).present();
  static const ValueSet kTexts = [] {
    const ValueSet empty =
        ValueSet::of(AttributeType::kString, Strings{.all_but = false, .listed = {""}, .patterns = {}});
    return empty.present().intersect(*empty.outside());
  }();
  return type == AttributeType::kString ? kTexts : kNumbers;
}

ValueSet integers(Integers set) { return ValueSet::of(AttributeType::kInt, std::move(set)); }

}  // namespace

const ValueSet* Box::find(Dimension dimension) const {
  const auto at = std::ranges::lower_bound(sets, dimension, {}, [](const auto& one) { return one.first; });
  return at != sets.end() && at->first == dimension ? &at->second : nullptr;
}

bool Box::restrict(Dimension dimension, const ValueSet& set) {
  const auto at = std::ranges::lower_bound(sets, dimension, {}, [](const auto& one) { return one.first; });
  if (at != sets.end() && at->first == dimension) {
    at->second = at->second.intersect(set);
    return !at->second.is_plainly_empty();
  }
  if (set.is_plainly_empty()) return false;
  sets.insert(at, {dimension, set});
  return true;
}

Dimension Regions::bucket_dimension(BucketKey key) {
  const auto [place, added] = numbers_.try_emplace(key, static_cast<uint32_t>(keys_.size()));
  if (added) keys_.push_back(std::move(key));
  return {Kind::kBucket, place->second};
}

std::string Regions::name(Dimension dimension) const {
  switch (dimension.kind) {
    case Kind::kAttribute:
      return std::string(bound_.attributes[dimension.index].name);
    case Kind::kParameter:
      return bound_.parameters[dimension.index].source->name;
    case Kind::kTime:
      return "time";
    case Kind::kBucket:
      break;
  }
  const BucketKey& key = keys_[dimension.index];
  return fmt::format("{} of salt {}", key.purpose == Purpose::kGroup ? "bucket" : "rollout bucket", key.salt);
}

// The branch holds and none before it does.
Regions::Todo Regions::branch_todo(const BoundExperiment& experiment, size_t branch) const {
  Todo todo;
  for (size_t i = 0; i < branch; ++i) todo.push_back({&experiment.branches[i].when, true});
  todo.push_back({&experiment.branches[branch].when, false});
  return todo;
}

// The unit is there, scheduled, within the rollout at its maximum, and in one of the leaves.
bool Regions::place(Box& box, const BoundExperiment& experiment, const std::vector<bool>& leaves) {
  const Experiment& source = *experiment.source;
  for (const uint32_t attribute : experiment.unit) {
    if (!box.restrict({Kind::kAttribute, attribute}, units_of(bound_.attributes[attribute].type))) return false;
  }
  if (!source.schedule.empty()) {
    Integers times;
    for (const Window& window : source.schedule) {
      const int64_t end = window.end.value_or(std::numeric_limits<int64_t>::max());
      times = times.unite(Integers::closed(window.begin.value_or(IntegerTraits::first()), end - (window.end ? 1 : 0)));
    }
    if (!box.restrict({Kind::kTime, 0}, integers(times))) return false;
  }
  BucketKey key = {Purpose::kRollout, source.effective_salt(), experiment.unit, HashScheme::kSinan, kRolloutBuckets};
  if (source.max_rollout == 0) return false;
  if (source.max_rollout < kRolloutBuckets &&
      !box.restrict(bucket_dimension(key), integers(Integers::closed(0, source.max_rollout - 1))))
    return false;
  Integers buckets;
  for (size_t i = 0; i < leaves.size(); ++i) {
    if (leaves[i]) buckets = buckets.unite(Integers::closed(experiment.leaves[i].first, experiment.leaves[i].last));
  }
  key.purpose = Purpose::kGroup;
  key.scheme = source.scheme;
  key.buckets = source.buckets;
  return box.restrict(bucket_dimension(key), integers(buckets));
}

Region Regions::of_experiment(uint32_t experiment, uint32_t parameter) {
  Region region;
  const BoundExperiment& e = bound_.experiments[experiment];
  for (size_t b = 0; b < e.branches.size(); ++b) {
    for (const BoundTreatment& treatment : e.branches[b].treatments) {
      if (treatment.parameter != parameter) continue;
      std::vector<bool> leaves;
      for (const uint32_t value : treatment.by_leaf) leaves.push_back(value != kNoValue);
      Box box;
      if (std::ranges::find(leaves, true) == leaves.end() || !place(box, e, leaves)) continue;
      expand(std::move(box), branch_todo(e, b), region);
    }
  }
  return region;
}

Region Regions::of_branch(uint32_t experiment, size_t branch) {
  Region region;
  const BoundExperiment& e = bound_.experiments[experiment];
  Box box;
  if (place(box, e, std::vector<bool>(e.leaves.size(), true))) expand(std::move(box), branch_todo(e, branch), region);
  return region;
}

Region Regions::of_rule(uint32_t parameter, size_t rule) {
  Region region;
  Todo todo;
  for (size_t i = 0; i < rule; ++i) todo.push_back({&bound_.parameters[parameter].rules[i].when, true});
  todo.push_back({&bound_.parameters[parameter].rules[rule].when, false});
  expand({}, std::move(todo), region);
  return region;
}

Region Regions::of_premise(uint32_t implication) const {
  Region region;
  expand({}, {{&bound_.implications[implication].premise, false}}, region);
  return region;
}

bool Regions::restrict_atom(Box& box, const Pending& pending) const {
  const Predicate& atom = *pending.predicate;
  ValueSet set = pending.outside ? *atom.set.outside() : atom.set;  // an atom has one pattern or element at most
  if (!atom.subject.is_parameter) return box.restrict({Kind::kAttribute, atom.subject.index}, set);
  return box.restrict({Kind::kParameter, atom.subject.index},
                      set.intersect(bound_.parameters[atom.subject.index].domain));
}

// Depth first; what is left of `todo` has to hold besides the box.
void Regions::expand(Box box, Todo todo, Region& region) const {
  while (!todo.empty()) {
    const Pending pending = todo.back();
    todo.pop_back();
    const Predicate& predicate = *pending.predicate;
    switch (predicate.kind) {
      case Predicate::Kind::kTrue:
      case Predicate::Kind::kFalse:
        if ((predicate.kind == Predicate::Kind::kTrue) == pending.outside) return;
        break;
      case Predicate::Kind::kAtom:
        if (!restrict_atom(box, pending)) return;
        break;
      case Predicate::Kind::kAnd:
      case Predicate::Kind::kOr:
        if ((predicate.kind == Predicate::Kind::kAnd) != pending.outside) {
          for (const Predicate& child : std::views::reverse(predicate.children))
            todo.push_back({&child, pending.outside});
          break;
        }
        for (const Predicate& child : predicate.children) {
          if (!region.complete) return;
          Todo rest = todo;
          rest.push_back({&child, pending.outside});
          expand(box, std::move(rest), region);
        }
        return;
    }
  }
  if (region.boxes.size() >= kMaxBoxes) {
    region.complete = false;
    return;
  }
  region.boxes.push_back(std::move(box));
}

// No experiment's branch and no rule of the parameter holds.
Regions::Todo Regions::untouched_todo(uint32_t parameter) const {
  Todo todo;
  for (const uint32_t e : bound_.parameters[parameter].experiments) {
    for (const BoundBranch& branch : bound_.experiments[e].branches) todo.push_back({&branch.when, true});
  }
  for (const BoundRule& rule : bound_.parameters[parameter].rules) todo.push_back({&rule.when, true});
  return todo;
}

Region Regions::reach(const Box& box, Ways ways) {
  Region region;
  reach_parameters(box, {}, ways, region);
  return region;
}

// Takes the first parameter of the box that is not done; what decides over it may bring further ones. Each is done once: that a
// later one narrows it again is not followed up, which leaves the region too large, never too small.
void Regions::reach_parameters(const Box& box, const std::vector<uint32_t>& done, Ways wanted_ways, Region& region) {
  if (!region.complete) return;
  const auto open = std::ranges::find_if(box.sets, [&](const auto& one) {
    return one.first.kind == Kind::kParameter && std::ranges::find(done, one.first.index) == done.end();
  });
  if (open == box.sets.end()) {
    if (region.boxes.size() >= kMaxBoxes) {
      region.complete = false;
    } else {
      region.boxes.push_back(box);
    }
    return;
  }
  const uint32_t index = open->first.index;
  const BoundParameter& parameter = bound_.parameters[index];
  const ValueSet wanted = open->second;
  const auto gives = [&](uint32_t value) {
    return value != kNoValue && !wanted.intersect(set_of(wanted.type(), {bound_.values[value]})).is_plainly_empty();
  };
  std::vector<uint32_t> done_now = done;
  done_now.push_back(index);
  const bool by_default = gives(parameter.fallback);
  if (by_default && wanted_ways == Ways::kLarge) return reach_parameters(box, done_now, wanted_ways, region);
  Region ways;
  if (by_default) expand(box, untouched_todo(index), ways);
  for (const uint32_t e : parameter.experiments) {
    const BoundExperiment& experiment = bound_.experiments[e];
    for (size_t b = 0; b < experiment.branches.size(); ++b) {
      for (const BoundTreatment& treatment : experiment.branches[b].treatments) {
        if (treatment.parameter != index) continue;
        std::vector<bool> leaves;
        for (const uint32_t value : treatment.by_leaf) leaves.push_back(gives(value));
        Box way = box;
        if (std::ranges::find(leaves, true) == leaves.end() || !place(way, experiment, leaves)) continue;
        expand(std::move(way), branch_todo(experiment, b), ways);
      }
    }
  }
  for (const BoundRule& rule : parameter.rules) {
    if (!gives(rule.value)) continue;
    Todo todo;
    todo.push_back({&rule.when, false});
    expand(box, std::move(todo), ways);
  }
  region.complete = region.complete && ways.complete;
  for (const Box& way : ways.boxes) reach_parameters(way, done_now, wanted_ways, region);
  if (by_default) reach_parameters(box, done_now, wanted_ways, region);
}

struct Regions::Settling {
  static constexpr size_t kMaxFound = 8;
  size_t expansions_left = 20'000;
  Region found;
};

// First what follows without a choice, then, of an implication that could go either way, both ways.
void Regions::settle(Box box, std::vector<bool> settled, Settling& settling) const {
  const auto parts = [&](Todo todo) {
    Region region;
    if (settling.expansions_left > 0) {
      --settling.expansions_left;
      expand(box, std::move(todo), region);
      std::erase_if(region.boxes, [](const Box& one) {
        return std::ranges::any_of(one.sets, [](const auto& s) { return s.second.is_empty() == Answer::kYes; });
      });
    }
    settling.found.complete = settling.found.complete && region.complete && settling.expansions_left > 0;
    return region.boxes;
  };
  std::vector<Box> ways;
  size_t chosen = settled.size();
  for (bool narrowed = true; narrowed;) {
    narrowed = false;
    ways.clear();
    for (size_t i = 0; i < settled.size(); ++i) {
      if (settled[i]) continue;
      const BoundImplication& implication = bound_.implications[i];
      if (parts({{&implication.conclusion, true}}).empty() && settling.found.complete) {
        settled[i] = true;
        continue;
      }
      std::vector<Box> with = parts({{&implication.conclusion, false}, {&implication.premise, false}});
      std::vector<Box> without = parts({{&implication.premise, true}});
      if (!settling.found.complete || (with.empty() && without.empty())) return;
      if (with.size() + without.size() == 1) {
        settled[i] = true;
        Box& only = with.empty() ? without[0] : with[0];
        narrowed = narrowed || only.sets != box.sets;
        box = std::move(only);
      } else if (ways.empty()) {
        chosen = i;
        ways = std::move(without);
        std::ranges::move(with, std::back_inserter(ways));
      }
    }
  }
  if (ways.empty()) {
    settling.found.boxes.push_back(std::move(box));
    return;
  }
  settled[chosen] = true;
  for (Box& way : ways) {
    if (settling.found.boxes.size() >= Settling::kMaxFound || !settling.found.complete) return;
    settle(std::move(way), settled, settling);
  }
}

Region Regions::possible(const Box& box) const {
  if (bound_.implications.empty()) return {.boxes = {box}};
  // Most contexts lack what nobody asks for, and nothing follows from what is missing.
  std::set<Subject> asked;
  const auto collect = [&](const Predicate& predicate, const auto& self) -> void {
    if (predicate.kind == Predicate::Kind::kAtom) asked.insert(predicate.subject);
    for (const Predicate& child : predicate.children) self(child, self);
  };
  for (const BoundImplication& implication : bound_.implications) {
    collect(implication.premise, collect);
    collect(implication.conclusion, collect);
  }
  Box bare = box;
  for (const Subject& subject : asked) {
    const Dimension dimension{Kind::kAttribute, subject.index};
    if (box.find(dimension) == nullptr)
      bare.restrict(dimension, ValueSet::only_missing(bound_.attributes[subject.index].type));
  }
  const auto settled = [&](Box start) {
    Settling settling;
    settle(std::move(start), std::vector<bool>(bound_.implications.size()), settling);
    if (!settling.found.boxes.empty()) settling.found.complete = true;
    return std::move(settling.found);
  };
  Region found = settled(std::move(bare));
  return found.boxes.empty() ? settled(box) : found;
}

std::string to_text(const Regions& regions, const Box& box) {
  std::string text;
  for (const auto& [dimension, set] : box.sets) {
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", regions.name(dimension), set.to_text());
  }
  return text.empty() ? "everything" : text;
}

}  // namespace sinan::experiment
