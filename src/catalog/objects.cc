// Named objects, their versions and aliases.

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "catalog/object_name.h"
#include "catalog/sqlite_catalog.h"

namespace sinan::catalog {
namespace {

Error not_found(std::string_view kind, std::string_view name, const std::vector<ObjectVersion>& known) {
  std::vector<std::string> names;
  for (const ObjectVersion& object : known) names.push_back(object.ref.name);
  std::string hint = did_you_mean(name, names);
  if (hint.empty()) hint = fmt::format("SHOW {}S lists what there is", kind);
  return Error{Code::kNotFound, fmt::format("no such {}: \"{}\"", kind, name), std::move(hint), std::nullopt, {}};
}

std::string version_list(const std::vector<ObjectVersion>& versions) {
  if (versions.size() == 1) return fmt::format("there is version {} only", versions.front().ref.version);
  return fmt::format("versions {} to {} exist", versions.back().ref.version, versions.front().ref.version);
}

// The name as the catalog keeps it, with what the reference and the suffix of its name ask for.
Result<ObjectName> resolve(const ObjectRef& ref) {
  ObjectName name = TRY(parse_object_name(ref.name));
  if (ref.version != 0) name.version = ref.version;
  return name;
}

}  // namespace

Result<std::vector<ObjectVersion>> SqliteCatalog::visible_versions(std::string_view kind, std::string_view name) const {
  std::vector<ObjectVersion> result;
  {
    auto rows = TRY(reader_->prepare(
        "SELECT v.version, v.created, v.run, v.step, v.folder, v.payload FROM object o JOIN object_version v "
        "ON v.object = o.id WHERE o.kind = ? AND o.name = ? AND v.version > o.dropped ORDER BY v.version DESC"));
    rows.bind(kind, name);
    while (TRY(rows.step())) {
      ObjectVersion version;
      version.ref = {std::string(kind), std::string(name), static_cast<uint32_t>(rows.integer(0))};
      version.created = TimePoint(std::chrono::microseconds(rows.integer(1)));
      version.run = RunId{std::string(rows.text(2))};
      version.step = static_cast<uint32_t>(rows.integer(3));
      version.folder = std::string(rows.text(4));
      auto payload = Json::parse(rows.text(5));
      if (!payload) return fail(std::move(payload).error()).within(fmt::format("reading {}", version.ref.to_string()));
      version.payload = std::move(*payload);
      result.push_back(std::move(version));
    }
  }
  auto rows =
      TRY(reader_->prepare("SELECT a.alias, a.version FROM object o JOIN alias a ON a.object = o.id WHERE "
                           "o.kind = ? AND o.name = ? ORDER BY a.alias"));
  rows.bind(kind, name);
  while (TRY(rows.step())) {
    const auto match = std::ranges::find_if(
        result, [&](const ObjectVersion& version) { return version.ref.version == rows.integer(1); });
    if (match != result.end()) match->aliases.emplace_back(rows.text(0));
  }
  return result;
}

Result<ObjectVersion> SqliteCatalog::object(const ObjectRef& ref) const {
  const ObjectName name = TRY(resolve(ref));
  auto versions = TRY(visible_versions(ref.kind, name.name));
  if (versions.empty()) return fail(not_found(ref.kind, name.name, TRY(objects(ref.kind))));
  if (!name.alias.empty()) {
    std::vector<std::string> aliases;
    for (ObjectVersion& version : versions) {
      if (std::ranges::find(version.aliases, name.alias) != version.aliases.end()) return std::move(version);
      aliases.insert(aliases.end(), version.aliases.begin(), version.aliases.end());
    }
    return fail(Code::kNotFound, fmt::format("{} {} has no alias \"{}\"", ref.kind, name.name, name.alias),
                did_you_mean(name.alias, aliases));
  }
  if (name.version == 0) return std::move(versions.front());
  for (ObjectVersion& version : versions) {
    if (version.ref.version == name.version) return std::move(version);
  }
  return fail(Code::kNotFound, fmt::format("{} {} has no version {}", ref.kind, name.name, name.version),
              version_list(versions));
}

Result<std::vector<ObjectVersion>> SqliteCatalog::objects(std::string_view kind) const {
  std::vector<std::string> names;
  {
    auto rows = TRY(reader_->prepare("SELECT name FROM object WHERE kind = ? AND newest > dropped ORDER BY name"));
    rows.bind(kind);
    while (TRY(rows.step())) names.emplace_back(rows.text(0));
  }
  std::vector<ObjectVersion> result;
  for (const std::string& name : names) {
    auto versions = TRY(visible_versions(kind, name));
    if (!versions.empty()) result.push_back(std::move(versions.front()));
  }
  return result;
}

Result<std::vector<ObjectVersion>> SqliteCatalog::versions(const ObjectRef& ref) const {
  const ObjectName name = TRY(resolve(ref));
  auto versions = TRY(visible_versions(ref.kind, name.name));
  if (versions.empty()) return fail(not_found(ref.kind, name.name, TRY(objects(ref.kind))));
  return versions;
}

Status SqliteCatalog::set_alias(const ObjectRef& ref, std::string_view alias) {
  TRY(check_alias(alias));
  const ObjectVersion version = TRY(object(ref));
  return write(Durability::kPowerCut, [&]() -> Status {
    return writer_->execute(
        "INSERT INTO alias SELECT id, ?, ? FROM object WHERE kind = ? AND name = ? "
        "ON CONFLICT DO UPDATE SET version = excluded.version",
        to_lower(alias), version.ref.version, ref.kind, version.ref.name);
  });
}

Result<bool> SqliteCatalog::folder_in_use(const std::filesystem::path& folder) const {
  auto row = TRY(reader_->prepare("SELECT 1 FROM object_version WHERE folder = ? LIMIT 1"));
  row.bind(folder.generic_string());
  return row.step();
}

Result<uint32_t> SqliteCatalog::add_version(const RunId& run, const StepRecord& record, const NewObject& object) {
  const std::string name = to_lower(object.ref.name);
  TRY(
      writer_->execute("INSERT INTO object (kind, name, newest) VALUES (?, ?, 1) "
                       "ON CONFLICT DO UPDATE SET newest = newest + 1",
                       object.ref.kind, name));
  int64_t id = 0;
  uint32_t version = 0;
  {
    auto row = TRY(writer_->prepare("SELECT id, newest FROM object WHERE kind = ? AND name = ?"));
    row.bind(object.ref.kind, name);
    TRY(row.step());
    id = row.integer(0);
    version = static_cast<uint32_t>(row.integer(1));
  }
  const int64_t created =
      (record.started + std::chrono::floor<std::chrono::microseconds>(record.duration)).time_since_epoch().count();
  TRY(writer_->execute("INSERT INTO object_version VALUES (?, ?, ?, ?, ?, ?, ?)", id, version, created, run.value,
                       record.index, object.folder.generic_string(), object.payload.dump()));
  return version;
}

// Takes the versions that exist now out of sight. Aliases go; the records stay.
Status SqliteCatalog::drop_object(const ObjectRef& ref) {
  const std::string name = to_lower(ref.name);
  TRY(writer_->execute("DELETE FROM alias WHERE object = (SELECT id FROM object WHERE kind = ? AND name = ?)", ref.kind,
                       name));
  TRY(writer_->execute("UPDATE object SET dropped = newest WHERE kind = ? AND name = ?", ref.kind, name));
  TRY(writer_->execute("DELETE FROM state WHERE kind = ? AND name = ?", ref.kind, name));
  return writer_->execute("DELETE FROM lineage WHERE to_kind = ? AND to_name = ?", ref.kind, name);
}

}  // namespace sinan::catalog
