#include "net/target.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "net/crypto.h"
#include "net/headers.h"

namespace sinan::net {
namespace {

TEST(Target, SplitsBeforeItDecodes) {
  const auto target = parse_target("/v1/a%2Fb/%C3%BC/?x=1&y=a+b%2B&flag&x=2&=z");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->segments, (std::vector<std::string>{"v1", "a/b", "ü", ""}));
  EXPECT_EQ(target->path, "/v1/a/b/ü/");
  EXPECT_EQ(target->parameter("x"), "1");
  EXPECT_EQ(target->parameter("y"), "a b+");
  EXPECT_EQ(target->parameter("flag"), "");
  EXPECT_EQ(target->parameter(""), "z");
  EXPECT_FALSE(target->parameter("z"));
}

TEST(Target, TakesTheFormsOfRfc9112) {
  EXPECT_EQ(parse_target("http://host:80/a?b=c")->segments, std::vector<std::string>{"a"});
  EXPECT_EQ(parse_target("HTTPS://host")->path, "/");
  EXPECT_EQ(parse_target("http://host?a=b")->parameter("a"), "b");
  EXPECT_TRUE(parse_target("*")->is_asterisk);
  EXPECT_TRUE(parse_target("/")->segments.empty());
  EXPECT_EQ(parse_target("//")->segments.size(), 2U);
}

TEST(Target, RefusesWhatIsHostileOrBroken) {
  for (const std::string_view text :
       {"",    "a",       "host:80",   "/%",   "/%4",    "/%zz",     "/%00",     "/%0a",     "/%ff",  "/%c0%af", "/.",
        "/..", "/a/../b", "/%2e%2E/b", "/a#b", "/a?x=%", "/a?x=%00", "/a?x=%ff", "/a?%0a=1", "/\x01", "?a"}) {
    const auto target = parse_target(text);
    ASSERT_FALSE(target) << text;
    EXPECT_EQ(target.error().code, Code::kArgument) << text;
  }
  std::string many = "/?";
  for (size_t i = 0; i <= kMostQueryParameters; ++i) many += "a&";
  EXPECT_FALSE(parse_target(many));
  EXPECT_FALSE(parse_target("/" + std::string(kMostTargetBytes, 'a')));
}

TEST(Target, EncodingAndDecodingAreInverse) {
  EXPECT_TRUE(rc::check([](const std::string& text) {
    const auto decoded = percent_decode(percent_encode(text), true);
    RC_ASSERT(decoded.has_value());
    RC_ASSERT(*decoded == text);
  }));
}

TEST(Crypto, KnownAnswers) {
  // FIPS 180-4 "abc"; RFC 4231, test case 2; RFC 4648, section 10.
  EXPECT_EQ(to_hex(bytes_of(sha256("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(bytes_of(hmac_sha256("Jefe", "what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_base64url("foobar"), "Zm9vYmFy");
  EXPECT_EQ(to_base64url("fooba"), "Zm9vYmE");
  EXPECT_EQ(to_base64url("\xff\xfe"), "__4");
}

TEST(Crypto, Base64AndHexRoundTripAndAreCanonical) {
  EXPECT_TRUE(rc::check([](const std::string& bytes) {
    RC_ASSERT(from_base64url(to_base64url(bytes)) == bytes);
    RC_ASSERT(from_hex(to_hex(bytes)) == bytes);
  }));
  for (const std::string_view wrong : {"a", "ab=", "a+", "Zh"}) EXPECT_FALSE(from_base64url(wrong)) << wrong;
  for (const std::string_view wrong : {"a", "AB", "zz"}) EXPECT_FALSE(from_hex(wrong)) << wrong;
}

TEST(Headers, FindsWithoutRegardToCase) {
  Headers headers;
  headers.add("Content-Type", "text/plain");
  headers.add("X-A", "1");
  headers.add("x-a", "2");
  EXPECT_EQ(headers.find("content-type"), "text/plain");
  EXPECT_EQ(headers.find("X-a"), "1");
  EXPECT_EQ(headers.count("X-A"), 2U);
  headers.set("X-A", "3");
  EXPECT_EQ(headers.count("X-A"), 1U);
  EXPECT_EQ(headers.find("x-a"), "3");
  EXPECT_EQ(headers.find("content-type"), "text/plain");
  headers.clear();
  EXPECT_TRUE(headers.empty());
  EXPECT_FALSE(headers.find("x-a"));
}

TEST(HeadersDeathTest, AResponseCannotBeSplit) {
  Headers headers;
  EXPECT_DEATH(headers.add("Location", "/a\r\nSet-Cookie: x"), "fits_one_line");
}

}  // namespace
}  // namespace sinan::net
