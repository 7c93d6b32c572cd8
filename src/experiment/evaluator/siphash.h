// SipHash (Aumasson and Bernstein 2012), fed piece by piece: a keyed hash whose outputs for different keys are independent.
// SipHash24 is what assignment uses. Value type; no allocation; the same on every machine (input is read little-endian).
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace sinan::experiment {

struct SipKey {
  uint64_t k0 = 0;
  uint64_t k1 = 0;
  friend bool operator==(const SipKey&, const SipKey&) = default;
  friend auto operator<=>(const SipKey&, const SipKey&) = default;
};

static_assert(std::endian::native == std::endian::little, "words are read as they lie in memory");

template <int kCompression, int kFinal>
class SipHash {
 public:
  explicit SipHash(SipKey key)
      : v0_(key.k0 ^ 0x736f6d6570736575U),
        v1_(key.k1 ^ 0x646f72616e646f6dU),
        v2_(key.k0 ^ 0x6c7967656e657261U),
        v3_(key.k1 ^ 0x7465646279746573U) {}

  void add(std::string_view bytes) {
    const char* at = bytes.data();
    size_t left = bytes.size();
    length_ += left;
    while (pending_bytes_ != 0 && left != 0) {
      add_byte(static_cast<uint8_t>(*at++));
      --left;
    }
    for (; left >= 8; at += 8, left -= 8) {
      uint64_t word = 0;
      std::memcpy(&word, at, 8);
      absorb(word);
    }
    for (; left != 0; --left) add_byte(static_cast<uint8_t>(*at++));
  }

  // The hash of everything added; add nothing afterwards.
  uint64_t finish() {
    absorb(pending_ | (length_ << 56));
    v2_ ^= 0xff;
    for (int i = 0; i < kFinal; ++i) round();
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

 private:
  void add_byte(uint8_t byte) {
    pending_ |= uint64_t{byte} << (8 * pending_bytes_);
    if (++pending_bytes_ < 8) return;
    absorb(pending_);
    pending_ = 0;
    pending_bytes_ = 0;
  }
  void absorb(uint64_t word) {
    v3_ ^= word;
    for (int i = 0; i < kCompression; ++i) round();
    v0_ ^= word;
  }
  void round() {
    v0_ += v1_;
    v1_ = std::rotl(v1_, 13) ^ v0_;
    v0_ = std::rotl(v0_, 32);
    v2_ += v3_;
    v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ += v3_;
    v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ += v1_;
    v1_ = std::rotl(v1_, 17) ^ v2_;
    v2_ = std::rotl(v2_, 32);
  }

  uint64_t v0_, v1_, v2_, v3_;
  uint64_t pending_ = 0;
  unsigned pending_bytes_ = 0;
  uint64_t length_ = 0;
};

using SipHash24 = SipHash<2, 4>;
using SipHash13 = SipHash<1, 3>;

template <class Hash>
uint64_t sip_hash(SipKey key, std::string_view bytes) {
  Hash hash(key);
  hash.add(bytes);
  return hash.finish();
}

}  // namespace sinan::experiment
