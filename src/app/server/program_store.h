// ProgramStore: the programs that were submitted to the server, on disk, so that they survive its end: one folder,
// .sinan/server/programs/, with a file <id>.json for each, and its output in <id>.jsonl once it has ended.
//
// Durable: what save() has answered is there after a crash. Not thread-safe.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "io/file_system.h"

namespace sinan::app {

struct StoredProgram {
  std::string id;
  Json record;
  std::string output;
};

class ProgramStore {
 public:
  ProgramStore(io::FileSystem& files, std::filesystem::path folder) : files_(files), folder_(std::move(folder)) {}

  // In the order of their ids. What cannot be read is left out and logged.
  std::vector<StoredProgram> load() const;
  Status save(std::string_view id, const Json& record);
  // Before save() of the record that says that it has ended.
  Status save_output(std::string_view id, std::string_view output);
  void forget(std::string_view id);

 private:
  std::filesystem::path file(std::string_view id, std::string_view ending) const {
    return folder_ / (std::string(id) + std::string(ending));
  }
  io::FileSystem& files_;
  const std::filesystem::path folder_;
};

}  // namespace sinan::app
