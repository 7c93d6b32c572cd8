#include "app/console/routes.h"

#include <gtest/gtest.h>

namespace sinan::app {
namespace {

using net::Method;
using net::Request;
using net::Response;

// As a browser would ask; headers as given.
Response get(const net::Router& router, const std::string& path,
             const std::vector<std::pair<std::string, std::string>>& headers = {}) {
  Request request;
  request.target = *net::parse_target(path);
  for (const auto& [name, value] : headers) request.headers.add(name, value);
  net::Router::Match match = router.find(Method::kGet, request.target);
  EXPECT_TRUE(match.route);
  EXPECT_TRUE(match.route->access.is_public());
  request.path_parameters = std::move(match.parameters);
  auto response = match.route->handle(request);
  return response ? *std::move(response) : Response{.status = 404};
}

// The first file under /assets/ that the page names, with that ending.
std::string asset_named_by(std::string_view page, std::string_view ending) {
  const size_t end = page.find(std::string(ending) + "\"");
  const size_t begin = page.rfind('"', end) + 1;
  return std::string(page.substr(begin, end + ending.size() - begin));
}

TEST(ConsoleRoutes, ThePageNamesFilesThatAreServed) {
  net::Router router;
  add_console_routes(router);
  const Response page = get(router, "/");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.headers.find("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(page.headers.find("cache-control"), "no-cache");
  for (const auto& [ending, type] :
       {std::pair{".js", "text/javascript"}, {".css", "text/css"}, {".svg", "image/svg"}}) {
    const std::string path = asset_named_by(page.body_text(), ending);
    ASSERT_TRUE(path.starts_with("/assets/")) << path;
    const Response file = get(router, path);
    EXPECT_EQ(file.status, 200) << path;
    EXPECT_TRUE(file.headers.find("content-type")->starts_with(type)) << path;
    EXPECT_TRUE(file.headers.find("cache-control")->contains("immutable")) << path;
  }
  EXPECT_EQ(get(router, "/assets/none.js").status, 404);
}

TEST(ConsoleRoutes, ThePolicyLetsNoScriptInAndNoRequestOut) {
  net::Router router;
  add_console_routes(router);
  const auto policy = get(router, "/").headers.find("content-security-policy");
  ASSERT_TRUE(policy);
  EXPECT_TRUE(policy->contains("default-src 'none'"));
  EXPECT_TRUE(policy->contains("connect-src 'self'"));
  EXPECT_FALSE(policy->contains("unsafe"));
}

TEST(ConsoleRoutes, CompressedAndPlainAnswersHaveTagsOfTheirOwn) {
  net::Router router;
  add_console_routes(router);
  const std::string script = asset_named_by(get(router, "/").body_text(), ".js");
  const Response plain = get(router, script);
  const Response packed = get(router, script, {{"Accept-Encoding", "br, gzip"}});
  EXPECT_FALSE(plain.headers.find("content-encoding"));
  EXPECT_EQ(packed.headers.find("content-encoding"), "gzip");
  EXPECT_EQ(packed.body_text().substr(0, 2), "\x1f\x8b");
  EXPECT_LT(packed.body_text().size(), plain.body_text().size());
  const std::string tag(*packed.headers.find("etag"));
  EXPECT_NE(tag, *plain.headers.find("etag"));
  EXPECT_EQ(get(router, script, {{"Accept-Encoding", "gzip"}, {"If-None-Match", tag}}).status, 304);
  EXPECT_EQ(get(router, script, {{"If-None-Match", tag}}).status, 200);
}

TEST(AcceptsGzip, ReadsWeights) {
  EXPECT_TRUE(accepts_gzip("gzip"));
  EXPECT_TRUE(accepts_gzip("deflate, GZIP;q=0.5"));
  EXPECT_FALSE(accepts_gzip("gzip;q=0"));
  EXPECT_FALSE(accepts_gzip("gzip; q=0.000, br"));
  EXPECT_FALSE(accepts_gzip("br"));
  EXPECT_FALSE(accepts_gzip(""));
}

}  // namespace
}  // namespace sinan::app
