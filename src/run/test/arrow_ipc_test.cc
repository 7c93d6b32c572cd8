// Streams of pyarrow (test/corpus/arrow_ipc_fuzzer, made by arrow_ipc_corpus.py) and of our own, whole, cut and changed.
#include "run/arrow_ipc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "io/temp_dir.h"
#include "run/test/arrow_bytes.h"

namespace sinan::run {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string corpus(const std::string& name) {
  return bytes_of(std::filesystem::path(SINAN_SOURCE_DIR) / "src/run/test/corpus/arrow_ipc_fuzzer" / name);
}

Result<std::vector<arrow::Batch>> read(std::string bytes) {
  auto rows = TRY(read_arrow(std::make_unique<BytesFile>(std::move(bytes))));
  return arrow::read_all(*rows);
}

std::vector<std::string> row(const arrow::Batch& batch, size_t i) {
  std::vector<std::string> out;
  for (size_t c = 0; c < batch.columns(); ++c) out.push_back(batch.column(c).to_text(i));
  return out;
}

std::string written(const std::vector<arrow::Batch>& batches) {
  const auto folder = io::TempDir::make().value();
  ArrowWriter writer(io::real_file_system().create(folder.path() / "rows").value());
  EXPECT_TRUE(writer.write_schema(batches.front().schema()));
  for (const arrow::Batch& batch : batches) EXPECT_TRUE(writer.write(batch));
  EXPECT_TRUE(writer.finish());
  return bytes_of(folder.path() / "rows");
}

void expect_the_table(const arrow::Batch& batch) {
  EXPECT_THAT(row(batch, 0),
              ElementsAre("true", "-1", "0", "0.5", "0.1", "-12.50", "é", "a", ::testing::_, "2024-02-29",
                          HasSubstr("01:02:03"), HasSubstr("2024-02-29 01:00:00"), "NULL"));
  EXPECT_THAT(row(batch, 1), ElementsAre("NULL", "2", "9223372036854775808", "NULL", "1e+300", "NULL", "NULL", "bc",
                                         "NULL", "NULL", "NULL", "NULL", "NULL"));
  EXPECT_EQ(batch.column(8).string(0), std::string_view("\0\xff", 2));
  EXPECT_FALSE(batch.column(6).is_null(2));
  EXPECT_EQ(batch.column(6).string(2), "");
}

TEST(Arrow, ReadsWhatPyarrowWrites) {
  const auto stream = read(corpus("stream"));
  ASSERT_TRUE(stream) << stream.error().to_string();
  ASSERT_EQ(stream->size(), 3U);
  expect_the_table(stream->front());
  EXPECT_EQ(row((*stream)[2], 0), row(stream->front(), 2));
  const auto file = read(corpus("file"));
  ASSERT_TRUE(file) << file.error().to_string();
  ASSERT_EQ(file->size(), 1U);
  expect_the_table(file->front());
}

TEST(Arrow, RefusesWhatItCannotRead) {
  EXPECT_EQ(read(corpus("compressed")).error().hint, "write it with compression=\"uncompressed\"");
  EXPECT_THAT(read(corpus("dictionary")).error().message,
              HasSubstr("\"a\" cannot be read: its values are in a dictionary"));
  EXPECT_THAT(read(corpus("list")).error().message, HasSubstr("\"a\" cannot be read: its type"));
  EXPECT_EQ(read("a,b\n1,2\n3,4\n").error().message, "not an Arrow stream: a message does not begin where it should");
  EXPECT_THAT(read("").error().message, HasSubstr("was the writer closed?"));
}

TEST(Arrow, ReadsWhatItWrites) {
  std::vector<arrow::Batch> batches = read(corpus("stream")).value();
  batches.push_back(batches.front().slice(1, 2));  // begins within a byte of its bits
  const auto again = read(written(batches));
  ASSERT_TRUE(again) << again.error().to_string();
  ASSERT_EQ(again->size(), batches.size());
  EXPECT_EQ(again->front().schema(), batches.front().schema());
  for (size_t i = 0; i < batches.size(); ++i) {
    ASSERT_EQ((*again)[i].rows(), batches[i].rows());
    for (size_t r = 0; r < batches[i].rows(); ++r) EXPECT_EQ(row((*again)[i], r), row(batches[i], r));
  }
  expect_the_table(again->front());
}

TEST(Arrow, EveryCutAndEveryChangeEndsInRowsOrAnError) {
  const std::string whole = corpus("stream");
  for (size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(read(whole.substr(0, size))) << size;
  std::mt19937 random(5);
  for (int i = 0; i < 20'000; ++i) {
    std::string changed = whole;
    for (int k = 0; k < 1 + i % 3; ++k) changed[random() % changed.size()] = static_cast<char>(random());
    const auto batches = read(std::move(changed));
    if (!batches) continue;
    for (const arrow::Batch& batch : *batches)
      for (size_t r = 0; r < batch.rows(); ++r) row(batch, r);
  }
}

}  // namespace
}  // namespace sinan::run
