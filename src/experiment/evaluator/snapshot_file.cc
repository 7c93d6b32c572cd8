#include "experiment/evaluator/snapshot_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <random>
#include <string_view>

#include "experiment/evaluator/snapshot.h"

namespace sinan::experiment {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";
constexpr size_t kDigitCount = 16;
constexpr std::string_view kEnding = ".tmp";
constexpr std::chrono::minutes kOldAge{1};  // after which nobody is still writing a file

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
  const File file(path, O_WRONLY | O_CREAT | O_EXCL);
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

// A file beside it that is the caller's alone, whatever other processes share the folder.
std::string name_beside(const std::string& path) {
  std::random_device random;
  std::string name = path + ".";
  for (size_t i = 0; i < kDigitCount; ++i) name += kDigits[random() % kDigits.size()];
  return name.append(kEnding);
}

bool is_beside(std::string_view name, std::string_view base) {
  return name.size() == base.size() + 1 + kDigitCount + kEnding.size() && name.starts_with(base) &&
         name[base.size()] == '.' && name.ends_with(kEnding) &&
         name.substr(base.size() + 1, kDigitCount).find_first_not_of(kDigits) == std::string_view::npos;
}

// What was written beside and not renamed, because the process ended.
void remove_leftovers(const std::filesystem::path& folder, const std::string& base) {
  const auto oldest = std::filesystem::file_time_type::clock::now() - kOldAge;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (!is_beside(entry->path().filename().native(), base)) continue;
    std::error_code gone;  // another process may remove it as well
    if (const auto written = entry->last_write_time(gone); !gone && written < oldest)
      std::filesystem::remove(entry->path(), gone);
  }
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
  const size_t slash = path.rfind('/');
  const std::string folder_name = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  remove_leftovers(folder_name, path.substr(slash == std::string::npos ? 0 : slash + 1));
  const std::string beside = name_beside(path);
  Status replaced = write_synced(beside, bytes);
  if (replaced && ::rename(beside.c_str(), path.c_str()) != 0) replaced = file_error("cannot replace snapshot", path);
  if (!replaced) {
    ::unlink(beside.c_str());
    return replaced;
  }
  const File folder(folder_name, O_RDONLY | O_DIRECTORY);
  if (!folder.is_open() || ::fsync(folder.get()) != 0)
    return file_error("cannot sync the folder of the snapshot", path);
  return {};
}

}  // namespace sinan::experiment
