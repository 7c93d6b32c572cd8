#include "io/http_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <cmath>
#include <mutex>

#include "base/check.h"
#include "base/log.h"
#include "base/random.h"
#include "base/strings.h"

namespace sinan::io {
namespace {

constexpr size_t kMostHeaderBytes = size_t{64} << 10;
constexpr size_t kMostIdle = 8;  // transfers, each with the connections it has kept
constexpr std::chrono::milliseconds kPoll{1000};

bool is_token(std::string_view text) {
  constexpr std::string_view kSigns = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || kSigns.find(c) != kSigns.npos;
  });
}

Status check(const HttpRequest& request) {
  if (!is_token(request.method)) return fail(Code::kArgument, "not an HTTP method: \"" + request.method + "\"");
  for (const HttpHeader& header : request.headers) {
    if (!is_token(header.name)) return fail(Code::kArgument, "not the name of a header: \"" + header.name + "\"");
    if (header.value.find_first_of(std::string_view("\r\n\0", 3)) != header.value.npos)
      return fail(Code::kArgument, "a header's value has a line break or a NUL: " + header.name);
  }
  if (!request.url.starts_with("http://") && !request.url.starts_with("https://"))
    return fail(Code::kArgument, "not an address of the web", "http://… or https://…");
  return {};
}

bool is_idempotent(const HttpRequest& request) {
  constexpr std::array<std::string_view, 6> kMethods = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"};
  return request.is_idempotent.value_or(std::ranges::find(kMethods, request.method) != kMethods.end());
}

bool is_secret(std::string_view header) {
  const std::string name = to_lower(header);
  constexpr std::array<std::string_view, 7> kSigns = {"auth", "cookie",   "token",  "secret",
                                                      "key",  "password", "session"};
  return std::ranges::any_of(kSigns, [&](std::string_view sign) { return name.find(sign) != name.npos; });
}

// scheme://host:port of an address, without who asks and for what.
std::string_view origin_of(std::string_view url) {
  const size_t host = url.find("://") + 3;
  return url.substr(0, std::min(url.find_first_of("/?#", host), url.size()));
}

std::string without_secrets(std::string_view url) {
  const std::string_view origin = origin_of(url);
  const size_t host = origin.find("://") + 3;
  const size_t at = origin.rfind('@');
  const std::string_view path = url.substr(origin.size());
  return fmt::format("{}{}{}", origin.substr(0, host), origin.substr(at == origin.npos || at < host ? host : at + 1),
                     path.substr(0, std::min(path.find_first_of("?#"), path.size())));
}

// How long an answer asks to wait, when it says so in seconds.
std::optional<std::chrono::milliseconds> retry_after(const HttpResponse& response) {
  const auto text = response.header("retry-after");
  uint32_t seconds = 0;
  if (!text || std::from_chars(text->data(), text->data() + text->size(), seconds).ptr != text->data() + text->size())
    return std::nullopt;
  return std::chrono::seconds(seconds);
}

bool is_passing(int status) { return status == 429 || status == 502 || status == 503 || status == 504; }

// One request at a time, and the connections that are kept between them.
class Transfer {
 public:
  Transfer() : multi_(curl_multi_init()), easy_(curl_easy_init()) { CHECK(multi_ != nullptr && easy_ != nullptr); }
  ~Transfer() {
    curl_easy_cleanup(easy_);
    curl_multi_cleanup(multi_);
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  Result<HttpResponse> run(const HttpClientOptions& options, const HttpRequest& request, const CancelToken& cancel);
  bool gave_out() const { return gave_out_; }
  // Where a redirect leads; empty when the answer was none.
  std::string redirect() const {
    char* url = nullptr;
    curl_easy_getinfo(easy_, CURLINFO_REDIRECT_URL, &url);
    return url == nullptr ? std::string() : url;
  }

 private:
  using HeaderList = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

  template <class Value>
  void set(CURLoption option, Value value) {
    CHECK(curl_easy_setopt(easy_, option, value) == CURLE_OK);
  }
  HeaderList configure(const HttpClientOptions& options, const HttpRequest& request);
  CURLcode perform(const CancelToken& cancel);
  Error error_of(CURLcode code, const HttpRequest& request) const;
  size_t on_header(std::string_view line);
  size_t on_body(std::string_view piece);

  CURLM* multi_;
  CURL* easy_;
  const HttpRequest* request_ = nullptr;
  HttpResponse response_;
  size_t header_bytes_ = 0;
  uint64_t body_bytes_ = 0;
  bool gave_out_ = false;
  std::optional<Error> error_;  // of ours, which ended the transfer
  char reason_[CURL_ERROR_SIZE] = {};
};

Transfer::HeaderList Transfer::configure(const HttpClientOptions& options, const HttpRequest& request) {
  curl_easy_reset(easy_);
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_ERRORBUFFER, reason_);
  set(CURLOPT_QUICK_EXIT, 1L);  // a name that is being looked up keeps nobody
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options.authorities.empty()) set(CURLOPT_CAINFO, options.authorities.c_str());
  if (!options.uses_proxy) set(CURLOPT_PROXY, "");
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_time.count()));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(request.most_time.count()));
  if (request.most_idle_time.count() > 0) {
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(request.most_idle_time.count()));
  }
  if (request.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else {
    if (!request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH") {
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
      set(CURLOPT_POSTFIELDS, request.body.c_str());
    }
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  HeaderList list(nullptr, &curl_slist_free_all);
  const auto add = [&](const std::string& line) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    CHECK(longer != nullptr);
    (void)list.release();
    list.reset(longer);
  };
  // What curl adds by itself and servers may stumble over.
  add("Expect:");
  if (std::ranges::none_of(request.headers,
                           [](const HttpHeader& h) { return equals_ignore_case(h.name, "content-type"); }))
    add("Content-Type:");
  for (const HttpHeader& header : request.headers)
    add(header.value.empty() ? header.name + ";" : header.name + ": " + header.value);
  set(CURLOPT_HTTPHEADER, list.get());
  set(CURLOPT_HEADERDATA, this);
  set(
      CURLOPT_HEADERFUNCTION, +[](char* bytes, size_t, size_t size, void* self) {
        return static_cast<Transfer*>(self)->on_header({bytes, size});
      });
  set(CURLOPT_WRITEDATA, this);
  set(
      CURLOPT_WRITEFUNCTION, +[](char* bytes, size_t, size_t size, void* self) {
        return static_cast<Transfer*>(self)->on_body({bytes, size});
      });
  return list;
}

