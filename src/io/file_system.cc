#include "io/file_system.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace sinan::io {
namespace {

Code code_of(int error_number) {
  switch (error_number) {
    case ENOENT:
      return Code::kNotFound;
    case EEXIST:
    case ENOTEMPTY:
      return Code::kExists;
    case EACCES:
    case EPERM:
    case EROFS:
      return Code::kPermission;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return Code::kExhausted;
    case ENOTDIR:
    case EISDIR:
    case ENAMETOOLONG:
    case EINVAL:
    case ELOOP:
      return Code::kArgument;
    default:
      return Code::kIo;
  }
}

std::string_view remedy_of(int error_number) {
  switch (error_number) {
    case ENOSPC:
      return "free some disk space and run it again";
    case EDQUOT:
      return "the disk quota is used up: free some space and run it again";
    case EROFS:
      return "the file system is read-only";
    case EACCES:
    case EPERM:
      return "look at who may read and write there: ls -ld";
    case EMFILE:
    case ENFILE:
      return "raise the limit of open files: ulimit -n";
    case EFBIG:
      return "raise the limit of file sizes: ulimit -f";
    default:
      return {};
  }
}

Failure failed(std::string_view what, const Path& path) { return fail(system_error(errno, what, path)); }

// Retries a system call that a signal interrupted.
template <class Call>
auto retry(Call call) {
  decltype(call()) result;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result;
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

class RealWritableFile final : public WritableFile {
 public:
  RealWritableFile(int descriptor, Path path) : descriptor_(descriptor), path_(std::move(path)) {}

  Status write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = retry([&] { return ::write(descriptor_.number(), bytes.data(), bytes.size()); });
      if (written < 0) return failed("cannot write", path_);
      bytes.remove_prefix(static_cast<size_t>(written));
    }
    return {};
  }
  Status sync() override {
    if (::fdatasync(descriptor_.number()) != 0) return failed("cannot make durable", path_);
    return {};
  }
  Status close() override {
    const int number = descriptor_.release();
    if (number >= 0 && ::close(number) != 0 && errno != EINTR) return failed("cannot close", path_);
    return {};
  }

 private:
  Descriptor descriptor_;
  Path path_;
};

class RealReadableFile final : public ReadableFile {
 public:
  RealReadableFile(int descriptor, uint64_t size, Path path)
      : descriptor_(descriptor), size_(size), path_(std::move(path)) {}

  uint64_t size() const override { return size_; }
  Result<size_t> read_at(uint64_t offset, std::span<char> out) const override {
    size_t done = 0;
    while (done < out.size()) {
      const ssize_t got = retry([&] {
        return ::pread(descriptor_.number(), out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
      });
      if (got < 0) return failed("cannot read", path_);
      if (got == 0) break;
      done += static_cast<size_t>(got);
    }
    return done;
  }

 private:
  Descriptor descriptor_;
  uint64_t size_;
  Path path_;
};

class RealFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<ReadableFile>> open_read(const Path& path) const override {
    Descriptor descriptor(retry([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); }));
    if (descriptor.number() < 0) return failed("cannot open", path);
    struct stat status{};
    if (::fstat(descriptor.number(), &status) != 0) return failed("cannot open", path);
    if (S_ISDIR(status.st_mode)) return fail(system_error(EISDIR, "cannot open", path));
    return std::make_unique<RealReadableFile>(descriptor.release(), static_cast<uint64_t>(status.st_size), path);
  }

  Result<FileStat> stat(const Path& path) const override {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return failed("cannot look up", path);
    const auto modified =
        std::chrono::seconds(status.st_mtim.tv_sec) + std::chrono::nanoseconds(status.st_mtim.tv_nsec);
    return FileStat{.size = static_cast<uint64_t>(status.st_size),
                    .modified = std::chrono::sys_time<std::chrono::nanoseconds>(modified),
                    .inode = status.st_ino,
                    .is_directory = S_ISDIR(status.st_mode)};
  }

  Result<std::vector<std::string>> list(const Path& folder) const override {
    std::error_code error;
    std::filesystem::directory_iterator entry(folder, error);
    std::vector<std::string> names;
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
      names.push_back(entry->path().filename().string());
    }
    if (error) return fail(system_error(error.value(), "cannot list folder", folder));
    std::ranges::sort(names);
    return names;
  }

  Result<std::unique_ptr<WritableFile>> create(const Path& path) override { return open_write(path, O_TRUNC); }
  Result<std::unique_ptr<WritableFile>> open_append(const Path& path) override { return open_write(path, O_APPEND); }

  Status create_directories(const Path& path) override {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return fail(system_error(error.value(), "cannot create folder", path));
    return {};
  }
  Status rename(const Path& from, const Path& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return failed("cannot rename", from);
    return {};
  }
  Status remove_file(const Path& path) override {
    if (::unlink(path.c_str()) != 0) return failed("cannot remove", path);
    return {};
  }
  Status remove_tree(const Path& path) override {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    if (error) return fail(system_error(error.value(), "cannot remove", path));
    return {};
  }
  Status sync_directory(const Path& path) override {
    const Descriptor descriptor(retry([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
    if (descriptor.number() < 0) return failed("cannot open folder", path);
    if (::fsync(descriptor.number()) != 0) return failed("cannot make durable", path);
    return {};
  }

 private:
  static Result<std::unique_ptr<WritableFile>> open_write(const Path& path, int how) {
    const int number = retry([&] { return ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | how, 0666); });
    if (number < 0) return failed("cannot create", path);
    return std::make_unique<RealWritableFile>(number, path);
  }
};

}  // namespace

