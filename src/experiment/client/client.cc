#include "experiment/client/client.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <span>
#include <thread>
#include <utility>

#include "base/random.h"
#include "experiment/evaluator/host.h"
#include "experiment/evaluator/snapshot_file.h"
#include "experiment/evaluator/typed_text.h"
#include "io/http_client.h"

namespace sinan::experiment {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

constexpr milliseconds kFirstWait{250};
constexpr std::chrono::seconds kMostHold{60};  // that the server holds an answer
constexpr milliseconds kLong{5'000};           // after which the server counts as one that holds answers
constexpr int64_t kSkew = 2'000'000;           // the server tells full seconds
constexpr int64_t kHalfSecond = 500'000;

}  // namespace

// The connection to the server, and the thread that uses it.
struct Client::Requests {
  explicit Requests(const ClientOptions& options)
      : http({.connect_time = options.timeout, .attempts = 1}), url(options.url), owner(::getpid()) {
    while (url.ends_with('/')) url.pop_back();
    if (!options.token.empty()) headers.push_back({"Authorization", "Bearer " + options.token});
  }
  // Ends the thread: what it waits for ends at once.
  void end() {
    cancel.cancel();
    if (!thread.joinable()) return;
    if (::getpid() == owner) {
      thread.join();
    } else {
      thread.detach();  // it has stayed in the parent
    }
  }

  io::HttpClient http;
  std::string url;
  std::vector<io::HttpHeader> headers;
  CancelSource cancel;
  pid_t owner;
  std::thread thread;
};

std::string_view to_string(ClientStatus status) {
  constexpr std::array<std::string_view, 3> kNames = {"not_ready", "ready", "stale"};
  return kNames[static_cast<size_t>(status)];
}

std::optional<int64_t> parse_http_date(std::string_view text) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() != 29 || !text.ends_with(" GMT")) return std::nullopt;
  const size_t month = kMonths.find(text.substr(8, 3));
  if (month == std::string_view::npos || month % 3 != 0) return std::nullopt;
  const std::string number = std::to_string(month / 3 + 1);
  const std::string year_and_month = std::string(text.substr(12, 4)) + (number.size() == 1 ? "-0" : "-") + number;
  return parse_timestamp(year_and_month + "-" + std::string(text.substr(5, 2)) + "T" + std::string(text.substr(17, 8)) +
                         "Z");
}

Result<std::unique_ptr<Client>> Client::start(ClientOptions options) {
  if (!options.url.starts_with("http://") && !options.url.starts_with("https://")) {
    return fail(Code::kArgument, "the server's address must begin with http:// or https://: \"" + options.url + "\"");
  }
  std::unique_ptr<Client> client(new Client(std::move(options)));
  client->load_cache();
  client->requests_->thread = std::thread([it = client.get()] { it->follow(); });
  std::unique_lock lock(client->mutex_);
  client->changed_.wait_for(lock, client->options_.wait, [&] { return client->tried_; });
  lock.unlock();
  return client;
}

Client::Client(ClientOptions options) : options_(std::move(options)), requests_(std::make_unique<Requests>(options_)) {}

Client::~Client() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  requests_->end();
}

Context Client::context() const {
  Context context;
  if (const int64_t offset = clock_offset_.load(); offset != 0) context.at(clock_micros() + offset);
  return context;
}

std::string Client::last_error() const {
  const std::lock_guard lock(mutex_);
  return last_error_;
}

void Client::on_change(std::function<void(ClientEvent)> listener) {
  const std::lock_guard lock(mutex_);
  listeners_.push_back(std::move(listener));
}

void Client::load_cache() {
  if (options_.cache.empty()) return;
  const auto loaded = evaluator_.load_file(options_.cache);
  if (loaded) {
    set_status(ClientStatus::kStale);
  } else if (loaded.error().code != Code::kNotFound) {
    warn("the last known snapshot is left aside: " + loaded.error().message);
  }
}

