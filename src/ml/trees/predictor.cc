#include "ml/trees/predictor.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.h"
#include "ml/trees/mask_kernel.h"
#include "ml/trees/mask_plan.h"
#include "ml/trees/walk_kernel.h"

namespace sinan::ml {
namespace {

// Below this many rows a chunk of the mask kernel is mostly empty.
constexpr size_t kWalkBelow = 48;

MaskKernel mask_kernel(Kernel kernel) {
#if defined(__x86_64__)
  if (kernel == Kernel::kBest) {
    if (available(Kernel::kAvx512)) return mask_chunk_avx512;
    if (available(Kernel::kAvx2)) return mask_chunk_avx2;
  }
  if (kernel == Kernel::kAvx512) return mask_chunk_avx512;
  if (kernel == Kernel::kAvx2) return mask_chunk_avx2;
#endif
  return nullptr;
}

class TreePredictor final : public Predictor {
 public:
  TreePredictor(std::shared_ptr<const TreeEnsemble> ensemble, Kernel kernel)
      : ensemble_(std::move(ensemble)), kernel_(mask_kernel(kernel)) {
    if (kernel_ != nullptr) plan_ = make_mask_plan(*ensemble_);
  }

  size_t outputs() const override { return ensemble_->outputs(); }
  size_t prediction_width() const override { return ensemble_->prediction_width(); }
  size_t trees() const override { return ensemble_->trees.size(); }
  Status leaves(const MatrixBlock& block, std::span<int32_t> out) const override {
    leaves_of(*ensemble_, block, out);
    return {};
  }

  Status predict(const MatrixBlock& block, Output output, std::span<float> out) const override {
    CHECK(block.features.size() == ensemble_->features.size());
    CHECK(out.size() == block.rows * outputs());
    if (plan_ && block.rows >= kWalkBelow) {
      predict_chunks(block, out);
    } else {
      walk_rows(*ensemble_, block.features, 0, block.rows, out.data());
    }
    if (output == Output::kPrediction) apply_link(ensemble_->link, outputs(), out, ensemble_->link_scale);
    return {};
  }

 private:
  void predict_chunks(const MatrixBlock& block, std::span<float> out) const {
    MaskScratch scratch(*plan_, outputs());
    for (size_t begin = 0; begin < block.rows; begin += MaskPlan::kRows) {
      const size_t rows = std::min(MaskPlan::kRows, block.rows - begin);
      kernel_(*plan_, ensemble_->base_margin, block.features, begin, rows, scratch, &out[begin * outputs()]);
    }
  }

  std::shared_ptr<const TreeEnsemble> ensemble_;
  MaskKernel kernel_;
  std::optional<MaskPlan> plan_;
};

}  // namespace

bool available(Kernel kernel) {
  switch (kernel) {
    case Kernel::kBest:
    case Kernel::kWalk:
      return true;
#if defined(__x86_64__)
    case Kernel::kAvx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
    case Kernel::kAvx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
             __builtin_cpu_supports("avx512vbmi");
#else
    case Kernel::kAvx2:
    case Kernel::kAvx512:
      return false;
#endif
  }
  return false;
}

std::unique_ptr<Predictor> make_predictor(std::shared_ptr<const TreeEnsemble> ensemble, Kernel kernel) {
  CHECK(available(kernel));
  return std::make_unique<TreePredictor>(std::move(ensemble), kernel);
}

}  // namespace sinan::ml
