#include "experiment/evaluator/snapshot.h"

#include <algorithm>
#include <cstring>

#include "experiment/evaluator/assignment.h"

namespace sinan::experiment {
namespace {

using namespace format;

static_assert(sizeof(Attribute) == 16 && sizeof(Value) == 24 && sizeof(Parameter) == 40 && sizeof(Rule) == 8);
static_assert(sizeof(Experiment) == 96 && sizeof(Branch) == 12 && sizeof(Treatment) == 12 && sizeof(Leaf) == 8);
static_assert(sizeof(Group) == 16 && sizeof(Instruction) == 24 && sizeof(VersionInterval) == 44 &&
              sizeof(Automaton) == 20);
static_assert(sizeof(Header) == 40 + 16 * kSections);

constexpr uint32_t kMaxParameterLevels = 64;

Failure damaged(std::string what) { return fail(Code::kData, "snapshot is damaged: " + std::move(what)); }

// Checks that every index of a snapshot stays within what it refers to. One pass; each record once.
class Verifier {
 public:
  explicit Verifier(std::span<const std::byte> bytes) : bytes_(bytes) {}

  Status verify() {
    TRY(header());
    return records();
  }

 private:
  template <class Record>
  std::span<const Record> section(SectionId id) const {
    const Section& s = header_->section[id];
    return {reinterpret_cast<const Record*>(bytes_.data() + s.offset), static_cast<size_t>(s.count)};
  }
  uint64_t count(SectionId id) const { return header_->section[id].count; }
  bool fits(Slice slice, SectionId id) const { return uint64_t{slice.begin} + slice.count <= count(id); }

  Status header() {
    if (bytes_.size() < sizeof(Header)) return damaged("too short");
    header_ = reinterpret_cast<const Header*>(bytes_.data());
    if (header_->magic != kMagic) return damaged("it does not begin as a snapshot does");
    if (header_->version != kVersion)
      return fail(Code::kUnsupported, "snapshot has another format version: " + std::to_string(header_->version));
    if (header_->sections != kSections || header_->size != bytes_.size())
      return damaged("its size is not the one it names");
    if (header_->checksum != snapshot_checksum(bytes_)) return damaged("its checksum does not fit");
    constexpr std::array<size_t, kSections> kSizes = {1,
                                                      sizeof(Attribute),
                                                      sizeof(Value),
                                                      sizeof(Parameter),
                                                      sizeof(Rule),
                                                      sizeof(Experiment),
                                                      sizeof(Branch),
                                                      sizeof(Treatment),
                                                      sizeof(Leaf),
                                                      sizeof(Group),
                                                      sizeof(Window),
                                                      4,
                                                      sizeof(Instruction),
                                                      sizeof(IntegerInterval),
                                                      sizeof(VersionInterval),
                                                      sizeof(AddressInterval),
                                                      sizeof(Slice),
                                                      sizeof(Automaton),
                                                      1,
                                                      2,
                                                      4};
    for (size_t i = 0; i < kSections; ++i) {
      const Section& s = header_->section[i];
      if (s.offset % 8 != 0 || s.offset < sizeof(Header) || s.offset > bytes_.size() ||
          s.count > (bytes_.size() - s.offset) / kSizes[i]) {
        return damaged("section " + std::to_string(i) + " lies outside");
      }
    }
    return {};
  }

  template <class Record, class Check>
  Status each(SectionId id, std::string_view what, Check check) const {
    for (const Record& record : section<Record>(id)) {
      if (!check(record)) return damaged("a record of " + std::string(what) + " refers to nothing");
    }
    return {};
  }

  bool is_code(uint32_t at) const { return at == kMatch || at == kNoMatch || at < count(kInstructions); }