// A status line begins an answer: one before may have been of the kind 1xx.
size_t Transfer::on_header(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > kMostHeaderBytes) {
    error_ =
        fail(Code::kExhausted, fmt::format("the answer's header is larger than {} bytes", kMostHeaderBytes)).error();
    return 0;
  }
  const size_t colon = line.find(':');
  if (line.starts_with("HTTP/")) {
    response_ = {};
  } else if (colon != line.npos) {
    response_.headers.push_back({std::string(trim(line.substr(0, colon))), std::string(trim(line.substr(colon + 1)))});
  }
  return line.size();
}

size_t Transfer::on_body(std::string_view piece) {
  body_bytes_ += piece.size();
  if (body_bytes_ > request_->most_body_bytes) {
    error_ =
        fail(Code::kExhausted, fmt::format("the answer is larger than {} bytes", request_->most_body_bytes)).error();
    return 0;
  }
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  if (!request_->on_body || status < 200 || status > 299) {
    response_.body += piece;
    return piece.size();
  }
  gave_out_ = true;
  if (auto taken = request_->on_body(piece); !taken) {
    error_ = std::move(taken).error();
    return 0;
  }
  return piece.size();
}

CURLcode Transfer::perform(const CancelToken& cancel) {
  CHECK(curl_multi_add_handle(multi_, easy_) == CURLM_OK);
  const CancelAction wake(cancel, [this] { curl_multi_wakeup(multi_); });
  CURLcode code = CURLE_ABORTED_BY_CALLBACK;
  for (int running = 1; !cancel.cancelled();) {
    CHECK(curl_multi_perform(multi_, &running) == CURLM_OK);
    if (running == 0) {
      int left = 0;
      const CURLMsg* message = curl_multi_info_read(multi_, &left);
      CHECK(message != nullptr && message->msg == CURLMSG_DONE);
      code = message->data.result;
      break;
    }
    CHECK(curl_multi_poll(multi_, nullptr, 0, static_cast<int>(kPoll.count()), nullptr) == CURLM_OK);
  }
  return code;
}

Error Transfer::error_of(CURLcode code, const HttpRequest& request) const {
  const std::string why = reason_[0] != 0 ? reason_ : curl_easy_strerror(code);
  const std::string where(without_secrets(request.url));
  switch (code) {
    case CURLE_URL_MALFORMAT:
      return {Code::kArgument, "not an address of the web: " + where, "http://… or https://…", {}, {}};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return {Code::kPermission,
              fmt::format("the server's certificate is not trusted: {}: {}", where, why),
              "give the authority that signed it",
              {},
              {}};
    case CURLE_OUT_OF_MEMORY:
      return {Code::kExhausted, "no memory for a request: " + where, {}, {}, {}};
    default:
      return {Code::kUnavailable,
              fmt::format("no answer from {}: {}", where, why),
              "check the address, and that the server runs",
              {},
              {}};
  }
}

