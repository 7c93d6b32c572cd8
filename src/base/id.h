// Strong ids: a RunId cannot be passed where a StepId is meant. Run ids sort by time and are short enough to type:
// 48 bits of milliseconds and 32 of randomness in Crockford base 32 ("01kaxm4r7t-8fq3z2v").
#pragma once

#include <string>
#include <utility>

#include "base/clock.h"
#include "base/random.h"

namespace sinan {

template <class Tag>
struct Id {
  std::string value;
  friend bool operator==(const Id&, const Id&) = default;
  friend auto operator<=>(const Id&, const Id&) = default;
};

using RunId = Id<struct RunTag>;
RunId make_run_id(TimePoint now, Random& random);

}  // namespace sinan
