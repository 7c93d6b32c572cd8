#include "solve/register.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "solve/attributes.h"
#include "solve/library.h"
#include "solve/optimize.h"

namespace sinan::solve {
namespace {

// Solvers behind USING; types inside var_type=; attributes behind WITH; the words of the clause before.
std::vector<std::string> complete(const flow::CompletionRequest& request) {
  const std::string text = to_lower(request.statement);
  if (text.find("to maximize ") == std::string::npos && text.find("to minimize ") == std::string::npos) return {};
  const auto last = [&text](std::string_view word) {
    const size_t at = text.rfind(word);
    return at == std::string::npos ? 0 : at + 1;
  };
  std::vector<std::string> words;
  const size_t with = last(" with ");
  if (last(" using ") > with) {
    for (const std::string_view name : solver_names()) words.emplace_back(name);
  } else if (with > 0) {
    for (const flow::AttributeSpec& spec : attribute_specs()) words.emplace_back(spec.name);
    if (last("var_type") > with)
      for (const Domain& domain : domains()) words.emplace_back(domain.name);
  } else {
    words = {"SUM", "AVG", "MIN", "MAX", "COUNT", "CONSTRAINT", "GROUP BY", "WITH"};
  }
  std::erase_if(words, [&](const std::string& word) { return !to_lower(word).starts_with(to_lower(request.word)); });
  return words;
}

std::vector<flow::DoctorFinding> doctor() {
  const auto library = Library::shared();
  if (!library.has_value()) return {{"HiGHS", false, library.error().message, library.error().hint}};
  return {{fmt::format("HiGHS {}", (*library)->version), true, (*library)->path, {}}};
}

}  // namespace

void register_solve(flow::Registry& registry) {
  registry.add(std::make_unique<Optimize>(true));
  registry.add(std::make_unique<Optimize>(false));
  registry.completion(complete);
  registry.doctor(doctor);
}

}  // namespace sinan::solve
