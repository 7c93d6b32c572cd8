#include "app/completion.h"

#include <gtest/gtest.h>

namespace sinan::app {
namespace {

using Words = std::vector<std::string>;

CompletionNames names() {
  return {.tables = {{"main.flights", {"dep_delay", "distance"}}, {"out.predictions", {"late"}}},
          .models = {"flights.late"},
          .phrases = {"TO TRAIN", "SHOW MODELS", "SHOW RUNS"},
          .others = {"train.num_boost_round"}};
}

TEST(Completion, ColumnsAreThoseOfTheTablesInTheStatement) {
  EXPECT_EQ(complete("SELECT * FROM flights WHERE dista", names()), (Words{"distance"}));
  EXPECT_EQ(complete("SELECT dista", names()), Words{});
  EXPECT_EQ(complete("SELECT flights.dep", names()), (Words{"flights.dep_delay"}));
}

TEST(Completion, TablesAndModels) {
  EXPECT_EQ(complete("SELECT * FROM fli", names()), (Words{"flights", "flights.late"}));
  EXPECT_EQ(complete("FROM out.", names()), (Words{"out.predictions"}));
}

TEST(Completion, PhrasesGoOnWordByWord) {
  EXPECT_EQ(complete("SHOW ", names()), (Words{"MODELS", "RUNS", "flights", "flights.late", "main.flights",
                                               "out.predictions", "train.num_boost_round"}));
  EXPECT_EQ(complete("show mod", names()), (Words{"models"}));
  EXPECT_EQ(complete("SELECT * FROM t TO TR", names()).front(), "TRAIN");
}

TEST(Completion, KeywordsKeepTheirCase) {
  EXPECT_EQ(complete("selec", names()), (Words{"select"}));
  EXPECT_EQ(complete("SELEC", names()), (Words{"SELECT"}));
}

TEST(Completion, WordsOfCapabilities) {
  EXPECT_EQ(complete("WITH train.n", names()), (Words{"train.num_boost_round"}));
}

TEST(Completion, CommonBeginning) {
  EXPECT_EQ(common_beginning({"flights", "flights.late"}), "flights");
  EXPECT_EQ(common_beginning({"a", "b"}), "");
  EXPECT_EQ(common_beginning({"é1", "é2"}), "é");
}

}  // namespace
}  // namespace sinan::app
