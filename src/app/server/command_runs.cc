#include "app/server/command_runs.h"

#include <atomic>
#include <thread>

#include "app/completion.h"
#include "app/completion_names.h"
#include "base/log.h"
#include "base/strings.h"
#include "net/event_hub.h"

namespace sinan::app {
namespace {

using net::Method;
using net::Request;
using net::Response;

constexpr uint64_t kMostRequestBytes = uint64_t{256} << 20;
constexpr size_t kMostPending = size_t{1} << 20;  // of frames that the caller has not taken: then the program waits
constexpr size_t kMostSessions = 256;
constexpr std::chrono::seconds kPatience{10};

}  // namespace

// Frames between the program, which waits while the caller is slow, and the connection, which does not.
class CommandRuns::Channel {
 public:
  void put(std::string frame) {
    std::function<void()> wake;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return frames_.size() < kMostPending || is_abandoned_; });
      if (is_abandoned_) return;
      frames_ += frame;
      wake = std::exchange(wake_, nullptr);
    }
    if (wake) wake();
  }
  void end() {
    std::function<void()> wake;
    {
      const std::lock_guard lock(mutex_);
      has_ended_ = true;
      wake = std::exchange(wake_, nullptr);
    }
    if (wake) wake();
  }
  bool take(std::string& out) {
    const std::lock_guard lock(mutex_);
    out += std::exchange(frames_, {});
    changed_.notify_all();
    return !has_ended_;
  }
  void wait(std::function<void()> wake) {
    {
      const std::lock_guard lock(mutex_);
      if (frames_.empty() && !has_ended_) {
        wake_ = std::move(wake);
        return;
      }
    }
    wake();
  }
  void abandon() {
    const std::lock_guard lock(mutex_);
    is_abandoned_ = true;
    changed_.notify_all();
  }
  // Until the caller has everything, or has gone.
  void wait_for_end() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return is_abandoned_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string frames_;
  std::function<void()> wake_;
  bool has_ended_ = false;
  bool is_abandoned_ = false;
};

struct CommandRuns::Command {
  CommandRequest request;
  CommandLine line;
  std::shared_ptr<flow::SessionState> session;
  CancelSource cancel;
  std::atomic<int> width = 0;
  std::atomic<bool> is_gone = false;  // nobody reads standard output
  Channel channel;
};

class CommandRuns::ChannelScreen final : public Screen {
 public:
  explicit ChannelScreen(Command& command) : Screen(command.request.facts), command_(command) {}
  int width_now() const override { return command_.width; }
  bool gone() const override { return command_.is_gone; }
  void write(Stream stream, std::string_view text) override {
    if (text.empty()) return;
    for (; text.size() > kMostPending; text.remove_prefix(kMostPending)) put(stream, text.substr(0, kMostPending));
    put(stream, text);
  }
  void set_status(std::vector<std::string> lines) override {
    const std::string text = join(lines, "\n");
    if (text == status_) return;
    status_ = text;
    command_.channel.put(frame('s', status_));
  }

 private:
  void put(Stream stream, std::string_view text) {
    command_.channel.put(frame(stream == Stream::kOut ? 'o' : 'e', text));
  }
  Command& command_;
  std::string status_;  // as the caller has it; RunView sets it under a lock of its own
};

class CommandRuns::ChannelInterruption final : public Interruption {
 public:
  explicit ChannelInterruption(Command& command) : command_(command) {}
  CancelToken token() const override { return command_.cancel.token(); }
  void may_die(bool may) override { command_.channel.put(frame('d', may ? 1 : 0)); }

 private:
  Command& command_;
};

// The connection's end of the channel. It goes when all was taken, or when the caller went.
class CommandRuns::Answer final : public net::EventSubscription {
 public:
  explicit Answer(std::shared_ptr<Command> command) : command_(std::move(command)) {}
  ~Answer() override {
    command_->channel.abandon();
    // Interrupts what runs, which may take its time: not on the thread that serves connections.
    if (!is_complete_) std::thread([command = command_] { command->cancel.cancel(); }).detach();
  }
  bool take(std::string& out, size_t) override {
    is_complete_ = !command_->channel.take(out);
    return !is_complete_;
  }
  void wait(std::function<void()> wake) override { command_->channel.wait(std::move(wake)); }

 private:
  const std::shared_ptr<Command> command_;
  bool is_complete_ = false;
};

