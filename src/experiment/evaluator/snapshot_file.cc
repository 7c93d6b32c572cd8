#include "experiment/evaluator/snapshot_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "experiment/evaluator/snapshot.h"

namespace sinan::experiment {
namespace {

class File {
 public:
  File(const std::string& path, int flags) : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return descriptor_; }
  bool is_open() const { return descriptor_ >= 0; }

 private:
  int descriptor_;
};

Failure file_error(std::string_view what, const std::string& path) {
  const int error = errno;
  Code code = Code::kIo;
  if (error == ENOENT) code = Code::kNotFound;
  if (error == EACCES || error == EPERM || error == EROFS) code = Code::kPermission;
  if (error == ENOSPC || error == EDQUOT || error == EMFILE) code = Code::kExhausted;
  return fail(code, std::string(what) + " (" + std::strerror(error) + "): " + path);
}

Status write_synced(const std::string& path, std::span<const std::byte> bytes) {
  const File file(path, O_WRONLY | O_CREAT | O_TRUNC);
  if (!file.is_open()) return file_error("cannot write snapshot", path);
  while (!bytes.empty()) {
    const ssize_t done = ::write(file.get(), bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return file_error("cannot write snapshot", path);
    bytes = bytes.subspan(static_cast<size_t>(done));
  }
  if (::fsync(file.get()) != 0) return file_error("cannot write snapshot", path);
  return {};
}

}  // namespace

Result<std::vector<std::byte>> read_snapshot_file(const std::string& path) {
  const File file(path, O_RDONLY);
  struct stat status{};
  if (!file.is_open() || ::fstat(file.get(), &status) != 0) return file_error("cannot read snapshot", path);
  if (status.st_size < 0 || static_cast<uint64_t>(status.st_size) > kMaxSnapshotBytes)
    return fail(Code::kData, "snapshot is too large: " + path);
  std::vector<std::byte> bytes(static_cast<size_t>(status.st_size));
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::read(file.get(), bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_error("cannot read snapshot", path);
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  bytes.resize(done);  // shorter than it was: its checksum will not fit
  return bytes;
}

Status write_snapshot_file(const std::string& path, std::span<const std::byte> bytes) {
  // Of this thread alone: processes that share a file replace it one after another.
  const std::string beside = path + "." + std::to_string(::gettid()) + ".tmp";
  Status replaced = write_synced(beside, bytes);
  if (replaced && ::rename(beside.c_str(), path.c_str()) != 0) replaced = file_error("cannot replace snapshot", path);
  if (!replaced) {
    ::unlink(beside.c_str());
    return replaced;
  }
  const size_t slash = path.rfind('/');
  const File folder(slash == std::string::npos ? "." : path.substr(0, slash + 1), O_RDONLY | O_DIRECTORY);
  if (!folder.is_open() || ::fsync(folder.get()) != 0)
    return file_error("cannot sync the folder of the snapshot", path);
  return {};
}

}  // namespace sinan::experiment