  Status records() const {
    TRY(each<Attribute>(kAttributes, "attributes", [&](const Attribute& a) { return fits(a.name, kTexts); }));
    TRY(each<Value>(kValues, "values", [&](const Value& v) { return v.type <= 4 && fits(v.text, kTexts); }));
    TRY(each<Rule>(kRules, "rules", [&](const Rule& r) { return is_code(r.code) && r.value < count(kValues); }));
    TRY(each<Parameter>(kParameters, "parameters", [&](const Parameter& p) { return parameter_fits(p); }));
    TRY(each<Group>(kGroups, "groups", [&](const Group& g) { return fits(g.name, kTexts) && parent_fits(g); }));
    TRY(each<Slice>(kTextLists, "text lists", [&](const Slice& s) { return fits(s, kTexts); }));
    TRY(each<VersionInterval>(kVersionIntervals, "versions", [&](const VersionInterval& v) {
      return fits(v.begin.prerelease, kTexts) && fits(v.end.prerelease, kTexts);
    }));
    TRY(each<Automaton>(kAutomata, "automata", [&](const Automaton& a) { return automaton_fits(a); }));
    TRY(each<Branch>(kBranches, "branches",
                     [&](const Branch& b) { return is_code(b.code) && fits(b.treatments, kTreatments); }));
    TRY(each<Experiment>(kExperiments, "experiments", [&](const Experiment& e) { return experiment_fits(e); }));
    TRY(each<Leaf>(kLeaves, "leaves", [&](const Leaf& l) { return l.parent < count(kGroups); }));
    TRY(each<Instruction>(kInstructions, "instructions", [&](const Instruction& i) { return instruction_fits(i); }));
    TRY(name_slots());
    return no_circles();
  }

  bool parameter_fits(const Parameter& p) const {
    if (!fits(p.name, kTexts) || p.type > 4 || p.fallback >= count(kValues) || !fits(p.rules, kRules) ||
        !fits(p.experiments, kLinks))
      return false;
    const auto values = section<Value>(kValues);
    if (values[p.fallback].type != p.type) return false;
    for (uint32_t i = 0; i < p.rules.count; ++i) {
      if (values[section<Rule>(kRules)[p.rules.begin + i].value].type != p.type) return false;
    }
    for (uint32_t i = 0; i < p.experiments.count; ++i) {
      if (section<uint32_t>(kLinks)[p.experiments.begin + i] >= count(kExperiments)) return false;
    }
    return true;
  }

  // A parent stands before its children, so that walking up ends.
  bool parent_fits(const Group& group) const {
    const auto index = static_cast<uint64_t>(&group - section<Group>(kGroups).data());
    return group.parent == kNone || group.parent < index;
  }

  bool automaton_fits(const Automaton& a) const {
    const uint64_t steps = uint64_t{a.states} * a.classes;
    if (a.states == 0 || a.classes == 0 || a.classes > 256 || uint64_t{a.class_of} + 256 > count(kBytes) ||
        uint64_t{a.accepting} + a.states > count(kBytes) || a.next + steps > count(kSteps)) {
      return false;
    }
    for (size_t i = 0; i < 256; ++i) {
      if (section<uint8_t>(kBytes)[a.class_of + i] >= a.classes) return false;
    }
    for (uint64_t i = 0; i < steps; ++i) {
      if (section<uint16_t>(kSteps)[static_cast<size_t>(a.next + i)] >= a.states) return false;
    }
    return true;
  }

  bool experiment_fits(const Experiment& e) const {
    if (!fits(e.name, kTexts) || !fits(e.salt, kTexts) || !fits(e.unit, kLinks) || !fits(e.leaves, kLeaves) ||
        !fits(e.branches, kBranches) || !fits(e.windows, kWindows) || e.buckets == 0 || e.buckets > kMaxBuckets ||
        e.scheme >= kHashSchemes || e.unit.count == 0 || e.unit.count > 8 || e.leaves.count == 0 ||
        section<Leaf>(kLeaves)[e.leaves.begin + e.leaves.count - 1].last < e.buckets - 1) {
      return false;
    }
    for (uint32_t i = 0; i < e.unit.count; ++i) {
      if (section<uint32_t>(kLinks)[e.unit.begin + i] >= count(kAttributes)) return false;
    }
    for (uint32_t b = 0; b < e.branches.count; ++b) {
      const Branch& branch = section<Branch>(kBranches)[e.branches.begin + b];
      for (uint32_t t = 0; t < branch.treatments.count; ++t) {
        if (!treatment_fits(section<Treatment>(kTreatments)[branch.treatments.begin + t], e.leaves.count)) return false;
      }
    }
    return true;
  }

  bool treatment_fits(const Treatment& t, uint32_t leaves) const {
    if (t.parameter >= count(kParameters) || !fits({t.by_leaf, leaves}, kLinks) || t.difference > Difference::kDepends)
      return false;
    for (uint32_t i = 0; i < leaves; ++i) {
      const uint32_t value = section<uint32_t>(kLinks)[t.by_leaf + i];
      if (value == kNone) continue;
      if (value >= count(kValues) ||
          section<Value>(kValues)[value].type != section<Parameter>(kParameters)[t.parameter].type)
        return false;
    }
    return true;
  }

