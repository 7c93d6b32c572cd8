#include "net/wire.h"

#include <fmt/format.h>

#include <charconv>
#include <iterator>

#include "net/error_response.h"

namespace sinan::net {
namespace {

void append_number(std::string& out, uint64_t number, int base) {
  char digits[24];
  const auto [end, error] = std::to_chars(digits, digits + sizeof(digits), number, base);
  out.append(digits, static_cast<size_t>(end - digits));
}

}  // namespace

bool has_no_body(int status) { return status == 204 || status == 304 || status < 200; }

void append_head(std::string& out, const Response& response, const HeadOptions& options) {
  out += "HTTP/1.1 ";
  append_number(out, static_cast<uint64_t>(response.status), 10);
  out += ' ';
  out += reason_phrase(response.status);
  out += "\r\nDate: ";
  out += options.date;
  out += "\r\n";
  for (size_t i = 0; i < response.headers.size(); ++i) {
    const auto [name, value] = response.headers.at(i);
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
  }
  if (!has_no_body(response.status)) {
    if (options.content_length) {
      out += "Content-Length: ";
      append_number(out, *options.content_length, 10);
      out += "\r\n";
    } else if (!options.is_http_1_0) {
      out += "Transfer-Encoding: chunked\r\n";
    }
  }
  if (!options.keeps_alive) {
    out += "Connection: close\r\n";
  } else if (options.is_http_1_0) {
    out += "Connection: keep-alive\r\n";
  }
  out += "\r\n";
}

void append_chunk(std::string& out, std::string_view bytes) {
  if (bytes.empty()) return;
  append_number(out, bytes.size(), 16);
  out += "\r\n";
  out += bytes;
  out += "\r\n";
}

std::string http_date(TimePoint time) {
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[std::chrono::weekday(day).c_encoding()],
                     static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count());
}

}  // namespace sinan::net
