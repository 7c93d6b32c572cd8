#include "flow/cache.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/random.h"
#include "base/strings.h"

namespace sinan::flow {
namespace {

// A table of the warehouse itself: nobody but this process changes it.
bool is_ours(const ObjectRef& table, const Project& project) {
  const std::string_view first = std::string_view(table.name).substr(0, table.name.find('.'));
  const auto sources = project.engine().sources();
  if (std::ranges::find(sources, first, &engine::AttachedSource::name) != sources.end()) return false;
  const auto dots = std::ranges::count(table.name, '.');
  if (dots > 1) return false;
  return !project.session_state().has_attached() || table.name.starts_with("main.");
}

// The files that a name or glob stands for, with their stats; false when any is unreadable or remote.
Result<bool> add_files(const std::string& pattern, Project& project, FingerprintBuilder& key) {
  if (pattern.find("://") != std::string::npos) return false;
  std::vector<std::string> names;
  if (pattern.find_first_of("*?[") == std::string::npos) {
    names.push_back(pattern);
  } else {
    auto session = TRY(project.engine().connect());
    auto rows = TRY(session->query(
        fmt::format("SELECT file FROM glob({}) ORDER BY file", project.engine().dialect().literal(pattern))));
    while (auto batch = TRY(rows->next())) {
      for (size_t row = 0; row < batch->rows(); ++row) names.emplace_back(batch->column(0).string(row));
    }
  }
  for (const std::string& name : names) {
    const std::filesystem::path path(name);
    const auto stat = project.files().stat(path.is_absolute() ? path : project.folder() / path);
    if (!stat || stat->is_directory) return false;
    key.add(name)
        .add(stat->size)
        .add(static_cast<uint64_t>(stat->modified.time_since_epoch().count()))
        .add(stat->inode);
  }
  return true;
}

Fingerprint draw_state() {
  Random random = Random::from_system();
  return {random.next(), random.next()};
}

Result<bool> add_input(const ObjectRef& input, Project& project, FingerprintBuilder& key) {
  key.add(input.kind).add(input.name).add(uint64_t{input.version});
  if (input.kind == object_kind::kFile) return add_files(input.name, project, key);
  if (input.kind == object_kind::kSchema || input.kind == object_kind::kDatabase) return false;
  if (input.kind != object_kind::kTable) {
    const auto object = project.catalog().object(input);
    if (!object) return false;
    key.add(uint64_t{object->ref.version}).add(object->run.value);
    return true;
  }
  if (!is_ours(input, project)) return false;
  auto state = TRY(project.catalog().state(input));
  if (!state) {
    // Written by someone else once: from now on we would know of a change.
    state = draw_state();
    TRY(project.catalog().set_state(input, *state));
  }
  key.add(*state);
  return true;
}

}  // namespace

Result<std::optional<Fingerprint>> cache_key(const PlannedStep& step, uint64_t seed, Project& project) {
  const auto own = step.step->fingerprint();
  const Access& access = step.step->access();
  if (!own || access.barrier || access.writes.empty() || step.sticky_session) return std::nullopt;
  // What was written elsewhere may be gone by now.
  const auto is_elsewhere = [&](const ObjectRef& written) {
    return written.kind == object_kind::kTable && !is_ours(written, project);
  };
  if (std::ranges::any_of(access.writes, is_elsewhere)) return std::nullopt;
  FingerprintBuilder key;
  key.add("step 2").add(*own).add(project.engine().name()).add(project.engine().version());
  if (step.step->uses_seed()) key.add(seed);
  for (const std::string& setting : step.session_setup) key.add(setting);
  for (const ObjectRef& input : access.reads) {
    if (!TRY(add_input(input, project, key))) return std::nullopt;
  }
  return key.finish();
}

Result<std::optional<RunId>> find_cached(const Fingerprint& key, Project& project) {
  const auto found = TRY(project.catalog().cached(key));
  if (!found || found->outputs.empty()) return std::nullopt;
  for (const auto& [object, state] : found->outputs) {
    if (TRY(project.catalog().state(object)) != state) return std::nullopt;
  }
  return found->run;
}

}  // namespace sinan::flow
