#include "base/machine.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/strings.h"

namespace sinan {
namespace {

using Path = std::filesystem::path;

std::string first_line(const Path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

// Empty for "max" (no limit) and for whatever is not a number.
std::optional<uint64_t> number(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// This process's cgroup in the v2 hierarchy (`controller` empty) or in the v1 hierarchy of a controller.
std::optional<std::string> cgroup_of(const Path& root, std::string_view controller) {
  std::ifstream in(root / "proc/self/cgroup");
  for (std::string line; std::getline(in, line);) {
    const auto parts = split_on(line, ':');  // "4:cpu,cpuacct:/user", "0::/user"
    if (parts.size() < 3) continue;
    const auto controllers = split_on(parts[1], ',');
    if (std::ranges::find(controllers, controller) != controllers.end()) {
      return line.substr(parts[0].size() + parts[1].size() + 2);
    }
  }
  return std::nullopt;
}

// Calls `visit` with the cgroup's folder and those above it: a limit anywhere on the way holds.
template <class Visit>
void for_each_level(const Path& mount, const std::optional<std::string>& cgroup, Visit visit) {
  visit(mount);
  if (!cgroup) return;
  Path folder = mount;
  for (const Path& part : Path(*cgroup).relative_path()) {
    if (part == "..") return;  // the group lies outside what this container can see
    folder /= part;
    visit(folder);
  }
}

uint64_t memory_limit(const Path& root) {
  uint64_t least = std::numeric_limits<uint64_t>::max();
  const auto take = [&](const Path& file) {
    if (const auto limit = number(first_line(file))) least = std::min(least, *limit);
  };
  const Path mount = root / "sys/fs/cgroup";
  for_each_level(mount, cgroup_of(root, ""), [&](const Path& level) { take(level / "memory.max"); });
  for_each_level(mount / "memory", cgroup_of(root, "memory"),
                 [&](const Path& level) { take(level / "memory.limit_in_bytes"); });
  return least;
}

// Cores' worth of time, rounded up.
uint32_t core_quota(const Path& root) {
  double least = std::numeric_limits<uint32_t>::max();
  const auto take = [&](std::string_view quota, std::string_view period) {
    const auto used = number(quota), of = number(period);
    if (used && of && *of > 0) least = std::min(least, static_cast<double>(*used) / static_cast<double>(*of));
  };
  const Path mount = root / "sys/fs/cgroup";
  for_each_level(mount, cgroup_of(root, ""), [&](const Path& level) {
    const std::string line = first_line(level / "cpu.max");  // "200000 100000"
    const auto parts = split_on(line, ' ');
    if (parts.size() == 2) take(parts[0], parts[1]);
  });
  for_each_level(mount / "cpu", cgroup_of(root, "cpu"), [&](const Path& level) {
    take(first_line(level / "cpu.cfs_quota_us"), first_line(level / "cpu.cfs_period_us"));
  });
  return static_cast<uint32_t>(std::max(1.0, std::ceil(least)));
}

uint32_t affinity_cores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return static_cast<uint32_t>(CPU_COUNT(&set));
  return std::max(1U, std::thread::hardware_concurrency());  // more than 1024 cores
}

}  // namespace

Machine inspect_machine(const Path& root) {
  const auto pages = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES));
  const auto page_size = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return {.cores = std::min(affinity_cores(), core_quota(root)),
          .memory_bytes = std::min(pages * page_size, memory_limit(root))};
}

uint64_t peak_memory_bytes() {
  rusage usage{};
  constexpr uint64_t kUnit = 1024;  // Linux counts in KiB
  return getrusage(RUSAGE_SELF, &usage) == 0 ? static_cast<uint64_t>(usage.ru_maxrss) * kUnit : 0;
}

}  // namespace sinan
