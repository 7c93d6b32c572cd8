#include "run/local/sandbox_setup.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

namespace sinan::run {
namespace {

// Only a failure to be told is left to do.
[[noreturn]] void give_up(const SetupPlan& plan, SetupStage stage) {
  const SetupReport report{stage, errno, 0};
  [[maybe_unused]] const ssize_t ignored = ::write(plan.report, &report, sizeof report);
  ::_exit(127);
}
void must(const SetupPlan& plan, bool done, SetupStage stage) {
  if (!done) give_up(plan, stage);
}

// What snprintf would do, which may take locks.
struct Path {
  char text[64];
  char* end = text;
  Path& add(const char* part) {
    while (*part != 0) *end++ = *part++;
    *end = 0;
    return *this;
  }
  Path& add(pid_t number) {
    char digits[12];
    int count = 0;
    for (; count == 0 || number > 0; number /= 10) digits[count++] = static_cast<char>('0' + number % 10);
    while (count > 0) *end++ = digits[--count];
    *end = 0;
    return *this;
  }
};

bool write_file(const char* path, std::string_view text) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool done = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(fd);
  return done;
}

void leave_session(const SetupPlan& plan) {
  must(plan, ::setsid() >= 0, SetupStage::kSession);
  struct sigaction normal{};
  normal.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &normal, nullptr);
  sigset_t waited;
  ::sigemptyset(&waited);
  ::sigaddset(&waited, SIGTERM);
  ::sigaddset(&waited, SIGCHLD);
  ::sigprocmask(SIG_SETMASK, &waited, nullptr);
  must(plan, ::dup2(plan.input, 0) == 0 && ::dup2(plan.output, 1) == 1 && ::dup2(plan.errors, 2) == 2,
       SetupStage::kSession);
  // Files, and locks, of the process this was forked from.
  unsigned next = 3;
  for (const int fd : plan.kept) {
    if (static_cast<unsigned>(fd) > next) ::close_range(next, static_cast<unsigned>(fd) - 1, 0);
    next = static_cast<unsigned>(fd) + 1;
  }
  ::close_range(next, UINT_MAX, 0);
}

// Ends this process when its caller's thread ends.
void follow_caller(const SetupPlan& plan) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != plan.caller) ::_exit(127);
}

void write_maps(const SetupPlan& plan, pid_t process) {
  must(plan,
       write_file(Path().add("/proc/").add(process).add("/uid_map").text, plan.user_map) &&
           write_file(Path().add("/proc/").add(process).add("/gid_map").text, plan.group_map),
       SetupStage::kNamespaces);
}

// Root stays root in the namespace until the program starts, and every user is known there: it finds the way to any file. Only a
// process outside may write such maps.
void enter_namespaces(const SetupPlan& plan) {
  const int kinds =
      CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | (plan.network ? 0 : CLONE_NEWNET);
  if (!plan.drop_root) {
    must(plan, ::unshare(kinds) == 0, SetupStage::kNamespaces);
    must(plan, write_file("/proc/self/setgroups", "deny"), SetupStage::kNamespaces);
    return write_maps(plan, ::getpid());
  }
  int entered[2];
  const pid_t self = ::getpid();
  must(plan, ::pipe2(entered, O_CLOEXEC) == 0, SetupStage::kNamespaces);
  const pid_t helper = ::fork();
  must(plan, helper >= 0, SetupStage::kNamespaces);
  if (helper == 0) {
    char byte = 0;
    ::close(entered[1]);
    if (::read(entered[0], &byte, 1) != 1) ::_exit(1);
    write_maps(plan, self);
    ::_exit(0);
  }
  must(plan, ::unshare(kinds) == 0 && ::write(entered[1], "x", 1) == 1, SetupStage::kNamespaces);
  int status = 0;
  ::waitpid(helper, &status, 0);
  if (status != 0) ::_exit(127);
  ::close(entered[0]);
  ::close(entered[1]);
}

