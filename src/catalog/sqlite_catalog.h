// The catalog in SQLite. Two connections: one writes, one reads, so that a read never waits for a commit's fsync. What
// must survive a power cut is committed with synchronous = FULL, records of runs with NORMAL (no fsync: a kill loses
// nothing, a power cut the last moments).
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>

#include "catalog/catalog.h"
#include "store/database.h"

namespace sinan::catalog {

class SqliteCatalog final : public Catalog {
 public:
  SqliteCatalog(std::unique_ptr<store::Database> writer, std::unique_ptr<store::Database> reader)
      : writer_(std::move(writer)), reader_(std::move(reader)) {}

  Result<ObjectVersion> object(const ObjectRef& ref) const override;
  Result<std::vector<ObjectVersion>> objects(std::string_view kind) const override;
  Result<std::vector<ObjectVersion>> versions(const ObjectRef& ref) const override;
  Result<bool> folder_in_use(const std::filesystem::path& folder) const override;

  Status begin_run(const RunRecord& run) override;
  Status finish_run(const RunId& run, std::string_view status, std::chrono::nanoseconds duration) override;
  Result<std::vector<uint32_t>> record_step(const RunId& run, const StepRecord& record) override;
  Result<std::vector<RunRecord>> runs(size_t limit) const override;
  Result<RunRecord> run(std::string_view id_or_prefix_or_latest) const override;
  Result<std::vector<RunId>> unfinished_runs() const override;
  Status abandon_unfinished_runs() override;

  Result<std::optional<Fingerprint>> state(const ObjectRef& ref) const override;
  Status set_state(const ObjectRef& ref, const Fingerprint& state) override;
  Status forget_states(std::string_view reason) override;
  Result<std::optional<CachedStep>> cached(const Fingerprint& fingerprint) const override;

  Result<std::vector<LineageEdge>> lineage(const LineageNode& node, Direction direction) const override;
  Result<std::vector<Usage>> usage() const override;

  Status prepare_commit(const PendingCommit& commit) override;
  Status drop_commit(std::string_view id) override;
  Result<std::vector<PendingCommit>> pending_commits() const override;

  Result<std::optional<std::string>> note(std::string_view key) const override;
  Status set_note(std::string_view key, std::string_view value) override;

 private:
  enum class Durability : uint8_t { kKill, kPowerCut };
  // Runs `body` in one transaction on the writing connection.
  template <class Body>
  Status write(Durability durability, Body body);
  Status set_durability(Durability durability);

  // Parts of record_step; inside its transaction.
  Result<uint32_t> add_version(const RunId& run, const StepRecord& record, const NewObject& object);
  Status drop_object(const ObjectRef& ref);
  Status drop_version(const ObjectRef& ref);
  Status change_object(const ObjectChange& change);
  Status rename_object(const ObjectRef& ref, const std::string& name);
  Status replace_lineage(const RunId& run, const StepRecord& record, const std::vector<uint32_t>& versions);
  Status count_usage(const StepRecord& record);
  Status write_states(const RunId& run, const StepRecord& record);
  Status write_step_row(const RunId& run, const StepRecord& record);

  Result<std::vector<StepRecord>> steps_of(const RunId& run) const;
  Result<std::vector<ObjectVersion>> visible_versions(std::string_view kind, std::string_view name) const;
  Result<std::vector<ObjectVersion>> visible_versions(std::string_view kind, std::string_view name,
                                                      std::string_view condition, std::string_view order) const;

  std::unique_ptr<store::Database> writer_;
  std::unique_ptr<store::Database> reader_;
  std::mutex write_mutex_;
  Durability durability_ = Durability::kPowerCut;  // of the writing connection now
};

template <class Body>
Status SqliteCatalog::write(Durability durability, Body body) {
  const std::lock_guard lock(write_mutex_);
  TRY(set_durability(durability));
  auto transaction = TRY(store::Transaction::begin(*writer_));
  TRY(body());
  return transaction.commit();
}

}  // namespace sinan::catalog