Error system_error(int error_number, std::string_view what, const Path& path) {
  const std::string reason = std::system_category().message(error_number);
  return Error{code_of(error_number),
               fmt::format("{}: {}: {}", what, reason, path.string()),
               std::string(remedy_of(error_number)),
               std::nullopt,
               {}};
}

FileSystem& real_file_system() {
  static RealFileSystem files;
  return files;
}

Status FileSystem::checkpoint(std::string_view) { return {}; }

bool FileSystem::exists(const Path& path) const { return stat(path).has_value(); }

Result<std::string> FileSystem::read_file(const Path& path, uint64_t max_bytes) const {
  const auto file = TRY(open_read(path));
  const auto too_large = [&] {
    return fail(Code::kExhausted, fmt::format("file is larger than {} bytes: {}", max_bytes, path.string()));
  };
  if (file->size() > max_bytes) return too_large();
  std::string bytes(static_cast<size_t>(file->size()), '\0');
  bytes.resize(TRY(file->read_at(0, bytes)));
  // What a pipe, /proc or a growing file has beyond the size it told.
  constexpr size_t kChunk = 64 * 1024;
  for (;;) {
    const size_t before = bytes.size();
    bytes.resize(before + kChunk);
    const size_t got = TRY(file->read_at(before, std::span(bytes).subspan(before)));
    bytes.resize(before + got);
    if (bytes.size() > max_bytes) return too_large();
    if (got < kChunk) return bytes;
  }
}

Status FileSystem::write_file_durable(const Path& path, std::string_view bytes) {
  Path temporary = path;
  temporary += ".tmp";
  const auto write = [&]() -> Status {
    const auto file = TRY(create(temporary));
    TRY(file->write(bytes));
    TRY(file->sync());
    TRY(file->close());
    return rename(temporary, path);
  };
  if (Status status = write(); !status) {
    std::ignore = remove_file(temporary);
    return status;
  }
  return sync_directory(path.has_parent_path() ? path.parent_path() : Path("."));
}

Status FileSystem::sync_tree(const Path& folder) {
  for (const std::string& name : TRY(list(folder))) {
    const Path path = folder / name;
    if (TRY(stat(path)).is_directory) {
      TRY(sync_tree(path));
      continue;
    }
    const auto file = TRY(open_append(path));  // opened for its descriptor; nothing is written
    TRY(file->sync());
    TRY(file->close());
  }
  return sync_directory(folder);
}

}  // namespace sinan::io
