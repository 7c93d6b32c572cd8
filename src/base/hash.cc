#include "base/hash.h"

#include <array>

#define XXH_STATIC_LINKING_ONLY  // the state's layout, to hold it by value
#include <xxhash.h>

namespace sinan {
namespace {

std::array<char, 8> little_endian(uint64_t number) {
  std::array<char, 8> bytes;
  for (char& byte : bytes) {
    byte = static_cast<char>(number & 0xff);
    number >>= 8;
  }
  return bytes;
}

Fingerprint from_xxh(XXH128_hash_t hash) { return {.high = hash.high64, .low = hash.low64}; }

}  // namespace

struct FingerprintBuilder::State {
  XXH3_state_t xxh;

  // A tag and the length before the bytes: no two sequences of add() calls give the same stream.
  void feed(char tag, const void* bytes, size_t size) {
    const auto length = little_endian(size);
    XXH3_128bits_update(&xxh, &tag, 1);
    XXH3_128bits_update(&xxh, length.data(), length.size());
    XXH3_128bits_update(&xxh, bytes, size);
  }
};

FingerprintBuilder::FingerprintBuilder() : state_(std::make_unique<State>()) { XXH3_128bits_reset(&state_->xxh); }
FingerprintBuilder::~FingerprintBuilder() = default;
FingerprintBuilder::FingerprintBuilder(FingerprintBuilder&&) noexcept = default;
FingerprintBuilder& FingerprintBuilder::operator=(FingerprintBuilder&&) noexcept = default;

FingerprintBuilder& FingerprintBuilder::add(std::string_view bytes) {
  state_->feed('s', bytes.data(), bytes.size());
  return *this;
}

FingerprintBuilder& FingerprintBuilder::add(uint64_t number) {
  const auto bytes = little_endian(number);
  state_->feed('n', bytes.data(), bytes.size());
  return *this;
}

FingerprintBuilder& FingerprintBuilder::add(const Fingerprint& other) {
  const std::array halves = {little_endian(other.high), little_endian(other.low)};
  state_->feed('f', halves.data(), sizeof(halves));
  return *this;
}

Fingerprint FingerprintBuilder::finish() const { return from_xxh(XXH3_128bits_digest(&state_->xxh)); }

Fingerprint fingerprint(std::string_view bytes) { return from_xxh(XXH3_128bits(bytes.data(), bytes.size())); }

uint64_t hash64(std::string_view bytes, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

std::string Fingerprint::to_hex() const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(32, '0');
  for (size_t i = 0; i < 16; ++i) {
    const size_t shift = 60 - 4 * i;
    text[i] = kDigits[(high >> shift) & 15];
    text[16 + i] = kDigits[(low >> shift) & 15];
  }
  return text;
}

}  // namespace sinan
