#include "experiment/compile.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <map>
#include <ranges>
#include <set>
#include <unordered_map>

#include "experiment/evaluator/context.h"
#include "experiment/evaluator/snapshot.h"

namespace sinan::experiment {
namespace {

using format::Slice;

struct Text {
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  using is_transparent = void;
};

class Compiler {
 public:
  explicit Compiler(const Bound& bound) : bound_(bound) {}

  std::vector<std::byte> compile(uint64_t version) {
    for (const BoundAttribute& attribute : bound_.attributes)
      attributes_.push_back({name_hash(attribute.name), text(attribute.name)});
    for (const Value& value : bound_.values) add_value(value);
    number_experiments();
    for (const BoundParameter& parameter : bound_.parameters) add_parameter(parameter);
    for (const BoundExperiment& experiment : bound_.experiments) {
      if (experiment.source->state == State::kRunning) add_experiment(experiment);
    }
    add_name_slots();
    return assemble(version);
  }

 private:
  template <class Record>
  static uint32_t size(const std::vector<Record>& records) {
    return static_cast<uint32_t>(records.size());
  }

  Slice text(std::string_view value) {
    if (const auto known = known_texts_.find(value); known != known_texts_.end()) return known->second;
    const Slice slice = {static_cast<uint32_t>(texts_.size()), static_cast<uint32_t>(value.size())};
    texts_ += value;
    known_texts_.emplace(value, slice);
    return slice;
  }

  void add_value(const Value& value) {
    format::Value record;
    record.type = static_cast<uint32_t>(type_of(value));
    if (const bool* b = std::get_if<bool>(&value)) record.bits = *b ? 1 : 0;
    if (const int64_t* i = std::get_if<int64_t>(&value)) record.bits = static_cast<uint64_t>(*i);
    if (const double* d = std::get_if<double>(&value)) record.bits = std::bit_cast<uint64_t>(*d);
    if (const std::string* s = std::get_if<std::string>(&value)) record.text = text(*s);
    if (const JsonText* j = std::get_if<JsonText>(&value)) record.text = text(j->text);
    values_.push_back(record);
  }

  void number_experiments() {
    uint32_t next = 0;
    for (const BoundExperiment& experiment : bound_.experiments) {
      numbers_.push_back(experiment.source->state == State::kRunning ? next++ : format::kNone);
    }
  }

  static bool tests_parameter(const Predicate& predicate) {
    if (predicate.kind == Predicate::Kind::kAtom) return predicate.subject.is_parameter;
    return std::ranges::any_of(predicate.children, tests_parameter);
  }

  void add_parameter(const BoundParameter& parameter) {
    format::Parameter record;
    record.name = text(parameter.source->name);
    record.type = static_cast<uint32_t>(parameter.source->type);
    record.fallback = parameter.fallback;
    record.rules = {size(rules_), size(parameter.rules)};
    bool upstream = false;
    for (const BoundRule& rule : parameter.rules) {
      rules_.push_back({add_code(rule.when), rule.value});
      upstream = upstream || tests_parameter(rule.when);
    }
    record.experiments.begin = size(links_);
    for (const uint32_t experiment : parameter.experiments) {
      if (numbers_[experiment] == format::kNone) continue;
      links_.push_back(numbers_[experiment]);
      for (const BoundBranch& branch : bound_.experiments[experiment].branches)
        upstream = upstream || tests_parameter(branch.when);
    }
    record.experiments.count = size(links_) - record.experiments.begin;
    record.has_upstream = upstream ? 1 : 0;
    parameters_.push_back(record);
  }

