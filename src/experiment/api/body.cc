#include "experiment/api/body.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/strings.h"

namespace sinan::experiment {
namespace {

constexpr std::string_view kReason = "reason";

}  // namespace

Status check_members(const Json& object, std::vector<std::string> known, std::string_view what) {
  for (const auto& [key, value] : object.members()) {
    if (object.find(key) != &value) return fail(Code::kArgument, fmt::format("member \"{}\" is there twice", key));
    if (std::ranges::find(known, key) != known.end()) continue;
    std::string hint = did_you_mean(key, known);
    if (hint.empty()) hint = "there is " + join(known, ", ");
    return fail(Code::kArgument, fmt::format("unknown member \"{}\" of {}", key, what), std::move(hint));
  }
  return {};
}

Result<Json> read_body(const net::Request& request, std::initializer_list<std::string_view> known) {
  if (request.body.empty()) return Json::object();
  Json body = TRY(request.json());
  if (!body.is_object()) return fail(Code::kArgument, "the request's body is no JSON object");
  std::vector<std::string> names(known.begin(), known.end());
  names.emplace_back(kReason);
  TRY(check_members(body, std::move(names), "the request's body"));
  TRY(text_member(body, kReason));
  return body;
}

Result<std::string> text_member(const Json& body, std::string_view key) {
  const Json* value = body.find(key);
  if (value == nullptr) return std::string();
  if (value->is_string()) return std::string(value->string_view());
  return fail(Code::kArgument, fmt::format("wrong value for \"{}\": expected a string", key));
}

Json merged(const Json& base, const Json& body) {
  Json out = Json::object();
  for (const auto& [key, value] : base.members()) {
    const Json* other = body.find(key);
    if (other == nullptr) {
      out.set(key, value);
    } else if (!other->is_null()) {
      out.set(key, *other);
    }
  }
  for (const auto& [key, value] : body.members()) {
    if (key != kReason && base.find(key) == nullptr && !value.is_null()) out.set(key, value);
  }
  return out;
}

Result<std::optional<uint32_t>> expected_version(const net::Request& request) {
  const auto header = request.headers.find("if-match");
  if (!header || *header == "*") return std::optional<uint32_t>();
  std::string_view text = trim(*header);
  uint32_t version = 0;
  // An entity tag has quotes; who types one forgets them.
  if (text.size() > 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error == std::errc() && end == text.data() + text.size()) return std::optional(version);
  return fail(Code::kArgument, fmt::format("If-Match names no version: {}", *header),
              "send the ETag of the object as it was read");
}

}  // namespace sinan::experiment
