// What a command line and the server that runs its program say to each other.
//
// A request is a line of JSON and, behind it, the texts whose sizes it has: names and programs may hold any bytes. The answer is a stream of frames, each a letter, a number, an
// end of line, and for o, e and s that many bytes:
//
//   o, e   text for standard output or standard error
//   s      the lines of the status area, joined by '\n'
//   d      1: the process may just end now when a signal comes (Interruption::may_die); 0: no longer
//   x      the exit code; the last one
//
// Lines that are empty or begin with ':' say that the connection lives. Pure, but for FrameReader, which is not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/screen.h"
#include "app/session.h"
#include "base/error.h"

namespace sinan::app {

struct CommandRequest {
  std::string id;       // made by the caller, who cancels by it
  std::string session;  // commands of one session share SET, USE and temporary tables; empty = one of its own
  std::vector<std::string> arguments;  // of the command line: both sides read them alike
  std::vector<std::string> data_sources;
  Program program;
  TerminalFacts facts;
  std::string folder;  // where the caller stands
  std::string user;
};

std::string command_text(const CommandRequest& request);
// Errors: kArgument.
Result<CommandRequest> parse_command(std::string_view text);

std::string frame(char kind, std::string_view bytes);
std::string frame(char kind, int number);

class FrameReader {
 public:
  static constexpr size_t kMostBytes = size_t{64} << 20;  // of one frame
  // `bytes` are those of o, e and s.
  using Take = std::function<void(char kind, int number, std::string_view bytes)>;
  explicit FrameReader(Take take) : take_(std::move(take)) {}
  // Errors: kData when this is no such stream.
  Status read(std::string_view piece);

 private:
  Take take_;
  std::string pending_;
};

}  // namespace sinan::app
