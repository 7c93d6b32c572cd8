// TempDir: a fresh folder, removed with all it holds by the destructor. Of tests, and of whatever needs room for a
// while.
#pragma once

#include "io/file_system.h"

namespace sinan::io {

class TempDir {
 public:
  // Inside `parent`, or where the system keeps temporary files (TMPDIR) when that is empty.
  static Result<TempDir> make(const Path& parent = {}, std::string_view prefix = "sinan-");
  ~TempDir();
  TempDir(TempDir&& other) noexcept;
  TempDir& operator=(TempDir&& other) noexcept;

  const Path& path() const { return path_; }
  // Gives the folder away: nobody removes it.
  Path release();

 private:
  explicit TempDir(Path path) : path_(std::move(path)) {}
  Path path_;
};

}  // namespace sinan::io
