#include "flow/recovery.h"

#include <fmt/format.h>

#include "base/log.h"

namespace sinan::flow {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSchema = "__sinan";

// With its database: another one may be in use.
std::string markers(const engine::Engine& engine) {
  return engine.dialect().table({engine.database(), std::string(kSchema), "commits"});
}

constexpr std::string_view kSweepNote = "sweep";

// Removes the folders objects/<kind>/<name>/<commit> that no object version refers to. No step may be running.
Status sweep(const catalog::Catalog& catalog, io::FileSystem& files, const fs::path& state_folder) {
  const fs::path objects = state_folder / "objects";
  if (!files.exists(objects)) return {};
  for (const std::string& kind : TRY(files.list(objects))) {
    for (const std::string& name : TRY(files.list(objects / kind))) {
      for (const std::string& commit : TRY(files.list(objects / kind / name))) {
        const fs::path folder = fs::path("objects") / kind / name / commit;
        if (!TRY(catalog.folder_in_use(folder))) TRY(files.remove_tree(state_folder / folder));
      }
    }
  }
  return {};
}

}  // namespace

std::string marker_statement(const engine::Engine& engine, std::string_view commit) {
  return fmt::format("INSERT INTO {} VALUES ({})", markers(engine), engine.dialect().literal(commit));
}

Status make_marker_table(engine::Engine& engine, const std::vector<catalog::Catalog::PendingCommit>& pending) {
  const engine::Dialect& dialect = engine.dialect();
  auto session = TRY(engine.connect());
  TRY(session->execute(dialect.create_schema_if_missing(kSchema)));
  TRY(session->execute(fmt::format("CREATE TABLE IF NOT EXISTS {} (id VARCHAR)", markers(engine))));
  std::string keep;
  for (const auto& commit : pending) {
    keep += fmt::format("{}id <> {}", keep.empty() ? " WHERE " : " AND ", dialect.literal(commit.id));
  }
  TRY(session->execute(fmt::format("DELETE FROM {}{}", markers(engine), keep)));
  return {};
}

Result<bool> marker_present(engine::Engine& engine, std::string_view commit) {
  const engine::Dialect& dialect = engine.dialect();
  auto session = TRY(engine.connect());
  auto rows = session->query(fmt::format("SELECT 1 FROM {} WHERE id = {}", markers(engine), dialect.literal(commit)));
  if (!rows) {
    // No table: no commit ever came so far.
    if (rows.error().code == Code::kNotFound) return false;
    return fail(std::move(rows).error());
  }
  return TRY((*rows)->next()).has_value();
}

void ask_for_sweep(catalog::Catalog& catalog) {
  if (auto status = catalog.set_note(kSweepNote, "yes"); !status) log::warning(status.error().to_string());
}

Status recover(catalog::Catalog& catalog, engine::Engine& engine, io::FileSystem& files, const fs::path& state_folder) {
  bool sweeping = TRY(catalog.note(kSweepNote)).value_or("no") == "yes";
  for (const auto& commit : TRY(catalog.pending_commits())) {
    if (TRY(marker_present(engine, commit.id))) {
      log::info("finishing the commit of a killed run: " + commit.id);
      TRY(catalog.record_step(commit.run, commit.record));
    } else {
      log::info("undoing the commit of a killed run: " + commit.id);
      ask_for_sweep(catalog);
      TRY(catalog.drop_commit(commit.id));
      sweeping = true;
    }
  }
  if (!TRY(catalog.unfinished_runs()).empty()) {
    ask_for_sweep(catalog);
    TRY(catalog.abandon_unfinished_runs());
    sweeping = true;
  }
  if (!sweeping) return {};
  TRY(sweep(catalog, files, state_folder));
  return catalog.set_note(kSweepNote, "no");
}

}  // namespace sinan::flow
