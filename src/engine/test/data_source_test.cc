#include "engine/data_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sinan::engine {
namespace {

using testing::HasSubstr;
using testing::Not;

DataSource parsed(std::string_view url) {
  auto source = parse_data_source(url);
  EXPECT_TRUE(source.has_value()) << url;
  return source ? *source : DataSource{};
}

TEST(DataSourceTest, SqlFlowsUrl) {
  const DataSource source =
      parsed("mysql://root:ro@ot/1@tcp(127.0.0.1:3307)/iris?maxAllowedPacket=0&loc=Asia/Shanghai");
  EXPECT_EQ(source.kind, SourceKind::kMySql);
  EXPECT_EQ(source.host, "127.0.0.1");
  EXPECT_EQ(source.port, 3307);
  EXPECT_EQ(source.user, "root");
  EXPECT_EQ(source.password, "ro@ot/1");
  EXPECT_EQ(source.database, "iris");
  EXPECT_EQ(source.describe(), "mysql root@127.0.0.1:3307/iris");
  EXPECT_EQ(parsed("mysql://root@unix(/run/my.sock)/").socket, "/run/my.sock");
  EXPECT_EQ(parsed("mysql://root:root@tcp(127.0.0.1:3306)/?maxAllowedPacket=0").default_schema(), "information_schema");
}

TEST(DataSourceTest, Urls) {
  const DataSource source = parsed("postgresql://me%40x:p%3A%2F@[::1]:6000/shop?sslmode=require&read_only");
  EXPECT_EQ(source.kind, SourceKind::kPostgres);
  EXPECT_EQ(source.host, "::1");
  EXPECT_EQ(source.port, 6000);
  EXPECT_EQ(source.user, "me@x");
  EXPECT_EQ(source.password, "p:/");
  EXPECT_EQ(source.ssl_mode, "require");
  EXPECT_TRUE(source.read_only);
  EXPECT_EQ(source.default_schema(), "public");
  EXPECT_EQ(parsed("postgres:///shop?host=/run/pg").socket, "/run/pg");
  EXPECT_EQ(parsed("mariadb://h/Shop").default_schema(), "shop");
}

TEST(DataSourceTest, Files) {
  EXPECT_EQ(parsed("data/shop.duckdb").kind, SourceKind::kDuckDb);
  EXPECT_EQ(parsed("duckdb:///tmp/x").path, "/tmp/x");
  EXPECT_EQ(parsed("data").kind, SourceKind::kFolder);
  EXPECT_TRUE(parsed("duckdb:x.db?read_only").read_only);
}

TEST(DataSourceTest, MistakesShowNoPassword) {
  for (const std::string_view url :
       {"mysql://u:secret@h:port/d", "hive://u:secret@h/d", "postgres://u:secret@h/d?frob=1", ""}) {
    const auto source = parse_data_source(url);
    ASSERT_FALSE(source.has_value()) << url;
    EXPECT_THAT(source.error().to_string(), Not(HasSubstr("secret")));
    EXPECT_FALSE(source.error().hint.empty());
  }
}

TEST(DataSourceTest, CommandLinesWithoutPasswords) {
  EXPECT_EQ(without_passwords("sinan --data-source a=mysql://u:p@w@tcp(h)/d -c 'SELECT 1'"),
            "sinan --data-source a=mysql://u:***@tcp(h)/d -c 'SELECT 1'");
  EXPECT_EQ(without_passwords("x postgresql://h/d y http://a:b@c"), "x postgresql://h/d y http://a:***@c");
  EXPECT_EQ(without_passwords("SELECT 'a://b'"), "SELECT 'a://b'");
}

}  // namespace
}  // namespace sinan::engine
