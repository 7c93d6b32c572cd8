// A service for the tests (test/experiment_client): follows the server that is named and says on standard output what it is told; answers
// lines of standard input: "get" with search.results for nobody in particular, "status", "error", and "clock" with the
// microseconds that it takes the server's clock to be ahead. Or saves until it is killed.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>

#include "experiment/client/client.h"
#include "experiment/evaluator/evaluate.h"
#include "experiment/evaluator/host.h"

using namespace sinan::experiment;

namespace {

void say(const std::string& text) {
  std::printf("%s\n", text.c_str());
  std::fflush(stdout);
}

int save_for_ever(int count, char** arguments) {
  Evaluator evaluators[2];
  for (int i = 0; i < 2; ++i) {
    if (count != 5 || !evaluators[i].load_file(arguments[3 + i])) return 2;
  }
  for (size_t i = 0;; ++i) {
    if (!evaluators[i % 2].save_file(arguments[2])) return 1;
    if (i == 0) say("saving");
  }
}

}  // namespace

// client_main URL CACHE WAIT POLL TIMEOUT (milliseconds; with the token $SINAN_TOKEN), or client_main save FILE SNAPSHOT SNAPSHOT
int main(int count, char** arguments) {
  if (count > 1 && std::strcmp(arguments[1], "save") == 0) return save_for_ever(count, arguments);
  if (count != 6) return 2;
  const char* token = std::getenv("SINAN_TOKEN");
  auto client =
      Client::start({.url = arguments[1],
                     .token = token == nullptr ? "" : token,
                     .cache = arguments[2],
                     .wait = std::chrono::milliseconds(std::stoi(arguments[3])),
                     .poll = std::chrono::milliseconds(std::stoi(arguments[4])),
                     .timeout = std::chrono::milliseconds(std::stoi(arguments[5])),
                     .warn = [](const std::string& message) { std::fprintf(stderr, "%s\n", message.c_str()); }});
  if (!client) {
    say("refused " + client.error().message);
    return 1;
  }
  (*client)->on_change([](ClientEvent event) {
    constexpr const char* kNames[] = {"ready", "stale", "changed", "error"};
    say(std::string("told ") + kNames[static_cast<size_t>(event)]);
  });
  say("started");
  for (std::string line; std::getline(std::cin, line);) {
    if (line == "get") {
      const auto snapshot = (*client)->read();
      say("got " + std::to_string(integer(*snapshot, "search.results", (*client)->context(), 1)));
    } else if (line == "clock") {
      const auto now = (*client)->context().now();
      say("ahead " + std::to_string(now ? *now - clock_micros() : 0));
    } else if (line == "status") {
      say("is " + std::string(to_string((*client)->status())));
    } else {
      say("error " + (*client)->last_error());
    }
  }
}
