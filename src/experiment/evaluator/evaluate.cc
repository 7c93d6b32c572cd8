#include "experiment/evaluator/evaluate.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>

#include "experiment/evaluator/assignment.h"
#include "experiment/evaluator/host.h"
#include "experiment/evaluator/typed_text.h"

namespace sinan::experiment {
namespace {

using namespace format;

// A value as an instruction sees it: one of a context, or of a parameter.
struct Subject {
  ContextKind kind = ContextKind::kMissing;
  int64_t integer = 0;
  double real = 0;
  std::string_view text;
  std::span<const std::string_view> list;
};

Subject subject_of(const ContextEntry* entry) {
  Subject subject;
  if (entry == nullptr) return subject;
  subject.kind = entry->kind;
  switch (entry->kind) {
    case ContextKind::kMissing:
      break;
    case ContextKind::kBool:
      subject.integer = entry->boolean ? 1 : 0;
      break;
    case ContextKind::kInt:
    case ContextKind::kTime:
      subject.integer = entry->integer;
      break;
    case ContextKind::kDouble:
      subject.real = entry->real;
      break;
    case ContextKind::kText:
      subject.text = entry->text;
      break;
    case ContextKind::kList:
      subject.list = entry->list;
      break;
  }
  return subject;
}

constexpr double kTwoTo63 = 9223372036854775808.0;

bool whole_number(const Subject& subject, int64_t& out) {
  if (subject.kind == ContextKind::kInt) {
    out = subject.integer;
    return true;
  }
  if (subject.kind != ContextKind::kDouble || !(subject.real >= -kTwoTo63 && subject.real < kTwoTo63) ||
      subject.real != std::floor(subject.real))
    return false;
  out = static_cast<int64_t>(subject.real);
  return true;
}

bool double_key(const Subject& subject, int64_t& out) {
  double value = subject.real;
  if (subject.kind == ContextKind::kInt) {
    value = static_cast<double>(subject.integer);
  } else if (subject.kind != ContextKind::kDouble) {
    return false;
  }
  const auto key = ordered_key(value);
  out = key.value_or(0);
  return key.has_value();
}

bool time_of(const Subject& subject, int64_t& out) {
  if (subject.kind == ContextKind::kTime) {
    out = subject.integer;
    return true;
  }
  const auto parsed = subject.kind == ContextKind::kText ? parse_timestamp(subject.text) : std::nullopt;
  out = parsed.value_or(0);
  return parsed.has_value();
}

// Whether any of the sorted, disjoint intervals holds the point; `below(interval)`: the interval ends before the point.
template <class Interval, class Below, class Begins>
bool any_interval(const Interval* first, uint32_t count, Below below, Begins begins) {
  const Interval* last = first + count;
  const Interval* found = count <= 4 ? std::find_if_not(first, last, below) : std::partition_point(first, last, below);
  return found != last && begins(*found);
}

// The unit's id, as assignment hashes it. Holds the digits of numbers.
class Unit {
 public:
  bool read(const Snapshot& snapshot, const Experiment& experiment, const Context& context) {
    const Snapshot::Tables& t = snapshot.tables();
    for (uint32_t i = 0; i < experiment.unit.count; ++i) {
      const Attribute& attribute = t.attributes[t.links[experiment.unit.begin + i]];
      const ContextEntry* entry = context.find(attribute.name_hash, snapshot.text(attribute.name));
      if (entry == nullptr || !add(i, subject_of(entry))) return false;
    }
    count_ = experiment.unit.count;
    return true;
  }
  UnitId id() const { return {pieces_.data(), count_}; }

 private:
  bool add(uint32_t i, const Subject& subject) {
    if (subject.kind == ContextKind::kText) {
      pieces_[i] = subject.text;
      return !subject.text.empty();
    }
    int64_t number = 0;
    if (!whole_number(subject, number)) return false;
    auto& digits = digits_[i];
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    pieces_[i] = {digits.data(), static_cast<size_t>(end - digits.data())};
    return true;
  }

