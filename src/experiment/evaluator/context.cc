#include "experiment/evaluator/context.h"

#include <cstring>

namespace sinan::experiment {

namespace {

// Up to seven bytes as a number, the first lowest: two loads that may overlap.
uint64_t last_bytes(const char* at, size_t count) {
  if (count >= 4) {
    uint32_t first = 0;
    uint32_t last = 0;
    std::memcpy(&first, at, 4);
    std::memcpy(&last, at + count - 4, 4);
    return first | uint64_t{last} << (8 * (count - 4));
  }
  const auto byte = [&](size_t i) { return uint64_t{static_cast<uint8_t>(at[i])} << (8 * i); };
  return count == 0 ? 0 : byte(0) | byte(count / 2) | byte(count - 1);
}

}  // namespace

// Eight bytes at a time, multiplied and folded (the constant is 2^64 divided by the golden ratio). Part of the snapshot format.
uint64_t name_hash(std::string_view name) {
  constexpr uint64_t kMultiplier = 0x9e3779b97f4a7c15U;
  uint64_t hash = name.size() * kMultiplier;
  const char* at = name.data();
  size_t left = name.size();
  for (; left >= 8; at += 8, left -= 8) {
    uint64_t word = 0;
    std::memcpy(&word, at, 8);
    hash = (hash ^ word) * kMultiplier;
    hash ^= hash >> 32;
  }
  const uint64_t tail = last_bytes(at, left);
  hash = (hash ^ tail) * kMultiplier;
  return hash ^ (hash >> 29);
}

ContextEntry& Context::entry(std::string_view name) {
  const uint64_t hash = name_hash(name);
  if (const ContextEntry* found = find(hash, name)) return *const_cast<ContextEntry*>(found);  // NOLINT: ours
  ContextEntry& added = count_ < entries_.size() ? entries_[count_++] : more_.emplace_back();
  added.name_hash = hash;
  added.name = name;
  return added;
}

const ContextEntry* Context::find_more(uint64_t hash, std::string_view name) const {
  for (const ContextEntry& one : more_) {
    if (one.name_hash == hash && one.name == name) return &one;
  }
  return nullptr;
}

Context& Context::set(std::string_view name, bool value) {
  ContextEntry& target = entry(name);
  target.kind = ContextKind::kBool;
  target.boolean = value;
  return *this;
}
Context& Context::set(std::string_view name, int64_t value) {
  ContextEntry& target = entry(name);
  target.kind = ContextKind::kInt;
  target.integer = value;
  return *this;
}
Context& Context::set(std::string_view name, double value) {
  ContextEntry& target = entry(name);
  target.kind = ContextKind::kDouble;
  target.real = value;
  return *this;
}
Context& Context::set(std::string_view name, std::string_view value) {
  ContextEntry& target = entry(name);
  target.kind = ContextKind::kText;
  target.text = value;
  return *this;
}
Context& Context::set(std::string_view name, std::span<const std::string_view> value) {
  ContextEntry& target = entry(name);
  target.kind = ContextKind::kList;
  target.list = value;
  return *this;
}
Context& Context::set_time(std::string_view name, int64_t micros) {
  ContextEntry& target = entry(name);
  target.kind = ContextKind::kTime;
  target.integer = micros;
  return *this;
}

void Context::clear() {
  count_ = 0;
  more_.clear();
  now_.reset();
  forced_.clear();
}

}  // namespace sinan::experiment
