// Executor: starts a program that is not built in, waits for its end, and hands on what it prints. One implementation runs files
// of this machine (local/local_executor.h), one containers (container_executor.h); a cluster would be one more.
//
// A job's folder holds `input` (the rows, read-only to the program) and `output` (empty, writable); the program runs in it and has room
// for temporary files in TMPDIR. Nothing of the program runs any longer when run() has returned, whatever it returned.
//
// Executors are immutable and thread-safe: jobs may run side by side.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/cancel.h"
#include "base/error.h"

namespace sinan::run {

struct Limits {
  std::chrono::seconds time{0};  // 0 = none
  uint64_t memory_bytes = 0;     // of each process, and of all together
  uint64_t output_bytes = 0;     // of each file, and of all together
  uint32_t processes = 0;        // threads count
  uint32_t files = 0;            // open at a time, in each process
};

struct Job {
  std::string name;                                              // what messages call the program
  std::vector<std::string> command;                              // argument vector; no shell reads it
  std::vector<std::pair<std::string, std::string>> environment;  // all there is, but for what the executor needs
  std::filesystem::path folder;                                  // absolute
  std::filesystem::path standard_input;                          // a file below it; empty = nothing to read
  std::vector<std::filesystem::path> readable;                   // absolute: the program's files
  Limits limits;
  bool network = false;
};

// Called for each line that the program prints, without its end, fit to be shown: valid UTF-8 without control characters.
using LineSink = std::function<void(std::string_view line)>;

class Executor {
 public:
  virtual ~Executor() = default;
  // What the program calls its folder: "/job".
  virtual std::string folder_inside(const Job& job) const = 0;
  // What the program is kept from, for the log: "network off, files: its own".
  virtual std::string confinement(const Job& job) const = 0;
  // Errors: kData (it ended with an error: exit code, last lines), kExhausted (a limit), kCancelled, kNotFound and kPermission (it
  // cannot be started), kIo (it cannot be confined).
  virtual Status run(const Job& job, const LineSink& line, const CancelToken& cancel) const = 0;
};

}  // namespace sinan::run
