// The same through the client, which finds no server and takes the last known snapshot.
#include "experiment/client/client.h"

#include <cstdio>

#include "experiment/evaluator/evaluate.h"

using namespace sinan::experiment;

int main(int count, char** arguments) {
  const auto client = Client::start({.url = "http://127.0.0.1:1", .cache = count == 2 ? arguments[1] : ""});
  if (!client || (*client)->status() != ClientStatus::kStale) {
    std::fprintf(stderr, "cannot read snapshot\n");
    return 1;
  }
  Context context = (*client)->context();
  context.set("user_id", "u42").force_group("slices", "a");
  const auto snapshot = (*client)->read();
  Detail detail;
  const std::string color(string(*snapshot, "traffic_slice", context, "?", &detail));
  std::printf("%s %s %s %d\n", color.c_str(), std::string(experiment_name(*snapshot, detail.decided_by)).c_str(),
              std::string(group_name(*snapshot, detail.decided_by)).c_str(), static_cast<int>(detail.version));
}
