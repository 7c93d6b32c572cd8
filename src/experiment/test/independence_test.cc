// The statistical promises of assignment: uniform per salt, independent between salts, between rollout and group, and between parent
// and child; growing a rollout and splitting a group move nobody they should not. Ids and salts are the ones that weak hashes fail
// on: sequential, padded, sharing prefixes, one character apart. Every test is of fixed seed and size: it gives one answer for ever.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <set>

#include "base/random.h"
#include "experiment/compile.h"
#include "experiment/evaluator/evaluate.h"
#include "experiment/test/test_configuration.h"

namespace sinan::experiment {
namespace {

using Ids = std::function<std::string(uint32_t)>;

std::string hex(uint64_t number, int digits) {
  std::string text;
  for (int i = digits - 1; i >= 0; --i) text += "0123456789abcdef"[(number >> (4 * i)) & 15];
  return text;
}

const std::vector<std::pair<std::string, Ids>>& id_families() {
  static const std::vector<std::pair<std::string, Ids>> kFamilies = {
      {"sequential", [](uint32_t i) { return std::to_string(i); }},
      {"padded", [](uint32_t i) { return std::string(12 - std::to_string(i).size(), '0') + std::to_string(i); }},
      {"uuid",
       [](uint32_t i) {
         Random random(i);
         return hex(random.next(), 8) + "-" + hex(random.next(), 4) + "-4" + hex(random.next(), 3) + "-" +
                hex(random.next(), 4) + "-" + hex(random.next(), 12);
       }},
      {"e-mail", [](uint32_t i) { return "user" + std::to_string(i) + "@example.com"; }},
      {"shared prefix", [](uint32_t i) { return std::string(200, 'x') + std::to_string(i); }},
      {"short", [](uint32_t i) { return hex(i, 5); }},
      {"utf-8", [](uint32_t i) { return "пользователь-" + std::to_string(i) + "-東京"; }},
  };
  return kFamilies;
}

uint32_t bucket(std::string_view salt, std::string_view id, uint32_t buckets, Purpose purpose = Purpose::kGroup) {
  return sinan_bucket(derive_key(purpose, salt), {&id, 1}, buckets);
}

// Buckets of many ids under one salt; the key is derived once.
std::vector<uint32_t> all_buckets(std::string_view salt, const Ids& ids, uint32_t count, uint32_t buckets,
                                  Purpose purpose = Purpose::kGroup) {
  const SipKey key = derive_key(purpose, salt);
  std::vector<uint32_t> result(count);
  for (uint32_t i = 0; i < count; ++i) {
    const std::string id = ids(i);
    const std::string_view view = id;
    result[i] = sinan_bucket(key, {&view, 1}, buckets);
  }
  return result;
}

// (chi2 - df) / sqrt(2 df): about normal for many cells.
double chi2_z(const std::vector<uint32_t>& observed, double expected) {
  double chi2 = 0;
  for (const uint32_t count : observed) chi2 += (count - expected) * (count - expected) / expected;
  const auto df = static_cast<double>(observed.size() - 1);
  return (chi2 - df) / std::sqrt(2 * df);
}

constexpr uint32_t kIds = 40'000;
constexpr double kLimit = 4.5;

TEST(Independence, UniformPerSaltForEveryFamilyOfIds) {
  for (const auto& [name, ids] : id_families()) {
    for (const char* salt : {"exp", "a", ""}) {
      std::vector<uint32_t> counts(100);
      for (const uint32_t b : all_buckets(salt, ids, kIds, 100)) ++counts[b];
      EXPECT_LT(std::abs(chi2_z(counts, kIds / 100.0)), kLimit) << name << " " << salt;
    }
  }
  std::set<uint32_t> single;  // one-character ids spread too
  for (char c = '!'; c <= '~'; ++c) single.insert(bucket("exp", std::string(1, c), 1'000'000));
  EXPECT_EQ(single.size(), 94);
}

// One character apart, permuted, a prefix of the other, other case, a number apart.
constexpr std::pair<std::string_view, std::string_view> kNearSalts[] = {
    {"exp-1", "exp-2"}, {"exp-12", "exp-21"}, {"exp", "exp-1"}, {"Exp-1", "exp-1"}, {"a", "b"}, {"", "a"}};

TEST(Independence, PairsOfNearlyEqualSalts) {
  for (const auto& [first, second] : kNearSalts) {
    for (const size_t family : {size_t{0}, size_t{2}}) {
      const Ids& ids = id_families()[family].second;
      const auto a = all_buckets(first, ids, kIds, 20);
      const auto b = all_buckets(second, ids, kIds, 20);
      std::vector<uint32_t> joint(400);
      for (uint32_t i = 0; i < kIds; ++i) ++joint[a[i] * 20 + b[i]];
      EXPECT_LT(std::abs(chi2_z(joint, kIds / 400.0)), kLimit) << first << " " << second;
    }
  }
}

TEST(Independence, TheTestSeesWhatWeakHashesDo) {
  // FNV-1a with the salt behind the id, as GrowthBook's first scheme hashes: far from independent.
  std::vector<uint32_t> joint(400);
  for (uint32_t i = 0; i < kIds; ++i) {
    const std::string id = std::to_string(i);
    const std::string_view view = id;
    const uint32_t a = foreign_bucket(HashScheme::kGrowthBookV1, "exp-1", {&view, 1}, 1000) / 50;
    const uint32_t b = foreign_bucket(HashScheme::kGrowthBookV1, "exp-2", {&view, 1}, 1000) / 50;
    ++joint[a * 20 + b];
  }
  EXPECT_GT(chi2_z(joint, kIds / 400.0), 100);
  EXPECT_FALSE(is_independent(HashScheme::kGrowthBookV1));
}

TEST(Independence, ThreeSaltsTogether) {
  const Ids& ids = id_families()[0].second;
  const auto a = all_buckets("exp-1", ids, kIds, 8);
  const auto b = all_buckets("exp-2", ids, kIds, 8);
  const auto c = all_buckets("exp-3", ids, kIds, 8);
  std::vector<uint32_t> joint(512);
  for (uint32_t i = 0; i < kIds; ++i) ++joint[(a[i] * 8 + b[i]) * 8 + c[i]];
  EXPECT_LT(std::abs(chi2_z(joint, kIds / 512.0)), kLimit);
}

TEST(Independence, RolloutAndGroupOfOneSalt) {
  for (const auto& [name, ids] : id_families()) {
    const auto group = all_buckets("exp", ids, kIds, 20);
    const auto rollout = all_buckets("exp", ids, kIds, 20, Purpose::kRollout);
    std::vector<uint32_t> joint(400);
    for (uint32_t i = 0; i < kIds; ++i) ++joint[group[i] * 20 + rollout[i]];
    EXPECT_LT(std::abs(chi2_z(joint, kIds / 400.0)), kLimit) << name;
  }
}

TEST(Independence, ChildGivenParentHasTheRatioOfWidths) {
  const Ids& ids = id_families()[3].second;
  const auto parent = all_buckets("parent", ids, 4 * kIds, 100);
  const auto child = all_buckets("child", ids, 4 * kIds, 100);
  std::vector<uint32_t> counts(20);
  double inside = 0;
  double narrow = 0;
  for (size_t i = 0; i < parent.size(); ++i) {
    if (parent[i] >= 10) continue;  // the parent's group of 10 %
    ++inside;
    ++counts[child[i] / 5];
    narrow += child[i] < 30 ? 1 : 0;
  }
  EXPECT_LT(std::abs(chi2_z(counts, inside / 20)), kLimit);
  EXPECT_NEAR(narrow / inside, 0.3, 4 * std::sqrt(0.3 * 0.7 / inside));
}

TEST(Independence, EveryInputBitFlipsHalfOfTheOutputBits) {
  const auto hash_of = [](const std::string& salt, const std::string& id) {
    return sip_hash<SipHash24>(derive_key(Purpose::kGroup, salt), id);
  };
  constexpr int kTrials = 40'000;
  Random random(1);
  for (const bool of_salt : {false, true}) {
    std::vector<uint32_t> flips(64);
    for (int trial = 0; trial < kTrials; ++trial) {
      std::string salt = "experiment-" + std::to_string(trial);
      std::string id = "user-" + std::to_string(random.below(1'000'000));
      const uint64_t before = hash_of(salt, id);
      std::string& changed = of_salt ? salt : id;
      changed[random.below(changed.size())] ^= static_cast<char>(1U << random.below(7));
      const uint64_t difference = before ^ hash_of(salt, id);
      for (size_t bit = 0; bit < 64; ++bit) flips[bit] += static_cast<uint32_t>(difference >> bit) & 1;
    }
    for (size_t bit = 0; bit < 64; ++bit)
      EXPECT_NEAR(flips[bit] / double{kTrials}, 0.5, 0.0125) << bit;  // five standard errors
  }
}

// An A/A test of a binary metric over many salts: p must be uniform.
TEST(Independence, FalsePositivesAreAsManyAsPromised) {
  constexpr uint32_t kUnits = 2'000;
  constexpr uint32_t kSalts = 2'000;
  std::vector<std::string> ids;
  std::vector<bool> converted;
  Random random(3);
  for (uint32_t i = 0; i < kUnits; ++i) {
    ids.push_back("user" + std::to_string(i));
    converted.push_back(random.uniform() < 0.3);
  }
  std::vector<double> p_values;
  for (uint32_t s = 0; s < kSalts; ++s) {
    const SipKey key = derive_key(Purpose::kGroup, "aa-" + std::to_string(s));
    double n[2] = {};
    double k[2] = {};
    for (uint32_t i = 0; i < kUnits; ++i) {
      const std::string_view id = ids[i];
      const size_t arm = sinan_bucket(key, {&id, 1}, 2);
      ++n[arm];
      k[arm] += converted[i] ? 1 : 0;
    }
    const double pooled = (k[0] + k[1]) / kUnits;
    const double z = (k[0] / n[0] - k[1] / n[1]) / std::sqrt(pooled * (1 - pooled) * (1 / n[0] + 1 / n[1]));
    p_values.push_back(std::erfc(std::abs(z) / std::sqrt(2.0)));
  }
  const auto positives = static_cast<double>(std::ranges::count_if(p_values, [](double p) { return p < 0.05; }));
  EXPECT_NEAR(positives / kSalts, 0.05, 0.01);
  std::ranges::sort(p_values);
  double distance = 0;  // Kolmogorov and Smirnov's
  for (size_t i = 0; i < p_values.size(); ++i) {
    distance = std::max(
        {distance, (static_cast<double>(i) + 1) / kSalts - p_values[i], p_values[i] - static_cast<double>(i) / kSalts});
  }
  EXPECT_LT(distance, 1.63 / std::sqrt(double{kSalts}) + 0.02);  // 1 % level, and the steps of a discrete metric
}

// From here on through configurations and the evaluator.
class Assigned {
 public:
  explicit Assigned(const Configuration& configuration)
      : snapshot_(*Snapshot::load(compile(*bind(configuration), configuration.version))) {}
  // The group that decides; empty when none does.
  std::string group(const std::string& id) const {
    Context context;
    context.set("user_id", std::string_view(id));
    return std::string(group_name(*snapshot_, evaluate(*snapshot_, "p", context).decided_by));
  }
  std::string value(const std::string& id) const {
    Context context;
    context.set("user_id", std::string_view(id));
    return std::string(string(*snapshot_, "p", context, ""));
  }

