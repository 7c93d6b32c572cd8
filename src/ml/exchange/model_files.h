// Folders with models that come from or go to other places: written so that nobody sees half of one, read with suspicion.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "base/error.h"
#include "io/file_system.h"
#include "ml/exchange/export_model.h"

namespace sinan::ml {

// A folder that does not exist, or is empty, appears with all files at once (a crash leaves at most a folder `<name>.writing`
// beside it). With `overwrite`, files of the same names are replaced one by one and others left alone. Durable when it returns.
// Errors: kExists for a folder with content, kArgument for a file of that name.
Status write_files(const std::filesystem::path& folder, std::span<const ExportedFile> files, bool overwrite,
                   io::FileSystem& system);
// What write_files() would answer for the folder as it is now.
Status check_target(const std::filesystem::path& folder, bool overwrite);

// A model file, or a folder with a package. Errors: kNotFound; kUnsupported for anything but a regular file or a folder, and for a
// folder in which a package's file is a symbolic link or no file (a package is copied as it is, and leads nowhere else).
Status check_source(const std::filesystem::path& path);

}  // namespace sinan::ml
