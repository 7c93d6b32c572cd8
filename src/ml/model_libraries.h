// Who reads the own file of a model package: one row a library. A library that trains joins here, so that its models can be
// used; nothing else of the model's life knows libraries. Pure functions.
#pragma once

#include "base/error.h"
#include "ml/model.h"

namespace sinan::ml {

// Opens `package.native` by `package.library`. The file is foreign input. Errors: kData (damaged), kUnsupported (a library
// that this build does not know).
Result<OpenedModel> open_native(const ModelPackage& package);

}  // namespace sinan::ml
