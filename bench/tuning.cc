// A search of 20 trials under the thread budget against the same 20 trainings one after another with all threads each, on the
// same rows with the same values. Compares each trial's metric with TO EVALUATE of its twin; prints one JSON line. `processor`
// is the processor time over that of the twins.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include "flow/executor.h"
#include "flow/plan.h"
#include "flow/project.h"
#include "io/temp_dir.h"
#include "ml/trainer.h"
#include "ml/xgboost/trainer.h"

namespace {

using namespace sinan;

constexpr int kTrials = 20;

class Quiet final : public flow::Observer, public flow::ResultSink {
 public:
  flow::ResultSink& results(const flow::PlannedStep&) override { return *this; }
  Status begin(const std::shared_ptr<const arrow::Schema>&) override { return {}; }
  Result<bool> write(arrow::Batch) override { return true; }
  Status end() override { return {}; }
};

struct Times {
  double wall = 0;
  double processor = 0;
};

double processor_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

Result<Times> run(flow::Project& project, const std::string& program) {
  flow::PlanOptions plan_options;
  plan_options.use_cache = false;
  flow::Plan plan = TRY(flow::make_plan(program, project, plan_options));
  if (!plan.ok()) return fail(plan.diagnostics.front().error);
  Quiet quiet;
  flow::ExecuteOptions options;
  options.use_cache = false;
  const double before = processor_seconds();
  const auto report = TRY(flow::execute(plan, project, quiet, options));
  for (const auto& done : report.steps) {
    if (done.error) return fail(*done.error);
  }
  return Times{std::chrono::duration<double>(report.duration).count(), processor_seconds() - before};
}

std::string data(int rows) {
  return fmt::format(
      "CREATE OR REPLACE TABLE rows AS SELECT *, a + b * c + d * d + (hash(i + 1000000) % 1000) / 1000 > 1.4 AS y, i % "
      "5 = 0 AS is_held "
      "FROM (SELECT i, (hash(i) % 1000)::FLOAT / 1000 AS a, (hash(i * 3 + 1) % 1000)::FLOAT / 1000 AS b, "
      "(hash(i * 5 + 2) % 1000)::FLOAT / 1000 AS c, (hash(i * 7 + 3) % 1000)::FLOAT / 1000 AS d, "
      "(hash(i * 11 + 4) % 1000)::FLOAT / 1000 AS e FROM range({}) r(i))",
      rows);
}

constexpr std::string_view kFixed =
    "objective=\"binary:logistic\", train.num_boost_round=40, validation.column=\"is_held\", seed=1";

struct Values {
  double eta = 0;
  int64_t depth = 0;
  double metric = 0;
};

Result<std::vector<Values>> trials(flow::Project& project) {
  std::vector<Values> out;
  auto session = TRY(project.engine().connect());
  auto rows = TRY(session->query("SELECT eta, max_depth, metric_value FROM trials ORDER BY trial"));
  while (const auto batch = TRY(rows->next())) {
    for (size_t i = 0; i < batch->rows(); ++i)
      out.push_back({batch->column(0).as_double(i), batch->column(1).as_int(i), batch->column(2).as_double(i)});
  }
  return out;
}

Result<double> loss_of(flow::Project& project) {
  TRY(run(project,
          "SELECT * FROM rows WHERE is_held TO EVALUATE twin WITH validation.metrics=\"log_loss\" LABEL y INTO score"));
  auto session = TRY(project.engine().connect());
  auto rows = TRY(session->query("SELECT log_loss FROM score"));
  const auto batch = TRY(rows->next());
  return batch->column(0).as_double(0);
}

Status measure(int rows) {
  const auto folder = TRY(io::TempDir::make());
  flow::Registry registry;
  ml::Trainers trainers;
  trainers.push_back(ml::xgboost::make_trainer({SINAN_XGBOOST_LIBRARY}));
  ml::register_ml(registry, std::move(trainers));
  flow::ProjectOptions options;
  options.folder = folder.path();
  auto project = TRY(flow::Project::open(options, registry));
  TRY(run(*project, data(rows)));

  const std::string search = fmt::format(
      "SELECT a, b, c, d, e, is_held, y FROM rows TO TRAIN xgboost.gbtree WITH {}, eta=log_range(0.02, 0.4), "
      "max_depth=range(3, 8), "
      "tune.strategy=random, tune.trials={}, tune.into=\"trials\" LABEL y INTO found",
      kFixed, kTrials);
  const Times ours = TRY(run(*project, search));
  Times peer;
  double most_apart = 0;
  for (const Values& values : TRY(trials(*project))) {
    const Times one =
        TRY(run(*project, fmt::format("SELECT a, b, c, d, e, is_held, y FROM rows TO TRAIN xgboost.gbtree WITH {}, "
                                      "eta={}, max_depth={} LABEL y INTO twin",
                                      kFixed, values.eta, values.depth)));
    peer.wall += one.wall;
    peer.processor += one.processor;
    most_apart = std::max(most_apart, std::abs(TRY(loss_of(*project)) - values.metric));
  }
  // Sums of histograms are added in another order by another number of threads.
  if (!(most_apart < 1e-3)) return fail(Code::kInternal, fmt::format("a trial and its twin differ by {}", most_apart));
  constexpr double kTarget = 1.3;
  fmt::print(
      R"({{"name":"tuning","ours":{:.4g},"peer":{:.4g},"target":{},"at_least":true,"unit":"trials/s","threads":{},"trials":{},)"
      R"("rows":{},"apart":{:.2g},"processor":{:.3f}}})"
      "\n",
      kTrials / ours.wall, kTrials / peer.wall, kTarget, project->config().limits.threads, kTrials, rows, most_apart,
      ours.processor / peer.processor);
  return {};
}

}  // namespace

int main(int count, char** arguments) {
  const int rows = count > 1 ? std::atoi(arguments[1]) : 20000;
  if (auto status = measure(rows); !status) {
    fmt::print(stderr, "bench_tuning: {}\n", status.error().to_string());
    return 1;
  }
  return 0;
}
