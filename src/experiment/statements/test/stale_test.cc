// What is stale, and counting reads: time is a simulated clock's.
#include "experiment/statements/stale.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "experiment/configuration_json.h"

namespace sinan::experiment {
namespace {

using std::chrono::days;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr TimePoint kNow{days(20'000)};

// One over `parameter`, whose groups have these values.
std::string experiment(const std::string& name, const std::string& parameter, const std::string& values,
                       const std::string& state = "running", int rollout = 100, const std::string& schedule = "[]",
                       const std::string& when = "TRUE") {
  return R"({"name": ")" + name +
         R"(", "unit": ["user_id"], "buckets": 100, "hash": "sinan", "salt": "", "epoch": 1, "owner": "shop",
    "state": ")" +
         state + R"(", "rollout": )" + std::to_string(rollout) + R"(, "max_rollout": 100, "schedule": )" + schedule +
         R"(,
    "groups": [{"name": "a", "first": 0, "last": 49}, {"name": "b", "first": 50, "last": 99}],
    "branches": [{"when": ")" +
         when + R"(", "set": {")" + parameter + R"(": )" + values + "}}]}";
}

Configuration configuration(const std::string& experiments) {
  auto made = configuration_from_json(R"({"format": )" + std::to_string(kConfigurationFormat) +
                                      R"(, "version": 1, "attributes": {"city": "string"}, "segments": [],
      "implications": [], "parameters": [
        {"name": "color", "type": "string", "default": "green"}, {"name": "size", "type": "int", "default": 1}],
      "experiments": [)" + experiments +
                                      "]}");
  EXPECT_TRUE(made) << made.error().to_string();
  return made ? *made : Configuration{};
}

const std::string kDiffer = R"({"a": "green", "b": "black"})";
const std::string kBlack = R"({"a": "black", "b": "black"})";

std::vector<Stale> ask(const Configuration& configuration, days idle, Usage usage = {}) {
  return stale_experiments(configuration, {.now = kNow, .usage = std::move(usage), .changed = [=](const Experiment&) {
                                             return kNow - idle;
                                           }});
}

TEST(Stale, UnchangedForLong) {
  const Configuration c = configuration(experiment("x", "color", kDiffer));
  EXPECT_THAT(ask(c, days(29)), IsEmpty());
  EXPECT_THAT(ask(c, days(-5)), IsEmpty());  // the clock has gone back
  const auto stale = ask(c, days(30));
  ASSERT_EQ(stale.size(), 1);
  EXPECT_EQ(stale[0].risk, StaleRisk::kHigh);
  EXPECT_THAT(stale[0].reasons, ElementsAre("running at 100% and unchanged for 30 days"));
  EXPECT_EQ(stale[0].todo, "END EXPERIMENT x");
}

TEST(Stale, RiskiestFirstAndThenByIdleTime) {
  const Configuration c = configuration(
      experiment("draft", "color", kDiffer, "draft") + "," + experiment("nobody", "color", kDiffer, "running", 0) +
      "," + experiment("rests", "color", kDiffer, "paused") + "," + experiment("decides", "color", kDiffer));
  std::map<std::string, int64_t> idle = {{"draft", 90}, {"nobody", 40}, {"rests", 50}, {"decides", 31}};
  const auto stale = stale_experiments(
      c, {.now = kNow, .changed = [&](const Experiment& each) { return kNow - days(idle[each.name]); }});
  std::vector<std::string> said;
  for (const Stale& each : stale) said.push_back(each.experiment->name + ": " + each.reasons.front());
  EXPECT_THAT(said, ElementsAre("decides: running at 100% and unchanged for 31 days", "rests: paused for 50 days",
                                "nobody: running at 0% and unchanged for 40 days", "draft: a draft for 90 days"));
  EXPECT_EQ(stale.back().todo, "DROP EXPERIMENT draft");
}

TEST(Stale, WhatMakesNoDifferenceIsSoAtOnce) {
  const auto same = ask(configuration(experiment("x", "color", kBlack)), days(0));
  ASSERT_EQ(same.size(), 1);
  EXPECT_THAT(same[0].reasons, ElementsAre("all groups have the same values"));
  EXPECT_EQ(same[0].todo, "END EXPERIMENT x SHIP a");
  const std::string over = R"([{"end": "2024-10-04T00:00:00Z"}])";
  EXPECT_THAT(ask(configuration(experiment("x", "color", kDiffer, "running", 100, over)), days(0)).at(0).reasons,
              ElementsAre("its schedule is over"));
  const std::string open = R"([{"end": "2024-10-05T00:00:00Z"}])";
  EXPECT_THAT(ask(configuration(experiment("x", "color", kDiffer, "running", 100, open)), days(0)), IsEmpty());
}