  std::array<std::string_view, 8> pieces_;
  std::array<std::array<char, 20>, 8> digits_;
  size_t count_ = 0;
};

uint32_t group_bucket(const Snapshot& snapshot, const Experiment& experiment, const Unit& unit) {
  const auto scheme = static_cast<HashScheme>(experiment.scheme);
  if (scheme == HashScheme::kSinan) return sinan_bucket(experiment.group_key, unit.id(), experiment.buckets);
  return foreign_bucket(scheme, snapshot.text(experiment.salt), unit.id(), experiment.buckets);
}

uint32_t leaf_of(const Snapshot& snapshot, const Experiment& experiment, uint32_t bucket) {
  const Leaf* first = snapshot.tables().leaves + experiment.leaves.begin;
  const Leaf* last = first + experiment.leaves.count;
  const auto below = [&](const Leaf& leaf) { return leaf.last < bucket; };
  const Leaf* found =
      experiment.leaves.count <= 8 ? std::find_if_not(first, last, below) : std::partition_point(first, last, below);
  return static_cast<uint32_t>(found - first);
}

bool leaf_is_in(const Snapshot& snapshot, const Leaf& leaf, std::string_view group) {
  const Group* groups = snapshot.tables().groups;
  for (uint32_t at = leaf.parent; at != kNone; at = groups[at].parent) {
    if (snapshot.text(groups[at].name) == group) return true;
  }
  return false;
}

// Watches nothing.
struct Unobserved {
  static constexpr bool kActive = false;
  void enter(uint32_t /*parameter*/) {}
  void leave(uint32_t /*value*/) {}
  template <class Text>
  void say(Text /*text*/) {}
};

// Collects the decisions as text.
struct Explaining {
  static constexpr bool kActive = true;
  const Snapshot& snapshot;
  std::vector<Step> steps;
  uint32_t depth = 0;

  void enter(uint32_t parameter) {
    say([&] { return "parameter " + std::string(snapshot.text(snapshot.parameters()[parameter].name)); });
    ++depth;
  }
  void leave(uint32_t /*value*/) { --depth; }
  template <class Text>
  void say(Text text) {
    steps.push_back({depth, text()});
  }
};

// One way through a snapshot. Parameters that others test are resolved once each.
template <class Observer>
class Resolver {
 public:
  Resolver(const Snapshot& snapshot, const Context& context, Observer& observer)
      : snapshot_(snapshot), t_(snapshot.tables()), context_(context), observer_(observer) {}

  struct Outcome {
    uint32_t value = kNone;
    Reason reason = Reason::kStatic;
    Membership decided_by;
    Difference difference = Difference::kNever;
  };

  // What-if: the unit is in this leaf of the experiment, wherever it is in fact.
  void force(uint32_t experiment, uint32_t leaf) {
    forced_experiment_ = experiment;
    forced_leaf_ = leaf;
  }

  bool missing_unit() const { return missing_unit_ != kNone; }
  uint32_t experiment_without_unit() const { return missing_unit_; }
  // The experiments that the unit is in, in the order in which they were met.
  std::span<const Membership> met() const { return {met_.data(), met_count_}; }

  Outcome resolve(uint32_t parameter) {
    observer_.enter(parameter);
    const Outcome outcome = decide(parameter);
    observer_.leave(outcome.value);
    return outcome;
  }

 private:
  static constexpr size_t kMaxMet = 64;
  static constexpr size_t kMaxKnown = 64;

  Outcome decide(uint32_t index) {
    const Parameter& parameter = snapshot_.parameters()[index];
    Outcome outcome;
    for (uint32_t i = 0; i < parameter.experiments.count; ++i) {
      if (try_experiment(t_.links[parameter.experiments.begin + i], index, outcome)) return outcome;
    }
    for (uint32_t i = 0; i < parameter.rules.count; ++i) {
      const Rule& rule = t_.rules[parameter.rules.begin + i];
      if (!holds(rule.code)) continue;
      observer_.say([&] { return "rule " + std::to_string(i + 1) + " holds: " + value_text(rule.value); });
      outcome.value = rule.value;
      outcome.reason = Reason::kTargetingMatch;
      return outcome;
    }
    observer_.say([&] { return "its default: " + value_text(parameter.fallback); });
    outcome.value = parameter.fallback;
    outcome.reason = parameter.experiments.count + parameter.rules.count == 0 ? Reason::kStatic : Reason::kDefault;
    return outcome;
  }

