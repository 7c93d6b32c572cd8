// A client that sends any bytes and reads answers as they come: what no well-behaved library would let a test do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sinan::net {

struct RawAnswer {
  int status = 0;
  std::string head;  // with the status line
  std::string body;  // chunks put together
  std::string header(std::string_view name) const;
};

class RawClient {
 public:
  // `receive_buffer` > 0: the kernel keeps no more than about that many bytes for a client that does not read.
  explicit RawClient(uint16_t port, int receive_buffer = 0);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void send(std::string_view bytes);      // a closed connection is no failure here: the answer tells
  bool try_send(std::string_view bytes);  // false: the connection is gone, or takes nothing more
  // The next answer; nothing when the connection ends before it is complete. `has_body` false: of HEAD.
  std::optional<RawAnswer> answer(bool has_body = true);
  std::string read_until(
      std::string_view what);  // what has come up to and with it; all, when the connection ends first
  std::string read_to_end();
  bool is_closed();  // waits for the end; false when bytes come instead
  void close_sending();
  void reset();  // closes with RST, as a client that crashes

 private:
  bool fill();
  int socket_ = -1;
  std::string buffer_;
};

}  // namespace sinan::net
