// TrialJournal: the finished trials of a search that has not ended, on disk (docs/formats/trials.md): a statement that is
// interrupted or fails goes on where it was. One file a search, named by the fingerprint of all that decides its trials;
// forgotten when the search has ended.
//
// Thread-safe.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "io/file_system.h"

namespace sinan::ml {

class TrialJournal {
 public:
  // `project`: the folder that holds .sinan. What cannot be read in an earlier file is left out: its trials run again.
  static Result<std::unique_ptr<TrialJournal>> open(const std::filesystem::path& project, const Fingerprint& search,
                                                    io::FileSystem& files);

  // What was noted under the key in an earlier run; none = nothing was.
  std::optional<Json> find(const std::string& key) const;
  // Durable when it returns.
  Status add(const std::string& key, const Json& result);
  Status forget();

 private:
  TrialJournal(std::filesystem::path file, io::FileSystem& files) : file_(std::move(file)), files_(files) {}
  void read();

  const std::filesystem::path file_;
  io::FileSystem& files_;
  std::map<std::string, Json> earlier_;
  std::mutex mutex_;  // guards what follows
  std::unique_ptr<io::WritableFile> out_;
};

}  // namespace sinan::ml
