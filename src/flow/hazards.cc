#include "flow/hazards.h"

#include "sql/analyze.h"

namespace sinan::flow {
namespace {

const ObjectRef* first_overlap(const std::vector<ObjectRef>& left, const std::vector<ObjectRef>& right) {
  for (const ObjectRef& a : left) {
    for (const ObjectRef& b : right) {
      if (sql::overlap(a, b)) return &b;
    }
  }
  return nullptr;
}

}  // namespace

std::optional<Dependency> conflict(const Access& earlier, const Access& later) {
  if (earlier.barrier || later.barrier) return Dependency{0, Hazard::kBarrier, {}};
  if (const ObjectRef* object = first_overlap(earlier.writes, later.reads)) {
    return Dependency{0, Hazard::kReadAfterWrite, *object};
  }
  if (const ObjectRef* object = first_overlap(earlier.writes, later.writes)) {
    return Dependency{0, Hazard::kWriteAfterWrite, *object};
  }
  if (const ObjectRef* object = first_overlap(earlier.reads, later.writes)) {
    return Dependency{0, Hazard::kWriteAfterRead, *object};
  }
  return std::nullopt;
}

std::vector<std::vector<Dependency>> order_steps(std::span<const Access> steps) {
  std::vector<std::vector<Dependency>> result(steps.size());
  // before[i][j]: step j is finished before step i starts.
  std::vector<std::vector<bool>> before(steps.size());
  for (uint32_t later = 0; later < steps.size(); ++later) {
    before[later].assign(later, false);
    // From near to far: whatever a nearer dependency waits for needs no edge of its own.
    for (uint32_t earlier = later; earlier-- > 0;) {
      if (before[later][earlier]) continue;
      auto dependency = conflict(steps[earlier], steps[later]);
      if (!dependency) continue;
      dependency->on = earlier;
      before[later][earlier] = true;
      for (uint32_t i = 0; i < earlier; ++i) {
        if (before[earlier][i]) before[later][i] = true;
      }
      result[later].insert(result[later].begin(), std::move(*dependency));
    }
  }
  return result;
}

}  // namespace sinan::flow
