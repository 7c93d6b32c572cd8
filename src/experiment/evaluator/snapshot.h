// A compiled configuration: one block of memory without pointers, immutable, read by any number of threads at once.
//
// load() checks every index in it, so that damaged or hostile bytes are refused and evaluation needs no checks. Texts that it
// answers live as long as the snapshot. It also counts accesses: the only thing in it that changes.
//
// Errors of load(): kData, or kUnsupported for another format version.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "experiment/evaluator/context.h"
#include "experiment/evaluator/snapshot_format.h"

namespace sinan::experiment {

inline constexpr size_t kMaxSnapshotBytes = size_t{1} << 30;

class Snapshot {
 public:
  // Copies the bytes.
  static Result<std::unique_ptr<const Snapshot>> load(std::span<const std::byte> bytes);
  // An empty configuration of version 0: every parameter is unknown.
  static std::unique_ptr<const Snapshot> empty();

  uint64_t version() const { return header().configuration_version; }
  std::span<const std::byte> bytes() const { return {reinterpret_cast<const std::byte*>(words_.get()), size_}; }
  size_t memory() const;  // bytes, counters included

  template <class Record>
  std::span<const Record> section(format::SectionId id) const {
    const format::Section& section = header().section[id];
    return {reinterpret_cast<const Record*>(base() + section.offset), static_cast<size_t>(section.count)};
  }
  std::string_view text(format::Slice slice) const { return {texts_ + slice.begin, slice.count}; }

  std::span<const format::Parameter> parameters() const { return parameters_; }
  std::span<const format::Experiment> experiments() const { return experiments_; }
  // kNone when there is none.
  uint32_t find_parameter(std::string_view name) const;
  uint32_t find_experiment(std::string_view name) const;  // linear

  // Reads of each parameter, evaluations of each experiment without a unit. `count_*` may be called by any thread.
  void count_access(uint32_t parameter) const;
  void count_missing_unit(uint32_t experiment) const {
    missing_units_[experiment].fetch_add(1, std::memory_order_relaxed);
  }
  uint64_t accesses(uint32_t parameter) const;
  uint64_t missing_units(uint32_t experiment) const {
    return missing_units_[experiment].load(std::memory_order_relaxed);
  }

  // What the evaluator reads; each is section() of its records.
  struct Tables {
    const format::Attribute* attributes;
    const format::Value* values;
    const format::Rule* rules;
    const format::Branch* branches;
    const format::Treatment* treatments;
    const format::Leaf* leaves;
    const format::Group* groups;
    const format::Window* windows;
    const uint32_t* links;
    const format::Instruction* instructions;
    const format::IntegerInterval* integers;
    const format::VersionInterval* versions;
    const format::AddressInterval* addresses;
    const format::Slice* text_lists;
    const format::Automaton* automata;
    const uint8_t* bytes;
    const uint16_t* steps;
  };
  const Tables& tables() const { return tables_; }

 private:
  static constexpr size_t kShards = 8;
  Snapshot(std::unique_ptr<uint64_t[]> words, size_t size);

  const char* base() const { return reinterpret_cast<const char*>(words_.get()); }
  const format::Header& header() const { return *reinterpret_cast<const format::Header*>(words_.get()); }

  std::unique_ptr<uint64_t[]> words_;
  size_t size_;
  const char* texts_ = nullptr;
  Tables tables_{};
  std::span<const format::Parameter> parameters_;
  std::span<const format::Experiment> experiments_;
  std::span<const uint32_t> name_slots_;
  std::unique_ptr<std::atomic<uint64_t>[]> accesses_;  // kShards for each parameter, shard by shard
  std::unique_ptr<std::atomic<uint64_t>[]> missing_units_;
};

// Whether `next` may take the place of `present`. kArgument for an older one (by configuration version), and for one of the same
// version with another content, which is of another project. The same again is no error.
Status check_successor(const Snapshot& present, const Snapshot& next);

// The checksum of a block whose header is filled in but for it.
uint64_t snapshot_checksum(std::span<const std::byte> bytes);

}  // namespace sinan::experiment
