// Appending bits to an Arrow bitmap (one bit a row, least significant first), 64 at a time and at any offset.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace sinan::engine {

// The 64 bits that start at bit `begin` of `words`; reads the next word only when the first does not hold `count` of
// them.
inline uint64_t load_bits(const uint64_t* words, size_t begin, size_t count) {
  const size_t shift = begin % 64;
  uint64_t bits = words[begin / 64] >> shift;
  if (shift != 0 && count > 64 - shift) bits |= words[begin / 64 + 1] << (64 - shift);
  return bits;
}

// Writes the low `count` (1 to 64) bits of `bits` at bit `offset`. `target` must be zero from there on and have 9 bytes
// of room behind the byte of `offset`.
inline void store_bits(uint8_t* target, size_t offset, uint64_t bits, size_t count) {
  if (count < 64) bits &= (uint64_t{1} << count) - 1;
  uint8_t* at = target + offset / 8;
  const size_t shift = offset % 8;
  uint64_t first;
  std::memcpy(&first, at, sizeof first);
  first |= bits << shift;
  std::memcpy(at, &first, sizeof first);
  if (shift != 0) at[8] = static_cast<uint8_t>(at[8] | (bits >> (64 - shift)));
}

}  // namespace sinan::engine
