// The XGBoost library, loaded at run time: the part of its C API that training needs. There is no header to include: the
// declarations here follow the documented C API of XGBoost 2.0 and later.
//
// Looked for in lib/sinan beside the program's bin, then where SINAN_XGBOOST_LIBRARY says, then by the system's loader.
// Thread-safe after load(); never unloaded.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sinan::ml::xgboost {

using DMatrixHandle = void*;
using BoosterHandle = void*;
using DataIterHandle = void*;
extern "C" {
using NextBlock = int(DataIterHandle);
using ResetBlocks = void(DataIterHandle);
using LogLine = void(const char*);
}

struct Library {
  std::string version;  // "3.4.1"
  std::string path;

  const char* (*get_last_error)();
  int (*register_log_callback)(LogLine*);
  int (*set_global_config)(const char* json);

  int (*proxy_create)(DMatrixHandle* out);
  int (*proxy_set_columnar)(DMatrixHandle proxy, const char* array_interfaces);
  int (*proxy_set_rows)(DMatrixHandle proxy, const char* begins, const char* features, const char* values,
                        uint64_t columns);
  int (*matrix_set_info)(DMatrixHandle, const char* field, const char* array_interface);
  int (*matrix_set_strings)(DMatrixHandle, const char* field, const char** values, uint64_t count);
  int (*matrix_from_columnar)(const char* array_interfaces, const char* config, DMatrixHandle* out);
  int (*matrix_from_rows)(const char* begins, const char* features, const char* values, uint64_t columns,
                          const char* config, DMatrixHandle* out);
  int (*quantile_matrix)(DataIterHandle, DMatrixHandle proxy, DataIterHandle reference, ResetBlocks*, NextBlock*,
                         const char* config, DMatrixHandle* out);
  // In pages on disk; XGBoost 3.0 and later, else null.
  int (*paged_matrix)(DataIterHandle, DMatrixHandle proxy, DataIterHandle reference, ResetBlocks*, NextBlock*,
                      const char* config, DMatrixHandle* out);
  int (*matrix_free)(DMatrixHandle);

  int (*booster_create)(const DMatrixHandle* matrices, uint64_t count, BoosterHandle* out);
  int (*booster_free)(BoosterHandle);
  int (*booster_load)(BoosterHandle, const void* bytes, uint64_t size);
  int (*booster_rounds)(BoosterHandle, int* out);
  int (*booster_set_param)(BoosterHandle, const char* name, const char* value);
  int (*booster_set_strings)(BoosterHandle, const char* field, const char** values, uint64_t count);
  int (*booster_update)(BoosterHandle, int round, DMatrixHandle train);
  int (*booster_evaluate)(BoosterHandle, int round, DMatrixHandle* matrices, const char** names, uint64_t count,
                          const char** out);
  int (*booster_slice)(BoosterHandle, int begin, int end, int step, BoosterHandle* out);
  int (*booster_save)(BoosterHandle, const char* config, uint64_t* size, const char** bytes);
  int (*booster_scores)(BoosterHandle, const char* config, uint64_t* features, const char*** names,
                        uint64_t* dimensions, const uint64_t** shape, const float** scores);

  // Errors: kUnsupported with the way to get it. `file` empty = the places above.
  static Result<std::unique_ptr<const Library>> load(const std::filesystem::path& file = {});

  // The Status of a call: 0 is success; otherwise the library's own words, without its stack trace, as `code`.
  Status check(int result, std::string_view doing, Code code = Code::kData) const;
};

}  // namespace sinan::ml::xgboost
