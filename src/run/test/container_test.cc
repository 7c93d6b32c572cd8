// The container executor against a program in docker's place: what it is told, word by word, and what comes of its answers.
#include "run/container_executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <optional>
#include <sstream>

#include "base/strings.h"
#include "io/temp_dir.h"

namespace sinan::run {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

class Container : public ::testing::Test {
 protected:
  Container() : folder_(io::TempDir::make().value()) {
    job_.name = "prep";
    job_.folder = folder_.path() / "job";
    fs::create_directories(job_.folder / "input");
    fs::create_directories(job_.folder / "output");
    job_.command = {"prep", "--x=$(id)", "a b"};
    job_.environment = {{"SINAN_INPUT", "/job/input/rows.csv"}, {"WORDS", "x, y"}};
    job_.readable = {"/opt/models"};
    job_.limits = {.time = {}, .memory_bytes = 1000, .output_bytes = 2000, .processes = 3, .files = 4};
  }
  // A shell script that notes its arguments, one a line, in a file of its first one's name.
  ContainerExecutor docker(const std::string& script) {
    const fs::path tool = folder_.path() / "docker";
    std::ofstream(tool) << "#!/bin/sh\nprintf '%s\\n' \"$@\" >> " << (folder_.path() / "told").string() << ".$1\n"
                        << script;
    ::chmod(tool.c_str(), 0755);
    return ContainerExecutor(tool, "tools/prep:2.1");
  }
  std::vector<std::string> told(const std::string& verb) const {
    std::ifstream in(folder_.path() / ("told." + verb));
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }
  Status run(const ContainerExecutor& executor) {
    return executor.run(
        job_,
        [&](std::string_view line) {
          lines_.emplace_back(line);
          if (line == "cancel me") cancel_.cancel();
        },
        cancel_.token());
  }

  io::TempDir folder_;
  Job job_;
  CancelSource cancel_;
  std::vector<std::string> lines_;
};

TEST_F(Container, IsToldEverythingAsAnArgumentVector) {
  const Status done = run(docker("echo working\n"));
  ASSERT_TRUE(done) << done.error().to_string();
  EXPECT_THAT(lines_, ElementsAre("working"));
  std::vector<std::string> words = told("run");
  ASSERT_GT(words.size(), 7U);
  EXPECT_THAT(words[2], HasSubstr("--name=sinan-"));
  words[2] = "--name";
  const bool root = ::geteuid() == 0;
  const std::string user = root ? "65534:65534" : std::to_string(::geteuid()) + ":" + std::to_string(::getegid());
  const std::string job = job_.folder.string();
  EXPECT_THAT(words, ElementsAreArray(std::vector<std::string>{
                         "run",
                         "--rm",
                         "--name",
                         "--pull=never",
                         "--read-only",
                         "--cap-drop=ALL",
                         "--security-opt=no-new-privileges",
                         "--user=" + user,
                         "--tmpfs=/tmp:size=64m",
                         "--ulimit=core=0:0",
                         "--network=none",
                         "--memory=1000b",
                         "--memory-swap=1000b",
                         "--pids-limit=3",
                         "--ulimit=nofile=4:4",
                         "--ulimit=fsize=2000:2000",
                         "--mount=type=bind,source=" + job + "/input,target=/job/input,readonly",
                         "--mount=type=bind,source=" + job + "/output,target=/job/output",
                         "--mount=type=bind,source=/opt/models,target=/opt/models,readonly",
                         "--workdir=/job",
                         "--env=SINAN_INPUT=/job/input/rows.csv",
                         "--env=WORDS=x, y",
                         "tools/prep:2.1",
                         "prep",
                         "--x=$(id)",
                         "a b"}));
}

TEST_F(Container, HasNetworkOnlyWhenWanted) {
  job_.network = true;
  const auto words = docker("").arguments(job_, "n");
  EXPECT_THAT(words, ::testing::Contains("--network=bridge"));
  EXPECT_THAT(words, ::testing::Not(::testing::Contains("--network=none")));
}

TEST_F(Container, ItsExitCodesAreErrors) {
  const auto failure = [&](const std::string& script) { return run(docker(script)).error(); };
  const Error own = failure("echo 'bad column' >&2; exit 3\n");
  EXPECT_EQ(own.code, Code::kData);
  EXPECT_EQ(own.message, "the program ended with exit code 3: prep\n  bad column");
  const Error image = failure("echo 'no such image' >&2; exit 125\n");
  EXPECT_EQ(image.code, Code::kIo);
  EXPECT_EQ(image.message, "cannot start the container: tools/prep:2.1: no such image");
  EXPECT_EQ(image.hint, "images are not pulled: `docker pull tools/prep:2.1` brings it");
}

TEST_F(Container, IsKilledByItsName) {
  // As docker does, `run` ends when `kill` has been called.
  const std::string killed = (folder_.path() / "killed").string();
  const Status done =
      run(docker("case $1 in\n"
                 "run) mkfifo " +
                 killed + "; echo 'cancel me'; read word < " + killed +
                 "; exit 137;;\n"
                 "kill) echo now > " +
                 killed +
                 ";;\n"
                 "esac\n"));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::kCancelled);
  const std::string name = told("run")[2].substr(std::string("--name=").size());
  EXPECT_THAT(told("kill"), ElementsAre("kill", name));
  EXPECT_THAT(told("rm"), ElementsAre("rm", "--force", name));
}

TEST_F(Container, TheToolIsFoundWhereItIsNamed) {
  docker("");
  EXPECT_EQ(find_container_tool((folder_.path() / "docker").string()), folder_.path() / "docker");
  EXPECT_EQ(find_container_tool((folder_.path() / "podman").string()), std::nullopt);
  EXPECT_EQ(find_container_tool("no-such-container-tool"), std::nullopt);
}

}  // namespace
}  // namespace sinan::run
