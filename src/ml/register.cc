#include "ml/trainer.h"

#include "base/strings.h"
#include "ml/column_functions.h"
#include "ml/statements/change_model.h"
#include "ml/statements/compare_data_model.h"
#include "ml/statements/compare_models.h"
#include "ml/statements/evaluate.h"
#include "ml/statements/exchange_models.h"
#include "ml/statements/explain.h"
#include "ml/statements/models.h"
#include "ml/statements/predict.h"
#include "ml/statements/predict_function.h"
#include "ml/statements/show_train.h"
#include "ml/statements/train.h"

namespace sinan::ml {
namespace {

// Position behind the last occurrence of a word (any case), or npos.
size_t after_word(std::string_view text, std::string_view word) {
  const std::string folded = to_lower(text);
  const size_t at = folded.rfind(to_lower(word));
  return at == std::string::npos ? std::string::npos : at + word.size();
}

// Estimators behind TO TRAIN; the attributes of that estimator behind WITH.
std::vector<std::string> complete(const Trainers& trainers, const flow::CompletionRequest& request) {
  const size_t train = after_word(request.statement, "to train ");
  if (train == std::string::npos) return {};
  const std::string_view rest = trim(request.statement.substr(train));
  const std::string_view estimator = rest.substr(0, rest.find_first_of(" \t\r\n"));
  const size_t with = after_word(rest, "with ");
  std::vector<std::string> words;
  if (after_word(rest, "column ") != std::string::npos) {
    for (const ColumnFunction& function : column_functions()) words.emplace_back(function.name);
  }
  for (const auto& trainer : trainers) {
    if (with == std::string::npos) {
      for (std::string& name : trainer->estimators()) words.push_back(std::move(name));
      continue;
    }
    const std::string canonical = trainer->canonical_estimator(estimator);
    if (canonical.empty()) continue;
    for (const AttributeSpec& spec : trainer->attributes(canonical)) words.emplace_back(spec.name);
  }
  std::erase_if(words, [&](const std::string& word) { return !to_lower(word).starts_with(to_lower(request.word)); });
  return words;
}

}  // namespace

void register_ml(flow::Registry& registry, Trainers trainers) {
  const auto shared = std::make_shared<const Trainers>(std::move(trainers));
  registry.add(std::make_unique<Train>(shared));
  registry.statements<Predict>();
  registry.add(std::make_unique<Evaluate>(shared));
  registry.statements<Explain, ShowTrain, ShowModels, DescribeModel, CompareModels, CompareDataModel, AlterModel,
                      DropModel, ExportModelStatement, ImportModelStatement>();
  registry.function(std::make_unique<PredictFunction>());
  registry.completion([shared](const flow::CompletionRequest& request) { return complete(*shared, request); });
  registry.doctor([shared] {
    std::vector<flow::DoctorFinding> findings;
    for (const auto& trainer : *shared) findings.push_back(trainer->doctor());
    findings.push_back({"deep-learning plug-in", false, "not part of this build: estimators such as DNNClassifier",
                        "for tables boosted trees do well: xgboost.gbtree", true});
    return findings;
  });
}

}  // namespace sinan::ml
