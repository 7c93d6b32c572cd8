#include "experiment/overlap.h"

#include <gtest/gtest.h>

#include "experiment/compile.h"
#include "experiment/evaluator/evaluate.h"
#include "experiment/test/random_configuration.h"
#include "experiment/test/test_configuration.h"

namespace sinan::experiment {
namespace {

// Two experiments on one parameter, each with one branch, other salts.
Configuration two(std::string_view first, std::string_view second) {
  Configuration c = button_configuration();
  c.experiments.resize(1);
  for (const auto& [name, when] : {std::pair{"one", first}, {"two", second}}) {
    Experiment e = running(name, {{"control", 50}, {"treatment", 50}});
    add_branch(e, when, "checkout.button_color",
               {{"control", std::string("green")}, {"treatment", std::string("blue")}});
    c.experiments.push_back(e);
  }
  return c;
}

Overlap checked(const Configuration& c) {
  const auto bound = bind(c);
  EXPECT_TRUE(bound.has_value()) << (bound ? "" : bound.error().to_string());
  OverlapChecker checker(*bound);
  return checker.check(1, 2, 1);
}

Overlap checked(std::string_view first, std::string_view second) {
  const Configuration c = two(first, second);
  return checked(c);
}

TEST(Overlap, VerdictsOfEveryType) {
  const std::tuple<std::string_view, std::string_view, Verdict> cases[] = {
      {"city = 'SF'", "city = 'NY'", Verdict::kDisjoint},
      {"city = 'SF'", "city IN ('LA', 'SF')", Verdict::kOverlap},
      {"city = 'SF'", "NOT city = 'SF'", Verdict::kDisjoint},
      {"city = 'SF'", "city IS NULL", Verdict::kDisjoint},
      {"city <> 'SF'", "city <> 'NY'", Verdict::kOverlap},
      {"city = 'SF'", "age > 3", Verdict::kOverlap},
      {"age > 3", "age < 4", Verdict::kDisjoint},
      {"age >= 3", "age <= 3", Verdict::kOverlap},
      {"score > 3", "score < 3.0000001", Verdict::kOverlap},
      {"score > 3", "score <= 3", Verdict::kDisjoint},
      {"beta", "NOT beta", Verdict::kDisjoint},
      {"app_version >= '3.2.0'", "app_version < '3.2.0'", Verdict::kDisjoint},
      {"app_version > '3.2.0'", "app_version < '3.2.1'", Verdict::kOverlap},  // 3.2.1-0
      {"app_version > '3.2.0'", "app_version < '3.2.1-0'", Verdict::kDisjoint},
      {"seen < '2026-01-01'", "seen BETWEEN '2026-01-01' AND '2027-01-01'", Verdict::kDisjoint},
      {"address = '10.0.0.0/8'", "address = '10.200.0.0/16'", Verdict::kOverlap},
      {"address = '10.0.0.0/8'", "address IN ('11.0.0.0/8', '::1')", Verdict::kDisjoint},
      {"tags CONTAINS 'x'", "tags CONTAINS 'y'", Verdict::kOverlap},
      {"tags CONTAINS 'x'", "NOT tags CONTAINS 'x'", Verdict::kDisjoint},
      {"city LIKE 'San %'", "city LIKE '%York'", Verdict::kOverlap},
      {"city LIKE 'San %'", "city STARTS WITH 'New'", Verdict::kDisjoint},
      {"city MATCHES '^[a-m]'", "city MATCHES '^[n-z]'", Verdict::kDisjoint},
      {"city MATCHES '^[a-m]'", "city = 'Kyoto'", Verdict::kDisjoint},
      {"city >= 'M'", "city < 'M'", Verdict::kDisjoint},
      {"city MATCHES '^a$'", "city <> 'a'", Verdict::kDisjoint},
      {"city MATCHES '^[ab]$' AND city <> 'a'", "city <> 'b'", Verdict::kDisjoint},
      {"IN SEGMENT staff", "NOT IN SEGMENT staff", Verdict::kDisjoint},
      {"IN SEGMENT staff", "user_id IN ('u2', 'u3')", Verdict::kOverlap},
      {"user_id IS NULL", "TRUE", Verdict::kDisjoint},  // without a unit the first captures nothing
      {"traffic_slice = 'A'", "traffic_slice = 'B'", Verdict::kDisjoint},
      {"traffic_slice = 'A'", "traffic_slice <> 'B'", Verdict::kOverlap},
      {"traffic_slice NOT IN ('A', 'B')", "traffic_slice <> 'none'",
       Verdict::kDisjoint},  // only three values are legal
      {"city = 'SF' AND age = 1 OR city = 'NY' AND age = 2", "city = 'SF' AND age = 2 OR city = 'NY' AND age = 1",
       Verdict::kDisjoint},
      {"FALSE", "TRUE", Verdict::kDisjoint},
  };
  for (const auto& [first, second, verdict] : cases) {
    const Overlap overlap = checked(first, second);
    EXPECT_EQ(to_string(overlap.verdict), to_string(verdict))
        << first << " | " << second << " " << overlap.reason << (overlap.witness ? overlap.witness->to_text() : "");
    EXPECT_EQ(overlap.witness.has_value(), verdict == Verdict::kOverlap);
  }
}

TEST(Overlap, CertificateNamesWhatSeparates) {
  const Overlap overlap = checked("city = 'SF' AND age > 3", "city = 'NY'");
  ASSERT_EQ(overlap.certificate.size(), 1);
  EXPECT_EQ(overlap.certificate[0].dimension, "city");
  EXPECT_EQ(overlap.certificate[0].first, "'SF'");
  EXPECT_EQ(overlap.certificate[0].second, "'NY'");
}

TEST(Overlap, RemedyIsTheShortestThatHelps) {
  const Overlap overlap = checked("age > 3", "city = 'San Francisco' AND beta AND age > 10");
  ASSERT_EQ(overlap.verdict, Verdict::kOverlap);
  ASSERT_TRUE(overlap.remedy.has_value());
  EXPECT_EQ(to_text(*overlap.remedy), "age < 11");
  EXPECT_EQ(
      checked("(age > 3) AND " + to_text(*overlap.remedy), "city = 'San Francisco' AND beta AND age > 10").verdict,
      Verdict::kDisjoint);
  EXPECT_FALSE(checked("TRUE", "TRUE").remedy.has_value());
}

TEST(Overlap, SharedBucketsAndSchedulesSeparate) {
  Configuration c = two("TRUE", "TRUE");
  c.experiments[1].branches[0].treatments[0].by_group.erase(
      c.experiments[1].branches[0].treatments[0].by_group.begin());  // control passes through
  c.experiments[2].branches[0].treatments[0].by_group.pop_back();    // treatment does
  EXPECT_EQ(checked(c).verdict, Verdict::kOverlap);                  // other salts: independent
  c.experiments[1].salt = c.experiments[2].salt = "together";
  const Overlap shared = checked(c);
  EXPECT_EQ(shared.verdict, Verdict::kDisjoint);
  EXPECT_EQ(shared.certificate[0].dimension, "bucket of salt together");
  c.experiments[2].buckets = 200;
  c.experiments[2].groups = {{"control", 0, 99, {}}, {"treatment", 100, 199, {}}};
  // Other numbers of buckets are other dimensions to the proof. Here they are tied by the one hash, so that no unit is in both;
  // that is not claimed, but no false witness is either.
  EXPECT_EQ(checked(c).verdict, Verdict::kUnknown);

  Configuration scheduled = two("TRUE", "TRUE");
  scheduled.experiments[1].schedule = {{0, 100}};
  scheduled.experiments[2].schedule = {{100, 200}};
  EXPECT_EQ(checked(scheduled).verdict, Verdict::kDisjoint);  // half-open
  scheduled.experiments[2].schedule = {{99, 200}};
  const Overlap overlap = checked(scheduled);
  EXPECT_EQ(overlap.verdict, Verdict::kOverlap);
  EXPECT_EQ(overlap.witness->time, 99);
}

TEST(Overlap, RolloutsCountAtTheirMaximum) {
  Configuration c = two("TRUE", "TRUE");
  c.experiments[1].rollout = 0;
  EXPECT_EQ(checked(c).verdict, Verdict::kOverlap);
  c.experiments[1].max_rollout = 0;
  EXPECT_EQ(checked(c).verdict, Verdict::kDisjoint);
  c.experiments[1].max_rollout = 10'000;  // 1 % of each: a unit in both is one of ten thousand
  c.experiments[2].max_rollout = c.experiments[2].rollout = 10'000;
  EXPECT_EQ(checked(c).verdict, Verdict::kOverlap);
}

TEST(Overlap, UpstreamPlansSeparateAndKill) {
  // Slice A is only given in San Francisco.
  Configuration c = two("traffic_slice = 'A' AND city = 'NY'", "TRUE");
  c.experiments[0].branches[0].condition = condition("city = 'San Francisco'");
  const auto bound = bind(c);
  ASSERT_TRUE(bound.has_value());
  OverlapChecker checker(*bound);
  EXPECT_EQ(checker.check(1, 2, 1).verdict, Verdict::kDisjoint);
  const auto dead = checker.dead_branches();
  ASSERT_EQ(dead.size(), 1);
  EXPECT_EQ(dead[0].what, "branch 1 of experiment one");
  EXPECT_EQ(dead[0].reason, "what it tests of other parameters can never be");
}

TEST(Overlap, DeadBranchesAndRules) {
  Configuration c = button_configuration();
  add_branch(c.experiments[1], "city = 'San Francisco' AND age > 3 AND age < 3", "checkout.button_color",
             {{"control", std::string("green")}});
  add_branch(c.experiments[1], "city = 'San Francisco' AND app_version > '4.0.0' AND traffic_slice = 'A'",
             "checkout.button_color", {{"control", std::string("green")}});
  c.parameters[1].rules.push_back({condition("age > 5"), std::string("blue")});
  c.parameters[1].rules.push_back({condition("age > 7"), std::string("black")});
  const auto bound = bind(c);
  ASSERT_TRUE(bound.has_value());
  OverlapChecker checker(*bound);
  std::vector<std::string> dead;
  for (const Dead& one : checker.dead_branches()) dead.push_back(one.what);
  EXPECT_EQ(dead,
            (std::vector<std::string>{"branch 2 of experiment button_black", "branch 3 of experiment button_black",
                                      "rule 2 of parameter checkout.button_color"}));
}

TEST(Overlap, OpenRemainderIsWhatIsLeft) {
  Configuration c = two("city = 'SF'", "city <> 'SF' AND age >= 18");
  const auto bound = bind(c);
  OverlapChecker checker(*bound);
  const auto open = checker.open_remainder(1);
  EXPECT_TRUE(open.complete);
  EXPECT_EQ(open.boxes,
            (std::vector<std::string>{
                "age: below 18 or missing or of another type; city: any text but 'SF' or missing or of another type",
                "age: 18 or more; city: missing or of another type",
                "age: 18 or more; city: any text but 'SF'; user_id: '' or missing",
                "city: 'SF'; user_id: '' or missing",
            }));
}

TEST(Overlap, PatternsBeyondTheBudgetAreUnknown) {
  std::string first = "TRUE";
  for (const char* c : {"a", "b", "c", "d", "e", "f", "g", "h"})
    first += std::string(" AND city MATCHES '") + c + ".*" + c + ".*" + c + ".*" + c + ".*" + c + "'";
  const Overlap overlap =
      checked(first, "city MATCHES '^[a-h]{0,30}$'");  // 40 letters are needed: 6^8 * 31 states would show it
  EXPECT_EQ(overlap.verdict, Verdict::kUnknown);
  EXPECT_EQ(overlap.reason, "patterns of city are too large to be decided");
}

// All contexts of small domains and some units, through the evaluator that EqualsTheModel... holds to the model.
class BruteForce {
 public:
  BruteForce(const Configuration& c, uint32_t first, uint32_t second, const std::string& parameter)
      : parameter_(parameter) {
    for (const uint32_t owner : {first, second}) {
      Configuration own = c;
      for (Branch& branch : own.experiments[first + second - owner].branches) {
        std::erase_if(branch.treatments, [&](const Treatment& t) { return t.parameter == parameter; });
      }
      snapshots_.push_back(*Snapshot::load(compile(*bind(own), 1)));
      owners_.push_back(c.experiments[owner].name);
    }
  }

