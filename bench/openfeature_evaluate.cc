// One evaluation through OpenFeature's API for C++, beside the same one asked of the evaluator directly: time and allocations of each
// call. Without hooks and contexts, and with those of a service: a context of the API, one of the request and one of the client, two
// hooks. Answers are checked. Processor time of the thread; prints a JSON line a measurement.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "allocations.h"
#include "experiment/client/openfeature/api.h"
#include "experiment/client/openfeature/sinan_provider.h"
#include "experiment/compile.h"
#include "experiment/evaluator/evaluate.h"

namespace {

using namespace sinan;

constexpr int kCalls = 20'000;
constexpr std::string_view kParameter = "checkout.color";

// Half of all users are in the group that sees black.
experiment::Configuration configuration() {
  experiment::Configuration c;
  c.version = 1;
  c.attributes = {{"user_id", experiment::AttributeType::kString}, {"city", experiment::AttributeType::kString}};
  experiment::Parameter parameter;
  parameter.name = kParameter;
  parameter.type = experiment::ValueType::kString;
  parameter.fallback = std::string("green");
  c.parameters = {parameter};
  experiment::Experiment e;
  e.name = "colors";
  e.state = experiment::State::kRunning;
  e.unit = {"user_id"};
  e.groups = {{"control", 0, 49, {}}, {"t", 50, 99, {}}};
  experiment::Branch branch;
  branch.condition = *experiment::parse_condition("city = 'Oslo'");
  branch.treatments.push_back({parameter.name, {{"control", std::string("green")}, {"t", std::string("black")}}});
  e.branches.push_back(std::move(branch));
  c.experiments.push_back(std::move(e));
  return c;
}

double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// Of one call, the median over batches.
template <class Call>
void measure(std::string_view name, double target, Call call) {
  std::vector<double> nanoseconds(31);
  for (int i = 0; i < kCalls; ++i) call(i);
  const size_t before = allocations();
  for (double& one : nanoseconds) {
    const double start = thread_seconds();
    for (int i = 0; i < kCalls; ++i) call(i);
    one = (thread_seconds() - start) * 1e9 / kCalls;
  }
  const auto calls = static_cast<double>(kCalls * nanoseconds.size());
  const double allocated = static_cast<double>(allocations() - before) / calls;
  std::ranges::sort(nanoseconds);
  fmt::print(R"({{"name":"openfeature_{}","ours":{:.4g},"target":{},"unit":"ns","allocations":{:.3g}}})"
             "\n",
             name, nanoseconds[nanoseconds.size() / 2], target, allocated);
}

const std::vector<std::string>& users() {
  static const std::vector<std::string> ids = [] {
    std::vector<std::string> made;
    for (int i = 0; i < 1024; ++i) made.push_back(fmt::format("{:08x}-0000-4000-8000-{:012x}", i * 2654435761U, i));
    return made;
  }();
  return ids;
}

}  // namespace

int main() {
  const std::string file = std::filesystem::temp_directory_path() / fmt::format("bench_openfeature_{}", ::getpid());
  experiment::Evaluator evaluator;
  if (!evaluator.load(compile(*bind(configuration()), 1)) || !evaluator.save_file(file)) std::abort();
  std::vector<std::string> expected;
  for (const std::string& id : users()) {
    experiment::Context context;
    context.set("city", "Oslo").set("user_id", std::string_view(id));
    expected.emplace_back(string(*evaluator.read(), kParameter, context, ""));
  }
  if (std::ranges::count(expected, "black") < 400) std::abort();

  {
    // The last known snapshot counts: no server is at this address.
    openfeature::Api api;
    auto provider = std::make_shared<openfeature::SinanProvider>(
        experiment::ClientOptions{.url = "http://127.0.0.1:1", .cache = file, .wait = std::chrono::milliseconds(0)});
    if (!api.set_provider_and_wait(provider)) std::abort();
    openfeature::Client client = api.client();
    const auto check = [&](size_t i, std::string_view answer) {
      if (answer != expected[i]) std::abort();
    };
    measure("directly", 300, [&](int call) {
      const size_t i = static_cast<size_t>(call) % users().size();
      experiment::Context context;
      context.set("city", "Oslo").set("user_id", std::string_view(users()[i]));
      check(i, string(*evaluator.read(), kParameter, context, ""));
    });
    measure("bare", 1500, [&](int call) {
      const size_t i = static_cast<size_t>(call) % users().size();
      check(i, client.string_value(kParameter, "", {.targeting_key = users()[i], .attributes = {{"city", "Oslo"}}}));
    });
    api.set_context({.targeting_key = std::nullopt, .attributes = {{"service", "shop"}, {"region", "north"}}});
    client.set_context({.targeting_key = std::nullopt, .attributes = {{"page", "checkout"}}});
    client.add_hooks({std::make_shared<openfeature::Hook>()});
    api.add_hooks({std::make_shared<openfeature::Hook>()});
    measure("in_a_service", 2500, [&](int call) {
      const size_t i = static_cast<size_t>(call) % users().size();
      const openfeature::TransactionContext request({.targeting_key = users()[i], .attributes = {}});
      check(i, client.string_value(kParameter, "", {.targeting_key = {}, .attributes = {{"city", "Oslo"}}}));
    });
  }
  std::filesystem::remove(file);
}