  bool instruction_fits(const Instruction& i) const {
    const auto index = static_cast<uint64_t>(&i - section<Instruction>(kInstructions).data());
    const auto forward = [&](uint32_t target) {
      return target == kMatch || target == kNoMatch || (target > index && target < count(kInstructions));
    };
    if (!forward(i.on_true) || !forward(i.on_false)) return false;  // forward only: code ends
    if (i.subject >= count(i.of_parameter != 0 ? kParameters : kAttributes)) return false;
    switch (i.operation) {
      case Operation::kIsMissing:
      case Operation::kIsPresent:
      case Operation::kBool:
        return true;
      case Operation::kIntegers:
      case Operation::kDoubles:
      case Operation::kTimes:
        return fits(i.operand, kIntegerIntervals);
      case Operation::kTextIn:
        return fits(i.operand, kTextLists);
      case Operation::kListHas:
        return i.operand.begin < count(kTextLists);
      case Operation::kPattern:
        return i.operand.begin < count(kAutomata);
      case Operation::kVersions:
        return fits(i.operand, kVersionIntervals);
      case Operation::kAddresses:
        return fits(i.operand, kAddressIntervals);
    }
    return false;
  }

  Status name_slots() const {
    const auto slots = section<uint32_t>(kNameSlots);
    if (slots.empty() || (slots.size() & (slots.size() - 1)) != 0) return damaged("its table of names is ill-formed");
    bool free = false;
    for (const uint32_t slot : slots) {
      free = free || slot == kNone;
      if (slot != kNone && slot >= count(kParameters)) return damaged("its table of names refers to nothing");
    }
    if (!free) return damaged("its table of names is full");
    return {};
  }

  // Parameters that decide over each other must not form a circle: evaluation recurses along them. Instructions belong to a
  // parameter through its rules and its experiments' branches.
  Status no_circles() const {
    std::vector<uint8_t> level(static_cast<size_t>(count(kParameters)));
    for (uint32_t p = 0; p < level.size(); ++p) {
      if (!visit(p, level, 0)) return damaged("its parameters depend on each other in a circle");
    }
    return {};
  }
  static constexpr uint8_t kOpen = 254;

  bool visit(uint32_t parameter, std::vector<uint8_t>& level, uint32_t depth) const {
    if (level[parameter] == kOpen || depth > kMaxParameterLevels) return false;
    if (level[parameter] != 0) return true;
    level[parameter] = kOpen;
    const Parameter& p = section<Parameter>(kParameters)[parameter];
    for (uint32_t r = 0; r < p.rules.count; ++r) {
      if (!visit_code(section<Rule>(kRules)[p.rules.begin + r].code, level, depth)) return false;
    }
    for (uint32_t e = 0; e < p.experiments.count; ++e) {
      const Experiment& experiment =
          section<Experiment>(kExperiments)[section<uint32_t>(kLinks)[p.experiments.begin + e]];
      for (uint32_t b = 0; b < experiment.branches.count; ++b) {
        if (!visit_code(section<Branch>(kBranches)[experiment.branches.begin + b].code, level, depth)) return false;
      }
    }
    level[parameter] = 1;
    return true;
  }

  // Every instruction that can be reached: targets lie ahead, so one sweep over marks finds them.
  bool visit_code(uint32_t entry, std::vector<uint8_t>& level, uint32_t depth) const {
    if (entry >= count(kInstructions)) return true;
    const auto code = section<Instruction>(kInstructions);
    std::vector<uint8_t> reached = {1};
    for (uint32_t i = 0; i < reached.size(); ++i) {
      if (reached[i] == 0) continue;
      const Instruction& instruction = code[entry + i];
      if (instruction.of_parameter != 0 && !visit(instruction.subject, level, depth + 1)) return false;
      for (const uint32_t target : {instruction.on_true, instruction.on_false}) {
        if (target >= code.size()) continue;
        if (reached.size() <= target - entry) reached.resize(target - entry + 1);
        reached[target - entry] = 1;
      }
    }
    return true;
  }

