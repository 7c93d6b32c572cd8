// TO TRAIN .. GROUP BY: one model for each group of rows, in parallel, in one object that sends each row to its own
// (ml/group_model.h).
#pragma once

#include <string>
#include <vector>

#include "flow/outcome.h"
#include "flow/step.h"
#include "ml/statements/train_rows.h"
#include "ml/training.h"

namespace sinan::ml {

struct GroupedModel {
  TrainedModel trained;
  std::vector<std::string> messages;
};

// Groups with fewer rows than group.min_rows, or with one class only, are left out and told; a group whose training fails
// fails the statement. Errors: no group is left (kData); the trainer's, with the group's name.
Result<GroupedModel> train_groups(const TrainRequest& request, TrainingData read, const TrainingResources& resources,
                                  flow::RunContext& context);

// Of a model's metrics: the groups with their rows and metrics; empty when it has none.
std::vector<flow::ResultTable> group_tables(const Json& metrics);

}  // namespace sinan::ml