  void add_experiment(const BoundExperiment& experiment) {
    const Experiment& source = *experiment.source;
    format::Experiment record;
    record.group_key = derive_key(Purpose::kGroup, source.effective_salt());
    record.rollout_key = derive_key(Purpose::kRollout, source.effective_salt());
    record.name = text(source.name);
    record.salt = text(source.effective_salt());
    record.unit = add_links(experiment.unit);
    record.buckets = source.buckets;
    record.rollout = source.rollout;
    record.epoch = source.epoch;
    record.scheme = static_cast<uint32_t>(source.scheme);
    record.leaves.begin = size(leaves_);
    add_groups(source.groups, format::kNone);
    record.leaves.count = size(leaves_) - record.leaves.begin;
    record.branches = {size(branches_), size(experiment.branches)};
    for (const BoundBranch& branch : experiment.branches) {
      branches_.push_back({add_code(branch.when), {size(treatments_), size(branch.treatments)}});
      for (const BoundTreatment& treatment : branch.treatments) {
        treatments_.push_back({treatment.parameter, add_links(treatment.by_leaf).begin, difference(treatment)});
      }
    }
    record.windows = {size(windows_), size(source.schedule)};
    for (const Window& window : source.schedule) {
      windows_.push_back({window.begin.value_or(std::numeric_limits<int64_t>::min()),
                          window.end.value_or(std::numeric_limits<int64_t>::max())});
    }
    experiments_.push_back(record);
  }

  void add_groups(const std::vector<Group>& groups, uint32_t parent) {
    for (const Group& group : groups) {
      const uint32_t index = size(groups_);
      groups_.push_back({text(group.name), parent, 0});
      if (group.children.empty()) {
        leaves_.push_back({group.last, index});
      } else {
        add_groups(group.children, index);
      }
    }
  }

  // Passing through leads to a value that depends on the context.
  static format::Difference difference(const BoundTreatment& treatment) {
    const std::set<uint32_t> values(treatment.by_leaf.begin(), treatment.by_leaf.end());
    if (values.size() < 2) return format::Difference::kNever;
    return values.contains(kNoValue) ? format::Difference::kDepends : format::Difference::kAlways;
  }

  Slice add_links(const std::vector<uint32_t>& links) {
    const auto [known, added] = known_links_.try_emplace(links, Slice{size(links_), size(links)});
    if (added) links_.insert(links_.end(), links.begin(), links.end());
    return known->second;
  }

  // Jumping code, written from its end: what runs later stands later, and every target is known when it is needed.
  uint32_t add_code(const Predicate& predicate) {
    std::vector<format::Instruction> backwards;
    const uint32_t entry = emit(predicate, format::kMatch, format::kNoMatch, backwards);
    const uint32_t end = size(instructions_) + size(backwards);
    const auto forward = [&](uint32_t target) { return target >= format::kNoMatch ? target : end - 1 - target; };
    for (format::Instruction& at : std::views::reverse(backwards)) {
      at.on_true = forward(at.on_true);
      at.on_false = forward(at.on_false);
      instructions_.push_back(at);
    }
    return forward(entry);
  }

  uint32_t emit(const Predicate& predicate, uint32_t on_true, uint32_t on_false,
                std::vector<format::Instruction>& backwards) {
    uint32_t entry = on_true;
    switch (predicate.kind) {
      case Predicate::Kind::kTrue:
        return on_true;
      case Predicate::Kind::kFalse:
        return on_false;
      case Predicate::Kind::kAnd:
        for (const Predicate& child : std::views::reverse(predicate.children))
          entry = emit(child, entry, on_false, backwards);
        return entry;
      case Predicate::Kind::kOr:
        entry = on_false;
        for (const Predicate& child : std::views::reverse(predicate.children))
          entry = emit(child, on_true, entry, backwards);
        return entry;
      case Predicate::Kind::kAtom:
        break;
    }
    format::Instruction instruction = atom(predicate.set);
    instruction.of_parameter = predicate.subject.is_parameter ? 1 : 0;
    instruction.subject = predicate.subject.index;
    instruction.on_true = on_true;
    instruction.on_false = on_false;
    backwards.push_back(instruction);
    return size(backwards) - 1;
  }

  format::Instruction atom(const ValueSet& set) {
    using format::Operation;
    format::Instruction instruction;
    if (set.has_missing()) {
      instruction.operation = Operation::kIsMissing;
    } else if (set.has_mismatch()) {
      instruction.operation = Operation::kIsPresent;
    } else {
      std::visit([&](const auto& typed) { add_operand(instruction, set.type(), typed); }, set.typed());
    }
    return instruction;
  }

