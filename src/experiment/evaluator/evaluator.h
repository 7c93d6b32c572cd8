// The snapshot in use, and its replacement while others read it. Reading takes no lock and never waits for a writer: a reader
// announces the snapshot it uses in a slot of its own (a hazard pointer), and a replaced snapshot is freed when no slot names it.
// A reader sees one snapshot from beginning to end, never half of two.
//
//     Evaluator evaluator;
//     TRY(evaluator.load_file("flags.snapshot"));          // last known good
//     auto snapshot = evaluator.read();                    // keep it for one request, not for good
//     std::string_view color = string(*snapshot, "checkout.button_color", context, "green");
//
// Thread-safe. After fork() the child goes on with what was there; nothing runs in the background.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "experiment/evaluator/snapshot.h"

namespace sinan::experiment {

class Evaluator {
  struct alignas(64) Slot {
    std::atomic<const Snapshot*> snapshot{nullptr};
  };

 public:
  // Keeps its snapshot alive. At most kReaders at a time; one more waits until another ends.
  class Reading {
   public:
    Reading(Reading&& other) noexcept : slot_(std::exchange(other.slot_, nullptr)), snapshot_(other.snapshot_) {}
    Reading(const Reading&) = delete;
    Reading& operator=(Reading&&) = delete;
    ~Reading() {
      if (slot_ != nullptr) slot_->snapshot.store(nullptr, std::memory_order_release);
    }
    const Snapshot& operator*() const { return *snapshot_; }
    const Snapshot* operator->() const { return snapshot_; }

   private:
    friend class Evaluator;
    Reading(Slot* slot, const Snapshot* snapshot) : slot_(slot), snapshot_(snapshot) {}
    Slot* slot_;
    const Snapshot* snapshot_;
  };
  static constexpr size_t kReaders = 256;

  Evaluator();   // with an empty snapshot of version 0
  ~Evaluator();  // no Reading may be left
  Evaluator(const Evaluator&) = delete;
  Evaluator& operator=(const Evaluator&) = delete;

  Reading read() const;

  // Replaces the snapshot. Refused, so that the present one stays: what Snapshot::load() refuses, and what check_successor() does.
  Status load(std::span<const std::byte> bytes);
  void publish(std::unique_ptr<const Snapshot> snapshot);

  // The file is replaced whole or not at all, and is on disk when save_file() returns.
  Status load_file(const std::string& path);
  Status save_file(const std::string& path) const;

  // Since the start, of all snapshots so far.
  struct Counts {
    std::map<std::string, uint64_t> accesses;       // reads by parameter
    std::map<std::string, uint64_t> missing_units;  // by experiment: what it would have decided, had there been a unit
  };
  Counts counts() const;

 private:
  void replace(std::unique_ptr<const Snapshot> snapshot);  // writers_ is held
  void retire(const Snapshot* snapshot);
  static void add_counts(const Snapshot& snapshot, Counts& counts);

  std::atomic<const Snapshot*> current_;
  mutable std::array<Slot, kReaders> slots_;
  mutable std::mutex writers_;
  std::vector<const Snapshot*> retired_;  // guarded by writers_
  Counts counts_;                         // of freed snapshots; guarded by writers_
};

}  // namespace sinan::experiment
