#include "experiment/witness.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/check.h"
#include "experiment/compile.h"
#include "experiment/evaluator/evaluate.h"

namespace sinan::experiment {
namespace {

using Kind = Dimension::Kind;

// Candidates for the value of a unit attribute, one after another without end.
class Candidates {
 public:
  Candidates(AttributeType type, const ValueSet* set) : type_(type), set_(set) {
    if (set_ != nullptr && type == AttributeType::kString) {
      const Strings& strings = std::get<Strings>(set_->typed());
      if (!strings.all_but || !strings.patterns.empty()) fixed_ = set_->sample_strings(20'000);
      free_ = strings.all_but && strings.patterns.empty();
    }
  }

  bool is_empty() const { return type_ == AttributeType::kString && !free_ && set_ != nullptr && fixed_.empty(); }

  // The n-th candidate; nothing when there are no more.
  std::optional<ContextValue> at(size_t n) const {
    if (type_ == AttributeType::kString) {
      if (set_ != nullptr && !free_) return n < fixed_.size() ? std::optional(ContextValue(fixed_[n])) : std::nullopt;
      std::string id = fmt::format("u{}", n);
      if (set_ != nullptr && !set_->contains_text(id)) id += "x";
      return ContextValue(std::move(id));
    }
    if (set_ == nullptr) return ContextValue(static_cast<int64_t>(n));
    // Through the intervals, from zero or the nearest beginning on.
    const Integers& integers = std::get<Integers>(set_->typed());
    uint64_t left = n;
    for (const bool negative : {false, true}) {
      const Integers half = integers.intersect(negative ? Integers::below(0) : Integers::from(0));
      for (const auto& interval : half.intervals()) {
        const uint64_t width =
            interval.end ? static_cast<uint64_t>(*interval.end) - static_cast<uint64_t>(interval.begin) : ~uint64_t{0};
        if (left < width) return ContextValue(static_cast<int64_t>(static_cast<uint64_t>(interval.begin) + left));
        left -= width;
      }
    }
    return std::nullopt;
  }

 private:
  AttributeType type_;
  const ValueSet* set_;
  std::vector<std::string> fixed_;
  bool free_ = true;
};

// A bucket that has to fall into a set.
struct Demand {
  const BucketKey* key;
  SipKey sip;
  const Integers* set;
};

uint32_t bucket_of(const Demand& demand, UnitId unit) {
  if (demand.key->scheme == HashScheme::kSinan) return sinan_bucket(demand.sip, unit, demand.key->buckets);
  return foreign_bucket(demand.key->scheme, demand.key->salt, unit, demand.key->buckets);
}

class Search {
 public:
  Search(const Regions& regions, const Box& box, SearchBudget& budget)
      : regions_(regions), box_(box), budget_(budget) {}

  std::optional<Witness> find(std::string& reason) {
    Witness witness;
    std::vector<Demand> demands;
    std::set<uint32_t> unit_attributes;
    for (const auto& [dimension, set] : box_.sets) {
      if (dimension.kind == Kind::kTime) {
        witness.time = std::get<int64_t>(*set.sample());
      } else if (dimension.kind == Kind::kBucket) {
        const BucketKey& key = regions_.bucket(dimension.index);
        demands.push_back({&key, derive_key(key.purpose, key.salt), &std::get<Integers>(set.typed())});
        unit_attributes.insert(key.unit.begin(), key.unit.end());
      }
    }
    for (const auto& [dimension, set] : box_.sets) {
      if (dimension.kind != Kind::kAttribute || unit_attributes.contains(dimension.index)) continue;
      auto value = set.sample();
      if (!value) {
        reason = fmt::format("patterns of {} are too large to be decided", regions_.name(dimension));
        return std::nullopt;
      }
      if (!std::holds_alternative<std::monostate>(*value))
        witness.context.emplace_back(regions_.name(dimension), *std::move(value));
    }
    while (!unit_attributes.empty()) {
      if (!find_units(take_component(unit_attributes, demands), demands, witness)) {
        reason = "no unit was found in a bounded search whose buckets fall into both";
        return std::nullopt;
      }
    }
    std::ranges::sort(witness.context, {}, [](const auto& one) { return one.first; });
    return witness;
  }

