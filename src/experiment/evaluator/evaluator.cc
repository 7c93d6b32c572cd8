#include "experiment/evaluator/evaluator.h"

#include <algorithm>

#include "experiment/evaluator/snapshot_file.h"

namespace sinan::experiment {
namespace {

// Where a thread looks for a free slot first: neighbours do not meet.
size_t first_slot() {
  static std::atomic<size_t> next{0};
  thread_local const size_t slot = next.fetch_add(1, std::memory_order_relaxed);
  return slot;
}

}  // namespace

Evaluator::Evaluator() : current_(Snapshot::empty().release()) {}

Evaluator::~Evaluator() {
  for (const Snapshot* snapshot : retired_) delete snapshot;
  delete current_.load();
}

// The slot is taken and the snapshot announced in one exchange. Announcing and looking again are sequentially consistent with a
// writer's exchange and its scan of the slots: either we see the new snapshot, or it sees ours.
Evaluator::Reading Evaluator::read() const {
  const Snapshot* snapshot = current_.load(std::memory_order_acquire);
  for (size_t i = first_slot();; ++i) {
    Slot& slot = slots_[i % kReaders];
    const Snapshot* free = nullptr;
    if (!slot.snapshot.compare_exchange_strong(free, snapshot, std::memory_order_seq_cst)) continue;
    for (const Snapshot* now = current_.load(std::memory_order_seq_cst); now != snapshot;
         now = current_.load(std::memory_order_seq_cst)) {
      snapshot = now;
      slot.snapshot.store(snapshot, std::memory_order_seq_cst);
    }
    return {&slot, snapshot};
  }
}

Status Evaluator::load(std::span<const std::byte> bytes) {
  auto snapshot = TRY(Snapshot::load(bytes));
  const std::lock_guard lock(writers_);
  TRY(check_successor(*read(), *snapshot));
  replace(std::move(snapshot));
  return {};
}

void Evaluator::publish(std::unique_ptr<const Snapshot> snapshot) {
  const std::lock_guard lock(writers_);
  replace(std::move(snapshot));
}

void Evaluator::replace(std::unique_ptr<const Snapshot> snapshot) {
  retire(current_.exchange(snapshot.release(), std::memory_order_seq_cst));
}

void Evaluator::retire(const Snapshot* snapshot) {
  retired_.push_back(snapshot);
  std::erase_if(retired_, [&](const Snapshot* old) {
    const bool in_use = std::ranges::any_of(
        slots_, [&](const Slot& slot) { return slot.snapshot.load(std::memory_order_seq_cst) == old; });
    if (in_use) return false;
    add_counts(*old, counts_);
    delete old;
    return true;
  });
}

Status Evaluator::load_file(const std::string& path) { return load(TRY(read_snapshot_file(path))); }

Status Evaluator::save_file(const std::string& path) const {
  const Reading snapshot = read();
  return write_snapshot_file(path, snapshot->bytes());
}

void Evaluator::add_counts(const Snapshot& snapshot, Counts& counts) {
  for (uint32_t p = 0; p < snapshot.parameters().size(); ++p) {
    if (const uint64_t count = snapshot.accesses(p))
      counts.accesses[std::string(snapshot.text(snapshot.parameters()[p].name))] += count;
  }
  for (uint32_t e = 0; e < snapshot.experiments().size(); ++e) {
    if (const uint64_t count = snapshot.missing_units(e))
      counts.missing_units[std::string(snapshot.text(snapshot.experiments()[e].name))] += count;
  }
}

Evaluator::Counts Evaluator::counts() const {
  const std::lock_guard lock(writers_);
  Counts all = counts_;
  for (const Snapshot* old : retired_) add_counts(*old, all);
  add_counts(*current_.load(), all);
  return all;
}

}  // namespace sinan::experiment
