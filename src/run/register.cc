#include "run/register.h"

#include "base/strings.h"
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

}  // namespace

void register_run(flow::Registry& registry) {
  registry.statements<Run>();
  registry.completion(complete);
}

}  // namespace sinan::run
