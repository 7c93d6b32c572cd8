// RemoteSession: programs of this command line, run by the process that serves the project folder (server/command_runs.h). What is
// shown, where it goes, how it is cancelled and the exit code are those of a Session in this process.
//
// Not thread-safe.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "app/command_line.h"
#include "app/screen.h"
#include "app/server/server_address.h"
#include "app/session.h"
#include "base/random.h"
#include "io/http_client.h"

namespace sinan::app {

class RemoteSession final : public ProgramRunner {
 public:
  // Null when nobody serves the folder. All must outlive the session. Errors: kBusy (a server of another version), those of
  // read_server_address().
  static Result<std::unique_ptr<RemoteSession>> connect(TerminalScreen& screen, const CommandLine& line,
                                                        std::span<const std::string> arguments);
  ~RemoteSession() override;

  int run(Program program, Interruption& interruption) override;
  std::vector<std::string> complete(std::string_view before_cursor) override;

 private:
  class Canceller;
  RemoteSession(ServerAddress address, TerminalScreen& screen, const CommandLine& line,
                std::span<const std::string> arguments)
      : address_(std::move(address)), screen_(screen), line_(line), arguments_(arguments.begin(), arguments.end()) {}
  io::HttpRequest request(std::string method, std::string path, std::string body) const;
  void tell(const std::string& command, std::string change) const;
  std::string new_id();

  const ServerAddress address_;
  TerminalScreen& screen_;
  const CommandLine& line_;
  const std::vector<std::string> arguments_;
  Random random_ = Random::from_system();
  const io::HttpClient client_{{.attempts = 1, .uses_proxy = false}};
  std::string session_;  // of the prompt
};

}  // namespace sinan::app