void CommandRuns::add_routes(net::Router& router) {
  const auto add = [&](Method method, std::string path, uint64_t body_limit, net::Handler handle) {
    router.add({.method = method,
                .path = std::move(path),
                .handle = std::move(handle),
                .is_slow = true,
                .body_limit = body_limit});
  };
  add(Method::kPost, "/commands", kMostRequestBytes, [this](const Request& request) { return start(request); });
  add(Method::kPatch, "/commands/{id}", 4096, [this](const Request& request) -> Result<Response> {
    TRY(change(request.path_parameter("id"), TRY(request.json())));
    return Response::no_content();
  });
  add(Method::kDelete, "/sessions/{id}", 0, [this](const Request& request) -> Result<Response> {
    std::shared_ptr<flow::SessionState> session;
    const std::lock_guard lock(mutex_);
    if (const auto found = sessions_.find(request.path_parameter("id")); found != sessions_.end()) {
      session = std::move(found->second);
      sessions_.erase(found);
    }
    return Response::no_content();
  });
  add(Method::kPost, "/completion", kMostRequestBytes, [this](const Request& request) { return complete(request); });
}

Status CommandRuns::check(const CommandRequest& request, const CommandLine& line) const {
  const bool same_sources = request.data_sources.empty() || request.data_sources == data_sources_;
  if (same_sources && (read_only_sources_ || !line.read_only_sources)) return {};
  return fail(Code::kBusy, "the project folder is served, with other data sources than these",
              "give them to sinan serve, or end it");
}

std::shared_ptr<flow::SessionState> CommandRuns::session(const std::string& id) {
  if (id.empty()) return project_.new_session();
  auto& session = sessions_[id];
  if (!session) session = project_.new_session();
  std::shared_ptr<flow::SessionState> found = session;
  // Of callers that were killed.
  while (sessions_.size() > kMostSessions)
    sessions_.erase(sessions_.begin()->first == id ? std::next(sessions_.begin()) : sessions_.begin());
  return found;
}

Result<Response> CommandRuns::start(const Request& request) {
  auto command = std::make_shared<Command>();
  command->request = TRY(parse_command(request.body));
  command->line = TRY(parse_command_line(command->request.arguments));
  TRY(check(command->request, command->line));
  command->width = command->request.facts.width;
  {
    const std::lock_guard lock(mutex_);
    if (is_stopping_) return fail(Code::kUnavailable, "the server is about to end");
    command->session = session(command->request.session);
    if (!commands_.emplace(command->request.id, command).second)
      return fail(Code::kExists, "a command has this id already: " + command->request.id);
  }
  std::thread([this, command] {
    run(*command);
    command->channel.end();
    command->channel.wait_for_end();
    command->session.reset();  // before the project goes
    ended(*command);
  }).detach();
  Response response;
  response.headers.add("Content-Type", "application/octet-stream");
  response.body = std::make_shared<Answer>(std::move(command));
  return response;
}

void CommandRuns::run(Command& command) {
  ChannelScreen screen(command);
  ChannelInterruption interruption(command);
  Session session(
      project_, screen, command.line,
      {.state = command.session.get(), .user = command.request.user, .gate = &gate_, .folder = command.request.folder});
  const int code = session.run(command.request.program, interruption);
  command.channel.put(frame('x', code));
}

void CommandRuns::ended(const Command& command) {
  const std::lock_guard lock(mutex_);
  commands_.erase(command.request.id);
  changed_.notify_all();
}

Status CommandRuns::change(const std::string& id, const Json& change) {
  std::shared_ptr<Command> command;
  {
    const std::lock_guard lock(mutex_);
    const auto found = commands_.find(id);
    if (found == commands_.end()) return {};  // it has ended meanwhile
    command = found->second;
  }
  if (change.at("width").is_int()) command->width = static_cast<int>(TRY(change.at("width").as_int()));
  if (change.at("gone").is_bool()) command->is_gone = TRY(change.at("gone").as_bool());
  if (change.at("cancelled").is_bool()) command->cancel.cancel();
  return {};
}

Result<Response> CommandRuns::complete(const Request& request) {
  Json::Array words;
  for (const std::string& word : app::complete(request.body, completion_names(project_, request.body)))
    words.emplace_back(word);
  return Response::json(Json(std::move(words)));
}

void CommandRuns::stop() {
  std::unique_lock lock(mutex_);
  is_stopping_ = true;
  std::vector<std::shared_ptr<Command>> running;
  for (const auto& [id, command] : commands_) running.push_back(command);
  lock.unlock();
  for (const auto& command : running) command->cancel.cancel();
  lock.lock();
  // A caller that does not read (a pager) is not waited for.
  if (!changed_.wait_for(lock, kPatience, [&] { return commands_.empty(); })) {
    for (const auto& command : running) command->channel.abandon();
  }
  changed_.wait(lock, [&] { return commands_.empty(); });
  sessions_.clear();
}

}  // namespace sinan::app
