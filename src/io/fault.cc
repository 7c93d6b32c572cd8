#include "io/fault.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

#include "base/strings.h"

namespace sinan::io {
namespace {

constexpr int kKilledStatus = 137;  // as a shell reports kill -9

Failure invalid(std::string_view text) {
  return fail(Code::kArgument, fmt::format("not a fault description: \"{}\"", text),
              "operation:N:mode with mode fail, full or kill, e.g. any:17:kill");
}

}  // namespace

Result<Fault> parse_fault(std::string_view text) {
  const auto parts = split_on(text, ':');
  if (parts.size() != 3 || parts[0].empty()) return invalid(text);
  Fault fault;
  fault.operation = parts[0];
  const auto [end, error] = std::from_chars(parts[1].data(), parts[1].data() + parts[1].size(), fault.at);
  if (error != std::errc{} || end != parts[1].data() + parts[1].size()) return invalid(text);
  if (parts[2] == "fail")
    fault.mode = FaultMode::kFail;
  else if (parts[2] == "full")
    fault.mode = FaultMode::kFull;
  else if (parts[2] == "kill")
    fault.mode = FaultMode::kKill;
  else
    return invalid(text);
  if (fault.at == 0 && fault.mode != FaultMode::kFull) return invalid(text);
  return fault;
}

class FaultyFileSystem::File final : public WritableFile {
 public:
  File(FaultyFileSystem& files, std::unique_ptr<WritableFile> inner, Path path)
      : files_(files), inner_(std::move(inner)), path_(std::move(path)) {}

  Status write(std::string_view bytes) override {
    const uint64_t admitted = files_.admit_write(bytes.size());
    if (admitted == bytes.size() && !files_.struck()) return inner_->write(bytes);
    TRY(inner_->write(bytes.substr(0, admitted)));
    if (files_.fault_.mode == FaultMode::kKill) ::_exit(kKilledStatus);
    return fail(files_.broken(path_));
  }
  Status sync() override {
    TRY(files_.before("sync", path_));
    return inner_->sync();
  }
  Status close() override { return inner_->close(); }

 private:
  FaultyFileSystem& files_;
  std::unique_ptr<WritableFile> inner_;
  Path path_;
};

Error FaultyFileSystem::broken(const Path& path) const {
  return system_error(fault_.mode == FaultMode::kFull ? ENOSPC : EIO, "cannot write", path);
}

Status FaultyFileSystem::before(std::string_view operation, const Path& path) {
  if (struck_ && fault_.mode == FaultMode::kFail) return fail(broken(path));
  const bool counts = fault_.operation == operation || fault_.operation == "any";
  if (!counts || fault_.mode == FaultMode::kFull || ++count_ != fault_.at) return {};
  if (fault_.mode == FaultMode::kKill) ::_exit(kKilledStatus);
  struck_ = true;
  return fail(broken(path));
}

uint64_t FaultyFileSystem::admit_write(uint64_t size) {
  if (struck_) return 0;
  if (fault_.mode == FaultMode::kFull) {
    const uint64_t before = count_.fetch_add(size);
    if (before + size <= fault_.at) return size;
    struck_ = true;
    return before < fault_.at ? fault_.at - before : 0;
  }
  const bool counts = fault_.operation == "write" || fault_.operation == "any";
  if (!counts || ++count_ != fault_.at) return size;
  struck_ = true;
  return fault_.mode == FaultMode::kKill ? size / 2 : 0;
}

Result<std::unique_ptr<WritableFile>> FaultyFileSystem::create(const Path& path) {
  TRY(before("create", path));
  return std::make_unique<File>(*this, TRY(inner_.create(path)), path);
}

Result<std::unique_ptr<WritableFile>> FaultyFileSystem::open_append(const Path& path) {
  TRY(before("create", path));
  return std::make_unique<File>(*this, TRY(inner_.open_append(path)), path);
}

Status FaultyFileSystem::create_directories(const Path& path) {
  TRY(before("mkdir", path));
  return inner_.create_directories(path);
}

Status FaultyFileSystem::rename(const Path& from, const Path& to) {
  TRY(before("rename", from));
  return inner_.rename(from, to);
}

Status FaultyFileSystem::remove_file(const Path& path) {
  TRY(before("remove", path));
  return inner_.remove_file(path);
}

Status FaultyFileSystem::remove_tree(const Path& path) {
  TRY(before("remove", path));
  return inner_.remove_tree(path);
}

Status FaultyFileSystem::sync_directory(const Path& path) {
  TRY(before("sync", path));
  return inner_.sync_directory(path);
}

Status FaultyFileSystem::checkpoint(std::string_view name) {
  TRY(before(name, Path(name)));
  return inner_.checkpoint(name);
}

}  // namespace sinan::io
