// Named objects, their versions and aliases.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

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

// The columns that version_of() reads.
constexpr std::string_view kVersionColumns =
    "o.name, v.version, v.created, v.run, v.step, v.folder, v.payload, o.comment";

Result<ObjectVersion> version_of(std::string_view kind, store::Statement& row) {
  ObjectVersion version;
  version.ref = {std::string(kind), std::string(row.text(0)), static_cast<uint32_t>(row.integer(1))};
  version.created = TimePoint(std::chrono::microseconds(row.integer(2)));
  version.run = RunId{std::string(row.text(3))};
  version.step = static_cast<uint32_t>(row.integer(4));
  version.folder = std::string(row.text(5));
  auto payload = Json::parse(row.text(6));
  if (!payload) return fail(std::move(payload).error()).within(fmt::format("reading {}", version.ref.to_string()));
  version.payload = std::move(*payload);
  version.comment = row.text(7);
  return version;
}

}  // namespace

// Of the kind, and of the name unless it is empty, those that `condition` (on o and v) keeps; with their aliases.
Result<std::vector<ObjectVersion>> SqliteCatalog::visible_versions(std::string_view kind, std::string_view name,
                                                                   std::string_view condition,
                                                                   std::string_view order) const {
  const std::string_view named = name.empty() ? "?2 = ''" : "o.name = ?2";
  std::vector<ObjectVersion> result;
  {
    auto rows = TRY(reader_->prepare(
        fmt::format("SELECT {} FROM object o JOIN object_version v ON v.object = o.id WHERE o.kind = ?1 AND {} AND "
                    "v.version > o.dropped AND v.dropped = 0 AND {} ORDER BY {}",
                    kVersionColumns, named, condition, order)));
    rows.bind(kind, name);
    while (TRY(rows.step())) result.push_back(TRY(version_of(kind, rows)));
  }
  std::map<std::pair<std::string, uint32_t>, std::vector<std::string>> aliases;
  auto rows =
      TRY(reader_->prepare(fmt::format("SELECT o.name, a.version, a.alias FROM object o JOIN alias a ON "
                                       "a.object = o.id WHERE o.kind = ?1 AND {} ORDER BY a.alias",
                                       named)));
  rows.bind(kind, name);
  while (TRY(rows.step())) {
    aliases[{std::string(rows.text(0)), static_cast<uint32_t>(rows.integer(1))}].emplace_back(rows.text(2));
  }
  for (ObjectVersion& version : result) {
    if (const auto found = aliases.find({version.ref.name, version.ref.version}); found != aliases.end()) {
      version.aliases = found->second;
    }
  }
  return result;
}

Result<std::vector<ObjectVersion>> SqliteCatalog::visible_versions(std::string_view kind, std::string_view name) const {
  if (name.empty()) return std::vector<ObjectVersion>();
  return visible_versions(kind, name, "TRUE", "v.version DESC");
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
  return visible_versions(kind, "",
                          "v.version = (SELECT w.version FROM object_version w WHERE w.object = o.id AND w.version > "
                          "o.dropped AND w.dropped = 0 ORDER BY w.version DESC LIMIT 1)",
                          "o.name");
}

Result<std::vector<ObjectVersion>> SqliteCatalog::versions(const ObjectRef& ref) const {
  const ObjectName name = TRY(resolve(ref));
  auto versions = TRY(visible_versions(ref.kind, name.name));
  if (versions.empty()) return fail(not_found(ref.kind, name.name, TRY(objects(ref.kind))));
  return versions;
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
  if (object.replaces && version != *object.replaces + 1) {
    return fail(Code::kBusy, fmt::format("another change came first: {}", object.ref.to_string()), "run it again");
  }
  const int64_t created =
      (record.started + std::chrono::floor<std::chrono::microseconds>(record.duration)).time_since_epoch().count();
  TRY(writer_->execute(
      "INSERT INTO object_version (object, version, created, run, step, folder, payload) "
      "VALUES (?, ?, ?, ?, ?, ?, ?)",
      id, version, created, run.value, record.index, object.folder.generic_string(), object.payload.dump()));
  return version;
}