  bool try_experiment(uint32_t index, uint32_t parameter, Outcome& outcome) {
    const Experiment& experiment = snapshot_.experiments()[index];
    const uint32_t by_hand = context_.forced().empty() ? kNone : forced_by_hand(experiment);
    if (by_hand == kNone && experiment.windows.count != 0 && !scheduled(experiment)) {
      observer_.say([&] { return name(experiment) + "is not scheduled now"; });
      return false;
    }
    const Treatment* treatment = matching_treatment(experiment, parameter);
    if (treatment == nullptr) return false;
    Membership member = {.experiment = index, .leaf = by_hand, .bucket = kNone};
    if (by_hand == kNone && !place(experiment, member)) return false;
    if (member.experiment == forced_experiment_) member.leaf = forced_leaf_;
    remember(member);
    const uint32_t value = t_.links[treatment->by_leaf + member.leaf];
    observer_.say([&] {
      const std::string group(group_name(snapshot_, member));
      const std::string bucket = member.bucket == kNone ? "forced" : "bucket " + std::to_string(member.bucket);
      return name(experiment) + bucket + ", group " + group + ": " +
             (value == kNone ? "has no value of its own" : value_text(value));
    });
    if (value == kNone) return false;
    outcome.value = value;
    outcome.reason = Reason::kSplit;
    outcome.decided_by = member;
    outcome.difference = treatment->difference;
    return true;
  }

  bool scheduled(const Experiment& experiment) {
    if (!now_) now_ = context_.now() ? *context_.now() : clock_micros();
    const Window* first = t_.windows + experiment.windows.begin;
    return std::any_of(first, first + experiment.windows.count,
                       [&](const Window& w) { return w.begin <= *now_ && *now_ < w.end; });
  }

  // The plan of the first branch that holds; null when it does not set the parameter.
  const Treatment* matching_treatment(const Experiment& experiment, uint32_t parameter) {
    for (uint32_t b = 0; b < experiment.branches.count; ++b) {
      const Branch& branch = t_.branches[experiment.branches.begin + b];
      if (!holds(branch.code)) {
        observer_.say(
            [&] { return name(experiment) + "branch " + std::to_string(b + 1) + " does not hold" + failed_text(); });
        continue;
      }
      const Treatment* first = t_.treatments + branch.treatments.begin;
      const Treatment* last = first + branch.treatments.count;
      const Treatment* found = std::find_if(first, last, [&](const Treatment& t) { return t.parameter == parameter; });
      if (found != last) return found;
      observer_.say([&] {
        return name(experiment) + "branch " + std::to_string(b + 1) + " holds, and leaves the parameter alone";
      });
      return nullptr;
    }
    return nullptr;
  }

  bool place(const Experiment& experiment, Membership& member) {
    Unit unit;
    if (!unit.read(snapshot_, experiment, context_)) {
      missing_unit_ = member.experiment;
      observer_.say([&] { return name(experiment) + "has no unit: the context lacks " + unit_text(experiment); });
      return false;
    }
    if (experiment.rollout < kRolloutBuckets) {
      const uint32_t rollout = sinan_bucket(experiment.rollout_key, unit.id(), kRolloutBuckets);
      if (rollout >= experiment.rollout) {
        observer_.say([&] {
          return name(experiment) + "the unit is outside the rollout: " + std::to_string(rollout) + " is not below " +
                 std::to_string(experiment.rollout) + " millionths";
        });
        return false;
      }
    }
    member.bucket = group_bucket(snapshot_, experiment, unit);
    member.leaf = leaf_of(snapshot_, experiment, member.bucket);
    return true;
  }

  uint32_t forced_by_hand(const Experiment& experiment) const {
    for (const ForcedGroup& forced : context_.forced()) {
      if (snapshot_.text(experiment.name) != forced.experiment) continue;
      for (uint32_t leaf = 0; leaf < experiment.leaves.count; ++leaf) {
        if (leaf_is_in(snapshot_, t_.leaves[experiment.leaves.begin + leaf], forced.group)) return leaf;
      }
    }
    return kNone;
  }

