// The little cryptography that authentication needs, from OpenSSL. Pure functions; thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sinan::net {

using Digest = std::array<uint8_t, 32>;

Digest sha256(std::string_view bytes);
Digest hmac_sha256(std::string_view key, std::string_view bytes);
// Takes a time that depends on the lengths only.
bool equal_in_constant_time(std::string_view a, std::string_view b);
inline std::string_view bytes_of(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// From the kernel's generator. CHECK: it works.
std::string random_bytes(size_t count);

// RFC 4648, section 5, without padding. Decoding takes the canonical form only, so that a token has one spelling.
std::string to_base64url(std::string_view bytes);
std::optional<std::string> from_base64url(std::string_view text);
std::string to_hex(std::string_view bytes);
std::optional<std::string> from_hex(std::string_view text);

}  // namespace sinan::net
