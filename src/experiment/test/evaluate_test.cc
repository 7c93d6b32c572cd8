#include "experiment/evaluator/evaluate.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstdlib>
#include <cstring>
#include <set>
#include <thread>

#include "experiment/compile.h"
#include "experiment/evaluator/evaluator.h"
#include "experiment/evaluator/snapshot_file.h"
#include "experiment/test/allocations.h"
#include "experiment/test/random_configuration.h"
#include "experiment/test/test_configuration.h"

namespace sinan::experiment {
namespace {

std::vector<std::byte> compiled(const Configuration& configuration) {
  const auto bound = bind(configuration);
  EXPECT_TRUE(bound.has_value()) << (bound ? "" : bound.error().to_string());
  return compile(*bound, configuration.version);
}

std::unique_ptr<const Snapshot> snapshot_of(const Configuration& configuration) {
  auto snapshot = Snapshot::load(compiled(configuration));
  EXPECT_TRUE(snapshot.has_value()) << (snapshot ? "" : snapshot.error().to_string());
  return *std::move(snapshot);
}

Value value_of(const Snapshot& snapshot, const Detail& detail) {
  const format::Value& value = snapshot.tables().values[detail.value];
  switch (value.type) {
    case 0:
      return value.bits != 0;
    case 1:
      return static_cast<int64_t>(value.bits);
    case 2:
      return std::bit_cast<double>(value.bits);
    case 3:
      return std::string(snapshot.text(value.text));
    default:
      return JsonText{std::string(snapshot.text(value.text))};
  }
}

std::set<std::string> exposures_of(const Snapshot& snapshot, const Detail& detail) {
  std::set<std::string> names;
  for (uint32_t i = 0; i < detail.exposure_count; ++i) names.emplace(experiment_name(snapshot, detail.exposures[i]));
  return names;
}

TEST(Evaluate, EqualsTheModelOnRandomConfigurations) {
  Random random(20261128);
  size_t decided = 0;
  size_t exposed = 0;
  for (int round = 0; round < 400; ++round) {
    const Configuration configuration = random_configuration(random, {});
    const auto snapshot = snapshot_of(configuration);
    const ModelEvaluator model(configuration);
    for (int i = 0; i < 40; ++i) {
      const ModelContext given = random_context(random);
      std::vector<std::vector<std::string_view>> lists;
      const Context context = to_context(given, lists);
      for (const Parameter& parameter : configuration.parameters) {
        const Detail detail = evaluate(*snapshot, parameter.name, context);
        ASSERT_EQ(to_text(value_of(*snapshot, detail)), to_text(model.value(parameter.name, given)))
            << "round " << round << " context " << i << " " << parameter.name;
        ASSERT_EQ(exposures_of(*snapshot, detail), model.exposures(parameter.name, given))
            << "round " << round << " context " << i << " " << parameter.name;
        decided += detail.reason == Reason::kSplit ? 1 : 0;
        exposed += detail.exposure_count;
      }
    }
  }
  EXPECT_GT(decided, 5'000);  // the comparison is worth something
  EXPECT_GT(exposed, 2'000);
}

TEST(Evaluate, TheExampleIsExplained) {
  const auto snapshot = snapshot_of(button_configuration());
  Context context;
  context.set("user_id", "u42").set("city", "San Francisco").set("app_version", "3.4.1");
  context.force_group("slices", "a").force_group("button_black", "treatment");
  Detail detail;
  EXPECT_EQ(string(*snapshot, "checkout.button_color", context, "x", &detail), "black");
  EXPECT_EQ(detail.reason, Reason::kSplit);
  EXPECT_EQ(group_name(*snapshot, detail.decided_by), "t1");
  EXPECT_EQ(exposures_of(*snapshot, detail), (std::set<std::string>{"slices", "button_black"}));
  std::string text;
  for (const Step& step : explain(*snapshot, "checkout.button_color", context))
    text += std::to_string(step.depth) + " " + step.text + "\n";
  EXPECT_EQ(text,
            "0 parameter checkout.button_color\n"
            "1 parameter traffic_slice\n"
            "2 experiment slices: forced, group a: A\n"
            "1 experiment button_black: forced, group t1: black\n");
}

TEST(Evaluate, ReasonsAndProblems) {
  Configuration c = button_configuration();
  c.parameters.push_back({.name = "plain", .type = ValueType::kInt, .fallback = int64_t{3}});
  c.parameters.push_back(
      {.name = "ruled", .type = ValueType::kDouble, .fallback = 1.5, .rules = {{condition("IN SEGMENT staff"), 2.5}}});
  const auto snapshot = snapshot_of(c);
  Context context;
  Detail detail;
  EXPECT_EQ(integer(*snapshot, "plain", context, 0, &detail), 3);
  EXPECT_EQ(detail.reason, Reason::kStatic);
  EXPECT_EQ(real(*snapshot, "plain", context, 0, &detail), 3.0);
  EXPECT_EQ(detail.problem, Problem::kNone);
  EXPECT_EQ(real(*snapshot, "ruled", context, 0, &detail), 1.5);
  EXPECT_EQ(detail.reason, Reason::kDefault);
  context.set("user_id", "u1");
  EXPECT_EQ(real(*snapshot, "ruled", context, 0, &detail), 2.5);
  EXPECT_EQ(detail.reason, Reason::kTargetingMatch);
  EXPECT_EQ(boolean(*snapshot, "ruled", context, true, &detail), true);
  EXPECT_EQ(detail.problem, Problem::kTypeMismatch);
  EXPECT_EQ(boolean(*snapshot, "none", context, true, &detail), true);
  EXPECT_EQ(detail.problem, Problem::kFlagNotFound);
  EXPECT_EQ(to_string(detail.reason), "ERROR");
  EXPECT_EQ(to_string(detail.problem), "FLAG_NOT_FOUND");
  context.set("user_id", "");
  EXPECT_EQ(string(*snapshot, "traffic_slice", context, "x", &detail), "none");
  EXPECT_TRUE(detail.missing_unit);
  EXPECT_EQ(detail.exposure_count, 0);
}

TEST(Evaluate, GroupsThatAgreeAreNoExposure) {
  Configuration c = button_configuration();
  for (auto& [group, value] : c.experiments[1].branches[0].treatments[0].by_group) value = std::string("blue");
  const auto snapshot = snapshot_of(c);
  Context context;
  context.set("user_id", "u42")
      .set("city", "San Francisco")
      .set("app_version", "3.4.1")
      .force_group("slices", "a")
      .force_group("button_black", "t1");
  const Detail detail = evaluate(*snapshot, "checkout.button_color", context);
  // The group of button_black makes no difference; that of slices does: in b the default would be served.
  EXPECT_EQ(exposures_of(*snapshot, detail), (std::set<std::string>{"slices"}));
}

TEST(Evaluate, PrefetchIsSilentAndAccessCounts) {
  Evaluator evaluator;
  evaluator.publish(snapshot_of(button_configuration()));
  Context context;
  context.set("city", "x");
  evaluate(*evaluator.read(), "traffic_slice", context, Access::kPrefetch);
  EXPECT_TRUE(evaluator.counts().accesses.empty());
  EXPECT_TRUE(evaluator.counts().missing_units.empty());
  for (int i = 0; i < 3; ++i) evaluate(*evaluator.read(), "traffic_slice", context);
  evaluator.publish(snapshot_of(button_configuration()));  // counts outlive their snapshot
  evaluate(*evaluator.read(), "traffic_slice", context);
  EXPECT_EQ(evaluator.counts().accesses, (std::map<std::string, uint64_t>{{"traffic_slice", 4}}));
  EXPECT_EQ(evaluator.counts().missing_units, (std::map<std::string, uint64_t>{{"slices", 4}}));
}

TEST(Evaluate, AllocatesNothing) {
  const auto snapshot = snapshot_of(button_configuration());
  Evaluator evaluator;
  evaluator.publish(snapshot_of(button_configuration()));
  Context context;
  const size_t before = allocations();
  size_t matched = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::array<char, 2> id = {static_cast<char>('a' + i % 26), static_cast<char>('a' + i / 26 % 26)};
    context.set("user_id", std::string_view(id.data(), 2)).set("city", "San Francisco").set("app_version", "3.4.1");
    Detail detail;
    const auto reading = evaluator.read();
    matched += string(*reading, "checkout.button_color", context, "x", &detail).size();
    matched += boolean(*reading, "checkout.button_color", context, false, &detail) ? 1 : 0;
  }
  EXPECT_EQ(allocations(), before);
  EXPECT_GT(matched, 1000);
}

TEST(Snapshot, GoldenFileIsRead) {
  const std::string path = "src/experiment/test/data/button.snapshot";
  const auto bytes = read_snapshot_file(path);
  ASSERT_TRUE(bytes.has_value());
  EXPECT_TRUE(Snapshot::load(*bytes).has_value());
  EXPECT_EQ(*bytes, compiled(button_configuration()));  // format 1, as it was first written
}

TEST(Snapshot, DamageIsRefused) {
  const std::vector<std::byte> good = compiled(button_configuration());
  for (size_t size = 0; size < good.size(); size += 13)
    EXPECT_FALSE(Snapshot::load(std::span(good).first(size)).has_value());
  Random random(7);
  Context context;
  context.set("user_id", "u42").set("city", "San Francisco").set("app_version", "3.4.1");
  size_t loaded = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::vector<std::byte> bad = good;
    for (uint64_t change = 1 + random.below(3); change > 0; --change) {
      bad[sizeof(format::Header) + random.below(bad.size() - sizeof(format::Header))] =
          static_cast<std::byte>(random.below(256));
    }
    if (bad == good) continue;
    EXPECT_FALSE(Snapshot::load(bad).has_value());  // by its checksum
    auto header = *reinterpret_cast<format::Header*>(bad.data());
    header.checksum = snapshot_checksum(bad);
    std::memcpy(bad.data(), &header, sizeof(header));
    const auto snapshot = Snapshot::load(bad);
    if (!snapshot) continue;
    ++loaded;  // whatever is let in can be evaluated
    for (const char* name : {"traffic_slice", "checkout.button_color"}) {
      evaluate(**snapshot, name, context);
      explain(**snapshot, name, context);
    }
  }
  EXPECT_GT(loaded, 1000);
}

TEST(Evaluator, OlderAndDamagedSnapshotsAreRefused) {
  Evaluator evaluator;
  Configuration c = button_configuration();
  ASSERT_TRUE(evaluator.load(compiled(c)).has_value());
  c.version = 6;
  const auto older = evaluator.load(compiled(c));
  ASSERT_FALSE(older.has_value());
  EXPECT_EQ(older.error().message, "snapshot is older than the one in use: version 6, in use is 7");
  EXPECT_FALSE(evaluator.load({}).has_value());
  EXPECT_EQ(evaluator.read()->version(), 7);
}

// Each version gives both parameters the version's number: a reader that sees two numbers has seen half of each.
TEST(Evaluator, ReadersSeeOneVersion) {
  const auto numbered = [](uint64_t version) {
    Configuration c;
    c.version = version;
    for (const char* name : {"first", "second"})
      c.parameters.push_back({.name = name, .type = ValueType::kInt, .fallback = static_cast<int64_t>(version)});
    return snapshot_of(c);
  };
  Evaluator evaluator;
  evaluator.publish(numbered(1));
  std::atomic<bool> stop{false};
  std::atomic<size_t> reads{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      const Context context;
      int64_t last = 0;
      while (!stop.load()) {
        const auto snapshot = evaluator.read();
        const int64_t first = integer(*snapshot, "first", context, -1);
        const int64_t second = integer(*snapshot, "second", context, -2);
        if (first != second || first < last) std::abort();
        last = first;
        reads.fetch_add(1);
      }
    });
  }
  for (uint64_t version = 2; version < 300; ++version) evaluator.publish(numbered(version));
  while (reads.load() < 1000) std::this_thread::yield();
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(evaluator.read()->version(), 299);
  EXPECT_EQ(evaluator.counts().accesses["first"], reads.load());
}

}  // namespace
}  // namespace sinan::experiment
