// Reads server-sent events (WHATWG HTML, 9.2) piece by piece: what the client follows the server's configuration with.
//
//     EventReader events;
//     for (const std::string& data : events.add(piece)) ...
//
// A line or an event beyond the limit is cut, so that a server cannot fill the memory. Value type.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sinan::experiment {

class EventReader {
 public:
  static constexpr size_t kMostBytes = 64 << 10;  // of a line, and of an event's data

  // The data of the events that this piece completes; those without data are not told.
  std::vector<std::string> add(std::string_view piece);

 private:
  void end_line(std::vector<std::string>& events);

  std::string line_;
  std::string data_;
  bool has_data_ = false;
  bool after_return_ = false;  // a line feed that follows belongs to the carriage return
};

}  // namespace sinan::experiment
