#include "app/server/program_store.h"

#include "base/log.h"

namespace sinan::app {
namespace {

constexpr std::string_view kRecord = ".json";
constexpr std::string_view kOutput = ".jsonl";

}  // namespace

std::vector<StoredProgram> ProgramStore::load() const {
  std::vector<StoredProgram> programs;
  const auto names = files_.list(folder_);
  if (!names) return programs;
  for (const std::string& name : *names) {
    if (!name.ends_with(kRecord)) continue;
    StoredProgram program{name.substr(0, name.size() - kRecord.size()), {}, {}};
    const auto text = files_.read_file(folder_ / name);
    auto record = text ? Json::parse(*text) : std::unexpected(text.error());
    if (!record || !record->is_object()) {
      log::warning("a submitted program cannot be read: " + (folder_ / name).string());
      continue;
    }
    program.record = *std::move(record);
    if (auto output = files_.read_file(file(program.id, kOutput))) program.output = *std::move(output);
    programs.push_back(std::move(program));
  }
  return programs;
}

Status ProgramStore::save(std::string_view id, const Json& record) {
  TRY(files_.create_directories(folder_));
  return files_.write_file_durable(file(id, kRecord), record.dump());
}

Status ProgramStore::save_output(std::string_view id, std::string_view output) {
  return files_.write_file_durable(file(id, kOutput), output);
}

void ProgramStore::forget(std::string_view id) {
  // The record first: an output alone is nothing.
  for (const std::string_view ending : {kRecord, kOutput}) {
    if (auto removed = files_.remove_tree(file(id, ending)); !removed) log::warning(removed.error().to_string());
  }
}

}  // namespace sinan::app
