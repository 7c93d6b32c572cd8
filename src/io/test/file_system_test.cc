#include "io/file_system.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>

#include "io/fault.h"
#include "io/temp_dir.h"

namespace sinan::io {
namespace {

class FileSystemTest : public testing::Test {
 protected:
  TempDir dir_ = *TempDir::make();
  Path root_ = dir_.path();
  FileSystem& files_ = real_file_system();
};

// The exit status of a child that runs `body`.
int status_of_child(const std::function<void()>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    body();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(FileSystemTest, WritesReadsListsRemoves) {
  const Path folder = root_ / "a" / "b";
  ASSERT_TRUE(files_.create_directories(folder));
  ASSERT_TRUE(files_.create_directories(folder)) << "a second time is no error";
  ASSERT_TRUE(files_.write_file_durable(folder / "z", "one"));
  ASSERT_TRUE(files_.write_file_durable(folder / "z", "two\0three"));
  ASSERT_TRUE(files_.write_file_durable(folder / "c", std::string(200'000, 'x')));
  EXPECT_EQ(*files_.read_file(folder / "z"), "two");
  EXPECT_EQ(files_.read_file(folder / "c")->size(), 200'000U);
  EXPECT_EQ(*files_.list(folder), (std::vector<std::string>{"c", "z"}));
  EXPECT_EQ(files_.stat(folder / "c")->size, 200'000U);
  EXPECT_TRUE(files_.stat(folder)->is_directory);
  EXPECT_TRUE(files_.sync_tree(root_));
  EXPECT_TRUE(files_.remove_tree(root_ / "a"));
  EXPECT_TRUE(files_.remove_tree(root_ / "a")) << "nothing there is success";
  EXPECT_FALSE(files_.exists(folder));
}

TEST_F(FileSystemTest, AppendsAndReadsInPlaces) {
  const Path path = root_ / "log";
  for (const char* line : {"first\n", "second\n"}) {
    auto file = *files_.open_append(path);
    ASSERT_TRUE(file->write(line));
    ASSERT_TRUE(file->sync());
    ASSERT_TRUE(file->close());
  }
  auto file = *files_.open_read(path);
  EXPECT_EQ(file->size(), 13U);
  std::string out(20, '.');
  EXPECT_EQ(*file->read_at(6, out), 7U);
  EXPECT_EQ(out.substr(0, 7), "second\n");
}

TEST_F(FileSystemTest, ErrorsHaveTheirCodesAndThePathLast) {
  const Path missing = root_ / "missing";
  const auto error = files_.read_file(missing).error();
  EXPECT_EQ(error.code, Code::kNotFound);
  EXPECT_EQ(error.message, "cannot open: No such file or directory: " + missing.string());
  EXPECT_EQ(files_.stat(missing).error().code, Code::kNotFound);
  EXPECT_EQ(files_.list(missing).error().code, Code::kNotFound);
  EXPECT_EQ(files_.write_file_durable(missing / "x", "").error().code, Code::kNotFound);
  EXPECT_EQ(files_.read_file(root_).error().code, Code::kArgument) << "a folder is no file";
  ASSERT_TRUE(files_.write_file_durable(root_ / "file", "12345"));
  EXPECT_EQ(files_.create_directories(root_ / "file" / "x").error().code, Code::kArgument);
  EXPECT_EQ(files_.read_file(root_ / "file", 4).error().code, Code::kExhausted);
  EXPECT_EQ(files_.read_file(root_ / "file", 5)->size(), 5U);
  EXPECT_EQ(files_.create("/dev/full").value()->write("x").error().code, Code::kExhausted);
}

TEST_F(FileSystemTest, StatTellsAReplacedFile) {
  ASSERT_TRUE(files_.write_file_durable(root_ / "x", "1"));
  const auto before = *files_.stat(root_ / "x");
  EXPECT_EQ(before, *files_.stat(root_ / "x"));
  ASSERT_TRUE(files_.write_file_durable(root_ / "x", "2"));
  EXPECT_NE(before, *files_.stat(root_ / "x"));
}

TEST_F(FileSystemTest, ReadsFilesWhoseSizeIsNotKnown) {
  const auto text = files_.read_file("/proc/self/status");
  ASSERT_TRUE(text);
  EXPECT_TRUE(text->starts_with("Name:"));
}

TEST(ParseFault, ReadsAndRefuses) {
  const auto fault = parse_fault("rename:3:kill");
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->operation, "rename");
  EXPECT_EQ(fault->at, 3U);
  EXPECT_EQ(fault->mode, FaultMode::kKill);
  EXPECT_TRUE(parse_fault("write:0:full"));
  for (const char* text :
       {"", "any", "any:1", "any:0:fail", "any:x:fail", "any:-1:kill", ":1:kill", "any:1:die", "a:1:kill:x"}) {
    EXPECT_EQ(parse_fault(text).error().code, Code::kArgument) << text;
  }
}

// What a durable replacement must keep, whatever breaks: the old content or the new, never another.
void expect_old_or_new(const Path& path) {
  const auto content = real_file_system().read_file(path);
  ASSERT_TRUE(content);
  EXPECT_TRUE(*content == "old content" || *content == "new content, longer") << *content;
}

TEST_F(FileSystemTest, DurableReplacementSurvivesAFaultAtEveryOperation) {
  FaultyFileSystem counter(files_, {.operation = "any", .at = UINT64_MAX});
  ASSERT_TRUE(counter.write_file_durable(root_ / "x", "old content"));
  const uint64_t operations = counter.count();
  ASSERT_GE(operations, 5U);  // create, write, sync, rename, sync of the folder
  for (uint64_t at = 1; at <= operations; ++at) {
    ASSERT_TRUE(files_.write_file_durable(root_ / "x", "old content"));
    FaultyFileSystem failing(files_, {.operation = "any", .at = at, .mode = FaultMode::kFail});
    EXPECT_EQ(failing.write_file_durable(root_ / "x", "new content, longer").error().code, Code::kIo);
    EXPECT_TRUE(failing.struck());
    expect_old_or_new(root_ / "x");

    ASSERT_TRUE(files_.write_file_durable(root_ / "x", "old content"));
    EXPECT_EQ(status_of_child([&] {
                FaultyFileSystem killing(files_, {.operation = "any", .at = at, .mode = FaultMode::kKill});
                std::ignore = killing.write_file_durable(root_ / "x", "new content, longer");
              }),
              137);
    expect_old_or_new(root_ / "x");
  }
}

TEST_F(FileSystemTest, FullDiskLeavesTheOldContentAndNoTemporaryFile) {
  ASSERT_TRUE(files_.write_file_durable(root_ / "x", "old content"));
  FaultyFileSystem full(files_, {.operation = "write", .at = 5, .mode = FaultMode::kFull});
  const auto error = full.write_file_durable(root_ / "x", "new content, longer").error();
  EXPECT_EQ(error.code, Code::kExhausted);
  EXPECT_NE(error.message.find("No space left on device"), std::string::npos);
  EXPECT_EQ(*files_.read_file(root_ / "x"), "old content");
  EXPECT_EQ(files_.list(root_)->size(), 1U);
}

TEST_F(FileSystemTest, FaultsStrikeAtNamedCheckpoints) {
  FaultyFileSystem files(files_, {.operation = "engine_committed", .at = 2, .mode = FaultMode::kFail});
  EXPECT_TRUE(files.checkpoint("engine_committed"));
  EXPECT_TRUE(files.checkpoint("other"));
  EXPECT_EQ(files.checkpoint("engine_committed").error().code, Code::kIo);
  EXPECT_EQ(files.create_directories(root_ / "later").error().code, Code::kIo) << "a broken disk stays broken";
}

TEST(TempDir, IsRemovedUnlessReleased) {
  Path kept, removed;
  {
    TempDir first = *TempDir::make({}, "sinan-test-");
    ASSERT_TRUE(real_file_system().write_file_durable(first.path() / "x", "x"));
    removed = first.path();
    TempDir second = *TempDir::make(first.path());
    kept = TempDir::make()->release();
  }
  EXPECT_FALSE(std::filesystem::exists(removed));
  EXPECT_TRUE(std::filesystem::exists(kept));
  std::filesystem::remove_all(kept);
}

}  // namespace
}  // namespace sinan::io
