// LocalExecutor: runs a file of this machine in a sandbox (sandbox.h).
#pragma once

#include "run/executor.h"
#include "run/local/sandbox.h"

namespace sinan::run {

class LocalExecutor final : public Executor {
 public:
  explicit LocalExecutor(Means means) : means_(std::move(means)) {}
  std::string folder_inside(const Job& job) const override;
  std::string confinement(const Job& job) const override;
  Status run(const Job& job, const LineSink& line, const CancelToken& cancel) const override;

  // Errors (kUnsupported): something of what a job should be kept from is in its reach here.
  Status check_strict(const Job& job) const;

 private:
  Means means_;
};

}  // namespace sinan::run
