// The checked-in vectors still hold: snapshots that were written once are read and answered the same.
#include "experiment/test/vectors.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "experiment/evaluator/evaluator.h"

namespace sinan::experiment {
namespace {

std::string content(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in.good()) << path;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

TEST(Vectors, Hold) {
  const std::filesystem::path folder = "sdk/vectors";
  size_t cases = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    const auto suite = Json::parse(content(entry.path()));
    ASSERT_TRUE(suite.has_value()) << entry.path();
    Evaluator evaluator;
    const auto loaded = evaluator.load_file((folder / *suite->at("snapshot").as_string()).string());
    ASSERT_TRUE(loaded.has_value()) << loaded.error().to_string();
    const auto snapshot = evaluator.read();
    std::vector<std::vector<std::byte>> contexts;
    for (const Json& context : suite->at("contexts").items()) contexts.push_back(encode(vector_context(context)));
    for (const Json& one : suite->at("cases").items()) {
      const auto& parts = one.items();
      const Json answer = answer_json(*snapshot, *parts[1].as_string(), *parts[2].as_string(),
                                      contexts[static_cast<size_t>(*parts[0].as_int())]);
      ASSERT_EQ(answer.dump(), parts[3].dump()) << entry.path() << " " << one.dump();
      ++cases;
    }
  }
  EXPECT_GT(cases, 1500);
}

TEST(Vectors, BytesThatAreNoContextAreRefused) {
  const auto snapshot = Snapshot::empty();
  const std::vector<std::byte> whole = encode({{"name", "list", {"a", "b"}}, {"number", "int", {"7"}}});
  EXPECT_EQ(answer_json(*snapshot, "p", "any", whole).at("problem"), Json("FLAG_NOT_FOUND"));
  size_t refused = 0;
  for (size_t size = 0; size < whole.size(); ++size) {
    const std::vector<std::byte> cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
    refused += answer_json(*snapshot, "p", "any", cut).at("problem") == Json("INVALID_CONTEXT") ? 1 : 0;
  }
  EXPECT_EQ(refused, whole.size() - 2);  // but for nothing, and the first attribute alone
  std::vector<std::byte> unknown = whole;
  unknown[0] = std::byte{99};
  EXPECT_EQ(answer_json(*snapshot, "p", "any", unknown).at("problem"), Json("INVALID_CONTEXT"));
  VectorContext many;
  for (int i = 0; i <= 1000; ++i) many.push_back({"a" + std::to_string(i), "bool", {"true"}});
  EXPECT_EQ(answer_json(*snapshot, "p", "any", encode(many)).at("problem"), Json("INVALID_CONTEXT"));
}

}  // namespace
}  // namespace sinan::experiment