  static void add_operand(format::Instruction& instruction, AttributeType /*type*/, const Booleans& set) {
    instruction.operation = format::Operation::kBool;
    instruction.operand.begin = (set.may_be_false ? 1U : 0U) | (set.may_be_true ? 2U : 0U);
  }
  void add_operand(format::Instruction& instruction, AttributeType type, const Integers& set) {
    using format::Operation;
    instruction.operation = type == AttributeType::kDouble      ? Operation::kDoubles
                            : type == AttributeType::kTimestamp ? Operation::kTimes
                                                                : Operation::kIntegers;
    instruction.operand = {size(integers_), size(set.intervals())};
    for (const auto& interval : set.intervals()) {
      integers_.push_back({interval.begin, interval.end ? *interval.end - 1 : std::numeric_limits<int64_t>::max()});
    }
  }
  void add_operand(format::Instruction& instruction, AttributeType /*type*/, const Strings& set) {
    if (!set.patterns.empty()) {
      instruction.operation = format::Operation::kPattern;
      instruction.operand.begin = automaton(*set.patterns[0].dfa);
      instruction.negated = set.patterns[0].accept ? 0 : 1;
      return;
    }
    instruction.operation = format::Operation::kTextIn;
    instruction.negated = set.all_but ? 1 : 0;
    std::vector<uint32_t> key;
    std::vector<Slice> slices;
    for (const std::string& one : set.listed) {
      slices.push_back(text(one));
      key.push_back(slices.back().begin);
      key.push_back(slices.back().count);
    }
    const auto [known, added] = known_lists_.try_emplace(std::move(key), Slice{size(text_lists_), size(slices)});
    if (added) text_lists_.insert(text_lists_.end(), slices.begin(), slices.end());
    instruction.operand = known->second;
  }
  void add_operand(format::Instruction& instruction, AttributeType /*type*/, const Versions& set) {
    instruction.operation = format::Operation::kVersions;
    instruction.operand = {size(versions_), size(set.intervals())};
    const auto bound = [&](const Version& v) {
      return format::VersionBound{v.major, v.minor, v.patch, text(v.prerelease)};
    };
    for (const auto& interval : set.intervals()) {
      versions_.push_back({bound(interval.begin), interval.end ? bound(*interval.end) : format::VersionBound{},
                           interval.end ? 0U : 1U});
    }
  }
  void add_operand(format::Instruction& instruction, AttributeType /*type*/, const Addresses& set) {
    instruction.operation = format::Operation::kAddresses;
    instruction.operand = {size(addresses_), size(set.intervals())};
    for (const auto& interval : set.intervals()) {
      IpAddress last = {~uint64_t{0}, ~uint64_t{0}};
      if (interval.end)
        last = {interval.end->low == 0 ? interval.end->high - 1 : interval.end->high, interval.end->low - 1};
      addresses_.push_back({interval.begin.high, interval.begin.low, last.high, last.low});
    }
  }
  void add_operand(format::Instruction& instruction, AttributeType /*type*/, const Lists& set) {
    instruction.operation = format::Operation::kListHas;
    instruction.negated = set.with.empty() ? 1 : 0;
    instruction.operand = {size(text_lists_), 1};
    text_lists_.push_back(text(set.with.empty() ? set.without[0] : set.with[0]));
  }

  uint32_t automaton(const Dfa& dfa) {
    const auto [known, added] = known_automata_.try_emplace(
        {dfa.next, dfa.accepting, std::vector<uint8_t>(dfa.class_of.begin(), dfa.class_of.end())}, size(automata_));
    if (!added) return known->second;
    format::Automaton record;
    record.states = static_cast<uint32_t>(dfa.states());
    record.classes = dfa.classes;
    record.class_of = size(bytes_);
    bytes_.insert(bytes_.end(), dfa.class_of.begin(), dfa.class_of.end());
    record.accepting = size(bytes_);
    bytes_.insert(bytes_.end(), dfa.accepting.begin(), dfa.accepting.end());
    record.next = size(steps_);
    steps_.insert(steps_.end(), dfa.next.begin(), dfa.next.end());
    automata_.push_back(record);
    return known->second;
  }

