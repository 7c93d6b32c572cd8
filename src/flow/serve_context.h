// What the HTTP routes of a capability may use. All of it outlives the server, and is thread-safe.
//
//     void add_experiment_routes(net::Router& router, const flow::ServeContext& context) {
//       router.add({.method = net::Method::kGet, .path = "/v1/experiments", .access = net::kViewers,
//                   .handle = [&project = context.project](const net::Request& request) { return list(project, request); }});
//     }
//
// app/capabilities.cc lists these functions.
#pragma once

namespace sinan {
class Metrics;  // base/metrics.h
namespace net {
class EventHub;  // net/event_hub.h
}
}  // namespace sinan

namespace sinan::flow {

class Project;

struct ServeContext {
  Project& project;
  net::EventHub& events;
  Metrics& metrics;
};

}  // namespace sinan::flow
