/* The C interface of the evaluator, libsinan_experiment: parameters of Sinan evaluated in the calling process.
 *
 *     sinan_evaluator* evaluator = sinan_evaluator_new();
 *     sinan_evaluator_load_file(evaluator, "flags.snapshot", NULL, 0);
 *     sinan_context* context = sinan_context_new();
 *     sinan_context_set_string(context, "user_id", "u42");
 *     int fast = sinan_get_bool(evaluator, "search.fast", context, 0, NULL);
 *
 * Evaluators are thread-safe, contexts are not. A getter never fails: what cannot be answered is the default that was passed, and
 * the detail says why. Texts are UTF-8 and end with a zero byte; contexts copy what they are given. No function may be given a null
 * evaluator, context or name.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SINAN_EXPERIMENT_ABI 1

/* NOLINTBEGIN(readability-identifier-naming): names of C. */

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

typedef struct sinan_evaluator sinan_evaluator;
typedef struct sinan_context sinan_context;

typedef enum sinan_reason {
  SINAN_REASON_STATIC = 0,
  SINAN_REASON_DEFAULT = 1,
  SINAN_REASON_TARGETING_MATCH = 2,
  SINAN_REASON_SPLIT = 3,
  SINAN_REASON_ERROR = 4
} sinan_reason;

typedef enum sinan_problem {
  SINAN_OK = 0,
  SINAN_FLAG_NOT_FOUND = 1,
  SINAN_TYPE_MISMATCH = 2,
  SINAN_INVALID_CONTEXT = 3 /* of sinan_evaluate() only: the bytes are no context */
} sinan_problem;

typedef enum sinan_type {
  SINAN_TYPE_ANY = -1,
  SINAN_TYPE_BOOL = 0,
  SINAN_TYPE_INT = 1,
  SINAN_TYPE_DOUBLE = 2, /* an int parameter too, where a double is asked for */
  SINAN_TYPE_STRING = 3,
  SINAN_TYPE_JSON = 4
} sinan_type;

typedef struct sinan_detail {
  int32_t reason;       /* sinan_reason */
  int32_t problem;      /* sinan_problem */
  int32_t missing_unit; /* an experiment would have applied, had the context its unit */
  uint32_t bucket;      /* of the experiment that decided */
  uint64_t version;     /* of the configuration */
  char experiment[128]; /* that decided; empty when none did; cut when longer */
  char group[128];
  uint32_t exposure_count; /* experiments whose group the value depends on */
} sinan_detail;

int sinan_experiment_abi(void);

sinan_evaluator* sinan_evaluator_new(void);
void sinan_evaluator_free(sinan_evaluator* evaluator);
/* 0, or -1 with the reason in `error` (may be null); then the snapshot in use stays. */
int sinan_evaluator_load(sinan_evaluator* evaluator, const void* bytes, size_t size, char* error, size_t error_size);
int sinan_evaluator_load_file(sinan_evaluator* evaluator, const char* path, char* error, size_t error_size);
int sinan_evaluator_save_file(const sinan_evaluator* evaluator, const char* path, char* error, size_t error_size);
uint64_t sinan_evaluator_version(const sinan_evaluator* evaluator);
/* Reads of a parameter since the evaluator was made. */
uint64_t sinan_evaluator_accesses(const sinan_evaluator* evaluator, const char* parameter);

sinan_context* sinan_context_new(void);
void sinan_context_free(sinan_context* context);
void sinan_context_clear(sinan_context* context);
void sinan_context_set_bool(sinan_context* context, const char* name, int value);
void sinan_context_set_int(sinan_context* context, const char* name, int64_t value);
void sinan_context_set_double(sinan_context* context, const char* name, double value);
void sinan_context_set_string(sinan_context* context, const char* name, const char* value);
void sinan_context_set_list(sinan_context* context, const char* name, const char* const* values, size_t count);
/* Microseconds since 1970, UTC: the time at which schedules are read. */
void sinan_context_set_now(sinan_context* context, int64_t micros);
void sinan_context_force_group(sinan_context* context, const char* experiment, const char* group);

/* `detail` may be null. */
int sinan_get_bool(const sinan_evaluator* evaluator, const char* parameter, const sinan_context* context, int fallback,
                   sinan_detail* detail);
int64_t sinan_get_int(const sinan_evaluator* evaluator, const char* parameter, const sinan_context* context,
                      int64_t fallback, sinan_detail* detail);
double sinan_get_double(const sinan_evaluator* evaluator, const char* parameter, const sinan_context* context,
                        double fallback, sinan_detail* detail);
/* Write the text with its zero byte into `buffer`, cut to `size`; answer its whole length without the zero byte. */
size_t sinan_get_string(const sinan_evaluator* evaluator, const char* parameter, const sinan_context* context,
                        const char* fallback, char* buffer, size_t size, sinan_detail* detail);
size_t sinan_get_json(const sinan_evaluator* evaluator, const char* parameter, const sinan_context* context,
                      const char* fallback, char* buffer, size_t size, sinan_detail* detail);
/* A line for each decision, indented by depth. */
size_t sinan_explain(const sinan_evaluator* evaluator, const char* parameter, const sinan_context* context,
                     char* buffer, size_t size);

/* For bindings of other languages: all of an answer in one call, of one version. A context is one block of bytes that may be kept
 * and shared (docs/formats/context.md). */

typedef struct sinan_answer {
  int32_t type;         /* sinan_type of the parameter; SINAN_TYPE_ANY when it is unknown */
  int32_t reason;       /* sinan_reason */
  int32_t problem;      /* sinan_problem; then there is no value: the caller's default is to be taken */
  int32_t missing_unit; /* as in sinan_detail */
  uint64_t version;     /* of the configuration */
  int64_t integer;      /* the value of a bool (0, 1) or an int */
  double real;          /* of a double; also of an int */
  uint32_t bucket;      /* of the experiment that decided; 4294967295 when the group was forced or none did */
  uint32_t exposure_count;
  /* Sizes of the texts in the buffer, one behind the other in this order, without zero bytes. */
  uint32_t text_size;       /* the value of a string or JSON parameter */
  uint32_t experiment_size; /* that decided */
  uint32_t group_size;
  uint32_t exposures_size; /* "slices:a;colors:t1": the experiments whose group the value depends on */
} sinan_answer;

/* `type`: what the caller can use, or SINAN_TYPE_ANY. `is_prefetch`: not an access, nothing is counted. Answers the bytes that the texts
 * need; when that is more than `size` they are cut: ask again with a larger buffer, as a prefetch. */
size_t sinan_evaluate(const sinan_evaluator* evaluator, const char* parameter, size_t parameter_size, int32_t type,
                      const void* context, size_t context_size, int32_t is_prefetch, char* texts, size_t size,
                      sinan_answer* answer);
/* These answer the bytes they need, and write no zero byte. */
size_t sinan_explain_context(const sinan_evaluator* evaluator, const char* parameter, size_t parameter_size,
                             const void* context, size_t context_size, char* texts, size_t size);
size_t sinan_parameters(const sinan_evaluator* evaluator, char* texts, size_t size); /* names, a line each */
/* The access that a value which was fetched ahead counts for when code comes to use it. */
void sinan_count_access(const sinan_evaluator* evaluator, const char* parameter, size_t parameter_size);

/* NOLINTEND(readability-identifier-naming) */

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif
