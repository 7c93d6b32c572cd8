#include "ml/column_functions.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"

namespace sinan::ml {
namespace {

using Kind = ColumnArgument::Kind;
using Id = ColumnFunctionId;

constexpr std::string_view kDtypes = "int|float|string";

constexpr ColumnArgument kDenseArguments[] = {
    {"column", Kind::kColumn},
    {"shape", Kind::kShape, {}, "none", true},
    {"separator", Kind::kSeparator, {}, "COMMA", true},
    {"dtype", Kind::kWord, kDtypes, "float", true},
};
constexpr ColumnArgument kSparseArguments[] = {
    {"column", Kind::kColumn},
    {"shape", Kind::kShape, {}, "none", true},
    {"separator", Kind::kSeparator, {}, "by the data", true},
    {"dtype", Kind::kWord, kDtypes, "int", true},
    {"weight_separator", Kind::kSeparator, {}, "by the data", true},
    {"weight_dtype", Kind::kWord, "float|int", "float", true},
};
constexpr ColumnArgument kBucketArguments[] = {{"number", Kind::kNumber}, {"bounds", Kind::kBounds}};
constexpr ColumnArgument kCategoryArguments[] = {
    {"category", Kind::kCategory}, {"n", Kind::kCount}, {"ignored", Kind::kIgnored, {}, "", true}};
constexpr ColumnArgument kWeightedArguments[] = {{"category", Kind::kCategory}};
constexpr ColumnArgument kEmbeddingArguments[] = {
    {"category", Kind::kCategory},
    {"dimension", Kind::kCount},
    {"combiner", Kind::kWord, "sum|mean|sqrtn", "sum", true},
    {"initializer", Kind::kIgnored, {}, "", true},
};
constexpr ColumnArgument kIndicatorArguments[] = {{"category", Kind::kCategory}};
constexpr ColumnArgument kCrossArguments[] = {{"columns", Kind::kColumns}, {"n", Kind::kCount}};
constexpr ColumnArgument kNumberArguments[] = {{"number", Kind::kNumber}};
constexpr ColumnArgument kImputeArguments[] = {{"number", Kind::kNumber},
                                               {"value", Kind::kFill, "mean|median|most_frequent", "mean", true}};
constexpr ColumnArgument kQuantileArguments[] = {{"number", Kind::kNumber}, {"n", Kind::kCount}};
constexpr ColumnArgument kVocabularyArguments[] = {{"category", Kind::kCategory},
                                                   {"n", Kind::kCount, {}, "65536", true}};
constexpr ColumnArgument kTargetArguments[] = {
    {"category", Kind::kCategory}, {"smoothing", Kind::kValue, {}, "10", true}, {"folds", Kind::kCount, {}, "5", true}};
constexpr ColumnArgument kNgramArguments[] = {
    {"column", Kind::kColumn}, {"n", Kind::kCount}, {"buckets", Kind::kCount, {}, "1024", true}};
constexpr ColumnArgument kPartArguments[] = {
    {"column", Kind::kColumn},
    {"part", Kind::kWord, "year|quarter|month|week|day|yearday|weekday|hour|minute|second|epoch"}};

constexpr ColumnFunction kFunctions[] = {
    {Id::kDense, "DENSE", "a text like 1.2,3 or a list as a vector of numbers of one length", kDenseArguments},
    {Id::kSparse, "SPARSE", "ids like 3,17 or 3:0.5 17:2 as a vector that is zero elsewhere", kSparseArguments},
    {Id::kBucket, "BUCKET", "the number of bounds that are not above a number, as a category", kBucketArguments},
    {Id::kCategoryId, "CATEGORY_ID", "whole numbers from 0 to n-1, or the n most frequent texts, as categories",
     kCategoryArguments},
    {Id::kSeqCategoryId, "SEQ_CATEGORY_ID", "ordered ids, for deep models only", kCategoryArguments},
    {Id::kCategoryHash, "CATEGORY_HASH", "the value's hash mod n, as a category", kCategoryArguments},
    {Id::kWeightedCategory, "WEIGHTED_CATEGORY", "a category with the weights of its SPARSE k:v list",
     kWeightedArguments},
    {Id::kEmbedding, "EMBEDDING", "a category for a dense layer; other models take the category itself",
     kEmbeddingArguments},
    {Id::kIndicator, "INDICATOR", "a number for each class of a category: 1 or 0", kIndicatorArguments},
    {Id::kCross, "CROSS", "the combination of several values, hashed into n categories", kCrossArguments},
    {Id::kStandardize, "STANDARDIZE", "a number less its mean, over its standard deviation", kNumberArguments},
    {Id::kNormalize, "NORMALIZE", "a number scaled so that the training rows lie in 0 to 1", kNumberArguments},
    {Id::kLog, "LOG", "sign(x) ln(1 + |x|) of a number", kNumberArguments},
    {Id::kImpute, "IMPUTE", "a number with a value instead of NULL, and a flag that tells where", kImputeArguments},
    {Id::kQuantileBucket, "QUANTILE_BUCKET", "n buckets of equally many training rows, as a category",
     kQuantileArguments},
    {Id::kVocabulary, "VOCABULARY", "the n most frequent values as categories; the others share one",
     kVocabularyArguments},
    {Id::kTargetEncode, "TARGET_ENCODE",
     "the label's smoothed mean in a category, learnt from other rows than the row itself", kTargetArguments},
    {Id::kNgram, "NGRAM", "how often each run of 1 to n words comes, hashed into buckets", kNgramArguments},
    {Id::kDatePart, "DATE_PART", "one part of a date, time or timestamp", kPartArguments},
};

}  // namespace

std::span<const ColumnFunction> column_functions() { return kFunctions; }

std::string synopsis(const ColumnFunction& function) {
  std::string out = fmt::format("{}(", function.name);
  std::string closing;
  for (size_t i = 0; i < function.arguments.size(); ++i) {
    const ColumnArgument& argument = function.arguments[i];
    if (argument.is_optional) out += "[";
    if (argument.is_optional) closing += "]";
    if (i > 0) out += ", ";
    out += argument.name;
    if (!argument.default_text.empty()) out += fmt::format("={}", argument.default_text);
  }
  return out + closing + ")";
}

}  // namespace sinan::ml
