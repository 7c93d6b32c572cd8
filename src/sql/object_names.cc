#include "sql/object_names.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "base/strings.h"

namespace sinan::sql {
namespace {

std::string join_name(const Namespace& space, std::string_view database, std::string_view schema,
                      std::string_view table) {
  std::string out;
  if (database.empty()) {
    out.append(schema);
  } else {
    out.append(database);
    // lake.t and lake.main.t are one table.
    if (schema != space.scope->default_schema(database)) out.append(".").append(schema);
  }
  return out.append(".").append(table);
}

std::string canonical_parts(const std::vector<std::string>& parts, const Namespace& space) {
  if (parts.empty()) return {};
  const std::string& table = parts.back();
  auto foreign = [&](const std::string& database) { return database == space.home ? std::string() : database; };
  if (parts.size() == 1) return join_name(space, space.database, space.schema, table);
  if (parts.size() >= 3) return join_name(space, foreign(parts[parts.size() - 3]), parts[parts.size() - 2], table);
  const std::string& qualifier = parts[0];
  if (!space.home.empty() && qualifier == space.home) return join_name(space, "", "main", table);
  if (!space.database.empty()) {
    const std::optional<bool> is_database = space.scope->has_database(qualifier);
    const bool is_schema = is_database ? !*is_database : qualifier == "main" || qualifier == space.schema;
    if (is_schema) return join_name(space, space.database, qualifier, table);
  }
  return join_name(space, "", qualifier, table);
}

std::vector<std::string> folded(const QualifiedName& name) {
  std::vector<std::string> parts;
  for (const Identifier& part : name.parts) parts.push_back(to_lower(part.text));
  return parts;
}

bool has_wildcard(std::string_view path) { return path.find_first_of("*?[{") != std::string_view::npos; }

// Shell patterns: * and ? stay within a folder, ** does not, [..] is one character. Braces count as a star.
bool matches(std::string_view pattern, std::string_view path) {
  size_t p = 0;
  size_t s = 0;
  size_t star = std::string_view::npos;
  size_t resume = 0;
  bool crosses = false;
  while (s < path.size()) {
    if (p < pattern.size() && (pattern[p] == '*' || pattern[p] == '{')) {
      crosses = pattern[p] == '{' || pattern.substr(p).starts_with("**");
      if (pattern[p] == '{') {
        size_t close = pattern.find('}', p);
        p = close == std::string_view::npos ? pattern.size() : close + 1;
      } else {
        while (p < pattern.size() && (pattern[p] == '*' || (crosses && pattern[p] == '/'))) ++p;
      }
      star = p;
      resume = s;
      continue;
    }
    size_t width = 1;
    bool same = false;
    if (p < pattern.size()) {
      if (pattern[p] == '[') {
        size_t close = pattern.find(']', p + 1);
        width = close == std::string_view::npos ? pattern.size() - p : close + 1 - p;
        same = path[s] != '/';  // which characters it admits does not matter for a hazard
      } else {
        same = pattern[p] == path[s] || (pattern[p] == '?' && path[s] != '/');
      }
    }
    if (same) {
      p += width;
      ++s;
    } else if (star != std::string_view::npos && (crosses || path[resume] != '/')) {
      p = star;
      s = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

// `inner` is `outer` or lies in the folder `outer`.
bool within_folder(std::string_view outer, std::string_view inner) {
  if (!inner.starts_with(outer)) return false;
  return inner.size() == outer.size() || outer.empty() || outer.back() == '/' || inner[outer.size()] == '/';
}

// "zoo.m@prod" of "zoo.m".
bool alias_of(std::string_view alias, std::string_view name) {
  return alias.size() > name.size() && alias.starts_with(name) && alias[name.size()] == '@';
}

bool files_overlap(std::string_view a, std::string_view b) {
  bool a_pattern = has_wildcard(a);
  bool b_pattern = has_wildcard(b);
  if (!a_pattern && !b_pattern) return within_folder(a, b) || within_folder(b, a);
  if (a_pattern && b_pattern) {
    std::string_view x = a.substr(0, a.find_first_of("*?[{"));
    std::string_view y = b.substr(0, b.find_first_of("*?[{"));
    return x.starts_with(y) || y.starts_with(x);
  }
  std::string_view pattern = a_pattern ? a : b;
  std::string_view path = a_pattern ? b : a;
  // The path may be the folder in which the pattern looks: COPY .. TO 'out' (PARTITION_BY ..), read_parquet('out/*').
  return matches(pattern, path) || within_folder(path, pattern.substr(0, pattern.find_first_of("*?[{")));
}

// Whether `container` (a schema or database) holds the object named `name`.
bool contains(std::string_view container, std::string_view name) {
  return name.size() > container.size() && name.starts_with(container) && name[container.size()] == '.';
}

}  // namespace

Namespace::Namespace(const Scope& world) : scope(&world) {
  schema = to_lower(world.current_schema());
  home = to_lower(world.home_database());
  if (size_t dot = schema.rfind('.'); dot != std::string::npos) {
    database = schema.substr(0, dot);
    schema.erase(0, dot + 1);
    if (database == home) database.clear();
  }
}

std::string canonical_table(const QualifiedName& name, const Namespace& space) {
  return canonical_parts(folded(name), space);
}

std::string canonical_schema(const QualifiedName& name, const Namespace& space) {
  std::vector<std::string> parts = folded(name);
  if (parts.size() == 1 && !space.database.empty() && !space.scope->has_database(parts.front()).value_or(false)) {
    parts.insert(parts.begin(), space.database);
  }
  if (parts.size() == 2 && parts.front() == space.home) parts.erase(parts.begin());
  return join(parts, ".");
}

std::string canonical_file(std::string_view path) {
  std::string out;
  out.reserve(path.size());
  size_t scheme = path.find("://");
  if (scheme != std::string_view::npos) {
    out.assign(path.substr(0, scheme + 3));
    path.remove_prefix(scheme + 3);
  }
  while (path.starts_with("./")) path.remove_prefix(2);
  for (size_t i = 0; i < path.size(); ++i) {
    bool empty_part = path[i] == '/' && path.substr(i + 1).starts_with('/');
    bool dot_part = path[i] == '/' && path.substr(i + 1).starts_with("./");
    if (empty_part) continue;
    if (dot_part) {
      ++i;
      continue;
    }
    out += path[i];
  }
  return out;
}

bool looks_like_file(std::string_view text) {
  static constexpr std::string_view kEndings[] = {".csv", ".tsv", ".txt",  ".parquet", ".json",  ".jsonl", ".ndjson",
                                                  ".gz",  ".zst", ".avro", ".xlsx",    ".arrow", ".db",    ".duckdb"};
  std::string lower = to_lower(text);
  return text.find("://") != std::string_view::npos ||
         std::ranges::any_of(kEndings, [&](std::string_view ending) { return lower.ends_with(ending); });
}

bool is_system_table(const QualifiedName& name) {
  std::string table = to_lower(name.parts.back().text);
  if (name.parts.size() > 1) {
    std::string schema = to_lower(name.parts[name.parts.size() - 2].text);
    if (schema == "information_schema" || schema == "pg_catalog" || schema == "system") return true;
  }
  return table.starts_with("duckdb_") || table.starts_with("pragma_") || table == "sqlite_master" ||
         table == "sqlite_schema" || table == "sqlite_temp_master";
}

bool overlap(const ObjectRef& a, const ObjectRef& b) {
  bool a_container = a.kind == object_kind::kSchema || a.kind == object_kind::kDatabase;
  bool b_container = b.kind == object_kind::kSchema || b.kind == object_kind::kDatabase;
  if (a.kind == b.kind) {
    if (a.name == b.name) return true;
    if (a.kind == object_kind::kModel) return alias_of(a.name, b.name) || alias_of(b.name, a.name);
    return a.kind == object_kind::kFile && files_overlap(a.name, b.name);
  }
  auto in_database = [](const ObjectRef& o) {
    return o.kind != object_kind::kFile && o.kind != object_kind::kModel && o.kind != object_kind::kRun;
  };
  if (!in_database(a) || !in_database(b)) return false;
  return (a_container && contains(a.name, b.name)) || (b_container && contains(b.name, a.name));
}

std::string canonical_table(std::string_view dotted_name, const Scope& scope) {
  std::vector<std::string> parts;
  for (std::string_view part : split_on(dotted_name, '.')) parts.push_back(to_lower(part));
  return canonical_parts(parts, Namespace(scope));
}

}  // namespace sinan::sql