 private:
  // Attributes that units tie together are searched for together, others apart.
  static std::vector<uint32_t> take_component(std::set<uint32_t>& attributes, const std::vector<Demand>& demands) {
    std::set<uint32_t> component = {*attributes.begin()};
    for (bool grown = true; grown;) {
      grown = false;
      for (const Demand& demand : demands) {
        if (std::ranges::none_of(demand.key->unit, [&](uint32_t a) { return component.contains(a); })) continue;
        for (const uint32_t a : demand.key->unit) grown = component.insert(a).second || grown;
      }
    }
    for (const uint32_t a : component) attributes.erase(a);
    return {component.begin(), component.end()};
  }

  static std::string unit_text(const ContextValue& value) {
    const std::string* text = std::get_if<std::string>(&value);
    return text != nullptr ? *text : fmt::format("{}", std::get<int64_t>(value));
  }

  bool find_units(const std::vector<uint32_t>& attributes, const std::vector<Demand>& all, Witness& witness) {
    std::vector<Demand> demands;
    for (const Demand& demand : all) {
      if (std::ranges::find(attributes, demand.key->unit[0]) != attributes.end()) demands.push_back(demand);
    }
    std::vector<Candidates> candidates;
    for (const uint32_t a : attributes) {
      candidates.emplace_back(regions_.bound().attributes[a].type, box_.find({Kind::kAttribute, a}));
      if (candidates.back().is_empty()) return false;
    }
    // The first attribute goes through its candidates one by one, the others more slowly, each at a pace of its own.
    std::vector<ContextValue> values(attributes.size());
    std::vector<std::string> texts(attributes.size());
    const size_t most = std::min(budget_.hashes, SearchBudget::kMaxOfOneBox);
    for (size_t n = 0; n * demands.size() < most; ++n) {
      budget_.hashes -= std::min(budget_.hashes, demands.size());
      size_t ended = 0;
      for (size_t i = 0; i < attributes.size(); ++i) {
        const size_t wanted = i == 0 ? n : n / (1 + i * 7) + i;
        auto value = candidates[i].at(wanted);
        if (!value) {
          ++ended;
          value = candidates[i].at(n % 97);
          if (!value) value = candidates[i].at(0);
        }
        if (!value) return false;
        values[i] = *std::move(value);
        texts[i] = unit_text(values[i]);
      }
      if (fits(attributes, texts, demands)) {
        for (size_t i = 0; i < attributes.size(); ++i)
          witness.context.emplace_back(std::string(regions_.bound().attributes[attributes[i]].name), values[i]);
        return true;
      }
      if (ended == attributes.size() && n > 20'000) return false;
    }
    return false;
  }

  static bool fits(const std::vector<uint32_t>& attributes, const std::vector<std::string>& texts,
                   const std::vector<Demand>& demands) {
    return std::ranges::all_of(demands, [&](const Demand& demand) {
      std::array<std::string_view, kMaxUnitAttributes> pieces;
      for (size_t i = 0; i < demand.key->unit.size(); ++i) {
        const auto at = std::ranges::find(attributes, demand.key->unit[i]) - attributes.begin();
        pieces[i] = texts[static_cast<size_t>(at)];
      }
      return demand.set->contains(bucket_of(demand, {pieces.data(), demand.key->unit.size()}));
    });
  }

  const Regions& regions_;
  const Box& box_;
  SearchBudget& budget_;
};

void collect_parameters(const Bound& bound, const Predicate& predicate, std::set<uint32_t>& parameters);

// Everything that decides over a parameter, and what decides over that.
void add_parameter(const Bound& bound, uint32_t parameter, std::set<uint32_t>& parameters) {
  if (!parameters.insert(parameter).second) return;
  for (const BoundRule& rule : bound.parameters[parameter].rules) collect_parameters(bound, rule.when, parameters);
  for (const uint32_t e : bound.parameters[parameter].experiments) {
    for (const BoundBranch& branch : bound.experiments[e].branches) collect_parameters(bound, branch.when, parameters);
  }
}

void collect_parameters(const Bound& bound, const Predicate& predicate, std::set<uint32_t>& parameters) {
  if (predicate.kind == Predicate::Kind::kAtom && predicate.subject.is_parameter)
    add_parameter(bound, predicate.subject.index, parameters);
  for (const Predicate& child : predicate.children) collect_parameters(bound, child, parameters);
}

// The bound configuration with the named experiments only, running at their maximum, and the parameter left to one of them.
class Replay {
 public:
  Replay(const Bound& bound, const std::set<uint32_t>& experiments, uint32_t parameter, uint32_t owner) {
    part_.attributes = bound.attributes;
    part_.values = bound.values;
    part_.parameters = bound.parameters;
    for (BoundParameter& one : part_.parameters) one.experiments.clear();
    sources_.reserve(experiments.size());
    for (const uint32_t e : experiments) {
      sources_.push_back(*bound.experiments[e].source);
      sources_.back().state = State::kRunning;
      sources_.back().rollout = sources_.back().max_rollout;
      const auto number = static_cast<uint32_t>(part_.experiments.size());
      part_.experiments.push_back(bound.experiments[e]);
      BoundExperiment& copy = part_.experiments.back();
      copy.source = &sources_.back();
      for (BoundBranch& branch : copy.branches) {
        if (e != owner)
          std::erase_if(branch.treatments, [&](const BoundTreatment& t) { return t.parameter == parameter; });
        for (const BoundTreatment& treatment : branch.treatments) {
          auto& setters = part_.parameters[treatment.parameter].experiments;
          if (setters.empty() || setters.back() != number) setters.push_back(number);
        }
      }
    }
  }
  std::vector<std::byte> compiled() const { return compile(part_, 1); }

