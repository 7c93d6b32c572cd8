// Linear models at work: least squares and logistic regression, of two classes or many. Their explanations are exact: with
// independent features the SHAP value of one is its part of the sum, less the mean of that part in the training rows.
// Immutable; thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/error.h"
#include "ml/model.h"
#include "ml/native/design.h"
#include "ml/native/model_file.h"

namespace sinan::ml::native {

enum class Link : uint8_t { kIdentity, kLogistic, kSoftmax };

struct LinearModel {
  Design design;
  Link link = Link::kIdentity;
  std::vector<double> intercept;  // by output
  std::vector<double> weights;    // outputs x columns of the design, in the features' own units

  size_t outputs() const { return intercept.size(); }
  std::span<const double> weights_of(size_t output) const {
    return std::span(weights).subspan(output * design.width(), design.width());
  }
};

std::vector<std::byte> write_linear(const LinearModel& model);
// Without tables, which need the names of the package.
OpenedModel linear_at_work(std::shared_ptr<const LinearModel> model);
// Errors (kData): a damaged file, or one that does not fit the package.
Result<OpenedModel> open_linear(const ModelFile& file, const ModelPackage& package);

// Margins of rows [begin, end) by output, row-major into `out`; begin + 512 is the furthest end.
inline constexpr size_t kLinearChunk = 512;
void linear_margins(const LinearModel& model, const MatrixBlock& block, size_t begin, size_t end, double* out);

}  // namespace sinan::ml::native