  bool finds_overlap() {
    static const std::vector<std::string> kUsers = [] {
      std::vector<std::string> users = {"a", "ab", "b", "ba", "c", "bb"};
      for (int i = 0; i < 40; ++i) users.push_back("u" + std::to_string(i));
      return users;
    }();
    static constexpr std::string_view kCities[] = {"a",  "ab", "b", "ba",       "c",        "",
                                                   "aa", "bb", "z", "?missing", "?mismatch"};
    static constexpr std::string_view kVersions[] = {"1.0.0",        "1.0.1",        "1.2.0",    "1.2.3-rc.1",
                                                     "1.2.3-rc.1.0", "1.2.3-rc.2.0", "1.2.3",    "2.0.0",
                                                     "10.0.0",       "11.0.0",       "?missing", "?mismatch"};
    for (int64_t number = -3; number < 7; ++number) {
      for (const std::string_view city : kCities) {
        for (const std::string_view version : kVersions) {
          for (const std::string& user : kUsers) {
            Context context;
            context.set("user", user);
            if (number == 6) context.set("number", "no number");
            if (number < 5) context.set("number", number);
            set(context, "city", city);
            set(context, "version", version);
            if (decided(0, context) && decided(1, context)) return true;
          }
        }
      }
    }
    return false;
  }

