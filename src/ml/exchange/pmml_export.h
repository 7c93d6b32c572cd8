// A tree model as PMML 4.4 (dmg.org): the trees of each output are a MiningModel of summed TreeModels, whose margins go into a
// RegressionModel with the objective's normalization. Runs in JPMML and PMML4S.
//
// Fields: a number or boolean as float; a text as categorical string, those outside the vocabulary treated as missing; of a date,
// time or timestamp each part that the model uses, named like the feature ("departure_hour").
// Outputs: `margin` (`margin_<class>` for several), for classes `probability_<class>`, and the predicted target.
#pragma once

#include <vector>

#include "base/error.h"
#include "ml/exchange/export_model.h"

namespace sinan::ml {

// "model.pmml" and "export.json". Errors (kUnsupported): objectives whose link PMML does not have (binary:hinge, squared and
// softplus links, multiclassova), characters that XML cannot hold.
Result<std::vector<ExportedFile>> export_pmml(const ExportModel& model);

}  // namespace sinan::ml
