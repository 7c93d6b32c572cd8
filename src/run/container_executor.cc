#include "run/container_executor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): secure_getenv
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

#include "base/strings.h"
#include "io/file_system.h"
#include "run/local/watch.h"

namespace sinan::run {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kNobody = 65534;
// What docker and podman answer when they fail themselves, and when the image has no such program.
constexpr int kToolFailed = 125;
constexpr int kNotExecutable = 126;
constexpr int kNoSuchProgram = 127;

class FileActions {
 public:
  FileActions() { ::posix_spawn_file_actions_init(&actions_); }
  ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  void take(int from, int to) { ::posix_spawn_file_actions_adddup2(&actions_, from, to); }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

// With the environment of this process: the tool finds its daemon there.
Result<pid_t> start(const fs::path& tool, const std::vector<std::string>& arguments, int in, int out, int err) {
  std::vector<std::string> texts = arguments;
  texts.insert(texts.begin(), tool.string());
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  FileActions actions;
  actions.take(in, 0);
  actions.take(out, 1);
  actions.take(err, 2);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);  // Ctrl-C is ours
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, tool.c_str(), actions.get(), &attributes, pointers.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  if (error != 0) return fail(io::system_error(error, "cannot start the program", tool));
  return pid;
}

void run_quietly(const fs::path& tool, const std::vector<std::string>& arguments) {
  const Handle nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const auto pid = start(tool, arguments, nothing.get(), nothing.get(), nothing.get());
  if (pid) ::waitpid(*pid, nullptr, 0);
}

std::string container_name() {
  static std::atomic<uint64_t> last = 0;
  return fmt::format("sinan-{}-{}", ::getpid(), ++last);
}

Status hand_over(const fs::path& output) {
  const bool root = ::geteuid() == 0;
  if (::chmod(output.c_str(), 0755) == 0 && (!root || ::chown(output.c_str(), kNobody, kNobody) == 0)) return {};
  return fail(io::system_error(errno, "cannot hand over a folder", output));
}

}  // namespace

std::optional<fs::path> find_container_tool(const std::string& name) {
  const auto find = [](const std::string& tool) -> std::optional<fs::path> {
    if (tool.find('/') != std::string::npos)
      return ::access(tool.c_str(), X_OK) == 0 ? std::optional(tool) : std::nullopt;
    const char* const path = ::secure_getenv("PATH");
    for (const std::string_view folder : split_on(path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path, ':')) {
      fs::path file = fs::path(folder) / tool;
      if (folder.starts_with('/') && ::access(file.c_str(), X_OK) == 0) return file;
    }
    return std::nullopt;
  };
  if (!name.empty()) return find(name);
  const auto docker = find("docker");
  return docker ? docker : find("podman");
}

std::string ContainerExecutor::folder_inside(const Job&) const { return "/job"; }

std::string ContainerExecutor::confinement(const Job& job) const {
  return fmt::format("in a container of {}, {}", image_,
                     job.network ? "with network, as sinan.toml says" : "without network");
}

std::vector<std::string> ContainerExecutor::arguments(const Job& job, std::string_view container) const {
  const Limits& limits = job.limits;
  const bool root = ::geteuid() == 0;
  std::vector<std::string> out = {
      "run",
      "--rm",
      fmt::format("--name={}", container),
      "--pull=never",
      "--read-only",
      "--cap-drop=ALL",
      "--security-opt=no-new-privileges",
      fmt::format("--user={}:{}", root ? kNobody : ::geteuid(), root ? kNobody : ::getegid()),
      "--tmpfs=/tmp:size=64m",
      "--ulimit=core=0:0"};
  const auto add = [&](std::string argument) { out.push_back(std::move(argument)); };
  add(job.network ? "--network=bridge" : "--network=none");
  if (limits.memory_bytes > 0) {
    add(fmt::format("--memory={}b", limits.memory_bytes));
    add(fmt::format("--memory-swap={}b", limits.memory_bytes));  // of both: no swap
  }
  if (limits.processes > 0) add(fmt::format("--pids-limit={}", limits.processes));
  if (limits.files > 0) add(fmt::format("--ulimit=nofile={0}:{0}", limits.files));
  if (limits.output_bytes > 0) add(fmt::format("--ulimit=fsize={0}:{0}", limits.output_bytes));
  const auto mount = [&](const fs::path& from, const std::string& to, bool writable) {
    add(fmt::format("--mount=type=bind,source={},target={}{}", from.string(), to, writable ? "" : ",readonly"));
  };
  mount(job.folder / "input", "/job/input", false);
  mount(job.folder / "output", "/job/output", true);
  for (const fs::path& path : job.readable) mount(path, path.string(), false);
  add("--workdir=/job");
  for (const auto& [name, value] : job.environment) add(fmt::format("--env={}={}", name, value));
  add(image_);
  out.insert(out.end(), job.command.begin(), job.command.end());
  return out;
}

Status ContainerExecutor::run(const Job& job, const LineSink& line, const CancelToken& cancel) const {
  TRY(cancel.check());
  TRY(hand_over(job.folder / "output"));
  const std::string name = container_name();
  Pipe output = TRY(Pipe::make());
  Pipe errors = TRY(Pipe::make());
  const Handle nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  Child child;
  child.pid = TRY(start(tool_, arguments(job, name), nothing.get(), output.write.get(), errors.write.get()));
  child.output = std::move(output.read);
  child.errors = std::move(errors.read);
  output.write.reset();
  errors.write.reset();
  child.process = TRY(open_process(child.pid));
  bool asked = false;
  const Ended ended = watch(child, job, line, cancel, [&](pid_t pid) {
    if (asked) ::kill(pid, SIGKILL);
    asked = true;
    run_quietly(tool_, {"kill", name});
  });
  if (asked) run_quietly(tool_, {"rm", "--force", name});
  const bool failed = ended.stop == Stop::kNone && WIFEXITED(ended.status);
  const int code = failed ? WEXITSTATUS(ended.status) : 0;
  if (code == kToolFailed || code == kNotExecutable || code == kNoSuchProgram) {
    const std::string why = ended.last_errors.empty() ? std::string("no message") : ended.last_errors.back();
    return fail(Code::kIo, fmt::format("cannot start the container: {}: {}", image_, why),
                fmt::format("images are not pulled: `{} pull {}` brings it", tool_.filename().string(), image_));
  }
  return judge(job, ended, ended.status);
}

}  // namespace sinan::run
