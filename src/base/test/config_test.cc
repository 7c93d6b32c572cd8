#include "base/config.h"

#include <gtest/gtest.h>

#include <sched.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): mkdtemp
#include "base/server_config.h"

#include <filesystem>
#include <fstream>

#include "base/machine.h"

namespace sinan {
namespace {

TEST(Config, ReadsEverySetting) {
  const auto config = parse_config(R"(
[limits]
threads = 2
memory = "8GiB"
temp_disk = 1000
[run]
cache = false
retries = 0
[log]
level = "info"
file = "sinan.log"
[sources]
clicks = "data/clicks"
[sources.shop]
url = "postgresql://me@db/shop"
password_env = "P"
password_file = "f"
read_only = true
default = true
)",
                                   "sinan.toml");
  ASSERT_TRUE(config) << config.error().to_string();
  EXPECT_EQ(config->limits.threads, 2U);
  EXPECT_EQ(config->limits.memory_bytes, 8ULL << 30);
  EXPECT_EQ(config->limits.temp_disk_bytes, 1000U);
  EXPECT_FALSE(config->run.cache);
  EXPECT_EQ(config->run.retries, 0U);
  EXPECT_EQ(config->log.level, "info");
  EXPECT_EQ(config->log.file, "sinan.log");
  ASSERT_EQ(config->sources.size(), 2U);
  EXPECT_EQ(config->sources[0].name, "clicks");
  EXPECT_EQ(config->sources[0].url, "data/clicks");
  EXPECT_FALSE(config->sources[0].is_default);
  EXPECT_EQ(config->sources[1].name, "shop");
  EXPECT_EQ(config->sources[1].url, "postgresql://me@db/shop");
  EXPECT_EQ(config->sources[1].password_env, "P");
  EXPECT_EQ(config->sources[1].password_file, "f");
  EXPECT_TRUE(config->sources[1].read_only);
  EXPECT_TRUE(config->sources[1].is_default);
}

TEST(Config, ReadsPrograms) {
  const auto config = parse_config(R"(
[programs]
"prep.py" = "tools/prep.py"
[programs."tools/prep:2.1"]
image = "prep:2.1"
container_tool = "podman"
input = "arrow"
read = ["/data", "models"]
seconds = 5
memory = "1GiB"
output = 1000
processes = 3
files = 9
network = true
strict = true
)",
                                   "sinan.toml");
  ASSERT_TRUE(config) << config.error().to_string();
  ASSERT_EQ(config->programs.size(), 2U);
  const Config::Program& file = config->programs[0];
  EXPECT_EQ(file.name, "prep.py");
  EXPECT_EQ(file.path, "tools/prep.py");
  EXPECT_EQ(file.input, "csv");
  EXPECT_FALSE(file.network);
  const Config::Program& image = config->programs[1];
  EXPECT_EQ(image.name, "tools/prep:2.1");
  EXPECT_EQ(image.image, "prep:2.1");
  EXPECT_EQ(image.container_tool, "podman");
  EXPECT_EQ(image.input, "arrow");
  EXPECT_EQ(image.read, (std::vector<std::string>{"/data", "models"}));
  EXPECT_EQ(image.seconds, 5U);
  EXPECT_EQ(image.memory_bytes, 1ULL << 30);
  EXPECT_EQ(image.output_bytes, 1000U);
  EXPECT_EQ(image.processes, 3U);
  EXPECT_EQ(image.files, 9U);
  EXPECT_TRUE(image.network);
  EXPECT_TRUE(image.strict);
  const auto error = [](std::string_view toml) { return parse_config(toml, "sinan.toml").error().message; };
  EXPECT_EQ(error("[programs.a]\nseconds = 1"),
            "wrong value for \"programs.a\" in sinan.toml line 1: expected either a path or an image");
  EXPECT_EQ(error("[programs.a]\npath = 'x'\ninput = 'xml'"),
            "wrong value for \"programs.a.input\" in sinan.toml line 3: expected one of \"csv\", \"arrow\"");
  EXPECT_EQ(error("[programs]\na = 1"),
            "wrong value for \"programs.a\" in sinan.toml line 2: expected a path, or a section");
}

TEST(Config, EmptyMeansDefaults) {
  const auto config = parse_config("", "sinan.toml");
  ASSERT_TRUE(config);
  EXPECT_TRUE(config->run.cache);
  EXPECT_EQ(config->log.level, "warning");
  const Config filled = with_machine_defaults(*config);
  EXPECT_GE(filled.limits.threads, 1U);
  EXPECT_GT(filled.limits.memory_bytes, 0U);
  Config set;
  set.limits.threads = 3;
  set.limits.memory_bytes = 5;
  EXPECT_EQ(with_machine_defaults(set).limits.threads, 3U);
  EXPECT_EQ(with_machine_defaults(set).limits.memory_bytes, 5U);
}

struct Bad {
  const char* text;
  const char* message;
  const char* hint;
};

class BadConfig : public testing::TestWithParam<Bad> {};

TEST_P(BadConfig, IsRefusedWithItsLine) {
  const auto config = parse_config(GetParam().text, "sinan.toml");
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, Code::kArgument);
  EXPECT_EQ(config.error().message, GetParam().message);
  EXPECT_EQ(config.error().hint, GetParam().hint);
}

