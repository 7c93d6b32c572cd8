// A program of 8 independent equal steps against its critical path under the thread budget. With one thread a step, the
// best that any scheduler can do is ceil(8 / threads) steps one after another; a step's time is measured alone, with one
// thread, on the same project, before and after. Checks every table; prints one JSON line. `busy` is the share of the
// threads' time in which they had a step, and `processor` the processor time over that of 8 single steps: both say, even
// on a machine that does other work too, whether the scheduler or the engine is to blame.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include "flow/executor.h"
#include "flow/plan.h"
#include "flow/project.h"
#include "io/temp_dir.h"

namespace {

using namespace sinan;

constexpr int kSteps = 8;
constexpr uint64_t kRows = 600'000;  // one step: about half a second of one core

class Quiet final : public flow::Observer, public flow::ResultSink {
 public:
  flow::ResultSink& results(const flow::PlannedStep&) override { return *this; }
  Status begin(const std::shared_ptr<const arrow::Schema>&) override { return {}; }
  Result<bool> write(arrow::Batch) override { return true; }
  Status end() override { return {}; }
};

// md5 keeps one core busy; a row group or two are too few for the engine to use a second one.
std::string step(int number) {
  return fmt::format(
      "CREATE OR REPLACE TABLE t{0} AS SELECT count(*) AS n, max(md5(i::VARCHAR || '{0}')) AS m "
      "FROM (SELECT unnest(range({1})) AS i);",
      number, kRows);
}

struct Times {
  double wall = 0;
  double processor = 0;
  double in_steps = 0;
};

double processor_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

Result<Times> seconds(flow::Project& project, const std::string& program) {
  flow::PlanOptions options;
  options.use_cache = false;
  flow::Plan plan = TRY(flow::make_plan(program, project, options));
  if (!plan.ok()) return fail(plan.diagnostics.front().error);
  Quiet quiet;
  flow::ExecuteOptions execute_options;
  execute_options.use_cache = false;
  const double before = processor_seconds();
  const auto report = TRY(flow::execute(plan, project, quiet, execute_options));
  Times times{std::chrono::duration<double>(report.duration).count(), processor_seconds() - before, 0};
  for (const auto& done : report.steps) {
    if (done.error) return fail(*done.error);
    times.in_steps += std::chrono::duration<double>(done.duration).count();
  }
  return times;
}

Status check(flow::Project& project) {
  auto session = TRY(project.engine().connect());
  for (int i = 0; i < kSteps; ++i) {
    auto rows = TRY(session->query(fmt::format(
        "SELECT n = {1} AND m = (SELECT max(md5(i::VARCHAR || '{0}')) FROM range({1}) r(i)) FROM t{0}", i, kRows)));
    const auto batch = TRY(rows->next());
    if (!batch || !batch->column(0).as_bool(0)) return fail(Code::kInternal, fmt::format("wrong rows in table t{}", i));
  }
  return {};
}

double median(const std::vector<Times>& times, double Times::* which) {
  std::vector<double> values;
  for (const Times& one : times) values.push_back(one.*which);
  std::ranges::sort(values);
  return values[values.size() / 2];
}

Status measure() {
  const auto folder = TRY(io::TempDir::make());
  const flow::Registry registry;
  flow::ProjectOptions options;
  options.folder = folder.path();
  auto project = TRY(flow::Project::open(options, registry));
  const uint32_t threads = project->config().limits.threads;
  std::string program;
  for (int i = 0; i < kSteps; ++i) program += step(i);
  constexpr int kTurns = 3;
  std::vector<Times> alone;
  std::vector<Times> together;
  TRY(seconds(*project, program));  // warm
  const uint64_t memory = project->config().limits.memory_bytes;
  const auto measure_alone = [&](int number) -> Status {
    TRY(project->engine().set_limits(1, memory));
    alone.push_back(TRY(seconds(*project, step(number))));
    return project->engine().set_limits(threads, memory);
  };
  for (int turn = 0; turn < kTurns; ++turn) {
    TRY(measure_alone(turn));
    together.push_back(TRY(seconds(*project, program)));
    TRY(measure_alone(turn));
  }
  TRY(check(*project));
  const uint32_t rounds = (kSteps + threads - 1) / threads;
  const double step_seconds = median(alone, &Times::wall);
  const double ours = median(together, &Times::wall);
  const double critical = step_seconds * rounds;
  constexpr double kTarget = 1.1;
  fmt::print(
      "{{\"name\":\"flow_parallel\",\"ours\":{:.4f},\"peer\":{:.4f},\"ratio\":{:.3f},\"target\":{},\"met\":{},"
      "\"threads\":{},\"steps\":{},\"step_seconds\":{:.4f},\"busy\":{:.3f},\"processor\":{:.3f}}}\n",
      ours, critical, ours / critical, kTarget, ours <= critical * kTarget, threads, kSteps, step_seconds,
      median(together, &Times::in_steps) / (ours * threads),
      median(together, &Times::processor) / (kSteps * median(alone, &Times::processor)));
  return {};
}

}  // namespace

int main() {
  if (auto status = measure(); !status) {
    fmt::print(stderr, "bench_flow: {}\n", status.error().to_string());
    return 1;
  }
  return 0;
}
