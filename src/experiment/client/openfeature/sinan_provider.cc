#include "experiment/client/openfeature/sinan_provider.h"

#include <bit>
#include <span>
#include <type_traits>
#include <utility>

#include "base/json.h"
#include "experiment/evaluator/evaluate.h"

namespace sinan::openfeature {
namespace {

using experiment::ClientEvent;
using experiment::ClientStatus;
using experiment::Detail;
using experiment::Snapshot;

// The evaluator's context borrows from the one that was given, and its lists from here.
class Borrowed {
 public:
  Borrowed(experiment::Context context, const EvaluationContext& given) : context_(std::move(context)) {
    for (const auto& [name, value] : given.attributes) set(name, value);
    if (!given.targeting_key) return;
    context_.set("targetingKey", std::string_view(*given.targeting_key));
    const auto user = given.attributes.find("user_id");
    if (user == given.attributes.end() || user->second.is_null())
      context_.set("user_id", std::string_view(*given.targeting_key));
  }
  const experiment::Context& context() const { return context_; }

 private:
  void set(std::string_view name, const Value& value) {
    value.visit([&]<class T>(const T& one) {
      if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, int64_t> || std::is_same_v<T, double>) {
        context_.set(name, one);
      } else if constexpr (std::is_same_v<T, std::string>) {
        context_.set(name, std::string_view(one));
      } else if constexpr (std::is_same_v<T, DateTime>) {
        context_.set_time(name, one.micros);
      } else if constexpr (std::is_same_v<T, Value::List>) {
        std::vector<std::string_view>& list = lists_.emplace_back();
        for (const Value& element : one) {
          if (const auto* text = element.get_if<std::string>()) list.push_back(*text);
        }
        context_.set(name, std::span<const std::string_view>(list));
      }
    });
  }

  experiment::Context context_;
  std::vector<std::vector<std::string_view>> lists_;
};

Value from_json(const Json& json) {
  if (json.is_bool()) return *json.as_bool();
  if (json.is_int()) return *json.as_int();
  if (json.is_number()) return *json.as_double();
  if (json.is_string()) return json.string_view();
  if (json.is_array()) {
    Value::List list;
    for (const Json& item : json.items()) list.push_back(from_json(item));
    return list;
  }
  if (!json.is_object()) return {};
  Structure structure;
  for (const auto& [name, value] : json.members()) structure[name] = from_json(value);
  return structure;
}

// In the order of experiment::Reason.
Reason reason_of(experiment::Reason reason) {
  constexpr Reason kReasons[] = {Reason::kStatic, Reason::kDefault, Reason::kTargetingMatch, Reason::kSplit,
                                 Reason::kError};
  return kReasons[static_cast<size_t>(reason)];
}

Value value_of(const Snapshot& snapshot, const Detail& detail, FlagType type) {
  const experiment::format::Value& value = snapshot.tables().values[detail.value];
  switch (type) {
    case FlagType::kBoolean:
      return value.bits != 0;
    case FlagType::kInteger:
      return static_cast<int64_t>(value.bits);
    case FlagType::kDouble:  // also of an int
      return value.type == 1 ? static_cast<double>(static_cast<int64_t>(value.bits))
                             : std::bit_cast<double>(value.bits);
    case FlagType::kString:
      return snapshot.text(value.text);
    case FlagType::kObject:
      break;
  }
  const auto json = Json::parse(snapshot.text(value.text));
  return json ? from_json(*json) : Value();
}

Metadata metadata_of(const Snapshot& snapshot, const Detail& detail) {
  Metadata metadata;
  metadata["configVersion"] = static_cast<int64_t>(detail.version);
  metadata["exposure"] = detail.exposure_count > 0;
  if (detail.decided_by.experiment != experiment::format::kNone) {
    metadata["experiment"] = std::string(experiment_name(snapshot, detail.decided_by));
    metadata["group"] = std::string(group_name(snapshot, detail.decided_by));
    if (detail.decided_by.bucket != experiment::format::kNone) metadata["bucket"] = int64_t{detail.decided_by.bucket};
  }
  std::string memberships;
  for (uint32_t i = 0; i < detail.exposure_count; ++i) {
    memberships += (memberships.empty() ? "" : ";") + std::string(experiment_name(snapshot, detail.exposures[i])) +
                   ":" + std::string(group_name(snapshot, detail.exposures[i]));
  }
  if (!memberships.empty()) metadata["experiments"] = std::move(memberships);
  return metadata;
}

std::string variant_of(const Snapshot& snapshot, const Detail& detail) {
  if (detail.decided_by.experiment != experiment::format::kNone)
    return std::string(group_name(snapshot, detail.decided_by));
  return detail.reason == experiment::Reason::kTargetingMatch ? "rule" : "default";
}

Resolution<Value> failure(const Value& fallback, ErrorCode code, std::string message) {
  return {.value = fallback, .reason = Reason::kError, .error_code = code, .error_message = std::move(message)};
}

}  // namespace

