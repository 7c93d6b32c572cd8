// Parameters and experiments: evaluation on one thread (time and allocations of each call), the proof of no overlap among 10,000
// experiments, compiling, loading and memory of their snapshot. Answers are checked: values, and that exactly the overlaps that
// were planted are found. Processor time; prints a JSON line a measurement.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "allocations.h"
#include "experiment/compile.h"
#include "experiment/configuration_json.h"
#include "experiment/evaluator/evaluate.h"
#include "experiment/evaluator/evaluator.h"
#include "experiment/overlap.h"

namespace {

using namespace sinan;
using namespace sinan::experiment;

double processor_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

template <class Work>
double median_seconds(int turns, Work work) {
  std::vector<double> seconds;
  for (int i = 0; i < turns; ++i) {
    const double before = processor_seconds();
    work();
    seconds.push_back(processor_seconds() - before);
  }
  std::ranges::sort(seconds);
  return seconds[seconds.size() / 2];
}

void report(std::string_view name, double ours, double target, std::string_view unit, std::string more = {}) {
  fmt::print(R"({{"name":"experiment_{}","ours":{:.4g},"target":{:.4g},"unit":"{}"{}}})"
             "\n",
             name, ours, target, unit, more);
}

Condition condition(const std::string& text) { return *parse_condition(text); }

Experiment split(std::string name, const std::string& when, const std::string& parameter) {
  Experiment e;
  e.name = std::move(name);
  e.state = State::kRunning;
  e.unit = {"user_id"};
  e.groups = {{"control", 0, 49, {}}, {"t1", 50, 74, {}}, {"t2", 75, 99, {}}};
  Branch branch;
  branch.condition = condition(when);
  branch.treatments.push_back(
      {parameter, {{"control", std::string("green")}, {"t1", std::string("black")}, {"t2", std::string("blue")}}});
  e.branches.push_back(std::move(branch));
  return e;
}

Parameter color(std::string name) {
  Parameter parameter;
  parameter.name = std::move(name);
  parameter.type = ValueType::kString;
  parameter.fallback = std::string("green");
  return parameter;
}

// `parameters` parameters, each with `each` experiments kept apart by city, half of them also by version; `planted` of them are
// given the city of the one before.
Configuration many(size_t parameters, size_t each, size_t planted) {
  Configuration c;
  c.version = 1;
  c.attributes = {{"user_id", AttributeType::kString},
                  {"city", AttributeType::kString},
                  {"app_version", AttributeType::kSemver},
                  {"age", AttributeType::kInt}};
  for (size_t p = 0; p < parameters; ++p) {
    c.parameters.push_back(color(fmt::format("service{}.feature{}.color", p % 50, p)));
    for (size_t e = 0; e < each; ++e) {
      const bool overlaps = e == 1 && p < planted;
      const std::string city = fmt::format("City {}", overlaps ? 0 : e);
      const std::string more = e % 2 == 0 ? "app_version >= '3.2.0'" : "age >= 18";
      c.experiments.push_back(split(fmt::format("experiment_{}_{}", p, e),
                                    fmt::format("city = '{}' AND {}", city, more), c.parameters.back().name));
    }
  }
  return c;
}

// Nanoseconds of one call, the median over batches; and the allocations of all of them.
template <class Call>
void evaluation(std::string_view name, double target, Call call) {
  constexpr int kCalls = 20'000;
  for (int i = 0; i < kCalls; ++i) call(i);
  std::vector<double> nanoseconds(31);
  const size_t before = allocations();
  for (double& one : nanoseconds) {
    const double start = processor_seconds();
    for (int i = 0; i < kCalls; ++i) call(i);
    one = (processor_seconds() - start) * 1e9 / kCalls;
  }
  const size_t allocated = allocations() - before;
  std::ranges::sort(nanoseconds);
  report(name, nanoseconds[nanoseconds.size() / 2], target, "ns",
         fmt::format(R"(,"fastest":{:.4g},"slowest":{:.4g},"allocations":{})", nanoseconds.front(), nanoseconds.back(),
                     allocated));
  if (allocated != 0) std::abort();
}

void evaluations() {
  Configuration c = many(1000, 2, 0);
  c.parameters.push_back(color("plain"));
  c.parameters.push_back(color("slice"));
  c.parameters.push_back(color("dependent"));
  c.experiments.push_back(split("slices", "TRUE", "slice"));
  c.experiments.push_back(split("below", "city = 'City 0' AND slice = 'green'", "dependent"));
  Evaluator evaluator;
  if (!evaluator.load(compile(*bind(c), c.version))) std::abort();
  std::vector<std::string> ids;
  for (int i = 0; i < 1024; ++i) ids.push_back(fmt::format("{:08x}-0000-4000-8000-{:012x}", i * 2654435761U, i));
  Context context;
  context.set("city", "City 0").set("app_version", "3.4.1").set("age", 30).set("user_id", std::string_view(ids[0]));
  size_t green = 0;
  evaluation("static", 100, [&](int) { green += string(*evaluator.read(), "plain", context, "").size(); });
  size_t splits = 0;
  evaluation("two_conditions_split", 300, [&](int i) {
    context.set("user_id", std::string_view(ids[static_cast<size_t>(i) % ids.size()]));
    Detail detail;
    string(*evaluator.read(), "service7.feature7.color", context, "", &detail);
    splits += detail.reason == Reason::kSplit ? 1 : 0;
  });
  evaluation("no_match", 300, [&](int) {
    Context other;
    other.set("city", "elsewhere");
    green += string(*evaluator.read(), "service7.feature7.color", other, "").size();
  });
  evaluation("upstream_and_exposures", 2000, [&](int i) {
    context.set("user_id", std::string_view(ids[static_cast<size_t>(i) % ids.size()]));
    green += string(*evaluator.read(), "dependent", context, "").size();
  });
  if (splits != 32 * 20'000 || green == 0) std::abort();
}

void overlaps() {
  constexpr size_t kPlanted = 5;
  const Configuration c = many(100, 100, kPlanted);
  const Bound bound = *bind(c);
  size_t found = 0;
  const double all = median_seconds(3, [&] {
    OverlapChecker checker(bound);
    found = checker.check_all().size();
  });
  report("overlap_all_pairs_of_10000", all, 1, "s", fmt::format(R"(,"overlaps":{})", found));
  if (found != kPlanted) std::abort();
  size_t overlapping = 0;
  const double one = median_seconds(5, [&] {
    OverlapChecker checker(bound);
    overlapping = static_cast<size_t>(std::ranges::count(checker.check(1), Verdict::kOverlap, &Overlap::verdict));
  });
  report("overlap_one_of_10000", one, 0.05, "s", fmt::format(R"(,"overlaps":{})", overlapping));
  if (overlapping != 1) std::abort();

  // The hard shape: all on one parameter.
  const Configuration crowded = many(1, 10'000, 0);
  const Bound crowded_bound = *bind(crowded);
  size_t none = 1;
  const double crowd = median_seconds(1, [&] { none = OverlapChecker(crowded_bound).check_all().size(); });
  report("overlap_all_pairs_on_one_parameter", crowd, 1, "s");
  const double crowd_one = median_seconds(3, [&] { OverlapChecker(crowded_bound).check(5000); });
  report("overlap_one_on_one_parameter", crowd_one, 0.05, "s");
  if (none != 0) std::abort();
}

void snapshots() {
  const Configuration c = many(5000, 2, 0);
  std::vector<std::byte> bytes;
  const double compiling = median_seconds(5, [&] { bytes = compile(*bind(c), c.version); });
  report("snapshot_compile_10000", compiling, 0.2, "s");
  std::unique_ptr<const Snapshot> snapshot;
  const double loading = median_seconds(9, [&] { snapshot = *Snapshot::load(bytes); });
  report("snapshot_load_10000", loading, 0.05, "s");
  report("snapshot_memory_10000", static_cast<double>(snapshot->memory()) / 1e6, 50, "MB",
         fmt::format(R"(,"file":{:.4g})", static_cast<double>(bytes.size()) / 1e6));
  std::string text;
  const double writing = median_seconds(3, [&] { text = to_json(c).dump(); });
  const double reading = median_seconds(3, [&] {
    if (!configuration_from_json(text)) std::abort();
  });
  report("configuration_read_10000", reading, 1, "s",
         fmt::format(R"(,"write":{:.4g},"megabytes":{:.4g})", writing, static_cast<double>(text.size()) / 1e6));
}

}  // namespace

int main() {
  evaluations();
  overlaps();
  snapshots();
}
