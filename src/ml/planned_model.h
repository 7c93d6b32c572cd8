// What TO TRAIN tells later statements of the same program about the model it will make, so that they can be checked
// before anything has run; and the one way to find a model in check(), planned or from the catalog.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arrow/type.h"
#include "base/error.h"
#include "flow/sql_function.h"
#include "flow/statement_kind.h"
#include "ml/model.h"
#include "sql/tokens.h"

namespace sinan::ml {

struct ModelSignature {
  ObjectRef ref;                     // of the catalog version, or version 0 when planned
  std::vector<arrow::Field> inputs;  // columns needed to score; empty = not known before the run
  std::string label;                 // empty = none
  std::optional<arrow::Type> label_type;
  std::optional<Task> task;                  // absent: decided by the data
  std::optional<uint64_t> calibration_rows;  // absent: not known before the run
  bool predicts_score = false;               // points rather than classes
  std::vector<std::string> outputs;          // LabelMap::outputs
  // Found under an alias: "zoo.m@prod", an object with a state of its own.
  std::optional<ObjectRef> alias;
  // Planned under a new name: what the catalog still calls it.
  std::string renamed_from;

  // What a statement that uses the model reads.
  std::vector<ObjectRef> reads() const;
};

struct PlannedModel final : flow::PlannedObject {
  explicit PlannedModel(ModelSignature what) : signature(std::move(what)) {}
  const ModelSignature signature;
};

// `name` may carry ":3", "@v3" or "@alias". Errors (at the name): kNotFound, no such model or version, with the nearest name;
// kProgram, a version that is no number.
Result<ModelSignature> find_signature(const sql::Name& name, const flow::ObjectScope& objects);
// Opens the model in run(); `name` as the user wrote it.
Result<std::shared_ptr<const Model>> open_model(std::string_view name, flow::RunContext& context);
Result<std::shared_ptr<const Model>> open_model(std::string_view name, const flow::FunctionHome& home);
// "zoo.M" -> ObjectRef{"model", "zoo.m"}; "@alias" and ":3" stay part of the name for the catalog.
ObjectRef model_ref(std::string_view name);
// "zoo.m" of "zoo.m:3" and "zoo.m@prod".
std::string_view without_version(std::string_view name);

}  // namespace sinan::ml