 private:
  static void set(Context& context, std::string_view name, std::string_view value) {
    if (value == "?mismatch") {
      context.set(name, 0.5);
    } else if (value != "?missing") {
      context.set(name, value);
    }
  }
  bool decided(size_t i, const Context& context) const {
    return experiment_name(*snapshots_[i],
                           evaluate(*snapshots_[i], parameter_, context, Access::kPrefetch).decided_by) == owners_[i];
  }

  std::string parameter_;
  std::vector<std::unique_ptr<const Snapshot>> snapshots_;
  std::vector<std::string> owners_;
};

TEST(Overlap, AgreesWithBruteForceOverSmallDomains) {
  Random random(99);
  std::map<Verdict, int> verdicts;
  for (int round = 0; round < 200; ++round) {
    RandomShape shape;
    shape.parameters = 2;
    shape.experiments = 0;
    Configuration c = random_configuration(random, shape);
    c.attributes = {{"user", AttributeType::kString},
                    {"number", AttributeType::kInt},
                    {"version", AttributeType::kSemver},
                    {"city", AttributeType::kString}};
    c.segments.clear();
    c.segments.push_back({"some", random_condition(random, c, 1, 0)});
    for (Parameter& parameter : c.parameters) parameter.rules.clear();
    // e0 decides over p0, which e1 and e2 may test; those compete for p1.
    for (int e = 0; e < 3; ++e) {
      Experiment experiment = running("e" + std::to_string(e), {{"g1", 1}, {"g2", 2}});
      experiment.unit = {"user"};
      experiment.salt = random.below(2) == 0 ? "shared" : "";
      const size_t target = e == 0 ? 0 : 1;
      const Parameter& parameter = c.parameters[target];
      for (uint64_t b = 1 + random.below(2); b > 0; --b) {
        std::vector<std::pair<std::string, Value>> values;
        for (const char* group : {"g1", "g2"}) {
          if (random.below(4) != 0)
            values.emplace_back(group, parameter.legal.empty() ? parameter.fallback
                                                               : parameter.legal[random.below(parameter.legal.size())]);
        }
        Branch branch;
        branch.condition = random_condition(random, c, 2, static_cast<int>(target));
        branch.treatments.push_back({parameter.name, std::move(values)});
        experiment.branches.push_back(std::move(branch));
      }
      c.experiments.push_back(std::move(experiment));
    }
    const auto bound = bind(c);
    ASSERT_TRUE(bound.has_value()) << bound.error().to_string();
    OverlapChecker checker(*bound);
    const Overlap overlap = checker.check(1, 2, 1);
    ++verdicts[overlap.verdict];
    std::string text;
    for (int e = 0; e < 3; ++e) {
      for (const Branch& branch : c.experiments[static_cast<size_t>(e)].branches)
        text += "e" + std::to_string(e) + ": " + to_text(branch.condition) + "\n";
    }
    if (overlap.verdict != Verdict::kDisjoint)
      continue;  // an overlap has been replayed through the evaluator; unknown claims nothing
    EXPECT_FALSE(BruteForce(c, 1, 2, "p1").finds_overlap()) << "round " << round << "\n" << text;
  }
  EXPECT_GT(verdicts[Verdict::kDisjoint], 50);
  EXPECT_GT(verdicts[Verdict::kOverlap], 50);
  EXPECT_LT(verdicts[Verdict::kUnknown], 3);
}

TEST(Overlap, AllPairsFindsWhatEachPairDoes) {
  Random random(5);
  for (int round = 0; round < 10; ++round) {
    RandomShape shape;
    shape.parameters = 3;
    shape.experiments = 12;
    shape.depth = 1;
    Configuration c = random_configuration(random, shape);
    for (Experiment& experiment : c.experiments) experiment.salt.clear();
    const auto bound = bind(c);
    ASSERT_TRUE(bound.has_value());
    OverlapChecker checker(*bound);
    std::set<std::tuple<uint32_t, uint32_t, uint32_t>> expected;
    for (uint32_t p = 0; p < 3; ++p) {
      const auto& on = bound->parameters[p].experiments;
      for (size_t i = 0; i < on.size(); ++i) {
        for (size_t j = i + 1; j < on.size(); ++j) {
          if (checker.verdict(on[i], on[j], p) != Verdict::kDisjoint) expected.insert({p, on[i], on[j]});
        }
      }
    }
    std::set<std::tuple<uint32_t, uint32_t, uint32_t>> found;
    for (const Overlap& overlap : checker.check_all()) found.insert({overlap.parameter, overlap.first, overlap.second});
    EXPECT_EQ(found, expected) << round;
  }
}

}  // namespace
}  // namespace sinan::experiment
