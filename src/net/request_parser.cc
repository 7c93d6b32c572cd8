#include "net/request_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <limits>

#include "base/strings.h"

namespace sinan::net {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;

std::string_view standard(boost::beast::string_view text) { return {text.data(), text.size()}; }

std::unexpected<Refusal> refused(int status, Code code, std::string message) {
  return std::unexpected(Refusal{status, {code, std::move(message), {}, std::nullopt, {}}});
}
std::unexpected<Refusal> malformed(std::string message) { return refused(400, Code::kArgument, std::move(message)); }

// Bytes on the wire for a byte of the body.
constexpr uint64_t kMostFraming = 8;

bool is_number(std::string_view text) {
  return !text.empty() && text.size() <= 18 && text.find_first_not_of("0123456789") == text.npos;
}

// Beast calls back for every part of a message; this keeps the parts.
class Sink final : public http::basic_parser<true> {
 public:
  Sink(Request& request, std::string& body, size_t most_fields)
      : request_(&request), body_(&body), most_fields_(most_fields) {
    eager(false);
    skip(false);
    header_limit(std::numeric_limits<uint32_t>::max() / 2);  // ours is the stricter one
    body_limit(std::numeric_limits<uint64_t>::max());
  }

  uint64_t body_bytes() const { return body_bytes_; }
  bool has_hostile_field() const { return has_hostile_field_; }
  bool has_too_many_fields() const { return fields_ > most_fields_; }

 protected:
  void on_request_impl(http::verb, boost::beast::string_view method, boost::beast::string_view target, int version,
                       error_code&) override {
    request_->method_name = standard(method);
    request_->method = method_named(standard(method));
    request_->raw_target = standard(target);
    request_->is_http_1_0 = version == 10;
  }
  void on_response_impl(int, boost::beast::string_view, int, error_code&) override {}
  void on_field_impl(http::field, boost::beast::string_view name, boost::beast::string_view value,
                     error_code& error) override {
    // Trailers end here: a field that comes after the body was decided upon without it.
    if (is_header_done()) return;
    has_hostile_field_ = !fits_one_line(standard(value));
    if (++fields_ > most_fields_ || has_hostile_field_) {
      error = http::error::bad_field;
      return;
    }
    request_->headers.add(standard(name), standard(value));
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<uint64_t>&, error_code&) override {}
  size_t on_body_impl(boost::beast::string_view body, error_code&) override { return append(body); }
  void on_chunk_header_impl(uint64_t size, boost::beast::string_view, error_code& error) override {
    // A size that would overflow the count of all of them.
    if (size > std::numeric_limits<uint64_t>::max() / 2) error = http::error::bad_chunk;
  }
  size_t on_chunk_body_impl(uint64_t, boost::beast::string_view body, error_code&) override { return append(body); }
  void on_finish_impl(error_code&) override {}

 private:
  size_t append(boost::beast::string_view body) {
    body_->append(body.data(), body.size());
    body_bytes_ += body.size();
    return body.size();
  }

  Request* request_;
  std::string* body_;
  size_t most_fields_;
  size_t fields_ = 0;
  uint64_t body_bytes_ = 0;
  bool has_hostile_field_ = false;
};

}  // namespace

struct RequestParser::State {
  ParserLimits limits;
  Request* request = nullptr;
  std::string body;
  std::optional<Sink> sink;
  size_t head_bytes = 0;    // consumed before the head's end
  uint64_t wire_bytes = 0;  // consumed after it
  uint64_t body_limit = std::numeric_limits<uint64_t>::max();
  bool head_told = false;
  std::optional<uint64_t> content_length;

  std::expected<void, Refusal> check_head();
  std::expected<void, Refusal> check_body() const;
  std::unexpected<Refusal> refusal(const error_code& error) const;
};

// RFC 9112, sections 3.2 and 6.
std::expected<void, Refusal> RequestParser::State::check_head() {
  const Headers& headers = request->headers;
  const size_t hosts = headers.count("host");
  if (hosts > 1) return malformed("the request has more than one Host header");
  if (hosts == 0 && !request->is_http_1_0) return malformed("the request has no Host header");
  const auto encoding = headers.find("transfer-encoding");
  const auto length = headers.find("content-length");
  if (encoding) {
    if (headers.count("transfer-encoding") > 1 || length) return malformed("the request's length is ambiguous");
    if (request->is_http_1_0) return malformed("Transfer-Encoding in a request of HTTP/1.0");
    if (!equals_ignore_case(*encoding, "chunked")) {
      return refused(501, Code::kUnsupported, "unknown Transfer-Encoding: " + std::string(*encoding));
    }
  }
  if (length) {
    if (headers.count("content-length") > 1) return malformed("the request's length is ambiguous");
    if (!is_number(*length)) return malformed("wrong Content-Length: " + std::string(*length));
    content_length = sink->content_length().value_or(0);
  }
  const auto expect = headers.find("expect");
  if (expect && !request->is_http_1_0 && !equals_ignore_case(*expect, "100-continue")) {
    return refused(417, Code::kUnsupported, "unknown Expect: " + std::string(*expect));
  }
  return {};
}

