#include "app/server/serve.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>

#include "app/capabilities.h"
#include "app/console/routes.h"
#include "app/server/capability_routes.h"
#include "app/server/catalog_routes.h"
#include "app/server/command_runs.h"
#include "app/server/completion_routes.h"
#include "app/server/program_routes.h"
#include "app/server/program_runs.h"
#include "app/server/server_address.h"
#include "app/server/session_routes.h"
#include "app/server/token_file.h"
#include "app/session.h"
#include "base/log.h"
#include "base/server_config.h"
#include "base/strings.h"
#include "flow/project.h"
#include "net/server.h"
#include "net/standard_routes.h"

namespace sinan::app {
namespace {

constexpr std::chrono::seconds kPatience{10};
constexpr size_t kMostRunning = 16;  // programs side by side

int report(Screen& screen, const CommandLine& line, const Error& error) {
  show_error(screen, error, line.json_errors);
  return exit_code(error);
}

std::filesystem::path in_folder(const std::filesystem::path& folder, const std::string& file) {
  return file.empty() ? std::filesystem::path() : folder / file;  // an absolute path stays itself
}

Result<ServerConfig> read_server_config(const io::FileSystem& files, const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "sinan.toml";
  if (!files.exists(file)) return ServerConfig{};
  return parse_server_config(TRY(files.read_file(file, 1 << 20)), "sinan.toml");
}

Result<net::ServerOptions> server_options(const CommandLine& line, const ServerConfig& config,
                                          const std::filesystem::path& folder, bool has_tokens) {
  const net::Listen listen = TRY(net::parse_listen(line.listen.empty() ? config.listen : line.listen));
  if (config.tls_certificate.empty() != config.tls_key.empty()) {
    return fail(Code::kArgument, "[server] has only one of tls_certificate and tls_key", "TLS needs both");
  }
  net::ServerOptions options{
      .address = listen.address,
      .port = listen.port,
      .tls = {in_folder(folder, config.tls_certificate).string(), in_folder(folder, config.tls_key).string()},
      .io_threads = std::clamp<uint32_t>(config.threads, 1, 64)};
  TRY(net::check_exposure(options, has_tokens, config.allow_plaintext || line.allow_plaintext));
  return options;
}

// Waits for the end; a tokens file that changes meanwhile holds from then on.
void wait_for_end(const CancelToken& end, const Clock& clock, const TokenFile& file,
                  net::Authenticator& authenticator) {
  std::atomic<bool> ended = false;
  const CancelAction action(end, [&] { ended = true; });
  auto known = file.stamp();
  const bool is_open = authenticator.is_open();
  while (clock.wait(std::chrono::seconds(1), ended)) {
    const auto now = file.stamp();
    if (now == known) continue;
    known = now;
    auto records = file.read();
    if (!records) {
      log::error("the tokens file is not read again: " + records.error().to_string());
      continue;
    }
    // Deleting the file must not open a server that had tokens.
    if (records->empty() && !is_open) {
      log::error("the tokens file has no tokens any more: those known stay until the server is started again");
      continue;
    }
    log::info(fmt::format("tokens read again count={}", records->size()));
    authenticator.replace(*std::move(records));
  }
}

// What serves the command lines of this machine (command_runs.h).
class CommandServer {
 public:
  CommandServer(flow::Project& project, ProgramGate& gate, const CommandLine& line)
      : runs_(project, gate, line.data_sources, line.read_only_sources), clock_(project.clock()) {
    runs_.add_routes(router_);
  }
  Status start(const std::filesystem::path& folder) {
    net::NewToken token = TRY(net::make_token("command line", net::Role::kAdmin, clock_.now(), std::nullopt));
    authenticator_.emplace(std::vector{std::move(token.record)}, clock_);
    service_.emplace(router_, *authenticator_, net::CorsPolicy{}, metrics_, clock_);
    // A caller's pager may stand still for as long as it likes.
    server_ = TRY(net::Server::start({.transfer_time = std::chrono::hours(24 * 365)}, *service_));
    address_.emplace(TRY(PublishedAddress::make(folder, {server_->url(), std::move(token.token), SINAN_VERSION})));
    return {};
  }
  void stop() {
    address_.reset();
    runs_.stop();
    if (server_) server_->stop(kPatience);
  }

