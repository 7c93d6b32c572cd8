#include "app/run_pictures.h"

#include <fmt/format.h>

#include <set>

#include "plot/svg.h"

namespace sinan::app {

std::vector<RunPicture> pictures_of(const flow::RunReport& report) {
  std::vector<RunPicture> pictures;
  std::set<std::string> taken;
  for (size_t i = 0; i < report.steps.size(); ++i) {
    for (const flow::Artefact& artefact : report.steps[i].outcome.artefacts) {
      std::string name = artefact.name;
      if (!taken.insert(name).second) name = fmt::format("{}_step{}", artefact.name, i + 1);
      pictures.push_back({name + ".svg", &artefact.chart, i});
    }
  }
  return pictures;
}

Status save_pictures(io::FileSystem& files, const std::filesystem::path& folder,
                     const std::vector<RunPicture>& pictures) {
  TRY(files.create_directories(folder));
  for (const RunPicture& picture : pictures) {
    TRY(files.write_file_durable(folder / picture.file, plot::to_svg(*picture.chart)));
  }
  return {};
}

Json pictures_event(const std::filesystem::path& folder, const std::vector<RunPicture>& pictures) {
  Json::Array files, steps;
  for (const RunPicture& picture : pictures) {
    files.emplace_back(picture.file);
    steps.emplace_back();
    if (picture.step) steps.back() = Json(static_cast<int64_t>(*picture.step) + 1);
  }
  std::error_code ignored;
  const std::string whole = std::filesystem::absolute(folder, ignored).lexically_normal().string();
  return Json::object(
      {{"event", "pictures"}, {"folder", whole}, {"files", Json(std::move(files))}, {"steps", Json(std::move(steps))}});
}

}  // namespace sinan::app
