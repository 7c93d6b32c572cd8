// Verdicts on pairs of experiments for the comparison with z3 (test/z3): a configuration a line, in which the experiments `one` and
// `two` set the parameter `p`; answers {"verdict", "reason", "witness"} or {"error"} a line.
#include <algorithm>
#include <iostream>
#include <string>

#include "base/json.h"
#include "experiment/bound.h"
#include "experiment/configuration_json.h"
#include "experiment/overlap.h"

namespace {

using namespace sinan;
using namespace sinan::experiment;

template <class Items>
uint32_t index_of(const Items& items, std::string_view name) {
  return static_cast<uint32_t>(std::ranges::find(items, name, [](const auto& item) { return item.name; }) -
                               items.begin());
}

Result<Json> verdict_on(const std::string& text) {
  const Configuration configuration = TRY(configuration_from_json(text));
  const Bound bound = TRY(bind(configuration));
  OverlapChecker checker(bound);
  const Overlap found =
      checker.check(index_of(configuration.experiments, "one"), index_of(configuration.experiments, "two"),
                    index_of(configuration.parameters, "p"));
  return Json::object({{"verdict", to_string(found.verdict)},
                       {"reason", found.reason},
                       {"witness", found.witness ? found.witness->to_text() : ""}});
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    auto answer = verdict_on(line);
    if (!answer) answer = Json::object({{"error", answer.error().to_string()}});
    std::cout << answer->dump() << "\n" << std::flush;
  }
}
