// A model as the catalog and the screen see it: the payload of its catalog object, and the sentences, tables and charts
// about it that TO TRAIN, SHOW MODELS and DESCRIBE MODEL share. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "flow/outcome.h"
#include "ml/model.h"
#include "plot/chart.h"

namespace sinan::ml {

// Everything DESCRIBE MODEL shows, so that it needs no file of the model.
Json model_payload(const ModelPackage& package, uint64_t validation_rows);

// "Trained zoo.m with xgboost.gbtree: two classes of late (binary:logistic), 12 features, 5,000 rows, 20 rounds."
std::string training_summary(std::string_view name, const ModelPackage& package, uint64_t validation_rows);
// The last metric of each kind at the model's best round: "logloss 0.41", of validation rows where there are some.
std::string metric_text(const Json& metrics);
// "1,000 rows, 00f3..": the training data's identity of a payload; empty when it is not known.
std::string data_text(const Json& payload);
// metric, train, validation, at the best round.
flow::ResultTable metric_table(const Json& metrics);
// For the screen: at most 200 rows, and the title says so.
flow::ResultTable shortened(flow::ResultTable table);
// The deciding metric by round; none when there was but one round.
std::optional<plot::Chart> training_chart(std::string_view name, const Json& metrics);
// A metric of `part` ("train", "validation") at the best round.
std::optional<double> final_metric(const Json& metrics, std::string_view part, std::string_view name);
// The deciding metric of two models by round, of validation rows where both have some; none when they have none in common.
std::optional<plot::Chart> comparison_chart(std::string_view first_name, const Json& first,
                                            std::string_view second_name, const Json& second);
// The features that matter most; none when importance is unknown.
std::optional<plot::Chart> importance_chart(std::string_view name, const Json& payload);

}  // namespace sinan::ml
