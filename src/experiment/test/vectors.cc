#include "experiment/test/vectors.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "base/check.h"
#include "experiment/evaluator/answer.h"
#include "experiment/evaluator/encoded_context.h"

namespace sinan::experiment {
namespace {

constexpr std::array<std::string_view, 8> kKinds = {"bool", "int", "double", "text", "time", "list", "now", "force"};
constexpr std::array<std::string_view, 5> kTypes = {"bool", "int", "double", "string", "json"};
constexpr std::array<std::string_view, 4> kProblems = {"", "FLAG_NOT_FOUND", "TYPE_MISMATCH", "INVALID_CONTEXT"};

int64_t integer_of(const std::string& text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  CHECK(error == std::errc() && end == text.data() + text.size());
  return value;
}

std::string digits(double value) {
  std::array<char, 32> out{};
  return {out.data(), std::to_chars(out.data(), out.data() + out.size(), value).ptr};
}

class Bytes {
 public:
  template <class Number>
  void number(Number value) {
    const auto* begin = reinterpret_cast<const std::byte*>(&value);
    out.insert(out.end(), begin, begin + sizeof(Number));
  }
  void text(std::string_view value) {
    number(static_cast<uint32_t>(value.size()));
    const auto* begin = reinterpret_cast<const std::byte*>(value.data());
    out.insert(out.end(), begin, begin + value.size());
  }
  std::vector<std::byte> out;
};

Json value_json(const sinan_answer& answer, std::string_view text) {
  switch (answer.type) {
    case SINAN_TYPE_BOOL:
      return answer.integer != 0 ? "true" : "false";
    case SINAN_TYPE_INT:
      return std::to_string(answer.integer);
    case SINAN_TYPE_DOUBLE:
      return digits(answer.real);
    default:
      return text;
  }
}

}  // namespace

std::vector<std::byte> encode(const VectorContext& context) {
  Bytes bytes;
  for (const VectorAttribute& attribute : context) {
    const auto kind = static_cast<uint8_t>(1 + (std::ranges::find(kKinds, attribute.kind) - kKinds.begin()));
    bytes.number(kind);
    bytes.text(attribute.name);
    switch (kind) {
      case EncodedContext::kBool:
        bytes.number(static_cast<uint8_t>(attribute.texts[0] == "true" ? 1 : 0));
        break;
      case EncodedContext::kInt:
      case EncodedContext::kTime:
      case EncodedContext::kNow:
        bytes.number(integer_of(attribute.texts[0]));
        break;
      case EncodedContext::kDouble:
        bytes.number(std::strtod(attribute.texts[0].c_str(), nullptr));
        break;
      case EncodedContext::kList:
        bytes.number(static_cast<uint32_t>(attribute.texts.size()));
        for (const std::string& element : attribute.texts) bytes.text(element);
        break;
      default:
        bytes.text(attribute.texts[0]);
    }
  }
  return bytes.out;
}

Json to_json(const VectorContext& context) {
  Json out = Json::array();
  for (const VectorAttribute& attribute : context) {
    Json entry = Json::array({attribute.name, attribute.kind});
    for (const std::string& text : attribute.texts) entry.push_back(text);
    out.push_back(std::move(entry));
  }
  return out;
}

VectorContext vector_context(const Json& json) {
  VectorContext context;
  for (const Json& entry : json.items()) {
    VectorAttribute& attribute = context.emplace_back();
    attribute.name = *entry.items()[0].as_string();
    attribute.kind = *entry.items()[1].as_string();
    for (size_t i = 2; i < entry.items().size(); ++i) attribute.texts.push_back(*entry.items()[i].as_string());
  }
  return context;
}

Json answer_json(const Snapshot& snapshot, const std::string& parameter, const std::string& asked,
                 const std::vector<std::byte>& context) {
  const auto type = static_cast<int32_t>(std::ranges::find(kTypes, asked) - kTypes.begin());
  const bool known = type <= SINAN_TYPE_JSON;  // "any" is none of them
  sinan_answer out;
  std::string texts;
  for (size_t needed = 64; texts.size() < needed;) {
    texts.resize(needed);
    needed = answer(snapshot, parameter, known ? type : SINAN_TYPE_ANY, context, Access::kPrefetch, texts, out);
  }
  const std::string_view value = std::string_view(texts).substr(0, out.text_size);
  const std::string_view experiment = std::string_view(texts).substr(out.text_size, out.experiment_size);
  const std::string_view group =
      std::string_view(texts).substr(size_t{out.text_size} + out.experiment_size, out.group_size);
  const std::string_view exposures =
      std::string_view(texts).substr(size_t{out.text_size} + out.experiment_size + out.group_size, out.exposures_size);

  Json json = Json::object({{"reason", to_string(static_cast<Reason>(out.reason))}});
  if (out.problem != SINAN_OK) {
    json.set("problem", kProblems[static_cast<size_t>(out.problem)]);
    return json;
  }
  json.set("type", kTypes[static_cast<size_t>(out.type)]);
  json.set("value", value_json(out, value));
  if (out.missing_unit != 0) json.set("missing_unit", true);
  if (out.experiment_size > 0) {
    json.set("experiment", experiment);
    json.set("group", group);
    if (out.bucket != format::kNone) json.set("bucket", out.bucket);
  }
  if (out.exposure_count > 0) json.set("exposures", exposures);
  return json;
}

}  // namespace sinan::experiment
