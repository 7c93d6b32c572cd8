#include "flow/data_sources.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>

#include "base/strings.h"
#include "io/file_system.h"

namespace sinan::flow {
namespace {

namespace fs = std::filesystem;

bool is_name(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !text.empty() && letter(text.front()) &&
         std::ranges::all_of(text, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

Status check_name(std::string_view name) {
  constexpr std::array<std::string_view, 6> kTaken = {"main",      "temp", "system", "memory", "information_schema",
                                                      "pg_catalog"};
  const bool taken = std::ranges::find(kTaken, name) != kTaken.end();
  if (is_name(name) && !taken) return {};
  return fail(Code::kArgument, fmt::format("{} name of a data source: \"{}\"", taken ? "reserved" : "wrong", name),
              "a name is letters, digits and underscores, and begins with a letter");
}

Result<std::string> variable(std::string_view name) {
  if (const char* value = std::getenv(std::string(name).c_str()); value != nullptr) return std::string(value);
  return fail(Code::kArgument, fmt::format("environment variable of a data source is not set: {}", name),
              fmt::format("export {}=...", name));
}

// Replaces each ${NAME}.
Status expand(std::string& text) {
  std::string result;
  std::string_view rest = text;
  for (size_t at = rest.find("${"); at != std::string_view::npos; at = rest.find("${")) {
    const size_t close = rest.find('}', at);
    if (close == std::string_view::npos) break;
    result += rest.substr(0, at);
    result += TRY(variable(rest.substr(at + 2, close - at - 2)));
    rest.remove_prefix(close + 1);
  }
  result += rest;
  text = std::move(result);
  return {};
}

Status find_password(const Config::Source& words, const fs::path& folder, engine::DataSource& source) {
  if (!words.password_env.empty()) source.password = TRY(variable(words.password_env));
  if (words.password_file.empty()) return {};
  const fs::path file =
      fs::path(words.password_file).is_absolute() ? fs::path(words.password_file) : folder / words.password_file;
  constexpr uint64_t kMostBytes = 64 << 10;
  std::string text = TRY(io::real_file_system().read_file(file, kMostBytes));
  // An editor's last line end is no part of it.
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  source.password = std::move(text);
  return {};
}

Result<engine::DataSource> resolve(const Config::Source& words, const fs::path& folder) {
  TRY(check_name(words.name));
  std::string url = words.url;
  // A URL that is one variable is read after, any other before what it holds is put in.
  if (url.starts_with("${") && url.find('}') == url.size() - 1) TRY(expand(url));
  engine::DataSource source = TRY(engine::parse_data_source(url));
  std::string path = source.path.string();
  for (std::string* part : {&source.user, &source.password, &source.host, &source.socket, &source.database, &path}) {
    TRY(expand(*part));
  }
  source.name = to_lower(words.name);
  source.path = path.empty() ? fs::path() : (folder / path).lexically_normal();
  source.read_only = source.read_only || words.read_only;
  source.is_default = words.is_default;
  TRY(find_password(words, folder, source));
  return source;
}

Config::Source read_argument(const std::string& argument) {
  Config::Source words;
  const size_t equals = argument.find('=');
  if (equals != std::string::npos && is_name(std::string_view(argument).substr(0, equals))) {
    words.name = argument.substr(0, equals);
    words.url = argument.substr(equals + 1);
  } else {
    words.name = kUnnamedSource;
    words.url = argument;
    words.is_default = true;
  }
  return words;
}

}  // namespace

bool is_unnamed_source(const std::string& argument) { return read_argument(argument).is_default; }

Result<std::vector<engine::DataSource>> resolve_sources(const Config& config, std::span<const std::string> arguments,
                                                        bool read_only, const fs::path& folder) {
  std::vector<engine::DataSource> sources;
  const auto add = [&](const Config::Source& words, const fs::path& start, bool from_file) -> Status {
    auto source = resolve(words, start);
    if (!source) return fail(std::move(source).error()).within(fmt::format("reading the data source {}", words.name));
    const auto same = std::ranges::find(sources, source->name, &engine::DataSource::name);
    if (same != sources.end() && from_file) {
      return fail(Code::kArgument, fmt::format("two data sources have one name: {}", source->name));
    }
    source->read_only = source->read_only || read_only;
    if (same != sources.end()) {
      *same = *std::move(source);
    } else {
      sources.push_back(*std::move(source));
    }
    return {};
  };
  for (const Config::Source& words : config.sources) TRY(add(words, folder, true));
  for (size_t i = 0; i < arguments.size(); ++i) {
    const Config::Source words = read_argument(arguments[i]);
    const auto twice = std::ranges::any_of(arguments.first(i), [&](const std::string& other) {
      return equals_ignore_case(read_argument(other).name, words.name);
    });
    if (twice) {
      return fail(Code::kArgument, fmt::format("two data sources have one name: {}", words.name),
                  "give each a name: --data-source NAME=URL");
    }
    // The command line's default comes before the file's.
    if (words.is_default) {
      for (engine::DataSource& source : sources) source.is_default = false;
    }
    TRY(add(words, fs::current_path(), false));
  }
  if (std::ranges::count_if(sources, &engine::DataSource::is_default) > 1) {
    return fail(Code::kArgument, "more than one data source is the default", "say default = true for one of them");
  }
  return sources;
}

}  // namespace sinan::flow
