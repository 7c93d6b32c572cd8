#include "flow/running_step.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "flow/recovery.h"
#include "flow/tracked_session.h"
#include "flow/world.h"

namespace sinan::flow {
namespace {

namespace fs = std::filesystem;

// A name as one folder: what is not a letter, digit, '_', '-' or an inner dot becomes %XX.
std::string folder_name(std::string_view name) {
  std::string result;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                       c == '-' || (c == '.' && !result.empty());
    if (plain)
      result += c;
    else
      result += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return result;
}

bool is_kept_by_catalog(const ObjectRef& written, const Outcome& outcome) {
  const auto same = [&](const ObjectRef& ref) { return ref.kind == written.kind && ref.kind != object_kind::kTable; };
  return std::ranges::any_of(outcome.objects, same, &catalog::NewObject::ref) ||
         std::ranges::any_of(outcome.dropped, same) ||
         std::ranges::any_of(outcome.changes, same, &catalog::ObjectChange::ref);
}

}  // namespace

RunningStep::RunningStep(const PlannedStep& planned, Project& project, ResultSink& results, Grant grant)
    : planned_(planned),
      project_(project),
      results_(results),
      grant_(std::move(grant)),
      objects_(project.catalog()),
      begun_(project.clock().monotonic()),
      stage_begun_(begun_) {}

RunningStep::~RunningStep() {
  roll_back();
  if (session_ != nullptr) untrack(session_);
  if (staged_ && !kept_) {
    const auto status = project_.files().remove_tree(project_.state_folder() / staging_relative());
    if (!status) {
      log::info("staging folder not removed: " + status.error().to_string());
      ask_for_sweep(project_.catalog());
    }
  }
}

void RunningStep::roll_back() {
  if (session_ == nullptr || !session_->in_transaction()) return;
  if (auto status = session_->rollback(); !status) log::warning("rollback failed: " + status.error().to_string());
}

Status RunningStep::open_session() {
  const Access& access = planned_.step->access();
  const bool transaction = planned_.step->session_use() == SessionUse::kTransaction;
  // Before the step's transaction begins: it sees what was there then.
  if (transaction && (access.barrier || !access.writes.empty())) TRY(project_.prepare_commits());
  SessionState& state = *grant_.session;
  if (planned_.sticky_session) {
    sticky_lock_ = std::unique_lock(state.sticky_mutex());
    session_ = TRY(state.sticky(project_.engine(), planned_.session_setup));
  } else {
    own_session_ = TRY(connect_with(project_.engine(), planned_.session_setup));
    session_ = own_session_.get();
  }
  track(session_);
  functions_.emplace(*session_, project_.registry(), objects_, project_.engine().dialect());
  if (transaction) TRY(session_->begin());
  return {};
}

Result<Outcome> RunningStep::run() {
  TRY(grant_.cancel.check());
  if (planned_.forgets_states) TRY(project_.catalog().forget_states(planned_.title));
  if (planned_.forgets_states || planned_.attaches) project_.session_state().note_attached();
  TRY(open_session());
  return planned_.step->run(*this);
}

Result<std::unique_ptr<engine::Session>> RunningStep::connect() {
  TRY(grant_.cancel.check());
  auto session = TRY(connect_with(project_.engine(), planned_.session_setup));
  track(session.get());
  auto tracked =
      std::make_unique<TrackedSession>(std::move(session), [this](engine::Session* closed) { untrack(closed); });
  return std::make_unique<FunctionSession>(std::move(tracked), project_.registry(), objects_,
                                           project_.engine().dialect());
}

void RunningStep::track(engine::Session* session) {
  const std::lock_guard lock(mutex_);
  interruptible_.push_back(session);
}

void RunningStep::untrack(engine::Session* session) {
  const std::lock_guard lock(mutex_);
  std::erase(interruptible_, session);
}

void RunningStep::interrupt() noexcept {
  const std::lock_guard lock(mutex_);
  for (engine::Session* session : interruptible_) session->interrupt();
}

fs::path RunningStep::staging_relative() const {
  const auto& writes = planned_.step->access().writes;
  const auto object = std::ranges::find_if(writes, [](const ObjectRef& written) {
    return written.kind != object_kind::kTable && written.kind != object_kind::kFile;
  });
  const fs::path owner = object == writes.end() ? fs::path("step") / "files"
                                                : fs::path(folder_name(object->kind)) / folder_name(object->name);
  return fs::path("objects") / owner / catalog::commit_id(grant_.run, planned_.statement.index);
}

Result<fs::path> RunningStep::staging() {
  fs::path folder = project_.state_folder() / staging_relative();
  if (!staged_) {
    staged_ = true;
    TRY(project_.files().create_directories(folder));
  }
  return folder;
}

// Makes staged files durable if an object of the outcome names them.
Status RunningStep::keep_staging(const Outcome& outcome) {
  if (!staged_) return {};
  const std::string folder = staging_relative().generic_string();
  const bool named = std::ranges::any_of(outcome.objects, [&](const catalog::NewObject& object) {
    return object.folder.generic_string().starts_with(folder);
  });
  if (!named) return {};
  const fs::path path = project_.state_folder() / folder;
  TRY(project_.files().sync_tree(path));
  // The names of the folders above are new too.
  for (fs::path parent = path.parent_path(); parent != project_.state_folder(); parent = parent.parent_path()) {
    TRY(project_.files().sync_directory(parent));
  }
  TRY(project_.files().sync_directory(project_.state_folder()));
  return project_.files().checkpoint("staged");
}

bool RunningStep::writes_to_engine(const Outcome& outcome) const {
  if (!session_->in_transaction()) return false;
  const auto& writes = planned_.step->access().writes;
  const bool attached = project_.session_state().has_attached() || !project_.engine().sources().empty();
  const auto is_engines = [&](const ObjectRef& written) {
    if (written.kind == object_kind::kFile || is_kept_by_catalog(written, outcome)) return false;
    // One transaction writes to one database: the marker would be in the wrong one. No state is kept of such tables.
    return !attached || !World(*session_, project_.engine().sources()).is_elsewhere(written.name);
  };
  return planned_.step->access().barrier || std::ranges::any_of(writes, is_engines);
}

Status RunningStep::commit(Outcome& outcome, catalog::StepRecord record) {
  TRY(grant_.cancel.check());
  end_stage();
  stage("committing");
  TRY(keep_staging(outcome));
  record.status = catalog::StepStatus::kDone;
  record.rows_read = outcome.rows_read;
  record.rows_written = outcome.rows_written;
  record.lineage = outcome.lineage;
  record.objects = outcome.objects;
  record.dropped = outcome.dropped;
  record.changes = outcome.changes;

  std::vector<uint32_t> versions;
  if (writes_to_engine(outcome)) {
    TRY(commit_engine(record, versions));
  } else {
    if (session_->in_transaction()) TRY(session_->commit());
    kept_ = true;  // from here on it is recovery's to judge
    auto recorded = project_.catalog().record_step(grant_.run, record);
    if (!recorded) {
      kept_ = false;
      return fail(std::move(recorded).error()).within("recording the step");
    }
    versions = std::move(*recorded);
    TRY(project_.files().checkpoint("recorded"));
  }
  kept_ = !outcome.objects.empty();
  for (size_t i = 0; i < versions.size(); ++i) outcome.objects[i].ref.version = versions[i];
  end_stage();
  return {};
}

// The engine and the catalog commit as one: see docs/formats/commit.md for what a crash at each point leaves.
Status RunningStep::commit_engine(catalog::StepRecord& record, std::vector<uint32_t>& versions) {
  const std::string id = catalog::commit_id(grant_.run, record.index);
  catalog::Catalog& catalog = project_.catalog();
  TRY(session_->execute(marker_statement(project_.engine(), id)));
  TRY(catalog.prepare_commit({id, grant_.run, record}));
  kept_ = true;
  const auto undo = [&](Error error) -> Status {
    roll_back();
    if (catalog.drop_commit(id)) kept_ = false;
    return fail(std::move(error));
  };
  if (auto status = project_.files().checkpoint("prepared"); !status) return undo(std::move(status).error());
  if (auto status = session_->commit(); !status) {
    // A failing disk can leave it open whether the transaction is there: the marker knows.
    const auto present = marker_present(project_.engine(), id);
    if (!present) return fail(std::move(status).error()).within("committing; the next start finishes or undoes it");
    if (!*present) return undo(std::move(status).error());
  }
  const auto unrecorded = [&](Error error) -> Status {
    return fail(std::move(error)).within("the tables are written; the next start records it");
  };
  if (auto status = project_.files().checkpoint("engine_committed"); !status)
    return unrecorded(std::move(status).error());
  auto recorded = catalog.record_step(grant_.run, record);
  if (!recorded) return unrecorded(std::move(recorded).error());
  versions = std::move(*recorded);
  TRY(project_.files().checkpoint("recorded"));
  return project_.stamp_warehouse();
}

void RunningStep::end_stage() {
  const std::lock_guard lock(mutex_);
  const auto now = project_.clock().monotonic();
  if (stage_.empty()) return;
  if (now > stage_begun_ || stages_.empty()) stages_.emplace_back(stage_, now - stage_begun_);
  stage_.clear();
}

void RunningStep::stage(std::string_view name) {
  {
    const std::lock_guard lock(mutex_);
    if (stage_ == name) return;
    // A step that names its first stage at once has no other one before.
    if (stages_.empty() && stage_ == "running" &&
        project_.clock().monotonic() - stage_begun_ < std::chrono::milliseconds(1)) {
      stage_.clear();
    }
  }
  end_stage();
  const std::lock_guard lock(mutex_);
  stage_ = name;
  stage_begun_ = project_.clock().monotonic();
  fraction_ = -1;
  rows_ = -1;
  note_.clear();
}

void RunningStep::fraction(double done) {
  const std::lock_guard lock(mutex_);
  fraction_ = done;
}

void RunningStep::rows(int64_t total_so_far) {
  const std::lock_guard lock(mutex_);
  rows_ = total_so_far;
}

void RunningStep::note(std::string_view text) {
  const std::lock_guard lock(mutex_);
  note_ = text;
}

std::vector<std::pair<std::string, std::chrono::nanoseconds>> RunningStep::stages() const {
  const std::lock_guard lock(mutex_);
  auto result = stages_;
  if (!stage_.empty()) result.emplace_back(stage_, project_.clock().monotonic() - stage_begun_);
  return result;
}

ProgressSnapshot RunningStep::snapshot() const {
  const std::lock_guard lock(mutex_);
  ProgressSnapshot result;
  const auto now = project_.clock().monotonic();
  result.step = planned_.statement.index;
  result.stage = stage_;
  result.rows = rows_;
  result.note = note_;
  result.elapsed = now - begun_;
  result.fraction = fraction_;
  if (result.fraction < 0 && !interruptible_.empty()) result.fraction = interruptible_.front()->progress();
  constexpr double kTooEarlyToTell = 0.02;
  if (result.fraction > kTooEarlyToTell && result.fraction <= 1) {
    const auto in_stage = static_cast<double>((now - stage_begun_).count());
    result.left = std::chrono::nanoseconds(static_cast<int64_t>(in_stage * (1 - result.fraction) / result.fraction));
  }
  return result;
}

}  // namespace sinan::flow
