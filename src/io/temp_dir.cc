#include "io/temp_dir.h"

#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): mkdtemp

#include <cerrno>
#include <tuple>
#include <utility>

namespace sinan::io {

Result<TempDir> TempDir::make(const Path& parent, std::string_view prefix) {
  std::error_code error;
  const Path base = parent.empty() ? std::filesystem::temp_directory_path(error) : parent;
  if (error) return fail(system_error(error.value(), "no folder for temporary files", "TMPDIR"));
  std::string name = (base / prefix).string() + "XXXXXX";
  if (!::mkdtemp(name.data())) return fail(system_error(errno, "cannot create folder", name));
  return TempDir(Path(name));
}

TempDir::~TempDir() {
  if (!path_.empty()) std::ignore = real_file_system().remove_tree(path_);
}
TempDir::TempDir(TempDir&& other) noexcept : path_(other.release()) {}
TempDir& TempDir::operator=(TempDir&& other) noexcept {
  std::swap(path_, other.path_);
  return *this;
}

Path TempDir::release() { return std::exchange(path_, Path()); }

}  // namespace sinan::io
