// The JSON form of feature plans and label maps (docs/formats/model.md). Reading checks everything that later code relies
// on: a model file comes from outside.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/check.h"
#include "base/strings.h"
#include "ml/feature_plan.h"
#include "ml/feature_plan_input.h"
#include "ml/feature_values.h"

namespace sinan::ml {
namespace {

using arrow::Type;
using arrow::TypeId;

constexpr std::pair<TypeId, std::string_view> kTypeNames[] = {
    {TypeId::kNull, "null"},       {TypeId::kBool, "bool"},           {TypeId::kInt8, "int8"},
    {TypeId::kInt16, "int16"},     {TypeId::kInt32, "int32"},         {TypeId::kInt64, "int64"},
    {TypeId::kUInt8, "uint8"},     {TypeId::kUInt16, "uint16"},       {TypeId::kUInt32, "uint32"},
    {TypeId::kUInt64, "uint64"},   {TypeId::kFloat, "float"},         {TypeId::kDouble, "double"},
    {TypeId::kDecimal, "decimal"}, {TypeId::kString, "string"},       {TypeId::kDate, "date"},
    {TypeId::kTime, "time"},       {TypeId::kTimestamp, "timestamp"}, {TypeId::kDictionary, "enum"},
};
constexpr std::string_view kUnitNames[] = {"s", "ms", "us", "ns"};
// Of all functions of a plan together.
constexpr uint64_t kMostFeatures = uint64_t{1} << 20;

constexpr Transform::Kind kTransformKinds[] = {
    Transform::Kind::kNumber,     Transform::Kind::kYear,    Transform::Kind::kMonth,  Transform::Kind::kDay,
    Transform::Kind::kWeekday,    Transform::Kind::kHour,    Transform::Kind::kMinute, Transform::Kind::kEpoch,
    Transform::Kind::kVocabulary, Transform::Kind::kFunction};

Result<std::vector<std::string>> strings_from_json(const Json& json) {
  if (!json.is_array()) return fail(Code::kData, "expected a list of strings");
  std::vector<std::string> out;
  out.reserve(json.items().size());
  for (const Json& item : json.items()) out.push_back(TRY(item.as_string()));
  return out;
}

Json strings_to_json(const std::vector<std::string>& strings) {
  Json out = Json::array();
  for (const std::string& text : strings) out.push_back(text);
  return out;
}

// Whether this transform makes sense of a column of that type.
bool fits(Transform::Kind kind, const Type& type) {
  const auto input = input_kind(type);
  if (!input) return false;
  if (*input == InputKind::kNumber) return kind == Transform::Kind::kNumber;
  if (*input == InputKind::kText) return kind == Transform::Kind::kVocabulary;
  return std::ranges::find(moment_parts(*input), kind) != moment_parts(*input).end();
}

// Whether a function's term can read a column of that type.
bool fits(const Term& term, const Type& type) {
  const auto values = value_type(type);
  if (!values) return false;
  const Reading reading = term.source.reading;
  if (values->kind == ValueKind::kMoments || reading == Reading::kPart)
    return values->kind == ValueKind::kMoments && reading == Reading::kPart;
  if (reading == Reading::kWords) return values->kind == ValueKind::kTexts && !values->is_list;
  if (reading == Reading::kVector) return !values->is_map && (values->is_list || values->kind == ValueKind::kTexts);
  return !(reading == Reading::kNumber && values->is_list);
}

Result<Transform> function_from_json(Transform transform, const Json& json, const std::vector<arrow::Field>& inputs) {
  FeatureFunction function = TRY(feature_function_from_json(json.at("function")));
  for (const Term& term : function.terms) {
    const auto input = std::ranges::find(inputs, term.source.column, &arrow::Field::name);
    if (input == inputs.end() || !fits(term, input->type))
      return fail(Code::kData, fmt::format("feature does not fit its column: \"{}\"", transform.feature));
  }
  transform.function = std::make_shared<const FeatureFunction>(std::move(function));
  return transform;
}

Result<Transform> transform_from_json(const Json& json, const std::vector<arrow::Field>& inputs) {
  Transform transform;
  transform.feature = TRY(json.at("feature").as_string());
  transform.column = TRY(json.at("column").as_string());
  const std::string kind = TRY(json.at("transform").as_string());
  const auto found = std::ranges::find(kTransformKinds, kind, part_name);
  if (found == std::end(kTransformKinds)) {
    return fail(Code::kUnsupported, fmt::format("unknown transform: \"{}\"", kind),
                "this model was made by a newer version");
  }
  transform.kind = *found;
  if (transform.kind == Transform::Kind::kFunction) return function_from_json(std::move(transform), json, inputs);
  const auto input = std::ranges::find(inputs, transform.column, &arrow::Field::name);
  if (input == inputs.end() || !fits(transform.kind, input->type)) {
    return fail(Code::kData, fmt::format("feature does not fit its column: \"{}\"", transform.feature));
  }
  if (transform.kind == Transform::Kind::kVocabulary)
    transform.vocabulary = TRY(strings_from_json(json.at("vocabulary")));
  if (json.find("cut") != nullptr) transform.is_cut = TRY(json.at("cut").as_bool());
  return transform;
}

}  // namespace

Json type_to_json(const Type& type) {
  if (type.id == TypeId::kList || type.id == TypeId::kMap) {
    Json out = Json::object({{"type", type.id == TypeId::kList ? "list" : "map"}});
    out.set("items", type_to_json(type.children.at(0).type));
    if (type.id == TypeId::kMap) out.set("values", type_to_json(type.children.at(1).type));
    return out;
  }
  const auto name = std::ranges::find(kTypeNames, type.id, [](const auto& entry) { return entry.first; });
  CHECK(name != std::end(kTypeNames));
  Json out = Json::object({{"type", name->second}});
  if (type.id == TypeId::kDecimal) {
    out.set("precision", static_cast<int>(type.precision));
    out.set("scale", static_cast<int>(type.scale));
  }
  if (type.id == TypeId::kTime || type.id == TypeId::kTimestamp)
    out.set("unit", kUnitNames[static_cast<size_t>(type.unit)]);
  if (type.has_zone) out.set("zone", true);
  return out;
}

Result<Type> type_from_json(const Json& json) {
  const std::string text = TRY(json.at("type").as_string());
  if (text == "list" || text == "map") {
    Type type{text == "list" ? TypeId::kList : TypeId::kMap};
    for (const char* const child : {"items", "values"}) {
      if (type.id == TypeId::kList && type.children.size() == 1) break;
      type.children.push_back({child, TRY(type_from_json(json.at(child))), true});
      const TypeId inner = type.children.back().type.id;
      if (inner == TypeId::kList || inner == TypeId::kMap) return fail(Code::kData, "lists of lists are no features");
    }
    return type;
  }
  const auto name = std::ranges::find(kTypeNames, text, [](const auto& entry) { return entry.second; });
  if (name == std::end(kTypeNames)) return fail(Code::kData, fmt::format("unknown type: \"{}\"", text));
  Type type{name->first};
  if (type.id == TypeId::kDecimal) {
    const int64_t precision = TRY(json.at("precision").as_int());
    const int64_t scale = TRY(json.at("scale").as_int());
    if (precision < 1 || precision > 76 || scale < -76 || scale > 76)
      return fail(Code::kData, "impossible decimal type");
    type.precision = static_cast<uint8_t>(precision);
    type.scale = static_cast<int8_t>(scale);
  }
  if (type.id == TypeId::kTime || type.id == TypeId::kTimestamp) {
    const std::string unit = TRY(json.at("unit").as_string());
    const auto found = std::ranges::find(kUnitNames, unit);
    if (found == std::end(kUnitNames)) return fail(Code::kData, fmt::format("unknown time unit: \"{}\"", unit));
    type.unit = static_cast<arrow::TimeUnit>(found - std::begin(kUnitNames));
  }
  if (json.find("zone") != nullptr) type.has_zone = TRY(json.at("zone").as_bool());
  if (type.id == TypeId::kDictionary) {
    type.index = TypeId::kInt32;
    type.children.push_back({"", Type{TypeId::kString}, true});
  }
  return type;
}

Json FeaturePlan::to_json() const {
  Json inputs = Json::array();
  for (const arrow::Field& field : inputs_) {
    Json entry = type_to_json(field.type);
    entry.set("name", field.name);
    inputs.push_back(std::move(entry));
  }
  Json transforms = Json::array();
  for (const Transform& transform : transforms_) {
    Json entry = Json::object(
        {{"feature", transform.feature}, {"column", transform.column}, {"transform", part_name(transform.kind)}});
    if (transform.kind == Transform::Kind::kVocabulary) entry.set("vocabulary", strings_to_json(transform.vocabulary));
    if (transform.is_cut) entry.set("cut", true);
    if (transform.function) entry.set("function", ml::to_json(*transform.function));
    transforms.push_back(std::move(entry));
  }
  Json out = Json::object({{"inputs", std::move(inputs)}, {"features", std::move(transforms)}});
  if (groups_) out.set("groups", groups_->to_json());
  return out;
}

Result<FeaturePlan> FeaturePlan::from_json(const Json& json) {
  if (!json.at("inputs").is_array() || !json.at("features").is_array())
    return fail(Code::kData, "feature plan has no features");
  std::vector<arrow::Field> inputs;
  std::set<std::string> names;
  for (const Json& item : json.at("inputs").items()) {
    arrow::Field field{TRY(item.at("name").as_string()), TRY(type_from_json(item)), true};
    if (!value_type(field.type))
      return fail(Code::kData, fmt::format("input has a type that is no feature: \"{}\"", field.name));
    if (!names.insert(to_lower(field.name)).second)
      return fail(Code::kData, fmt::format("input twice: \"{}\"", field.name));
    inputs.push_back(std::move(field));
  }
  std::vector<Transform> transforms;
  uint64_t features = 0;
  for (const Json& item : json.at("features").items()) {
    transforms.push_back(TRY(transform_from_json(item, inputs)));
    features += transforms.back().width();
    if (features > kMostFeatures) return fail(Code::kData, fmt::format("more than {} features", kMostFeatures));
  }
  FeaturePlan plan(std::move(transforms), std::move(inputs));
  names.clear();
  for (const Feature& feature : plan.schema().features) {
    if (!names.insert(feature.name).second)
      return fail(Code::kData, fmt::format("feature twice: \"{}\"", feature.name));
  }
  if (json.find("groups") == nullptr) return plan;
  RowGroups groups = TRY(RowGroups::from_json(json.at("groups")));
  for (const std::string& column : groups.columns) {
    const auto same = [&](const arrow::Field& input) { return equals_ignore_case(input.name, column); };
    if (std::ranges::none_of(plan.inputs_, same))
      return fail(Code::kData, fmt::format("column of the groups is no input: \"{}\"", column));
  }
  return plan.with_groups(std::move(groups), {});
}

Json to_json(const LabelMap& label) {
  if (label.kind == LabelMap::Kind::kNone) return nullptr;
  Json out = type_to_json(label.type);
  out.set("column", label.column);
  if (label.kind == LabelMap::Kind::kClasses) out.set("classes", strings_to_json(label.classes));
  if (!label.outputs.empty()) out.set("outputs", strings_to_json(label.outputs));
  return out;
}

Result<LabelMap> label_map_from_json(const Json& json) {
  LabelMap label;
  if (json.is_null()) return label;
  label.column = TRY(json.at("column").as_string());
  label.type = TRY(type_from_json(json));
  label.kind = LabelMap::Kind::kNumber;
  if (json.find("classes") != nullptr) {
    label.kind = LabelMap::Kind::kClasses;
    label.classes = TRY(strings_from_json(json.at("classes")));
    if (label.classes.size() < 2) return fail(Code::kData, "label has fewer than two classes");
  } else if (!label.type.is_numeric() && label.type.id != TypeId::kBool) {
    return fail(Code::kData, fmt::format("label is no number: {}", label.type.to_string()));
  }
  if (json.find("outputs") != nullptr) label.outputs = TRY(strings_from_json(json.at("outputs")));
  return label;
}

}  // namespace sinan::ml
