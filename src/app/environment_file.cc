#include "app/environment_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "base/strings.h"
#include "io/file_system.h"

namespace sinan::app {
namespace {

bool is_key(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !text.empty() && letter(text.front()) &&
         std::ranges::all_of(text, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

}  // namespace

Result<std::vector<std::pair<std::string, std::string>>> parse_environment(std::string_view text,
                                                                           std::string_view file_name) {
  std::vector<std::pair<std::string, std::string>> settings;
  size_t number = 0;
  for (std::string_view line : split_on(text, '\n')) {
    ++number;
    line = trim(line);
    if (line.empty() || line.starts_with('#')) continue;
    if (line.starts_with("export ")) line = trim(line.substr(7));
    const size_t equals = std::min(line.find('='), line.size());
    const std::string_view key = trim(line.substr(0, equals));
    if (equals == line.size() || !is_key(key) || line.find('\0') != std::string_view::npos) {
      return fail(Code::kArgument, fmt::format("wrong line in {}: {}", file_name, number),
                  "write KEY=VALUE, or # and a comment");
    }
    std::string_view value = trim(line.substr(equals + 1));
    const bool is_quoted =
        value.size() > 1 && value.front() == value.back() && (value.front() == '"' || value.front() == '\'');
    if (is_quoted) value = value.substr(1, value.size() - 2);
    settings.emplace_back(key, value);
  }
  return settings;
}

Status load_environment(const std::vector<std::string>& files) {
  constexpr uint64_t kMostBytes = 1 << 20;
  for (const std::string& file : files) {
    const std::string text = TRY(io::real_file_system().read_file(file, kMostBytes));
    for (const auto& [key, value] : TRY(parse_environment(text, file))) setenv(key.c_str(), value.c_str(), 0);
  }
  return {};
}

std::string data_source_of_environment() {
  for (const char* name : {"SINAN_DATA_SOURCE", "SQLFLOW_DATASOURCE"}) {
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
  }
  return {};
}

}  // namespace sinan::app
