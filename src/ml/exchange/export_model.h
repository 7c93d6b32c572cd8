// A model on its way into another system's form (ml/exchange/onnx_export.h, sql_export.h, pmml_export.h): its trees, and how each
// feature is made of the query's columns, reduced to what those forms can say. Whatever they cannot say is refused here, by name.
//
// Values; trees are shared and constant.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "ml/model.h"
#include "ml/trees/ensemble.h"

namespace sinan::ml {

// One feature of the trees, in their order.
struct ExportFeature {
  enum class Kind : uint8_t {
    kNumber,    // the column as float32
    kPart,      // a part of a date, time or timestamp
    kCategory,  // position of the text in `vocabulary`
  };
  Kind kind = Kind::kNumber;
  std::string feature;
  std::string column;
  arrow::Type type;  // of the column
  Transform::Kind part = Transform::Kind::kNumber;
  std::vector<std::string> vocabulary;
  bool has_unseen_slot = false;  // a text outside the vocabulary has the code one past its end; otherwise it is missing
  bool zero_is_missing = false;
};

struct ExportModel {
  std::string name;  // "zoo.m:3"
  const ModelPackage* package = nullptr;
  std::shared_ptr<const TreeEnsemble> trees;
  std::vector<ExportFeature> features;

  size_t outputs() const { return trees->outputs(); }
  bool has_classes() const { return package->label.kind == LabelMap::Kind::kClasses; }
  // Classes are written as integers, not as texts.
  bool has_integer_classes() const;
};

// `package` must outlive the result. Errors (kUnsupported): no tree model, or a feature made by a function that these forms do
// not express.
Result<ExportModel> make_export_model(std::string name, const ModelPackage& package);

// The trees of a package's own file. Errors: kUnsupported when it holds none; the readers'.
Result<std::shared_ptr<const TreeEnsemble>> trees_of(const ModelPackage& package);

struct ExportedFile {
  std::string name;
  std::string bytes;
};

// "export.json": what is in the folder, how inputs must be given and what comes out, for people and programs. `inputs` and
// `outputs` are the format's.
ExportedFile describe_export(const ExportModel& model, std::string_view format, Json inputs, Json outputs);

// The shortest decimal text that reads back as the same number: "1.5", "-3e-05".
std::string shortest(float value);
std::string shortest(double value);

}  // namespace sinan::ml
