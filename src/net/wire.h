// Responses as bytes: status line, header fields, chunks. Pure functions that append.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "net/message.h"

namespace sinan::net {

struct HeadOptions {
  std::optional<uint64_t> content_length;  // nothing = the body is chunked, or (HTTP/1.0) ends with the connection
  bool keeps_alive = true;
  bool is_http_1_0 = false;
  std::string_view date;  // http_date()
};

void append_head(std::string& out, const Response& response, const HeadOptions& options);
void append_chunk(std::string& out, std::string_view bytes);  // nothing for no bytes: an empty chunk is the end
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";
inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// 204 and 304 have no body and no length (RFC 9110, 8.6).
bool has_no_body(int status);
// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string http_date(TimePoint time);

}  // namespace sinan::net
