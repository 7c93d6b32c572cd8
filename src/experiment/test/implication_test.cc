#include <gtest/gtest.h>

#include <fmt/format.h>

#include "base/random.h"
#include "experiment/bound.h"
#include "experiment/overlap.h"
#include "experiment/test/model_evaluator.h"
#include "experiment/test/test_configuration.h"

namespace sinan::experiment {
namespace {

// Two experiments on one parameter, with salts of their own: they meet where their conditions do.
Configuration two(std::string_view first, std::string_view second) {
  Configuration c;
  c.attributes = {{"user_id", AttributeType::kString},
                  {"city", AttributeType::kString},
                  {"country", AttributeType::kString},
                  {"continent", AttributeType::kString},
                  {"age", AttributeType::kInt}};
  c.parameters = {text_parameter("color", "green")};
  for (const auto& [name, when] : {std::pair{"one", first}, {"two", second}}) {
    Experiment e = running(name, {{"control", 50}, {"treatment", 50}});
    add_branch(e, when, "color", {{"control", std::string("green")}, {"treatment", std::string("blue")}});
    c.experiments.push_back(e);
  }
  return c;
}

void imply(Configuration& c, std::string_view premise, std::string_view conclusion) {
  c.implications.push_back({fmt::format("i{}", c.implications.size()), condition(premise), condition(conclusion)});
}

Overlap checked(const Configuration& c) {
  const auto bound = bind(c);
  EXPECT_TRUE(bound.has_value()) << (bound ? "" : bound.error().to_string());
  return OverlapChecker(*bound).check(0, 1, 0);
}

TEST(Implication, SeparatesWhatNothingElseDoes) {
  Configuration c = two("city = 'Lyon'", "country = 'NO'");
  EXPECT_EQ(checked(c).verdict, Verdict::kOverlap);
  imply(c, "city IN ('Lyon', 'Paris')", "country = 'FR'");
  const Overlap apart = checked(c);
  EXPECT_EQ(apart.verdict, Verdict::kDisjoint);
  ASSERT_EQ(apart.certificate.size(), 1);
  EXPECT_EQ(apart.certificate[0].dimension, "what implications say");
}

TEST(Implication, IsFollowedBackwardsAndInChains) {
  Configuration c = two("continent = 'Asia'", "city = 'Lyon'");
  imply(c, "country = 'FR'", "continent = 'Europe'");
  EXPECT_EQ(checked(c).verdict, Verdict::kOverlap);
  imply(c, "city = 'Lyon'", "country = 'FR'");
  EXPECT_EQ(checked(c).verdict, Verdict::kDisjoint);
}

TEST(Implication, WitnessKeepsToIt) {
  Configuration c = two("city IN ('Lyon', 'Oslo')", "country <> 'FR'");
  imply(c, "city = 'Lyon'", "country = 'FR'");
  const Overlap overlap = checked(c);
  ASSERT_EQ(overlap.verdict, Verdict::kOverlap);
  EXPECT_NE(overlap.witness->to_text().find("city='Oslo'"), std::string::npos) << overlap.witness->to_text();
}

TEST(Implication, ManyThatSayNothingHereCostNothing) {
  Configuration c = two("country = 'C7'", "age > 3");
  for (int i = 0; i < 1000; ++i) imply(c, fmt::format("city = 'c{}'", i), fmt::format("country = 'C{}'", i));
  EXPECT_EQ(checked(c).verdict, Verdict::kOverlap);
  c = two("city = 'c8'", "country = 'C7'");
  for (int i = 0; i < 1000; ++i) imply(c, fmt::format("city = 'c{}'", i), fmt::format("country = 'C{}'", i));
  EXPECT_EQ(checked(c).verdict, Verdict::kDisjoint);
}

TEST(Implication, AContradictionIsFound) {
  Configuration c = two("FALSE", "FALSE");
  imply(c, "city = 'Lyon'", "country = 'FR'");
  EXPECT_EQ(OverlapChecker(*bind(c)).contradicted_implication(), std::nullopt);
  imply(c, "country = 'FR'", "continent = 'Europe'");
  imply(c, "city IN ('Lyon', 'Oslo')", "continent = 'Asia'");
  EXPECT_EQ(OverlapChecker(*bind(c)).contradicted_implication(), 0);
}

TEST(Implication, IsOfAttributesAlone) {
  Configuration c = two("TRUE", "FALSE");
  imply(c, "color = 'green'", "city = 'Lyon'");
  const auto bound = bind(c);
  ASSERT_FALSE(bound.has_value());
  EXPECT_NE(bound.error().message.find("this is a parameter: \"color\""), std::string::npos);
}

// The values that the random conditions can tell apart, and one beyond; missing is an empty optional.
const std::vector<ContextValue> kPlaces = {std::monostate(), std::string("a"), std::string("b"), std::string("z"), 0.5};
const std::vector<ContextValue> kAges = {std::monostate(), int64_t{-1}, int64_t{0}, int64_t{1},
                                         int64_t{2},       int64_t{3},  int64_t{4}, std::string("none")};

std::string random_atom(Random& random) {
  constexpr std::array kNames = {"city", "country", "continent"};
  const std::string name = kNames[random.below(kNames.size())];
  const auto place = [&] { return random.below(2) == 0 ? "'a'" : "'b'"; };
  switch (random.below(6)) {
    case 0:
      return fmt::format("{} <> {}", name, place());
    case 1:
      return fmt::format("{} IS NULL", name);
    case 2:
      return fmt::format("age < {}", random.below(4));
    case 3:
      return fmt::format("{} IN ('a', 'b')", name);
    default:
      return fmt::format("{} = {}", name, place());
  }
}

std::string random_text(Random& random, int depth) {
  if (depth == 0 || random.below(3) == 0) return random_atom(random);
  if (random.below(4) == 0) return fmt::format("NOT ({})", random_text(random, depth - 1));
  return fmt::format("({}) {} ({})", random_text(random, depth - 1), random.below(3) == 0 ? "OR" : "AND",
                     random_text(random, depth - 1));
}

bool all_hold(const Configuration& c, const ModelEvaluator& model, const ModelContext& context) {
  return std::ranges::all_of(c.implications, [&](const Implication& implication) {
    return model.holds(implication.premise, context) != true || model.holds(implication.conclusion, context) == true;
  });
}

bool meet_somewhere(const Configuration& c, const ModelEvaluator& model) {
  const Condition& first = c.experiments[0].branches[0].condition;
  const Condition& second = c.experiments[1].branches[0].condition;
  for (const ContextValue& city : kPlaces) {
    for (const ContextValue& country : kPlaces) {
      for (const ContextValue& continent : kPlaces) {
        for (const ContextValue& age : kAges) {
          ModelContext context;
          for (const auto& [name, value] :
               {std::pair{"city", city}, {"country", country}, {"continent", continent}, {"age", age}}) {
            if (!std::holds_alternative<std::monostate>(value)) context.values[name] = value;
          }
          if (model.holds(first, context) == true && model.holds(second, context) == true &&
              all_hold(c, model, context))
            return true;
        }
      }
    }
  }
  return false;
}

TEST(Implication, AgreesWithBruteForce) {
  Random random(7);
  std::map<Verdict, int> verdicts;
  for (int round = 0; round < 600; ++round) {
    Configuration c = two(random_text(random, 2), random_text(random, 2));
    for (uint64_t i = 1 + random.below(4); i > 0; --i) imply(c, random_text(random, 1), random_text(random, 1));
    const ModelEvaluator model(c);
    const Overlap overlap = checked(c);
    ++verdicts[overlap.verdict];
    std::string text = fmt::format("round {}: {} | {}", round, to_text(c.experiments[0].branches[0].condition),
                                   to_text(c.experiments[1].branches[0].condition));
    for (const Implication& one : c.implications)
      text += fmt::format("\n{} -> {}", to_text(one.premise), to_text(one.conclusion));
    EXPECT_EQ(to_string(overlap.verdict), meet_somewhere(c, model) ? "OVERLAP" : "DISJOINT") << text;
    if (!overlap.witness) continue;
    ModelContext context;
    for (const auto& [name, value] : overlap.witness->context) context.values[name] = value;
    EXPECT_TRUE(all_hold(c, model, context)) << text << "\n" << overlap.witness->to_text();
  }
  EXPECT_GT(verdicts[Verdict::kDisjoint], 100);
  EXPECT_GT(verdicts[Verdict::kOverlap], 100);
}

}  // namespace
}  // namespace sinan::experiment
