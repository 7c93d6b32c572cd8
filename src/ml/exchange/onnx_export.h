// A tree model as an ONNX file (onnx.ai, IR 8; operator sets ai.onnx 15 and ai.onnx.ml 3): the query's columns go in one by one,
// texts through a LabelEncoder with the model's vocabulary, all features into a TreeEnsembleRegressor whose targets are the
// margins; the objective's link and the classes' names follow as ordinary operators.
//
// Inputs, each of shape [N, 1]: a number or boolean as float, NaN = missing; a text as string; of a date, time or timestamp each
// part that the model uses as a float input named like the feature ("departure_hour"). A text that is not in the vocabulary is
// missing, so any such text ("") stands for NULL.
// Outputs: `margin` [N, K]; for classes `probability` ([N, 1] of the second of two, else [N, K]); `prediction` [N, 1] (classes as
// int64 when all are integers, else as strings; otherwise float).
//
// A split on a set of categories is written as a chain of BRANCH_EQ nodes whose true branches are one shared node, as LightGBM's
// own converter does.
#pragma once

#include <vector>

#include "base/error.h"
#include "ml/exchange/export_model.h"

namespace sinan::ml {

// "model.onnx" and "export.json". Errors (kUnsupported): a vocabulary that was cut holds the text "" (nothing would stand for NULL).
Result<std::vector<ExportedFile>> export_onnx(const ExportModel& model);

}  // namespace sinan::ml
