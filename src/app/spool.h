// Spool: output that has to wait for its turn. Pieces for both streams keep their order; beyond a limit they go to an unnamed
// temporary file, so that a large result of a step that is early does not fill the memory.
//
// Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/screen.h"

namespace sinan::app {

class Spool {
 public:
  explicit Spool(size_t memory_limit = size_t{64} << 20) : memory_limit_(memory_limit) {}

  // False when the disk is full: the text is lost.
  bool append(Stream stream, std::string_view text);
  // Hands out everything in order and forgets it.
  void drain(const std::function<void(Stream, std::string_view)>& write);
  void clear();

 private:
  struct Piece {
    Stream stream;
    size_t bytes;
  };
  size_t memory_limit_;
  std::vector<Piece> pieces_;  // of all the text: first what is in the file, then what is in memory
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_{nullptr, &std::fclose};
  std::string memory_;
};

}  // namespace sinan::app
