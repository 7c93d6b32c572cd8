// EventHub: server-sent events (WHATWG HTML, 9.2), from one publisher to thousands of idle clients.
//
//     hub.publish("flags", {.data = R"({"type":"refetchEvaluation"})"}, "refetch");   // any thread
//     return Response::events(hub.subscribe("flags", {.last_event_id = request.headers.find("last-event-id")}));
//
// Each topic keeps its latest events once, as the bytes that go out; a client is a position among them. So a client costs no
// buffer, however slow it is: one that has fallen behind what is kept is told so by its `refetch` event and goes on from the
// newest. Last-Event-ID resumes in the same way. Events of a topic wait for a short window, in which a later one can take
// the place of an earlier one ("the configuration has changed" ten times is told once).
//
// Thread-safe. Subscriptions may outlive the hub; they end with it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sinan::net {

struct Event {
  std::string name;  // empty = "message"
  std::string data;  // any text; its lines are kept
  std::string id;    // empty = made by the hub
};

struct EventHubOptions {
  std::chrono::milliseconds window{50};  // 0 = events go out at once
  // What a topic keeps: the fewer of both.
  size_t most_events = 4096;
  size_t most_bytes = size_t{1} << 20;
};

struct SubscribeOptions {
  std::optional<std::string_view> last_event_id;
  bool from_start = false;  // without a last id: all that is kept, instead of what comes from now on
  bool greets = true;       // with the time after which to connect again, as streams do
  // Told to a client whose next event is kept no more, or whose last id is not known.
  Event refetch{.name = "refetch", .data = "{}"};
};

class EventSubscription {
 public:
  virtual ~EventSubscription() = default;
  // Appends what is new, about `most_bytes` of it. False when the topic has ended and all of it was taken.
  virtual bool take(std::string& out, size_t most_bytes) = 0;
  // Calls `wake` once, from any thread, when take() has something to give; at once if it has already. `wake` runs under
  // the topic's lock: it must not call back, nor own the subscription.
  virtual void wait(std::function<void()> wake) = 0;
};

class EventHub {
 public:
  explicit EventHub(EventHubOptions options = {});
  ~EventHub();
  EventHub(const EventHub&) = delete;
  EventHub& operator=(const EventHub&) = delete;

  // `replaces` not empty: an event that still waits with the same word is dropped. CHECK: name and id fit one line.
  void publish(std::string_view topic, Event event, std::string_view replaces = {});
  // Events that wait go out now.
  void flush();
  // Nothing more comes: clients get the rest, then their stream ends. What is kept can still be read.
  void end(std::string_view topic);
  // As end(), and the topic is forgotten.
  void forget(std::string_view topic);
  std::shared_ptr<EventSubscription> subscribe(std::string_view topic, const SubscribeOptions& options = {});
  size_t subscribers() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The event as it goes over the wire.
std::string event_text(const Event& event);

}  // namespace sinan::net