TEST(Stale, NoReadsCountOnlyWhereReadsAreCounted) {
  const Configuration c = configuration(experiment("x", "color", kDiffer));
  Usage usage{.since = kNow - days(60), .parameters = {}};
  EXPECT_EQ(ask(c, days(40), usage).at(0).risk, StaleRisk::kHigh);  // nobody reads one by one
  usage.parameters["size"] = {3, kNow};
  const auto unread = ask(c, days(40), usage);
  EXPECT_EQ(unread[0].risk, StaleRisk::kMedium);
  EXPECT_THAT(unread[0].reasons.back(), HasSubstr("no read of color counted for 30 days"));
  usage.since = kNow - days(10);  // not for long enough
  EXPECT_EQ(ask(c, days(40), usage).at(0).risk, StaleRisk::kHigh);
  usage.since = kNow - days(60);
  usage.parameters["color"] = {7, kNow - days(29)};
  const auto read = ask(c, days(40), usage);
  EXPECT_EQ(read[0].risk, StaleRisk::kHigh);
  EXPECT_EQ(read[0].reads, 7);
  EXPECT_EQ(read[0].last_read, kNow - days(29));
}

TEST(Stale, WhatAnEndedOneHasLeft) {
  const std::string ended = experiment("x", "color", kDiffer, "ended");
  const Configuration c = configuration(ended);
  EXPECT_THAT(ask(c, days(29)), IsEmpty());
  Usage usage{.since = kNow - days(60), .parameters = {{"color", {7, kNow}}}};
  const auto read = ask(c, days(40), usage);
  ASSERT_EQ(read.size(), 1);
  EXPECT_THAT(read[0].reasons, ElementsAre("it ended, and color is 'green' for everybody: code still reads it"));
  EXPECT_EQ(read[0].todo, "take color out of the code, then DROP PARAMETER color");
  usage.parameters["color"].last = kNow - days(31);
  EXPECT_EQ(ask(c, days(40), usage).at(0).todo, "DROP PARAMETER color");
  // Not while another decides over it, or a condition tests it.
  EXPECT_THAT(ask(configuration(ended + "," + experiment("y", "color", kDiffer)), days(0)), IsEmpty());
  const std::string tests = experiment("y", "size", R"({"a": 1, "b": 2})", "running", 100, "[]", "color = 'green'");
  const Configuration both = configuration(ended + "," + tests);
  const auto other = ask(both, days(40), usage);
  ASSERT_EQ(other.size(), 1);
  EXPECT_EQ(other[0].experiment->name, "y");
}

class ReadRecorderTest : public testing::Test {
 protected:
  ReadRecorderTest() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    open();
  }
  ~ReadRecorderTest() override { std::filesystem::remove_all(folder_); }
  void open() {
    catalog_.reset();
    auto opened = catalog::Catalog::open(folder_ / "catalog.db");
    ASSERT_TRUE(opened) << opened.error().to_string();
    catalog_ = *std::move(opened);
  }

  const std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) /
      (std::string("sinan_reads_") + testing::UnitTest::GetInstance()->current_test_info()->name());
  std::unique_ptr<catalog::Catalog> catalog_;
  SimulatedClock clock_{kNow};
};

TEST_F(ReadRecorderTest, GoesOnAfterARestart) {
  ASSERT_TRUE(ReadRecorder(*catalog_, clock_).record({}));
  EXPECT_EQ(stored_usage(*catalog_)->since, kNow);
  open();
  clock_.advance(minutes(2) + std::chrono::seconds(7));
  ReadRecorder recorder(*catalog_, clock_);
  ASSERT_TRUE(recorder.record({{"color", 3}}));
  clock_.advance(minutes(5));
  ASSERT_TRUE(recorder.record({{"color", 3}, {"size", 1}}));
  const Usage usage = *stored_usage(*catalog_);
  EXPECT_EQ(usage.since, kNow);
  EXPECT_EQ(*usage.find("color"), (Usage::Reads{3, kNow + minutes(2)}));
  EXPECT_EQ(*usage.find("size"), (Usage::Reads{1, kNow + minutes(7)}));
  EXPECT_EQ(usage.find("other"), nullptr);
  open();
  ASSERT_TRUE(ReadRecorder(*catalog_, clock_).record({{"color", 2}}));
  EXPECT_EQ(stored_usage(*catalog_)->find("color")->count, 5);
}

TEST_F(ReadRecorderTest, ANoteThatCannotBeReadIsAnErrorAndStays) {
  for (const std::string note :
       {"", "{", R"({"parameters": {"color": {"count": "x", "last": "2026-01-01T00:00:00Z"}}})",
        R"({"parameters": {"color": {"count": 1, "last": "soon"}}})"}) {
    ASSERT_TRUE(catalog_->set_note("parameter_reads", note));
    ReadRecorder recorder(*catalog_, clock_);
    EXPECT_FALSE(recorder.record({{"color", 3}})) << note;
    EXPECT_EQ(*catalog_->note("parameter_reads"), note);
  }
}

}  // namespace
}  // namespace sinan::experiment
