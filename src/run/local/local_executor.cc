#include "run/local/local_executor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/strings.h"

namespace sinan::run {
namespace {

struct Reach {
  std::vector<std::string> kept_from;
  std::vector<std::string> not_kept_from;
};

Reach reach_of(const Job& job, const Means& means) {
  Reach reach;
  const auto add = [&](bool kept, const char* what) {
    (kept ? reach.kept_from : reach.not_kept_from).emplace_back(what);
  };
  add(means.files(), "other files");
  if (job.network) {
    reach.not_kept_from.emplace_back("the network, as sinan.toml says");
  } else {
    add(means.network(), "the network");
  }
  add(means.processes(), "other processes");
  return reach;
}

// Folders that their owner may not enter cannot be removed by the owner either. Nothing of the program runs any more.
void open_folders(const std::filesystem::path& folder, int depth = 0) {
  const Handle handle(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat facts{};
  if (!handle.open() || depth > 64 || ::fstat(handle.get(), &facts) != 0) return;
  if ((facts.st_mode & S_IRWXU) != S_IRWXU)
    ::chmod(fmt::format("/proc/self/fd/{}", handle.get()).c_str(), facts.st_mode | S_IRWXU);
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored))
    if (entry.is_directory(ignored) && !entry.is_symlink(ignored)) open_folders(entry.path(), depth + 1);
}

}  // namespace

std::string LocalExecutor::folder_inside(const Job& job) const {
  return means_.namespaces ? std::string(kFolderInside) : job.folder.string();
}

std::string LocalExecutor::confinement(const Job& job) const {
  const Reach reach = reach_of(job, means_);
  std::string text;
  if (!reach.kept_from.empty()) text = "kept from " + join(reach.kept_from, ", ");
  if (!reach.not_kept_from.empty())
    text += fmt::format("{}not kept from {}", text.empty() ? "" : "; ", join(reach.not_kept_from, ", "));
  return text;
}

Status LocalExecutor::check_strict(const Job& job) const {
  Means needed = means_;
  if (job.network) needed.filter = true;  // which is not asked for
  if (needed.files() && needed.network() && needed.processes()) return {};
  return fail(Code::kUnsupported,
              fmt::format("the program must be confined (strict), which this machine does not allow: {}: {}", job.name,
                          confinement(job)),
              means_.why_no_namespaces.empty() ? "" : "the kernel gives no namespaces: " + means_.why_no_namespaces);
}

Status LocalExecutor::run(const Job& job, const LineSink& line, const CancelToken& cancel) const {
  const Status done = run_confined(job, means_, line, cancel);
  open_folders(job.folder);
  return done;
}

}  // namespace sinan::run
