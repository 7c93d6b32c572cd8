// ContainerExecutor: runs an image through the command line of docker or podman, started with an argument vector. The container has
// no network unless wanted, no capabilities, a read-only root, its input read-only, its output writable, limits on memory, processes
// and open files, and a user without rights. Images are not pulled: what runs is what is there.
//
// When this process is killed, the container goes on until it ends or its limits end it: the tool has no word for more.
#pragma once

#include <optional>

#include "run/executor.h"

namespace sinan::run {

class ContainerExecutor final : public Executor {
 public:
  ContainerExecutor(std::filesystem::path tool, std::string image) : tool_(std::move(tool)), image_(std::move(image)) {}
  std::string folder_inside(const Job& job) const override;
  std::string confinement(const Job& job) const override;
  Status run(const Job& job, const LineSink& line, const CancelToken& cancel) const override;

  // What is started, but for the tool itself: "run", "--rm", ... The container's name ends it from outside.
  std::vector<std::string> arguments(const Job& job, std::string_view container) const;

 private:
  std::filesystem::path tool_;
  std::string image_;
};

// The path of "docker", "podman" or of what is named, among the folders of PATH. Empty `name`: the first of the two that is there.
std::optional<std::filesystem::path> find_container_tool(const std::string& name = {});

}  // namespace sinan::run
