// The tokens file of a project (docs/formats/tokens.md) and the verb `sinan token`. It can change while a server runs, which
// looks at it every second.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "io/file_system.h"
#include "net/authentication.h"

namespace sinan::app {

class TokenFile {
 public:
  TokenFile(io::FileSystem& files, std::filesystem::path path) : files_(files), path_(std::move(path)) {}

  // No file is no tokens. Errors: kData, kIo, kPermission.
  Result<std::vector<net::TokenRecord>> read() const;
  // The token itself, which is kept nowhere. Errors: kExists, kArgument (the name), those of read() and of writing.
  Result<std::string> create(const std::string& name, net::Role role, TimePoint now,
                             std::optional<std::chrono::seconds> lifetime);
  // Errors: kNotFound with the nearest name.
  Status revoke(const std::string& name);
  // What changes when the file does.
  std::optional<io::FileStat> stamp() const;

 private:
  Status write(const std::vector<net::TokenRecord>& records);
  io::FileSystem& files_;
  std::filesystem::path path_;
};

}  // namespace sinan::app
