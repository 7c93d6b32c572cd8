// Project: a folder with its warehouse, catalog and lock, opened by one process. Everything a program needs to run.
//
//   <folder>/sinan.toml                 settings (optional)
//   <folder>/.sinan/lock                who has it open
//   <folder>/.sinan/catalog.db          objects, runs, lineage (SQLite)
//   <folder>/.sinan/warehouse/working.duckdb
//   <folder>/.sinan/objects/<kind>/...  files of object versions, one folder a version, never changed
//   <folder>/.sinan/runs/<run>/         pictures of each run
//
// open() first finishes or undoes what a killed process left behind (docs/formats/commit.md). Thread-safe after open.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/config.h"
#include "base/error.h"
#include "catalog/catalog.h"
#include "engine/engine.h"
#include "flow/registry.h"
#include "flow/session_state.h"
#include "io/file_lock.h"
#include "io/file_system.h"

namespace sinan::flow {

struct ProjectOptions {
  std::filesystem::path folder = ".";
  std::string command_line;               // for the lock's message
  std::vector<std::string> data_sources;  // of the command line, beside those of sinan.toml: "NAME=URL" or "URL"
  bool read_only_sources = false;         // whatever each of them says
  bool without_sources = false;           // none is attached
  const Clock* clock = &system_clock();
  io::FileSystem* files = nullptr;  // null = the real one (broken as the variable SINAN_FAULT says: io/fault.h)
};

// sinan.toml of a folder, or what goes without one.
Result<Config> read_config(const io::FileSystem& files, const std::filesystem::path& folder);

class Project {
 public:
  // Errors: kBusy (another process has it, says who), kArgument (sinan.toml), kData, kIo, kPermission; of data sources: those of
  // flow/data_sources.h and Engine::attach().
  static Result<std::unique_ptr<Project>> open(const ProjectOptions& options, const Registry& registry);
  ~Project();

  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path state_folder() const { return folder_ / ".sinan"; }
  const Config& config() const { return config_; }
  engine::Engine& engine() { return *engine_; }
  const engine::Engine& engine() const { return *engine_; }
  catalog::Catalog& catalog() { return *catalog_; }
  const Registry& registry() const { return registry_; }
  const Clock& clock() const { return *clock_; }
  io::FileSystem& files() { return *files_; }
  SessionState& session_state() { return session_state_; }
  const SessionState& session_state() const { return session_state_; }
  // One that begins as the project was opened: for clients of a server, who do not see each other's SET and temporary tables.
  // Goes before the project.
  std::unique_ptr<SessionState> new_session() const;

  // Before the first commit of a step: makes the table of commit markers. Idempotent.
  Status prepare_commits();
  // After a commit: notes what the warehouse's files look like, so that the next open sees a change by someone else.
  Status stamp_warehouse();

 private:
  explicit Project(const Registry& registry) : registry_(registry) {}
  Status open_stores(const ProjectOptions& options);
  Status attach_sources(const ProjectOptions& options);
  std::filesystem::path warehouse_file() const { return state_folder() / "warehouse" / "working.duckdb"; }
  std::string warehouse_stamp() const;

  std::filesystem::path folder_;
  Config config_;
  const Registry& registry_;
  const Clock* clock_ = nullptr;
  std::unique_ptr<io::FileSystem> faulty_files_;
  io::FileSystem* files_ = nullptr;
  // Closed in the reverse order: the lock goes last.
  std::optional<io::FileLock> lock_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<engine::Engine> engine_;
  SessionState session_state_;
  std::mutex commits_mutex_;
  bool commits_ready_ = false;
  std::mutex stamp_mutex_;
};

}  // namespace sinan::flow
