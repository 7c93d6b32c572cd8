#include "flow/resume.h"

namespace sinan::flow {
namespace {

class DoneStep final : public Step {
 public:
  explicit DoneStep(Access access) : access_(std::move(access)) {}
  const Access& access() const override { return access_; }
  std::optional<Fingerprint> fingerprint() const override { return std::nullopt; }
  Result<Outcome> run(RunContext&) override { return Outcome{}; }

 private:
  Access access_;
};

}  // namespace

Result<std::optional<DoneBefore>> find_resumable(std::string_view program, Project& project) {
  constexpr size_t kRunsToLookAt = 1000;
  for (const auto& candidate : TRY(project.catalog().runs(kRunsToLookAt))) {
    if (candidate.program != program) continue;
    if (candidate.status == "done" || candidate.status == "running") return std::nullopt;
    DoneBefore result{candidate.id, {}};
    auto run = TRY(project.catalog().run(candidate.id.value));
    for (auto& step : run.steps) {
      if (step.status != catalog::StepStatus::kDone && step.status != catalog::StepStatus::kCached) continue;
      const uint32_t index = step.index;
      result.steps.emplace(index, std::move(step));
    }
    return result;
  }
  return std::nullopt;
}

std::unique_ptr<Step> make_done_step(const catalog::StepRecord& record) {
  return std::make_unique<DoneStep>(record.access);
}

}  // namespace sinan::flow
