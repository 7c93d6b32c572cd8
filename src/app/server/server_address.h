// How a command line finds the process that serves its project folder: .sinan/server.json, readable by the owner alone. It names
// an address on this machine, other than the one that is served to the world, and a token that is good for it and nothing else.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/error.h"

namespace sinan::app {

struct ServerAddress {
  std::string url;  // "http://127.0.0.1:41234"
  std::string token;
  std::string version;  // of the program that serves
};

// Nothing when there is no such file. Errors: kPermission (another account's), kData, kIo.
Result<std::optional<ServerAddress>> read_server_address(const std::filesystem::path& project_folder);

// A guard: the file is there while this lives. One that a killed server left behind is replaced.
class PublishedAddress {
 public:
  static Result<PublishedAddress> make(const std::filesystem::path& project_folder, const ServerAddress& address);
  ~PublishedAddress();
  PublishedAddress(PublishedAddress&& other) noexcept : file_(std::exchange(other.file_, {})) {}
  PublishedAddress& operator=(PublishedAddress&&) = delete;

 private:
  explicit PublishedAddress(std::filesystem::path file) : file_(std::move(file)) {}
  std::filesystem::path file_;
};

}  // namespace sinan::app
