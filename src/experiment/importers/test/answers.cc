#include "experiment/importers/test/answers.h"

#include <bit>

#include "experiment/bound.h"
#include "experiment/compile.h"
#include "experiment/configuration_json.h"
#include "experiment/evaluator/evaluate.h"
#include "experiment/importers/import.h"

namespace sinan::experiment {
namespace {

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

Json answer(const Snapshot& snapshot, const Json& members) {
  std::vector<std::vector<std::string_view>> lists;
  lists.reserve(members.members().size());
  Context context;
  for (const auto& [name, value] : members.members()) {
    if (value.is_string()) context.set(name, value.string_view());
    if (value.is_bool()) context.set(name, *value.as_bool());
    if (value.is_int()) {
      context.set(name, *value.as_int());
    } else if (value.is_number()) {
      context.set(name, *value.as_double());
    }
    if (!value.is_array()) continue;
    auto& list = lists.emplace_back();
    for (const Json& item : value.items()) list.push_back(item.string_view());
    context.set(name, std::span<const std::string_view>(list));
  }
  Json out = Json::object();
  for (const format::Parameter& parameter : snapshot.parameters()) {
    const std::string_view name = snapshot.text(parameter.name);
    out.set(std::string(name), value_json(snapshot, evaluate(snapshot, name, context).value));
  }
  return out;
}

}  // namespace

Result<Json> answers_to(const Json& request) {
  const auto platform = platform_named(request.at("platform").string_view());
  if (!platform) return fail(Code::kArgument, "no such platform");
  ImportOptions options;
  options.prefix = request.at("options").at("prefix").string_view();
  options.unit = request.at("options").at("unit").string_view();
  options.salt = request.at("options").at("salt").string_view();
  for (const Json& name : request.at("options").at("lists").items()) options.lists.emplace_back(name.string_view());
  options.defaults = request.at("options").at("defaults");
  const Json& text = request.at("text");
  const Imported imported = TRY(import_configuration(
      *platform, text.is_string() ? std::string(text.string_view()) : request.at("document").dump(), options, {}));
  Configuration added;
  added.version = 1;
  TRY(add_imported(imported, added));
  // As it is stored and read again.
  const Configuration configuration = TRY(configuration_from_json(to_json(added).dump()));
  const Bound bound = TRY(bind(configuration));
  const auto snapshot = TRY(Snapshot::load(compile(bound, 1)));
  Json answers = Json::array();
  for (const Json& context : request.at("contexts").items()) answers.push_back(answer(*snapshot, context));
  Json notes = Json::array();
  for (const std::string& note : imported.notes) notes.push_back(note);
  return Json::object({{"answers", std::move(answers)}, {"notes", std::move(notes)}});
}

}  // namespace sinan::experiment
