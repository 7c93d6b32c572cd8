#include "experiment/statements/check_experiment.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "arrow/builder.h"
#include "base/strings.h"
#include "experiment/statements/experiment_check.h"
#include "experiment/statements/lookup.h"
#include "experiment/statements/question_step.h"
#include "experiment/statements/stored_configuration.h"

namespace sinan::experiment {
namespace {

struct Question final : flow::Parsed {
  sql::Name experiment;
};

std::string proof_text(const Overlap& overlap) {
  if (overlap.witness) return overlap.witness->to_text();
  if (overlap.verdict == Verdict::kUnknown) return overlap.reason;
  std::vector<std::string> parts;
  for (const Separation& separation : overlap.certificate) {
    std::string part = fmt::format("{}: {} | {}", separation.dimension, separation.first, separation.second);
    if (std::ranges::find(parts, part) == parts.end()) parts.push_back(std::move(part));
  }
  return join(parts, "; ");
}

flow::ResultTable pairs_table(const Bound& bound, const std::vector<Overlap>& found) {
  arrow::BatchBuilder rows({{"parameter", arrow::string_type()},
                            {"other", arrow::string_type()},
                            {"verdict", arrow::string_type()},
                            {"proof", arrow::string_type()},
                            {"remedy", arrow::string_type()}});
  for (const Overlap& overlap : found) {
    rows.column(0).append(std::string_view(bound.parameters[overlap.parameter].source->name));
    rows.column(1).append(std::string_view(bound.experiments[overlap.second].source->name));
    rows.column(2).append(to_string(overlap.verdict));
    rows.column(3).append(std::string_view(proof_text(overlap)));
    rows.column(4).append(std::string_view(overlap.remedy ? "AND " + to_text(*overlap.remedy) : ""));
  }
  return {"", rows.finish()};
}

Result<flow::Outcome> answer(const sql::Name& name, const Configuration& configuration) {
  const Experiment& experiment = TRY(find_experiment(configuration, name));
  const ExperimentCheck check = TRY(check_experiment(configuration, experiment));

  flow::Outcome outcome;
  const auto competing =
      std::ranges::count_if(check.pairs, [](const Overlap& overlap) { return overlap.verdict != Verdict::kDisjoint; });
  outcome.messages.push_back(competing == 0
                                 ? fmt::format("{} competes with no other experiment{}.", name.text,
                                               holds_region(experiment.state) ? "" : ": it can be started")
                                 : fmt::format("{} cannot run: {} of {} pairs are not proved to be disjoint.",
                                               name.text, competing, check.pairs.size()));
  outcome.tables.push_back(pairs_table(check.bound, check.pairs));

  arrow::BatchBuilder dead({{"unreachable", arrow::string_type()}, {"reason", arrow::string_type()}});
  for (const Dead& each : check.dead) {
    dead.column(0).append(std::string_view(each.what));
    dead.column(1).append(std::string_view(each.reason));
  }
  if (dead.rows() > 0) outcome.tables.push_back({"What no context can reach", dead.finish()});

  arrow::BatchBuilder open({{"parameter", arrow::string_type()}, {"open_to_others", arrow::string_type()}});
  for (const auto& [parameter, remainder] : check.open) {
    const auto add = [&](std::string_view text) {
      open.column(0).append(std::string_view(check.bound.parameters[parameter].source->name));
      open.column(1).append(text);
    };
    for (const std::string& box : remainder.boxes) add(box);
    if (!remainder.complete) add("...");
    if (remainder.boxes.empty() && remainder.complete) add("nothing");
  }
  outcome.tables.push_back({"What is left of its parameters", open.finish()});
  return outcome;
}

}  // namespace

flow::Help CheckExperiment::help() const {
  return {.summary = "Prove that an experiment competes with no other, or show who would be in both.",
          .synopsis = "CHECK EXPERIMENT name",
          .details =
              "For each running or paused experiment on one of its parameters: disjoint, with the attribute that keeps "
              "them "
              "apart;\noverlap, with a context that the evaluator gives to both, and the smallest condition that would "
              "keep them "
              "apart; unknown,\nwith the reason, which counts as an overlap. A draft is checked as if it ran.",
          .example = "CHECK EXPERIMENT button_black"};
}

Result<std::unique_ptr<flow::Parsed>> CheckExperiment::parse(const flow::Statement&, sql::Tokens& tokens) const {
  auto out = std::make_unique<Question>();
  TRY(tokens.expect_phrase(phrase()));
  out->experiment = TRY(tokens.expect_name_or_string("an experiment's name"));
  TRY(tokens.expect_end());
  return out;
}

Result<std::unique_ptr<flow::Step>> CheckExperiment::check(const flow::Parsed& parsed,
                                                           flow::CheckContext& context) const {
  const sql::Name name = static_cast<const Question&>(parsed).experiment;
  TRY(find_experiment(TRY(configuration_in(context)), name));
  return make_question([name](const Configuration& configuration) { return answer(name, configuration); });
}

}  // namespace sinan::experiment
