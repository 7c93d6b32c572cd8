// A step that writes a table and a model, with a fault at every write and between all stores: afterwards both are there,
// or neither, and the next run works.

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "flow/test/project_fixture.h"
#include "flow/test/test_kinds.h"
#include "io/fault.h"

namespace sinan::flow {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class NullObserver final : public Observer {
 public:
  ResultSink& results(const PlannedStep&) override { return sink_; }

 private:
  TextSink sink_;
};

class CommitTest : public ProjectTest {
 protected:
  CommitTest() { register_test_kinds(registry_); }

  // Opens the project on a broken file system and runs BUILD b. Whether it says that it has been done.
  bool build_on(io::FileSystem& files) {
    ProjectOptions options = options_;
    options.files = &files;
    auto project = Project::open(options, registry_);
    if (!project) return false;
    auto made = make_plan("BUILD b", **project);
    if (!made || !made->ok()) return false;
    NullObserver observer;
    auto report = execute(*made, **project, observer);
    return report && report->ok();
  }

  std::vector<std::string> staged_folders() const {
    std::vector<std::string> result;
    const auto root = dir_.path() / ".sinan/objects";
    if (!std::filesystem::exists(root)) return result;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
      if (entry.path().filename() == "model.txt") result.push_back(entry.path().parent_path().filename());
    }
    return result;
  }

  // Opens the project and looks: everything of the step is there, or nothing.
  void expect_whole(bool acknowledged, const std::string& what) {
    reopen();
    const bool has_table = !rows("SELECT 1 FROM duckdb_tables() WHERE table_name = 'b'").empty();
    const auto model = project_->catalog().object({"model", "b", 0});
    EXPECT_EQ(has_table, model.has_value()) << what;
    EXPECT_TRUE(has_table || !acknowledged) << what;
    if (model) {
      EXPECT_EQ(project_->files().read_file(dir_.path() / ".sinan" / model->folder / "model.txt").value_or("missing"),
                "built")
          << what;
    }
    EXPECT_EQ(staged_folders().size(), model ? 1u : 0u) << what;
    EXPECT_THAT(project_->catalog().pending_commits().value(), IsEmpty()) << what;
    // And life goes on.
    EXPECT_TRUE(run("BUILD b").ok()) << what;
    EXPECT_EQ(project_->catalog().object({"model", "b", 0})->ref.version, model ? 2u : 1u) << what;
    close();
  }

  void start_over() {
    close();
    std::filesystem::remove_all(dir_.path() / ".sinan");
  }

  // Runs `build_on` in a process of its own, which the fault may end.
  bool build_in_child(const io::Fault& fault) {
    const pid_t child = fork();
    if (child == 0) {
      io::FaultyFileSystem files(io::real_file_system(), fault);
      _exit(build_on(files) ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
};

TEST_F(CommitTest, KilledAtEveryOperation) {
  io::FaultyFileSystem counting(io::real_file_system(),
                                {.operation = "any", .at = UINT64_MAX, .mode = io::FaultMode::kFail});
  ASSERT_TRUE(build_on(counting));
  const uint64_t operations = counting.count();
  ASSERT_GT(operations, 5u);
  for (uint64_t at = 1; at <= operations; ++at) {
    start_over();
    const bool acknowledged = build_in_child({.operation = "any", .at = at, .mode = io::FaultMode::kKill});
    expect_whole(acknowledged, "killed at operation " + std::to_string(at));
  }
}

TEST_F(CommitTest, BrokenAtEveryOperation) {
  io::FaultyFileSystem counting(io::real_file_system(),
                                {.operation = "any", .at = UINT64_MAX, .mode = io::FaultMode::kFail});
  ASSERT_TRUE(build_on(counting));
  for (uint64_t at = 1; at <= counting.count(); ++at) {
    start_over();
    io::FaultyFileSystem files(io::real_file_system(), {.operation = "any", .at = at, .mode = io::FaultMode::kFail});
    const bool acknowledged = build_on(files);
    expect_whole(acknowledged, "broken at operation " + std::to_string(at));
  }
}

TEST_F(CommitTest, DiskFullAtEveryByteOfTheModel) {
  for (uint64_t bytes = 0; bytes <= 5; ++bytes) {
    start_over();
    io::FaultyFileSystem files(io::real_file_system(),
                               {.operation = "write", .at = bytes, .mode = io::FaultMode::kFull});
    const bool acknowledged = build_on(files);
    EXPECT_EQ(acknowledged, bytes >= 5) << bytes;
    expect_whole(acknowledged, "disk full after " + std::to_string(bytes) + " bytes");
  }
}

TEST_F(CommitTest, KilledBetweenTheStores) {
  struct Case {
    const char* point;
    bool after;  // the step has happened
  };
  for (const Case& c :
       {Case{"staged", false}, Case{"prepared", false}, Case{"engine_committed", true}, Case{"recorded", true}}) {
    start_over();
    EXPECT_FALSE(build_in_child({.operation = c.point, .at = 1, .mode = io::FaultMode::kKill})) << c.point;
    reopen();
    EXPECT_EQ(project_->catalog().object({"model", "b", 0}).has_value(), c.after) << c.point;
    EXPECT_EQ(project_->catalog().run("latest")->status, "killed") << c.point;
    close();
    expect_whole(c.after, c.point);
  }
}

TEST_F(CommitTest, TheMarkersAreHidden) {
  ASSERT_TRUE(build_on(io::real_file_system()));
  open();
  const auto tables = project_->engine().tables().value();
  ASSERT_EQ(tables.size(), 1u);
  EXPECT_EQ(tables[0].name.table, "b");
  EXPECT_THAT(errors_of(plan("SELECT * FROM comits")), ElementsAre("unknown table \"comits\" at \"comits\""));
}

TEST_F(CommitTest, AFailedStepLeavesNoFiles) {
  run("CREATE TABLE t AS SELECT 'a' AS x");
  const RunReport report = run("SELECT * FROM t TO TRAIN e LABEL x INTO m");
  EXPECT_FALSE(report.ok());
  EXPECT_THAT(staged_folders(), IsEmpty());
}

}  // namespace
}  // namespace sinan::flow
