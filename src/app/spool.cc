#include "app/spool.h"

#include <algorithm>
#include <utility>

namespace sinan::app {

bool Spool::append(Stream stream, std::string_view text) {
  if (text.empty()) return true;
  if (memory_.size() + text.size() > memory_limit_) {
    if (!file_) file_.reset(std::tmpfile());
    if (!file_ || std::fwrite(memory_.data(), 1, memory_.size(), file_.get()) != memory_.size()) return false;
    memory_.clear();
  }
  memory_ += text;
  if (!pieces_.empty() && pieces_.back().stream == stream)
    pieces_.back().bytes += text.size();
  else
    pieces_.push_back({stream, text.size()});
  return true;
}

void Spool::drain(const std::function<void(Stream, std::string_view)>& write) {
  const auto file = std::exchange(file_, {nullptr, &std::fclose});
  const std::string memory = std::exchange(memory_, {});
  const std::vector<Piece> pieces = std::exchange(pieces_, {});
  if (file) std::fseek(file.get(), 0, SEEK_SET);
  bool in_file = file != nullptr;
  std::string_view rest = memory;
  std::string buffer;
  for (Piece piece : pieces) {
    while (piece.bytes > 0) {
      std::string_view text;
      if (in_file) {
        buffer.resize(std::min<size_t>(piece.bytes, 1 << 20));
        text = std::string_view(buffer).substr(0, std::fread(buffer.data(), 1, buffer.size(), file.get()));
        if (text.empty()) {
          in_file = false;
          continue;
        }
      } else {
        text = rest.substr(0, piece.bytes);
        rest.remove_prefix(text.size());
        if (text.empty()) return;
      }
      write(piece.stream, text);
      piece.bytes -= text.size();
    }
  }
}

void Spool::clear() {
  pieces_.clear();
  memory_.clear();
  file_.reset();
}

}  // namespace sinan::app
