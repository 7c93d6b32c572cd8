// Values that arrive as text and are compared as something else: versions, points in time, addresses. What cannot be read is
// a type mismatch, never an error. Pure functions; no allocation; results borrow from the text.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sinan::experiment {

// A version by Semantic Versioning 2.0.0, where minor and patch may be left out ("3.4" is 3.4.0). Build metadata takes no part.
struct Semver {
  uint32_t major = 0;
  uint32_t minor = 0;
  uint32_t patch = 0;
  std::string_view prerelease;  // without '-'; empty for a release
};
std::optional<Semver> parse_semver(std::string_view text);
// Precedence as section 11 of the specification has it: a pre-release is below its release, identifiers compare one by one.
std::strong_ordering compare(const Semver& a, const Semver& b);

// RFC 3339 ("2026-11-22T17:31:37.5Z", "2026-11-22 18:31:37+01:00", also "2026-11-22" alone), microseconds since 1970 in UTC.
// Years 0001 to 9999; digits behind the sixth of the fraction are cut off.
std::optional<int64_t> parse_timestamp(std::string_view text);

// An IPv6 address, or an IPv4 one as ::ffff:a.b.c.d. Ordered as the number it is.
struct IpAddress {
  uint64_t high = 0;
  uint64_t low = 0;
  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;
};
std::optional<IpAddress> parse_ip(std::string_view text);

// A double as an integer of the same order: -0 is 0; NaN has no key.
std::optional<int64_t> ordered_key(double value);
double from_ordered_key(int64_t key);

}  // namespace sinan::experiment
