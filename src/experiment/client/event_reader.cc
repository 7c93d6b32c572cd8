#include "experiment/client/event_reader.h"

#include <algorithm>
#include <utility>

namespace sinan::experiment {

std::vector<std::string> EventReader::add(std::string_view piece) {
  std::vector<std::string> events;
  for (const char c : piece) {
    const bool belongs_to_return = after_return_ && c == '\n';
    after_return_ = c == '\r';
    if (belongs_to_return) continue;
    if (c == '\n' || c == '\r') {
      end_line(events);
    } else if (line_.size() < kMostBytes) {
      line_.push_back(c);
    }
  }
  return events;
}

void EventReader::end_line(std::vector<std::string>& events) {
  if (line_.empty()) {
    if (has_data_) events.push_back(std::exchange(data_, {}));
    has_data_ = false;
    return;
  }
  std::string_view field = line_;
  if (field.starts_with("data") && (field.size() == 4 || field[4] == ':')) {
    field.remove_prefix(field.size() == 4 ? 4 : 5);
    if (field.starts_with(' ')) field.remove_prefix(1);
    if (has_data_) data_.push_back('\n');
    has_data_ = true;
    data_.append(field.substr(0, kMostBytes - std::min(kMostBytes, data_.size())));
  }
  line_.clear();
}

}  // namespace sinan::experiment
