#include "net/target.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"

namespace sinan::net {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

Status check_text(std::string_view text) {
  if (std::ranges::any_of(text, is_control)) return fail(Code::kArgument, "control character in the request's target");
  if (find_invalid_utf8(text)) {
    return fail(Code::kArgument, "the request's target is not UTF-8", "encode it as UTF-8, then with percent signs");
  }
  return {};
}

// What follows scheme and authority in "http://host:1/path"; the whole text when it is no such URL.
std::string_view without_authority(std::string_view text) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (text.size() < scheme.size() || !equals_ignore_case(text.substr(0, scheme.size()), scheme)) continue;
    const size_t end = text.find_first_of("/?#", scheme.size());
    return end == text.npos ? "/" : text.substr(end);
  }
  return text;
}

Status parse_path(std::string_view text, Target& target) {
  if (text.empty() || text.front() != '/') {
    return fail(Code::kArgument, "the request's target is no path", "begin it with /");
  }
  if (text == "/") {
    target.path = "/";
    return {};
  }
  for (const std::string_view encoded : split_on(text.substr(1), '/')) {
    std::string segment = TRY(percent_decode(encoded, false));
    TRY(check_text(segment));
    if (segment == "." || segment == "..") {
      return fail(Code::kArgument, "the request's path has a segment of dots", "write the path without . and ..");
    }
    target.path += '/';
    target.path += segment;
    target.segments.push_back(std::move(segment));
  }
  return {};
}

Status parse_query(std::string_view text, Target& target) {
  if (text.empty()) return {};
  for (const std::string_view pair : split_on(text, '&')) {
    if (pair.empty()) continue;
    if (target.parameters.size() == kMostQueryParameters) {
      return fail(Code::kArgument, fmt::format("more than {} query parameters", kMostQueryParameters));
    }
    const size_t equals = pair.find('=');
    QueryParameter parameter;
    parameter.name = TRY(percent_decode(pair.substr(0, equals), true));
    if (equals != pair.npos) parameter.value = TRY(percent_decode(pair.substr(equals + 1), true));
    TRY(check_text(parameter.name));
    // A value may hold line breaks (a program), but no NUL, and it is text.
    if (parameter.value.contains('\0') || find_invalid_utf8(parameter.value)) {
      return fail(Code::kArgument, fmt::format("the query parameter is not UTF-8 text: {}", parameter.name));
    }
    target.parameters.push_back(std::move(parameter));
  }
  return {};
}

}  // namespace

std::optional<std::string_view> Target::parameter(std::string_view name) const {
  for (const QueryParameter& parameter : parameters) {
    if (parameter.name == name) return parameter.value;
  }
  return std::nullopt;
}

Result<Target> parse_target(std::string_view text) {
  Target target;
  if (text == "*") {
    target.path = "*";
    target.is_asterisk = true;
    return target;
  }
  if (text.size() > kMostTargetBytes) {
    return fail(Code::kArgument, fmt::format("the request's target is longer than {} bytes", kMostTargetBytes));
  }
  if (text.contains('#')) return fail(Code::kArgument, "the request's target has a fragment (#)");
  if (std::ranges::any_of(text, is_control)) return fail(Code::kArgument, "control character in the request's target");
  const std::string_view rest = without_authority(text);
  const size_t question = rest.find('?');
  // "http://host?q" has an empty path, which is "/".
  const bool is_empty = question == 0 && rest.size() < text.size();
  TRY(parse_path(is_empty ? "/" : rest.substr(0, question), target));
  if (question != rest.npos) TRY(parse_query(rest.substr(question + 1), target));
  return target;
}

Result<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return fail(Code::kArgument, "wrong percent escape in the request's target", "write a percent sign as %25");
      }
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").contains(c);
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace sinan::net
