#include "flow/statements/record_step.h"

namespace sinan::flow {
namespace {

class RecordStep final : public Step {
 public:
  RecordStep(std::function<Result<Outcome>(RunContext&)> run, std::vector<ObjectRef> reads) : run_(std::move(run)) {
    access_.reads = std::move(reads);
  }
  const Access& access() const override { return access_; }
  Budget budget() const override { return {1, 1, 0}; }
  SessionUse session_use() const override { return SessionUse::kAlone; }
  std::optional<Fingerprint> fingerprint() const override { return std::nullopt; }
  Result<Outcome> run(RunContext& context) override { return run_(context); }

 private:
  Access access_;
  std::function<Result<Outcome>(RunContext&)> run_;
};

}  // namespace

std::unique_ptr<Step> make_record_step(std::function<Result<Outcome>(RunContext&)> run, std::vector<ObjectRef> reads) {
  return std::make_unique<RecordStep>(std::move(run), std::move(reads));
}

}  // namespace sinan::flow
