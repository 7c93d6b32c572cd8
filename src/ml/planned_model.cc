#include "ml/planned_model.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "catalog/object_name.h"

namespace sinan::ml {
namespace {

Failure not_found(std::string_view name, const std::vector<std::string>& known) {
  const std::string near = did_you_mean(without_version(name), known);
  return fail(Code::kNotFound, fmt::format("unknown model: \"{}\"", name),
              !near.empty()   ? near
              : known.empty() ? "train one first: SELECT .. TO TRAIN .. INTO name"
                              : "SHOW MODELS lists those there are");
}

Result<ModelSignature> from_payload(const catalog::ObjectVersion& object) {
  ModelSignature signature;
  signature.ref = object.ref;
  for (const Json& input : object.payload.at("inputs").items()) {
    signature.inputs.push_back({TRY(input.at("name").as_string()), TRY(type_from_json(input)), true});
  }
  const Json& label = object.payload.at("label");
  if (!label.is_null()) {
    signature.label = TRY(label.at("column").as_string());
    signature.label_type = TRY(type_from_json(label));
    for (const Json& output : label.at("outputs").items()) signature.outputs.push_back(TRY(output.as_string()));
  }
  if (const Json* rows = object.payload.find("calibration_rows")) {
    signature.calibration_rows = static_cast<uint64_t>(TRY(rows->as_int()));
  }
  signature.predicts_score = object.payload.at("objective").string_view() == kScoreObjective;
  signature.task = task_named(object.payload.at("task").string_view());
  return signature;
}

std::shared_ptr<const PlannedModel> planned_model(const ObjectRef& ref, const flow::ObjectScope& objects) {
  return std::dynamic_pointer_cast<const PlannedModel>(objects.planned(ref));
}

std::string suffix_of(const catalog::ObjectName& name) {
  if (!name.alias.empty()) return fmt::format("@{}", name.alias);
  return name.version == 0 ? std::string() : fmt::format(":{}", name.version);
}

}  // namespace

std::string_view without_version(std::string_view name) { return name.substr(0, name.find_first_of(":@")); }

ObjectRef model_ref(std::string_view name) { return {std::string(object_kind::kModel), to_lower(name), 0}; }

std::vector<ObjectRef> ModelSignature::reads() const {
  if (!alias) return {ref};
  return {ref, *alias};
}

Result<ModelSignature> find_signature(const sql::Name& name, const flow::ObjectScope& objects) {
  auto parsed = catalog::parse_object_name(name.text);
  if (!parsed) return fail(std::move(parsed).error()).at(name.span);
  const ObjectRef bare = model_ref(parsed->name);
  const auto found = [&](ModelSignature signature) {
    if (!parsed->alias.empty()) signature.alias = model_ref(fmt::format("{}@{}", parsed->name, parsed->alias));
    return signature;
  };
  if (objects.dropped(bare)) {
    return fail(Code::kNotFound, fmt::format("model is dropped by an earlier statement: \"{}\"", name.text))
        .at(name.span);
  }
  const bool has_version = parsed->version != 0 || !parsed->alias.empty();
  const auto planned = planned_model(bare, objects);
  // The model itself, or an alias that was set before.
  const ObjectRef whole = model_ref(bare.name + suffix_of(*parsed));
  if (const auto exactly = planned_model(whole, objects)) return found(exactly->signature);
  // What the catalog, and statements before the renaming, call it.
  const bool is_renamed = planned && !planned->signature.renamed_from.empty();
  const std::string old_name = is_renamed ? planned->signature.renamed_from : bare.name;
  const ObjectRef old = is_renamed ? model_ref(old_name + suffix_of(*parsed)) : whole;
  if (const auto before = is_renamed ? planned_model(old, objects) : nullptr) return found(before->signature);
  auto object = objects.catalog().object(old);
  if (!object && object.error().code != Code::kNotFound) return fail(std::move(object).error()).at(name.span);
  if (object && !objects.dropped(whole)) {
    auto signature = from_payload(*object);
    if (!signature)
      return fail(std::move(signature).error()).at(name.span).within(fmt::format("reading model {}", name.text));
    signature->ref.name = bare.name;
    return found(*std::move(signature));
  }
  // Versions count up: a number beyond the newest is one of those that are made before.
  if (planned && parsed->version != 0) {
    const auto newest = objects.catalog().object(model_ref(old_name));
    if (parsed->version > (newest ? newest->ref.version : 0)) return found(planned->signature);
  }
  const std::vector<std::string> known = objects.known_names(object_kind::kModel);
  if (has_version && std::ranges::find(known, bare.name) != known.end()) {
    return fail(Code::kNotFound,
                fmt::format("model has no such {}: \"{}\"", parsed->version == 0 ? "alias" : "version", name.text),
                fmt::format("DESCRIBE MODEL {} lists its versions and aliases", bare.name))
        .at(name.span);
  }
  return not_found(name.text, known).at(name.span);
}

namespace {

Result<std::shared_ptr<const Model>> open_version(std::string_view name, const catalog::Catalog& catalog,
                                                  const std::filesystem::path& project_folder, io::FileSystem& files) {
  auto object = catalog.object(model_ref(name));
  if (!object) return fail(std::move(object).error()).within(fmt::format("opening model {}", name));
  return Model::open(project_folder / ".sinan" / object->folder, files);
}

}  // namespace

Result<std::shared_ptr<const Model>> open_model(std::string_view name, flow::RunContext& context) {
  return open_version(name, context.catalog(), context.project_folder(), context.files());
}

Result<std::shared_ptr<const Model>> open_model(std::string_view name, const flow::FunctionHome& home) {
  return open_version(name, home.catalog, home.project_folder, home.files);
}

}  // namespace sinan::ml
