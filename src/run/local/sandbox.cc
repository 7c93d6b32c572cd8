#include "run/local/sandbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>

#include "base/strings.h"
#include "io/temp_dir.h"
#include "run/local/sandbox_setup.h"

namespace sinan::run {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kNobody = 65534;

constexpr const char* kSystemFolders[] = {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64"};
constexpr const char* kSystemFiles[] = {"/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime",
                                        "/etc/passwd",      "/etc/group",        "/etc/nsswitch.conf"};
constexpr const char* kNetworkFiles[] = {"/etc/resolv.conf", "/etc/hosts", "/etc/services", "/etc/ssl"};
constexpr const char* kDevices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"};

// The plan and what it points to.
struct Preparation {
  SetupPlan plan;
  std::vector<Handle> handles;
  std::vector<std::string> texts;  // arguments and environment
};

bool is_below(std::string_view path, std::string_view folder) {
  return path == folder || (path.starts_with(folder) && path[folder.size()] == '/');
}

bool is_below_system(std::string_view path) {
  return std::ranges::any_of(kSystemFolders, [&](std::string_view folder) { return is_below(path, folder); });
}

// What is missing is not shown; `wanted` makes that an error.
Status add_view(Preparation& to, const fs::path& path, std::string_view shown_as, bool writable, bool wanted) {
  Handle source(::open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat facts{};
  if (!source.open() || ::fstat(source.get(), &facts) != 0) {
    if (!wanted) return {};
    return fail(io::system_error(errno, "cannot show the program a file", path));
  }
  SetupPlan::View view{.path = path, .source = source.get(), .folders = {}, .target = std::string(shown_as.substr(1))};
  view.directory = S_ISDIR(facts.st_mode);
  view.writable = writable;
  for (size_t slash = 0; (slash = view.target.find('/', slash)) != std::string::npos; ++slash)
    view.folders.push_back(view.target.substr(0, slash));
  to.plan.views.push_back(std::move(view));
  to.handles.push_back(std::move(source));
  return {};
}

Status add_views(Preparation& to, const Job& job) {
  for (const char* folder : kSystemFolders) {
    std::error_code no_link;
    const fs::path link = fs::read_symlink(folder, no_link);
    if (no_link || !to.plan.means.namespaces) {
      TRY(add_view(to, folder, folder, false, false));
    } else {
      to.plan.links.emplace_back(link.string(), std::string(folder).substr(1));
    }
  }
  for (const char* file : kSystemFiles) TRY(add_view(to, file, file, false, false));
  if (job.network) {
    for (const char* file : kNetworkFiles) TRY(add_view(to, file, file, false, false));
  }
  for (const char* device : kDevices) TRY(add_view(to, device, device, true, false));
  const std::string inside(kFolderInside);
  TRY(add_view(to, job.folder, inside, false, true));
  for (const char* writable : {"/output", "/tmp"})
    TRY(add_view(to, job.folder.string() + writable, inside + writable, true, true));
  if (to.plan.means.namespaces) TRY(add_view(to, job.folder / "tmp", "/tmp", true, true));
  // Last, since they may be anywhere, also in /tmp.
  for (const fs::path& path : job.readable) {
    if (!is_below_system(path.native())) TRY(add_view(to, path, path.native(), false, true));
  }
  return {};
}

// Threads of a user: where the kernel counts them for the whole machine.
uint64_t threads_of(uid_t user) {
  uint64_t count = 0;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc", ignored)) {
    struct stat facts{};
    const std::string name = entry.path().filename();
    if (name.front() < '1' || name.front() > '9') continue;
    if (::stat(entry.path().c_str(), &facts) != 0 || facts.st_uid != user) continue;
    for ([[maybe_unused]] const auto& task : fs::directory_iterator(entry.path() / "task", ignored)) ++count;
  }
  return count;
}

void add_limits(SetupPlan& plan, const Limits& limits) {
  const auto add = [&](int resource, uint64_t value) {
    rlimit now{};
    ::getrlimit(static_cast<__rlimit_resource>(resource), &now);
    plan.limits.emplace_back(resource, std::min<rlim_t>(value, now.rlim_max));
  };
  add(RLIMIT_CORE, 0);
  add(RLIMIT_MSGQUEUE, 0);
  if (limits.memory_bytes > 0) add(RLIMIT_AS, limits.memory_bytes);
  if (limits.output_bytes > 0) add(RLIMIT_FSIZE, limits.output_bytes);
  if (limits.files > 0) add(RLIMIT_NOFILE, limits.files);
  if (limits.processes > 0) {
    // In a namespace of its own the supervisor and init count, unless they are root; without it, everything of the user.
    const uint64_t others = !plan.means.namespaces ? threads_of(plan.user) : plan.drop_root ? 0 : 2;
    add(RLIMIT_NPROC, limits.processes + others);
  }
}

void add_texts(Preparation& to, const Job& job) {
  const std::string folder = to.plan.means.namespaces ? std::string(kFolderInside) : job.folder.string();
  std::vector<std::string> environment = {"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8",
                                          "HOME=" + folder + "/tmp", "TMPDIR=" + folder + "/tmp"};
  for (const auto& [name, value] : job.environment) environment.push_back(name + "=" + value);
  to.texts = job.command;
  to.texts.insert(to.texts.end(), environment.begin(), environment.end());
  for (size_t i = 0; i < to.texts.size(); ++i)
    (i < job.command.size() ? to.plan.arguments : to.plan.environment).push_back(to.texts[i].data());
  to.plan.arguments.push_back(nullptr);
  to.plan.environment.push_back(nullptr);
}

// A map that leaves every id that is known here as it is.
std::string same_ids(const char* map_here) {
  std::ifstream lines(map_here);
  std::string map;
  for (uint64_t inside = 0, outside = 0, count = 0; lines >> inside >> outside >> count;)
    map += fmt::format("{0} {0} {1}\n", inside, count);
  return map;
}

// The program's folders are its user's; what it is given is not.
Status give_folders(const SetupPlan& plan, const Job& job) {
  const fs::path folders[] = {job.folder / "output", job.folder / "tmp"};
  std::error_code ignored;
  fs::create_directory(folders[1], ignored);
  for (const fs::path& folder : folders) {
    if (::chmod(folder.c_str(), 0755) != 0 || (plan.drop_root && ::chown(folder.c_str(), plan.user, plan.group) != 0))
      return fail(io::system_error(errno, "cannot hand over a folder", folder));
  }
  return {};
}

// Of the child it is forked to, the descriptors that stay open.
void keep(SetupPlan& plan, std::initializer_list<int> more) {
  plan.kept = more;
  for (const SetupPlan::View& view : plan.views) plan.kept.push_back(view.source);
  std::ranges::sort(plan.kept);
}

std::string_view words(SetupStage stage) {
  switch (stage) {
    case SetupStage::kEnded:
      break;
    case SetupStage::kSession:
      return "session";
    case SetupStage::kUser:
      return "user";
    case SetupStage::kNamespaces:
      return "namespaces";
    case SetupStage::kFiles:
      return "view of the files";
    case SetupStage::kLandlock:
      return "Landlock";
    case SetupStage::kLimits:
      return "limits";
    case SetupStage::kFilter:
      return "system call filter";
    case SetupStage::kStart:
      return "start";
  }
  return "";
}

// The first report counts: a failure comes before the end that it leads to.
Status read_report(int fd, const Job& job, const Ended& ended) {
  SetupReport report;
  const bool told = ::read(fd, &report, sizeof report) == static_cast<ssize_t>(sizeof report);
  if (told && report.stage == SetupStage::kStart) {
    return fail(io::system_error(report.error, "cannot start the program", job.command.front()));
  }
  if (told && report.stage != SetupStage::kEnded) {
    return fail(Code::kIo, fmt::format("the program cannot be confined: {}: {}: {}", words(report.stage),
                                       std::generic_category().message(report.error), job.name));
  }
  if (!told && ended.stop == Stop::kNone)
    return fail(Code::kIo, fmt::format("the program's supervisor was killed: {}", job.name));
  return judge(job, ended, report.status);
}

int landlock_version() {
  const auto version =
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION));
  return std::max(version, 0);
}

