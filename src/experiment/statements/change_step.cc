#include "experiment/statements/change_step.h"

#include <utility>

#include "base/strings.h"
#include "experiment/statements/definition.h"
#include "experiment/statements/publish.h"
#include "experiment/statements/stored_configuration.h"

namespace sinan::experiment {
namespace {

struct ParsedEdit final : flow::Parsed {
  Edit edit;
};

class ChangeStep final : public flow::Step {
 public:
  ChangeStep(std::vector<ObjectRef> objects, Edit edit) : edit_(std::move(edit)) {
    access_.writes = std::move(objects);
    access_.writes.push_back(configuration_ref());
  }
  const Access& access() const override { return access_; }
  flow::Budget budget() const override { return {1, 1, 0}; }
  std::optional<Fingerprint> fingerprint() const override { return std::nullopt; }

  Result<flow::Outcome> run(flow::RunContext& context) override {
    const Configuration before = TRY(stored_configuration(context.catalog()));
    Applied after = TRY(apply(edit_, before));
    flow::Outcome outcome;
    outcome.messages.push_back(std::move(after.message));
    for (std::string& warning : after.warnings) outcome.messages.push_back(std::move(warning));
    store_changes(before, after.configuration, {context.user(), edit_.reason}, outcome);
    return outcome;
  }

 private:
  Edit edit_;
  Access access_;
};

}  // namespace

Result<std::unique_ptr<flow::Parsed>> ChangeKind::parse(const flow::Statement&, sql::Tokens& tokens) const {
  auto parsed = std::make_unique<ParsedEdit>();
  TRY(tokens.expect_phrase(phrase()));
  parsed->edit = TRY(parse_edit(tokens));
  parsed->edit.reason = TRY(parse_reason(tokens));
  return parsed;
}

Result<std::unique_ptr<flow::Step>> ChangeKind::check(const flow::Parsed& parsed, flow::CheckContext& context) const {
  const Edit& edit = static_cast<const ParsedEdit&>(parsed).edit;
  // The phrase names the kind of object: CREATE PARAMETER.
  return check_edit(edit, {{to_lower(phrase().substr(phrase().rfind(' ') + 1)), edit.object.text}}, context);
}

Result<std::unique_ptr<flow::Step>> check_edit(Edit edit, std::vector<ObjectRef> objects, flow::CheckContext& context) {
  const Configuration before = TRY(configuration_in(context));
  Applied after = TRY(apply(edit, before));
  context.will_create(configuration_ref(), std::make_shared<PlannedConfiguration>(std::move(after.configuration)));
  return std::make_unique<ChangeStep>(std::move(objects), std::move(edit));
}

}  // namespace sinan::experiment
