#include "app/server/command_protocol.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/json.h"

namespace sinan::app {
namespace {

constexpr size_t kMostTexts = 10'000;

// The texts of a request in the order in which they follow its line of JSON.
template <class Request>
auto texts_of(Request& request) {
  std::vector texts = {&request.id,   &request.session,      &request.folder,
                       &request.user, &request.program.name, &request.program.text};
  for (auto& argument : request.arguments) texts.push_back(&argument);
  for (auto& source : request.data_sources) texts.push_back(&source);
  return texts;
}

Result<CommandRequest> from_json(const Json& json, std::string_view bytes) {
  CommandRequest request;
  request.arguments.resize(static_cast<size_t>(std::clamp<int64_t>(TRY(json.at("arguments").as_int()), 0, kMostTexts)));
  request.data_sources.resize(
      static_cast<size_t>(std::clamp<int64_t>(TRY(json.at("data_sources").as_int()), 0, kMostTexts)));
  request.program.is_file = TRY(json.at("is_file").as_bool());
  request.program.is_last = TRY(json.at("is_last").as_bool());
  request.program.plan_only = TRY(json.at("plan_only").as_bool());
  const Json& facts = json.at("facts");
  request.facts = {.out_is_terminal = TRY(facts.at("out_is_terminal").as_bool()),
                   .error_is_terminal = TRY(facts.at("error_is_terminal").as_bool()),
                   .unicode = TRY(facts.at("unicode").as_bool()),
                   .color_out = TRY(facts.at("color_out").as_bool()),
                   .color_error = TRY(facts.at("color_error").as_bool()),
                   .width = static_cast<int>(TRY(facts.at("width").as_int())),
                   .height = static_cast<int>(TRY(facts.at("height").as_int()))};
  const auto texts = texts_of(request);
  const Json::Array& sizes = json.at("sizes").items();
  if (sizes.size() != texts.size()) return fail(Code::kArgument, "wrong number of texts");
  for (size_t i = 0; i < texts.size(); ++i) {
    const int64_t size = TRY(sizes[i].as_int());
    if (size < 0 || static_cast<uint64_t>(size) > bytes.size()) return fail(Code::kArgument, "a text is cut off");
    *texts[i] = bytes.substr(0, static_cast<size_t>(size));
    bytes.remove_prefix(static_cast<size_t>(size));
  }
  return request;
}

}  // namespace

std::string command_text(const CommandRequest& request) {
  const TerminalFacts& facts = request.facts;
  Json::Array sizes;
  std::string bytes;
  for (const auto* text : texts_of(request)) {
    sizes.emplace_back(static_cast<int64_t>(text->size()));
    bytes += *text;
  }
  const Json json = Json::object({{"sizes", Json(std::move(sizes))},
                                  {"arguments", static_cast<int64_t>(request.arguments.size())},
                                  {"data_sources", static_cast<int64_t>(request.data_sources.size())},
                                  {"is_file", request.program.is_file},
                                  {"is_last", request.program.is_last},
                                  {"plan_only", request.program.plan_only},
                                  {"facts", Json::object({{"out_is_terminal", facts.out_is_terminal},
                                                          {"error_is_terminal", facts.error_is_terminal},
                                                          {"unicode", facts.unicode},
                                                          {"color_out", facts.color_out},
                                                          {"color_error", facts.color_error},
                                                          {"width", facts.width},
                                                          {"height", facts.height}})}});
  return json.dump() + "\n" + bytes;
}

Result<CommandRequest> parse_command(std::string_view text) {
  const size_t end = text.find('\n');
  if (end != text.npos) {
    if (const auto json = Json::parse(text.substr(0, end))) {
      if (auto request = from_json(*json, text.substr(end + 1))) return request;
    }
  }
  return fail(Code::kArgument, "this is no command of a command line");
}

std::string frame(char kind, std::string_view bytes) { return fmt::format("{} {}\n{}", kind, bytes.size(), bytes); }
std::string frame(char kind, int number) { return fmt::format("{} {}\n", kind, number); }

Status FrameReader::read(std::string_view piece) {
  pending_ += piece;
  std::string_view rest = pending_;
  for (size_t end = 0; (end = rest.find('\n')) != rest.npos;) {
    const std::string_view line = rest.substr(0, end);
    if (line.empty() || line.front() == ':') {
      rest.remove_prefix(end + 1);
      continue;
    }
    uint32_t number = 0;
    const char* last = line.data() + line.size();
    const bool has_bytes = std::string_view("oes").contains(line.front());
    if (line.size() < 3 || line[1] != ' ' || !std::string_view("oesdx").contains(line.front()) ||
        std::from_chars(line.data() + 2, last, number).ptr != last || number > kMostBytes) {
      return fail(Code::kData, "the server's answer is not understood");
    }
    const size_t bytes = has_bytes ? number : 0;
    if (rest.size() < end + 1 + bytes) break;
    take_(line.front(), static_cast<int>(number), rest.substr(end + 1, bytes));
    rest.remove_prefix(end + 1 + bytes);
  }
  pending_.erase(0, pending_.size() - rest.size());
  return {};
}

}  // namespace sinan::app
