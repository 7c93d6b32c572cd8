// Programs that try what they must not, for real: with namespaces, and with what is left without them.
#include "run/local/sandbox.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "io/temp_dir.h"

namespace sinan::run {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string read_text(const fs::path& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// Processes of this machine whose command line has the words.
size_t processes_with(const std::string& words) {
  size_t count = 0;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::string line = read_text(entry.path() / "cmdline");
    std::ranges::replace(line, '\0', ' ');
    if (line.find(words) != std::string::npos) ++count;
  }
  return count;
}

class Sandbox : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    means_ = means_here();
    if (GetParam() && !means_.namespaces) GTEST_SKIP() << means_.why_no_namespaces;
    if (!GetParam() && (means_.landlock == 0 || !means_.filter))
      GTEST_SKIP() << "this kernel has no Landlock or filter";
    if (!GetParam()) means_.namespaces = false;
    folder_.emplace(io::TempDir::make().value());
    ::chmod(folder_->path().c_str(), 0711);
    fs::create_directories(folder_->path() / "job" / "input");
    fs::create_directories(folder_->path() / "job" / "output");
    std::ofstream(folder_->path() / "secret") << "treasure";
    ::chmod((folder_->path() / "secret").c_str(), 0644);
    job_.name = "test";
    job_.folder = folder_->path() / "job";
    job_.limits = {.time = {}, .memory_bytes = 1U << 30, .output_bytes = 1U << 20, .processes = 16, .files = 64};
  }
  Status sh(const std::string& script) { return start({"/bin/sh", "-c", script}); }
  Status python(const std::string& script) { return start({"/usr/bin/python3", "-I", "-c", script}); }
  Status start(std::vector<std::string> command) {
    job_.command = std::move(command);
    lines_.clear();
    return run_confined(job_, means_, [&](std::string_view line) { take(line); }, cancel_.token());
  }
  void take(std::string_view line) {
    lines_.emplace_back(line);
    if (line == "cancel me") cancel_.cancel();
  }
  std::string secret() const { return (folder_->path() / "secret").string(); }

  Means means_;
  std::optional<io::TempDir> folder_;
  Job job_;
  CancelSource cancel_;
  std::vector<std::string> lines_;
};
INSTANTIATE_TEST_SUITE_P(Means, Sandbox, ::testing::Bool(),
                         [](const auto& kind) { return kind.param ? "Namespaces" : "Landlock"; });

TEST_P(Sandbox, RunsTheProgramInItsFolderWithItsRowsAndAWordlessEnvironment) {
  ::setenv("SINAN_TEST_SECRET", "treasure", 1);
  std::ofstream(job_.folder / "input" / "rows.csv") << "a\n1\n";
  job_.standard_input = job_.folder / "input" / "rows.csv";
  job_.environment = {{"ROWS", "x y;z"}};
  const Status done = sh("cat; cat input/rows.csv > output/t.csv; echo $ROWS >&2; env | sort | sed 's/=.*//'");
  ASSERT_TRUE(done) << done.error().to_string();
  EXPECT_THAT(lines_, Contains("x y;z"));
  std::erase(lines_, "x y;z");
  EXPECT_THAT(lines_, ElementsAre("a", "1", "HOME", "LANG", "PATH", "PWD", "ROWS", "TMPDIR"));
  EXPECT_EQ(read_text(job_.folder / "output" / "t.csv"), "a\n1\n");
}

TEST_P(Sandbox, ArgumentsAreNotReadByAShell) {
  const Status done = start({"/bin/echo", "$(id)", "a b", "; rm -rf /", "*"});
  ASSERT_TRUE(done) << done.error().to_string();
  EXPECT_THAT(lines_, ElementsAre("$(id) a b ; rm -rf / *"));
}

TEST_P(Sandbox, OtherFilesAreOutOfReach) {
  EXPECT_FALSE(sh("cat " + secret()));
  EXPECT_THAT(lines_, Not(Contains(HasSubstr("treasure"))));
  EXPECT_FALSE(sh("echo x > " + secret()));
  EXPECT_EQ(read_text(secret()), "treasure");
  EXPECT_FALSE(sh("cat /etc/shadow"));
  EXPECT_FALSE(sh("echo x > /usr/bin/sinan-was-here"));
  EXPECT_FALSE(fs::exists("/usr/bin/sinan-was-here"));
  ASSERT_TRUE(sh("ln -s " + secret() + " output/link && echo made"));
  EXPECT_FALSE(sh("cat output/link"));
  EXPECT_THAT(lines_, Not(Contains(HasSubstr("treasure"))));
  job_.readable = {folder_->path() / "secret"};
  const Status shown = sh("cat " + secret());
  ASSERT_TRUE(shown) << shown.error().to_string();
  EXPECT_THAT(lines_, ElementsAre("treasure"));
  EXPECT_FALSE(sh("echo x > " + secret()));
}

