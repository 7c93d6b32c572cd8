#include "experiment/evaluator/assignment.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "experiment/evaluator/digest.h"

namespace sinan::experiment {
namespace {

constexpr std::array<std::string_view, kHashSchemes> kNames = {"sinan",   "growthbook_v1",   "growthbook_v2", "flagd",
                                                               "unleash", "unleash_variant", "eppo",          "planout",
                                                               "statsig", "launchdarkly"};
constexpr uint32_t kUnleashVariantSeed = 86'028'157;
constexpr uint64_t kFifteenHexDigits = 0xfffffffffffffffU;  // 16^15 - 1
constexpr std::string_view kJoint = "\x1f";

// MurmurHash3_x86_32 (Appleby), fed piece by piece.
class Murmur3 {
 public:
  explicit Murmur3(uint32_t seed) : hash_(seed) {}

  void add(std::string_view bytes) {
    for (const char c : bytes) {
      pending_ |= uint32_t{static_cast<uint8_t>(c)} << (8 * (length_ % 4));
      if (++length_ % 4 != 0) continue;
      hash_ = std::rotl(hash_ ^ mix(pending_), 13) * 5 + 0xe6546b64U;
      pending_ = 0;
    }
  }

  uint32_t finish() const {
    uint32_t h = hash_;
    if (length_ % 4 != 0) h ^= mix(pending_);
    h ^= length_;
    h = (h ^ (h >> 16)) * 0x85ebca6bU;
    h = (h ^ (h >> 13)) * 0xc2b2ae35U;
    return h ^ (h >> 16);
  }

 private:
  static uint32_t mix(uint32_t word) { return std::rotl(word * 0xcc9e2d51U, 15) * 0x1b873593U; }

  uint32_t hash_;
  uint32_t pending_ = 0;
  uint32_t length_ = 0;
};

// FNV-1a over UTF-16 units, each taken as one number, as JavaScript's charCodeAt gives them. Bytes that are no UTF-8 count
// as themselves.
class Fnv1aUtf16 {
 public:
  void add(std::string_view text) {
    size_t i = 0;
    while (i < text.size()) {
      const auto lead = static_cast<uint8_t>(text[i]);
      const size_t length = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
      if (length == 1 || i + length > text.size()) {
        unit(lead);
        ++i;
        continue;
      }
      uint32_t point = lead & (0xFFU >> (length + 1));
      for (size_t j = 1; j < length; ++j) point = (point << 6) | (static_cast<uint8_t>(text[i + j]) & 0x3FU);
      if (point < 0x10000) {
        unit(point);
      } else {
        unit(0xD800 + ((point - 0x10000) >> 10));
        unit(0xDC00 + ((point - 0x10000) & 0x3FF));
      }
      i += length;
    }
  }
  uint32_t finish() const { return hash_; }

 private:
  void unit(uint32_t value) { hash_ = (hash_ ^ value) * 16'777'619U; }
  uint32_t hash_ = 2'166'136'261U;
};

template <class Hash>
void add_unit(Hash& hash, UnitId unit) {
  for (size_t i = 0; i < unit.size(); ++i) {
    if (i != 0) hash.add(kJoint);
    hash.add(unit[i]);
  }
}

template <class Hash>
Hash salt_then_unit(Hash hash, std::string_view salt, std::string_view between, UnitId unit) {
  hash.add(salt);
  hash.add(between);
  add_unit(hash, unit);
  return hash;
}

template <size_t kBytes>
uint64_t first_bytes(const std::array<uint8_t, kBytes>& digest, size_t count) {
  uint64_t number = 0;
  for (size_t i = 0; i < count; ++i) number = number << 8 | digest[i];
  return number;
}

uint64_t first_hex_digits_of_sha1(std::string_view salt, UnitId unit) {
  return first_bytes(salt_then_unit(Sha1(), salt, ".", unit).finish(), 8) >> 4;
}

uint32_t growthbook_v2(std::string_view salt, UnitId unit) {
  const uint32_t inner = salt_then_unit(Fnv1aUtf16(), salt, "", unit).finish();
  std::array<char, 10> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), inner).ptr;
  return fnv1a_32({digits.data(), static_cast<size_t>(end - digits.data())});
}

}  // namespace

