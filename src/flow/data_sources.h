// The data sources of a project: from the words of sinan.toml and the command line to what the engine attaches.
//
// ${NAME} in a URL is the environment variable of that name; a value that is put into user, password, host or database is taken as
// it is, whatever signs it holds. No error text holds a password.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/config.h"
#include "base/error.h"
#include "engine/data_source.h"

namespace sinan::flow {

// What the unnamed one is called.
inline constexpr std::string_view kUnnamedSource = "source";

// Whether an argument is a URL without a name: the default.
bool is_unnamed_source(const std::string& argument);

// In the order of the file, then of `arguments` ("NAME=URL", or "URL": unnamed, the default). A name on the command line takes the
// place of the file's. Paths of the file start at `folder`, those of the command line in the current folder.
// Errors: kArgument (a name, a URL, two defaults, a variable that is not set), kNotFound (a password file), kUnsupported.
Result<std::vector<engine::DataSource>> resolve_sources(const Config& config, std::span<const std::string> arguments,
                                                        bool read_only, const std::filesystem::path& folder);

}  // namespace sinan::flow
