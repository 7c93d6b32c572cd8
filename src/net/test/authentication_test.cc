#include "net/authentication.h"

#include <gtest/gtest.h>

namespace sinan::net {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

Request request_with(std::string_view name, std::string_view value, std::string_view target = "/") {
  Request request;
  request.peer = "10.0.0.1";
  request.target = *parse_target(target);
  if (!name.empty()) request.headers.add(name, value);
  return request;
}

class AuthenticationTest : public testing::Test {
 protected:
  AuthenticationTest()
      : admin_(*make_token("root", Role::kAdmin, clock_.now(), std::nullopt)),
        short_lived_(*make_token("ci", Role::kEditor, clock_.now(), hours(1))),
        authenticator_({admin_.record, short_lived_.record}, clock_) {}

  // The role's name, or the status of the refusal; "nobody" without a token.
  std::string outcome(Request request) {
    const auto known = authenticator_.authenticate(request);
    if (!known) return std::to_string(known.error().status);
    return *known ? std::string(to_string(request.principal.role)) : "nobody";
  }
  std::string outcome_of(const std::string& token) { return outcome(request_with("Authorization", "Bearer " + token)); }

  SimulatedClock clock_{TimePoint(std::chrono::days(20000))};
  NewToken admin_;
  NewToken short_lived_;
  Authenticator authenticator_;
};

TEST_F(AuthenticationTest, TakesATokenInEitherHeader) {
  EXPECT_EQ(outcome_of(admin_.token), "admin");
  EXPECT_EQ(outcome(request_with("authorization", "bearer " + admin_.token)), "admin");
  EXPECT_EQ(outcome(request_with("X-API-Key", short_lived_.token)), "editor");
  EXPECT_EQ(outcome(request_with("", "")), "nobody");
}

// Of a machine whose wall clock is set back by a day: what was allowed is allowed, and guessing is counted by the other clock.
TEST_F(AuthenticationTest, AWallClockThatGoesBackLocksNobodyOutAndForgivesNoGuess) {
  class SteppedClock final : public Clock {
   public:
    TimePoint now() const override { return TimePoint(std::chrono::days(20000)) + step; }
    std::chrono::nanoseconds monotonic() const override { return hours(1); }
    bool wait(std::chrono::nanoseconds, const std::atomic<bool>&) const override { return true; }
    std::chrono::microseconds step{0};
  } clock;
  Authenticator authenticator({admin_.record, short_lived_.record}, clock);
  const auto status = [&](const std::string& token) {
    Request request = request_with("Authorization", "Bearer " + token);
    const auto known = authenticator.authenticate(request);
    return known ? 200 : known.error().status;
  };
  const std::string of_before = authenticator.sign({"ci", Role::kEditor}, seconds(60));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(status("guess"), 401);
  for (const std::chrono::microseconds step : {std::chrono::microseconds(0), -std::chrono::microseconds(hours(24))}) {
    clock.step = step;
    EXPECT_EQ(status(admin_.token), 200);
    EXPECT_EQ(status(short_lived_.token), 200);
    EXPECT_EQ(status(of_before), 200);
    EXPECT_EQ(status(authenticator.sign({"ci", Role::kEditor}, seconds(60))), 200);
    EXPECT_EQ(status("guess"), 429);
  }
}

TEST_F(AuthenticationTest, RefusesWhatIsNoToken) {
  std::string forged = admin_.token;
  forged.back() = forged.back() == 'A' ? 'B' : 'A';
  EXPECT_EQ(outcome_of(forged), "401");
  EXPECT_EQ(outcome_of(""), "401");
  EXPECT_EQ(outcome_of(std::string(5000, 'a')), "401");
  EXPECT_EQ(outcome(request_with("Authorization", "Basic cm9vdDp4")), "401");
  EXPECT_EQ(outcome(request_with("", "", "/?token=" + admin_.token)), "401");
  Request doubled = request_with("Authorization", "Bearer " + admin_.token);
  doubled.headers.add("X-API-Key", admin_.token);
  EXPECT_EQ(outcome(std::move(doubled)), "401");
  // The hash is no token.
  EXPECT_EQ(outcome_of(to_hex(bytes_of(admin_.record.hash))), "401");
}

TEST_F(AuthenticationTest, TokensExpire) {
  EXPECT_EQ(outcome_of(short_lived_.token), "editor");
  clock_.advance(hours(1));
  EXPECT_EQ(outcome_of(short_lived_.token), "401");
  EXPECT_EQ(outcome_of(admin_.token), "admin");
}

TEST_F(AuthenticationTest, SignedTokensAreShortLivedAndMayStandInAUrl) {
  const std::string token = authenticator_.sign({"root", Role::kViewer}, seconds(60));
  EXPECT_EQ(outcome(request_with("", "", "/?token=" + token)), "viewer");
  EXPECT_EQ(outcome_of(token), "viewer");
  for (size_t i = 0; i < token.size(); ++i) {
    std::string mutated = token;
    mutated[i] = mutated[i] == 'x' ? 'y' : 'x';
    EXPECT_NE(outcome_of(mutated), "viewer") << i;
  }
  clock_.advance(seconds(60));
  EXPECT_EQ(outcome_of(token), "401");
  // Another process has another key.
  const Authenticator other({admin_.record}, clock_);
  EXPECT_EQ(outcome_of(other.sign({"root", Role::kAdmin}, seconds(60))), "401");
}

TEST_F(AuthenticationTest, GuessingIsLimitedByAddress) {
  for (int i = 0; i < 10; ++i) EXPECT_EQ(outcome_of("sinan_wrong"), "401") << i;
  Request request = request_with("Authorization", "Bearer sinan_wrong");
  const auto refused = authenticator_.authenticate(request);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 429);
  EXPECT_EQ(refused.error().retry_after_seconds, 6);
  // A neighbour's failures lock nobody out who has a right token, nor another address.
  EXPECT_EQ(outcome_of(admin_.token), "admin");
  Request elsewhere = request_with("Authorization", "Bearer sinan_wrong");
  elsewhere.peer = "10.0.0.2";
  EXPECT_EQ(outcome(std::move(elsewhere)), "401");
  clock_.advance(seconds(6));
  EXPECT_EQ(outcome_of("sinan_wrong"), "401");
  EXPECT_EQ(outcome_of("sinan_wrong"), "429");
  clock_.advance(seconds(60));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(outcome_of("sinan_wrong"), "401") << i;
}

