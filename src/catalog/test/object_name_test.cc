#include "catalog/object_name.h"

#include <gtest/gtest.h>

namespace sinan::catalog {
namespace {

TEST(ObjectName, NamesVersionsAndAliases) {
  const auto plain = parse_object_name("Zoo.M");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->name, "zoo.m");
  EXPECT_EQ(plain->version, 0u);
  EXPECT_EQ(plain->alias, "");
  EXPECT_EQ(parse_object_name("zoo.m:3")->version, 3u);
  EXPECT_EQ(parse_object_name("zoo.m@v12")->version, 12u);
  EXPECT_EQ(parse_object_name("zoo.m@V12")->version, 12u);
  const auto alias = parse_object_name("zoo.m@Production");
  ASSERT_TRUE(alias);
  EXPECT_EQ(alias->name, "zoo.m");
  EXPECT_EQ(alias->alias, "production");
  EXPECT_EQ(parse_object_name("zoo.m:Prod")->alias, "prod");
  // Not a version: a word that only begins like one.
  EXPECT_EQ(parse_object_name("m@v1beta")->alias, "v1beta");
}

TEST(ObjectName, RefusesWhatIsNoVersion) {
  for (const char* text :
       {"m:", "m:x y", "m:1.0/Class", "file://m", "m:0", "m:-1", "m:99999999999", "m@", "m@v0", "@a", ":3", ""}) {
    const auto result = parse_object_name(text);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().code, Code::kProgram) << text;
  }
}

TEST(ObjectName, AliasesAreWords) {
  EXPECT_TRUE(check_alias("prod-2"));
  for (const char* alias : {"", "v3", "V10", "a b", "a:b", "a@b"}) EXPECT_FALSE(check_alias(alias)) << alias;
}

}  // namespace
}  // namespace sinan::catalog
