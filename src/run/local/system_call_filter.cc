#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>

#include "run/local/sandbox_setup.h"

namespace sinan::run {
namespace {

constexpr uint32_t kLocalSocket = 1;  // AF_UNIX, without the header of sockets

#if defined(__x86_64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#endif

constexpr uint32_t kNewNamespace =
    CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

// Nothing that a program which computes needs, and where the kernel's mistakes have been.
constexpr uint32_t kRefused[] = {
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_unshare,
    SYS_setns,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    SYS_move_mount,
    SYS_open_tree,
    SYS_mount_setattr,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    SYS_open_by_handle_at,
    SYS_kexec_load,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_reboot,
    SYS_swapon,
    SYS_swapoff,
    SYS_acct,
    SYS_quotactl,
    SYS_syslog,
    SYS_personality,
    SYS_pidfd_getfd,
};

constexpr sock_filter load(size_t offset) { return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset)); }
constexpr sock_filter answer(uint32_t value) { return BPF_STMT(BPF_RET | BPF_K, value); }
constexpr sock_filter refuse(int error) { return answer(SECCOMP_RET_ERRNO | static_cast<uint32_t>(error)); }
// Goes on behind the next `skip` instructions unless equal.
constexpr sock_filter when_equal(uint32_t value, uint8_t skip) {
  return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip);
}

}  // namespace

std::vector<sock_filter> system_call_filter(bool network, bool local_sockets) {
#if defined(__x86_64__) || defined(__aarch64__)
  constexpr size_t kNumber = offsetof(seccomp_data, nr);
  constexpr size_t kFirst = offsetof(seccomp_data, args);  // its lower half: both architectures are little-endian
  std::vector<sock_filter> code = {
      load(offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0),
      answer(SECCOMP_RET_KILL_PROCESS),
      load(kNumber),
  };
#if defined(__x86_64__)
  constexpr uint32_t kX32 = 0x40000000;  // the same calls under other numbers
  code.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kX32, 0, 1));
  code.push_back(refuse(ENOSYS));
#endif
  for (const uint32_t number : kRefused) {
    code.push_back(when_equal(number, 1));
    code.push_back(refuse(EPERM));
  }
  // Its flags are behind a pointer: the C library falls back to clone().
  code.push_back(when_equal(SYS_clone3, 1));
  code.push_back(refuse(ENOSYS));
  code.push_back(when_equal(SYS_clone, 4));
  code.push_back(load(kFirst));
  code.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kNewNamespace, 0, 1));
  code.push_back(refuse(EPERM));
  code.push_back(answer(SECCOMP_RET_ALLOW));
  if (!network) {
    code.push_back(when_equal(SYS_socket, local_sockets ? 3 : 1));
    if (local_sockets) {
      code.push_back(load(kFirst));
      code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kLocalSocket, 1, 0));
    }
    code.push_back(refuse(EPERM));
  }
  code.push_back(answer(SECCOMP_RET_ALLOW));
  return code;
#else
  (void)network;
  (void)local_sockets;
  return {};
#endif
}

}  // namespace sinan::run
