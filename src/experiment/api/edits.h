// Changes from the JSON of a request: the same Edits that statements make of their words. Bodies are checked by read_body(); what
// is in their members is read when the edit is applied, since the types of values are the parameters'.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "experiment/statements/edit.h"

namespace sinan::experiment {

// The experiment that a body describes: over the stored one of that name where there is one, else a draft. In the form of
// docs/formats/configuration.md; what has a default may be left out.
Result<Experiment> draft_from_json(std::string_view name, const Json& body, const Configuration& configuration);

Result<Edit> create_parameter_edit(const Json& body);
Edit alter_parameter_edit(const std::string& name, const Json& body);
Result<Edit> create_segment_edit(const Json& body);
Edit alter_segment_edit(const std::string& name, const Json& body);
Result<Edit> create_experiment_edit(const Json& body);
// Of a draft everything can change; of one that has run the rollout, schedule, plan, owner and description.
Edit alter_experiment_edit(const std::string& name, const Json& body);
Result<Edit> split_group_edit(const std::string& name, const Json& body);
// {"ship": "group", "to_audience": true}
Result<Edit> end_experiment_edit(const std::string& name, const Json& body);

struct BulkEdit {
  Edit edit;
  std::vector<std::string> names;  // of the experiments, at least one
};
// {"experiments": [{"name": "a", "ship": "group", "to_audience": true}, ..]}: all of them, or none.
Result<BulkEdit> end_experiments_edit(const Json& body);

}  // namespace sinan::experiment
