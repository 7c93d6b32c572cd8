#include "io/file_lock.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "io/temp_dir.h"

namespace sinan::io {
namespace {

const SimulatedClock kNoon(*from_iso8601("2026-11-22T12:01:03Z"));

TEST(FileLock, SecondHolderIsToldWhoIsFirst) {
  const TempDir dir = *TempDir::make();
  auto first = FileLock::acquire(dir.path(), "sinan run x.sql", kNoon);
  ASSERT_TRUE(first) << first.error().to_string();
  const auto second = FileLock::acquire(dir.path(), "sinan", kNoon);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kBusy);
  const std::string& message = second.error().message;
  EXPECT_TRUE(message.starts_with("project folder is in use by process " + std::to_string(::getpid()) + " on "))
      << message;
  EXPECT_NE(message.find(" (sinan run x.sql, since 2026-11-22T12:01:03Z): " + dir.path().string()), std::string::npos)
      << message;
  EXPECT_FALSE(second.error().hint.empty());
}

TEST(FileLock, IsFreeAfterRelease) {
  const TempDir dir = *TempDir::make();
  {
    ASSERT_TRUE(FileLock::acquire(dir.path(), "a", kNoon));
  }
  auto again = FileLock::acquire(dir.path(), "b", kNoon);
  ASSERT_TRUE(again);
  FileLock moved = *std::move(again);
  EXPECT_FALSE(FileLock::acquire(dir.path(), "c", kNoon));
}

TEST(FileLock, EndsWithItsProcessHoweverThatEnds) {
  const TempDir dir = *TempDir::make();
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto lock = FileLock::acquire(dir.path(), "child", kNoon);
    const char answer = lock ? 'y' : 'n';
    if (::write(ready[1], &answer, 1) == 1) ::pause();
    ::_exit(1);
  }
  char answer = 0;
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  const auto busy = FileLock::acquire(dir.path(), "parent", kNoon);
  ASSERT_FALSE(busy);
  EXPECT_NE(busy.error().message.find("process " + std::to_string(child)), std::string::npos);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(FileLock::acquire(dir.path(), "parent", kNoon));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(FileLock, UnreadableHolderIsStillBusy) {
  const TempDir dir = *TempDir::make();
  auto first = FileLock::acquire(dir.path(), "a", kNoon);
  ASSERT_TRUE(first);
  std::filesystem::resize_file(dir.path() / ".sinan" / "lock", 5);
  const auto second = FileLock::acquire(dir.path(), "b", kNoon);
  ASSERT_FALSE(second);
  EXPECT_TRUE(second.error().message.starts_with("project folder is in use by another process: "));
}

TEST(FileLock, SaysWhatTheFileSystemSays) {
  EXPECT_EQ(FileLock::acquire("/dev/null/x", "a", kNoon).error().code, Code::kArgument);
}

}  // namespace
}  // namespace sinan::io
