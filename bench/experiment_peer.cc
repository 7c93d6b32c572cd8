// Imported flags, evaluated on one thread: bench_experiment_peer growthbook|flagd FLAGS CONTEXTS. Prints what bench/peers/flags.mjs
// prints of the platform's own SDK.
#include <algorithm>
#include <ctime>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "base/json.h"
#include "experiment/bound.h"
#include "experiment/compile.h"
#include "experiment/evaluator/evaluate.h"
#include "experiment/importers/import.h"

namespace {

using namespace sinan;
using namespace sinan::experiment;

constexpr int kTurns = 9;
constexpr int kRounds = 200;

double processor_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

std::string read(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

Result<Json> measure(Platform platform, const std::string& flags, const Json& asked) {
  Configuration configuration;
  TRY(add_imported(TRY(import_configuration(platform, flags, {}, configuration)), configuration));
  const Bound bound = TRY(bind(configuration));
  const auto snapshot = TRY(Snapshot::load(compile(bound, 1)));
  std::vector<Context> contexts(asked.items().size());
  for (size_t i = 0; i < contexts.size(); ++i) {
    for (const auto& [name, value] : asked.items()[i].members()) contexts[i].set(name, value.string_view());
  }
  Json out = Json::object();
  for (const std::string_view flag : {"static", "split"}) {
    std::vector<std::string_view> answers;
    Json answers_json = Json::array();
    for (const Context& context : contexts) {
      answers.push_back(string(*snapshot, flag, context, "none"));
      answers_json.push_back(answers.back());
    }
    std::vector<double> seconds;
    for (int turn = 0; turn < kTurns; ++turn) {
      size_t wrong = 0;
      const double before = processor_seconds();
      for (int round = 0; round < kRounds; ++round) {
        for (size_t i = 0; i < contexts.size(); ++i) {
          wrong += string(*snapshot, flag, contexts[i], "none").data() == answers[i].data() ? 0 : 1;
        }
      }
      seconds.push_back((processor_seconds() - before) / (kRounds * static_cast<double>(contexts.size())));
      if (wrong > 0) return fail(Code::kInternal, "answers change");
    }
    std::ranges::sort(seconds);
    out.set(std::string(flag), Json::object({{"seconds", seconds[kTurns / 2]}, {"answers", std::move(answers_json)}}));
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const auto platform = platform_named(argv[1]);
  const auto contexts = Json::parse(read(argv[3]));
  if (!platform || !contexts) return 2;
  const auto measured = measure(*platform, read(argv[2]), *contexts);
  if (!measured) {
    std::cerr << measured.error().to_string() << "\n";
    return 1;
  }
  std::cout << measured->dump() << "\n";
}