bool set_mount(const char* path, uint64_t attributes, bool recursive) {
  struct {
    uint64_t set, clear, propagation, user_namespace;
  } attr{attributes, 0, 0, 0};
  return ::syscall(SYS_mount_setattr, AT_FDCWD, path, recursive ? AT_RECURSIVE : 0, &attr, sizeof attr) == 0;
}

bool show(const SetupPlan::View& view) {
  for (const std::string& folder : view.folders) {
    if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) return false;
  }
  const char* const target = view.target.c_str();
  if (view.directory) {
    if (::mkdir(target, 0755) != 0 && errno != EEXIST) return false;
  } else {
    const int file = ::open(target, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0) return false;
    ::close(file);
  }
  if (::mount(view.path.c_str(), target, nullptr, MS_BIND | MS_REC, nullptr) != 0) return false;
  constexpr uint64_t kSafe = MOUNT_ATTR_NOSUID;
  return set_mount(target, view.writable ? kSafe : kSafe | MOUNT_ATTR_RDONLY, true);
}

// A root of its own: nothing but the views. Views are looked up by their paths: what
// was opened before belongs to another mount namespace.
void build_files(const SetupPlan& plan) {
  constexpr auto kStage = SetupStage::kFiles;
  must(plan, ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, kStage);
  must(plan, ::chdir(plan.base.c_str()) == 0, kStage);
  must(plan, ::mount("tmpfs", "root", "tmpfs", MS_NOSUID | MS_NODEV, "size=4m,nr_inodes=4096,mode=755") == 0, kStage);
  must(plan, ::chdir("root") == 0, kStage);
  for (const auto& [target, path] : plan.links) must(plan, ::symlink(target.c_str(), path.c_str()) == 0, kStage);
  for (const SetupPlan::View& view : plan.views) must(plan, show(view), kStage);
  // Where the surrounding container hides parts of it, the kernel does not let it be mounted: then there is none.
  if (::mkdir("proc", 0755) == 0) ::mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr);
  must(plan, ::syscall(SYS_pivot_root, ".", ".") == 0 && ::umount2(".", MNT_DETACH) == 0, kStage);
  must(plan, ::chdir("/") == 0 && set_mount("/", MOUNT_ATTR_RDONLY, false), kStage);
  must(plan, ::chdir(kFolderInside.data()) == 0, kStage);
}

#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif

void enter_landlock(const SetupPlan& plan) {
  constexpr auto kStage = SetupStage::kLandlock;
  constexpr uint64_t kRead = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
  constexpr uint64_t kFileRead = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE;
  uint64_t all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
  if (plan.means.landlock >= 2) all |= LANDLOCK_ACCESS_FS_REFER;
  const uint64_t truncate = plan.means.landlock >= 3 ? LANDLOCK_ACCESS_FS_TRUNCATE : 0;
  all |= truncate;
  const landlock_ruleset_attr rules{.handled_access_fs = all};
  const auto ruleset = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0));
  must(plan, ruleset >= 0, kStage);
  for (const SetupPlan::View& view : plan.views) {
    landlock_path_beneath_attr beneath{};
    beneath.parent_fd = view.source;
    if (view.directory) {
      beneath.allowed_access = view.writable ? all : kRead;
    } else {
      beneath.allowed_access = kFileRead | (view.writable ? LANDLOCK_ACCESS_FS_WRITE_FILE | truncate : 0);
    }
    must(plan, ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == 0, kStage);
  }
  must(plan, ::syscall(SYS_landlock_restrict_self, ruleset, 0) == 0, kStage);
}

