// Runs, steps, and the one transaction in which a step becomes visible.

#include <fmt/format.h>

#include "catalog/record_json.h"
#include "catalog/sqlite_catalog.h"

namespace sinan::catalog {
namespace {

RunRecord read_run(const store::Statement& row) {
  RunRecord run;
  run.id = RunId{std::string(row.text(0))};
  run.program_name = row.text(1);
  run.program = row.text(2);
  run.started = TimePoint(std::chrono::microseconds(row.integer(3)));
  if (const auto duration = row.optional_integer(4)) run.duration = std::chrono::nanoseconds(*duration);
  run.status = row.text(5);
  return run;
}

constexpr std::string_view kRunColumns = "id, program_name, program, started, duration, status";

Result<StepRecord> read_step(const store::Statement& row) {
  StepRecord step;
  step.index = static_cast<uint32_t>(row.integer(0));
  step.statement = row.text(1);
  step.kind = row.text(2);
  step.status = TRY(step_status_named(row.text(3)));
  if (!row.is_null(4)) step.fingerprint = TRY(fingerprint_from_hex(row.text(4)));
  step.started = TimePoint(std::chrono::microseconds(row.integer(5)));
  step.duration = std::chrono::nanoseconds(row.integer(6));
  step.rows_read = row.integer(7);
  step.rows_written = row.integer(8);
  step.peak_memory_bytes = static_cast<uint64_t>(row.integer(9));
  step.error = row.text(10);
  step.details = TRY(Json::parse(row.text(11)));
  step.access = TRY(access_from_json(TRY(Json::parse(row.text(12)))));
  return step;
}

}  // namespace

Status SqliteCatalog::begin_run(const RunRecord& run) {
  return write(Durability::kKill, [&]() -> Status {
    return writer_->execute(
        "INSERT INTO run (id, program_name, program, started, status) VALUES (?, ?, ?, ?, 'running')", run.id.value,
        run.program_name, run.program, static_cast<int64_t>(run.started.time_since_epoch().count()));
  });
}

Status SqliteCatalog::finish_run(const RunId& run, std::string_view status, std::chrono::nanoseconds duration) {
  return write(Durability::kKill, [&]() -> Status {
    return writer_->execute("UPDATE run SET status = ?, duration = ? WHERE id = ?", status,
                            static_cast<int64_t>(duration.count()), run.value);
  });
}

Result<std::vector<uint32_t>> SqliteCatalog::record_step(const RunId& run, const StepRecord& record) {
  std::vector<uint32_t> versions;
  const bool has_effects = record.status == StepStatus::kDone;
  const bool changes = has_effects && (!record.access.writes.empty() || !record.objects.empty() ||
                                       !record.dropped.empty() || !record.changes.empty());
  TRY(write(changes ? Durability::kPowerCut : Durability::kKill, [&]() -> Status {
    TRY(write_step_row(run, record));
    if (!has_effects) return {};
    for (const ObjectRef& ref : record.dropped) TRY(ref.version == 0 ? drop_object(ref) : drop_version(ref));
    for (const NewObject& object : record.objects) versions.push_back(TRY(add_version(run, record, object)));
    for (const ObjectChange& change : record.changes) TRY(change_object(change));
    TRY(replace_lineage(run, record, versions));
    TRY(write_states(run, record));
    TRY(count_usage(record));
    return writer_->execute("DELETE FROM pending_commit WHERE id = ?", commit_id(run, record.index));
  }));
  return versions;
}

Status SqliteCatalog::write_step_row(const RunId& run, const StepRecord& record) {
  std::optional<std::string> fingerprint;
  if (record.fingerprint) fingerprint = record.fingerprint->to_hex();
  return writer_->execute("INSERT OR REPLACE INTO step VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", run.value,
                          record.index, record.statement, record.kind, to_string(record.status), fingerprint,
                          static_cast<int64_t>(record.started.time_since_epoch().count()),
                          static_cast<int64_t>(record.duration.count()), record.rows_read, record.rows_written,
                          record.peak_memory_bytes, record.error, record.details.dump(), to_json(record.access).dump());
}

Result<std::vector<RunRecord>> SqliteCatalog::runs(size_t limit) const {
  std::vector<RunRecord> result;
  auto rows = TRY(reader_->prepare(fmt::format("SELECT {} FROM run ORDER BY sequence DESC LIMIT ?", kRunColumns)));
  rows.bind(static_cast<int64_t>(std::min<size_t>(limit, INT64_MAX)));
  while (TRY(rows.step())) result.push_back(read_run(rows));
  return result;
}

Result<RunRecord> SqliteCatalog::run(std::string_view wanted) const {
  std::optional<RunRecord> found;
  if (wanted.empty() || wanted == "latest") {
    auto row = TRY(reader_->prepare(fmt::format("SELECT {} FROM run ORDER BY sequence DESC LIMIT 1", kRunColumns)));
    if (!TRY(row.step())) return fail(Code::kNotFound, "there is no run yet");
    found = read_run(row);
  } else {
    auto rows = TRY(reader_->prepare(fmt::format(
        "SELECT {} FROM run WHERE substr(id, 1, length(?1)) = ?1 ORDER BY sequence DESC LIMIT 2", kRunColumns)));
    rows.bind(wanted);
    if (!TRY(rows.step())) {
      return fail(Code::kNotFound, fmt::format("no such run: \"{}\"", wanted), "SHOW RUNS lists the latest");
    }
    found = read_run(rows);
    if (found->id.value != wanted && TRY(rows.step())) {
      return fail(Code::kNotFound, fmt::format("several runs begin with \"{}\"", wanted), "give more of the id");
    }
  }
  found->steps = TRY(steps_of(found->id));
  return std::move(*found);
}

Result<std::vector<StepRecord>> SqliteCatalog::steps_of(const RunId& run) const {
  std::vector<StepRecord> result;
  auto rows =
      TRY(reader_->prepare("SELECT step, statement, kind, status, fingerprint, started, duration, rows_read, "
                           "rows_written, peak_memory, error, details, access FROM step WHERE run = ? ORDER BY step"));
  rows.bind(run.value);
  while (TRY(rows.step())) {
    auto step = read_step(rows);
    if (!step) return fail(std::move(step).error()).within(fmt::format("reading the record of run {}", run.value));
    result.push_back(std::move(*step));
  }
  return result;
}

Result<std::vector<RunId>> SqliteCatalog::unfinished_runs() const {
  std::vector<RunId> result;
  auto rows = TRY(reader_->prepare("SELECT id FROM run WHERE status = 'running' ORDER BY sequence"));
  while (TRY(rows.step())) result.push_back(RunId{std::string(rows.text(0))});
  return result;
}

Status SqliteCatalog::abandon_unfinished_runs() {
  return write(Durability::kKill, [&]() -> Status {
    return writer_->execute("UPDATE run SET status = 'killed' WHERE status = 'running'");
  });
}

}  // namespace sinan::catalog