TEST_P(Sandbox, NoConnectionIsMade) {
  const Handle server(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(server.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(server.get(), 1), 0);
  ASSERT_EQ(::getsockname(server.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  const std::string port = std::to_string(ntohs(address.sin_port));
  const std::string connect = "import socket; socket.create_connection(('127.0.0.1', " + port + ")); print('in')";
  EXPECT_FALSE(python(connect));
  EXPECT_EQ(::accept(server.get(), nullptr, nullptr), -1);
  EXPECT_FALSE(python("import socket; socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)"));
  job_.network = true;
  const Status done = python(connect);
  ASSERT_TRUE(done) << done.error().to_string();
  EXPECT_THAT(lines_, ElementsAre("in"));
}

TEST_P(Sandbox, NoPrivilegesAndNoOpenFilesComeWithIt) {
  const int open = ::open(secret().c_str(), O_RDONLY);  // would be inherited
  const Status done = python(
      "import os\n"
      "print(os.getuid() != 0, [f for f in range(3, 200) if os.path.exists('/proc/self/fd/%d' % f)][1:])\n"
      "print([l.split()[1] for l in open('/proc/self/status') if l.startswith(('CapEff', 'NoNewPrivs'))])");
  ::close(open);
  if (GetParam()) {
    ASSERT_TRUE(done) << done.error().to_string();
    EXPECT_THAT(lines_, ElementsAre("True []", "['0000000000000000', '1']"));
  }
  for (const char* call : {"os.unshare(0x10000000)", "os.setuid(0)", "os.chroot('/')"}) {
    const std::string name = call;
    if (name.find("unshare") != std::string::npos) {
      EXPECT_FALSE(python("import ctypes, sys; sys.exit(ctypes.CDLL(None).unshare(0x10000000) != 0)"));
    } else {
      EXPECT_FALSE(python("import os; " + name)) << name;
    }
  }
}

TEST_P(Sandbox, MemoryHasALimitForEachAndForAll) {
  job_.limits.memory_bytes = 256U << 20;
  const Status one = python("x = bytearray(1 << 30)");
  ASSERT_FALSE(one);
  EXPECT_EQ(one.error().code, Code::kData);
  EXPECT_THAT(one.error().message, AllOf(HasSubstr("exit code 1: test"), HasSubstr("MemoryError")));
  const Status all = python(
      "import os, time\n"
      "for i in range(8):\n"
      "  if os.fork() == 0:\n"
      "    x = bytearray(b'x') * (100 << 20)\n"
      "    while True: time.sleep(9)\n"
      "while True: time.sleep(9)");
  ASSERT_FALSE(all);
  EXPECT_EQ(all.error().code, Code::kExhausted);
  EXPECT_EQ(all.error().message, "the program takes more memory than its limit: test, 256.0 MiB");
}

TEST_P(Sandbox, MemoryOfTheCallerDoesNotCount) {
  const std::vector<char> much(512U << 20, 'x');
  job_.limits.memory_bytes = 256U << 20;
  const Status done = python("import time\ntime.sleep(0.5)\nprint('done')");
  EXPECT_TRUE(done) << done.error().to_string();
  EXPECT_THAT(lines_, ElementsAre("done"));
  EXPECT_EQ(much.back(), 'x');
}

TEST_P(Sandbox, ForksEndAtTheLimit) {
  const Status done = python(
      "import os, signal\n"
      "n = 0\n"
      "try:\n"
      "  while n < 1000:\n"
      "    if os.fork() == 0: signal.pause()\n"
      "    n += 1\n"
      "except OSError: print('ended', n <= 16)");
  ASSERT_TRUE(done) << done.error().to_string();
  EXPECT_THAT(lines_, ElementsAre("ended True"));
  const Status bomb = python(
      "import os  # 86397\n"
      "first = os.getpid()\n"
      "while True:\n"
      "  try: os.fork()\n"
      "  except OSError:\n"
      "    if os.getpid() == first: break");
  EXPECT_TRUE(bomb) << bomb.error().to_string();
  EXPECT_EQ(processes_with("86397"), 0U);
}

TEST_P(Sandbox, NothingIsLeftBehind) {
  const Status done = sh("sleep 86396 & setsid sleep 86396 & (setsid sleep 86396 &) ; echo gone");
  ASSERT_TRUE(done) << done.error().to_string();
  EXPECT_EQ(processes_with("86396"), 0U);
}

TEST_P(Sandbox, CancellingEndsALoop) {
  const Status done = sh("trap '' TERM INT HUP; sleep 86395 & echo 'cancel me'; while :; do :; done");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::kCancelled);
  EXPECT_EQ(processes_with("86395"), 0U);
}

TEST_P(Sandbox, TimeHasALimit) {
  job_.limits.time = std::chrono::seconds(1);
  const Status done = sh("while :; do :; done");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::kExhausted);
  EXPECT_EQ(done.error().message, "the program ran longer than its limit: test, 1.0 s");
}

TEST_P(Sandbox, OutputHasALimit) {
  for (const char* script : {"exec dd if=/dev/zero of=output/big bs=64k count=1000",
                             "for i in 1 2 3 4 5 6 7 8 9; do dd if=/dev/zero of=output/$i bs=64k count=4; done"}) {
    const Status done = sh(script);
    ASSERT_FALSE(done) << script;
    EXPECT_EQ(done.error().code, Code::kExhausted) << done.error().to_string();
    EXPECT_EQ(done.error().message, "the program writes more than its limit: test, 1.0 MiB");
  }
  EXPECT_LE(fs::file_size(job_.folder / "output" / "big"), 1U << 20);
}

TEST_P(Sandbox, AFailureShowsTheLastLines) {
  const Status code = sh("echo fine; echo 'no such \033[31mcolumn' >&2; exit 3");
  ASSERT_FALSE(code);
  EXPECT_EQ(code.error().code, Code::kData);
  EXPECT_EQ(code.error().message, "the program ended with exit code 3: test\n  no such ?[31mcolumn");
  const Status killed = sh("kill -SEGV $$");
  ASSERT_FALSE(killed);
  EXPECT_EQ(killed.error().message, "the program was killed by signal 11 (Segmentation fault): test");
  const Status missing = start({"/usr/bin/no-such-program"});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::kNotFound);
  EXPECT_EQ(missing.error().message, "cannot start the program: No such file or directory: /usr/bin/no-such-program");
}

