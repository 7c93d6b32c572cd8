// Files: all of Sinan's own files are read and written through a FileSystem, so that tests can fail or kill any write
// (io/fault.h). DuckDB and SQLite write theirs by themselves.
//
//     FileSystem& files = real_file_system();
//     TRY(files.write_file_durable(folder / "model.json", text));     // all or nothing, also across a power cut
//     auto log = TRY(files.open_append(folder / "events.log"));
//     TRY(log->write(line));  TRY(log->sync());                       // durable once sync() has returned
//
// Thread-safe; the file handles are not. Errors carry the path last: kNotFound, kPermission, kExists, kExhausted (disk
// or quota full, too many open files), kArgument (not a folder, name too long), kIo for the rest.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace sinan::io {

using Path = std::filesystem::path;

struct FileStat {
  uint64_t size = 0;
  std::chrono::sys_time<std::chrono::nanoseconds> modified{};
  uint64_t inode = 0;
  bool is_directory = false;
  // Equal stats of one path: its content has not been written in between.
  friend bool operator==(const FileStat&, const FileStat&) = default;
};

class WritableFile {
 public:
  virtual ~WritableFile() = default;  // closes; what close() would have reported is lost
  virtual Status write(std::string_view bytes) = 0;
  virtual Status sync() = 0;  // fdatasync
  virtual Status close() = 0;
};

class ReadableFile {
 public:
  virtual ~ReadableFile() = default;
  virtual uint64_t size() const = 0;  // when it was opened
  // Fills `out` from `offset`; fewer bytes only at the end of the file. Thread-safe.
  virtual Result<size_t> read_at(uint64_t offset, std::span<char> out) const = 0;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual Result<std::unique_ptr<ReadableFile>> open_read(const Path& path) const = 0;
  virtual Result<FileStat> stat(const Path& path) const = 0;
  // The names in a folder, sorted, without "." and "..".
  virtual Result<std::vector<std::string>> list(const Path& folder) const = 0;

  // Truncates what was there.
  virtual Result<std::unique_ptr<WritableFile>> create(const Path& path) = 0;
  virtual Result<std::unique_ptr<WritableFile>> open_append(const Path& path) = 0;
  virtual Status create_directories(const Path& path) = 0;
  // Replaces a file that has the new name. Durable only after sync_directory() of both parents.
  virtual Status rename(const Path& from, const Path& to) = 0;
  virtual Status remove_file(const Path& path) = 0;
  virtual Status remove_tree(const Path& path) = 0;  // a file or a folder; nothing there is success
  virtual Status sync_directory(const Path& path) = 0;
  // Does nothing in itself: names a moment between two stores ("engine_committed"), where fault injection can strike.
  virtual Status checkpoint(std::string_view name);

  // Made of the above.
  bool exists(const Path& path) const;
  // kExhausted when the file is larger than `max_bytes`.
  Result<std::string> read_file(const Path& path, uint64_t max_bytes = uint64_t{1} << 32) const;
  // Writes a temporary name beside `path`, syncs, renames, syncs the folder. A crash leaves the old content or the new
  // one, perhaps with a "<name>.tmp" that the next write of the same file overwrites. One writer of a path at a time.
  Status write_file_durable(const Path& path, std::string_view bytes);
  // Makes everything under `folder`, and the folder itself, durable.
  Status sync_tree(const Path& folder);
};

// The operating system's.
FileSystem& real_file_system();

// The error of a failed system call: "cannot open file: No space left on device: /x/y". For the .cc files of this room
// and of those that make system calls of their own.
Error system_error(int error_number, std::string_view what, const Path& path);

}  // namespace sinan::io
