#include "net/event_hub.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "base/strings.h"

namespace sinan::net {
namespace {

std::string taken(EventSubscription& subscription, bool* goes_on = nullptr, size_t most = 1 << 20) {
  std::string out;
  const bool open = subscription.take(out, most);
  if (goes_on) *goes_on = open;
  if (out.starts_with("retry: ")) out.erase(0, out.find("\n\n") + 2);
  return out;
}

constexpr EventHubOptions kAtOnce{.window = std::chrono::milliseconds(0)};

TEST(EventText, IsWhatTheStandardSays) {
  EXPECT_EQ(event_text({.data = "x"}), "data: x\n\n");
  EXPECT_EQ(event_text({.name = "n", .data = "a\nb\r\nc\rd", .id = "7"}),
            "id: 7\nevent: n\ndata: a\ndata: b\ndata: c\ndata: d\n\n");
  EXPECT_EQ(event_text({.data = "a\n"}), "data: a\ndata: \n\n");
  EXPECT_EQ(event_text({}), "data: \n\n");
}

TEST(EventHub, ASubscriberGetsWhatComesAfterIt) {
  EventHub hub(kAtOnce);
  hub.publish("t", {.data = "old", .id = "1"});
  const auto subscription = hub.subscribe("t");
  EXPECT_EQ(taken(*subscription), "");
  hub.publish("t", {.data = "a", .id = "2"});
  hub.publish("other", {.data = "no"});
  hub.publish("t", {.data = "b", .id = "3"});
  EXPECT_EQ(taken(*subscription), "id: 2\ndata: a\n\nid: 3\ndata: b\n\n");
  EXPECT_EQ(taken(*subscription), "");
  EXPECT_EQ(hub.subscribers(), 1U);
}

TEST(EventHub, TheLastIdResumes) {
  EventHub hub(kAtOnce);
  for (const char* id : {"v1", "v2", "v3"}) hub.publish("t", {.data = id, .id = id});
  EXPECT_EQ(taken(*hub.subscribe("t", {.last_event_id = "v1"})), "id: v2\ndata: v2\n\nid: v3\ndata: v3\n\n");
  EXPECT_EQ(taken(*hub.subscribe("t", {.last_event_id = "v3"})), "");
  EXPECT_EQ(taken(*hub.subscribe("t", {.last_event_id = "v0"})), "event: refetch\ndata: {}\n\n");
  EXPECT_EQ(taken(*hub.subscribe("t", {.from_start = true})).size(), 3 * std::string("id: v1\ndata: v1\n\n").size());
}

TEST(EventHub, WhoFallsBehindIsToldAndGoesOn) {
  EventHub hub({.window = std::chrono::milliseconds(0), .most_events = 3});
  const auto slow = hub.subscribe("t", {.refetch = {.data = R"({"type":"refetchEvaluation"})"}});
  for (int i = 0; i < 5; ++i) hub.publish("t", {.data = std::to_string(i), .id = std::to_string(i)});
  EXPECT_EQ(taken(*slow), "data: {\"type\":\"refetchEvaluation\"}\n\n");
  hub.publish("t", {.data = "5", .id = "5"});
  EXPECT_EQ(taken(*slow), "id: 5\ndata: 5\n\n");
}

TEST(EventHub, KeepsNoMoreThanItsBytes) {
  EventHub hub({.window = std::chrono::milliseconds(0), .most_events = 1000, .most_bytes = 100});
  for (int i = 0; i < 100; ++i) hub.publish("t", {.data = std::string(40, 'x'), .id = std::to_string(i)});
  EXPECT_LE(taken(*hub.subscribe("t", {.from_start = true})).size(), 100U + 20);
  hub.publish("t", {.data = std::string(1000, 'y')});
  EXPECT_GT(taken(*hub.subscribe("t", {.last_event_id = "99"})).size(), 0U);
}

TEST(EventHub, ALaterEventReplacesOneThatWaits) {
  EventHub hub({.window = std::chrono::hours(1)});
  const auto subscription = hub.subscribe("t");
  hub.publish("t", {.data = "1", .id = "1"}, "config");
  hub.publish("t", {.data = "row", .id = "2"});
  hub.publish("t", {.data = "2", .id = "3"}, "config");
  EXPECT_EQ(taken(*subscription), "");
  hub.flush();
  EXPECT_EQ(taken(*subscription), "id: 2\ndata: row\n\nid: 3\ndata: 2\n\n");
}

TEST(EventHub, TheWindowEndsByItself) {
  EventHub hub({.window = std::chrono::milliseconds(1)});
  const auto subscription = hub.subscribe("t");
  EXPECT_EQ(taken(*subscription), "");
  std::atomic<bool> woken = false;
  subscription->wait([&] {
    woken = true;
    woken.notify_all();
  });
  hub.publish("t", {.data = "x", .id = "1"});
  woken.wait(false);
  EXPECT_EQ(taken(*subscription), "id: 1\ndata: x\n\n");
}

TEST(EventHub, WakesOnceAndAtOnceWhenThereIsNews) {
  EventHub hub(kAtOnce);
  const auto subscription = hub.subscribe("t");
  EXPECT_EQ(taken(*subscription), "");
  int woken = 0;
  subscription->wait([&] { ++woken; });
  EXPECT_EQ(woken, 0);
  hub.publish("t", {.data = "a"});
  hub.publish("t", {.data = "b"});
  EXPECT_EQ(woken, 1);
  subscription->wait([&] { ++woken; });
  EXPECT_EQ(woken, 2);
}

TEST(EventHub, EndsAfterTheRestIsTaken) {
  EventHub hub({.window = std::chrono::hours(1)});
  const auto subscription = hub.subscribe("t");
  EXPECT_EQ(taken(*subscription), "");
  hub.publish("t", {.data = "last", .id = "1"});
  hub.end("t");
  hub.publish("t", {.data = "too late"});
  bool goes_on = true;
  EXPECT_EQ(taken(*subscription, &goes_on, 1), "id: 1\ndata: last\n\n");
  EXPECT_FALSE(goes_on);
  EXPECT_EQ(taken(*hub.subscribe("t", {.from_start = true}), &goes_on), "id: 1\ndata: last\n\n");
  hub.forget("t");
  EXPECT_EQ(taken(*hub.subscribe("t", {.from_start = true}), &goes_on), "");
  EXPECT_TRUE(goes_on);
}

TEST(EventHub, ASubscriptionOutlivesItsHub) {
  std::shared_ptr<EventSubscription> subscription;
  {
    EventHub hub(kAtOnce);
    subscription = hub.subscribe("t");
    hub.publish("t", {.data = "x", .id = "1"});
  }
  bool goes_on = true;
  EXPECT_EQ(taken(*subscription, &goes_on), "id: 1\ndata: x\n\n");
  EXPECT_FALSE(goes_on);
}

// Every subscriber sees every number in order, whatever the interleaving: for the thread sanitizer too.
TEST(EventHub, ManyThreads) {
  constexpr int kEvents = 2000;
  EventHub hub(kAtOnce);
  std::vector<std::jthread> threads;
  std::atomic<int> wrong = 0;
  for (int reader = 0; reader < 3; ++reader) {
    threads.emplace_back([&, subscription = hub.subscribe("t")] {
      std::string all;
      for (bool goes_on = true; goes_on;) {
        std::atomic<bool> ready = false;
        subscription->wait([&] {
          ready = true;
          ready.notify_all();
        });
        ready.wait(false);
        all += taken(*subscription, &goes_on);
      }
      std::string expected;
      for (int i = 0; i < kEvents; ++i) expected += event_text({.data = "x", .id = std::to_string(i)});
      if (all != expected) ++wrong;
    });
  }
  for (int i = 0; i < kEvents; ++i) hub.publish("t", {.data = "x", .id = std::to_string(i)});
  hub.end("t");
  threads.clear();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace sinan::net
