#include "experiment/overlap.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <unordered_map>

#include "experiment/witness.h"

namespace sinan::experiment {
namespace {

using Kind = Dimension::Kind;
constexpr size_t kMaxCandidates = 64;    // that a witness is sought in
constexpr size_t kMaxPairs = 4'000'000;  // of boxes, for one pair of experiments
constexpr size_t kMaxRemainder = 500;
constexpr size_t kMaxShownRemainder = 20;

// The first dimension in which the boxes do not meet, by a look that needs no search.
const std::pair<Dimension, ValueSet>* plain_separation(const Box& a, const Box& b, const ValueSet** other) {
  auto i = a.sets.begin();
  auto j = b.sets.begin();
  while (i != a.sets.end() && j != b.sets.end()) {
    if (i->first < j->first) {
      ++i;
    } else if (j->first < i->first) {
      ++j;
    } else {
      if (i->second.intersect(j->second).is_plainly_empty()) {
        *other = &j->second;
        return &*i;
      }
      ++i;
      ++j;
    }
  }
  return nullptr;
}

// A condition of a subject that holds outside a set, where one is short enough to suggest.
std::optional<Condition> condition_outside(const std::string& subject, const ValueSet& set) {
  Condition condition;
  condition.subject = subject;
  const auto literal = [&](auto value) { condition.literals.emplace_back().value = std::move(value); };
  if (const Strings* strings = std::get_if<Strings>(&set.typed())) {
    if (!strings->patterns.empty() || strings->listed.empty() || strings->listed.size() > 20) return std::nullopt;
    for (const std::string& text : strings->listed) literal(text);
    condition.kind = Condition::Kind::kIn;
    if (strings->all_but) return condition;
    Condition negated;
    negated.kind = Condition::Kind::kNot;
    negated.children.push_back(std::move(condition));
    return negated;
  }
  if (const Booleans* booleans = std::get_if<Booleans>(&set.typed())) {
    condition.kind = Condition::Kind::kEqual;
    if (booleans->may_be_true == booleans->may_be_false) return std::nullopt;
    literal(!booleans->may_be_true);
    return condition;
  }
  const auto half = [&](const auto& intervals, auto text) -> std::optional<Condition> {
    if (intervals.size() != 1) return std::nullopt;
    if (!intervals[0].end) {
      condition.kind = Condition::Kind::kLess;
      text(intervals[0].begin);
      return condition;
    }
    condition.kind = Condition::Kind::kGreaterEqual;
    text(*intervals[0].end);
    return condition;
  };
  if (const Versions* versions = std::get_if<Versions>(&set.typed())) {
    return half(versions->intervals(), [&](const Version& v) { literal(v.to_text()); });
  }
  if (set.type() == AttributeType::kInt) {
    return half(std::get<Integers>(set.typed()).intervals(), [&](int64_t v) { literal(v); });
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(Verdict verdict) {
  constexpr std::array<std::string_view, 3> kNames = {"DISJOINT", "OVERLAP", "UNKNOWN"};
  return kNames[static_cast<size_t>(verdict)];
}

const Region& OverlapChecker::region(uint32_t experiment, uint32_t parameter) {
  const auto [place, added] = known_.try_emplace({experiment, parameter});
  if (added) place->second = regions_.of_experiment(experiment, parameter);
  return place->second;
}

std::vector<uint32_t> OverlapChecker::parameters_of(uint32_t experiment) const {
  std::set<uint32_t> parameters;
  for (const BoundBranch& branch : regions_.bound().experiments[experiment].branches) {
    for (const BoundTreatment& treatment : branch.treatments) parameters.insert(treatment.parameter);
  }
  return {parameters.begin(), parameters.end()};
}

OverlapChecker::Compared OverlapChecker::compare(const Region& first, const Region& second, bool with_separations) {
  Compared result;
  result.complete = first.complete && second.complete && first.boxes.size() * second.boxes.size() <= kMaxPairs;
  const auto separated = [&](Dimension dimension, const ValueSet& a, const ValueSet& b) {
    if (with_separations) result.separations.push_back({regions_.name(dimension), a.to_text(), b.to_text()});
  };
  for (const Box& a : first.boxes) {
    for (const Box& b : second.boxes) {
      result.complete = result.complete && result.candidates.size() < kMaxCandidates;
      if (!result.complete) return result;
      const ValueSet* other = nullptr;
      if (const auto* plain = plain_separation(a, b, &other)) {
        separated(plain->first, plain->second, *other);
        continue;
      }
      // They meet in every plain sense. Patterns are decided now, then what the tested parameters need.
      Box both = a;
      for (const auto& [dimension, set] : b.sets) both.restrict(dimension, set);
      bool apart = false;
      for (const auto& [dimension, set] : both.sets) {
        if (set.is_empty() != Answer::kYes) continue;
        const ValueSet* own_a = a.find(dimension);
        const ValueSet* own_b = b.find(dimension);
        separated(dimension, own_a != nullptr ? *own_a : set, own_b != nullptr ? *own_b : set);
        apart = true;
        break;
      }
      if (apart) continue;
      Region reached = regions_.reach(both);
      result.complete = result.complete && reached.complete;
      if (reached.boxes.empty() && reached.complete && with_separations) {
        result.separations.push_back({"what the tested parameters need", to_text(regions_, a), to_text(regions_, b)});
      }
      bool is_possible = reached.boxes.empty();
      for (const Box& box : reached.boxes) is_possible |= add_possible(box, result.candidates, result.complete);
      if (!is_possible && result.complete && with_separations) {
        result.separations.push_back({"what implications say", to_text(regions_, a), to_text(regions_, b)});
      }
    }
  }
  return result;
}

bool OverlapChecker::add_possible(const Box& box, std::vector<Box>& boxes, bool& complete) const {
  Region possible = regions_.possible(box);
  complete = complete && possible.complete;
  std::ranges::move(possible.boxes, std::back_inserter(boxes));
  return !possible.boxes.empty();
}

bool OverlapChecker::try_witness(const Box& box, SearchBudget& budget, Overlap& result) {
  auto witness = make_witness(regions_, box, budget, result.reason);
  if (!witness) return false;
  if (!replay(regions_.bound(), result.first, result.second, result.parameter, *witness)) {
    result.reason = "whether the tested parameters can have these values was not decided";
    return false;
  }
  result.verdict = Verdict::kOverlap;
  result.reason.clear();
  result.witness = std::move(witness);
  return true;
}

// Candidates can still hide an empty pattern set, and ask for what the tested parameters do not give after all: a replayed witness
// tells, sought in ever narrower places.
void OverlapChecker::find_witness(const Compared& compared, Overlap& result) {
  bool all_empty = compared.complete;
  size_t tries = 0;
  SearchBudget budget;
  for (const Box& candidate : compared.candidates) {
    if (std::ranges::any_of(candidate.sets, [](const auto& one) { return one.second.is_empty() == Answer::kYes; }))
      continue;
    all_empty = false;
    if (try_witness(candidate, budget, result)) return;
    const bool tests =
        std::ranges::any_of(candidate.sets, [](const auto& one) { return one.first.kind == Kind::kParameter; });
    if (!tests) continue;
    std::vector<Box> narrower;
    bool all = true;  // of what is looked at only for a witness
    for (const Box& box : regions_.reach(candidate, Regions::Ways::kEvery).boxes) add_possible(box, narrower, all);
    for (const Box& box : narrower) {
      if (++tries > kMaxCandidates) return;
      if (try_witness(box, budget, result)) return;
    }
  }
  if (!all_empty) return;
  result.verdict = Verdict::kDisjoint;
  result.certificate.push_back({"what the tested parameters need", "", ""});
}

Overlap OverlapChecker::check(uint32_t first, uint32_t second, uint32_t parameter) {
  Overlap result;
  result.parameter = parameter;
  result.first = first;
  result.second = second;
  Compared compared = compare(region(first, parameter), region(second, parameter), true);
  result.certificate = std::move(compared.separations);
  if (compared.candidates.empty() && compared.complete) {
    result.verdict = Verdict::kDisjoint;
    return result;
  }
  if (!compared.complete) result.reason = "the conditions have too many cases";
  find_witness(compared, result);
  if (result.verdict != Verdict::kDisjoint) result.certificate.clear();
  if (result.verdict == Verdict::kOverlap) find_remedy(result);
  return result;
}

Verdict OverlapChecker::verdict(uint32_t first, uint32_t second, uint32_t parameter) {
  const Compared compared = compare(region(first, parameter), region(second, parameter), false);
  if (compared.candidates.empty() && compared.complete) return Verdict::kDisjoint;
  Overlap result;
  result.parameter = parameter;
  result.first = first;
  result.second = second;
  find_witness(compared, result);
  return result.verdict;
}

std::vector<Overlap> OverlapChecker::check(uint32_t experiment) {
  std::vector<Overlap> result;
  for (const uint32_t parameter : parameters_of(experiment)) {
    for (const uint32_t other : regions_.bound().parameters[parameter].experiments) {
      if (other != experiment) result.push_back(check(experiment, other, parameter));
    }
  }
  return result;
}

namespace {

// Experiments of one parameter by the texts that an attribute must equal: two with different texts need no comparison.
class Partners {
 public:
  Partners(const std::vector<uint32_t>& experiments, const std::vector<const Region*>& regions)
      : experiments_(experiments) {
    std::map<Dimension, size_t> uses;
    for (const Region* region : regions) {
      for (const Dimension dimension : listed(*region)) ++uses[dimension];
    }
    const auto most = std::ranges::max_element(uses, {}, [](const auto& one) { return one.second; });
    for (size_t i = 0; i < experiments.size(); ++i) {
      texts_.emplace_back();
      const std::vector<Dimension> own = listed(*regions[i]);
      const bool usable =
          most != uses.end() && regions[i]->complete && std::ranges::find(own, most->first) != own.end();
      if (!usable) {
        others_.push_back(i);
        continue;
      }
      for (const Box& box : regions[i]->boxes) {
        for (const std::string& text : std::get<Strings>(box.find(most->first)->typed()).listed) texts_[i].insert(text);
      }
      for (const std::string_view text : texts_[i]) by_text_[text].push_back(i);
    }
  }

  // Positions behind `i` whose experiments could meet its own.
  std::vector<size_t> of(size_t i) const {
    std::vector<size_t> result;
    if (texts_[i].empty()) {
      for (size_t j = i + 1; j < experiments_.size(); ++j) result.push_back(j);
      return result;
    }
    for (const std::string_view text : texts_[i]) {
      for (const size_t j : by_text_.at(text)) {
        if (j > i) result.push_back(j);
      }
    }
    for (const size_t j : others_) {
      if (j > i) result.push_back(j);
    }
    std::ranges::sort(result);
    result.erase(std::ranges::unique(result).begin(), result.end());
    return result;
  }

 private:
  // Attributes that every box of the region limits to listed texts.
  static std::vector<Dimension> listed(const Region& region) {
    std::vector<Dimension> result;
    if (region.boxes.empty()) return result;
    const auto is_listed = [](const ValueSet* set) {
      const Strings* strings = set == nullptr ? nullptr : std::get_if<Strings>(&set->typed());
      return strings != nullptr && !strings->all_but && !set->has_missing() && !set->has_mismatch();
    };
    for (const auto& [dimension, set] : region.boxes[0].sets) {
      if (dimension.kind == Kind::kBucket || dimension.kind == Kind::kTime) continue;
      if (std::ranges::all_of(region.boxes, [&](const Box& box) { return is_listed(box.find(dimension)); }))
        result.push_back(dimension);
    }
    return result;
  }

  const std::vector<uint32_t>& experiments_;
  std::vector<std::set<std::string_view>> texts_;
  std::unordered_map<std::string_view, std::vector<size_t>> by_text_;
  std::vector<size_t> others_;
};

}  // namespace

std::vector<Overlap> OverlapChecker::check_all() {
  std::vector<Overlap> result;
  const Bound& bound = regions_.bound();
  for (uint32_t parameter = 0; parameter < bound.parameters.size(); ++parameter) {
    const std::vector<uint32_t>& experiments = bound.parameters[parameter].experiments;
    if (experiments.size() < 2) continue;
    std::vector<const Region*> regions;
    for (const uint32_t e : experiments) regions.push_back(&region(e, parameter));
    const Partners partners(experiments, regions);
    for (size_t i = 0; i < experiments.size(); ++i) {
      for (const size_t j : partners.of(i)) {
        const Compared compared = compare(*regions[i], *regions[j], false);
        if (compared.candidates.empty() && compared.complete) continue;
        Overlap found = check(experiments[i], experiments[j], parameter);
        if (found.verdict != Verdict::kDisjoint) result.push_back(std::move(found));
      }
    }
  }
  return result;
}

// One more test on something that the second experiment limits and that leaves some of the first. The shortest is tried first,
// and each is checked as if it had been written.
void OverlapChecker::find_remedy(Overlap& result) {
  const Bound& bound = regions_.bound();
  const Region& first = region(result.first, result.parameter);
  const Region& second = region(result.second, result.parameter);
  std::map<Dimension, ValueSet> limits;  // what all boxes of the second have in common
  if (second.boxes.empty()) return;
  for (const auto& [dimension, set] : second.boxes[0].sets) {
    const bool nameable = dimension.kind == Kind::kAttribute || dimension.kind == Kind::kParameter;
    if (nameable && second.boxes.size() == 1) limits.emplace(dimension, set);
  }
  std::optional<Condition> best;
  for (const auto& [dimension, set] : limits) {
    if (set.has_missing() || set.has_mismatch()) continue;
    auto condition = condition_outside(regions_.name(dimension), set);
    if (!condition || (best && to_text(*best).size() <= to_text(*condition).size())) continue;
    ValueSet kept = set.negated();
    if (dimension.kind == Kind::kParameter) kept = kept.intersect(bound.parameters[dimension.index].domain);
    Region narrowed;
    narrowed.complete = first.complete;
    for (Box box : first.boxes) {
      if (box.restrict(dimension, kept)) narrowed.boxes.push_back(std::move(box));
    }
    if (narrowed.boxes.empty()) continue;  // nothing of the experiment would be left
    const Compared compared = compare(narrowed, second, false);
    if (compared.candidates.empty() && compared.complete) best = std::move(condition);
  }
  result.remedy = std::move(best);
}

std::optional<uint32_t> OverlapChecker::contradicted_implication() {
  for (uint32_t i = 0; i < regions_.bound().implications.size(); ++i) {
    const Region premise = regions_.of_premise(i);
    const bool can_be = !premise.complete || std::ranges::any_of(premise.boxes, [&](const Box& box) {
      const Region possible = regions_.possible(box);
      return !possible.complete || !possible.boxes.empty();
    });
    if (!can_be) return i;
  }
  return std::nullopt;
}

std::vector<Dead> OverlapChecker::dead_branches() {
  std::vector<Dead> result;
  const Bound& bound = regions_.bound();
  const auto look = [&](const Region& region, std::string what) {
    if (!region.complete) return;
    if (region.boxes.empty()) {
      result.push_back({std::move(what), "its condition contradicts itself, or earlier ones leave nothing"});
      return;
    }
    for (const Box& box : region.boxes) {
      const bool empty =
          std::ranges::any_of(box.sets, [](const auto& one) { return one.second.is_empty() == Answer::kYes; });
      if (empty) continue;
      const Region reached = regions_.reach(box);
      if (!reached.complete || !reached.boxes.empty()) return;
    }
    result.push_back({std::move(what), "what it tests of other parameters can never be"});
  };
  for (uint32_t e = 0; e < bound.experiments.size(); ++e) {
    const Experiment& source = *bound.experiments[e].source;
    if (source.state == State::kEnded || source.max_rollout == 0) continue;
    for (size_t b = 0; b < bound.experiments[e].branches.size(); ++b) {
      look(regions_.of_branch(e, b), fmt::format("branch {} of experiment {}", b + 1, source.name));
    }
  }
  for (uint32_t p = 0; p < bound.parameters.size(); ++p) {
    for (size_t r = 0; r < bound.parameters[p].rules.size(); ++r) {
      look(regions_.of_rule(p, r), fmt::format("rule {} of parameter {}", r + 1, bound.parameters[p].source->name));
    }
  }
  return result;
}

OverlapChecker::Remainder OverlapChecker::open_remainder(uint32_t parameter) {
  std::vector<Box> open = {Box{}};
  Remainder result;
  // Taking a box away leaves, for each of its dimensions, what is inside in the ones before and outside in this one.
  const auto subtract = [&](const Box& taken) {
    std::vector<Box> rest;
    for (const Box& box : open) {
      const ValueSet* other = nullptr;
      if (plain_separation(box, taken, &other) != nullptr) {
        rest.push_back(box);
        continue;
      }
      Box inside = box;
      for (const auto& [dimension, set] : taken.sets) {
        const auto outside = set.outside();
        Box part = inside;
        if (!outside) {
          result.complete = false;
          continue;
        }
        // Buckets end where they end.
        ValueSet beyond = *outside;
        if (dimension.kind == Kind::kBucket) {
          const ValueSet all =
              ValueSet::of(AttributeType::kInt, Integers::closed(0, regions_.bucket(dimension.index).buckets - 1));
          beyond = beyond.intersect(all);
        } else if (dimension.kind == Kind::kParameter) {
          beyond = beyond.intersect(regions_.bound().parameters[dimension.index].domain);
        }
        if (part.restrict(dimension, beyond)) rest.push_back(std::move(part));
        inside.restrict(dimension, set);
      }
    }
    open = std::move(rest);
  };
  for (const uint32_t e : regions_.bound().parameters[parameter].experiments) {
    const Region& captured = region(e, parameter);
    result.complete = result.complete && captured.complete;
    for (const Box& box : captured.boxes) {
      subtract(box);
      if (open.size() <= kMaxRemainder) continue;
      result.complete = false;
      open.resize(kMaxRemainder);
    }
  }
  for (const Box& box : open) {
    if (result.boxes.size() == kMaxShownRemainder) {
      result.complete = false;
      break;
    }
    result.boxes.push_back(to_text(regions_, box));
  }
  return result;
}

}  // namespace sinan::experiment
