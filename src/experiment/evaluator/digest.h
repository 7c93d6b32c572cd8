// MD5, SHA-1 and SHA-256 (RFC 1321, FIPS 180-4), fed piece by piece. They are here because the evaluator library has no
// dependency, and because other platforms assign units with them; none of them guards a secret.
//
//     Sha256 digest;
//     digest.add("abc");
//     std::array<uint8_t, 32> bytes = digest.finish();
//
// Value types; no allocation.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace sinan::experiment {

// What the three share: input is cut into blocks of 64 bytes; the last is padded with a one, zeros and the length in bits.
template <class Algorithm, size_t kWords, bool kBigEndianLength>
class BlockDigest {
 public:
  void add(std::string_view bytes) {
    length_ += bytes.size();
    while (!bytes.empty()) {
      const size_t taken = bytes.size() < block_.size() - used_ ? bytes.size() : block_.size() - used_;
      std::memcpy(block_.data() + used_, bytes.data(), taken);
      used_ += taken;
      bytes.remove_prefix(taken);
      if (used_ == block_.size()) {
        Algorithm::compress(state_, block_);
        used_ = 0;
      }
    }
  }

 protected:
  // NOLINTNEXTLINE(bugprone-crtp-constructor-accessibility): the digests of this header are all there are.
  explicit BlockDigest(const std::array<uint32_t, kWords>& initial) : state_(initial) {}

  void pad() {
    const uint64_t bits = length_ * 8;
    add(std::string_view("\x80", 1));
    constexpr std::string_view kZero("\0", 1);
    while (used_ != 56) add(kZero);
    std::array<char, 8> tail{};
    for (size_t i = 0; i < 8; ++i) {
      const size_t shift = kBigEndianLength ? 56 - 8 * i : 8 * i;
      tail[i] = static_cast<char>(static_cast<uint8_t>(bits >> shift));
    }
    add({tail.data(), tail.size()});
  }

  std::array<uint32_t, kWords> state_;

 private:
  std::array<uint8_t, 64> block_{};
  size_t used_ = 0;
  uint64_t length_ = 0;
};

class Md5 : public BlockDigest<Md5, 4, false> {
 public:
  Md5();
  std::array<uint8_t, 16> finish();
  static void compress(std::array<uint32_t, 4>& state, const std::array<uint8_t, 64>& block);
};

class Sha1 : public BlockDigest<Sha1, 5, true> {
 public:
  Sha1();
  std::array<uint8_t, 20> finish();
  static void compress(std::array<uint32_t, 5>& state, const std::array<uint8_t, 64>& block);
};

class Sha256 : public BlockDigest<Sha256, 8, true> {
 public:
  Sha256();
  std::array<uint8_t, 32> finish();
  static void compress(std::array<uint32_t, 8>& state, const std::array<uint8_t, 64>& block);
};

// Lower-case hex digits of SHA-256: the content hash of a configuration.
std::string sha256_hex(std::string_view bytes);

}  // namespace sinan::experiment
