// Sandbox: starts a file of this machine so that it can do nothing but compute: read what it was given, write into its own folder.
//
// Means, as far as the kernel has them:
// - Namespaces of its own (user, mount, process, network, IPC, host name): it sees system folders read-only, its files, its folder as
//   /job, no other process, and no network device.
// - Landlock, where namespaces are not allowed: the same folders, at their own places.
// - A system call filter: no sockets (but local ones within a network namespace), no mounts, namespaces, tracing, keys, io_uring.
// - Always: no shell, resource limits, no new privileges, a session of its own, a user without rights where this process is root
//   ("nobody"), no open files of this process; all of it is killed when its time is over or this process dies.
//
// Between this process and the program stands a supervisor that was forked from this one; it calls nothing but the kernel
// (sandbox_setup.h). Thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "run/executor.h"
#include "run/local/watch.h"

namespace sinan::run {

struct Means {
  bool namespaces = false;
  int landlock = 0;  // version of its interface; 0 = none
  bool filter = false;
  std::string why_no_namespaces;  // the kernel's answer
  // What they amount to.
  bool files() const { return namespaces || landlock > 0; }
  bool network() const { return namespaces || filter; }
  bool processes() const { return namespaces; }
};

// What this kernel allows this process; asked once, by trying.
const Means& means_here();

inline constexpr std::string_view kFolderInside = "/job";

// Starts the job's command, whose first string is an absolute path, and waits for its end. Errors as Executor::run().
Status run_confined(const Job& job, const Means& means, const LineSink& line, const CancelToken& cancel);

}  // namespace sinan::run
