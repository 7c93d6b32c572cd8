#include "run/register.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "run/container_executor.h"
#include "run/local/sandbox.h"
#include "run/program.h"
#include "run/run.h"

namespace sinan::run {
namespace {

// Programs and their arguments, inside the strings behind CMD.
std::vector<std::string> complete(const flow::CompletionRequest& request) {
  const std::string text = to_lower(request.statement);
  const size_t clause = text.rfind("to run ");
  if (clause == std::string::npos || text.find(" cmd ", clause) == std::string::npos) return {};
  std::vector<std::string> words;
  for (const Program* program : programs()) {
    words.emplace_back(program->name());
    if (text.find(program->name(), clause) == std::string::npos) continue;
    for (const ArgumentSpec& spec : program->arguments()) words.push_back("--" + std::string(spec.name));
  }
  std::erase_if(words, [&](const std::string& word) { return !word.starts_with(to_lower(request.word)); });
  return words;
}

std::vector<flow::DoctorFinding> examine() {
  const Means& means = means_here();
  std::vector<std::string> have;
  if (means.namespaces) have.emplace_back("namespaces");
  if (means.landlock > 0) have.push_back(fmt::format("Landlock {}", means.landlock));
  if (means.filter) have.emplace_back("system call filter");
  std::string detail = have.empty() ? "nothing" : join(have, ", ");
  if (!means.namespaces) detail += "; no namespaces: " + means.why_no_namespaces;
  std::vector<flow::DoctorFinding> findings;
  findings.push_back(
      {.name = "sandbox of TO RUN",
       .works = means.files() && means.network() && means.processes(),
       .detail = std::move(detail),
       .remedy = fmt::format("programs of sinan.toml are not kept from {}{}{}; \"strict\" refuses to start them",
                             means.files() ? "" : "files, ", means.network() ? "" : "the network, ",
                             means.processes() ? "nothing else" : "other processes"),
       .is_optional = true});
  const auto tool = find_container_tool();
  findings.push_back({.name = "containers of TO RUN",
                      .works = tool.has_value(),
                      .detail = tool ? fmt::format("{} found; whether it can start one is seen then", tool->string())
                                     : "neither docker nor podman found",
                      .remedy = "apt-get install podman",
                      .is_optional = true});
  return findings;
}

}  // namespace

void register_run(flow::Registry& registry) {
  registry.statements<Run>();
  registry.completion(complete);
  registry.doctor(examine);
}

}  // namespace sinan::run
