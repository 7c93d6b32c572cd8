// Fingerprints: XXH3-128 over a canonical byte stream. For change detection and corruption checks, not against forgery.
//
//     Fingerprint f = FingerprintBuilder().add("train").add(sql).add(uint64_t{42}).finish();
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace sinan {

struct Fingerprint {
  uint64_t high = 0;
  uint64_t low = 0;
  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
  friend auto operator<=>(const Fingerprint&, const Fingerprint&) = default;
  std::string to_hex() const;  // 32 lower-case digits
};

// Each add() is framed by its length, so ("ab","c") and ("a","bc") differ.
class FingerprintBuilder {
 public:
  FingerprintBuilder();
  ~FingerprintBuilder();
  FingerprintBuilder(FingerprintBuilder&&) noexcept;
  FingerprintBuilder& operator=(FingerprintBuilder&&) noexcept;
  FingerprintBuilder& add(std::string_view bytes);
  FingerprintBuilder& add(uint64_t number);
  FingerprintBuilder& add(const Fingerprint& other);
  Fingerprint finish() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Fingerprint fingerprint(std::string_view bytes);
uint64_t hash64(std::string_view bytes, uint64_t seed = 0);

}  // namespace sinan
