// The names that trainers' and models' attribute tables are written with; what they mean is in flow/attributes.h. And the
// attributes that TO TRAIN itself acts on (statements/train_check), for every trainer that can use them.
#pragma once

#include "flow/attributes.h"

namespace sinan::ml {

using flow::AttributeSpec;
using flow::AttributeType;
using flow::AttributeValues;
using flow::check_attributes;

// Rows to validate on.
inline constexpr AttributeSpec kValidationAttributes[] = {
    {.name = "validation.select", .type = AttributeType::kQuery, .doc = "query of the rows to validate on"},
    {.name = "validation.fraction",
     .type = AttributeType::kFloat,
     .doc = "share of the rows (of the groups, where there are any), drawn at random, to validate on",
     .min = 0,
     .max = 1,
     .min_open = true,
     .max_open = true},
    {.name = "validation.column",
     .type = AttributeType::kString,
     .doc = "boolean column that marks the rows to validate on; no feature"},
};

// How much rows count.
inline constexpr AttributeSpec kWeightAttributes[] = {
    {.name = "weight_column",
     .type = AttributeType::kString,
     .doc = "column that says how much a row counts, 0 or more; no feature",
     .aliases = "train.weight|sample_weight|weight"},
    {.name = "class_weight",
     .type = AttributeType::kStringList,
     .doc = "how much a class counts: balanced, or [yes:3, no:1]",
     .aliases = "class_weights"},
};

// Which rows are ranked against each other.
inline constexpr AttributeSpec kGroupAttribute = {
    .name = "group_column",
    .type = AttributeType::kString,
    .doc = "ranking: rows with one value of this column are ranked against each other; no feature",
    .aliases = "qid|query_column|group_id|train.group"};

// survival:aft.
inline constexpr AttributeSpec kLabelUpperAttribute = {
    .name = "label_upper_column",
    .type = AttributeType::kString,
    .doc = "of survival:aft: upper end of the label's interval, NULL when it is open; no feature",
    .aliases = "label_upper_bound"};

}  // namespace sinan::ml
