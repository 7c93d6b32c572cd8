// The LightGBM library, loaded at run time: the part of its C API that training needs. There is no header to include: the
// declarations here follow the documented C API of LightGBM 4.
//
// Looked for in lib/sinan beside the program's bin, then where SINAN_LIGHTGBM_LIBRARY says, then by the system's loader.
// Thread-safe after load(); never unloaded.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sinan::ml::lightgbm {

using DatasetHandle = void*;
using BoosterHandle = void*;
extern "C" {
using LogText = void(const char*);
}

// Of values in arrays.
inline constexpr int kFloat32 = 0;
inline constexpr int kFloat64 = 1;
inline constexpr int kInt32 = 2;
inline constexpr int kInt64 = 3;

struct Library {
  std::string path;

  const char* (*get_last_error)();
  int (*register_log_callback)(LogText*);
  int (*dump_aliases)(int64_t capacity, int64_t* size, char* json);

  int (*sample_count)(int32_t rows, const char* parameters, int* out);
  int (*sample_indices)(int32_t rows, const char* parameters, void* out, int32_t* size);
  // Of a sample: each column's values other than zero, and in which sampled row each stands.
  int (*dataset_from_sample)(double** values, int** rows, int32_t columns, const int* sizes, int32_t sampled_rows,
                             int32_t rows_here, int64_t rows_everywhere, const char* parameters, DatasetHandle* out);
  int (*dataset_by_reference)(DatasetHandle reference, int64_t rows, DatasetHandle* out);
  // Row-major. The dataset is complete with its last row.
  int (*dataset_push_rows)(DatasetHandle, const void* values, int type, int32_t rows, int32_t columns, int32_t begin);
  // Compressed sparse rows; a column that a row does not list is zero.
  int (*dataset_push_sparse)(DatasetHandle, const void* begins, int begins_type, const int32_t* columns,
                             const void* values, int type, int64_t begins_count, int64_t values_count,
                             int64_t all_columns, int64_t begin);
  int (*dataset_set_names)(DatasetHandle, const char** names, int count);
  int (*dataset_set_field)(DatasetHandle, const char* field, const void* values, int size, int type);
  int (*dataset_free)(DatasetHandle);

  int (*booster_create)(DatasetHandle train, const char* parameters, BoosterHandle* out);
  int (*booster_free)(BoosterHandle);
  int (*booster_parse)(const char* text, int* rounds, BoosterHandle* out);
  // The other's trees in front of its own.
  int (*booster_merge)(BoosterHandle, BoosterHandle other);
  // Row-major in and out; `what` 1 = margins, of all rounds from the first on.
  int (*booster_predict)(BoosterHandle, const void* values, int type, int32_t rows, int32_t columns, int is_row_major,
                         int what, int first_round, int rounds, const char* parameters, int64_t* size, double* out);
  int (*booster_add_validation)(BoosterHandle, DatasetHandle);
  int (*booster_update)(BoosterHandle, int* no_split_left);
  int (*booster_rounds)(BoosterHandle, int* out);
  int (*booster_metric_count)(BoosterHandle, int* out);
  int (*booster_metric_names)(BoosterHandle, int capacity, int* count, size_t bytes, size_t* needed_bytes, char** out);
  // 0 = the training rows, 1 = the validation rows.
  int (*booster_metrics)(BoosterHandle, int data, int* count, double* out);
  int (*booster_importance)(BoosterHandle, int rounds, int type, double* out);
  // `size` counts a terminating zero.
  int (*booster_save)(BoosterHandle, int first_round, int rounds, int importance_type, int64_t capacity, int64_t* size,
                      char* out);

  // Errors: kUnsupported with the way to get it. `file` empty = the places above.
  static Result<std::unique_ptr<const Library>> load(const std::filesystem::path& file = {});

  // The Status of a call: 0 is success; otherwise the library's own words as `code`.
  Status check(int result, std::string_view doing, Code code = Code::kData) const;
};

// Sends what the library says on this thread to the log, until destroyed.
class LogForwarding {
 public:
  explicit LogForwarding(const Library& library);
  ~LogForwarding();
  LogForwarding(const LogForwarding&) = delete;
  LogForwarding& operator=(const LogForwarding&) = delete;

 private:
  const Library& library_;
};

}  // namespace sinan::ml::lightgbm