[[noreturn]] void start_program(const SetupPlan& plan) {
  if (plan.drop_root) {
    must(plan,
         ::setgroups(0, nullptr) == 0 && ::setresgid(plan.group, plan.group, plan.group) == 0 &&
             ::setresuid(plan.user, plan.user, plan.user) == 0,
         SetupStage::kUser);
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // forgotten when the user changes
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  must(plan, ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, SetupStage::kLimits);
  if (!plan.means.namespaces) {
    must(plan, ::fchdir(plan.folder) == 0, SetupStage::kFiles);
    if (plan.means.landlock > 0) enter_landlock(plan);
  }
  must(plan, ::close_range(3, UINT_MAX, CLOSE_RANGE_CLOEXEC) == 0, SetupStage::kLimits);
  for (const auto& [resource, most] : plan.limits) {
    const rlimit limit{most, most};
    must(plan, ::setrlimit(static_cast<__rlimit_resource>(resource), &limit) == 0, SetupStage::kLimits);
  }
  if (plan.means.filter) {
    sock_fprog program{static_cast<unsigned short>(plan.filter.size()), const_cast<sock_filter*>(plan.filter.data())};
    must(plan, ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0, SetupStage::kFilter);
  }
  ::execve(plan.arguments.front(), plan.arguments.data(), plan.environment.data());
  give_up(plan, SetupStage::kStart);
}

void tell_end(const SetupPlan& plan, int status) {
  const SetupReport report{SetupStage::kEnded, 0, status};
  [[maybe_unused]] const ssize_t ignored = ::write(plan.report, &report, sizeof report);
}

// Process 1: when it ends, the kernel kills the others.
[[noreturn]] void run_init(const SetupPlan& plan) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  build_files(plan);
  const pid_t program = ::fork();
  must(plan, program >= 0, SetupStage::kStart);
  if (program == 0) start_program(plan);
  for (;;) {
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, 0);
    if (ended < 0 && errno == EINTR) continue;
    if (ended >= 0 && ended != program) continue;
    if (ended == program) tell_end(plan, status);
    ::_exit(0);
  }
}

// Sends a signal to all that descend from a process, as far as they can be found while they go on.
void signal_below(const char* children, int signal, int depth) {
  char text[4096];
  const int file = ::open(children, O_RDONLY | O_CLOEXEC);
  const ssize_t size = file < 0 ? 0 : ::read(file, text, sizeof text);
  if (file >= 0) ::close(file);
  pid_t pid = 0;
  for (ssize_t i = 0; i < size; ++i) {
    if (text[i] >= '0' && text[i] <= '9') {
      pid = pid * 10 + (text[i] - '0');
      continue;
    }
    if (pid > 1) {
      ::kill(pid, signal);
      const Path below = Path().add("/proc/").add(pid).add("/task/").add(pid).add("/children");
      if (depth < 64) signal_below(below.text, signal, depth + 1);
    }
    pid = 0;
  }
}

// Without a process 1, orphans come to this process. Stopped first, they have no children while they are killed.
void kill_descendants() {
  for (;;) {
    for (const int signal : {SIGSTOP, SIGSTOP, SIGSTOP, SIGKILL}) signal_below("/proc/thread-self/children", signal, 0);
    pid_t gone = 0;
    while ((gone = ::waitpid(-1, nullptr, WNOHANG)) > 0) {
    }
    if (gone < 0 && errno == ECHILD) return;
    const timespec pause{0, 1'000'000};
    ::nanosleep(&pause, nullptr);
  }
}

}  // namespace

void run_supervisor(const SetupPlan& plan) {
  leave_session(plan);
  follow_caller(plan);
  if (plan.means.namespaces) {
    enter_namespaces(plan);
    follow_caller(plan);  // forgotten when rights change
  } else {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  }
  const pid_t child = ::fork();
  must(plan, child >= 0, SetupStage::kStart);
  if (child == 0 && plan.means.namespaces) run_init(plan);
  if (child == 0) start_program(plan);
  sigset_t waited;
  ::sigemptyset(&waited);
  ::sigaddset(&waited, SIGTERM);
  ::sigaddset(&waited, SIGCHLD);
  bool alive = true;
  while (alive) {
    const int signal = ::sigwaitinfo(&waited, nullptr);
    if (signal == SIGTERM) break;
    int status = 0;
    for (pid_t ended = 0; alive && (ended = ::waitpid(-1, &status, WNOHANG)) > 0;) {
      if (ended != child) continue;
      if (!plan.means.namespaces) tell_end(plan, status);
      alive = false;
    }
  }
  if (alive) ::kill(child, SIGKILL);
  kill_descendants();
  ::_exit(0);
}

}  // namespace sinan::run
