#include "net/event_hub.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "base/check.h"
#include "base/random.h"

namespace sinan::net {
namespace {

bool fits_one_line(std::string_view text) { return text.find_first_of(std::string_view("\r\n\0", 3)) == text.npos; }

struct Kept {
  std::string id;
  std::string text;
};

struct Waiting {
  Event event;
  std::string replaces;
};

class Subscription;

// What is kept, and who listens. Events are numbered from 0; `first` is the number of the oldest that is kept.
struct Topic {
  std::mutex mutex;
  std::deque<Kept> events;
  uint64_t first = 0;
  size_t bytes = 0;
  bool has_ended = false;
  std::vector<Waiting> waiting;
  std::vector<Subscription*> subscribers;

  uint64_t next() const { return first + events.size(); }
  void wake_all();                                        // mutex held
  void keep(Kept event, const EventHubOptions& options);  // mutex held
};

class Subscription final : public EventSubscription {
 public:
  Subscription(std::shared_ptr<Topic> topic, const SubscribeOptions& options, uint64_t retry_ms)
      : topic_(std::move(topic)), greeting_(options.greets ? fmt::format("retry: {}\n\n", retry_ms) : "") {
    const std::lock_guard lock(topic_->mutex);
    refetch_ = event_text(options.refetch);
    position_ = options.from_start ? 0 : topic_->next();
    if (options.last_event_id && !options.last_event_id->empty()) {
      const auto found = std::ranges::find(topic_->events, *options.last_event_id, &Kept::id);
      // A position before the first event reads as "fallen behind".
      is_behind_ = found == topic_->events.end();
      if (!is_behind_) position_ = topic_->first + static_cast<uint64_t>(found - topic_->events.begin()) + 1;
    }
    index_ = topic_->subscribers.size();
    topic_->subscribers.push_back(this);
  }

  ~Subscription() override {
    const std::lock_guard lock(topic_->mutex);
    Subscription* last = topic_->subscribers.back();
    topic_->subscribers[index_] = last;
    last->index_ = index_;
    topic_->subscribers.pop_back();
  }

  bool take(std::string& out, size_t most_bytes) override {
    const std::lock_guard lock(topic_->mutex);
    const size_t begin = out.size();
    out += greeting_;
    greeting_ = {};
    if (is_behind_ || position_ < topic_->first) {
      out += refetch_;
      is_behind_ = false;
      position_ = topic_->next();
    }
    while (position_ < topic_->next() && out.size() - begin < most_bytes) {
      out += topic_->events[position_ - topic_->first].text;
      ++position_;
    }
    return !topic_->has_ended || position_ < topic_->next();
  }

  void wait(std::function<void()> wake) override {
    const std::lock_guard lock(topic_->mutex);
    wake_ = std::move(wake);
    if (has_news()) notify();
  }

  // Topic's mutex held.
  void notify() {
    if (!wake_) return;
    const auto wake = std::move(wake_);
    wake_ = nullptr;
    wake();
  }

 private:
  bool has_news() const { return !greeting_.empty() || is_behind_ || position_ != topic_->next() || topic_->has_ended; }

  const std::shared_ptr<Topic> topic_;
  std::string greeting_;
  std::string refetch_;
  uint64_t position_ = 0;  // of the next event to take
  bool is_behind_ = false;
  size_t index_ = 0;  // among the topic's subscribers
  std::function<void()> wake_;
};

void Topic::wake_all() {
  for (Subscription* subscriber : subscribers) subscriber->notify();
}

void Topic::keep(Kept event, const EventHubOptions& options) {
  bytes += event.text.size();
  events.push_back(std::move(event));
  // The newest stays, however large it is.
  while (events.size() > options.most_events || (bytes > options.most_bytes && events.size() > 1)) {
    bytes -= events.front().text.size();
    events.pop_front();
    ++first;
  }
}

}  // namespace

std::string event_text(const Event& event) {
  std::string text;
  if (!event.id.empty()) text += "id: " + event.id + "\n";
  if (!event.name.empty()) text += "event: " + event.name + "\n";
  std::string_view rest = event.data;
  for (;;) {
    const size_t end = rest.find_first_of("\r\n");
    text += "data: ";
    text += rest.substr(0, end);
    text += '\n';
    if (end == rest.npos) break;
    rest.remove_prefix(end + (rest.substr(end).starts_with("\r\n") ? 2 : 1));
  }
  return text + "\n";
}

struct EventHub::State {
  explicit State(EventHubOptions given) : options(given), random(Random::from_system()) {
    epoch = fmt::format("{:08x}", random.next() >> 32);
    if (options.window > std::chrono::milliseconds(0)) {
      thread = std::jthread([this](const std::stop_token& stop) { flush_in_turn(stop); });
    }
  }

