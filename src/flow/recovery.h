// What opening a project does about commits that a killed process left between two stores (docs/formats/commit.md), and
// the table of markers in the warehouse by which it tells how far each had come.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "catalog/catalog.h"
#include "engine/engine.h"
#include "io/file_system.h"

namespace sinan::flow {

// Makes the marker table, empty but for the markers of commits that are still pending. Nothing may be committing.
Status make_marker_table(engine::Engine& engine, const std::vector<catalog::Catalog::PendingCommit>& pending);
// The statement that a step's transaction runs last.
std::string marker_statement(const engine::Engine& engine, std::string_view commit);
// Whether the transaction of that commit has been committed.
Result<bool> marker_present(engine::Engine& engine, std::string_view commit);

// Asks the next start to remove files that no object refers to: called where removing them failed.
void ask_for_sweep(catalog::Catalog& catalog);

// Rolls pending commits forward (marker there) or back, marks unfinished runs as killed, and removes the files that no
// object refers to. Does nothing after a clean close. Idempotent: it may itself be killed.
Status recover(catalog::Catalog& catalog, engine::Engine& engine, io::FileSystem& files,
               const std::filesystem::path& state_folder);

}  // namespace sinan::flow
