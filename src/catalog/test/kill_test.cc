// kill -9 while steps are recorded: what was acknowledged is there afterwards, and nothing is half there.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "catalog/catalog.h"
#include "io/temp_dir.h"

namespace sinan::catalog {
namespace {

// In the child: records steps for ever; each acknowledged one is told through the pipe.
[[noreturn]] void record_for_ever(const std::filesystem::path& file, int acknowledged) {
  auto catalog = Catalog::open(file);
  if (!catalog) _exit(1);
  const RunId run{"r"};
  RunRecord record;
  record.id = run;
  record.status = "running";
  if (!(*catalog)->begin_run(record)) _exit(1);
  for (uint32_t i = 0;; ++i) {
    StepRecord step;
    step.index = i;
    step.access.writes = {{"model", "m", 0}, {"table", "main.t", 0}};
    step.objects.push_back({{"model", "m", 0}, "objects/" + std::to_string(i), Json(static_cast<int64_t>(i))});
    step.lineage.push_back({{{"table", "main.t", 0}, ""}, {{"model", "m", 0}, ""}, "train", false});
    if (!(*catalog)->record_step(run, step)) _exit(1);
    const char byte = 1;
    if (write(acknowledged, &byte, 1) != 1) _exit(1);
  }
}

TEST(CatalogKill, AcknowledgedStepsAreWhole) {
  for (const int count : {1, 7, 23}) {
    const auto dir = io::TempDir::make().value();
    const auto file = dir.path() / "catalog.db";
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(pipe_ends[0]);
      record_for_ever(file, pipe_ends[1]);
    }
    close(pipe_ends[1]);
    uint32_t acknowledged = 0;
    char byte = 0;
    while (acknowledged < static_cast<uint32_t>(count) && read(pipe_ends[0], &byte, 1) == 1) ++acknowledged;
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
    while (read(pipe_ends[0], &byte, 1) == 1) ++acknowledged;
    close(pipe_ends[0]);

    auto catalog = Catalog::open(file);
    ASSERT_TRUE(catalog) << catalog.error().to_string();
    const auto run = (*catalog)->run("r").value();
    const auto versions = (*catalog)->versions({"model", "m", 0}).value();
    // One more than acknowledged may be there, whole.
    EXPECT_GE(run.steps.size(), acknowledged);
    EXPECT_LE(run.steps.size(), acknowledged + 1);
    EXPECT_EQ(versions.size(), run.steps.size());
    EXPECT_EQ(versions.front().payload.as_int().value(), static_cast<int64_t>(versions.size()) - 1);
    EXPECT_EQ((*catalog)->usage()->size(), 2u);
    EXPECT_EQ((*catalog)->usage()->at(0).writes, run.steps.size());
    EXPECT_EQ((*catalog)->unfinished_runs()->size(), 1u);
  }
}

}  // namespace
}  // namespace sinan::catalog
