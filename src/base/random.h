// Random numbers are injected and seeded; the same seed gives the same sequence on every machine (xoshiro256**, seeded
// by splitmix64; Blackman and Vigna 2018). Not thread-safe: give each thread its own, made by fork().
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace sinan {

class Random {
 public:
  explicit Random(uint64_t seed);
  static Random from_system();  // seeded by the kernel

  uint64_t next();
  uint64_t below(uint64_t bound);  // uniform in [0, bound), bound > 0, without modulo bias
  double uniform();                // [0, 1)
  Random fork();                   // an independent stream

  using result_type = uint64_t;  // a UniformRandomBitGenerator, for std::shuffle
  static constexpr uint64_t min() { return 0; }
  static constexpr uint64_t max() { return ~uint64_t{0}; }
  uint64_t operator()() { return next(); }

 private:
  std::array<uint64_t, 4> state_;
};

}  // namespace sinan
