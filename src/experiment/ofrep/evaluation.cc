#include "experiment/ofrep/evaluation.h"

#include <fmt/format.h>

#include <bit>
#include <memory>
#include <span>
#include <utility>

#include "experiment/model.h"

namespace sinan::experiment {
namespace {

// A context is searched from its beginning for each.
constexpr size_t kMostAttributes = 1000;

void set_member(Context& context, std::string_view name, const Json& value,
                std::vector<std::vector<std::string_view>>& lists) {
  if (value.is_string()) {
    context.set(name, value.string_view());
  } else if (value.is_bool()) {
    context.set(name, *value.as_bool());
  } else if (value.is_int()) {
    context.set(name, *value.as_int());
  } else if (value.is_number()) {
    context.set(name, *value.as_double());
  } else if (value.is_array()) {
    std::vector<std::string_view>& list = lists.emplace_back();
    for (const Json& item : value.items()) {
      if (item.is_string()) list.push_back(item.string_view());
    }
    context.set(name, std::span<const std::string_view>(list));
  }
}

Json value_json(const Snapshot& snapshot, uint32_t index) {
  const format::Value& value = snapshot.tables().values[index];
  switch (static_cast<ValueType>(value.type)) {
    case ValueType::kBool:
      return value.bits != 0;
    case ValueType::kInt:
      return static_cast<int64_t>(value.bits);
    case ValueType::kDouble:
      return std::bit_cast<double>(value.bits);
    case ValueType::kString:
      return snapshot.text(value.text);
    case ValueType::kJson:
      break;
  }
  auto json = Json::parse(snapshot.text(value.text));
  return json ? *std::move(json) : Json();
}

std::string memberships_text(const Snapshot& snapshot, const Detail& detail) {
  std::string text;
  for (uint32_t i = 0; i < detail.exposure_count; ++i) {
    if (!text.empty()) text += ';';
    text +=
        fmt::format("{}:{}", experiment_name(snapshot, detail.exposures[i]), group_name(snapshot, detail.exposures[i]));
  }
  return text;
}

std::string_view variant_of(const Snapshot& snapshot, const Detail& detail) {
  if (detail.decided_by.experiment != format::kNone) return group_name(snapshot, detail.decided_by);
  return detail.reason == Reason::kTargetingMatch ? "rule" : "default";
}

Json metadata_of(const Snapshot& snapshot, const Detail& detail) {
  Json metadata = Json::object({{"configVersion", detail.version}, {"exposure", detail.exposure_count > 0}});
  if (detail.decided_by.experiment != format::kNone) {
    metadata.set("experiment", experiment_name(snapshot, detail.decided_by));
    metadata.set("group", group_name(snapshot, detail.decided_by));
    if (detail.decided_by.bucket != format::kNone) metadata.set("bucket", detail.decided_by.bucket);
  }
  if (detail.exposure_count > 0) metadata.set("experiments", memberships_text(snapshot, detail));
  return metadata;
}

Json failure(std::string_view key, std::string_view code, std::string details) {
  return Json::object(
      {{"key", key}, {"errorCode", code}, {"errorDetails", std::move(details)}, {"metadata", Json::object()}});
}

}  // namespace

Result<std::unique_ptr<const RequestContext>> RequestContext::read(std::string_view body) {
  auto out = std::make_unique<RequestContext>();
  if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) return out;
  auto document = Json::parse(body);
  if (!document) return fail(Code::kArgument, "the body is no JSON document: " + document.error().message);
  out->document_ = *std::move(document);
  if (!out->document_.is_object()) return fail(Code::kArgument, "the body must be an object with a context");
  const Json& members = out->document_.at("context");
  if (members.is_null()) return out;
  if (!members.is_object()) return fail(Code::kArgument, "the context must be an object");
  if (members.members().size() > kMostAttributes) {
    return fail(Code::kArgument, fmt::format("the context has more than {} attributes", kMostAttributes));
  }
  out->lists_.reserve(members.members().size());
  for (const auto& [name, value] : members.members()) set_member(out->context_, name, value, out->lists_);
  const Json& key = members.at("targetingKey");
  if (key.is_string() && members.at("user_id").is_null()) out->context_.set("user_id", key.string_view());
  return out;
}

FlagAnswer evaluate_flag(const Snapshot& snapshot, std::string_view key, const Context& context, Access access) {
  const Detail detail = evaluate(snapshot, key, context, access);
  if (detail.problem == Problem::kFlagNotFound) {
    return {404, failure(key, "FLAG_NOT_FOUND", fmt::format("no such parameter: \"{}\"", key))};
  }
  if (detail.missing_unit) {
    return {400, failure(key, "TARGETING_KEY_MISSING", "an experiment would apply, but the context lacks its unit")};
  }
  return {200, Json::object({{"key", key},
                             {"value", value_json(snapshot, detail.value)},
                             {"reason", to_string(detail.reason)},
                             {"variant", variant_of(snapshot, detail)},
                             {"metadata", metadata_of(snapshot, detail)}})};
}

std::string evaluate_all(const Snapshot& snapshot, const Context& context) {
  Json flags = Json::array();
  for (const format::Parameter& parameter : snapshot.parameters()) {
    flags.push_back(evaluate_flag(snapshot, snapshot.text(parameter.name), context, Access::kPrefetch).body);
  }
  const Json stream = Json::object(
      {{"type", "sse"}, {"endpoint", Json::object({{"requestUri", "/ofrep/v1/events"}})}, {"inactivityDelaySec", 120}});
  return Json::object({{"flags", std::move(flags)},
                       {"metadata", Json::object({{"configVersion", snapshot.version()}})},
                       {"eventStreams", Json::array({stream})}})
      .dump();
}

}  // namespace sinan::experiment