std::expected<void, Refusal> RequestParser::State::check_body() const {
  if (sink->body_bytes() > body_limit) {
    return refused(413, Code::kExhausted,
                   fmt::format("the request's body is too large; the limit, in bytes: {}", body_limit));
  }
  // Chunks of one byte with long extensions. A chunk of one byte without takes six.
  if (wire_bytes > kMostFraming * sink->body_bytes() + limits.header_bytes) {
    return malformed("the request's chunks are mostly framing");
  }
  return {};
}

std::unexpected<Refusal> RequestParser::State::refusal(const error_code& error) const {
  if (sink->has_too_many_fields()) {
    return refused(431, Code::kExhausted, fmt::format("more than {} header fields", limits.header_fields));
  }
  if (error == http::error::bad_version) return refused(505, Code::kUnsupported, "this server speaks HTTP/1.1");
  return malformed("the request is not HTTP: " + error.message());
}

RequestParser::RequestParser(const ParserLimits& limits) : state_(std::make_unique<State>()) {
  state_->limits = limits;
}
RequestParser::~RequestParser() = default;

void RequestParser::begin(Request& request) {
  State& state = *state_;
  request.headers.clear();
  request.body.clear();
  request.id.clear();
  request.principal = {};
  request.path_parameters.clear();
  request.target = {};
  request.method_name.clear();
  request.raw_target.clear();
  state.request = &request;
  state.body.clear();
  state.sink.emplace(request, state.body, state.limits.header_fields);
  state.head_bytes = 0;
  state.wire_bytes = 0;
  state.body_limit = std::numeric_limits<uint64_t>::max();
  state.head_told = false;
  state.content_length.reset();
}

bool RequestParser::has_begun() const { return state_->sink->got_some() || state_->head_bytes > 0; }

std::expected<RequestParser::Step, Refusal> RequestParser::parse(std::string_view bytes) {
  State& state = *state_;
  Step step;
  // Empty lines before a request are the remains of what some clients send after a body.
  while (!state.sink->got_some() && bytes.substr(step.consumed).starts_with("\r\n")) {
    step.consumed += 2;
    state.head_bytes += 2;
  }
  for (;;) {
    if (state.head_told && state.sink->is_done()) {
      step.event = Event::kEnd;
      return step;
    }
    const std::string_view rest = bytes.substr(step.consumed);
    if (rest.empty() || rest == "\r") return step;
    error_code error;
    const size_t taken = state.sink->put(boost::asio::const_buffer(rest.data(), rest.size()), error);
    step.consumed += taken;
    (state.head_told ? state.wire_bytes : state.head_bytes) += taken;
    if (!state.head_told) {
      const bool is_whole = state.sink->is_header_done();
      if (state.head_bytes + (is_whole ? 0 : rest.size() - taken) > state.limits.header_bytes) {
        return refused(431, Code::kExhausted,
                       fmt::format("the request's header is larger than {} bytes", state.limits.header_bytes));
      }
    } else if (error == http::error::need_more && rest.size() - taken > state.limits.header_bytes) {
      return malformed("the request's chunk header or trailer is too long");
    }
    if (error == http::error::need_more) return step;
    if (error) return state.refusal(error);
    if (!state.head_told && state.sink->is_header_done()) {
      state.head_told = true;
      if (auto fits = state.check_head(); !fits) return std::unexpected(std::move(fits).error());
      step.event = Event::kHead;
      return step;
    }
    if (state.head_told) {
      if (auto fits = state.check_body(); !fits) return std::unexpected(std::move(fits).error());
    }
  }
}

bool RequestParser::has_body() const { return state_->sink->chunked() || state_->content_length.value_or(0) > 0; }

std::optional<uint64_t> RequestParser::content_length() const { return state_->content_length; }

bool RequestParser::keeps_alive() const { return state_->sink->keep_alive(); }

bool RequestParser::expects_continue() const {
  return !state_->request->is_http_1_0 && state_->request->headers.find("expect").has_value();
}

void RequestParser::limit_body(uint64_t bytes) { state_->body_limit = bytes; }

std::string RequestParser::take_body() { return std::exchange(state_->body, {}); }

}  // namespace sinan::net
