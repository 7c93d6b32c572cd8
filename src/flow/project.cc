#include "flow/project.h"

#include <fmt/format.h>

#include <cstdlib>
#include <thread>

#include "base/log.h"
#include "engine/duckdb/duckdb_engine.h"
#include "flow/data_sources.h"
#include "flow/recovery.h"
#include "io/fault.h"

namespace sinan::flow {
namespace {

constexpr std::string_view kStampNote = "warehouse";

}  // namespace

Result<Config> read_config(const io::FileSystem& files, const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "sinan.toml";
  if (!files.exists(file)) return with_machine_defaults(Config{});
  const std::string text = TRY(files.read_file(file, 1 << 20));
  return with_machine_defaults(TRY(parse_config(text, "sinan.toml")));
}

Result<std::unique_ptr<Project>> Project::open(const ProjectOptions& options, const Registry& registry) {
  std::unique_ptr<Project> project(new Project(registry));
  if (auto status = project->open_stores(options); !status) {
    return fail(std::move(status).error()).within(fmt::format("opening the project {}", options.folder.string()));
  }
  return project;
}

Status Project::open_stores(const ProjectOptions& options) {
  std::error_code ignored;
  folder_ = std::filesystem::weakly_canonical(options.folder, ignored);
  if (folder_.empty()) folder_ = std::filesystem::absolute(options.folder);
  clock_ = options.clock;
  files_ = options.files != nullptr ? options.files : &io::real_file_system();
  if (const char* fault = std::getenv("SINAN_FAULT"); fault != nullptr && options.files == nullptr) {
    faulty_files_ = std::make_unique<io::FaultyFileSystem>(io::real_file_system(), TRY(io::parse_fault(fault)));
    files_ = faulty_files_.get();
  }

  lock_ = TRY(io::FileLock::acquire(folder_, options.command_line, *clock_));
  config_ = TRY(read_config(*files_, folder_));
  TRY(files_->create_directories(warehouse_file().parent_path()));
  const std::string stamp = warehouse_stamp();

  // The warehouse takes longest to open: let it do so while SQLite opens.
  Result<std::unique_ptr<engine::Engine>> engine = fail(Code::kInternal, "not opened");
  std::thread opening([&] {
    engine::DuckDbOptions warehouse;
    warehouse.file = warehouse_file();
    warehouse.threads = config_.limits.threads;
    warehouse.memory_bytes = config_.limits.memory_bytes;
    warehouse.temp_disk_bytes = config_.limits.temp_disk_bytes;
    warehouse.temp_dir = state_folder() / "tmp";
    warehouse.working_dir = folder_;
    warehouse.extension_dir = engine::default_extension_dir();
    engine = engine::open_duckdb(warehouse);
  });
  auto catalog = catalog::Catalog::open(state_folder() / "catalog.db");
  opening.join();
  catalog_ = TRY(std::move(catalog));
  engine_ = TRY(std::move(engine));

  if (engine::FunctionHost* functions = engine_->functions()) {
    const FunctionHome home{*catalog_, folder_, *files_};
    for (const auto& function : registry_.functions()) TRY(function->publish(*functions, home));
  }
  TRY(recover(*catalog_, *engine_, *files_, state_folder()));
  const std::optional<std::string> known = TRY(catalog_->note(kStampNote));
  if (known.value_or("") != stamp) {
    if (known) TRY(catalog_->forget_states("the warehouse was changed by another program, or the last run was killed"));
    TRY(stamp_warehouse());
  }
  if (!options.without_sources) TRY(attach_sources(options));
  return registry_.opened(folder_, *catalog_);
}

Status Project::attach_sources(const ProjectOptions& options) {
  const auto sources = TRY(resolve_sources(config_, options.data_sources, options.read_only_sources, folder_));
  for (const engine::DataSource& source : sources) {
    if (auto status = engine_->attach(source); !status) {
      return fail(std::move(status).error()).within(fmt::format("attaching the data source {}", source.name));
    }
    if (!source.is_default) continue;
    const engine::Dialect& dialect = engine_->dialect();
    session_state_.add_setting(
        fmt::format("USE {}.{}", dialect.identifier(source.name), dialect.identifier(source.default_schema())));
  }
  return {};
}

Project::~Project() {
  session_state_.close();
  engine_.reset();
  if (!catalog_) return;
  // Closing the warehouse may have moved its log into the database file.
  if (auto status = stamp_warehouse(); !status) log::warning(status.error().to_string());
}

std::unique_ptr<SessionState> Project::new_session() const {
  auto session = std::make_unique<SessionState>();
  for (std::string& setting : session_state_.settings()) session->add_setting(std::move(setting));
  return session;
}

std::string Project::warehouse_stamp() const {
  std::string stamp;
  for (const char* suffix : {"", ".wal"}) {
    std::filesystem::path file = warehouse_file();
    file += suffix;
    const auto stat = files_->stat(file);
    if (stat) stamp += fmt::format("{}:{}:{};", stat->size, stat->modified.time_since_epoch().count(), stat->inode);
  }
  return stamp;
}

Status Project::stamp_warehouse() {
  const std::lock_guard lock(stamp_mutex_);
  const std::string stamp = warehouse_stamp();
  if (TRY(catalog_->note(kStampNote)) == stamp) return {};
  return catalog_->set_note(kStampNote, stamp);
}

Status Project::prepare_commits() {
  const std::lock_guard lock(commits_mutex_);
  if (commits_ready_) return {};
  TRY(make_marker_table(*engine_, TRY(catalog_->pending_commits())));
  commits_ready_ = true;
  return {};
}

}  // namespace sinan::flow