 private:
  std::vector<Experiment> sources_;
  Bound part_;
};

void set_values(const Witness& witness, Context& context, std::vector<std::vector<std::string_view>>& lists) {
  lists.reserve(witness.context.size());
  for (const auto& [name, value] : witness.context) {
    std::visit(
        [&]<class T>(const T& v) {
          if constexpr (std::is_same_v<T, std::vector<std::string>>) {
            lists.emplace_back(v.begin(), v.end());
            context.set(name, std::span<const std::string_view>(lists.back()));
          } else if constexpr (std::is_same_v<T, std::string>) {
            context.set(name, std::string_view(v));
          } else if constexpr (!std::is_same_v<T, std::monostate>) {
            context.set(name, v);
          }
        },
        value);
  }
  context.at(witness.time.value_or(0));
}

}  // namespace

std::optional<Witness> make_witness(const Regions& regions, const Box& box, SearchBudget& budget, std::string& reason) {
  return Search(regions, box, budget).find(reason);
}

bool replay(const Bound& bound, uint32_t first, uint32_t second, uint32_t parameter, Witness& witness) {
  std::set<uint32_t> parameters;
  for (const uint32_t e : {first, second}) {
    for (const BoundBranch& branch : bound.experiments[e].branches) collect_parameters(bound, branch.when, parameters);
  }
  std::set<uint32_t> experiments = {first, second};
  for (const uint32_t p : parameters)
    experiments.insert(bound.parameters[p].experiments.begin(), bound.parameters[p].experiments.end());
  Context context;
  std::vector<std::vector<std::string_view>> lists;
  set_values(witness, context, lists);
  for (const uint32_t owner : {first, second}) {
    const auto snapshot = Snapshot::load(Replay(bound, experiments, parameter, owner).compiled());
    CHECK(snapshot.has_value());
    const Detail detail = evaluate(**snapshot, bound.parameters[parameter].source->name, context, Access::kPrefetch);
    if (experiment_name(**snapshot, detail.decided_by) != bound.experiments[owner].source->name) return false;
    (owner == first ? witness.first_group : witness.second_group) = group_name(**snapshot, detail.decided_by);
  }
  return true;
}

std::string Witness::to_text() const {
  std::string text;
  for (const auto& [name, value] : context)
    text += fmt::format("{}{}={}", text.empty() ? "" : ", ", name, experiment::to_text(value));
  return "(" + text + ")";
}

}  // namespace sinan::experiment
