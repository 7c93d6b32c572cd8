#include "ml/exchange/model_files.h"

#include <fmt/format.h>

namespace sinan::ml {
namespace {

namespace fs = std::filesystem;

bool is_empty_folder(const fs::path& folder) {
  std::error_code error;
  return fs::is_empty(folder, error) && !error;
}

}  // namespace

Status check_target(const fs::path& folder, bool overwrite) {
  std::error_code ignored;
  const fs::file_status status = fs::status(folder, ignored);
  if (status.type() == fs::file_type::not_found) return {};
  if (!fs::is_directory(status)) {
    return fail(Code::kArgument, fmt::format("the target of the export is no folder: \"{}\"", folder.string()),
                "name a folder: it is made");
  }
  if (overwrite || is_empty_folder(folder)) return {};
  return fail(Code::kExists, fmt::format("the folder is not empty: \"{}\"", folder.string()),
              "choose another one, or add OVERWRITE to replace the model's files in it");
}

Status write_files(const fs::path& folder, std::span<const ExportedFile> files, bool overwrite,
                   io::FileSystem& system) {
  TRY(check_target(folder, overwrite));
  std::error_code ignored;
  if (fs::exists(folder, ignored) && !is_empty_folder(folder)) {
    for (const ExportedFile& file : files) TRY(system.write_file_durable(folder / file.name, file.bytes));
    return {};
  }
  fs::path writing = folder.has_filename() ? folder : folder.parent_path();
  const fs::path target = writing;
  writing += ".writing";
  TRY(system.remove_tree(writing));
  TRY(system.create_directories(writing));
  for (const ExportedFile& file : files) TRY(system.write_file_durable(writing / file.name, file.bytes));
  // An empty folder of the name gives way to it.
  TRY(system.rename(writing, target));
  return system.sync_directory(target.has_parent_path() ? target.parent_path() : fs::path("."));
}

Status check_source(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found)
    return fail(Code::kNotFound, fmt::format("there is no file or folder \"{}\"", path.string()));
  if (fs::is_regular_file(status)) return {};
  if (!fs::is_directory(status))
    return fail(Code::kUnsupported, fmt::format("only files and folders can be imported: \"{}\"", path.string()));
  for (fs::directory_iterator entries(path, error), end; !error && entries != end; entries.increment(error)) {
    if (fs::is_regular_file(entries->symlink_status(error))) continue;
    return fail(Code::kUnsupported,
                fmt::format("a package holds files only, and no links: \"{}\"", entries->path().filename().string()),
                "copy the files themselves");
  }
  if (error) return fail(Code::kIo, fmt::format("cannot read folder: {}: {}", error.message(), path.string()));
  return {};
}

}  // namespace sinan::ml
