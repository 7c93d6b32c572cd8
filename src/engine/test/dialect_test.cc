#include "engine/dialect.h"

#include <gtest/gtest.h>

namespace sinan::engine {
namespace {

TEST(TableName, IsMadeOfOneToThreeParts) {
  EXPECT_EQ(TableName::from_parts({"t"}).value(), (TableName{"", "", "t"}));
  EXPECT_EQ(TableName::from_parts({"s", "t"}).value(), (TableName{"", "s", "t"}));
  EXPECT_EQ(TableName::from_parts({"c", "s", "t"}).value(), (TableName{"c", "s", "t"}));
  EXPECT_EQ(TableName::from_parts({}).error().code, Code::kProgram);
  EXPECT_EQ(TableName::from_parts({"a", "b", "c", "d"}).error().code, Code::kProgram);
  EXPECT_EQ(TableName::from_parts({"a", ""}).error().code, Code::kProgram);
}

TEST(TableName, CanonicalFormFoldsCaseAndFillsTheSchema) {
  EXPECT_EQ((TableName{"", "", "Flights"}).canonical("main"), "main.flights");
  EXPECT_EQ((TableName{"", "Zoo", "T"}).canonical("main"), "zoo.t");
  EXPECT_EQ((TableName{"Cat", "Zoo", "T"}).canonical("main"), "cat.zoo.t");
  EXPECT_EQ((TableName{"Cat", "", "T"}).to_string(), "Cat.T");
}

}  // namespace
}  // namespace sinan::engine
