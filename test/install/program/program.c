/* Prints the button's colour for u42 out of the snapshot that is named. */
#include <sinan_experiment.h>
#include <stdio.h>

int main(int count, char** arguments) {
  char error[200] = "";
  char color[16];
  sinan_detail detail;
  sinan_evaluator* evaluator = sinan_evaluator_new();
  sinan_context* context = sinan_context_new();
  if (count != 2 || sinan_evaluator_load_file(evaluator, arguments[1], error, sizeof(error)) != 0) {
    fprintf(stderr, "%s\n", error);
    return 1;
  }
  sinan_context_set_string(context, "user_id", "u42");
  sinan_context_force_group(context, "slices", "a");
  sinan_get_string(evaluator, "traffic_slice", context, "?", color, sizeof(color), &detail);
  printf("%s %s %s %d\n", color, detail.experiment, detail.group, (int)detail.version);
  sinan_context_free(context);
  sinan_evaluator_free(evaluator);
  return 0;
}
