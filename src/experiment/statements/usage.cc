#include "experiment/statements/usage.h"

#include <utility>

#include "base/json.h"

namespace sinan::experiment {
namespace {

constexpr std::string_view kNote = "parameter_reads";

Json usage_json(const Usage& usage) {
  Json parameters = Json::object();
  for (const auto& [name, reads] : usage.parameters) {
    parameters.set(name, Json::object({{"count", reads.count}, {"last", to_iso8601(reads.last)}}));
  }
  Json out = Json::object({{"parameters", std::move(parameters)}});
  if (usage.since) out.set("since", to_iso8601(*usage.since));
  return out;
}

Result<Usage> usage_from_json(const Json& json) {
  Usage usage;
  if (const Json* since = json.find("since")) usage.since = TRY(from_iso8601(since->string_view()));
  for (const auto& [name, reads] : json.at("parameters").members()) {
    usage.parameters[name] = {static_cast<uint64_t>(TRY(reads.at("count").as_int())),
                              TRY(from_iso8601(reads.at("last").string_view()))};
  }
  return usage;
}

Result<Usage> parse_usage(std::string_view text) { return usage_from_json(TRY(Json::parse(text))); }

}  // namespace

const Usage::Reads* Usage::find(std::string_view parameter) const {
  const auto found = parameters.find(parameter);
  return found == parameters.end() ? nullptr : &found->second;
}

Result<Usage> stored_usage(const catalog::Catalog& catalog) {
  const auto note = TRY(catalog.note(kNote));
  if (!note) return Usage{};
  auto usage = parse_usage(*note);
  if (!usage) return fail(std::move(usage).error()).within("while reading how often parameters were read");
  return usage;
}

Status ReadRecorder::record(const std::map<std::string, uint64_t>& counts) {
  if (recorded_ == counts) return {};
  Usage usage = TRY(stored_usage(catalog_));
  const TimePoint now = std::chrono::floor<std::chrono::minutes>(clock_.now());
  if (!usage.since) usage.since = now;
  for (const auto& [name, count] : counts) {
    const uint64_t before = recorded_ && recorded_->contains(name) ? recorded_->at(name) : 0;
    if (count > before) usage.parameters[name] = {usage.parameters[name].count + count - before, now};
  }
  TRY(catalog_.set_note(kNote, usage_json(usage).dump()));
  recorded_ = counts;
  return {};
}

}  // namespace sinan::experiment