// Takes the versions that exist now out of sight. Aliases and the comment go; the records stay.
Status SqliteCatalog::drop_object(const ObjectRef& ref) {
  const std::string name = to_lower(ref.name);
  TRY(writer_->execute("DELETE FROM alias WHERE object = (SELECT id FROM object WHERE kind = ? AND name = ?)", ref.kind,
                       name));
  TRY(writer_->execute("UPDATE object SET dropped = newest, comment = '' WHERE kind = ? AND name = ?", ref.kind, name));
  // Its own state, and those of its aliases.
  TRY(writer_->execute(
      "DELETE FROM state WHERE kind = ?1 AND (name = ?2 OR substr(name, 1, length(?2) + 1) = ?2 || '@')", ref.kind,
      name));
  return writer_->execute("DELETE FROM lineage WHERE to_kind = ? AND to_name = ?", ref.kind, name);
}

Status SqliteCatalog::drop_version(const ObjectRef& ref) {
  constexpr std::string_view kObject = "object = (SELECT id FROM object WHERE kind = ? AND name = ?)";
  TRY(writer_->execute(fmt::format("DELETE FROM alias WHERE version = ? AND {}", kObject), ref.version, ref.kind,
                       to_lower(ref.name)));
  return writer_->execute(fmt::format("UPDATE object_version SET dropped = 1 WHERE version = ? AND {}", kObject),
                          ref.version, ref.kind, to_lower(ref.name));
}

Status SqliteCatalog::change_object(const ObjectChange& change) {
  const std::string name = to_lower(change.ref.name);
  switch (change.kind) {
    case ObjectChange::Kind::kSetAlias:
      TRY(check_alias(change.text));
      return writer_->execute(
          "INSERT INTO alias SELECT id, ?, ? FROM object WHERE kind = ? AND name = ? "
          "ON CONFLICT DO UPDATE SET version = excluded.version",
          to_lower(change.text), change.ref.version, change.ref.kind, name);
    case ObjectChange::Kind::kDropAlias:
      return writer_->execute(
          "DELETE FROM alias WHERE alias = ? AND object = (SELECT id FROM object WHERE kind = ? AND name = ?)",
          to_lower(change.text), change.ref.kind, name);
    case ObjectChange::Kind::kRename:
      return rename_object({change.ref.kind, name, 0}, to_lower(change.text));
    case ObjectChange::Kind::kComment:
      return writer_->execute("UPDATE object SET comment = ? WHERE kind = ? AND name = ?", change.text, change.ref.kind,
                              name);
  }
  std::unreachable();
}

Status SqliteCatalog::rename_object(const ObjectRef& ref, const std::string& name) {
  {
    auto taken = TRY(writer_->prepare(
        "SELECT 1 FROM object o JOIN object_version v ON v.object = o.id WHERE o.kind = ? AND o.name = ? AND "
        "v.version > o.dropped AND v.dropped = 0 LIMIT 1"));
    taken.bind(ref.kind, name);
    if (TRY(taken.step())) return fail(Code::kExists, fmt::format("{} exists already: \"{}\"", ref.kind, name));
  }
  // What was dropped keeps its records under a name that nobody can write.
  TRY(writer_->execute("UPDATE object SET name = name || '@dropped:' || id WHERE kind = ? AND name = ?", ref.kind,
                       name));
  TRY(writer_->execute("UPDATE object SET name = ? WHERE kind = ? AND name = ?", name, ref.kind, ref.name));
  for (const std::string_view side : {"to", "from"}) {
    TRY(writer_->execute(
        fmt::format("UPDATE OR REPLACE lineage SET {0}_name = ? WHERE {0}_kind = ? AND {0}_name = ?", side), name,
        ref.kind, ref.name));
  }
  TRY(writer_->execute("UPDATE OR REPLACE usage SET name = ? WHERE kind = ? AND name = ?", name, ref.kind, ref.name));
  return writer_->execute(
      "DELETE FROM state WHERE kind = ?1 AND (name = ?2 OR substr(name, 1, length(?2) + 1) = ?2 || '@')", ref.kind,
      ref.name);
}

}  // namespace sinan::catalog