  std::span<const std::byte> bytes_;
  const Header* header_ = nullptr;
};

// Threads spread over the shards of the counters in the order in which they first count.
size_t thread_shard() {
  static std::atomic<size_t> next{0};
  thread_local const size_t shard = next.fetch_add(1, std::memory_order_relaxed);
  return shard;
}

}  // namespace

Status check_successor(const Snapshot& present, const Snapshot& next) {
  if (next.version() > present.version()) return {};
  if (next.version() < present.version()) {
    return fail(Code::kArgument, "snapshot is older than the one in use: version " + std::to_string(next.version()) +
                                     ", in use is " + std::to_string(present.version()));
  }
  if (std::ranges::equal(next.bytes(), present.bytes())) return {};
  return fail(Code::kArgument, "snapshot is of another project: its content is not that of the one in use, version " +
                                   std::to_string(next.version()));
}

uint64_t snapshot_checksum(std::span<const std::byte> bytes) {
  constexpr size_t kBehind = offsetof(Header, checksum) + sizeof(uint64_t);
  const std::string_view rest(reinterpret_cast<const char*>(bytes.data()) + kBehind, bytes.size() - kBehind);
  return sip_hash<SipHash24>(SipKey{}, rest);
}

Snapshot::Snapshot(std::unique_ptr<uint64_t[]> words, size_t size) : words_(std::move(words)), size_(size) {
  texts_ = base() + header().section[kTexts].offset;
  parameters_ = section<Parameter>(kParameters);
  experiments_ = section<Experiment>(kExperiments);
  name_slots_ = section<uint32_t>(kNameSlots);
  tables_ = {section<Attribute>(kAttributes).data(),
             section<Value>(kValues).data(),
             section<Rule>(kRules).data(),
             section<Branch>(kBranches).data(),
             section<Treatment>(kTreatments).data(),
             section<Leaf>(kLeaves).data(),
             section<Group>(kGroups).data(),
             section<Window>(kWindows).data(),
             section<uint32_t>(kLinks).data(),
             section<Instruction>(kInstructions).data(),
             section<IntegerInterval>(kIntegerIntervals).data(),
             section<VersionInterval>(kVersionIntervals).data(),
             section<AddressInterval>(kAddressIntervals).data(),
             section<Slice>(kTextLists).data(),
             section<Automaton>(kAutomata).data(),
             section<uint8_t>(kBytes).data(),
             section<uint16_t>(kSteps).data()};
  accesses_ = std::make_unique<std::atomic<uint64_t>[]>(parameters_.size() * kShards);
  missing_units_ = std::make_unique<std::atomic<uint64_t>[]>(experiments_.size());
}

Result<std::unique_ptr<const Snapshot>> Snapshot::load(std::span<const std::byte> bytes) {
  if (bytes.size() > kMaxSnapshotBytes) return damaged("it is too large");
  auto words = std::make_unique<uint64_t[]>((bytes.size() + 7) / 8);  // aligned for every record
  if (!bytes.empty()) std::memcpy(words.get(), bytes.data(), bytes.size());
  TRY(Verifier({reinterpret_cast<const std::byte*>(words.get()), bytes.size()}).verify());
  return std::unique_ptr<const Snapshot>(new Snapshot(std::move(words), bytes.size()));
}

std::unique_ptr<const Snapshot> Snapshot::empty() {
  constexpr size_t kSize = sizeof(Header) + 8;
  auto words = std::make_unique<uint64_t[]>(kSize / 8);
  Header header;
  header.size = kSize;
  for (Section& section : header.section) section.offset = sizeof(Header);
  header.section[kNameSlots].count = 1;
  words[sizeof(Header) / 8] = ~uint64_t{0};
  std::memcpy(words.get(), &header, sizeof(Header));
  header.checksum = snapshot_checksum({reinterpret_cast<const std::byte*>(words.get()), kSize});
  std::memcpy(words.get(), &header, sizeof(Header));
  return std::unique_ptr<const Snapshot>(new Snapshot(std::move(words), kSize));
}

size_t Snapshot::memory() const {
  return sizeof(Snapshot) + size_ + 8 * (parameters_.size() * kShards + experiments_.size());
}

uint32_t Snapshot::find_parameter(std::string_view name) const {
  const size_t mask = name_slots_.size() - 1;
  for (size_t at = name_hash(name) & mask;; at = (at + 1) & mask) {
    const uint32_t parameter = name_slots_[at];
    if (parameter == kNone || same_text(text(parameters_[parameter].name), name)) return parameter;
  }
}

uint32_t Snapshot::find_experiment(std::string_view name) const {
  for (uint32_t i = 0; i < experiments_.size(); ++i) {
    if (text(experiments_[i].name) == name) return i;
  }
  return kNone;
}

void Snapshot::count_access(uint32_t parameter) const {
  accesses_[(thread_shard() % kShards) * parameters_.size() + parameter].fetch_add(1, std::memory_order_relaxed);
}

uint64_t Snapshot::accesses(uint32_t parameter) const {
  uint64_t total = 0;
  for (size_t shard = 0; shard < kShards; ++shard)
    total += accesses_[shard * parameters_.size() + parameter].load(std::memory_order_relaxed);
  return total;
}

}  // namespace sinan::experiment
