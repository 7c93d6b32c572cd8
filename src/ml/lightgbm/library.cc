#include "ml/lightgbm/library.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <stdlib.h>

#include <vector>

#include "base/log.h"
#include "base/strings.h"

namespace sinan::ml::lightgbm {
namespace {

constexpr std::string_view kRemedy =
    "put lib_lightgbm.so (version 4.6 or later) into lib/sinan, or set SINAN_LIGHTGBM_LIBRARY to its path; it needs "
    "the "
    "system's libgomp.so.1";

std::vector<std::string> places() {
  std::vector<std::string> paths;
  std::error_code ignored;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", ignored);
  if (!program.empty())
    paths.push_back((program.parent_path().parent_path() / "lib" / "sinan" / "lib_lightgbm.so").string());
  if (const char* named = getenv("SINAN_LIGHTGBM_LIBRARY"); named != nullptr && *named != '\0')
    paths.emplace_back(named);
  paths.emplace_back("lib_lightgbm.so");
  return paths;
}

// Waiting OpenMP threads must sleep: a spinning one takes the core that the engine or another step needs. Read when the
// OpenMP library is loaded.
void settle_openmp() { setenv("OMP_WAIT_POLICY", "passive", 0); }

template <class F>
void find(void* handle, const char* name, F*& function, std::string& missing) {
  function = reinterpret_cast<F*>(dlsym(handle, name));
  if (function == nullptr && missing.empty()) missing = name;
}

// The library hands its messages over in pieces; a line ends with its own line feed.
thread_local std::string log_line;

// Static: a name with C linkage is one name in the whole program, whatever its namespace.
extern "C" {
static void forward_log(const char* piece) {
  log_line += piece;
  if (!log_line.ends_with('\n')) return;
  const std::string_view line = trim(log_line);
  if (!line.empty()) log::info(line);
  log_line.clear();
}

static void ignore_log(const char*) {}
}

std::string find_all(void* handle, Library& library) {
  std::string missing;
  find(handle, "LGBM_GetLastError", library.get_last_error, missing);
  find(handle, "LGBM_RegisterLogCallback", library.register_log_callback, missing);
  find(handle, "LGBM_DumpParamAliases", library.dump_aliases, missing);
  find(handle, "LGBM_GetSampleCount", library.sample_count, missing);
  find(handle, "LGBM_SampleIndices", library.sample_indices, missing);
  find(handle, "LGBM_DatasetCreateFromSampledColumn", library.dataset_from_sample, missing);
  find(handle, "LGBM_DatasetCreateByReference", library.dataset_by_reference, missing);
  find(handle, "LGBM_DatasetPushRows", library.dataset_push_rows, missing);
  find(handle, "LGBM_DatasetPushRowsByCSR", library.dataset_push_sparse, missing);
  find(handle, "LGBM_DatasetSetFeatureNames", library.dataset_set_names, missing);
  find(handle, "LGBM_DatasetSetField", library.dataset_set_field, missing);
  find(handle, "LGBM_DatasetFree", library.dataset_free, missing);
  find(handle, "LGBM_BoosterCreate", library.booster_create, missing);
  find(handle, "LGBM_BoosterFree", library.booster_free, missing);
  find(handle, "LGBM_BoosterLoadModelFromString", library.booster_parse, missing);
  find(handle, "LGBM_BoosterMerge", library.booster_merge, missing);
  find(handle, "LGBM_BoosterPredictForMat", library.booster_predict, missing);
  find(handle, "LGBM_BoosterAddValidData", library.booster_add_validation, missing);
  find(handle, "LGBM_BoosterUpdateOneIter", library.booster_update, missing);
  find(handle, "LGBM_BoosterGetCurrentIteration", library.booster_rounds, missing);
  find(handle, "LGBM_BoosterGetEvalCounts", library.booster_metric_count, missing);
  find(handle, "LGBM_BoosterGetEvalNames", library.booster_metric_names, missing);
  find(handle, "LGBM_BoosterGetEval", library.booster_metrics, missing);
  find(handle, "LGBM_BoosterFeatureImportance", library.booster_importance, missing);
  find(handle, "LGBM_BoosterSaveModelToString", library.booster_save, missing);
  return missing;
}

}  // namespace

Result<std::unique_ptr<const Library>> Library::load(const std::filesystem::path& file) {
  settle_openmp();
  void* handle = nullptr;
  std::string path;
  std::string reason;
  for (const std::string& place : file.empty() ? places() : std::vector<std::string>{file.string()}) {
    handle = dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle != nullptr) {
      path = place;
      break;
    }
    // The first place that has the file at all tells most.
    if (std::error_code ignored; reason.empty() || std::filesystem::exists(place, ignored)) reason = dlerror();
  }
  if (handle == nullptr) {
    return fail(Code::kUnsupported, fmt::format("the LightGBM library cannot be loaded: {}", reason),
                std::string(kRemedy));
  }
  auto library = std::make_unique<Library>();
  library->path = path;
  if (const std::string missing = find_all(handle, *library); !missing.empty()) {
    dlclose(handle);
    return fail(Code::kUnsupported, fmt::format("the LightGBM library is too old: {} has no {}", path, missing),
                std::string(kRemedy));
  }
  return std::unique_ptr<const Library>(std::move(library));
}

Status Library::check(int result, std::string_view doing, Code code) const {
  if (result == 0) return {};
  std::string line;
  for (const char c : trim(get_last_error())) line += c == '\n' ? ' ' : c;
  if (line.find("bad_alloc") != std::string::npos) {
    return fail(Code::kExhausted, fmt::format("LightGBM ran out of memory while {}", doing));
  }
  return fail(code, fmt::format("LightGBM failed while {}: {}", doing, line));
}

LogForwarding::LogForwarding(const Library& library) : library_(library) {
  library_.register_log_callback(forward_log);
}

LogForwarding::~LogForwarding() {
  library_.register_log_callback(ignore_log);
  log_line.clear();
}

}  // namespace sinan::ml::lightgbm
