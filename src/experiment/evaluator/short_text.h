// Names and other short texts, hashed and compared in place: a call into the C library costs more than the bytes do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace sinan::experiment {

// Up to seven bytes as a number, the first lowest: two loads that may overlap.
inline uint64_t last_bytes(const char* at, size_t count) {
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

inline uint64_t eight_bytes(const char* at) {
  uint64_t word = 0;
  std::memcpy(&word, at, 8);
  return word;
}

// Eight bytes at a time, multiplied and folded (the constant is 2^64 divided by the golden ratio). Part of the snapshot format.
inline uint64_t name_hash(std::string_view name) {
  constexpr uint64_t kMultiplier = 0x9e3779b97f4a7c15U;
  uint64_t hash = name.size() * kMultiplier;
  const char* at = name.data();
  size_t left = name.size();
  for (; left >= 8; at += 8, left -= 8) {
    hash = (hash ^ eight_bytes(at)) * kMultiplier;
    hash ^= hash >> 32;
  }
  hash = (hash ^ last_bytes(at, left)) * kMultiplier;
  return hash ^ (hash >> 29);
}

inline bool same_text(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  size_t at = 0;
  for (; at + 8 <= a.size(); at += 8) {
    if (eight_bytes(a.data() + at) != eight_bytes(b.data() + at)) return false;
  }
  return last_bytes(a.data() + at, a.size() - at) == last_bytes(b.data() + at, a.size() - at);
}

}  // namespace sinan::experiment