void Client::follow() {
  Random random = Random::from_system();
  const auto hold = std::chrono::duration_cast<std::chrono::seconds>(std::min<milliseconds>(options_.poll, kMostHold));
  bool is_held = false;  // the request: the first one, and one after a break, is answered at once
  for (unsigned in_vain = 0;;) {
    const auto began = Steady::now();
    const auto wait = is_held ? hold : std::chrono::seconds(0);
    const Result<bool> changed = refresh(wait);
    // An answer that is held and breaks off says nothing yet about the server: the next request does.
    if (!changed && wait.count() == 0) failed(changed.error());
    tried();
    const bool was_held =
        wait.count() > 0 && Steady::now() - began >= std::min<milliseconds>(kLong, milliseconds(wait) / 2);
    const bool is_followed = was_held || (changed && *changed);
    in_vain = is_followed ? 0 : std::min(in_vain + 1, 20U);
    const bool goes_on = changed && (is_followed || !is_held);
    is_held = changed.has_value();
    if (goes_on) continue;
    // Soon after a break, later and later while answers are not held; never all clients at once.
    const milliseconds pause = std::min(options_.poll, kFirstWait * (1U << in_vain) / 2);
    const milliseconds jittered(
        static_cast<int64_t>(static_cast<double>(pause.count()) * (0.8 + 0.4 * random.uniform())));
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, jittered, [&] { return ended_; })) return;
  }
}

// Whether another version came. `hold` is for how long the server may keep its answer back while there is none.
Result<bool> Client::refresh(std::chrono::seconds hold) {
  io::HttpRequest request;
  request.url = requests_->url + "/v1/experiments/snapshot";
  if (hold.count() > 0) request.url += "?wait=" + std::to_string(hold.count());
  request.headers = requests_->headers;
  if (!tag_.empty()) request.headers.push_back({"If-None-Match", tag_});
  request.most_time = options_.timeout + hold;
  request.most_idle_time = std::chrono::seconds(0);
  request.most_body_bytes = kMaxSnapshotBytes;
  const int64_t asked = clock_micros();
  const auto response = TRY(requests_->http.send(request, requests_->cancel.token()));
  const int64_t received = clock_micros();
  const bool was_held = hold.count() > 0;
  // Dated when it was sent: of a snapshot that was held back too little is known of when that was.
  if (const auto told = parse_http_date(response.header("Date").value_or(""));
      told && (!was_held || response.status == 304)) {
    const int64_t offset = *told + kHalfSecond - (was_held ? received : (asked + received) / 2);
    clock_offset_ = std::abs(offset) > kSkew ? offset : 0;
  }
  bool is_another = false;
  if (response.status == 200) {
    is_another = TRY(take(response.body));
    tag_ = response.header("ETag").value_or("");
  } else if (response.status != 304) {
    return fail(Code::kUnavailable,
                "the server answers when asked for the snapshot: " + std::to_string(response.status));
  }
  {
    const std::lock_guard lock(mutex_);
    last_error_.clear();
  }
  warned_.clear();
  set_status(ClientStatus::kReady);
  return is_another;
}

Result<bool> Client::take(const std::string& bytes) {
  const uint64_t before = evaluator_.read()->version();
  TRY(evaluator_.load(std::as_bytes(std::span(bytes))));
  if (!options_.cache.empty()) {
    // The values are right all the same.
    if (const auto kept = evaluator_.save_file(options_.cache); !kept)
      warn("the snapshot is not kept: " + kept.error().message);
  }
  const bool is_another = evaluator_.read()->version() != before;
  if (is_another) tell(ClientEvent::kChanged);
  return is_another;
}

void Client::failed(const Error& error) {
  if (error.code == Code::kCancelled) return;
  {
    const std::lock_guard lock(mutex_);
    last_error_ = error.message;
  }
  warn(error.message);
  if (status() == ClientStatus::kReady) set_status(ClientStatus::kStale);
  tell(ClientEvent::kError);
}

void Client::set_status(ClientStatus status) {
  if (status_.exchange(status) == status) return;
  tell(status == ClientStatus::kReady ? ClientEvent::kReady : ClientEvent::kStale);
}

void Client::tell(ClientEvent event) {
  std::vector<std::function<void(ClientEvent)>> listeners;
  {
    const std::lock_guard lock(mutex_);
    listeners = listeners_;
  }
  for (const auto& listener : listeners) listener(event);
}

void Client::warn(const std::string& message) {
  if (options_.warn && message != warned_) options_.warn(message);
  warned_ = message;
}

void Client::tried() {
  {
    const std::lock_guard lock(mutex_);
    tried_ = true;
  }
  changed_.notify_all();
}

}  // namespace sinan::experiment
