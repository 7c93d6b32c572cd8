#include "catalog/sqlite_catalog.h"

#include <fmt/format.h>

#include "catalog/record_json.h"
#include "catalog/schema.h"

namespace sinan::catalog {

Result<std::unique_ptr<Catalog>> Catalog::open(const std::filesystem::path& file) {
  auto writer = TRY(store::Database::open(file));
  if (auto status = writer->migrate(migrations()); !status) {
    return fail(std::move(status).error()).within("opening the catalog");
  }
  auto reader = TRY(store::Database::open(file));
  return std::make_unique<SqliteCatalog>(std::move(writer), std::move(reader));
}

std::string commit_id(const RunId& run, uint32_t step) { return fmt::format("{}-{}", run.value, step); }

Status SqliteCatalog::set_durability(Durability durability) {
  if (durability == durability_) return {};
  TRY(writer_->execute_script(durability == Durability::kPowerCut ? "PRAGMA synchronous = FULL"
                                                                  : "PRAGMA synchronous = NORMAL"));
  durability_ = durability;
  return {};
}

Result<std::optional<std::string>> SqliteCatalog::note(std::string_view key) const {
  auto row = TRY(reader_->prepare("SELECT value FROM note WHERE key = ?"));
  row.bind(key);
  if (!TRY(row.step())) return std::nullopt;
  return std::string(row.text(0));
}

Status SqliteCatalog::set_note(std::string_view key, std::string_view value) {
  return write(Durability::kKill, [&]() -> Status {
    return writer_->execute("INSERT INTO note VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", key,
                            value);
  });
}

Status SqliteCatalog::prepare_commit(const PendingCommit& commit) {
  return write(Durability::kPowerCut, [&]() -> Status {
    return writer_->execute("INSERT OR REPLACE INTO pending_commit VALUES (?, ?, ?)", commit.id, commit.run.value,
                            to_json(commit.record).dump());
  });
}

Status SqliteCatalog::drop_commit(std::string_view id) {
  return write(Durability::kKill,
               [&]() -> Status { return writer_->execute("DELETE FROM pending_commit WHERE id = ?", id); });
}

Result<std::vector<Catalog::PendingCommit>> SqliteCatalog::pending_commits() const {
  std::vector<PendingCommit> result;
  auto rows = TRY(reader_->prepare("SELECT id, run, record FROM pending_commit ORDER BY id"));
  while (TRY(rows.step())) {
    const std::string id(rows.text(0));
    auto json = Json::parse(rows.text(2));
    if (!json) return fail(std::move(json).error()).within(fmt::format("reading the pending commit {}", id));
    auto record = step_record_from_json(*json);
    if (!record) return fail(std::move(record).error()).within(fmt::format("reading the pending commit {}", id));
    result.push_back({id, RunId{std::string(rows.text(1))}, std::move(*record)});
  }
  return result;
}

}  // namespace sinan::catalog
