// FileLock: one process at a time owns a project folder. The lock is the kernel's (flock), so it ends with the process
// however that ends; the file only says who holds it, for the message of those who come second:
//
//     project folder is in use by process 123 on build7 (sinan run x.sql, since 2026-11-22T12:01:03Z): /data/shop
//
// A guard: released by the destructor. Not inherited by child processes that exec.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "io/file_system.h"

namespace sinan::io {

class FileLock {
 public:
  // Creates `<folder>/.sinan/lock` as needed, never waits. Errors: kBusy with the holder and a hint; what the file
  // system says.
  static Result<FileLock> acquire(const Path& project_folder, std::string_view command_line, const Clock& clock);
  ~FileLock();
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  void release();
  int descriptor_ = -1;
};

}  // namespace sinan::io