  void add_name_slots() {
    name_slots_.assign(std::bit_ceil(2 * parameters_.size() + 1), format::kNone);
    const size_t mask = name_slots_.size() - 1;
    for (uint32_t p = 0; p < parameters_.size(); ++p) {
      size_t at = name_hash(bound_.parameters[p].source->name) & mask;
      while (name_slots_[at] != format::kNone) at = (at + 1) & mask;
      name_slots_[at] = p;
    }
  }

  template <class Records>
  void append(std::vector<std::byte>& out, format::Header& header, format::SectionId id, const Records& records) {
    header.section[id] = {out.size(), records.size()};
    const size_t bytes = records.size() * sizeof(*records.data());
    const size_t begin = out.size();
    out.resize((begin + bytes + 7) / 8 * 8);
    if (bytes != 0) std::memcpy(out.data() + begin, records.data(), bytes);
  }

  std::vector<std::byte> assemble(uint64_t version) {
    format::Header header;
    std::vector<std::byte> out(sizeof(header));
    append(out, header, format::kTexts, texts_);
    append(out, header, format::kAttributes, attributes_);
    append(out, header, format::kValues, values_);
    append(out, header, format::kParameters, parameters_);
    append(out, header, format::kRules, rules_);
    append(out, header, format::kExperiments, experiments_);
    append(out, header, format::kBranches, branches_);
    append(out, header, format::kTreatments, treatments_);
    append(out, header, format::kLeaves, leaves_);
    append(out, header, format::kGroups, groups_);
    append(out, header, format::kWindows, windows_);
    append(out, header, format::kLinks, links_);
    append(out, header, format::kInstructions, instructions_);
    append(out, header, format::kIntegerIntervals, integers_);
    append(out, header, format::kVersionIntervals, versions_);
    append(out, header, format::kAddressIntervals, addresses_);
    append(out, header, format::kTextLists, text_lists_);
    append(out, header, format::kAutomata, automata_);
    append(out, header, format::kBytes, bytes_);
    append(out, header, format::kSteps, steps_);
    append(out, header, format::kNameSlots, name_slots_);
    header.size = out.size();
    header.configuration_version = version;
    std::memcpy(out.data(), &header, sizeof(header));
    header.checksum = snapshot_checksum(out);
    std::memcpy(out.data(), &header, sizeof(header));
    return out;
  }

  const Bound& bound_;
  std::string texts_;
  std::vector<format::Attribute> attributes_;
  std::vector<format::Value> values_;
  std::vector<format::Parameter> parameters_;
  std::vector<format::Rule> rules_;
  std::vector<format::Experiment> experiments_;
  std::vector<format::Branch> branches_;
  std::vector<format::Treatment> treatments_;
  std::vector<format::Leaf> leaves_;
  std::vector<format::Group> groups_;
  std::vector<format::Window> windows_;
  std::vector<uint32_t> links_;
  std::vector<format::Instruction> instructions_;
  std::vector<format::IntegerInterval> integers_;
  std::vector<format::VersionInterval> versions_;
  std::vector<format::AddressInterval> addresses_;
  std::vector<Slice> text_lists_;
  std::vector<format::Automaton> automata_;
  std::vector<uint8_t> bytes_;
  std::vector<uint16_t> steps_;
  std::vector<uint32_t> name_slots_;
  // What is there already is not written twice.
  std::unordered_map<std::string, Slice, Text, std::equal_to<>> known_texts_;
  std::map<std::vector<uint32_t>, Slice> known_links_;
  std::map<std::vector<uint32_t>, Slice> known_lists_;
  std::map<std::tuple<std::vector<uint16_t>, std::vector<uint8_t>, std::vector<uint8_t>>, uint32_t> known_automata_;
  std::vector<uint32_t> numbers_;
};

}  // namespace

std::vector<std::byte> compile(const Bound& bound, uint64_t version) { return Compiler(bound).compile(version); }

}  // namespace sinan::experiment
