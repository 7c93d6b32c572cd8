#include "io/file_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/json.h"

namespace sinan::io {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "unknown host";
  return name.data();
}

std::string describe_self(std::string_view command_line, const Clock& clock) {
  return Json::object({{"process", int64_t{::getpid()}},
                       {"host", host_name()},
                       {"since", to_iso8601(clock.now())},
                       {"command", command_line}})
             .dump() +
         "\n";
}

// "process 123 on build7 (sinan run x.sql, since 2026-11-22T12:01:03Z)"; the file may be empty or torn while its owner
// writes it.
std::string describe_holder(int descriptor) {
  std::array<char, 4096> bytes{};
  const ssize_t size = ::pread(descriptor, bytes.data(), bytes.size(), 0);
  const auto holder = Json::parse({bytes.data(), static_cast<size_t>(size > 0 ? size : 0)});
  if (!holder || !holder->at("process").is_int()) return "another process";
  std::string since(holder->at("since").string_view());
  if (const size_t fraction = since.find('.'); fraction != std::string::npos) since = since.substr(0, fraction) + "Z";
  return fmt::format("process {} on {} ({}, since {})", *holder->at("process").as_int(),
                     holder->at("host").string_view(), holder->at("command").string_view(), since);
}

Status write_at_start(int descriptor, std::string_view text, const Path& path) {
  if (::ftruncate(descriptor, 0) != 0 || ::pwrite(descriptor, text.data(), text.size(), 0) < 0) {
    return fail(system_error(errno, "cannot write", path));
  }
  return {};
}

}  // namespace

Result<FileLock> FileLock::acquire(const Path& project_folder, std::string_view command_line, const Clock& clock) {
  const Path folder = project_folder / ".sinan";
  TRY(real_file_system().create_directories(folder));
  const Path path = folder / "lock";
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor < 0) return fail(system_error(errno, "cannot open", path));
  FileLock lock(descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return fail(system_error(errno, "cannot lock", path));
    return fail(Code::kBusy,
                fmt::format("project folder is in use by {}: {}", describe_holder(descriptor), project_folder.string()),
                "wait until it ends, stop it, or choose another folder with --project");
  }
  TRY(write_at_start(descriptor, describe_self(command_line, clock), path));
  return lock;
}

FileLock::~FileLock() { release(); }
FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
FileLock& FileLock::operator=(FileLock&& other) noexcept {
  if (this != &other) {
    release();
    descriptor_ = std::exchange(other.descriptor_, -1);
  }
  return *this;
}

// The file stays: removing it would let a third process lock a new file of the same name beside one who waits for the
// old.
void FileLock::release() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

}  // namespace sinan::io
