#include "experiment/statements/lookup.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"

namespace sinan::experiment {
namespace {

template <class Objects>
auto find(Objects& objects, const sql::Name& name, std::string_view kind)
    -> Result<std::reference_wrapper<std::remove_reference_t<decltype(objects.front())>>> {
  const auto found = std::ranges::find_if(objects, [&](const auto& object) { return object.name == name.text; });
  if (found != objects.end()) return std::ref(*found);
  std::vector<std::string> known;
  for (const auto& object : objects) known.push_back(object.name);
  std::string hint = did_you_mean(name.text, known);
  if (hint.empty() && kind != "segment")
    hint = fmt::format("SHOW {}S lists what there is", kind == "parameter" ? "PARAMETER" : "EXPERIMENT");
  Error error{Code::kNotFound, fmt::format("no such {}: \"{}\"", kind, name.text), std::move(hint), std::nullopt, {}};
  if (name.span != Span{}) error.span = name.span;
  return std::unexpected(std::move(error));
}

}  // namespace

Result<std::reference_wrapper<const Parameter>> find_parameter(const Configuration& configuration,
                                                               const sql::Name& name) {
  return find(configuration.parameters, name, "parameter");
}

Result<std::reference_wrapper<Parameter>> find_parameter(Configuration& configuration, const sql::Name& name) {
  return find(configuration.parameters, name, "parameter");
}

Result<std::reference_wrapper<const Experiment>> find_experiment(const Configuration& configuration,
                                                                 const sql::Name& name) {
  return find(configuration.experiments, name, "experiment");
}

Result<std::reference_wrapper<Experiment>> find_experiment(Configuration& configuration, const sql::Name& name) {
  return find(configuration.experiments, name, "experiment");
}

Result<std::reference_wrapper<const Segment>> find_segment(const Configuration& configuration, const sql::Name& name) {
  return find(configuration.segments, name, "segment");
}

Result<std::reference_wrapper<Segment>> find_segment(Configuration& configuration, const sql::Name& name) {
  return find(configuration.segments, name, "segment");
}

}  // namespace sinan::experiment
