// Any bytes as a context: read or refused, and what is read can be evaluated.
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "experiment/compile.h"
#include "experiment/evaluator/answer.h"

namespace sinan::experiment {
namespace {

std::unique_ptr<const Snapshot> some_snapshot() {
  Configuration c;
  c.attributes = {{"user_id", AttributeType::kString}, {"tags", AttributeType::kList}, {"n", AttributeType::kInt}};
  Parameter parameter;
  parameter.name = "p";
  parameter.type = ValueType::kInt;
  parameter.fallback = int64_t{0};
  parameter.rules.push_back({*parse_condition("tags CONTAINS 'a' AND n > 3"), int64_t{1}});
  c.parameters.push_back(parameter);
  Experiment experiment;
  experiment.name = "e";
  experiment.unit = {"user_id"};
  experiment.state = State::kRunning;
  experiment.groups = {{"g", 0, 49, {}}, {"h", 50, 99, {}}};
  experiment.branches.push_back({*parse_condition("n <> 2"), {{"p", {{"h", int64_t{2}}}}}});
  c.experiments.push_back(experiment);
  return *Snapshot::load(compile(*bind(c), 1));
}

}  // namespace
}  // namespace sinan::experiment

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sinan::experiment;
  static const auto snapshot = some_snapshot();
  std::array<char, 64> texts{};
  sinan_answer out;
  answer(*snapshot, "p", SINAN_TYPE_ANY, std::as_bytes(std::span(data, size)), Access::kRead, texts, out);
  explain_into(*snapshot, "p", std::as_bytes(std::span(data, size)), texts);
  return 0;
}
