// Any bytes as a stream of requests, cut at any places: parsing ends, gives the same whatever the cuts, and what it gives can
// be handed to everything that looks at a request.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "net/authentication.h"
#include "net/cors.h"
#include "net/request_parser.h"
#include "net/router.h"

using namespace sinan;
using namespace sinan::net;

namespace {

// What a stream of bytes amounts to, as text. `cut` > 0: no more than that many bytes come at once.
std::string outcome(std::string_view bytes, size_t cut) {
  std::string out;
  RequestParser parser({.header_bytes = 2048, .header_fields = 20});
  Request request;
  parser.begin(request);
  size_t come = 0;
  std::string body;
  for (size_t begin = 0;;) {
    const auto step = parser.parse(bytes.substr(begin, come - begin));
    if (!step) return out + "refused " + std::to_string(step.error().status);
    begin += step->consumed;
    if (begin > come) std::abort();
    body += parser.take_body();
    if (step->event == RequestParser::Event::kNeedMore) {
      if (come == bytes.size()) return out + "more";
      come = cut == 0 ? bytes.size() : std::min(bytes.size(), come + cut);
    } else if (step->event == RequestParser::Event::kHead) {
      parser.limit_body(1000);
      out += request.method_name + ' ' + request.raw_target + '\n';
      for (size_t i = 0; i < request.headers.size(); ++i) {
        out += std::string(request.headers.at(i).name) + ": " + std::string(request.headers.at(i).value) + "\n";
      }
    } else {
      out += "body " + body + '\n';
      body.clear();
      parser.begin(request);
    }
  }
}

void look_at(std::string_view bytes) {
  RequestParser parser;
  Request request;
  parser.begin(request);
  const auto step = parser.parse(bytes);
  if (!step || step->event != RequestParser::Event::kHead) return;
  static SimulatedClock clock;
  static const TokenRecord record = make_token("a", Role::kAdmin, clock.now(), std::nullopt)->record;
  static Authenticator authenticator({record}, clock);
  if (auto target = parse_target(request.raw_target)) request.target = *std::move(target);
  request.peer = request.headers.find("x-peer").value_or("");
  if (authenticator.authenticate(request).value_or(false)) std::abort();
  (void)is_preflight(request);
  (void)is_cross_origin(request);
  (void)has_loopback_host(request);
  (void)request.has_current("\"a\"");
  Headers headers;
  add_cors_headers({.origins = {"*"}}, request, headers);
  (void)parse_tokens(request.raw_target);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string whole = outcome(bytes, 0);
  const std::string cut = outcome(bytes, data[0] % 16 + 1);
  // What is wrong in an unfinished head may be seen at once, or when its end has come: the same requests came before it.
  const auto accepted = [](const std::string& text) {
    const size_t refused = text.rfind("refused");
    return text.substr(0, refused == std::string::npos ? text.size() - std::string_view("more").size() : refused);
  };
  if (accepted(whole) != accepted(cut)) std::abort();
  look_at(bytes);
  const std::string target(bytes);
  if (const auto parsed = parse_target(target)) {
    for (const std::string& segment : parsed->segments) {
      if (segment == "." || segment == ".." || segment.contains('\0')) std::abort();
    }
  }
  return 0;
}
