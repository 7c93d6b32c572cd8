// Who asks: tokens, how they are kept, and what happens to those who guess.
//
// A token is "sinan_" and 32 random bytes in base64url. Kept is its SHA-256 only: a token has 256 bits of randomness, so a
// slow password hash would add nothing, and a stolen tokens file opens no door. Tokens file: docs/formats/tokens.md.
//
// A signed token ("sinans_<claims>.<mac>") is short-lived and is kept nowhere: the key lives as long as the process. It
// is what may stand in a URL (?token=), for a browser's EventSource, which cannot send headers.
//
// Tokens and Authenticator are thread-safe.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "net/crypto.h"
#include "net/error_response.h"
#include "net/message.h"
#include "net/role.h"

namespace sinan::net {

struct TokenRecord {
  std::string name;  // unique; shown in logs: "ci", "web shop"
  Role role = Role::kViewer;
  Digest hash{};
  TimePoint created{};
  std::optional<TimePoint> expires;
};

// The tokens file's text to records and back. Errors: kData with the record's number.
Result<std::vector<TokenRecord>> parse_tokens(std::string_view json);
std::string tokens_json(const std::vector<TokenRecord>& records);

struct NewToken {
  std::string token;  // shown once, kept nowhere
  TokenRecord record;
};
// Errors: kArgument for a name that is empty, longer than 100 bytes or has control characters.
Result<NewToken> make_token(std::string name, Role role, TimePoint now, std::optional<std::chrono::seconds> lifetime);

// Failed attempts by address (an IPv6 /64 counts as one): a bucket of `burst` attempts that fills up by one in `refill`.
// Bounded: the address that has been quiet longest is forgotten first. Thread-safe.
class FailureLimit {
 public:
  FailureLimit(uint32_t burst, std::chrono::seconds refill, size_t most_addresses)
      : burst_(burst), refill_(refill), most_addresses_(most_addresses) {}
  // Counts a failure. Answers how long to wait, when that was one too many.
  std::optional<std::chrono::seconds> failed(std::string_view peer, std::chrono::nanoseconds now);
  size_t addresses() const;

 private:
  struct Bucket {
    std::chrono::nanoseconds empty_at{0};  // when the bucket is full again: later = more failures
    uint64_t use = 0;
  };
  uint32_t burst_;
  std::chrono::seconds refill_;
  size_t most_addresses_;
  mutable std::mutex mutex_;
  std::map<std::string, Bucket, std::less<>> buckets_;
  std::map<uint64_t, std::string> by_use_;
  uint64_t uses_ = 0;
};
// "10.0.0.7" → itself; "2001:db8:1:2:3::4" → "2001:db8:1:2::/64".
std::string address_group(std::string_view peer);

class Authenticator {
 public:
  // No records at all: everybody is admin (a server on loopback for one person).
  Authenticator(std::vector<TokenRecord> records, const Clock& clock);

  bool is_open() const;
  // The tokens file has changed: holds for the next request.
  void replace(std::vector<TokenRecord> records);

  // Fills request.principal from Authorization: Bearer, X-API-Key or ?token=. True when it is known who asks, false when
  // the request names no token. Refusals: 401 for a wrong, expired or doubled token, 429 when the peer has sent too many.
  // A right token is let in even then: it cannot be guessed, and a neighbour's failures must not lock its owner out.
  std::expected<bool, Refusal> authenticate(Request& request);

  // A token that lets its bearer act as the principal for `lifetime`.
  std::string sign(const Principal& principal, std::chrono::seconds lifetime) const;

 private:
  std::optional<Principal> verify(std::string_view token) const;
  std::optional<Principal> verify_signed(std::string_view token) const;

  const Clock& clock_;
  const std::string key_;
  FailureLimit failures_;
  mutable std::mutex mutex_;
  // By hash. The order of the look-up tells an attacker nothing: he cannot choose a hash.
  std::shared_ptr<const std::map<Digest, TokenRecord>> records_;
};

}  // namespace sinan::net
