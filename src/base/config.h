// sinan.toml: the settings of a project folder. Unknown keys are errors with the nearest known name, so that a misspelt
// limit is not silently ignored. Sizes are numbers of bytes or "4GiB", "500MB".
//
//     [limits]   threads = 2   memory = "8GiB"   temp_disk = "50GiB"
//     [run]      cache = true  retries = 2
//     [log]      level = "warning"  file = "sinan.log"
//     [sources]  clicks = "data/clicks"              a URL or path by its name
//     [programs]  "prep.py" = "tools/prep.py"        what TO RUN may start, by the name that CMD gives, or the image
//     [programs.score]  path = "bin/score"  seconds = 60  memory = "1GiB"  ...      all of Config::Program
//     [sources.shop]  url = "postgresql://sinan@db/shop"  password_env = "SHOP_PASSWORD"  read_only = true  default = true
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sinan {

struct Config {
  struct Limits {
    uint32_t threads = 0;          // 0 = the cores this process may use
    uint64_t memory_bytes = 0;     // 0 = 80 % of what the machine or its cgroup has
    uint64_t temp_disk_bytes = 0;  // 0 = no limit
  } limits;
  struct Run {
    bool cache = true;
    uint32_t retries = 2;  // for errors where retrying helps
  } run;
  struct Log {
    std::string level = "warning";
    std::string file;
  } log;
  // As written: flow/data_sources.h reads the URL and finds the password.
  struct Source {
    std::string name;
    std::string url;
    std::string password_env;   // the environment variable that holds the password
    std::string password_file;  // or the file that does
    bool read_only = false;
    bool is_default = false;
  };
  std::vector<Source> sources;  // in the order of their names

  // A program that TO RUN may start (run/executor.h): a file of this machine, or an image.
  struct Program {
    std::string name;                           // the first string behind CMD, or the image
    std::string path;                           // relative to the project folder
    std::string image;                          // for docker or podman, instead of a path
    std::string interpreter;                    // what starts the file; "python3" for *.py when empty
    std::string container_tool;                 // "docker", "podman" or a path; empty = the first that is there
    std::string input = "csv";                  // format of the rows it gets: "csv" or "arrow"
    std::vector<std::string> read;              // more files and folders that it may read
    uint32_t seconds = 600;                     // 0 = no limit
    uint64_t memory_bytes = uint64_t{2} << 30;  // of each process, and of all together
    uint64_t output_bytes = uint64_t{1} << 30;  // of each file, and of all together
    uint32_t processes = 64;                    // threads count
    uint32_t files = 256;                       // open at a time in each process
    bool network = false;
    bool strict =
        false;  // refuse to start it where this machine cannot keep it from files, network and other processes
  };
  std::vector<Program> programs;  // in the order of their names
};

// Errors: Code::kArgument with the line and the key.
Result<Config> parse_config(std::string_view toml, std::string_view file_name);
// Zeros replaced by what this machine and its cgroup offer.
Config with_machine_defaults(Config config);

}  // namespace sinan
