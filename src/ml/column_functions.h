// The functions of COLUMN: one table with their arguments, which checks, completion, help and docs/statements/columns.md are
// made from, and the reading of a COLUMN clause into features that the data will fit (ml/data_function.h).
//
// Pure functions; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/type.h"
#include "base/error.h"
#include "ml/feature_function.h"
#include "sql/clause.h"

namespace sinan::ml {

struct ColumnArgument {
  enum class Kind : uint8_t {
    kColumn,     // a column of the query, or a pattern of names
    kNumber,     // a column, DENSE, or a function that gives a number
    kCategory,   // a column, DENSE, SPARSE, or a function that gives a category
    kColumns,    // a list of columns and functions with one value a row
    kCount,      // a whole number from 1
    kValue,      // a number
    kBounds,     // a list of ascending numbers, or one
    kShape,      // a whole number, a list of them, or none
    kSeparator,  // COMMA or a string
    kWord,       // one of `words`
    kFill,       // a number, or one of `words`
    kIgnored,    // anything
  };
  std::string_view name;
  Kind kind = Kind::kColumn;
  std::string_view words = {};         // "sum|mean|sqrtn"
  std::string_view default_text = {};  // of an optional one
  bool is_optional = false;
};

enum class ColumnFunctionId : uint8_t {
  kDense,
  kSparse,
  kBucket,
  kCategoryId,
  kSeqCategoryId,
  kCategoryHash,
  kWeightedCategory,
  kEmbedding,
  kIndicator,
  kCross,
  kStandardize,
  kNormalize,
  kLog,
  kImpute,
  kQuantileBucket,
  kVocabulary,
  kTargetEncode,
  kNgram,
  kDatePart,
};

struct ColumnFunction {
  ColumnFunctionId id;
  std::string_view name;
  std::string_view doc;
  std::span<const ColumnArgument> arguments;
};
std::span<const ColumnFunction> column_functions();
// "BUCKET(number, bounds)", "CATEGORY_ID(category, n[, ignored])".
std::string synopsis(const ColumnFunction& function);

// One feature, or vector of them, that COLUMN asks for.
struct ColumnFeature {
  std::string name;    // of the feature
  Span span;           // in the program
  std::string column;  // of a bare name; else empty
  // Without what the data will tell (ml/feature_function.h); unused for a bare name.
  FeatureFunction function;
  bool refuses_sparse = false;  // a text that turns out to be a list of any length is an error
  bool takes_weights = false;   // weights count where there are some
  bool is_bare() const { return !column.empty(); }
};

// Reads COLUMN against the query's columns: patterns are applied to each column they match but the label and `others` (names
// of no feature). Features come in the order of the query's columns, those of CROSS last. Errors (kProgram; kUnsupported for
// functions of deep models), each with its place: unknown column or function, wrong arguments, a type that a function cannot read.
Result<std::vector<ColumnFeature>> read_columns(const std::vector<sql::ColumnTarget>& targets,
                                                const arrow::Schema& query, std::span<const std::string> not_features);
// As far as it can be told without the query's columns: names and arguments of functions.
Status check_column_calls(const std::vector<sql::ColumnTarget>& targets);

}  // namespace sinan::ml
