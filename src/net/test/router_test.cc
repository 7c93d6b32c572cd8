#include "net/router.h"

#include <gtest/gtest.h>

#include <set>

#include "net/openapi.h"

namespace sinan::net {
namespace {

Route route(Method method, std::string path) {
  return {.method = method,
          .path = std::move(path),
          .access = kViewers,
          .handle = [](const Request&) -> Result<Response> { return Response::text("x"); },
          .doc = {.summary = "One"}};
}

class RouterTest : public testing::Test {
 protected:
  RouterTest() {
    router_.add(route(Method::kGet, "/"));
    router_.add(route(Method::kGet, "/v1/runs"));
    router_.add(route(Method::kPost, "/v1/runs"));
    router_.add(route(Method::kGet, "/v1/runs/{id}"));
    router_.add(route(Method::kDelete, "/v1/runs/{id}"));
    router_.add(route(Method::kPost, "/v1/runs/check"));
    router_.add(route(Method::kGet, "/v1/runs/last/log"));
    router_.add(route(Method::kGet, "/v1/runs/{id}/result"));
  }
  std::string find(Method method, std::string_view target) {
    const auto parsed = parse_target(target);
    match_ = router_.find(method, *parsed);
    return match_.route ? match_.route->path : match_.path_exists ? "405" : "404";
  }
  Router router_;
  Router::Match match_;
};

TEST_F(RouterTest, FindsTheMostLiteralPattern) {
  EXPECT_EQ(find(Method::kGet, "/"), "/");
  EXPECT_EQ(find(Method::kPost, "/v1/runs"), "/v1/runs");
  EXPECT_EQ(find(Method::kGet, "/v1/runs/a%2Fb"), "/v1/runs/{id}");
  ASSERT_EQ(match_.parameters.size(), 1U);
  EXPECT_EQ(match_.parameters[0].first, "id");
  EXPECT_EQ(match_.parameters[0].second, "a/b");
  EXPECT_EQ(find(Method::kDelete, "/v1/runs/a"), "/v1/runs/{id}");
  EXPECT_EQ(match_.parameters[0].first, "id");
  EXPECT_EQ(find(Method::kGet, "/v1/runs/last/log"), "/v1/runs/last/log");
  // The literal "last" leads nowhere: the parameter is tried after it.
  EXPECT_EQ(find(Method::kGet, "/v1/runs/last/result"), "/v1/runs/{id}/result");
  // A method's literal does not take the name from the others.
  EXPECT_EQ(find(Method::kPost, "/v1/runs/check"), "/v1/runs/check");
  EXPECT_EQ(find(Method::kGet, "/v1/runs/check"), "/v1/runs/{id}");
  EXPECT_EQ(find(Method::kHead, "/v1/runs"), "/v1/runs");
}

TEST_F(RouterTest, TellsAPathFromAMethod) {
  EXPECT_EQ(find(Method::kPut, "/v1/runs"), "405");
  EXPECT_EQ(find(Method::kGet, "/v1"), "404");
  EXPECT_EQ(find(Method::kGet, "/v1/runs/"), "404");
  EXPECT_EQ(find(Method::kGet, "/v1//runs"), "404");
  EXPECT_EQ(find(Method::kGet, "/V1/runs"), "404");
  EXPECT_EQ(router_.allowed(*parse_target("/v1/runs")), "GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(router_.allowed(*parse_target("/v1/runs/x")), "GET, HEAD, DELETE, OPTIONS");
  EXPECT_EQ(router_.allowed(*parse_target("/v1/runs/check")), "POST, OPTIONS");
  EXPECT_EQ(find(Method::kPut, "/v1/runs/check"), "405");
  EXPECT_EQ(router_.allowed(*parse_target("/nothing")), "");
}

TEST(RouterDeathTest, RoutesAreCheckedWhenAdded) {
  Router router;
  router.add(route(Method::kGet, "/a/{b}"));
  EXPECT_DEATH(router.add(route(Method::kGet, "/a/{b}")), "none_of");
  EXPECT_DEATH(router.add(route(Method::kPost, "/a/{c}")), "path");
  EXPECT_DEATH(router.add(route(Method::kGet, "a")), "starts_with");
  EXPECT_DEATH(router.add(route(Method::kGet, "/a//b")), "empty");
  EXPECT_DEATH(router.add(route(Method::kGet, "/a/{b")), "parameter_name");
  EXPECT_DEATH(router.add({.path = "/x"}), "handle");
}

TEST_F(RouterTest, TheDescriptionHasEveryRoute) {
  Route posted = route(Method::kPost, "/v1/things/{thing}");
  posted.access = kEveryone;
  posted.doc.request_schema = object_schema({{"name", string_schema()}}, {"name"});
  posted.doc.parameters = {{.name = "dry_run", .description = "Only look"}};
  posted.doc.responses = {{201, "Made", string_schema()}};
  router_.add(std::move(posted));
  const Json document = openapi_document(router_, {"Sinan", "0.1.0", "text"});
  EXPECT_EQ(document.at("openapi").string_view(), "3.1.0");
  EXPECT_EQ(document.at("paths").members().size(), 7U);
  const Json& get = document.at("paths").at("/v1/runs/{id}").at("get");
  EXPECT_EQ(get.at("operationId").string_view(), "getV1RunsId");
  EXPECT_EQ(get.at("parameters").items().at(0).at("in").string_view(), "path");
  EXPECT_EQ(get.at("x-roles").items().size(), 3U);
  EXPECT_FALSE(get.at("responses").at("401").is_null());
  const Json& post = document.at("paths").at("/v1/things/{thing}").at("post");
  EXPECT_EQ(post.at("parameters").items().size(), 2U);
  EXPECT_TRUE(post.at("security").is_array());
  EXPECT_TRUE(post.at("responses").at("401").is_null());
  EXPECT_FALSE(post.at("responses").at("201").is_null());
  EXPECT_FALSE(post.at("requestBody").is_null());
  // Operation ids name one operation each.
  std::set<std::string_view> ids;
  for (const auto& [path, item] : document.at("paths").members()) {
    for (const auto& [method, operation] : item.members()) {
      EXPECT_TRUE(ids.insert(operation.at("operationId").string_view()).second) << path;
    }
  }
}

}  // namespace
}  // namespace sinan::net
