#include "run/program.h"

#include <array>

#include "run/binning.h"
#include "run/extract_features.h"
#include "run/psi.h"

namespace sinan::run {

std::span<const Program* const> programs() {
  static const Binning binning(Binning::Kind::kEach);
  static const Binning pairs(Binning::Kind::kPair);
  static const Psi psi;
  static const ExtractFeatures features;
  static const std::array<const Program*, 4> all = {&binning, &pairs, &psi, &features};
  return all;
}

}  // namespace sinan::run
