// The estimators that need no library: linear and logistic models, k-means, score cards, one-class support vector machines.
// Stateless; thread-safe.
#pragma once

#include <memory>

#include "ml/model.h"
#include "ml/trainer.h"

namespace sinan::ml::native {

inline constexpr std::string_view kLibrary = "sinan";
inline constexpr std::string_view kFileName = "native.sinan";

std::unique_ptr<Trainer> make_trainer();
// The file of any of them. Errors: kData.
Result<OpenedModel> open(const ModelPackage& package);

}  // namespace sinan::ml::native
