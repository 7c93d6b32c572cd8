// The model of TRAIN .. GROUP BY: one object that holds a model for each group and sends each row to its own. Its file holds
// theirs (docs/formats/model.md); the last feature of its plan is the row's group, which none of them sees.
#pragma once

#include <string_view>
#include <vector>

#include "base/error.h"
#include "ml/model.h"

namespace sinan::ml {

inline constexpr std::string_view kGroupLibrary = "groups";

// The groups' packages, by code, as one file. They have one task and label.
std::vector<std::byte> pack_group_models(const std::vector<ModelPackage>& models);
// Errors: kData when damaged; those of the groups' models.
Result<OpenedModel> open_group_model(const ModelPackage& package);

}  // namespace sinan::ml
