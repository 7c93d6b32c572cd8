// What a model file of another program says of itself, read for IMPORT MODEL: XGBoost's JSON and UBJSON, LightGBM's text, ONNX
// trees. Together with what the user adds (names, label, classes) it becomes a ModelPackage around the very bytes of the file, so
// that an imported model is scored as a trained one is.
//
// Categories come from the file where it has them (XGBoost since 3.1, LightGBM trained from pandas, ONNX's LabelEncoder); otherwise
// the codes themselves are the categories, and the query gives them as text: "0", "1", ...
//
// Files are foreign: the readers of trees check every index (ml/trees, ml/exchange/onnx_model.h); here lengths are. Pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "ml/model.h"

namespace sinan::ml {

struct ForeignFeature {
  std::string name;  // empty: the file has none
  bool is_category = false;
  std::vector<std::string> vocabulary;
  bool has_unseen_slot = false;
};

struct ForeignModel {
  std::string estimator;  // "xgboost.gbtree"
  std::string library;    // who reads the file: "xgboost", "lightgbm", "onnx"
  std::string library_version;
  std::string native_name;
  std::string objective;
  Task task = Task::kRegression;
  std::vector<std::string> classes;  // of the task's classes; empty: the file has no names for them
  size_t class_count = 0;
  bool integer_classes = true;
  std::vector<ForeignFeature> features;
};

// What the user says beside the file. Empty = the file's, or "label" and 0, 1, ... for classes.
struct ForeignNames {
  std::vector<std::string> columns;  // by feature
  std::string label;
  std::vector<std::string> classes;
};

// Tells the format by the first bytes. Errors: kData for a damaged file and for one of no known format, kUnsupported for what is
// not scored here.
Result<ForeignModel> inspect_foreign(std::span<const std::byte> file);

// The same by format.
Result<ForeignModel> inspect_xgboost(std::span<const std::byte> file);
Result<ForeignModel> inspect_lightgbm(std::span<const std::byte> file);

// Errors (kArgument): names that do not fit the file in number, or are not distinct.
Result<ModelPackage> make_package(ForeignModel model, const ForeignNames& names, std::span<const std::byte> file);

}  // namespace sinan::ml