Means find_means() {
  Means means{.namespaces = true, .landlock = landlock_version(), .filter = false, .why_no_namespaces = {}};
  means.filter = ::prctl(PR_GET_SECCOMP) >= 0 && !system_call_filter(false, false).empty();
  const auto folder = io::TempDir::make({}, "sinan-probe-");
  if (!folder) return {};
  std::error_code ignored;
  for (const char* name : {"input", "output"}) fs::create_directory(folder->path() / name, ignored);
  Job job{.name = "true", .command = {"/bin/true"}, .folder = folder->path()};
  const Status tried = run_confined(job, means, [](std::string_view) {}, {});
  if (!tried) means.why_no_namespaces = tried.error().message;
  means.namespaces = tried.has_value();
  return means;
}

}  // namespace

const Means& means_here() {
  static const Means means = find_means();
  return means;
}

Status run_confined(const Job& job, const Means& means, const LineSink& line, const CancelToken& cancel) {
  TRY(cancel.check());
  Preparation ready;
  SetupPlan& plan = ready.plan;
  plan.means = means;
  plan.caller = ::getpid();
  plan.drop_root = ::geteuid() == 0;
  plan.user = plan.drop_root ? kNobody : ::geteuid();
  plan.group = plan.drop_root ? kNobody : ::getegid();
  plan.user_map = plan.drop_root ? same_ids("/proc/self/uid_map") : fmt::format("{0} {0} 1\n", plan.user);
  plan.group_map = plan.drop_root ? same_ids("/proc/self/gid_map") : fmt::format("{0} {0} 1\n", plan.group);
  plan.network = job.network;
  TRY(give_folders(plan, job));
  TRY(add_views(ready, job));
  add_limits(plan, job.limits);
  add_texts(ready, job);
  plan.filter = system_call_filter(job.network, means.namespaces);

  const io::TempDir base = TRY(io::TempDir::make({}, "sinan-root-"));
  if (::mkdir((base.path() / "root").c_str(), 0755) != 0)
    return fail(io::system_error(errno, "cannot create folder", base.path()));
  const std::string input = job.standard_input.empty() ? "/dev/null" : job.standard_input.string();
  const Handle from(::open(input.c_str(), O_RDONLY | O_CLOEXEC));
  if (!from.open()) return fail(io::system_error(errno, "cannot open file", input));
  const Handle job_folder(::open(job.folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  Pipe output = TRY(Pipe::make());
  Pipe errors = TRY(Pipe::make());
  Pipe report = TRY(Pipe::make());
  plan.input = from.get();
  plan.output = output.write.get();
  plan.errors = errors.write.get();
  plan.report = report.write.get();
  plan.base = base.path();
  plan.folder = job_folder.get();
  keep(plan, {plan.report, plan.folder});

  Child child;
  child.pid = ::fork();
  if (child.pid < 0) return fail(io::system_error(errno, "cannot start a process", job.name));
  if (child.pid == 0) run_supervisor(plan);
  child.output = std::move(output.read);
  child.errors = std::move(errors.read);
  for (Handle* mine : {&output.write, &errors.write, &report.write}) mine->reset();
  auto process = open_process(child.pid);
  if (!process) {
    ::kill(child.pid, SIGKILL);
    return fail(std::move(process).error());
  }
  child.process = *std::move(process);
  const Ended ended = watch(child, job, line, cancel, [](pid_t pid) { ::kill(pid, SIGTERM); });
  return read_report(report.read.get(), job, ended);
}

}  // namespace sinan::run
