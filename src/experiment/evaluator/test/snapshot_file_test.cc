#include "experiment/evaluator/snapshot_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "experiment/evaluator/snapshot.h"

namespace sinan::experiment {
namespace {

namespace fs = std::filesystem;

class SnapshotFile : public testing::Test {
 protected:
  SnapshotFile() { fs::create_directory(folder_); }
  ~SnapshotFile() override { fs::remove_all(folder_); }

  size_t files() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }
  const fs::path folder_ = fs::temp_directory_path() / ("snapshot_file_test_" + std::to_string(::getpid()));
  const std::string path_ = folder_ / "flags.snapshot";
  const std::unique_ptr<const Snapshot> empty_ = Snapshot::empty();
};

TEST_F(SnapshotFile, IsReadAsItWasWritten) {
  ASSERT_TRUE(write_snapshot_file(path_, empty_->bytes()).has_value());
  ASSERT_TRUE(write_snapshot_file(path_, empty_->bytes()).has_value());
  const auto read = read_snapshot_file(path_);
  ASSERT_TRUE(read.has_value());
  EXPECT_TRUE(std::ranges::equal(*read, empty_->bytes()));
  EXPECT_EQ(files(), 1);
}

TEST_F(SnapshotFile, WhatFailsLeavesNothingBehind) {
  fs::create_directories(path_);  // a folder cannot be replaced by a file
  const auto written = write_snapshot_file(path_, empty_->bytes());
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().message.find("cannot replace snapshot"), 0);
  EXPECT_EQ(files(), 1);
  const auto nowhere = write_snapshot_file(folder_ / "no" / "such", empty_->bytes());
  ASSERT_FALSE(nowhere.has_value());
  EXPECT_EQ(nowhere.error().code, Code::kNotFound);
  EXPECT_EQ(read_snapshot_file(folder_ / "none").error().code, Code::kNotFound);
}

TEST_F(SnapshotFile, WhatAKilledWriterLeftIsRemoved) {
  const auto leave = [&](const std::string& name, std::chrono::seconds age) {
    std::ofstream(folder_ / name) << "SINANEXP";
    fs::last_write_time(folder_ / name, fs::file_time_type::clock::now() - age);
  };
  leave("flags.snapshot.0123456789abcdef.tmp", std::chrono::seconds(90));
  leave("flags.snapshot.fedcba9876543210.tmp", std::chrono::seconds(10));  // perhaps still written
  const std::vector<std::string> others = {"flags.snapshot.tmp", "other.snapshot.0123456789abcdef.tmp",
                                           "flags.snapshot.0123456789abcdeF.tmp",
                                           "flags.snapshot.0123456789abcdef.bak"};
  for (const std::string& other : others) leave(other, std::chrono::seconds(90));
  ASSERT_TRUE(write_snapshot_file(path_, empty_->bytes()).has_value());
  EXPECT_FALSE(fs::exists(folder_ / "flags.snapshot.0123456789abcdef.tmp"));
  EXPECT_TRUE(fs::exists(folder_ / "flags.snapshot.fedcba9876543210.tmp"));
  for (const std::string& other : others) EXPECT_TRUE(fs::exists(folder_ / other)) << other;
}

TEST_F(SnapshotFile, ManyWritersLeaveOneWholeFile) {
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([&] {
      for (int round = 0; round < 20; ++round) EXPECT_TRUE(write_snapshot_file(path_, empty_->bytes()).has_value());
    });
  }
  for (int round = 0; round < 100; ++round) {
    const auto read = read_snapshot_file(path_);
    EXPECT_TRUE(!read || Snapshot::load(*read).has_value());
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(files(), 1);
}

}  // namespace
}  // namespace sinan::experiment
