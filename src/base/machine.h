// What this process may use of the machine: the cores of its affinity mask and its cgroup's quota, the memory of the
// machine or its cgroup (v2 or v1), whichever is less.
#pragma once

#include <cstdint>
#include <filesystem>

namespace sinan {

struct Machine {
  uint32_t cores = 1;
  uint64_t memory_bytes = 0;
};

// `root` stands for "/" when /proc and /sys are looked up: for tests.
Machine inspect_machine(const std::filesystem::path& root = "/");

// The most memory that this process has held so far; 0 where the system does not say.
uint64_t peak_memory_bytes();

}  // namespace sinan