std::string_view to_string(HashScheme scheme) { return kNames[static_cast<size_t>(scheme)]; }

uint8_t hash_scheme_named(std::string_view name) {
  return static_cast<uint8_t>(std::ranges::find(kNames, name) - kNames.begin());
}

uint32_t required_buckets(HashScheme scheme) {
  if (scheme == HashScheme::kGrowthBookV1) return 1'000;
  if (scheme == HashScheme::kGrowthBookV2) return 10'000;
  return 0;
}

bool is_independent(HashScheme scheme) { return scheme != HashScheme::kGrowthBookV1; }

SipKey derive_key(Purpose purpose, std::string_view salt) {
  Sha256 digest;
  const auto add = [&](std::string_view bytes) {
    std::array<char, 4> length{};
    for (size_t i = 0; i < 4; ++i) length[i] = static_cast<char>(static_cast<uint8_t>(bytes.size() >> (8 * i)));
    digest.add({length.data(), length.size()});
    digest.add(bytes);
  };
  const std::array<char, 1> version = {static_cast<char>(kAssignmentVersion)};
  add({version.data(), 1});
  add(purpose == Purpose::kGroup ? "group" : "rollout");
  add(salt);
  const auto bytes = digest.finish();
  SipKey key;
  std::memcpy(&key.k0, bytes.data(), 8);
  std::memcpy(&key.k1, bytes.data() + 8, 8);
  return key;
}

uint32_t sinan_bucket(SipKey key, UnitId unit, uint32_t buckets) {
  if (unit.size() == 1) return scale(sip_hash<SipHash24>(key, unit[0]), buckets);
  SipHash24 hash(key);
  for (const std::string_view piece : unit) {
    const auto length = static_cast<uint32_t>(piece.size());
    std::array<char, 4> prefix{};
    std::memcpy(prefix.data(), &length, 4);
    hash.add({prefix.data(), prefix.size()});
    hash.add(piece);
  }
  return scale(hash.finish(), buckets);
}

uint32_t foreign_bucket(HashScheme scheme, std::string_view salt, UnitId unit, uint32_t buckets) {
  switch (scheme) {
    case HashScheme::kSinan:
      return sinan_bucket(derive_key(Purpose::kGroup, salt), unit, buckets);
    case HashScheme::kGrowthBookV1: {
      Fnv1aUtf16 hash;
      add_unit(hash, unit);
      hash.add(salt);
      return hash.finish() % buckets;
    }
    case HashScheme::kGrowthBookV2:
      return growthbook_v2(salt, unit) % buckets;
    case HashScheme::kFlagd:
      return static_cast<uint32_t>((uint64_t{salt_then_unit(Murmur3(0), salt, "", unit).finish()} * buckets) >> 32);
    case HashScheme::kUnleash:
      return salt_then_unit(Murmur3(0), salt, ":", unit).finish() % buckets;
    case HashScheme::kUnleashVariant:
      return salt_then_unit(Murmur3(kUnleashVariantSeed), salt, ":", unit).finish() % buckets;
    case HashScheme::kEppo:
      return static_cast<uint32_t>(first_bytes(salt_then_unit(Md5(), salt, "-", unit).finish(), 4)) % buckets;
    case HashScheme::kPlanOut:
      return static_cast<uint32_t>(first_hex_digits_of_sha1(salt, unit) % buckets);
    case HashScheme::kStatsig:
      return static_cast<uint32_t>(first_bytes(salt_then_unit(Sha256(), salt, ".", unit).finish(), 8) % buckets);
    case HashScheme::kLaunchDarkly: {
      const double fraction =
          static_cast<double>(first_hex_digits_of_sha1(salt, unit)) / static_cast<double>(kFifteenHexDigits);
      return std::min(static_cast<uint32_t>(fraction * buckets), buckets - 1);
    }
  }
  return 0;
}

uint32_t murmur3_32(std::string_view bytes, uint32_t seed) {
  Murmur3 hash(seed);
  hash.add(bytes);
  return hash.finish();
}

uint32_t fnv1a_32(std::string_view bytes) {
  uint32_t hash = 2'166'136'261U;
  for (const char c : bytes) hash = (hash ^ static_cast<uint8_t>(c)) * 16'777'619U;
  return hash;
}

}  // namespace sinan::experiment
