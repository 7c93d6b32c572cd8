#include "ml/statements/cluster_attributes.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"

namespace sinan::ml {
namespace {

bool is_of_cluster(std::string_view name) {
  constexpr std::string_view kFolders[] = {"engine.", "gitlab.", "eval."};
  constexpr std::string_view kVerbs[] = {"train", "predict", "explain", "evaluate"};
  constexpr std::string_view kKnobs[] = {"num_ps",        "num_workers",   "num_evaluators",   "worker_cpu",
                                         "worker_memory", "worker_gpu",    "ps_cpu",           "ps_memory",
                                         "ps_gpu",        "evaluator_cpu", "evaluator_memory", "evaluator_gpu"};
  const std::string lower = to_lower(name);
  if (std::ranges::any_of(kFolders, [&](std::string_view folder) { return lower.starts_with(folder); })) return true;
  const size_t dot = lower.find('.');
  if (dot == std::string::npos) return false;
  return std::ranges::find(kVerbs, std::string_view(lower).substr(0, dot)) != std::end(kVerbs) &&
         std::ranges::find(kKnobs, std::string_view(lower).substr(dot + 1)) != std::end(kKnobs);
}

}  // namespace

std::vector<sql::Attribute> without_cluster_attributes(std::vector<sql::Attribute> given,
                                                       std::span<const AttributeSpec> specs,
                                                       flow::CheckContext& context) {
  std::erase_if(given, [&](const sql::Attribute& attribute) {
    if (!is_of_cluster(attribute.name) || flow::find_attribute(specs, attribute.name) != nullptr) return false;
    context.warn(fmt::format("attribute \"{}\" has no effect: there is no cluster", attribute.name),
                 attribute.name_span);
    return true;
  });
  return given;
}

}  // namespace sinan::ml
