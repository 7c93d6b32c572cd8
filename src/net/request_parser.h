// From bytes to requests: HTTP/1.1 and 1.0 (RFC 9112), incremental, with limits. Boost.Beast's parser does the syntax; what
// it would let pass and request smuggling is made of is refused here: Content-Length that is no plain number or comes twice,
// any Transfer-Encoding but one "chunked", a missing or doubled Host, headers without end, chunks that are mostly framing.
//
//     parser.begin(request);
//     for (;;) {
//       const auto step = parser.parse(bytes);   // Refusal: answer it, close
//       bytes.remove_prefix(step->consumed);
//       if (step->event == Event::kHead) ...     // request is filled, has_body() and the others can be asked
//       if (step->event == Event::kEnd) break;   // the body is in take_body(); begin() the next one
//       if (step->event == Event::kNeedMore) ... // nothing more to be had of these bytes
//     }
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/error_response.h"
#include "net/message.h"

namespace sinan::net {

struct ParserLimits {
  size_t header_bytes = 16384;  // request line and header fields together
  size_t header_fields = 100;
};

class RequestParser {
 public:
  explicit RequestParser(const ParserLimits& limits = {});
  ~RequestParser();

  // Fills `request`, which stays alive until the message's end; kept: its peer and is_encrypted.
  void begin(Request& request);
  // Whether bytes of the message have come.
  bool has_begun() const;

  enum class Event { kNeedMore, kHead, kEnd };
  struct Step {
    Event event = Event::kNeedMore;
    size_t consumed = 0;
  };
  std::expected<Step, Refusal> parse(std::string_view bytes);

  // From kHead on.
  bool has_body() const;
  std::optional<uint64_t> content_length() const;
  bool keeps_alive() const;
  bool expects_continue() const;
  // 413 when more comes.
  void limit_body(uint64_t bytes);
  // What has come of the body since the last call.
  std::string take_body();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sinan::net
