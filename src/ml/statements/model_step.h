// The steps of statements about models: one function, and the models it reads or writes.
#pragma once

#include <functional>
#include <memory>

#include "flow/step.h"

namespace sinan::ml {

// Never skipped as unchanged: these statements are questions, or quick.
class ModelStep final : public flow::Step {
 public:
  using Run = std::function<Result<flow::Outcome>(flow::RunContext&)>;
  ModelStep(Access access, Run run) : access_(std::move(access)), run_(std::move(run)) {}
  const Access& access() const override { return access_; }
  flow::Budget budget() const override { return {1, 1, 0}; }
  std::optional<Fingerprint> fingerprint() const override { return std::nullopt; }
  Result<flow::Outcome> run(flow::RunContext& context) override { return run_(context); }

 private:
  Access access_;
  Run run_;
};

}  // namespace sinan::ml
