#include "experiment/evaluator/assignment.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "experiment/evaluator/digest.h"

namespace sinan::experiment {
namespace {

template <size_t N>
std::string hex(const std::array<uint8_t, N>& bytes) {
  std::string text;
  for (const uint8_t b : bytes) {
    text += "0123456789abcdef"[b >> 4];
    text += "0123456789abcdef"[b & 15];
  }
  return text;
}

template <class Digest>
std::string digest_of(std::string_view text, size_t piece) {
  Digest digest;
  for (size_t i = 0; i < text.size(); i += piece) digest.add(text.substr(i, piece));
  return hex(digest.finish());
}

// RFC 1321 A.5, FIPS 180-4 examples; the million of "a" are the NIST long-message vectors.
TEST(Digest, StandardVectors) {
  EXPECT_EQ(digest_of<Md5>("", 1), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(digest_of<Md5>("message digest", 3), "f96b697d7cb7938d525a2f31aaf161d0");
  EXPECT_EQ(digest_of<Md5>("12345678901234567890123456789012345678901234567890123456789012345678901234567890", 7),
            "57edf4a22be3c955ac49da2e2107b67a");
  EXPECT_EQ(digest_of<Sha1>("abc", 3), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(digest_of<Sha1>("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 5),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  EXPECT_EQ(digest_of<Sha256>("abc", 1), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(digest_of<Sha256>("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 64),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  const std::string million(1'000'000, 'a');
  EXPECT_EQ(digest_of<Sha1>(million, 1000), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
  EXPECT_EQ(digest_of<Sha256>(million, 977), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  EXPECT_EQ(digest_of<Md5>(million, 63), "7707d6ae4e027c70eea2a935c2296f21");
}

TEST(SipHash, ReferenceValues) {
  std::string bytes;
  for (char i = 0; i < 15; ++i) bytes.push_back(i);
  const SipKey key = {0x0706050403020100U, 0x0f0e0d0c0b0a0908U};
  EXPECT_EQ(sip_hash<SipHash24>(key, bytes), 0xa129ca6149be45e5U);  // the paper's appendix A
  EXPECT_EQ(sip_hash<SipHash24>(key, ""), 0x726fdb47dd0e0e31U);     // the first of the reference code's vectors
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    SipHash24 pieces(key);
    pieces.add(std::string_view(bytes).substr(0, cut));
    pieces.add(std::string_view(bytes).substr(cut));
    EXPECT_EQ(pieces.finish(), 0xa129ca6149be45e5U) << cut;
  }
}

uint32_t bucket(HashScheme scheme, std::string_view salt, uint32_t buckets, std::string_view id = "unit-42") {
  return foreign_bucket(scheme, salt, {&id, 1}, buckets);
}

// Golden numbers: the values that the platforms' own SDKs give for salt "exp-alpha" and unit "unit-42".
TEST(ForeignSchemes, GoldenNumbers) {
  EXPECT_EQ(bucket(HashScheme::kGrowthBookV1, "exp-alpha", 1000), 898);
  EXPECT_EQ(bucket(HashScheme::kGrowthBookV2, "exp-alpha", 10'000), 4486);
  EXPECT_EQ(bucket(HashScheme::kFlagd, "exp-alpha", 100), 10);
  EXPECT_EQ(bucket(HashScheme::kFlagd, "exp-alpha", 10'000), 1008);
  EXPECT_EQ(bucket(HashScheme::kUnleash, "exp-alpha", 100) + 1, 74);
  EXPECT_EQ(bucket(HashScheme::kUnleashVariant, "exp-alpha", 1000) + 1, 147);
  EXPECT_EQ(bucket(HashScheme::kEppo, "exp-alpha", 10'000), 1667);
  EXPECT_EQ(bucket(HashScheme::kPlanOut, "exp-alpha.color", 100), 83);
  EXPECT_EQ(bucket(HashScheme::kStatsig, "exp-alpha.rule-1", 10'000), 9427);
  EXPECT_EQ(bucket(HashScheme::kLaunchDarkly, "exp-alpha.s1", 1'000'000), 796'106);  // 0.7961067574
}

// Python's hashlib and struct over the same bytes.
TEST(OwnScheme, GoldenNumbers) {
  const SipKey group = derive_key(Purpose::kGroup, "exp-alpha");
  const SipKey rollout = derive_key(Purpose::kRollout, "exp-alpha");
  EXPECT_EQ(group, (SipKey{0xa2128d0cf4648961U, 0x77f25fbcdb9517f6U}));
  EXPECT_EQ(rollout, (SipKey{0x336a146b49494c7U, 0x59d92bd1c1fa6e66U}));
  const std::string_view id = "unit-42";
  EXPECT_EQ(sinan_bucket(group, {&id, 1}, 100), 61);
  EXPECT_EQ(sinan_bucket(rollout, {&id, 1}, kRolloutBuckets), 881440);
  const std::array<std::string_view, 2> tuple = {"unit-42", "Zürich"};
  EXPECT_EQ(sinan_bucket(group, tuple, 1000), 909);
}

TEST(OwnScheme, TuplesAreFramed) {
  const SipKey key = derive_key(Purpose::kGroup, "s");
  const std::array<std::string_view, 2> first = {"a", "bc"};
  const std::array<std::string_view, 2> second = {"ab", "c"};
  EXPECT_NE(sinan_bucket(key, first, kMaxBuckets), sinan_bucket(key, second, kMaxBuckets));
}

TEST(ForeignSchemes, NamesAreReadBack) {
  for (uint8_t i = 0; i < kHashSchemes; ++i) EXPECT_EQ(hash_scheme_named(to_string(static_cast<HashScheme>(i))), i);
  EXPECT_EQ(hash_scheme_named("md4"), kHashSchemes);
}

}  // namespace
}  // namespace sinan::experiment
