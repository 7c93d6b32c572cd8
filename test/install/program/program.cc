// The same in C++.
#include <cstdio>

#include "experiment/evaluator/evaluate.h"
#include "experiment/evaluator/evaluator.h"

using namespace sinan::experiment;

int main(int count, char** arguments) {
  Evaluator evaluator;
  const auto loaded = count == 2 ? evaluator.load_file(arguments[1]) : sinan::Status();
  if (!loaded) {
    std::fprintf(stderr, "%s\n", loaded.error().message.c_str());
    return 1;
  }
  Context context;
  context.set("user_id", "u42").force_group("slices", "a");
  const auto snapshot = evaluator.read();
  Detail detail;
  const std::string color(string(*snapshot, "traffic_slice", context, "?", &detail));
  std::printf("%s %s %s %d\n", color.c_str(), std::string(experiment_name(*snapshot, detail.decided_by)).c_str(),
              std::string(group_name(*snapshot, detail.decided_by)).c_str(), static_cast<int>(detail.version));
}