 private:
  CommandRuns runs_;
  net::Router router_;
  const Clock& clock_;
  Metrics metrics_;
  std::optional<net::Authenticator> authenticator_;
  std::optional<net::Service> service_;
  std::unique_ptr<net::Server> server_;
  std::optional<PublishedAddress> address_;
};

Status serve(Screen& screen, Interrupts& interrupts, const CommandLine& line, flow::Project& project) {
  const ServerConfig config = TRY(read_server_config(project.files(), project.folder()));
  if (config.access_log && !log::enabled(log::Level::kInfo)) log::set_level(log::Level::kInfo);
  TokenFile file(project.files(), project.folder() / config.tokens);
  auto records = TRY(file.read());
  const auto options = TRY(server_options(line, config, project.folder(), !records.empty()));

  Metrics metrics;
  net::EventHub events({.most_bytes = size_t{4} << 20});
  ProgramGate gate(kMostRunning);
  ProgramRuns runs(project, gate, events, metrics);
  CommandServer commands(project, gate, line);
  std::atomic<bool> is_ready = true;
  net::Authenticator authenticator(std::move(records), project.clock());
  net::Router router;
  add_program_routes(router, runs);
  add_session_routes(router, project, authenticator);
  add_catalog_routes(router, project);
  add_completion_routes(router, project);
  add_console_routes(router);
  add_capability_routes(router, {project, events, metrics});
  net::add_standard_routes(router, metrics,
                           {.title = "Sinan",
                            .version = SINAN_VERSION,
                            .description = "SQL programs of one project folder.",
                            .needs_tokens = [&] { return !authenticator.is_open(); }},
                           [&] { return is_ready.load(); });
  const net::Service service(router, authenticator, {.origins = config.cors_origins}, metrics, project.clock());
  // From here on a signal is an orderly end, also one that comes before the first request.
  Interrupts::Scope scope(interrupts);
  const log::Gathering gathering;  // a line a request
  const auto server = TRY(net::Server::start(options, service));
  TRY(commands.start(project.folder()));
  metrics.gauge_function("sinan_http_connections", "Open connections",
                         [&server = *server] { return static_cast<double>(server.connections()); });
  if (!line.quiet) {
    screen.write(Stream::kError, fmt::format("serving {} at {}{}\n", project.folder().string(), server->url(),
                                             authenticator.is_open() ? ", open to this machine (no tokens)" : ""));
  }
  wait_for_end(scope.token(), project.clock(), file, authenticator);
  is_ready = false;
  // Watchers of a run see its end before their streams do.
  runs.stop();
  commands.stop();
  server->stop(kPatience);
  return {};
}

std::string token_list(const std::vector<net::TokenRecord>& records) {
  std::string text;
  for (const net::TokenRecord& record : records) {
    text +=
        fmt::format("{}\t{}\tcreated {}\t{}\n", record.name, net::to_string(record.role), to_iso8601(record.created),
                    record.expires ? "expires " + to_iso8601(*record.expires) : "does not expire");
  }
  return text;
}

Result<std::string> act_on_tokens(Screen& screen, const CommandLine& line) {
  io::FileSystem& files = io::real_file_system();
  const ServerConfig config = TRY(read_server_config(files, line.project));
  TokenFile file(files, std::filesystem::path(line.project) / config.tokens);
  if (line.text == "list") return token_list(TRY(file.read()));
  if (line.text == "revoke") {
    TRY(file.revoke(line.token_name));
    if (!line.quiet) screen.write(Stream::kError, "revoked; a running server knows within a second\n");
    return std::string();
  }
  const auto role = net::role_named(line.token_role);
  if (!role) {
    return fail(Code::kArgument, fmt::format("unknown value for --role: \"{}\"", line.token_role),
                "one of admin, editor, viewer, server, client");
  }
  std::optional<std::chrono::seconds> lifetime;
  if (line.token_days > 0) lifetime = std::chrono::days(line.token_days);
  const std::string token = TRY(file.create(line.token_name, *role, system_clock().now(), lifetime));
  if (!line.quiet) screen.write(Stream::kError, "the token is shown this once; keep it secret\n");
  return token + "\n";
}

}  // namespace

int run_serve(Screen& screen, Interrupts& interrupts, const CommandLine& line, std::span<const std::string> arguments) {
  flow::Registry registry;
  register_capabilities(registry);
  const auto project = flow::Project::open({.folder = line.project,
                                            .command_line = "sinan " + engine::without_passwords(join(arguments, " ")),
                                            .data_sources = line.data_sources,
                                            .read_only_sources = line.read_only_sources},
                                           registry);
  if (!project) return report(screen, line, project.error());
  const Status served = serve(screen, interrupts, line, **project);
  return served ? kExitDone : report(screen, line, served.error());
}

int run_token(Screen& screen, const CommandLine& line) {
  const auto text = act_on_tokens(screen, line);
  if (!text) return report(screen, line, text.error());
  screen.write(Stream::kOut, *text);
  return kExitDone;
}

}  // namespace sinan::app
