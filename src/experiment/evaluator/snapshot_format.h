// The records of a compiled snapshot, as they lie in memory and on disk: little-endian, no pointers, no padding that is not
// named. docs/formats/snapshot.md describes them. Written by experiment/compile.cc, checked by Snapshot::load(), read by the
// evaluator without further checks.
#pragma once

#include <array>
#include <cstdint>

#include "experiment/evaluator/siphash.h"

namespace sinan::experiment::format {

inline constexpr std::array<char, 8> kMagic = {'S', 'I', 'N', 'A', 'N', 'E', 'X', 'P'};
inline constexpr uint32_t kVersion = 1;
inline constexpr uint32_t kNone = 0xFFFF'FFFFU;
// Where code ends.
inline constexpr uint32_t kMatch = 0xFFFF'FFFFU;
inline constexpr uint32_t kNoMatch = 0xFFFF'FFFEU;

// `count` records from `begin` of the section that the field's comment names.
struct Slice {
  uint32_t begin = 0;
  uint32_t count = 0;
};

struct Attribute {
  uint64_t name_hash = 0;
  Slice name;  // texts
};

struct Value {
  uint32_t type = 0;  // in the order of ValueType: bool, int, double, string, JSON
  uint32_t reserved = 0;
  uint64_t bits = 0;  // of a bool, int or double
  Slice text;         // texts
};

struct Parameter {
  Slice name;  // texts
  uint32_t type = 0;
  uint32_t fallback = 0;      // values
  Slice rules;                // rules
  Slice experiments;          // links
  uint32_t has_upstream = 0;  // whether an experiment or a rule of it tests other parameters
  uint32_t reserved = 0;
};

struct Rule {
  uint32_t code = 0;   // instructions, kMatch or kNoMatch
  uint32_t value = 0;  // values
};

struct Window {
  int64_t begin = 0;
  int64_t end = 0;  // not included
};

struct Leaf {
  uint32_t last = 0;        // bucket; it begins behind the one before
  uint32_t parent = kNone;  // groups; the leaf's own entry
};

// A node of the group tree, for names.
struct Group {
  Slice name;               // texts
  uint32_t parent = kNone;  // groups of the section
  uint32_t reserved = 0;
};

struct Experiment {
  SipKey group_key;
  SipKey rollout_key;
  Slice name;      // texts
  Slice salt;      // texts
  Slice unit;      // links: attributes
  Slice leaves;    // leaves
  Slice branches;  // branches
  Slice windows;   // windows
  uint32_t buckets = 0;
  uint32_t rollout = 0;
  uint32_t epoch = 0;
  uint32_t scheme = 0;
};

struct Branch {
  uint32_t code = 0;
  Slice treatments;  // treatments
};

enum class Difference : uint32_t { kNever, kAlways, kDepends };

struct Treatment {
  uint32_t parameter = 0;  // parameters
  uint32_t by_leaf = 0;    // links: as many as the experiment has leaves; values, or kNone for passing through
  Difference difference = Difference::kNever;  // whether another group gets another value
};

enum class Operation : uint8_t {
  kIsMissing,
  kIsPresent,
  kBool,       // operand.begin: bit 0 false, bit 1 true
  kIntegers,   // integer intervals
  kDoubles,    // integer intervals of ordered keys
  kTimes,      // integer intervals
  kTextIn,     // text lists, sorted
  kPattern,    // operand.begin: automata
  kVersions,   // version intervals
  kAddresses,  // address intervals
  kListHas,    // operand.begin: text lists
};
inline constexpr uint8_t kOperations = 11;

struct Instruction {
  Operation operation = Operation::kIsMissing;
  uint8_t negated = 0;
  uint8_t of_parameter = 0;
  uint8_t reserved = 0;
  uint32_t subject = 0;  // attributes or parameters
  Slice operand;
  uint32_t on_true = 0;  // a later instruction, kMatch or kNoMatch
  uint32_t on_false = 0;
};

struct IntegerInterval {
  int64_t first = 0;
  int64_t last = 0;  // included
};

struct VersionBound {
  uint32_t major = 0;
  uint32_t minor = 0;
  uint32_t patch = 0;
  Slice prerelease;  // texts
};
struct VersionInterval {
  VersionBound begin;
  VersionBound end;  // not included
  uint32_t unbounded = 0;
};

struct AddressInterval {
  uint64_t first_high = 0;
  uint64_t first_low = 0;
  uint64_t last_high = 0;
  uint64_t last_low = 0;  // included
};

struct Automaton {
  uint32_t states = 0;
  uint32_t classes = 0;
  uint32_t class_of = 0;   // bytes: 256
  uint32_t accepting = 0;  // bytes: as many as states
  uint32_t next = 0;       // steps: states * classes
};

struct Section {
  uint64_t offset = 0;
  uint64_t count = 0;
};

enum SectionId : uint32_t {
  kTexts,
  kAttributes,
  kValues,
  kParameters,
  kRules,
  kExperiments,
  kBranches,
  kTreatments,
  kLeaves,
  kGroups,
  kWindows,
  kLinks,
  kInstructions,
  kIntegerIntervals,
  kVersionIntervals,
  kAddressIntervals,
  kTextLists,
  kAutomata,
  kBytes,
  kSteps,
  kNameSlots,  // a power of two; index of a parameter or kNone; probed linearly from name_hash
  kSections
};

struct Header {
  std::array<char, 8> magic = kMagic;
  uint32_t version = kVersion;
  uint32_t sections = kSections;
  uint64_t size = 0;                   // of everything
  uint64_t checksum = 0;               // SipHash-2-4 with key 0 of everything behind it
  uint64_t configuration_version = 0;  // of the configuration it was compiled from
  std::array<Section, kSections> section{};
};

}  // namespace sinan::experiment::format
