#include "app/console/routes.h"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <string>

#include "app/console/assets.h"
#include "base/check.h"
#include "base/hash.h"
#include "base/strings.h"

namespace sinan::app {
namespace {

using net::Request;
using net::Response;

// Scripts and styles of this server only, no frames, no plugins, no request to elsewhere. Pictures are shown from memory (blob:).
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::string_view content_type(std::string_view path) {
  if (path.ends_with(".html")) return "text/html; charset=utf-8";
  if (path.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (path.ends_with(".css")) return "text/css; charset=utf-8";
  if (path.ends_with(".svg")) return "image/svg+xml";
  return "application/octet-stream";
}

// A file as it is served: its bytes are copied once and shared by all answers.
class ServedAsset {
 public:
  explicit ServedAsset(const ConsoleAsset& asset)
      : type_(content_type(asset.path)),
        hash_(fingerprint(asset.bytes).to_hex()),
        // A file with its hash in its name never changes.
        caching_(asset.path.starts_with("/assets/") ? "public, max-age=31536000, immutable" : "no-cache"),
        bytes_(std::make_shared<const std::string>(asset.bytes)),
        gzip_(asset.gzip.empty() ? nullptr : std::make_shared<const std::string>(asset.gzip)) {}

  Response answer(const Request& request) const {
    const bool packed = gzip_ && accepts_gzip(request.headers.find("accept-encoding").value_or(""));
    const std::string etag = fmt::format("\"{}{}\"", hash_, packed ? "-gzip" : "");
    Response response = request.has_current(etag) ? Response::not_modified(etag) : Response{};
    if (response.status == 200) {
      response.headers.add("ETag", etag);
      response.headers.add("Content-Type", type_);
      if (packed) response.headers.add("Content-Encoding", "gzip");
      response.body = packed ? gzip_ : bytes_;
    }
    response.headers.add("Cache-Control", caching_);
    response.headers.add("Vary", "Accept-Encoding");
    response.headers.add("Content-Security-Policy", kContentSecurityPolicy);
    response.headers.add("Referrer-Policy", "no-referrer");
    response.headers.add("Cross-Origin-Opener-Policy", "same-origin");
    return response;
  }

 private:
  std::string_view type_;
  std::string hash_;
  std::string_view caching_;
  std::shared_ptr<const std::string> bytes_;
  std::shared_ptr<const std::string> gzip_;
};

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) {
  for (const std::string_view entry : split_on(accept_encoding, ',')) {
    const size_t semicolon = entry.find(';');
    if (!equals_ignore_case(trim(entry.substr(0, semicolon)), "gzip")) continue;
    if (semicolon == entry.npos) return true;
    const std::string_view weight = trim(entry.substr(semicolon + 1));
    // "q=0", "q=0.000" refuse it.
    return !weight.starts_with("q=0") || weight.find_first_of("123456789") != weight.npos;
  }
  return false;
}

void add_console_routes(net::Router& router) {
  auto assets = std::make_shared<std::map<std::string, ServedAsset, std::less<>>>();
  for (const ConsoleAsset& asset : console_assets()) assets->emplace(asset.path, asset);
  const auto page = assets->find("/index.html");
  CHECK(page != assets->end());
  router.add(
      {.method = net::Method::kGet,
       .path = "/",
       .access = net::kEveryone,
       .handle = [assets, page](const Request& request) -> Result<Response> { return page->second.answer(request); },
       .doc = {.is_hidden = true}});
  router.add({.method = net::Method::kGet,
              .path = "/assets/{file}",
              .access = net::kEveryone,
              .handle = [assets](const Request& request) -> Result<Response> {
                const auto found = assets->find("/assets/" + request.path_parameter("file"));
                if (found != assets->end()) return found->second.answer(request);
                return fail(Code::kNotFound, "the console has no such file: " + request.path_parameter("file"),
                            "reload the page: it may be another version's");
              },
              .doc = {.is_hidden = true}});
}

}  // namespace sinan::app
