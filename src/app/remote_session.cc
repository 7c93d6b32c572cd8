#include "app/remote_session.h"

#include <fmt/format.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "app/server/command_protocol.h"
#include "base/json.h"
#include "base/strings.h"

namespace sinan::app {
namespace {

constexpr std::chrono::milliseconds kShort{2000};

// The error that the server's answer is.
Error error_of(const io::HttpResponse& response) {
  const auto json = Json::parse(response.body);
  Error error{Code::kUnavailable, fmt::format("the server of the project answered {}", response.status), {}, {}, {}};
  if (!json || !json->at("message").is_string()) return error;
  for (int code = 0; code <= static_cast<int>(Code::kInternal); ++code) {
    if (to_string(static_cast<Code>(code)) == json->at("code").string_view()) error.code = static_cast<Code>(code);
  }
  error.message = json->at("message").string_view();
  error.hint = json->at("hint").string_view();
  return error;
}

}  // namespace

// Tells the server of a cancellation, from a thread of its own: who cancels is not to wait.
class RemoteSession::Canceller {
 public:
  Canceller(const RemoteSession& session, const std::string& command, const CancelToken& token)
      : thread_([this, &session, command] {
          state_.wait(kRuns);
          if (state_ == kCancelled) session.tell(command, R"({"cancelled":true})");
        }),
        action_(token, [this] { become(kCancelled); }) {}
  ~Canceller() {
    become(kEnded);
    thread_.join();
  }

 private:
  enum : int { kRuns, kCancelled, kEnded };
  void become(int state) {
    int runs = kRuns;
    if (state_.compare_exchange_strong(runs, state)) state_.notify_all();
  }
  std::atomic<int> state_ = kRuns;
  std::thread thread_;
  const CancelAction action_;
};

Result<std::unique_ptr<RemoteSession>> RemoteSession::connect(TerminalScreen& screen, const CommandLine& line,
                                                              std::span<const std::string> arguments) {
  auto address = TRY(read_server_address(line.project));
  if (!address) return nullptr;
  std::unique_ptr<RemoteSession> session(new RemoteSession(*std::move(address), screen, line, arguments));
  // A killed server leaves its address behind, and the port may be another program's by now.
  const auto answer = session->client_.send(session->request("DELETE", "/sessions/none", ""));
  if (!answer || answer->status != 204) return nullptr;
  if (session->address_.version != SINAN_VERSION) {
    return fail(Code::kBusy, "the project folder is served by another version of sinan: " + session->address_.version,
                "use that one, or end the server");
  }
  return session;
}

RemoteSession::~RemoteSession() {
  if (!session_.empty()) (void)client_.send(request("DELETE", "/sessions/" + session_, ""));
}

io::HttpRequest RemoteSession::request(std::string method, std::string path, std::string body) const {
  return {.method = std::move(method),
          .url = address_.url + std::move(path),
          .headers = {{"Authorization", "Bearer " + address_.token}},
          .body = std::move(body),
          .most_time = kShort};
}

// One that gets lost is made up for: the connection's end cancels too.
void RemoteSession::tell(const std::string& command, std::string change) const {
  (void)client_.send(request("PATCH", "/commands/" + command, std::move(change)));
}

std::string RemoteSession::new_id() { return fmt::format("{:016x}{:016x}", random_.next(), random_.next()); }

int RemoteSession::run(Program program, Interruption& interruption) {
  CommandRequest command{.id = new_id(),
                         .session = session_,
                         .arguments = arguments_,
                         .data_sources = line_.data_sources,
                         .program = std::move(program),
                         .facts = screen_.facts(),
                         .user = user_name()};
  if (!command.program.is_last && session_.empty()) command.session = session_ = new_id();
  std::error_code ignored;
  command.folder = std::filesystem::current_path(ignored).string();

  std::optional<int> code;
  int width = screen_.facts().width;
  bool is_gone = false;
  FrameReader frames([&](char kind, int number, std::string_view bytes) {
    switch (kind) {
      case 'o':
      case 'e':
        screen_.write(kind == 'o' ? Stream::kOut : Stream::kError, bytes);
        if (screen_.gone() && !std::exchange(is_gone, true)) tell(command.id, R"({"gone":true})");
        break;
      case 's': {
        std::vector<std::string> lines;
        for (const std::string_view line : split_on(bytes, '\n')) lines.emplace_back(line);
        if (bytes.empty()) lines.clear();
        screen_.set_status(std::move(lines));
        if (const int now = screen_.width_now(); std::exchange(width, now) != now)
          tell(command.id, fmt::format(R"({{"width":{}}})", now));
        break;
      }
      case 'd':
        interruption.may_die(number == 1);
        break;
      default:
        code = number;
    }
  });
  io::HttpRequest asked = request("POST", "/commands", command_text(command));
  asked.most_time = std::chrono::milliseconds(0);
  asked.most_idle_time =
      std::chrono::seconds(0);  // as long as the program takes; the end of the server ends the connection
  asked.most_body_bytes = UINT64_MAX;
  asked.on_body = [&](std::string_view piece) { return frames.read(piece); };
  Result<io::HttpResponse> answer = fail(Code::kInternal, "not asked");
  {
    const Canceller canceller(*this, command.id, interruption.token());
    answer = client_.send(asked);
  }
  interruption.may_die(false);
  screen_.set_status({});
  if (code) return *code;
  const Error error =
      !answer ? std::move(answer).error()
      : answer->status < 200 || answer->status > 299
          ? error_of(*answer)
          : Error{Code::kUnavailable, "the server of the project ended before the program did", {}, {}, {}};
  show_error(screen_, error, line_.json_errors);
  return exit_code(error);
}

std::vector<std::string> RemoteSession::complete(std::string_view before_cursor) {
  std::vector<std::string> words;
  const auto answer = client_.send(request("POST", "/completion", std::string(before_cursor)));
  const auto json = Json::parse(answer && answer->status == 200 ? answer->body : "[]");
  if (json) {
    for (const Json& word : json->items()) words.emplace_back(word.string_view());
  }
  return words;
}

}  // namespace sinan::app
