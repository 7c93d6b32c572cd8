#include "catalog/record_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

namespace sinan::catalog {
namespace {

template <class Item>
Json list_of(const std::vector<Item>& list, Json (*to)(const Item&)) {
  Json::Array items;
  for (const Item& item : list) items.push_back(to(item));
  return items;
}

Json node_json(const LineageNode& node) {
  return Json::object({{"object", to_json(node.object)}, {"column", node.column}});
}

Json edge_json(const LineageEdge& edge) {
  return Json::object(
      {{"from", node_json(edge.from)}, {"to", node_json(edge.to)}, {"how", edge.how}, {"adds", edge.adds}});
}

Json object_json(const NewObject& object) {
  Json json = Json::object(
      {{"ref", to_json(object.ref)}, {"folder", object.folder.generic_string()}, {"payload", object.payload}});
  if (object.replaces) json.set("replaces", *object.replaces);
  return json;
}

constexpr std::pair<ObjectChange::Kind, std::string_view> kChanges[] = {
    {ObjectChange::Kind::kSetAlias, "set alias"},
    {ObjectChange::Kind::kDropAlias, "drop alias"},
    {ObjectChange::Kind::kRename, "rename"},
    {ObjectChange::Kind::kComment, "comment"},
};

Json change_json(const ObjectChange& change) {
  const auto* const found = std::ranges::find(kChanges, change.kind, [](const auto& entry) { return entry.first; });
  return Json::object({{"change", found->second}, {"ref", to_json(change.ref)}, {"text", change.text}});
}

Result<uint32_t> small_number(const Json& json) {
  const int64_t value = TRY(json.as_int());
  if (value < 0 || value > std::numeric_limits<uint32_t>::max()) {
    return fail(Code::kData, fmt::format("number is out of range: {}", value));
  }
  return static_cast<uint32_t>(value);
}

Result<LineageNode> lineage_node(const Json& json) {
  return LineageNode{TRY(object_ref_from_json(json.at("object"))), TRY(json.at("column").as_string())};
}

Result<LineageEdge> lineage_edge(const Json& json) {
  return LineageEdge{TRY(lineage_node(json.at("from"))), TRY(lineage_node(json.at("to"))),
                     TRY(json.at("how").as_string()), TRY(json.at("adds").as_bool())};
}

Result<NewObject> new_object(const Json& json) {
  NewObject object{
      TRY(object_ref_from_json(json.at("ref"))), TRY(json.at("folder").as_string()), json.at("payload"), {}};
  if (json.find("replaces") != nullptr) object.replaces = TRY(small_number(json.at("replaces")));
  return object;
}

Result<ObjectChange> object_change(const Json& json) {
  const std::string name = TRY(json.at("change").as_string());
  const auto* const found = std::ranges::find(kChanges, name, [](const auto& entry) { return entry.second; });
  if (found == std::end(kChanges)) return fail(Code::kData, fmt::format("not a change of an object: \"{}\"", name));
  return ObjectChange{found->first, TRY(object_ref_from_json(json.at("ref"))), TRY(json.at("text").as_string())};
}

template <class Read>
auto read_list(const Json& json, Read read) -> Result<std::vector<typename decltype(read(json))::value_type>> {
  if (!json.is_array()) return fail(Code::kData, "a list is missing");
  std::vector<typename decltype(read(json))::value_type> result;
  for (const Json& item : json.items()) result.push_back(TRY(read(item)));
  return result;
}

}  // namespace

Json to_json(const ObjectRef& ref) {
  return Json::object({{"kind", ref.kind}, {"name", ref.name}, {"version", ref.version}});
}

Result<ObjectRef> object_ref_from_json(const Json& json) {
  return ObjectRef{TRY(json.at("kind").as_string()), TRY(json.at("name").as_string()),
                   TRY(small_number(json.at("version")))};
}

Json to_json(const Access& access) {
  Json json = Json::object(
      {{"reads", list_of<ObjectRef>(access.reads, to_json)}, {"writes", list_of<ObjectRef>(access.writes, to_json)}});
  if (access.barrier) json.set("barrier", *access.barrier);
  return json;
}

Result<Access> access_from_json(const Json& json) {
  Access access{TRY(read_list(json.at("reads"), object_ref_from_json)),
                TRY(read_list(json.at("writes"), object_ref_from_json)), std::nullopt};
  if (const Json* barrier = json.find("barrier")) access.barrier = TRY(barrier->as_string());
  return access;
}

Json to_json(const StepRecord& record) {
  return Json::object({
      {"index", record.index},
      {"statement", record.statement},
      {"kind", record.kind},
      {"status", to_string(record.status)},
      {"fingerprint", record.fingerprint ? Json(record.fingerprint->to_hex()) : Json()},
      {"started", static_cast<int64_t>(record.started.time_since_epoch().count())},
      {"duration", static_cast<int64_t>(record.duration.count())},
      {"rows_read", record.rows_read},
      {"rows_written", record.rows_written},
      {"peak_memory_bytes", record.peak_memory_bytes},
      {"error", record.error},
      {"details", record.details},
      {"access", to_json(record.access)},
      {"lineage", list_of(record.lineage, edge_json)},
      {"objects", list_of(record.objects, object_json)},
      {"dropped", list_of<ObjectRef>(record.dropped, to_json)},
      {"changes", list_of(record.changes, change_json)},
  });
}

Result<StepRecord> step_record_from_json(const Json& json) {
  StepRecord record;
  record.index = TRY(small_number(json.at("index")));
  record.statement = TRY(json.at("statement").as_string());
  record.kind = TRY(json.at("kind").as_string());
  record.status = TRY(step_status_named(TRY(json.at("status").as_string())));
  if (const Json& hex = json.at("fingerprint"); !hex.is_null()) {
    record.fingerprint = TRY(fingerprint_from_hex(TRY(hex.as_string())));
  }
  record.started = TimePoint(std::chrono::microseconds(TRY(json.at("started").as_int())));
  record.duration = std::chrono::nanoseconds(TRY(json.at("duration").as_int()));
  record.rows_read = TRY(json.at("rows_read").as_int());
  record.rows_written = TRY(json.at("rows_written").as_int());
  record.peak_memory_bytes = static_cast<uint64_t>(TRY(json.at("peak_memory_bytes").as_int()));
  record.error = TRY(json.at("error").as_string());
  record.details = json.at("details");
  record.access = TRY(access_from_json(json.at("access")));
  record.lineage = TRY(read_list(json.at("lineage"), lineage_edge));
  record.objects = TRY(read_list(json.at("objects"), new_object));
  record.dropped = TRY(read_list(json.at("dropped"), object_ref_from_json));
  // Of a step that version 1 of the catalog left under way: none.
  if (json.find("changes") != nullptr) record.changes = TRY(read_list(json.at("changes"), object_change));
  return record;
}

Result<Fingerprint> fingerprint_from_hex(std::string_view hex) {
  const auto half = [&](size_t at, uint64_t& out) {
    const auto [end, error] = std::from_chars(hex.data() + at, hex.data() + at + 16, out, 16);
    return error == std::errc{} && end == hex.data() + at + 16;
  };
  Fingerprint result;
  if (hex.size() != 32 || !half(0, result.high) || !half(16, result.low)) {
    return fail(Code::kData, fmt::format("not a fingerprint: \"{}\"", hex));
  }
  return result;
}

std::string_view to_string(StepStatus status) {
  switch (status) {
    case StepStatus::kDone:
      return "done";
    case StepStatus::kCached:
      return "cached";
    case StepStatus::kFailed:
      return "failed";
    case StepStatus::kSkipped:
      return "skipped";
    case StepStatus::kCancelled:
      return "cancelled";
  }
  std::unreachable();
}

Result<StepStatus> step_status_named(std::string_view name) {
  for (const StepStatus status :
       {StepStatus::kDone, StepStatus::kCached, StepStatus::kFailed, StepStatus::kSkipped, StepStatus::kCancelled}) {
    if (to_string(status) == name) return status;
  }
  return fail(Code::kData, fmt::format("not a step status: \"{}\"", name));
}

}  // namespace sinan::catalog