  std::shared_ptr<Topic> topic(std::string_view name) {
    const std::lock_guard lock(mutex);
    auto found = topics.find(name);
    if (found == topics.end()) found = topics.emplace(std::string(name), std::make_shared<Topic>()).first;
    return found->second;
  }

  // Topic's mutex held.
  void flush(Topic& topic) {
    if (topic.waiting.empty()) return;
    for (Waiting& waiting : topic.waiting) {
      Event& event = waiting.event;
      // The hub's epoch makes an id of an earlier process unknown, not mistaken.
      if (event.id.empty()) event.id = fmt::format("{}-{}", epoch, topic.next());
      std::string text = event_text(event);
      topic.keep({std::move(event.id), std::move(text)}, options);
    }
    topic.waiting.clear();
    topic.wake_all();
  }

  void flush_in_turn(const std::stop_token& stop) {
    std::unique_lock lock(mutex);
    while (!stop.stop_requested()) {
      if (!changed.wait(lock, stop, [&] { return !dirty.empty(); })) break;
      changed.wait_for(lock, stop, options.window, [] { return false; });
      const auto due = std::move(dirty);
      dirty.clear();
      lock.unlock();
      for (const auto& topic : due) {
        const std::lock_guard topic_lock(topic->mutex);
        flush(*topic);
      }
      lock.lock();
    }
  }

  void end(Topic& topic) {
    const std::lock_guard lock(topic.mutex);
    flush(topic);
    topic.has_ended = true;
    topic.wake_all();
  }

  const EventHubOptions options;
  mutable std::mutex mutex;  // lock order: this one, then a topic's
  Random random;
  std::string epoch;
  std::map<std::string, std::shared_ptr<Topic>, std::less<>> topics;
  std::vector<std::shared_ptr<Topic>> dirty;
  std::condition_variable_any changed;
  std::jthread thread;
};

EventHub::EventHub(EventHubOptions options) : state_(std::make_unique<State>(options)) {}

EventHub::~EventHub() {
  state_->thread = {};
  for (const auto& [name, topic] : state_->topics) state_->end(*topic);
}

void EventHub::publish(std::string_view name, Event event, std::string_view replaces) {
  CHECK(fits_one_line(event.name) && fits_one_line(event.id));
  const std::shared_ptr<Topic> topic = state_->topic(name);
  {
    const std::lock_guard lock(topic->mutex);
    if (topic->has_ended) return;
    if (!replaces.empty()) {
      std::erase_if(topic->waiting, [&](const Waiting& waiting) { return waiting.replaces == replaces; });
    }
    topic->waiting.push_back({std::move(event), std::string(replaces)});
    if (state_->options.window == std::chrono::milliseconds(0)) {
      state_->flush(*topic);
      return;
    }
  }
  const std::lock_guard lock(state_->mutex);
  if (std::ranges::find(state_->dirty, topic) == state_->dirty.end()) state_->dirty.push_back(topic);
  state_->changed.notify_one();
}

void EventHub::flush() {
  std::vector<std::shared_ptr<Topic>> all;
  {
    const std::lock_guard lock(state_->mutex);
    for (const auto& [name, topic] : state_->topics) all.push_back(topic);
  }
  for (const auto& topic : all) {
    const std::lock_guard lock(topic->mutex);
    state_->flush(*topic);
  }
}

void EventHub::end(std::string_view name) { state_->end(*state_->topic(name)); }

void EventHub::forget(std::string_view name) {
  std::shared_ptr<Topic> topic;
  {
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->topics.find(name);
    if (found == state_->topics.end()) return;
    topic = found->second;
    state_->topics.erase(found);
  }
  state_->end(*topic);
}

std::shared_ptr<EventSubscription> EventHub::subscribe(std::string_view name, const SubscribeOptions& options) {
  uint64_t retry_ms = 0;
  {
    // Spread out, so that a restart is not followed by everybody at once.
    const std::lock_guard lock(state_->mutex);
    retry_ms = 2000 + state_->random.below(3000);
  }
  return std::make_shared<Subscription>(state_->topic(name), options, retry_ms);
}

size_t EventHub::subscribers() const {
  size_t count = 0;
  const std::lock_guard lock(state_->mutex);
  for (const auto& [name, topic] : state_->topics) {
    const std::lock_guard topic_lock(topic->mutex);
    count += topic->subscribers.size();
  }
  return count;
}

}  // namespace sinan::net
