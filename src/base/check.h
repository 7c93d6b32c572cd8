// CHECK stops the program when one of our own invariants is broken; DCHECK does so in debug builds only. Neither is for
// the user's mistakes: those are Errors (base/error.h). The message names the condition and the place.
#pragma once

#include <string_view>

namespace sinan {
[[noreturn]] void check_failed(std::string_view condition, std::string_view file, int line);
}  // namespace sinan

#define CHECK(condition) ((condition) ? static_cast<void>(0) : ::sinan::check_failed(#condition, __FILE__, __LINE__))
#ifdef NDEBUG
#define DCHECK(condition) static_cast<void>(0)
#else
#define DCHECK(condition) CHECK(condition)
#endif
