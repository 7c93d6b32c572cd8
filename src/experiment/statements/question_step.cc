#include "experiment/statements/question_step.h"

#include <utility>

#include "experiment/statements/stored_configuration.h"

namespace sinan::experiment {
namespace {

class QuestionStep final : public flow::Step {
 public:
  explicit QuestionStep(std::function<Result<flow::Outcome>(const catalog::Catalog&, const Clock&)> answer)
      : answer_(std::move(answer)) {
    access_.reads.push_back(configuration_ref());
  }
  const Access& access() const override { return access_; }
  flow::Budget budget() const override { return {1, 1, 0}; }
  std::optional<Fingerprint> fingerprint() const override { return std::nullopt; }
  Result<flow::Outcome> run(flow::RunContext& context) override { return answer_(context.catalog(), context.clock()); }

 private:
  std::function<Result<flow::Outcome>(const catalog::Catalog&, const Clock&)> answer_;
  Access access_;
};

}  // namespace

std::unique_ptr<flow::Step> make_catalog_question(
    std::function<Result<flow::Outcome>(const catalog::Catalog&, const Clock&)> answer) {
  return std::make_unique<QuestionStep>(std::move(answer));
}

std::unique_ptr<flow::Step> make_question(std::function<Result<flow::Outcome>(const Configuration&)> answer) {
  return make_catalog_question(
      [answer = std::move(answer)](const catalog::Catalog& catalog, const Clock&) -> Result<flow::Outcome> {
        return answer(TRY(stored_configuration(catalog)));
      });
}

}  // namespace sinan::experiment
