/* A client in C: loads the snapshot that is given, evaluates, saves it under another name, loads that. */
#include <stdio.h>
#include <string.h>

#include "sinan_experiment.h"

static int failures = 0;

#define EXPECT(condition)                                                       \
  do {                                                                          \
    if (!(condition)) {                                                         \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);   \
      failures++;                                                               \
    }                                                                           \
  } while (0)

static void check_values(sinan_evaluator* evaluator) {
  char text[64];
  sinan_detail detail;
  sinan_context* context = sinan_context_new();
  sinan_context_set_string(context, "user_id", "u42");
  sinan_context_set_string(context, "city", "San Francisco");
  sinan_context_set_string(context, "app_version", "3.4.1");
  EXPECT(sinan_get_string(evaluator, "traffic_slice", context, "x", text, sizeof(text), &detail) == 1);
  EXPECT(strcmp(text, "A") == 0 || strcmp(text, "B") == 0);
  EXPECT(detail.reason == SINAN_REASON_SPLIT && detail.problem == SINAN_OK && detail.version == 7);
  EXPECT(strcmp(detail.experiment, "slices") == 0 && detail.exposure_count == 1);

  sinan_context_force_group(context, "slices", "a");
  sinan_context_force_group(context, "button_black", "t2");
  EXPECT(sinan_get_string(evaluator, "checkout.button_color", context, "x", text, sizeof(text), &detail) == 4);
  EXPECT(strcmp(text, "blue") == 0 && strcmp(detail.group, "t2") == 0);
  EXPECT(sinan_get_string(evaluator, "checkout.button_color", context, "x", text, 3, NULL) == 4);
  EXPECT(strcmp(text, "bl") == 0);

  EXPECT(sinan_get_int(evaluator, "checkout.button_color", context, -5, &detail) == -5);
  EXPECT(detail.problem == SINAN_TYPE_MISMATCH && detail.reason == SINAN_REASON_ERROR);
  EXPECT(sinan_get_bool(evaluator, "no.such", context, 1, &detail) == 1);
  EXPECT(detail.problem == SINAN_FLAG_NOT_FOUND);

  sinan_context_clear(context);
  EXPECT(sinan_get_string(evaluator, "traffic_slice", context, "x", text, sizeof(text), &detail) == 4);
  EXPECT(strcmp(text, "none") == 0 && detail.missing_unit == 1);
  char path[512];
  EXPECT(sinan_explain(evaluator, "traffic_slice", context, path, sizeof(path)) > 20);
  EXPECT(strstr(path, "has no unit: the context lacks user_id") != NULL);
  sinan_context_free(context);
}

int main(int count, char** arguments) {
  if (count != 3) return 2;
  char error[200] = "";
  sinan_evaluator* evaluator = sinan_evaluator_new();
  EXPECT(sinan_experiment_abi() == SINAN_EXPERIMENT_ABI);
  EXPECT(sinan_evaluator_version(evaluator) == 0);
  EXPECT(sinan_evaluator_load_file(evaluator, "/no/such/file", error, sizeof(error)) == -1);
  EXPECT(strstr(error, "cannot read snapshot") != NULL);
  EXPECT(sinan_evaluator_load(evaluator, "garbage", 7, error, sizeof(error)) == -1);
  EXPECT(sinan_evaluator_load_file(evaluator, arguments[1], error, sizeof(error)) == 0);
  check_values(evaluator);
  EXPECT(sinan_evaluator_accesses(evaluator, "traffic_slice") == 2);
  EXPECT(sinan_evaluator_save_file(evaluator, arguments[2], error, sizeof(error)) == 0);
  sinan_evaluator* second = sinan_evaluator_new();
  EXPECT(sinan_evaluator_load_file(second, arguments[2], error, sizeof(error)) == 0);
  check_values(second);
  sinan_evaluator_free(second);
  sinan_evaluator_free(evaluator);
  return failures == 0 ? 0 : 1;
}
