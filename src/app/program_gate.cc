#include "app/program_gate.h"

#include <algorithm>
#include <array>
#include <system_error>

#include "base/strings.h"
#include "io/file_system.h"
#include "sql/splitter.h"

namespace sinan::app {
namespace {

bool reads_only(const flow::Plan& plan) {
  return std::ranges::all_of(plan.steps, [](const flow::PlannedStep& step) {
    const auto& access = step.step->access();
    return !access.barrier && access.writes.empty() && !step.changes_session && !step.forgets_states &&
           !step.attaches && !step.sticky_session;
  });
}

bool fit(const ProgramGate::Use a, const ProgramGate::Use b) {
  return a == ProgramGate::Use::kRead || b == ProgramGate::Use::kRead;
}

}  // namespace

// Checking a program makes its tables, empty, in a transaction that is rolled back, which two cannot do at a time: a program that
// may do so is not even checked beside one that writes.
bool may_read_only(const std::string& program) {
  constexpr std::array<std::string_view, 4> kWords = {"show", "summarize", "describe", "explain"};
  const auto statements = sql::split(program);
  return statements && std::ranges::all_of(*statements, [&](const sql::StatementText& statement) {
           const std::string_view text = std::string_view(program).substr(statement.whole.begin);
           const std::string word = to_lower(text.substr(0, text.find_first_of(" \t\r\n;(")));
           return statement.is_query || std::ranges::find(kWords, word) != kWords.end();
         });
}

bool ProgramGate::may_run(std::list<Place>::const_iterator place) const {
  if (running_.size() >= most_running_) return false;
  const auto fits = [&](const Place& other) { return other.folder == place->folder && fit(other.use, place->use); };
  return std::ranges::all_of(running_, fits) && std::all_of(waiting_.begin(), place, fits);
}

Result<ProgramGate::Hold> ProgramGate::admit(std::list<Place>::iterator place) {
  if (running_.empty() && !place->folder.empty()) {
    std::error_code error;
    std::filesystem::current_path(place->folder, error);
    if (error) {
      const auto folder = place->folder;
      waiting_.erase(place);
      changed_.notify_all();
      return fail(io::system_error(error.value(), "cannot go to the caller's folder", folder));
    }
  }
  running_.splice(running_.end(), waiting_, place);
  changed_.notify_all();
  return Hold(*this, place);
}

Result<ProgramGate::Hold> ProgramGate::enter(Use use, const std::filesystem::path& folder, const CancelToken& cancel,
                                             const std::function<void()>& placed) {
  const CancelAction wake(cancel, [this] {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  });
  std::unique_lock lock(mutex_);
  const auto place = waiting_.insert(waiting_.end(), {use, folder});
  if (placed) placed();
  changed_.wait(lock, [&] { return cancel.cancelled() || may_run(place); });
  if (!cancel.cancelled()) return admit(place);
  waiting_.erase(place);
  changed_.notify_all();
  return fail(Code::kCancelled, "cancelled");
}

Result<std::optional<ProgramGate::Hold>> ProgramGate::try_enter(Use use, const std::filesystem::path& folder) {
  const std::lock_guard lock(mutex_);
  const auto place = waiting_.insert(waiting_.end(), {use, folder});
  if (may_run(place)) return TRY(admit(place));
  waiting_.erase(place);
  return std::nullopt;
}

void ProgramGate::leave(std::list<Place>::iterator place) {
  const std::lock_guard lock(mutex_);
  running_.erase(place);
  changed_.notify_all();
}

Result<AdmittedPlan> plan_in_turn(ProgramGate* gate, const std::filesystem::path& folder, const std::string& program,
                                  flow::Project& project, const flow::PlanOptions& options,
                                  const std::function<void()>& placed) {
  if (gate == nullptr) return AdmittedPlan{{}, TRY(flow::make_plan(program, project, options))};
  if (may_read_only(program)) {
    ProgramGate::Hold hold = TRY(gate->enter(ProgramGate::Use::kRead, folder, options.cancel));
    flow::Plan plan = TRY(flow::make_plan(program, project, options));
    // What is wrong now may be right when the program that writes has ended.
    if (plan.ok() && reads_only(plan)) {
      if (placed) placed();
      return AdmittedPlan{std::move(hold), std::move(plan)};
    }
  }
  ProgramGate::Hold hold = TRY(gate->enter(ProgramGate::Use::kWrite, folder, options.cancel, placed));
  return AdmittedPlan{std::move(hold), TRY(flow::make_plan(program, project, options))};
}

}  // namespace sinan::app