  void remember(const Membership& member) {
    for (size_t i = 0; i < met_count_; ++i) {
      if (met_[i].experiment == member.experiment) return;
    }
    if (met_count_ < kMaxMet) met_[met_count_++] = member;
  }

  bool holds(uint32_t at) {
    while (at < kNoMatch) {
      const Instruction& instruction = t_.instructions[at];
      const bool truth = instruction.of_parameter != 0 ? test(instruction, parameter_subject(instruction.subject))
                                                       : test(instruction, attribute_subject(instruction.subject));
      if constexpr (Observer::kActive) {
        if (!truth) failed_ = ": " + subject_text(instruction);
      }
      at = truth ? instruction.on_true : instruction.on_false;
    }
    return at == kMatch;
  }

  Subject attribute_subject(uint32_t index) const {
    const Attribute& attribute = t_.attributes[index];
    return subject_of(context_.find(attribute.name_hash, snapshot_.text(attribute.name)));
  }

  Subject parameter_subject(uint32_t index) {
    uint32_t value = kNone;
    for (size_t i = 0; i < known_count_ && value == kNone; ++i) {
      if (known_[i].parameter == index) value = known_[i].value;
    }
    if (value == kNone) {
      value = resolve(index).value;
      if (known_count_ < kMaxKnown) known_[known_count_++] = {index, value};
    }
    const Value& record = t_.values[value];
    Subject subject;
    switch (record.type) {
      case 0:
        subject.kind = ContextKind::kBool;
        break;
      case 1:
        subject.kind = ContextKind::kInt;
        break;
      case 2:
        subject.kind = ContextKind::kDouble;
        break;
      default:
        subject.kind = ContextKind::kText;
        subject.text = snapshot_.text(record.text);
        return subject;
    }
    subject.integer = static_cast<int64_t>(record.bits);
    subject.real = std::bit_cast<double>(record.bits);
    return subject;
  }

  // Whether the subject is of the operation's type and its value in the set. Missing and mismatch are in no set.
  bool test(const Instruction& i, const Subject& subject) const {
    switch (i.operation) {
      case Operation::kIsMissing:
        return subject.kind == ContextKind::kMissing;
      case Operation::kIsPresent:
        return subject.kind != ContextKind::kMissing;
      case Operation::kBool:
        return subject.kind == ContextKind::kBool && ((i.operand.begin >> (subject.integer & 1)) & 1) != 0;
      case Operation::kIntegers: {
        int64_t point = 0;
        return whole_number(subject, point) && in_integers(i.operand, point);
      }
      case Operation::kDoubles: {
        int64_t point = 0;
        return double_key(subject, point) && in_integers(i.operand, point);
      }
      case Operation::kTimes: {
        int64_t point = 0;
        return time_of(subject, point) && in_integers(i.operand, point);
      }
      case Operation::kTextIn:
        return subject.kind == ContextKind::kText && in_texts(i.operand, subject.text) != (i.negated != 0);
      case Operation::kPattern:
        return subject.kind == ContextKind::kText &&
               fits(t_.automata[i.operand.begin], subject.text) != (i.negated != 0);
      case Operation::kVersions:
        return subject.kind == ContextKind::kText && in_versions(i.operand, subject.text);
      case Operation::kAddresses:
        return subject.kind == ContextKind::kText && in_addresses(i.operand, subject.text);
      case Operation::kListHas: {
        if (subject.kind != ContextKind::kList) return false;
        const std::string_view wanted = snapshot_.text(t_.text_lists[i.operand.begin]);
        return (std::ranges::find(subject.list, wanted) != subject.list.end()) != (i.negated != 0);
      }
    }
    return false;
  }

