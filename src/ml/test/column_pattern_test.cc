#include "ml/column_pattern.h"

#include <gmock/gmock.h>

namespace sinan::ml {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

arrow::Schema columns(std::vector<std::string> names) {
  arrow::Schema schema;
  for (std::string& name : names) schema.fields.push_back({std::move(name), arrow::Type(arrow::TypeId::kInt64)});
  return schema;
}

TEST(ColumnPattern, MatchesWholeNamesInAnyCase) {
  const arrow::Schema query = columns({"h_1", "H_20", "xh_3", "h_3x", "day"});
  EXPECT_THAT(match_columns("h_[0-9]+", query).value(), ElementsAre(0, 1));
  EXPECT_THAT(match_columns("h_.*", query).value(), ElementsAre(0, 1, 3));
  EXPECT_THAT(match_columns("DAY|h_1", query).value(), ElementsAre(0, 4));
  EXPECT_THAT(match_columns("ay", query).value(), IsEmpty());
}

TEST(ColumnPattern, SaysWhatIsWrong) {
  const auto open = match_columns("h_[0-9", columns({"h_1"}));
  ASSERT_FALSE(open);
  EXPECT_EQ(open.error().code, Code::kProgram);
  EXPECT_EQ(open.error().message, "no regular expression for columns: \"h_[0-9\"");
  EXPECT_THAT(open.error().hint, HasSubstr("missing ]"));
  EXPECT_FALSE(match_columns("*a", columns({"a"})));
  EXPECT_FALSE(match_columns("(a)\\1", columns({"aa"})));  // a reference back: not linear
}

// What makes a backtracking matcher recurse once a character, or once a way to match.
TEST(ColumnPattern, HostilePatternsCostNothing) {
  const arrow::Schema query = columns({std::string(200'000, 'a') + "b"});
  EXPECT_THAT(match_columns("(a*)*(a|aa)+c", query).value(), IsEmpty());
  EXPECT_THAT(match_columns("(.|a)*", query).value(), ElementsAre(0));
  const size_t deep = 100'000;
  EXPECT_FALSE(match_columns(std::string(deep, '(') + "a" + std::string(deep, ')'), query));
  EXPECT_FALSE(match_columns("((((a{1000}){1000}){1000}){1000})", query));
}

}  // namespace
}  // namespace sinan::ml
