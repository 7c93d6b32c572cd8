// FeatureFunction: what a COLUMN function is once it has seen the data. INDICATOR(CATEGORY_ID(DENSE(c), 10)), for example, is
// one term that reads c as whole numbers and takes them for classes, and an output that makes a number of each class.
//
// A term reads one column: as a number, a vector, whole numbers or texts; changes a number step by step; and may sort what it
// read into classes. CROSS has several terms, whose values are hashed into one class. The output makes features of numbers or
// classes. Everything that was learnt from the training rows is in here, so the function is data: part of the FeaturePlan,
// saved as JSON, applied by one function (ml/function_encoder.h) in training and in scoring.
//
// Constant once fitted; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace sinan::ml {

// A part of a date, time or timestamp.
enum class DatePart : uint8_t {
  kYear,
  kQuarter,
  kMonth,
  kWeek,  // ISO 8601
  kDay,
  kYearday,
  kWeekday,
  kHour,
  kMinute,
  kSecond,
  kEpoch,
};

enum class Reading : uint8_t {
  kDerived,  // by the column's type and content: settled when the function is fitted, never in a model
  kNumber,   // one number
  kPart,     // one part of a moment
  kVector,   // `width` numbers
  kIds,      // whole numbers: one, several, or several with weights
  kTexts,    // texts: likewise
  kWords,    // runs of one to `run` words of a text
};

struct TermSource {
  std::string column;
  Reading reading = Reading::kDerived;
  DatePart part = DatePart::kYear;
  std::string separator;         // between the items of a text; " " stands for any blanks; empty: the text is one item
  std::string weight_separator;  // between an item and its weight; empty: there are no weights
  uint32_t width = 1;            // of a vector; 0: decided by the data
  uint32_t run = 1;
  uint32_t items = 0;       // how many each row must have; 0: any number
  bool takes_list = false;  // kDerived: a text is a list whatever it holds
  friend bool operator==(const TermSource&, const TermSource&) = default;
};

// One change of a number x. NaN, which is a missing value, stays NaN but for kImpute.
struct NumberStep {
  enum class Kind : uint8_t {
    kLog,          // sign(x) ln(1 + |x|)
    kStandardize,  // (x - a) / b: mean and standard deviation
    kNormalize,    // (x - a) / b: least value and range
    kImpute,       // a for a missing value
  };
  enum class Fill : uint8_t { kMean, kMedian, kMostFrequent, kGiven };  // where kImpute has a from
  Kind kind = Kind::kLog;
  double a = 0;
  double b = 1;
  Fill fill = Fill::kGiven;
  friend bool operator==(const NumberStep&, const NumberStep&) = default;
};

// What a term's values are sorted into: classes 0 to count - 1.
struct Classing {
  enum class Kind : uint8_t {
    kNone,
    kBounds,      // the number of bounds that are not above the number; count = bounds + 1
    kId,          // a whole number is its own class; others are an error
    kHash,        // XXH3-64 of the value's text, as an unsigned number, mod count
    kVocabulary,  // the text's place in the vocabulary; others are missing, or class `vocabulary.size()` when it was cut
  };
  Kind kind = Kind::kNone;
  uint64_t count = 0;          // before fitting, 0: decided by the data
  std::vector<double> bounds;  // ascending; before fitting, none: `count` quantiles
  std::vector<std::string> vocabulary;
  bool is_cut = false;
  friend bool operator==(const Classing&, const Classing&) = default;
};

struct Term {
  TermSource source;
  std::vector<NumberStep> steps;
  Classing classing;
  friend bool operator==(const Term&, const Term&) = default;
};

struct FeatureFunction {
  enum class Output : uint8_t {
    kNumbers,   // one feature a number; with `flags_missing` one more that is 1 where there was none
    kCategory,  // one categorical feature
    kMultiHot,  // one feature a class: 1, or the weights, of the row's classes
    kTarget,    // the label's mean in the row's class
  };
  enum class Combiner : uint8_t {
    kSum,
    kMean,
    kSqrtn
  };  // of kMultiHot: weights as they are, over their sum, over their length
  // Widths up to here are plain columns, wider vectors are sparse.
  static constexpr uint32_t kMostPlainFeatures = 64;

  std::string text;  // as COLUMN has it
  std::vector<Term> terms;
  uint64_t cross = 0;  // classes of several terms together; 0: there is one term
  Output output = Output::kNumbers;
  Combiner combiner = Combiner::kSum;
  bool is_weighted = false;
  bool flags_missing = false;
  // kTarget: by class, and for rows without one; `targets` values each (of several label classes: one each).
  double smoothing = 0;
  uint32_t folds = 0;
  uint32_t targets = 1;
  std::vector<float> target_values;
  std::vector<float> prior;

  // Classes of the terms together; 0 when it has none.
  uint64_t classes() const;
  // Features that the function makes.
  uint32_t width() const;
  bool is_sparse() const { return output == Output::kMultiHot && width() > kMostPlainFeatures; }
  std::vector<std::string> columns() const;  // of the terms, each once
  friend bool operator==(const FeatureFunction&, const FeatureFunction&) = default;
};

std::string_view to_string(DatePart part);
// "year", "quarter", ... : nothing for other names.
std::optional<DatePart> date_part(std::string_view name);
std::string_view to_string(Reading reading);
// The function in words, for TRAIN and DESCRIBE MODEL: "4 numbers", "ids 0 to 9, summed", "standardized (mean 3, deviation 2)".
std::string describe(const FeatureFunction& function);

// docs/formats/model.md. Reading checks everything that the encoder relies on. Errors: kData, kUnsupported for what this version does not know.
Json to_json(const FeatureFunction& function);
Result<FeatureFunction> feature_function_from_json(const Json& json);

}  // namespace sinan::ml
