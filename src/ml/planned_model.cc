#include "ml/planned_model.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"

namespace sinan::ml {
namespace {

// "zoo.m" of "zoo.m:3" and "zoo.m@prod".
std::string_view without_version(std::string_view name) { return name.substr(0, name.find_first_of(":@")); }

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
  }
  signature.task = task_named(object.payload.at("task").string_view());
  return signature;
}

}  // namespace

ObjectRef model_ref(std::string_view name) { return {std::string(object_kind::kModel), to_lower(name), 0}; }

Result<ModelSignature> find_signature(const sql::Name& name, flow::CheckContext& context) {
  const ObjectRef bare = model_ref(without_version(name.text));
  const bool has_version = bare.name.size() != name.text.size();
  if (!has_version) {
    if (const auto planned = std::dynamic_pointer_cast<const PlannedModel>(context.planned(bare)))
      return planned->signature;
  }
  if (context.dropped(bare)) {
    return fail(Code::kNotFound, fmt::format("model is dropped by an earlier statement: \"{}\"", name.text))
        .at(name.span);
  }
  auto object = context.catalog().object(model_ref(name.text));
  if (!object) {
    if (object.error().code != Code::kNotFound) return std::unexpected(std::move(object).error().at(name.span));
    const std::vector<std::string> known = context.known_names(object_kind::kModel);
    if (has_version && std::ranges::find(known, bare.name) != known.end()) {
      return fail(Code::kNotFound, fmt::format("model has no such version: \"{}\"", name.text),
                  fmt::format("DESCRIBE MODEL {} lists its versions", bare.name))
          .at(name.span);
    }
    return not_found(name.text, known).at(name.span);
  }
  auto signature = from_payload(*object);
  if (!signature)
    return fail(std::move(signature).error()).at(name.span).within(fmt::format("reading model {}", name.text));
  return signature;
}

Result<std::shared_ptr<const Model>> open_model(std::string_view name, flow::RunContext& context) {
  auto object = context.catalog().object(model_ref(name));
  if (!object) return fail(std::move(object).error()).within(fmt::format("opening model {}", name));
  return Model::open(context.project_folder() / ".sinan" / object->folder, context.files());
}

}  // namespace sinan::ml