TEST_P(Sandbox, LinesAreMadeFitToShow) {
  ASSERT_TRUE(sh("printf 'a\\r\\n\\377\\302\\233x\\n'; head -c 9000 /dev/zero | tr '\\0' y; echo; printf end"));
  EXPECT_THAT(lines_, ElementsAre("a", "??x", std::string(4000, 'y'), "end"));
}

// The first child of a process.
pid_t child_of(pid_t parent) {
  const std::string task = "/proc/" + std::to_string(parent) + "/task/" + std::to_string(parent);
  std::ifstream children(task + "/children");
  pid_t child = -1;
  children >> child;
  return child;
}

TEST_P(Sandbox, DiesWithItsCaller) {
  auto ready = Pipe::make().value();
  const pid_t caller = ::fork();
  if (caller == 0) {
    job_.command = {"/bin/sh", "-c", "setsid sleep 86394 & echo ready; sleep 86394"};
    std::ignore =
        run_confined(job_, means_, [&](std::string_view) { std::ignore = ::write(ready.write.get(), "x", 1); }, {});
    ::_exit(0);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready.read.get(), &byte, 1), 1);
  const auto supervisor = open_process(child_of(caller));
  ASSERT_TRUE(supervisor) << supervisor.error().to_string();
  ::kill(caller, SIGKILL);
  ::waitpid(caller, nullptr, 0);
  pollfd event{supervisor->get(), POLLIN, 0};
  ASSERT_EQ(::poll(&event, 1, -1), 1);
  EXPECT_EQ(processes_with("86394"), 0U);
}

TEST(FolderBytes, StopsCountingAndFollowsNoLinks) {
  const auto folder = io::TempDir::make().value();
  std::ofstream(folder.path() / "a") << std::string(100'000, 'x');
  fs::create_symlink("/", folder.path() / "root");
  const uint64_t bytes = folder_bytes(folder.path(), UINT64_MAX);
  EXPECT_GE(bytes, 100'000U);
  EXPECT_LT(bytes, 200'000U);
  EXPECT_GT(folder_bytes(folder.path(), 10), 10U);
}

}  // namespace
}  // namespace sinan::run