SinanProvider::SinanProvider(experiment::ClientOptions options, Tracker tracker)
    : options_(std::move(options)), tracker_(std::move(tracker)) {}
SinanProvider::~SinanProvider() = default;

Status SinanProvider::initialize(const EvaluationContext& /*context*/, Emit emit) {
  std::shared_ptr<experiment::Client> client = TRY(experiment::Client::start(options_));
  {
    const std::lock_guard lock(mutex_);
    client_ = client;
    // Who has only the last known snapshot becomes READY by returning, and STALE when the server has not answered again.
    told_ = client->status() == ClientStatus::kNotReady ? ClientStatus::kNotReady : ClientStatus::kReady;
  }
  client->on_change([this, it = client.get(), emit = std::move(emit)](ClientEvent event) { tell(*it, event, emit); });
  if (client->status() != ClientStatus::kNotReady) return {};
  const std::string trouble = client->last_error();
  return fail(Code::kUnavailable, trouble.empty() ? "the server has not answered in time" : trouble);
}

void SinanProvider::shutdown() {
  std::shared_ptr<experiment::Client> client;
  {
    const std::lock_guard lock(mutex_);
    client = std::exchange(client_, nullptr);
  }
}

void SinanProvider::tell(experiment::Client& client, ClientEvent event, const Emit& emit) {
  const ClientStatus status = client.status();
  EventDetails details{.message = client.last_error(),
                       .metadata = {{"configVersion", static_cast<int64_t>(client.read()->version())}}};
  // Of which flags a change is, is not known: a parameter may decide over any other.
  if (event == ClientEvent::kChanged) {
    if (status != ClientStatus::kNotReady) emit(ProviderEvent::kConfigurationChanged, std::move(details));
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(told_, status) == status) return;
  }
  emit(status == ClientStatus::kReady ? ProviderEvent::kReady : ProviderEvent::kStale, std::move(details));
}

Resolution<Value> SinanProvider::resolve(std::string_view flag_key, FlagType type, const Value& fallback,
                                         const EvaluationContext& context) {
  std::shared_ptr<experiment::Client> client;
  {
    const std::lock_guard lock(mutex_);
    client = client_;
  }
  if (client == nullptr || client->status() == ClientStatus::kNotReady)
    return failure(fallback, ErrorCode::kProviderNotReady, "there is no configuration yet");
  constexpr uint32_t kTypes[] = {0, 1, 2, 3, 4};  // of the evaluator, in the order of FlagType
  const Borrowed given(client->context(), context);
  const auto snapshot = client->read();
  const Detail detail = evaluate_as(*snapshot, flag_key, kTypes[static_cast<size_t>(type)], given.context());
  if (detail.missing_unit) {
    return failure(fallback, ErrorCode::kTargetingKeyMissing,
                   "an experiment would apply, but the context lacks its unit");
  }
  if (detail.problem == experiment::Problem::kFlagNotFound)
    return failure(fallback, ErrorCode::kFlagNotFound, "no such parameter: " + std::string(flag_key));
  if (detail.problem == experiment::Problem::kTypeMismatch)
    return failure(fallback, ErrorCode::kTypeMismatch, "the parameter has another type: " + std::string(flag_key));
  return {.value = value_of(*snapshot, detail, type),
          .reason = reason_of(detail.reason),
          .variant = variant_of(*snapshot, detail),
          .flag_metadata = metadata_of(*snapshot, detail)};
}

void SinanProvider::track(std::string_view event, const EvaluationContext& context, const TrackingDetails& details) {
  if (tracker_) tracker_(event, context, details);
}

}  // namespace sinan::openfeature
