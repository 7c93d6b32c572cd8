#include "experiment/ofrep/routes.h"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/hash.h"
#include "experiment/ofrep/evaluation.h"
#include "experiment/ofrep/served_configuration.h"
#include "flow/project.h"
#include "net/event_hub.h"
#include "net/openapi.h"

namespace sinan::experiment {
namespace {

constexpr std::string_view kTopic = "ofrep";
constexpr uint64_t kMostContextBytes = 256 << 10;
constexpr int64_t kMostWaitSeconds = 60;

using Served = std::shared_ptr<const ServedConfiguration>;

net::Event refetch_event(uint64_t version) {
  return {.name = "message",
          .data = Json::object({{"type", "refetchEvaluation"}, {"etag", fmt::format("\"v{}\"", version)}}).dump(),
          .id = fmt::format("{}", version)};
}

net::Response unreadable(std::optional<std::string_view> key, const Error& error) {
  return net::Response::json_text(unreadable_request(key, error.message), 400);
}

Result<net::Response> answer_one(const ServedConfiguration& served, const net::Request& request) {
  const std::string& key = request.path_parameter("key");
  const auto context = RequestContext::read(request.body);
  if (!context) return unreadable(key, context.error());
  const auto prefetch = request.flag("prefetch", false);
  if (!prefetch) return unreadable(key, prefetch.error());
  const auto snapshot = served.read();
  // A read by code counts and may be an exposure; a prefetch does neither.
  const Access access = *prefetch ? Access::kPrefetch : Access::kRead;
  FlagAnswer answer = evaluate_flag(*snapshot, key, (*context)->context(), access);
  return net::Response::json_text(std::move(answer.body), answer.status);
}

// A tag of the values without them: the same configuration and context give the same, unless a schedule opens in between.
std::optional<std::string> tag_before(const Snapshot& snapshot, std::string_view body) {
  if (!snapshot.section<format::Window>(format::kWindows).empty()) return std::nullopt;
  return fmt::format("\"{}\"", FingerprintBuilder().add(snapshot.version()).add(body).finish().to_hex());
}

Result<net::Response> answer_all(const ServedConfiguration& served, const net::Request& request) {
  std::string body;
  std::optional<std::string> tag;
  {
    const auto snapshot = served.read();
    tag = tag_before(*snapshot, request.body);
    // Only a body that could be read was given this tag: no need to read it again.
    if (tag && request.headers.find("if-none-match") == *tag) return net::Response::not_modified(*tag);
    const auto context = RequestContext::read(request.body);
    if (!context) return unreadable(std::nullopt, context.error());
    if (tag && request.has_current(*tag)) return net::Response::not_modified(*tag);
    body = served.prepared(*snapshot)->bulk.answer(*snapshot, (*context)->context());
  }
  // Never of the configuration alone: clients keep their tag when attributes of the context change.
  const std::string etag = tag.value_or(fmt::format("\"{}\"", fingerprint(body).to_hex()));
  if (request.has_current(etag)) return net::Response::not_modified(etag);
  net::Response response = net::Response::json_text(std::move(body));
  response.headers.set("ETag", etag);
  return response;
}

Result<net::Response> answer_snapshot(const ServedConfiguration& served, const net::Request& request) {
  const auto snapshot = served.read();
  const std::string etag = fmt::format("\"v{}\"", snapshot->version());
  if (request.has_current(etag)) return net::Response::not_modified(etag);
  net::Response response;
  response.body = served.prepared(*snapshot)->bytes;
  response.headers.set("Content-Type", "application/octet-stream");
  response.headers.set("ETag", etag);
  return response;
}

// ?wait=SECONDS: when the client has the newest already, the answer waits for the next.
Result<net::Response> answer_snapshot_in_time(const Served& served, net::EventHub& events,
                                              const net::Request& request) {
  const int64_t seconds = TRY(request.integer("wait", 0, 0, kMostWaitSeconds));
  if (seconds == 0) return answer_snapshot(*served, request);
  auto change = events.subscribe(kTopic, {.greets = false});  // before the look, so that none is missed
  net::Response now = TRY(answer_snapshot(*served, request));
  if (now.status != 304) return now;
  return net::Response::later({std::move(change), std::chrono::seconds(seconds),
                               [served](const net::Request& later) { return answer_snapshot(*served, later); }});
}

Json context_schema() {
  Json attributes = Json::object({{"type", "object"}, {"additionalProperties", true}});
  attributes.set("type", Json::array({"object", "null"}));
  return net::object_schema({{"context", std::move(attributes)}});
}

Json success_schema() {
  return net::object_schema(
      {{"key", net::string_schema()},
       {"value", Json::object()},
       {"reason", net::enum_schema({"STATIC", "DEFAULT", "TARGETING_MATCH", "SPLIT"})},
       {"variant", net::string_schema("the group; \"rule\" or \"default\" where no experiment decided")},
       {"metadata", Json::object({{"type", "object"}})}},
      {"key", "value", "reason", "variant", "metadata"});
}

Json failure_schema() {
  return net::object_schema(
      {{"key", net::string_schema()},
       {"errorCode", net::enum_schema({"FLAG_NOT_FOUND", "TARGETING_KEY_MISSING", "PARSE_ERROR"})},
       {"errorDetails", net::string_schema()},
       {"metadata", Json::object({{"type", "object"}})}},
      {"errorCode", "metadata"});
}

Json all_schema() {
  return net::object_schema({{"flags", net::array_schema(Json::object({{"type", "object"}}))},
                             {"metadata", Json::object({{"type", "object"}})},
                             {"eventStreams", net::array_schema(Json::object({{"type", "object"}}))}},
                            {"flags", "metadata"});
}

}  // namespace

void add_experiment_routes(net::Router& router, const flow::ServeContext& context) {
  net::EventHub& events = context.events;
  const Served served = std::make_shared<ServedConfiguration>(
      context.project.catalog(), context.project.clock(),
      [&events](uint64_t version) { events.publish(kTopic, refetch_event(version), "version"); });

  router.add(
      {.method = net::Method::kPost,
       .path = "/ofrep/v1/evaluate/flags/{key}",
       .access = net::kClients,
       .handle = [served](const net::Request& request) { return answer_one(*served, request); },
       .body_limit = kMostContextBytes,
       .doc = {.summary = "The value of one parameter for a context",
               .description = "OFREP 0.3.0. An access: it counts, and the metadata says which experiments it exposes "
                              "the unit to.",
               .tag = "OpenFeature",
               .parameters = {{.name = "prefetch",
                               .description = "true: fetched for later, no access",
                               .schema = Json::object({{"type", "boolean"}})}},
               .request_schema = context_schema(),
               .is_request_required = false,
               .responses = {{200, "The value", success_schema()},
                             {400, "The context cannot be read, or lacks the unit", failure_schema()},
                             {404, "No such parameter", failure_schema()}}}});
  router.add({.method = net::Method::kPost,
              .path = "/ofrep/v1/evaluate/flags",
              .access = net::kClients,
              .handle = [served](const net::Request& request) { return answer_all(*served, request); },
              .body_limit = kMostContextBytes,
              .doc = {.summary = "The values of all parameters for a context",
                      .description = "OFREP 0.3.0. No access. With If-None-Match: 304 while the answer is the same.",
                      .tag = "OpenFeature",
                      .request_schema = context_schema(),
                      .is_request_required = false,
                      .responses = {{200, "The values", all_schema()},
                                    {304, "As before", Json()},
                                    {400, "The context cannot be read", failure_schema()}}}});
  router.add({.method = net::Method::kGet,
              .path = "/ofrep/v1/events",
              .access = net::kClients,
              .handle = [served, &events](const net::Request& request) -> Result<net::Response> {
                net::SubscribeOptions options;
                options.last_event_id = request.headers.find("last-event-id");
                options.refetch = refetch_event(served->read()->version());
                return net::Response::events(events.subscribe(kTopic, options));
              },
              .doc = {.summary = "Tells when values are to be fetched again",
                      .tag = "OpenFeature",
                      .responses = {{200, "Server-sent events", net::string_schema(), "text/event-stream"}}}});
  router.add({.method = net::Method::kGet,
              .path = "/v1/experiments/snapshot",
              .access = net::kServers,
              .handle = [served, &events](
                            const net::Request& request) { return answer_snapshot_in_time(served, events, request); },
              .doc = {.summary = "The compiled configuration, for clients that evaluate by themselves",
                      .description = "With If-None-Match: 304 while it is the newest, with `wait` only then.",
                      .tag = "Experiments",
                      .parameters = {{.name = "wait",
                                      .description = "seconds to wait for a newer one",
                                      .schema = Json::object(
                                          {{"type", "integer"}, {"minimum", 0}, {"maximum", kMostWaitSeconds}})}},
                      .responses = {{200, "The snapshot", net::string_schema(), "application/octet-stream"},
                                    {304, "As before", Json()}}}});
}

}  // namespace sinan::experiment