TEST_F(AuthenticationTest, ARevokedTokenIsOut) {
  authenticator_.replace({short_lived_.record});
  EXPECT_EQ(outcome_of(admin_.token), "401");
  EXPECT_EQ(outcome_of(short_lived_.token), "editor");
}

TEST_F(AuthenticationTest, WithoutTokensEverybodyIsAdmin) {
  authenticator_.replace({});
  EXPECT_TRUE(authenticator_.is_open());
  EXPECT_EQ(outcome(request_with("", "")), "admin");
}

TEST(FailureLimit, ForgetsTheQuietest) {
  FailureLimit limit(1, seconds(10), 2);
  EXPECT_FALSE(limit.failed("a", seconds(0)));
  EXPECT_FALSE(limit.failed("b", seconds(0)));
  EXPECT_TRUE(limit.failed("a", seconds(0)));
  EXPECT_FALSE(limit.failed("c", seconds(0)));  // "b" goes
  EXPECT_EQ(limit.addresses(), 2U);
  EXPECT_TRUE(limit.failed("a", seconds(0)));
  EXPECT_FALSE(limit.failed("b", seconds(0)));
}

TEST(FailureLimit, ANetworkOfIpv6IsOneAddress) {
  EXPECT_EQ(address_group("10.1.2.3"), "10.1.2.3");
  EXPECT_EQ(address_group("::ffff:10.1.2.3"), "::ffff:10.1.2.3");
  EXPECT_EQ(address_group("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(address_group("2001:db8::1"), "2001:db8:0:0::/64");
  EXPECT_EQ(address_group("::1"), "0:0:0:0::/64");
}

TEST(Tokens, TheFileRoundTrips) {
  SimulatedClock clock(TimePoint(std::chrono::days(20000)));
  const std::vector<TokenRecord> records = {
      make_token("a", Role::kClientKey, clock.now(), std::nullopt)->record,
      make_token("b \"ü\"", Role::kAdmin, clock.now(), seconds(5))->record,
  };
  const std::string text = tokens_json(records);
  const auto back = parse_tokens(text);
  ASSERT_TRUE(back) << back.error().to_string();
  EXPECT_EQ(tokens_json(*back), text);
  EXPECT_EQ(back->at(1).expires, records[1].expires);
  EXPECT_EQ(back->at(0).hash, records[0].hash);
}

TEST(Tokens, AWrongFileIsRefused) {
  constexpr std::string_view kGood =
      R"({"version":1,"tokens":[{"name":"a","role":"admin","sha256":")"
      R"(0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","created":"2026-01-01T00:00:00Z"}]})";
  ASSERT_TRUE(parse_tokens(kGood));
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string text(kGood);
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  for (const std::string& text :
       {std::string(), std::string("[]"), with("\"version\":1", "\"version\":2"), with("admin", "king"),
        with("abcdef\"", "abcde\""), with("2026-01", "2026-13"), with("\"name\"", "\"nam\""), with("[{", "[1,{")}) {
    const auto records = parse_tokens(text);
    ASSERT_FALSE(records) << text;
    EXPECT_EQ(records.error().code, Code::kData) << text;
  }
}

TEST(Tokens, NamesAreForPeople) {
  for (const std::string& name : {std::string(), std::string(101, 'a'), std::string("a\nb"), std::string("\xff")}) {
    EXPECT_FALSE(make_token(name, Role::kAdmin, TimePoint{}, std::nullopt)) << name;
  }
  EXPECT_NE(make_token("a", Role::kAdmin, TimePoint{}, std::nullopt)->token,
            make_token("a", Role::kAdmin, TimePoint{}, std::nullopt)->token);
}

}  // namespace
}  // namespace sinan::net
