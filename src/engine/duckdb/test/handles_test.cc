// Closing databases, also where the closing thread's thread_local objects are gone.
#include "engine/duckdb/handles.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <vector>

#include "engine/duckdb/test/open_engine.h"

namespace sinan::engine {
namespace {

// Takes the small blocks that were freed before it is destroyed, and afterwards tells whether somebody wrote to them.
class FreedBlocks {
 public:
  void take() {
    for (size_t i = 0; i < kBlocks; ++i) blocks_.emplace_back(std::make_unique<Block>())->fill(kMark);
  }
  bool are_untouched() const {
    return std::ranges::all_of(blocks_, [](const auto& block) {
      return std::ranges::all_of(*block, [](uint64_t word) { return word == kMark; });
    });
  }

 private:
  using Block = std::array<uint64_t, 3>;  // what DuckDB's object and its counters need
  static constexpr uint64_t kMark = 0x5a5a5a5a5a5a5a5a;
  static constexpr size_t kBlocks = 10'000;
  std::vector<std::unique_ptr<Block>> blocks_;
};

// Runs `action` when objects in static storage are destroyed.
template <class F>
class AtExit {
 public:
  explicit AtExit(F action) : action_(std::move(action)) {}
  AtExit(const AtExit&) = delete;
  AtExit& operator=(const AtExit&) = delete;
  ~AtExit() { action_(); }

 private:
  F action_;
};

constexpr int kTouched = 7;

// Leaves an engine to the end of the process, behind another one that was closed on this thread.
[[noreturn]] void exit_with_an_open_engine() {
  duckdb_database earlier = nullptr;
  duckdb_open(nullptr, &earlier);
  duckdb_close(&earlier);
  static FreedBlocks freed;
  static const AtExit report([] {
    if (!freed.are_untouched()) _exit(kTouched);
  });
  static const std::unique_ptr<Engine> engine = open_memory();
  static const AtExit take([] { freed.take(); });
  const bool works = must(engine->connect())->execute("SELECT 1").has_value();
  std::exit(works ? 0 : 1);
}

TEST(Handles, AnEngineMayBeClosedAfterMain) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(exit_with_an_open_engine(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace sinan::engine
