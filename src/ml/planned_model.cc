#include "ml/planned_model.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"

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
  }
  if (const Json* rows = object.payload.find("calibration_rows")) {
    signature.calibration_rows = static_cast<uint64_t>(TRY(rows->as_int()));
  }
  signature.predicts_score = object.payload.at("objective").string_view() == kScoreObjective;
  signature.task = task_named(object.payload.at("task").string_view());
  return signature;
}

}  // namespace

std::string_view without_version(std::string_view name) { return name.substr(0, name.find_first_of(":@")); }

ObjectRef model_ref(std::string_view name) { return {std::string(object_kind::kModel), to_lower(name), 0}; }

Result<ModelSignature> find_signature(const sql::Name& name, const flow::ObjectScope& objects) {
  const ObjectRef bare = model_ref(without_version(name.text));
  const bool has_version = bare.name.size() != name.text.size();
  if (!has_version) {
    if (const auto planned = std::dynamic_pointer_cast<const PlannedModel>(objects.planned(bare)))
      return planned->signature;
  }
  if (objects.dropped(bare)) {
    return fail(Code::kNotFound, fmt::format("model is dropped by an earlier statement: \"{}\"", name.text))
        .at(name.span);
  }
  auto object = objects.catalog().object(model_ref(name.text));
  if (!object) {
    if (object.error().code != Code::kNotFound) return std::unexpected(std::move(object).error().at(name.span));
    const std::vector<std::string> known = objects.known_names(object_kind::kModel);
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
