#include "catalog/object_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/strings.h"

namespace sinan::catalog {
namespace {

bool is_number(std::string_view word) {
  return !word.empty() && std::ranges::all_of(word, [](char c) { return c >= '0' && c <= '9'; });
}

Result<uint32_t> parse_version(std::string_view digits, std::string_view whole) {
  uint32_t version = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), version);
  if (error != std::errc{} || version == 0) {
    return fail(Code::kProgram, fmt::format("version is not a positive number: \"{}\"", whole),
                "write name:3, name@v3 or name@alias");
  }
  return version;
}

bool is_version_word(std::string_view word) {
  return word.size() > 1 && (word[0] == 'v' || word[0] == 'V') && is_number(word.substr(1));
}

}  // namespace

Result<ObjectName> parse_object_name(std::string_view text) {
  ObjectName result;
  std::string_view name = text;
  if (const size_t at = text.find('@'); at != std::string_view::npos) {
    name = text.substr(0, at);
    const std::string_view suffix = text.substr(at + 1);
    if (suffix.empty()) return fail(Code::kProgram, fmt::format("alias is missing after @ in \"{}\"", text));
    if (is_version_word(suffix)) {
      result.version = TRY(parse_version(suffix.substr(1), text));
    } else {
      result.alias = to_lower(suffix);
    }
  } else if (const size_t colon = text.rfind(':'); colon != std::string_view::npos) {
    name = text.substr(0, colon);
    const std::string_view suffix = text.substr(colon + 1);
    if (is_number(suffix) || suffix.starts_with('-')) {
      result.version = TRY(parse_version(suffix, text));
    } else if (check_alias(suffix)) {
      result.alias = to_lower(suffix);
    } else {
      return fail(Code::kProgram, fmt::format("neither a version nor an alias follows the colon: \"{}\"", text),
                  "write name:3, name@v3 or name@alias; IMPORT MODEL brings models in from files and other projects");
    }
  }
  if (name.empty()) return fail(Code::kProgram, fmt::format("name is missing in \"{}\"", text));
  result.name = to_lower(name);
  return result;
}

Status check_alias(std::string_view alias) {
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  };
  if (alias.empty() || !std::all_of(alias.begin(), alias.end(), is_word) || is_version_word(alias)) {
    return fail(Code::kArgument, fmt::format("alias is not valid: \"{}\"", alias),
                "use letters, digits, '_', '-' and '.', and not v followed by a number");
  }
  return {};
}

}  // namespace sinan::catalog
