#include "base/id.h"

namespace sinan {
namespace {

void append_base32(std::string& out, uint64_t number, size_t digits) {
  constexpr std::string_view kCrockford = "0123456789abcdefghjkmnpqrstvwxyz";
  for (size_t i = digits; i-- > 0;) out += kCrockford[(number >> (5 * i)) & 31];
}

}  // namespace

RunId make_run_id(TimePoint now, Random& random) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  RunId id;
  append_base32(id.value, static_cast<uint64_t>(milliseconds), 10);
  id.value += '-';
  append_base32(id.value, random.next() >> 32, 7);
  return id;
}

}  // namespace sinan
