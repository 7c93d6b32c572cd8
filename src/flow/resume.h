// Resuming: which steps of a program its latest, failed run has done already.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string_view>

#include "flow/project.h"
#include "flow/step.h"

namespace sinan::flow {

struct DoneBefore {
  RunId run;
  std::map<uint32_t, catalog::StepRecord> steps;  // by index: done or cached there
};

// None when the latest run of this very text was no failure. Steps are matched by index and text.
Result<std::optional<DoneBefore>> find_resumable(std::string_view program, Project& project);

// Stands in the plan for a step that is not run again. Running it does nothing.
std::unique_ptr<Step> make_done_step(const catalog::StepRecord& record);

}  // namespace sinan::flow
