// Snapshots are replaced while threads evaluate: every answer, in all its parts, is that of the version it names. Runs under the
// thread sanitizer too (tools/test_integration tsan).
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "experiment/evaluator/sinan_experiment.h"

namespace sinan::experiment {
namespace {

// In the order of their versions, of which each is another configuration.
constexpr std::array kSuites = {"texts", "hashes", "typed_texts", "buttons", "values"};

std::string content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in.good()) << path;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string context(const std::string& id) {
  std::string bytes;
  const auto text = [&](const std::string& value) {
    const auto size = static_cast<uint32_t>(value.size());
    bytes.append(reinterpret_cast<const char*>(&size), sizeof(size)).append(value);
  };
  for (const char* name : {"user_id", "id", "region", "hour", "t"}) {
    bytes.push_back('\x04');
    text(name);
    text(id);
  }
  return bytes;
}

// All that was answered but for the version, as bytes; and the version.
std::pair<std::string, uint64_t> ask(const sinan_evaluator* evaluator, const std::string& parameter,
                                     const std::string& given) {
  sinan_answer out;
  std::array<char, 8192> texts{};
  const size_t size = sinan_evaluate(evaluator, parameter.data(), parameter.size(), SINAN_TYPE_ANY, given.data(),
                                     given.size(), 0, texts.data(), texts.size(), &out);
  const uint64_t version = out.version;
  out.version = 0;
  return {std::string(reinterpret_cast<const char*>(&out), sizeof(out)).append(texts.data(), size), version};
}

TEST(Swap, EveryAnswerIsOfOneVersion) {
  const std::vector<std::string> parameters = {"traffic_slice", "by_sinan", "by_pair", "is.umlaut",
                                               "planned",       "v30",      "decided"};
  std::vector<std::string> contexts;
  for (int i = 0; i < 8; ++i) contexts.push_back(context("u" + std::to_string(i)));

  std::map<uint64_t, std::vector<std::string>> expected;  // by version; parameters, then contexts
  std::vector<std::string> snapshots;
  for (const char* suite : kSuites) {
    snapshots.push_back(content(std::string("sdk/vectors/") + suite + ".snapshot"));
    sinan_evaluator* alone = sinan_evaluator_new();
    ASSERT_EQ(sinan_evaluator_load(alone, snapshots.back().data(), snapshots.back().size(), nullptr, 0), 0);
    for (const std::string& parameter : parameters) {
      for (const std::string& given : contexts)
        expected[sinan_evaluator_version(alone)].push_back(ask(alone, parameter, given).first);
    }
    sinan_evaluator_free(alone);
  }
  ASSERT_EQ(expected.size(), kSuites.size());

  std::atomic<size_t> wrong{0};
  std::atomic<size_t> answers{0};
  for (int round = 0; round < 40; ++round) {
    sinan_evaluator* evaluator = sinan_evaluator_new();
    ASSERT_EQ(sinan_evaluator_load(evaluator, snapshots[0].data(), snapshots[0].size(), nullptr, 0), 0);
    std::atomic<bool> stop{false};
    std::vector<std::thread> readers;
    for (size_t r = 0; r < 4; ++r) {
      readers.emplace_back([&, r] {
        uint64_t last = 0;
        for (size_t i = r; !stop.load(); ++i) {
          const size_t parameter = i % parameters.size();
          const size_t given = i / parameters.size() % contexts.size();
          const auto [answer, version] = ask(evaluator, parameters[parameter], contexts[given]);
          const auto known = expected.find(version);
          const bool right = known != expected.end() && version >= last &&
                             known->second[parameter * contexts.size() + given] == answer;
          wrong += right ? 0 : 1;
          answers += 1;
          last = version;
        }
      });
    }
    for (const std::string& snapshot : snapshots) {
      const size_t before = answers.load();
      // The same again is taken too, and replaced like any other. Two writers at a time.
      std::thread other([&] {
        for (int i = 0; i < 4; ++i) sinan_evaluator_load(evaluator, snapshot.data(), snapshot.size(), nullptr, 0);
      });
      for (int i = 0; i < 4; ++i) sinan_evaluator_load(evaluator, snapshot.data(), snapshot.size(), nullptr, 0);
      other.join();
      while (answers.load() < before + 50) std::this_thread::yield();
    }
    stop = true;
    for (std::thread& reader : readers) reader.join();
    sinan_evaluator_free(evaluator);
  }
  EXPECT_EQ(wrong.load(), 0);
}

}  // namespace
}  // namespace sinan::experiment
