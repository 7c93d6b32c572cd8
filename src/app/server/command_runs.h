// CommandRuns: programs of command lines on this machine (`sinan run`, `-c`, the prompt, …) that find their project folder
// served. Each runs here as it would there, a Session with a screen of its own, whose two streams and status area go to the caller
// as frames (command_protocol.h). When the caller goes, its program is cancelled.
//
// Served on an address of its own, on loopback, to whoever can read the token in .sinan/server.json (server_address.h).
//
// Thread-safe.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/program_gate.h"
#include "app/server/command_protocol.h"
#include "base/cancel.h"
#include "flow/project.h"
#include "net/router.h"

namespace sinan::app {

class CommandRuns {
 public:
  // `data_sources`: those the project was opened with; a command cannot bring others.
  CommandRuns(flow::Project& project, ProgramGate& gate, std::vector<std::string> data_sources, bool read_only_sources)
      : project_(project), gate_(gate), data_sources_(std::move(data_sources)), read_only_sources_(read_only_sources) {}
  ~CommandRuns() { stop(); }
  CommandRuns(const CommandRuns&) = delete;
  CommandRuns& operator=(const CommandRuns&) = delete;

  // POST /commands, PATCH /commands/{id}, DELETE /sessions/{id}, POST /completion.
  void add_routes(net::Router& router);
  // Takes no more, cancels what runs, and answers when it has ended and the callers have taken the rest.
  void stop();

 private:
  class Channel;
  class ChannelScreen;
  class ChannelInterruption;
  class Answer;
  struct Command;

  Result<net::Response> start(const net::Request& request);
  Status check(const CommandRequest& request, const CommandLine& line) const;
  Result<net::Response> complete(const net::Request& request);
  Status change(const std::string& id, const Json& change);
  void run(Command& command);
  void ended(const Command& command);
  std::shared_ptr<flow::SessionState> session(const std::string& id);  // mutex_ held

  flow::Project& project_;
  ProgramGate& gate_;
  const std::vector<std::string> data_sources_;
  const bool read_only_sources_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::shared_ptr<Command>, std::less<>> commands_;  // that run
  // Of prompts; used by commands that run, also when it is no longer here.
  std::map<std::string, std::shared_ptr<flow::SessionState>, std::less<>> sessions_;
  bool is_stopping_ = false;
};

}  // namespace sinan::app
