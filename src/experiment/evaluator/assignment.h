// Assignment: which bucket a unit falls into. A bucket depends on the scheme, the salt, the number of buckets and the unit's
// id, and on nothing else: the same in every process, language and version, offline too.
//
// Our own scheme (kSinan, scheme version 1): a 128-bit key is cut from SHA-256 of the length-prefixed (scheme version,
// purpose, salt) when a configuration is compiled; a call costs one SipHash-2-4 of the id; the bucket is the high 64 bits of
// the 128-bit product hash * buckets. docs/formats/assignment.md has the bytes.
//
// The other schemes give the buckets that other platforms give, so that a team can move over without anybody changing
// groups. FNV-based ones (GrowthBook v1) are not independent across salts: for import only, with a warning.
//
// All functions are pure and allocate nothing, but for derive_key's caller-visible digest none touches more than the stack.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "experiment/evaluator/siphash.h"

namespace sinan::experiment {

// The numbers are part of the snapshot format.
enum class HashScheme : uint8_t {
  kSinan = 0,
  kGrowthBookV1 = 1,    // fnv1a32(id + salt) % 1000; the JavaScript SDK's, which hashes UTF-16 units
  kGrowthBookV2 = 2,    // fnv1a32(decimal(fnv1a32(salt + id))) % 10000
  kFlagd = 3,           // (murmur3_32(salt + id) * buckets) >> 32
  kUnleash = 4,         // murmur3_32(salt:id, seed 0) % buckets; Unleash itself counts from 1
  kUnleashVariant = 5,  // the same with seed 86028157
  kEppo = 6,            // the first four bytes of md5(salt-id), big-endian, % buckets
  kPlanOut = 7,         // the first 15 hex digits of sha1(salt.id) % buckets; the salt is experiment.parameter
  kStatsig = 8,         // the first eight bytes of sha256(salt.id), big-endian, % buckets; the salt is spec.rule
  kLaunchDarkly = 9,    // the first 15 hex digits of sha1(salt.id) / (16^15 - 1) * buckets; the salt is flag.salt
};
inline constexpr uint8_t kHashSchemes = 10;

// "sinan", "growthbook_v1", ...: what configurations say. `hash_scheme_named` answers nothing (kHashSchemes) for others.
std::string_view to_string(HashScheme scheme);
uint8_t hash_scheme_named(std::string_view name);

// The number of buckets that a scheme is bound to; 0 when it takes any.
uint32_t required_buckets(HashScheme scheme);
// Whether assignments of different salts are statistically independent.
bool is_independent(HashScheme scheme);

enum class Purpose : uint8_t { kGroup = 1, kRollout = 2 };

inline constexpr uint32_t kAssignmentVersion = 1;
// Rollouts are counted in millionths: a second bucket, of its own key, below `extent` means in.
inline constexpr uint32_t kRolloutBuckets = 1'000'000;
inline constexpr uint32_t kMaxBuckets = 1'000'000;

SipKey derive_key(Purpose purpose, std::string_view salt);

// The high 64 bits of hash * buckets: uniform without a division.
inline uint32_t scale(uint64_t hash, uint32_t buckets) {
  return static_cast<uint32_t>((static_cast<unsigned __int128>(hash) * buckets) >> 64);
}

// What a unit's id is hashed from: one piece for a single attribute; a tuple's pieces are each preceded by their length (four
// bytes, little-endian), so that ("a","bc") and ("ab","c") are different units.
using UnitId = std::span<const std::string_view>;

uint32_t sinan_bucket(SipKey key, UnitId unit, uint32_t buckets);
// Of a scheme other than kSinan; a tuple's pieces are joined with "\x1f". `buckets` > 0.
uint32_t foreign_bucket(HashScheme scheme, std::string_view salt, UnitId unit, uint32_t buckets);

// 32-bit MurmurHash3 (x86) and FNV-1a as the schemes above use them; exposed for the tests.
uint32_t murmur3_32(std::string_view bytes, uint32_t seed);
uint32_t fnv1a_32(std::string_view bytes);

}  // namespace sinan::experiment