INSTANTIATE_TEST_SUITE_P(
    Config, BadConfig,
    testing::Values(
        Bad{"[limit]", "unknown section \"limit\" in sinan.toml line 1", "did you mean \"limits\"?"},
        Bad{"\n[run]\ncahce = true", "unknown setting \"cahce\" in sinan.toml line 3", "did you mean \"cache\"?"},
        Bad{"[run]\nspeed = 9", "unknown setting \"speed\" in sinan.toml line 2", "known: cache, retries"},
        Bad{"[sources.a]\nurll = \"x\"", "unknown setting \"urll\" in sinan.toml line 2", "did you mean \"url\"?"},
        Bad{"[sources]\na = 3",
            "wrong value for \"sources.a\" in sinan.toml line 2: expected a URL, a path, or a section", ""},
        Bad{"[sources.a]\nread_only = true",
            "wrong value for \"sources.a.url\" in sinan.toml line 1: expected a URL or a path", ""},
        Bad{"limits = 3", "wrong value for \"limits\" in sinan.toml line 1: expected a section", ""},
        Bad{"[limits]\nthreads = -1",
            "wrong value for \"limits.threads\" in sinan.toml line 2: expected a number from 0 up", ""},
        Bad{"[limits]\nmemory = \"lots\"",
            "wrong value for \"limits.memory\" in sinan.toml line 2: expected a size such as \"4GiB\"", ""},
        Bad{"[run]\ncache = 1", "wrong value for \"run.cache\" in sinan.toml line 2: expected true or false", ""},
        Bad{"[log]\nlevel = \"loud\"",
            "wrong value for \"log.level\" in sinan.toml line 2: expected one of \"debug\", \"info\", \"warning\", "
            "\"error\", \"off\"",
            ""}));

TEST(Config, SyntaxErrorsHaveTheirLine) {
  const auto config = parse_config("[run]\ncache = ", "sinan.toml");
  EXPECT_EQ(config.error().code, Code::kArgument);
  EXPECT_TRUE(config.error().message.starts_with("cannot read sinan.toml line 2: ")) << config.error().message;
}

// A folder that stands for "/" with the files the kernel would show.
class MachineTest : public testing::Test {
 protected:
  MachineTest() {
    std::string name = (std::filesystem::temp_directory_path() / "sinan-machine-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
  }
  ~MachineTest() override { std::filesystem::remove_all(root_); }
  void write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text << "\n";
  }
  std::filesystem::path root_;
  const Machine bare_ = inspect_machine(root_);  // no cgroup at all
};

TEST_F(MachineTest, WithoutCgroupsTheWholeMachine) {
  cpu_set_t set;
  ASSERT_EQ(::sched_getaffinity(0, sizeof(set), &set), 0);
  EXPECT_EQ(bare_.cores, static_cast<uint32_t>(CPU_COUNT(&set)));
  EXPECT_GT(bare_.memory_bytes, 1ULL << 28);
}

TEST_F(MachineTest, CgroupV2LimitsAlsoFromAbove) {
  write("proc/self/cgroup", "0::/pod/job");
  write("sys/fs/cgroup/pod/memory.max", "100000000");
  write("sys/fs/cgroup/pod/job/memory.max", "max");
  write("sys/fs/cgroup/pod/job/cpu.max", "50000 100000");
  EXPECT_EQ(inspect_machine(root_).memory_bytes, 100000000U);
  EXPECT_EQ(inspect_machine(root_).cores, 1U);
}

TEST_F(MachineTest, CgroupV1) {
  write("proc/self/cgroup", "4:memory:/job\n3:cpu,cpuacct:/job");
  write("sys/fs/cgroup/memory/job/memory.limit_in_bytes", "50000000");
  write("sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "-1");
  write("sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "100000");
  EXPECT_EQ(inspect_machine(root_).memory_bytes, 50000000U);
  EXPECT_EQ(inspect_machine(root_).cores, bare_.cores);
}

TEST_F(MachineTest, NoLimitOrOneAboveTheMachineChangesNothing) {
  write("proc/self/cgroup", "0::/../outside");
  write("sys/fs/cgroup/memory.max", "9223372036854771712");
  write("sys/fs/cgroup/cpu.max", "max 100000");
  EXPECT_EQ(inspect_machine(root_).memory_bytes, bare_.memory_bytes);
  EXPECT_EQ(inspect_machine(root_).cores, bare_.cores);
}

TEST(ServerConfig, IsReadByItselfAndCheckedWithTheRest) {
  constexpr std::string_view kText =
      "[server]\nlisten = \"[::1]:9\"\ncors_origins = [\"https://a\"]\naccess_log = false\nthreads = 3\n[run]\nretries "
      "= 1\n";
  const auto server = parse_server_config(kText, "sinan.toml");
  ASSERT_TRUE(server) << server.error().message;
  EXPECT_EQ(server->listen, "[::1]:9");
  EXPECT_EQ(server->cors_origins, std::vector<std::string>{"https://a"});
  EXPECT_FALSE(server->access_log);
  EXPECT_EQ(server->threads, 3U);
  EXPECT_EQ(parse_config(kText, "sinan.toml")->run.retries, 1U);
  const auto misspelt = parse_config("[server]\nlisten_on = \"x\"", "sinan.toml");
  ASSERT_FALSE(misspelt);
  EXPECT_EQ(misspelt.error().message, "unknown setting \"listen_on\" in sinan.toml line 2");
}

}  // namespace
}  // namespace sinan
