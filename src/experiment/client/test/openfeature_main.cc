// OpenFeature with SinanProvider for the tests (test/experiment_client): openfeature_main URL CACHE WAIT. Says which events it is told;
// answers lines {"key", "type", "default", "context"} with {"value", "reason", "variant", "errorCode", "metadata"}.
#include <cstdio>
#include <iostream>
#include <string>

#include "base/json.h"
#include "experiment/client/openfeature/api.h"
#include "experiment/client/openfeature/sinan_provider.h"

using namespace sinan;
using namespace sinan::openfeature;

namespace {

void say(const std::string& text) {
  std::printf("%s\n", text.c_str());
  std::fflush(stdout);
}

Value value_of(const Json& json) {
  if (json.is_bool()) return *json.as_bool();
  if (json.is_int()) return *json.as_int();
  if (json.is_number()) return *json.as_double();
  if (json.is_string()) return json.string_view();
  Value::List list;
  for (const Json& item : json.items()) list.push_back(value_of(item));
  return list;
}

EvaluationContext context_of(const Json& json) {
  EvaluationContext context;
  for (const auto& [name, value] : json.members()) {
    if (name == "targetingKey") {
      context.targeting_key = value.string_view();
    } else {
      context.attributes[name] = value_of(value);
    }
  }
  return context;
}

Json json_of(const Value& value) {
  return value.visit([]<class T>(const T& one) -> Json {
    if constexpr (std::is_same_v<T, Value::List>) {
      Json list = Json::array();
      for (const Value& item : one) list.push_back(json_of(item));
      return list;
    } else if constexpr (std::is_same_v<T, Structure>) {
      Json object = Json::object();
      for (const auto& [name, item] : one) object.set(name, json_of(item));
      return object;
    } else if constexpr (std::is_same_v<T, std::monostate> || std::is_same_v<T, DateTime>) {
      return {};
    } else {
      return one;
    }
  });
}

template <class T>
Json answer(const Details<T>& details) {
  Json metadata = Json::object();
  for (const auto& [name, value] : details.flag_metadata)
    metadata.set(name, std::visit([](const auto& v) { return Json(v); }, value));
  return Json::object({{"value", json_of(Value(details.value))},
                       {"reason", to_string(details.reason)},
                       {"variant", details.variant},
                       {"errorCode", to_string(details.error_code)},
                       {"metadata", metadata}});
}

Json evaluate(const Client& client, const Json& asked) {
  const std::string key(asked.at("key").string_view());
  const std::string_view type = asked.at("type").string_view();
  const Json& fallback = asked.at("default");
  const EvaluationContext context = context_of(asked.at("context"));
  if (type == "boolean") return answer(client.boolean_details(key, *fallback.as_bool(), context));
  if (type == "integer") return answer(client.integer_details(key, *fallback.as_int(), context));
  if (type == "float") return answer(client.double_details(key, *fallback.as_double(), context));
  if (type == "string") return answer(client.string_details(key, fallback.string_view(), context));
  return answer(client.object_details(key, Structure(), context));
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 4) return 2;
  Client client = api().client();
  for (const ProviderEvent event :
       {ProviderEvent::kReady, ProviderEvent::kError, ProviderEvent::kConfigurationChanged, ProviderEvent::kStale})
    client.add_handler(event, [event](const EventDetails&) { say("told " + std::string(to_string(event))); });
  (void)api().set_provider_and_wait(std::make_shared<SinanProvider>(
      experiment::ClientOptions{.url = arguments[1],
                                .token = "",
                                .cache = arguments[2],
                                .wait = std::chrono::milliseconds(std::stoi(arguments[3]))}));
  say("started");
  for (std::string line; std::getline(std::cin, line);) {
    if (line == "status") {
      say("is " + std::string(to_string(client.provider_status())));
    } else {
      say("answer " + evaluate(client, *Json::parse(line)).dump());
    }
  }
  api().shutdown();
}
