// FaultyFileSystem passes everything on to another file system, until the N-th changing operation of a kind fails,
// finds the disk full, or ends the process on the spot: what kill -9, a full disk and a broken one do to a program.
// Every later operation fails too after kFail and kFull, so that clean-up code meets the same broken disk.
//
//     FaultyFileSystem files(real_file_system(), {.operation = "sync", .at = 3, .mode = FaultMode::kKill});
//
// The application builds one from the environment variable SINAN_FAULT (a testing aid, off unless set):
// "operation:N:mode", e.g. "any:17:kill", "rename:1:fail", "write:4096:full" (N bytes fit), "engine_committed:1:kill".
// Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "io/file_system.h"

namespace sinan::io {

enum class FaultMode : uint8_t {
  kFail,  // Code::kIo
  kFull,  // Code::kExhausted; `at` counts bytes written, not operations
  kKill,  // _exit(137); a write stores half of its bytes first
};

struct Fault {
  // "create", "write", "sync", "rename", "remove", "mkdir", "any", or the name of a checkpoint ("any" counts these
  // too).
  std::string operation = "any";
  uint64_t at = 1;  // from 1
  FaultMode mode = FaultMode::kFail;
};

// Errors: kArgument.
Result<Fault> parse_fault(std::string_view text);

class FaultyFileSystem final : public FileSystem {
 public:
  // `inner` must outlive this.
  FaultyFileSystem(FileSystem& inner, Fault fault) : inner_(inner), fault_(std::move(fault)) {}

  // Operations (bytes in kFull mode) counted so far: run once without a fault to learn how many there are to break.
  uint64_t count() const { return count_.load(); }
  bool struck() const { return struck_.load(); }

  Result<std::unique_ptr<ReadableFile>> open_read(const Path& path) const override { return inner_.open_read(path); }
  Result<FileStat> stat(const Path& path) const override { return inner_.stat(path); }
  Result<std::vector<std::string>> list(const Path& folder) const override { return inner_.list(folder); }
  Result<std::unique_ptr<WritableFile>> create(const Path& path) override;
  Result<std::unique_ptr<WritableFile>> open_append(const Path& path) override;
  Status create_directories(const Path& path) override;
  Status rename(const Path& from, const Path& to) override;
  Status remove_file(const Path& path) override;
  Status remove_tree(const Path& path) override;
  Status sync_directory(const Path& path) override;
  Status checkpoint(std::string_view name) override;

 private:
  class File;
  Status before(std::string_view operation, const Path& path);
  // For writes: how many of `size` bytes go through before the fault strikes; all of them mostly.
  uint64_t admit_write(uint64_t size);
  Error broken(const Path& path) const;

  FileSystem& inner_;
  Fault fault_;
  std::atomic<uint64_t> count_ = 0;
  std::atomic<bool> struck_ = false;
};

}  // namespace sinan::io
