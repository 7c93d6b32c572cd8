// The child's side of a sandbox: from fork() to execve(). Everything it needs is laid out before the fork, since between the two
// it may call nothing but the kernel: other threads may have held any lock of this process.
//
//     supervisor: leaves the caller's session, rights and namespaces; waits for the program or for SIGTERM; kills all and ends
//       └ init (with namespaces only): process 1 of its own; builds the view of the files, reaps
//           └ program
//
// Used by sandbox.cc alone.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "run/local/sandbox.h"

struct sock_filter;  // NOLINT(readability-identifier-naming): of <linux/filter.h>

namespace sinan::run {

// What the child could not do, or how the program ended; written into a pipe.
enum class SetupStage : int32_t { kEnded, kSession, kUser, kNamespaces, kFiles, kLandlock, kLimits, kFilter, kStart };
struct SetupReport {
  SetupStage stage = SetupStage::kEnded;
  int32_t error = 0;
  int32_t status = 0;  // of the program, as waitpid() gives it
};

struct SetupPlan {
  Means means;
  int caller = 0;
  bool drop_root = false;  // to `user`, when the program starts
  uint32_t user = 0;
  uint32_t group = 0;
  bool network = false;
  std::string user_map;
  std::string group_map;

  int input = -1, output = -1, errors = -1, report = -1;
  int folder = -1;   // the job's, where there are no namespaces
  std::string base;  // holds an empty folder `root`

  // What it sees. Without namespaces `source` is a descriptor of the path (O_PATH): a user without rights need not find the way to it.
  struct View {
    std::string path;
    int source = -1;
    std::vector<std::string> folders;  // to make on the way, each below the one before
    std::string target;                // relative: "usr/lib"
    bool directory = false;
    bool writable = false;
  };
  std::vector<View> views;
  std::vector<std::pair<std::string, std::string>> links;  // target, relative path
  std::vector<int> kept;                                   // descriptors, ascending

  std::vector<std::pair<int, uint64_t>> limits;  // of a resource
  std::vector<sock_filter> filter;
  std::vector<char*> arguments;    // with the null pointer at the end
  std::vector<char*> environment;  // the same
};

// What a forked child does; never returns.
[[noreturn]] void run_supervisor(const SetupPlan& plan);

// The system call filter for this machine's architecture; empty where there is none.
std::vector<sock_filter> system_call_filter(bool network, bool local_sockets);

}  // namespace sinan::run
