#include "ml/xgboost/library.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <stdlib.h>

#include <vector>

#include "base/strings.h"

namespace sinan::ml::xgboost {
namespace {

constexpr std::string_view kRemedy =
    "put libxgboost.so (version 2.0 or later) into lib/sinan, or set SINAN_XGBOOST_LIBRARY to its path";

std::vector<std::string> places() {
  std::vector<std::string> paths;
  std::error_code ignored;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", ignored);
  if (!program.empty())
    paths.push_back((program.parent_path().parent_path() / "lib" / "sinan" / "libxgboost.so").string());
  if (const char* named = getenv("SINAN_XGBOOST_LIBRARY"); named != nullptr && *named != '\0')
    paths.emplace_back(named);
  paths.emplace_back("libxgboost.so");
  return paths;
}

// Waiting OpenMP threads must sleep: a spinning one takes the core that the engine or another step needs. Read when the
// OpenMP library is loaded, which happens with the first library that needs it.
void settle_openmp() { setenv("OMP_WAIT_POLICY", "passive", 0); }

template <class F>
bool find(void* handle, const char* name, F*& function, std::string& missing) {
  function = reinterpret_cast<F*>(dlsym(handle, name));
  if (function == nullptr && missing.empty()) missing = name;
  return function != nullptr;
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
    reason = dlerror();
  }
  if (handle == nullptr) {
    return fail(Code::kUnsupported, fmt::format("the XGBoost library cannot be loaded: {}", reason),
                std::string(kRemedy));
  }
  auto library = std::make_unique<Library>();
  library->path = path;
  std::string missing;
  void (*version)(int*, int*, int*) = nullptr;
  find(handle, "XGBoostVersion", version, missing);
  find(handle, "XGBGetLastError", library->get_last_error, missing);
  find(handle, "XGBRegisterLogCallback", library->register_log_callback, missing);
  find(handle, "XGBSetGlobalConfig", library->set_global_config, missing);
  find(handle, "XGProxyDMatrixCreate", library->proxy_create, missing);
  find(handle, "XGProxyDMatrixSetDataColumnar", library->proxy_set_columnar, missing);
  find(handle, "XGProxyDMatrixSetDataCSR", library->proxy_set_rows, missing);
  find(handle, "XGDMatrixCreateFromCSR", library->matrix_from_rows, missing);
  find(handle, "XGDMatrixSetInfoFromInterface", library->matrix_set_info, missing);
  find(handle, "XGDMatrixSetStrFeatureInfo", library->matrix_set_strings, missing);
  find(handle, "XGDMatrixCreateFromColumnar", library->matrix_from_columnar, missing);
  find(handle, "XGQuantileDMatrixCreateFromCallback", library->quantile_matrix, missing);
  library->paged_matrix =
      reinterpret_cast<decltype(library->paged_matrix)>(dlsym(handle, "XGExtMemQuantileDMatrixCreateFromCallback"));
  find(handle, "XGDMatrixFree", library->matrix_free, missing);
  find(handle, "XGBoosterCreate", library->booster_create, missing);
  find(handle, "XGBoosterFree", library->booster_free, missing);
  find(handle, "XGBoosterLoadModelFromBuffer", library->booster_load, missing);
  find(handle, "XGBoosterBoostedRounds", library->booster_rounds, missing);
  find(handle, "XGBoosterSetParam", library->booster_set_param, missing);
  find(handle, "XGBoosterSetStrFeatureInfo", library->booster_set_strings, missing);
  find(handle, "XGBoosterUpdateOneIter", library->booster_update, missing);
  find(handle, "XGBoosterEvalOneIter", library->booster_evaluate, missing);
  find(handle, "XGBoosterSlice", library->booster_slice, missing);
  find(handle, "XGBoosterSaveModelToBuffer", library->booster_save, missing);
  find(handle, "XGBoosterFeatureScore", library->booster_scores, missing);

  int numbers[3] = {0, 0, 0};
  if (version != nullptr) version(&numbers[0], &numbers[1], &numbers[2]);
  library->version = fmt::format("{}.{}.{}", numbers[0], numbers[1], numbers[2]);
  if (!missing.empty() || numbers[0] < 2) {
    dlclose(handle);
    return fail(Code::kUnsupported,
                fmt::format("the XGBoost library is too old: version {} at {}",
                            version == nullptr ? "unknown" : library->version, path),
                std::string(kRemedy));
  }
  return std::unique_ptr<const Library>(std::move(library));
}

Status Library::check(int result, std::string_view doing, Code code) const {
  if (result == 0) return {};
  std::string_view text = get_last_error();
  // "[12:00:00] /path/file.cc:123: words\nStack trace: ..."
  if (const size_t trace = text.find("Stack trace"); trace != std::string_view::npos) text = text.substr(0, trace);
  if (text.starts_with('[')) {
    if (const size_t colon = text.find(": "); colon != std::string_view::npos) text.remove_prefix(colon + 2);
  }
  std::string line;
  for (const char c : trim(text)) line += c == '\n' ? ' ' : c;
  if (line.find("bad_alloc") != std::string::npos) {
    return fail(Code::kExhausted, fmt::format("XGBoost ran out of memory while {}", doing));
  }
  return fail(code, fmt::format("XGBoost failed while {}: {}", doing, line));
}

}  // namespace sinan::ml::xgboost