 private:
  std::unique_ptr<const Snapshot> snapshot_;
};

Configuration thirty_seventy(uint32_t rollout) {
  Configuration c;
  c.attributes = {{"user_id", AttributeType::kString}};
  c.parameters.push_back(text_parameter("p", "default"));
  Experiment e = running("e", {{"small", 30}, {"large", 70}});
  e.rollout = rollout;
  add_branch(e, "TRUE", "p", {{"small", std::string("s")}, {"large", std::string("l")}});
  c.experiments.push_back(e);
  return c;
}

TEST(Assignment, ThirtyToSeventyHoldsAtEveryRollout) {
  for (const uint32_t percent : {1, 5, 7, 10}) {
    const Assigned assigned(thirty_seventy(percent * 10'000));
    double small = 0;
    double all = 0;
    constexpr uint32_t kUnits = 200'000;
    for (uint32_t i = 0; i < kUnits; ++i) {
      const std::string group = assigned.group("u" + std::to_string(i));
      all += group.empty() ? 0 : 1;
      small += group == "small" ? 1 : 0;
    }
    EXPECT_NEAR(all / kUnits, percent / 100.0, 4 * std::sqrt(percent / 100.0 / kUnits)) << percent;
    EXPECT_NEAR(small / all, 0.3, 4 * std::sqrt(0.21 / all)) << percent;
  }
}

TEST(Assignment, ARampMovesNobodyBetweenGroups) {
  std::vector<Assigned> steps;
  for (const uint32_t rollout : {0U, 1U, 10'000U, 50'000U, 123'456U, 500'000U, 999'999U, 1'000'000U})
    steps.emplace_back(thirty_seventy(rollout));
  for (uint32_t i = 0; i < 20'000; ++i) {
    std::string before;
    for (const Assigned& step : steps) {
      const std::string now = step.group("u" + std::to_string(i));
      if (!before.empty()) {
        ASSERT_EQ(now, before);
      }
      before = now;
    }
    ASSERT_FALSE(before.empty());
  }
}

TEST(Assignment, ASplitMovesNobodyOutsideAndChangesNoValue) {
  Configuration c = thirty_seventy(kRolloutBuckets);
  const Assigned before(c);
  ASSERT_TRUE(split_group(c.experiments[0], "large", {{"l1", 30, 59, {}}, {"l2", 60, 99, {}}}).has_value());
  const Assigned after(c);
  c.experiments[0].branches[0].treatments[0].by_group.emplace_back("l2",
                                                                   std::string("s"));  // l2 now gets what small has
  const Assigned changed(c);
  size_t moved = 0;
  for (uint32_t i = 0; i < 20'000; ++i) {
    const std::string id = "u" + std::to_string(i);
    ASSERT_EQ(after.value(id), before.value(id));
    if (before.group(id) == "small") {
      ASSERT_EQ(after.group(id), "small");
      ASSERT_EQ(changed.group(id), "small");
    }
    ASSERT_EQ(changed.value(id) != before.value(id), after.group(id) == "l2");
    moved += changed.value(id) != before.value(id) ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(moved) / 20'000, 0.4, 0.015);
}

TEST(Assignment, NumbersAndTheirTextAreOneUnit) {
  const auto snapshot = *Snapshot::load(compile(*bind(thirty_seventy(kRolloutBuckets)), 1));
  for (int i = -50; i < 50; ++i) {
    const std::string text = std::to_string(i);
    Context as_text;
    as_text.set("user_id", std::string_view(text));
    Context as_number;
    as_number.set("user_id", i);
    Context as_real;
    as_real.set("user_id", static_cast<double>(i));
    const uint32_t expected = membership(*snapshot, 0, as_text).bucket;
    EXPECT_EQ(membership(*snapshot, 0, as_number).bucket, expected);
    EXPECT_EQ(membership(*snapshot, 0, as_real).bucket, expected);
    EXPECT_EQ(expected, bucket("e", text, 100));
    EXPECT_EQ(rollout_bucket(*snapshot, 0, as_text), bucket("e", text, kRolloutBuckets, Purpose::kRollout));
  }
}

}  // namespace
}  // namespace sinan::experiment
