// The pictures of a run: the charts of its steps, and as what files they are saved. Pure but for save_pictures().
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "flow/executor.h"
#include "io/file_system.h"
#include "plot/chart.h"

namespace sinan::app {

struct RunPicture {
  std::string file;            // "roc.svg"
  const plot::Chart* chart;    // the report's, or the caller's
  std::optional<size_t> step;  // index; none = of the whole run
};

// Unique file names: of two steps that both have a "roc" the later one's says which step it is of.
std::vector<RunPicture> pictures_of(const flow::RunReport& report);

// As SVG, durably; the folder is made.
Status save_pictures(io::FileSystem& files, const std::filesystem::path& folder,
                     const std::vector<RunPicture>& pictures);

// The line of JSON Lines that tells of them: {"event": "pictures", "folder", "files", "steps"}.
Json pictures_event(const std::filesystem::path& folder, const std::vector<RunPicture>& pictures);

}  // namespace sinan::app
