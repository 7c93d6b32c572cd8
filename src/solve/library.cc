#include "solve/library.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string_view>
#include <vector>

namespace sinan::solve {
namespace {

constexpr std::string_view kRemedy =
    "put libhighs.so (version 1.15 or later) into lib/sinan, or set SINAN_HIGHS_LIBRARY to its path";

std::vector<std::string> places() {
  std::vector<std::string> paths;
  std::error_code ignored;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", ignored);
  if (!program.empty())
    paths.push_back((program.parent_path().parent_path() / "lib" / "sinan" / "libhighs.so").string());
  if (const char* named = std::getenv("SINAN_HIGHS_LIBRARY"); named != nullptr && *named != '\0')
    paths.emplace_back(named);
  paths.emplace_back("libhighs.so");
  return paths;
}

template <class F>
void find(void* handle, const char* name, F& function, std::string& missing) {
  function = reinterpret_cast<F>(dlsym(handle, name));
  if (function == nullptr && missing.empty()) missing = name;
}

void find_all(void* handle, Library& library, std::string& missing) {
  find(handle, "Highs_create", library.create, missing);
  find(handle, "Highs_destroy", library.destroy, missing);
  find(handle, "Highs_run", library.run, missing);
  find(handle, "Highs_passModel", library.pass_model, missing);
  find(handle, "Highs_setBoolOptionValue", library.set_bool, missing);
  find(handle, "Highs_setIntOptionValue", library.set_int, missing);
  find(handle, "Highs_setDoubleOptionValue", library.set_double, missing);
  find(handle, "Highs_setStringOptionValue", library.set_string, missing);
  find(handle, "Highs_getModelStatus", library.model_status, missing);
  find(handle, "Highs_getIntInfoValue", library.info_int, missing);
  find(handle, "Highs_getInt64InfoValue", library.info_int64, missing);
  find(handle, "Highs_getDoubleInfoValue", library.info_double, missing);
  find(handle, "Highs_getObjectiveValue", library.objective, missing);
  find(handle, "Highs_getSolution", library.solution, missing);
  find(handle, "Highs_getRunTime", library.run_time, missing);
  find(handle, "Highs_getDualRay", library.dual_ray, missing);
  find(handle, "Highs_changeColsBoundsBySet", library.change_column_bounds, missing);
  find(handle, "Highs_changeRowsBoundsBySet", library.change_row_bounds, missing);
  find(handle, "Highs_setCallback", library.set_callback, missing);
  find(handle, "Highs_startCallback", library.start_callback, missing);
}

}  // namespace

Result<std::unique_ptr<const Library>> Library::load(const std::filesystem::path& file) {
  void* handle = nullptr;
  auto library = std::make_unique<Library>();
  std::string reason;
  for (const std::string& place : file.empty() ? places() : std::vector<std::string>{file.string()}) {
    handle = dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle != nullptr) {
      library->path = place;
      break;
    }
    reason = dlerror();
  }
  if (handle == nullptr) {
    return fail(Code::kUnsupported, fmt::format("the HiGHS library cannot be loaded: {}", reason),
                std::string(kRemedy));
  }
  std::string missing;
  decltype(&Highs_version) version = nullptr;
  find(handle, "Highs_version", version, missing);
  find_all(handle, *library, missing);
  library->version = version == nullptr ? "unknown" : version();
  // The callback's structure grows with minor versions.
  int numbers[2] = {0, 0};
  if (std::sscanf(library->version.c_str(), "%d.%d", &numbers[0], &numbers[1]) != 2) numbers[0] = 0;
  const bool fits = numbers[0] == HIGHS_VERSION_MAJOR && numbers[1] >= HIGHS_VERSION_MINOR;
  if (!missing.empty() || !fits) {
    dlclose(handle);
    return fail(Code::kUnsupported,
                fmt::format("the HiGHS library is of another version: {} at {}", library->version, library->path),
                std::string(kRemedy));
  }
  return std::unique_ptr<const Library>(std::move(library));
}

Result<const Library*> Library::shared() {
  static std::mutex mutex;
  static std::unique_ptr<const Library> library;
  const std::lock_guard lock(mutex);
  if (library == nullptr) library = TRY(load());
  return library.get();
}

}  // namespace sinan::solve
