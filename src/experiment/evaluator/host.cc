#include "experiment/evaluator/host.h"

#include <array>
#include <charconv>
#include <chrono>

namespace sinan::experiment {

int64_t clock_micros() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

std::string double_text(double value) {
  std::array<char, 32> digits{};
  return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr};
}

}  // namespace sinan::experiment
