#include "experiment/ofrep/evaluation.h"

#include <fmt/format.h>

#include <bit>
#include <memory>
#include <span>
#include <utility>

#include "base/check.h"
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

// Names and most values are plain ASCII.
void append_quoted(std::string& out, std::string_view text) {
  bool is_plain = true;
  for (const char c : text) is_plain &= c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
  if (!is_plain) {
    out += json_quote(text);
    return;
  }
  out += '"';
  out += text;
  out += '"';
}

std::string quoted(std::string_view text) {
  std::string out;
  append_quoted(out, text);
  return out;
}

std::string value_text(const Snapshot& snapshot, const format::Value& value) {
  switch (static_cast<ValueType>(value.type)) {
    case ValueType::kBool:
      return value.bits != 0 ? "true" : "false";
    case ValueType::kInt:
      return std::to_string(static_cast<int64_t>(value.bits));
    case ValueType::kDouble:
      return Json(std::bit_cast<double>(value.bits)).dump();
    case ValueType::kString:
      return quoted(snapshot.text(value.text));
    case ValueType::kJson:
      break;
  }
  return std::string(snapshot.text(value.text));
}

// Up to the value of "exposure".
std::string metadata_text(const Snapshot& snapshot) {
  return fmt::format(R"(,"metadata":{{"configVersion":{},"exposure":)", snapshot.version());
}

void append_experiments(std::string& out, const Snapshot& snapshot, const Detail& detail) {
  if (detail.decided_by.experiment != format::kNone) {
    out += R"(,"experiment":)";
    append_quoted(out, experiment_name(snapshot, detail.decided_by));
    out += R"(,"group":)";
    append_quoted(out, group_name(snapshot, detail.decided_by));
    if (detail.decided_by.bucket != format::kNone) out += R"(,"bucket":)" + std::to_string(detail.decided_by.bucket);
  }
  if (detail.exposure_count == 0) return;
  out += R"(,"experiments":)";
  std::string text;
  for (uint32_t i = 0; i < detail.exposure_count; ++i) {
    if (i > 0) text += ';';
    text += experiment_name(snapshot, detail.exposures[i]);
    text += ':';
    text += group_name(snapshot, detail.exposures[i]);
  }
  append_quoted(out, text);
}

void append_success(std::string& out, const Snapshot& snapshot, const Detail& detail, std::string_view key,
                    std::string_view value, std::string_view metadata) {
  out += R"({"key":)";
  out += key;
  out += R"(,"value":)";
  out += value;
  out += R"(,"reason":")";
  out += to_string(detail.reason);
  out += R"(","variant":)";
  if (detail.decided_by.experiment != format::kNone) {
    append_quoted(out, group_name(snapshot, detail.decided_by));
  } else {
    out += detail.reason == Reason::kTargetingMatch ? R"("rule")" : R"("default")";
  }
  out += metadata;
  out += detail.exposure_count > 0 ? "true" : "false";
  append_experiments(out, snapshot, detail);
  out += "}}";
}

void append_failure(std::string& out, std::optional<std::string_view> quoted_key, std::string_view code,
                    std::string_view details) {
  out += '{';
  if (quoted_key) {
    out += R"("key":)";
    out += *quoted_key;
    out += ',';
  }
  out += R"("errorCode":")";
  out += code;
  out += R"(","errorDetails":)";
  append_quoted(out, details);
  out += R"(,"metadata":{}})";
}

void append_missing_unit(std::string& out, std::string_view quoted_key) {
  append_failure(out, quoted_key, "TARGETING_KEY_MISSING", "an experiment would apply, but the context lacks its unit");
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
  FlagAnswer answer;
  const std::string quoted_key = quoted(key);
  if (detail.problem == Problem::kFlagNotFound) {
    answer.status = 404;
    append_failure(answer.body, quoted_key, "FLAG_NOT_FOUND", fmt::format("no such parameter: \"{}\"", key));
  } else if (detail.missing_unit) {
    answer.status = 400;
    append_missing_unit(answer.body, quoted_key);
  } else {
    append_success(answer.body, snapshot, detail, quoted_key,
                   value_text(snapshot, snapshot.tables().values[detail.value]), metadata_text(snapshot));
  }
  return answer;
}

std::string unreadable_request(std::optional<std::string_view> key, std::string_view details) {
  std::string out;
  append_failure(out, key ? std::optional(quoted(*key)) : std::nullopt, "PARSE_ERROR", details);
  return out;
}

BulkAnswers::BulkAnswers(const Snapshot& snapshot) : version_(snapshot.version()), metadata_(metadata_text(snapshot)) {
  const auto values = snapshot.section<format::Value>(format::kValues);
  for (const format::Value& value : values) values_.push_back(value_text(snapshot, value));
  std::string text = R"({"flags":[)";
  for (uint32_t number = 0; number < snapshot.parameters().size(); ++number) {
    const format::Parameter& parameter = snapshot.parameters()[number];
    std::string key = quoted(snapshot.text(parameter.name));
    if (parameter.experiments.count + parameter.rules.count > 0) {
      parts_.push_back({std::move(text), number, std::move(key)});
      text.clear();
    } else {
      const Detail detail = evaluate_number(snapshot, number, Context(), Access::kPrefetch);
      append_success(text, snapshot, detail, key, values_[detail.value], metadata_);
    }
    text += ',';
  }
  if (text.ends_with(',')) text.pop_back();
  end_ =
      std::move(text) + fmt::format(R"(],"metadata":{{"configVersion":{}}},"eventStreams":[{{"type":"sse",)"
                                    R"("endpoint":{{"requestUri":"/ofrep/v1/events"}},"inactivityDelaySec":120}}]}})",
                                    snapshot.version());
}

std::string BulkAnswers::answer(const Snapshot& snapshot, const Context& context) const {
  CHECK(snapshot.version() == version_);
  std::string out;
  out.reserve(usual_bytes_.load(std::memory_order_relaxed));
  for (const Part& part : parts_) {
    out += part.before;
    const Detail detail = evaluate_number(snapshot, part.parameter, context, Access::kPrefetch);
    if (detail.missing_unit) {
      append_missing_unit(out, part.key);
    } else {
      append_success(out, snapshot, detail, part.key, values_[detail.value], metadata_);
    }
  }
  out += end_;
  usual_bytes_.store(out.size() + out.size() / 16, std::memory_order_relaxed);
  return out;
}

}  // namespace sinan::experiment