Result<HttpResponse> Transfer::run(const HttpClientOptions& options, const HttpRequest& request,
                                   const CancelToken& cancel) {
  request_ = &request;
  response_ = {};
  header_bytes_ = body_bytes_ = 0;
  gave_out_ = false;
  error_.reset();
  reason_[0] = 0;
  const HeaderList headers = configure(options, request);
  const CURLcode code = perform(cancel);
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  curl_multi_remove_handle(multi_, easy_);  // a connection in the middle of an answer is closed by this
  if (cancel.cancelled()) return fail(Code::kCancelled, "cancelled");
  if (error_) return std::unexpected(*std::move(error_));
  if (code != CURLE_OK) return std::unexpected(error_of(code, request));
  response_.status = static_cast<int>(status);
  return std::move(response_);
}

}  // namespace

struct HttpClient::State {
  HttpClientOptions options;
  std::mutex mutex;
  std::vector<std::unique_ptr<Transfer>> idle;
  Random random = Random::from_system();

  Result<HttpResponse> follow(Transfer& transfer, HttpRequest request, const CancelToken& cancel) const;
  std::unique_ptr<Transfer> take() {
    const std::lock_guard lock(mutex);
    if (idle.empty()) return std::make_unique<Transfer>();
    auto transfer = std::move(idle.back());
    idle.pop_back();
    return transfer;
  }
  void give_back(std::unique_ptr<Transfer> transfer) {
    const std::lock_guard lock(mutex);
    if (idle.size() < kMostIdle) idle.push_back(std::move(transfer));
  }
  // "Full jitter": clients that failed together do not come back together.
  std::chrono::nanoseconds wait_before(uint32_t attempt) {
    const double longest = std::min<double>(static_cast<double>(options.longest_wait.count()),
                                            static_cast<double>(options.first_wait.count()) * std::exp2(attempt - 1));
    const std::lock_guard lock(mutex);
    return std::chrono::nanoseconds(static_cast<int64_t>(random.uniform() * longest * 1e6));
  }
};

HttpClient::HttpClient(HttpClientOptions options) : state_(std::make_unique<State>()) {
  static const CURLcode is_ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  CHECK(is_ready == CURLE_OK);
  state_->options = std::move(options);
}

HttpClient::~HttpClient() = default;

std::optional<std::string_view> HttpResponse::header(std::string_view name) const {
  const auto found =
      std::ranges::find_if(headers, [&](const HttpHeader& h) { return equals_ignore_case(h.name, name); });
  return found == headers.end() ? std::nullopt : std::optional<std::string_view>(found->value);
}

std::string log_text(const HttpRequest& request) {
  std::string text = fmt::format("{} {}", request.method, without_secrets(request.url));
  for (const HttpHeader& header : request.headers)
    text += fmt::format(" {}={}", to_lower(header.name), is_secret(header.name) ? "***" : header.value);
  return text;
}

// Redirects of one attempt; secrets stay with the server they were meant for.
Result<HttpResponse> HttpClient::State::follow(Transfer& transfer, HttpRequest request,
                                               const CancelToken& cancel) const {
  const std::string origin(origin_of(request.url));
  for (uint32_t left = request.method == "GET" || request.method == "HEAD" ? request.most_redirects : 0;; --left) {
    HttpResponse response = TRY(transfer.run(options, request, cancel));
    const std::string next = left == 0 ? "" : transfer.redirect();
    if (next.empty()) return response;
    if (request.url.starts_with("https:") && !next.starts_with("https:"))
      return fail(Code::kPermission, "redirected from https to another protocol: " + without_secrets(next));
    request.url = next;
    if (origin_of(next) != origin)
      std::erase_if(request.headers, [](const HttpHeader& header) { return is_secret(header.name); });
  }
}

Result<HttpResponse> HttpClient::send(const HttpRequest& request, const CancelToken& cancel) const {
  TRY(check(request));
  const HttpClientOptions& options = state_->options;
  std::atomic<bool> stop = false;
  const CancelAction on_cancel(cancel, [&] { stop = true; });
  for (uint32_t attempt = 1;; ++attempt) {
    TRY(cancel.check());
    auto transfer = state_->take();
    auto response = state_->follow(*transfer, request, cancel);
    const bool gave_out = transfer->gave_out();
    state_->give_back(std::move(transfer));
    if (log::enabled(log::Level::kDebug)) {
      log::debug(log_text(request) + (response ? fmt::format(" status={}", response->status)
                                               : " error=" + std::string(to_string(response.error().code))));
    }
    const bool may_pass = response ? is_passing(response->status) : response.error().code == Code::kUnavailable;
    if (!may_pass || gave_out || attempt >= options.attempts || !is_idempotent(request)) return response;
    std::chrono::nanoseconds wait = state_->wait_before(attempt);
    if (const auto asked = response ? retry_after(*response) : std::nullopt) {
      if (*asked > options.longest_wait) return response;
      wait += *asked;
    }
    options.clock->wait(wait, stop);
  }
}

}  // namespace sinan::io
