#include "flow/data_sources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): setenv

#include "flow/source_statement.h"

namespace sinan::flow {
namespace {

using testing::HasSubstr;

Result<std::vector<engine::DataSource>> resolved(const Config& config, std::vector<std::string> arguments) {
  return resolve_sources(config, arguments, false, "/project");
}

TEST(DataSources, VariablesArePutInAsTheyAre) {
  setenv("SINAN_TEST_SECRET", "p@%41:/", 1);
  Config config;
  config.sources.push_back({.name = "Shop", .url = "mysql://me:${SINAN_TEST_SECRET}@h/db"});
  config.sources.push_back({.name = "files", .url = "data"});
  config.sources.push_back({.name = "other", .url = "postgresql://me@h/db", .password_env = "SINAN_TEST_SECRET"});
  const auto sources = resolved(config, {});
  ASSERT_TRUE(sources) << sources.error().to_string();
  EXPECT_EQ((*sources)[0].name, "shop");
  EXPECT_EQ((*sources)[0].password, "p@%41:/");
  EXPECT_EQ((*sources)[1].path, "/project/data");
  EXPECT_EQ((*sources)[2].password, "p@%41:/");
}

TEST(DataSources, TheCommandLineComesFirst) {
  Config config;
  config.sources.push_back({.name = "a", .url = "x.duckdb", .is_default = true});
  const auto sources = resolved(config, {"A=y.duckdb", "mysql://h/"});
  ASSERT_TRUE(sources);
  ASSERT_EQ(sources->size(), 2U);
  EXPECT_EQ((*sources)[0].path.filename(), "y.duckdb");
  EXPECT_FALSE((*sources)[0].is_default);
  EXPECT_EQ((*sources)[1].name, "source");
  EXPECT_TRUE((*sources)[1].is_default);
}

TEST(DataSources, Mistakes) {
  const auto error = [](std::vector<std::string> arguments, const Config& config = {}) {
    const auto sources = resolved(config, std::move(arguments));
    return sources ? "none" : sources.error().message;
  };
  EXPECT_THAT(error({"system=x"}), HasSubstr("reserved name of a data source"));
  EXPECT_THAT(error({"x.duckdb", "y.duckdb"}), HasSubstr("two data sources have one name: source"));
  EXPECT_THAT(error({"${SINAN_TEST_NOT_SET}"}), HasSubstr("is not set: SINAN_TEST_NOT_SET"));
  Config config;
  config.sources.push_back({.name = "a-b", .url = "x"});
  EXPECT_THAT(error({}, config), HasSubstr("wrong name of a data source: \"a-b\""));
  config.sources = {{.name = "a", .url = "x", .is_default = true}, {.name = "b", .url = "y", .is_default = true}};
  EXPECT_THAT(error({}, config), HasSubstr("more than one data source is the default"));
}

TEST(SourceStatement, NamesAreMadeWhole) {
  const auto sent = [](std::string_view sql) { return as_mysql_statement(sql, "shop", "iris"); };
  EXPECT_EQ(sent("DROP TABLE IF EXISTS t, other.u, shop.x.v"), "DROP TABLE IF EXISTS `iris`.`t`, `other`.`u`, `x`.`v`");
  EXPECT_EQ(sent("ALTER TABLE t RENAME TO u"), "ALTER TABLE `iris`.`t` RENAME TO `iris`.`u`");
  EXPECT_EQ(sent("ALTER TABLE `t` MODIFY COLUMN a BIGINT(20) COMMENT 'shop.x.v'"),
            "ALTER TABLE `iris`.`t` MODIFY COLUMN a BIGINT(20) COMMENT 'shop.x.v'");
  EXPECT_EQ(sent("CREATE VIEW v AS SELECT a.b FROM shop.x.t a"), "CREATE VIEW `iris`.`v` AS SELECT a.b FROM `x`.`t` a");
  EXPECT_EQ(sent("CREATE SCHEMA IF NOT EXISTS shop.x"), "CREATE SCHEMA IF NOT EXISTS `x`");
  EXPECT_EQ(sent("DROP SCHEMA x CASCADE"), "DROP SCHEMA `x`");
}

}  // namespace
}  // namespace sinan::flow