  bool in_integers(Slice slice, int64_t point) const {
    return any_interval(
        t_.integers + slice.begin, slice.count, [&](const IntegerInterval& v) { return v.last < point; },
        [&](const IntegerInterval& v) { return v.first <= point; });
  }
  bool in_texts(Slice slice, std::string_view text) const {
    const Slice* first = t_.text_lists + slice.begin;
    if (slice.count == 1) return same_text(snapshot_.text(*first), text);
    const Slice* found =
        std::partition_point(first, first + slice.count, [&](const Slice& one) { return snapshot_.text(one) < text; });
    return found != first + slice.count && snapshot_.text(*found) == text;
  }
  bool fits(const Automaton& automaton, std::string_view text) const {
    const uint8_t* class_of = t_.bytes + automaton.class_of;
    const uint16_t* next = t_.steps + automaton.next;
    size_t state = 0;
    for (const char c : text) state = next[state * automaton.classes + class_of[static_cast<uint8_t>(c)]];
    return t_.bytes[automaton.accepting + state] != 0;
  }
  Semver bound(const VersionBound& v) const { return {v.major, v.minor, v.patch, snapshot_.text(v.prerelease)}; }
  bool in_versions(Slice slice, std::string_view text) const {
    const auto version = parse_semver(text);
    if (!version) return false;
    return any_interval(
        t_.versions + slice.begin, slice.count,
        [&](const VersionInterval& v) { return v.unbounded == 0 && compare(bound(v.end), *version) <= 0; },
        [&](const VersionInterval& v) { return compare(bound(v.begin), *version) <= 0; });
  }
  bool in_addresses(Slice slice, std::string_view text) const {
    const auto address = parse_ip(text);
    if (!address) return false;
    return any_interval(
        t_.addresses + slice.begin, slice.count,
        [&](const AddressInterval& v) { return IpAddress{v.last_high, v.last_low} < *address; },
        [&](const AddressInterval& v) { return IpAddress{v.first_high, v.first_low} <= *address; });
  }

  std::string name(const Experiment& experiment) const {
    return "experiment " + std::string(snapshot_.text(experiment.name)) + ": ";
  }
  std::string subject_text(const Instruction& instruction) const {
    if (instruction.of_parameter != 0)
      return std::string(snapshot_.text(snapshot_.parameters()[instruction.subject].name));
    const std::string attribute(snapshot_.text(t_.attributes[instruction.subject].name));
    return attribute_subject(instruction.subject).kind == ContextKind::kMissing ? attribute + " is missing" : attribute;
  }
  std::string unit_text(const Experiment& experiment) const {
    std::string text;
    for (uint32_t i = 0; i < experiment.unit.count; ++i) {
      text += (text.empty() ? "" : ", ") +
              std::string(snapshot_.text(t_.attributes[t_.links[experiment.unit.begin + i]].name));
    }
    return text;
  }
  std::string value_text(uint32_t value) const {
    const Value& record = t_.values[value];
    if (record.type == 0) return record.bits != 0 ? "true" : "false";
    if (record.type == 1) return std::to_string(static_cast<int64_t>(record.bits));
    if (record.type == 2) return double_text(std::bit_cast<double>(record.bits));
    return std::string(snapshot_.text(record.text));
  }

  std::string failed_text() const {
    if constexpr (Observer::kActive) return failed_;
    return {};
  }

  struct Known {
    uint32_t parameter;
    uint32_t value;
  };

  const Snapshot& snapshot_;
  const Snapshot::Tables& t_;
  const Context& context_;
  Observer& observer_;
  uint32_t forced_experiment_ = kNone - 1;
  uint32_t forced_leaf_ = 0;
  uint32_t missing_unit_ = kNone;
  std::optional<int64_t> now_;
  size_t met_count_ = 0;
  size_t known_count_ = 0;
  // Only what is met is written: clearing all of it would cost more than the rest of an evaluation.
  union {
    std::array<Membership, kMaxMet> met_;
  };
  std::array<Known, kMaxKnown> known_;
  // Only when observed: why a condition failed.
  struct Nothing {};
  std::conditional_t<Observer::kActive, std::string, Nothing> failed_;
};

using Fast = Resolver<Unobserved>;

// Whether another group of the experiment, with all else as it is, would change the value. A group is tried once for each
// distinct row of values, which is what leaves differ by.
bool depends_on(const Snapshot& snapshot, const Context& context, uint32_t parameter, uint32_t value,
                const Membership& member) {
  const uint32_t leaves = snapshot.experiments()[member.experiment].leaves.count;
  Unobserved none;
  for (uint32_t leaf = 0; leaf < leaves; ++leaf) {
    if (leaf == member.leaf) continue;
    Fast other(snapshot, context, none);
    other.force(member.experiment, leaf);
    if (other.resolve(parameter).value != value) return true;
  }
  return false;
}

void find_exposures(const Snapshot& snapshot, const Context& context, const Fast& resolver,
                    const Fast::Outcome& outcome, Detail& detail) {
  for (const Membership& member : resolver.met()) {
    if (detail.exposure_count == Detail::kMaxExposures) return;
    const bool direct = member.experiment == outcome.decided_by.experiment;
    bool depends = false;
    // Where nothing upstream decides, this was computed when the configuration was compiled.
    const bool computed =
        snapshot.parameters()[detail.parameter].has_upstream == 0 && outcome.difference != Difference::kDepends;
    if (direct && computed) {
      depends = outcome.difference == Difference::kAlways;
    } else {
      depends = depends_on(snapshot, context, detail.parameter, outcome.value, member);
    }
    if (depends) detail.exposures[detail.exposure_count++] = member;
  }
}

bool is_static(const Parameter& parameter) { return parameter.experiments.count + parameter.rules.count == 0; }

// An int serves as a double.
bool serves_as(uint32_t present, uint32_t wanted) { return present == wanted || (wanted == 2 && present == 1); }

// The number of the value that evaluate_number() finds for a read, without the details: what depends on which experiment is not
// asked.
uint32_t value_alone(const Snapshot& snapshot, uint32_t parameter, const Context& context) {
  snapshot.count_access(parameter);
  const Parameter& record = snapshot.parameters()[parameter];
  if (is_static(record)) return record.fallback;
  Unobserved none;
  Fast resolver(snapshot, context, none);
  const uint32_t value = resolver.resolve(parameter).value;
  if (resolver.missing_unit()) snapshot.count_missing_unit(resolver.experiment_without_unit());
  return value;
}

const Value* typed_value(const Snapshot& snapshot, std::string_view parameter, const Context& context, uint32_t type,
                         Detail* detail) {
  uint32_t value = kNone;
  if (detail != nullptr) {
    *detail = evaluate_as(snapshot, parameter, type, context);
    value = detail->value;
  } else if (const uint32_t number = snapshot.find_parameter(parameter); number != kNone) {
    value = value_alone(snapshot, number, context);
    if (!serves_as(snapshot.tables().values[value].type, type)) return nullptr;
  }
  return value == kNone ? nullptr : &snapshot.tables().values[value];
}

}  // namespace

std::string_view to_string(Reason reason) {
  constexpr std::array<std::string_view, 5> kNames = {"STATIC", "DEFAULT", "TARGETING_MATCH", "SPLIT", "ERROR"};
  return kNames[static_cast<size_t>(reason)];
}
std::string_view to_string(Problem problem) {
  constexpr std::array<std::string_view, 3> kNames = {"", "FLAG_NOT_FOUND", "TYPE_MISMATCH"};
  return kNames[static_cast<size_t>(problem)];
}

Detail evaluate(const Snapshot& snapshot, std::string_view parameter, const Context& context, Access access) {
  const uint32_t number = snapshot.find_parameter(parameter);
  if (number != kNone) return evaluate_number(snapshot, number, context, access);
  Detail detail;
  detail.version = snapshot.version();
  detail.problem = Problem::kFlagNotFound;
  return detail;
}

Detail evaluate_number(const Snapshot& snapshot, uint32_t parameter, const Context& context, Access access) {
  Detail detail;
  detail.version = snapshot.version();
  detail.parameter = parameter;
  if (access == Access::kRead) snapshot.count_access(detail.parameter);
  const Parameter& record = snapshot.parameters()[detail.parameter];
  if (is_static(record)) {
    detail.reason = Reason::kStatic;
    detail.value = record.fallback;
    return detail;
  }
  Unobserved none;
  Fast resolver(snapshot, context, none);
  const Fast::Outcome outcome = resolver.resolve(detail.parameter);
  detail.value = outcome.value;
  detail.reason = outcome.reason;
  detail.decided_by = outcome.decided_by;
  detail.missing_unit = resolver.missing_unit();
  if (detail.missing_unit && access == Access::kRead) snapshot.count_missing_unit(resolver.experiment_without_unit());
  if (!resolver.met().empty()) find_exposures(snapshot, context, resolver, outcome, detail);
  return detail;
}

Detail evaluate_as(const Snapshot& snapshot, std::string_view parameter, uint32_t type, const Context& context,
                   Access access) {
  Detail detail = evaluate(snapshot, parameter, context, access);
  if (detail.value == kNone) return detail;
  if (serves_as(snapshot.tables().values[detail.value].type, type)) return detail;
  detail.reason = Reason::kError;
  detail.problem = Problem::kTypeMismatch;
  detail.value = kNone;
  detail.exposure_count = 0;  // what was delivered is the caller's default
  return detail;
}

bool boolean(const Snapshot& snapshot, std::string_view parameter, const Context& context, bool fallback,
             Detail* detail) {
  const Value* value = typed_value(snapshot, parameter, context, 0, detail);
  return value == nullptr ? fallback : value->bits != 0;
}
int64_t integer(const Snapshot& snapshot, std::string_view parameter, const Context& context, int64_t fallback,
                Detail* detail) {
  const Value* value = typed_value(snapshot, parameter, context, 1, detail);
  return value == nullptr ? fallback : static_cast<int64_t>(value->bits);
}
double real(const Snapshot& snapshot, std::string_view parameter, const Context& context, double fallback,
            Detail* detail) {
  const Value* value = typed_value(snapshot, parameter, context, 2, detail);
  if (value == nullptr) return fallback;
  return value->type == 1 ? static_cast<double>(static_cast<int64_t>(value->bits)) : std::bit_cast<double>(value->bits);
}
std::string_view string(const Snapshot& snapshot, std::string_view parameter, const Context& context,
                        std::string_view fallback, Detail* detail) {
  const Value* value = typed_value(snapshot, parameter, context, 3, detail);
  return value == nullptr ? fallback : snapshot.text(value->text);
}
std::string_view json(const Snapshot& snapshot, std::string_view parameter, const Context& context,
                      std::string_view fallback, Detail* detail) {
  const Value* value = typed_value(snapshot, parameter, context, 4, detail);
  return value == nullptr ? fallback : snapshot.text(value->text);
}

std::string_view experiment_name(const Snapshot& snapshot, const Membership& membership) {
  if (membership.experiment == kNone) return {};
  return snapshot.text(snapshot.experiments()[membership.experiment].name);
}

std::string_view group_name(const Snapshot& snapshot, const Membership& membership) {
  if (membership.experiment == kNone) return {};
  const Leaf& leaf =
      snapshot.tables().leaves[snapshot.experiments()[membership.experiment].leaves.begin + membership.leaf];
  return snapshot.text(snapshot.tables().groups[leaf.parent].name);
}

std::vector<Step> explain(const Snapshot& snapshot, std::string_view parameter, const Context& context) {
  const uint32_t index = snapshot.find_parameter(parameter);
  if (index == kNone) return {{0, "unknown parameter " + std::string(parameter)}};
  Explaining observer{.snapshot = snapshot, .steps = {}, .depth = 0};
  Resolver<Explaining> resolver(snapshot, context, observer);
  resolver.resolve(index);
  return std::move(observer.steps);
}

Membership membership(const Snapshot& snapshot, uint32_t experiment, const Context& context) {
  Unit unit;
  const Experiment& record = snapshot.experiments()[experiment];
  if (!unit.read(snapshot, record, context)) return {};
  const uint32_t bucket = group_bucket(snapshot, record, unit);
  return {.experiment = experiment, .leaf = leaf_of(snapshot, record, bucket), .bucket = bucket};
}

uint32_t rollout_bucket(const Snapshot& snapshot, uint32_t experiment, const Context& context) {
  Unit unit;
  const Experiment& record = snapshot.experiments()[experiment];
  if (!unit.read(snapshot, record, context)) return kNone;
  return sinan_bucket(record.rollout_key, unit.id(), kRolloutBuckets);
}

}  // namespace sinan::experiment
