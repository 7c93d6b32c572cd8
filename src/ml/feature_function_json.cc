// The JSON form of feature functions (docs/formats/model.md). Reading checks everything that the encoder relies on: a model
// file comes from outside.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "ml/feature_function.h"

namespace sinan::ml {
namespace {

// Beyond this no program of ours writes one.
constexpr int64_t kMostClasses = int64_t{1} << 24;
constexpr int64_t kMostWidth = 65536;
constexpr int64_t kMostTerms = 64;

template <class T>
using Names = std::pair<T, std::string_view>;

constexpr Names<DatePart> kParts[] = {
    {DatePart::kYear, "year"},       {DatePart::kQuarter, "quarter"}, {DatePart::kMonth, "month"},
    {DatePart::kWeek, "week"},       {DatePart::kDay, "day"},         {DatePart::kYearday, "yearday"},
    {DatePart::kWeekday, "weekday"}, {DatePart::kHour, "hour"},       {DatePart::kMinute, "minute"},
    {DatePart::kSecond, "second"},   {DatePart::kEpoch, "epoch"},
};
constexpr Names<Reading> kReadings[] = {
    {Reading::kNumber, "number"}, {Reading::kPart, "part"},   {Reading::kVector, "vector"},
    {Reading::kIds, "ids"},       {Reading::kTexts, "texts"}, {Reading::kWords, "words"},
};
constexpr Names<NumberStep::Kind> kSteps[] = {
    {NumberStep::Kind::kLog, "log"},
    {NumberStep::Kind::kStandardize, "standardize"},
    {NumberStep::Kind::kNormalize, "normalize"},
    {NumberStep::Kind::kImpute, "impute"},
};
constexpr Names<Classing::Kind> kClassings[] = {
    {Classing::Kind::kBounds, "bounds"},
    {Classing::Kind::kId, "id"},
    {Classing::Kind::kHash, "hash"},
    {Classing::Kind::kVocabulary, "vocabulary"},
};
constexpr Names<FeatureFunction::Output> kOutputs[] = {
    {FeatureFunction::Output::kNumbers, "numbers"},
    {FeatureFunction::Output::kCategory, "category"},
    {FeatureFunction::Output::kMultiHot, "multi_hot"},
    {FeatureFunction::Output::kTarget, "target"},
};
constexpr Names<FeatureFunction::Combiner> kCombiners[] = {
    {FeatureFunction::Combiner::kSum, "sum"},
    {FeatureFunction::Combiner::kMean, "mean"},
    {FeatureFunction::Combiner::kSqrtn, "sqrtn"},
};

template <class T, size_t N>
std::string_view name_of(const Names<T> (&names)[N], T value) {
  const auto found = std::ranges::find(names, value, [](const auto& entry) { return entry.first; });
  return found == std::end(names) ? std::string_view() : found->second;
}

template <class T, size_t N>
Result<T> read_name(const Names<T> (&names)[N], const Json& json, std::string_view what) {
  const auto found = std::ranges::find(names, json.string_view(), [](const auto& entry) { return entry.second; });
  if (found != std::end(names)) return found->first;
  return fail(Code::kUnsupported, fmt::format("unknown {} of a feature function: \"{}\"", what, json.string_view()),
              "this model was made by a newer version");
}

Result<int64_t> read_count(const Json& json, std::string_view what, int64_t least, int64_t most) {
  const int64_t count = TRY(json.as_int());
  if (count < least || count > most) return fail(Code::kData, fmt::format("impossible {}: {}", what, count));
  return count;
}

Result<double> read_number(const Json& json) {
  const double number = TRY(json.as_double());
  if (!std::isfinite(number)) return fail(Code::kData, "feature function has a number that is not finite");
  return number;
}

Json to_json(const TermSource& source) {
  Json out = Json::object({{"column", source.column}, {"reads", name_of(kReadings, source.reading)}});
  if (source.reading == Reading::kPart) out.set("part", name_of(kParts, source.part));
  if (!source.separator.empty()) out.set("separator", source.separator);
  if (!source.weight_separator.empty()) out.set("weight_separator", source.weight_separator);
  if (source.width != 1) out.set("width", static_cast<int64_t>(source.width));
  if (source.run != 1) out.set("run", static_cast<int64_t>(source.run));
  if (source.items != 0) out.set("items", static_cast<int64_t>(source.items));
  return out;
}

Result<TermSource> source_from_json(const Json& json) {
  TermSource source;
  source.column = TRY(json.at("column").as_string());
  source.reading = TRY(read_name(kReadings, json.at("reads"), "reading"));
  if (source.reading == Reading::kPart) source.part = TRY(read_name(kParts, json.at("part"), "part"));
  if (json.find("separator") != nullptr) source.separator = TRY(json.at("separator").as_string());
  if (json.find("weight_separator") != nullptr) source.weight_separator = TRY(json.at("weight_separator").as_string());
  if (json.find("width") != nullptr)
    source.width = static_cast<uint32_t>(TRY(read_count(json.at("width"), "width", 1, kMostWidth)));
  if (json.find("run") != nullptr) source.run = static_cast<uint32_t>(TRY(read_count(json.at("run"), "run", 1, 8)));
  if (json.find("items") != nullptr)
    source.items = static_cast<uint32_t>(TRY(read_count(json.at("items"), "number of items", 1, kMostWidth)));
  if (source.width != 1 && source.reading != Reading::kVector) return fail(Code::kData, "only a vector has a width");
  if (source.reading == Reading::kVector && source.separator.empty())
    return fail(Code::kData, "a vector needs a separator");
  return source;
}

Json to_json(const NumberStep& step) {
  Json out = Json::object({{"step", name_of(kSteps, step.kind)}});
  if (step.kind == NumberStep::Kind::kLog) return out;
  out.set("a", step.a);
  if (step.kind != NumberStep::Kind::kImpute) out.set("b", step.b);
  return out;
}

Result<NumberStep> step_from_json(const Json& json) {
  NumberStep step;
  step.kind = TRY(read_name(kSteps, json.at("step"), "step"));
  if (step.kind == NumberStep::Kind::kLog) return step;
  step.a = TRY(read_number(json.at("a")));
  if (step.kind != NumberStep::Kind::kImpute) step.b = TRY(read_number(json.at("b")));
  if (step.b == 0) return fail(Code::kData, "feature function divides by zero");
  return step;
}

Json to_json(const Classing& classing) {
  Json out = Json::object({{"by", name_of(kClassings, classing.kind)}});
  if (classing.kind == Classing::Kind::kId || classing.kind == Classing::Kind::kHash) out.set("count", classing.count);
  if (classing.kind == Classing::Kind::kBounds) {
    Json bounds = Json::array();
    for (const double bound : classing.bounds) bounds.push_back(bound);
    out.set("bounds", std::move(bounds));
  }
  if (classing.kind == Classing::Kind::kVocabulary) {
    Json texts = Json::array();
    for (const std::string& text : classing.vocabulary) texts.push_back(text);
    out.set("vocabulary", std::move(texts));
    if (classing.is_cut) out.set("cut", true);
  }
  return out;
}

Result<Classing> classing_from_json(const Json& json) {
  Classing classing;
  classing.kind = TRY(read_name(kClassings, json.at("by"), "classes"));
  switch (classing.kind) {
    case Classing::Kind::kBounds:
      for (const Json& bound : json.at("bounds").items()) classing.bounds.push_back(TRY(read_number(bound)));
      if (std::ranges::adjacent_find(classing.bounds, std::ranges::greater_equal()) != classing.bounds.end())
        return fail(Code::kData, "bounds are not ascending");
      classing.count = classing.bounds.size() + 1;
      break;
    case Classing::Kind::kVocabulary: {
      std::set<std::string_view> seen;
      for (const Json& text : json.at("vocabulary").items()) {
        classing.vocabulary.push_back(TRY(text.as_string()));
        if (!seen.insert(text.string_view()).second) return fail(Code::kData, "vocabulary has a text twice");
      }
      if (json.find("cut") != nullptr) classing.is_cut = TRY(json.at("cut").as_bool());
      classing.count = classing.vocabulary.size() + (classing.is_cut ? 1 : 0);
      if (classing.count == 0) return fail(Code::kData, "vocabulary is empty");
      break;
    }
    default:
      classing.count = static_cast<uint64_t>(TRY(read_count(json.at("count"), "number of classes", 1, kMostClasses)));
      break;
  }
  return classing;
}

bool reads_numbers(Reading reading) {
  return reading == Reading::kNumber || reading == Reading::kPart || reading == Reading::kVector;
}

Result<Term> term_from_json(const Json& json) {
  Term term;
  term.source = TRY(source_from_json(json));
  for (const Json& step : json.at("steps").items()) term.steps.push_back(TRY(step_from_json(step)));
  if (json.find("classes") != nullptr) term.classing = TRY(classing_from_json(json.at("classes")));
  const bool is_number = reads_numbers(term.source.reading);
  const bool sorts_numbers = term.classing.kind == Classing::Kind::kBounds;
  const bool sorts = term.classing.kind != Classing::Kind::kNone;
  const bool sorts_texts =
      term.classing.kind == Classing::Kind::kVocabulary || term.classing.kind == Classing::Kind::kHash;
  if ((sorts && sorts_numbers != is_number) || (!is_number && !term.steps.empty()) ||
      (sorts_texts && term.source.reading == Reading::kIds) ||
      (term.classing.kind == Classing::Kind::kId && term.source.reading != Reading::kIds) ||
      (term.source.width != 1 && (sorts || !term.steps.empty())))
    return fail(Code::kData, "steps of a feature function do not fit together");
  return term;
}

Result<std::vector<float>> read_floats(const Json& json, uint64_t count) {
  std::vector<float> out;
  for (const Json& item : json.items()) out.push_back(static_cast<float>(TRY(read_number(item))));
  if (out.size() != count) return fail(Code::kData, "encoding of the label does not fit its classes");
  return out;
}

Json floats(const std::vector<float>& values) {
  Json out = Json::array();
  for (const float value : values) out.push_back(static_cast<double>(value));
  return out;
}

// What the output needs of the terms.
Status check_whole(const FeatureFunction& function) {
  const Classing::Kind first = function.terms[0].classing.kind;
  const bool is_cross = function.cross > 0;
  bool fits = is_cross ? function.output != FeatureFunction::Output::kNumbers : function.terms.size() == 1;
  if (function.output == FeatureFunction::Output::kNumbers) {
    const auto& steps = function.terms[0].steps;
    const bool imputes =
        std::ranges::any_of(steps, [](const NumberStep& s) { return s.kind == NumberStep::Kind::kImpute; });
    fits = fits && reads_numbers(function.terms[0].source.reading) && first == Classing::Kind::kNone &&
           (!function.flags_missing || imputes);
  } else {
    fits = fits && (is_cross || first != Classing::Kind::kNone) && !function.flags_missing;
    for (const Term& term : function.terms) fits = fits && term.source.reading != Reading::kVector;
  }
  if (!fits) return fail(Code::kData, "terms of a feature function do not fit its output");
  return {};
}

}  // namespace

std::string_view to_string(DatePart part) { return name_of(kParts, part); }
std::string_view to_string(Reading reading) { return name_of(kReadings, reading); }

std::optional<DatePart> date_part(std::string_view name) {
  const auto found = std::ranges::find(kParts, name, [](const auto& entry) { return entry.second; });
  return found == std::end(kParts) ? std::nullopt : std::optional(found->first);
}

Json to_json(const FeatureFunction& function) {
  Json terms = Json::array();
  for (const Term& term : function.terms) {
    Json entry = to_json(term.source);
    Json steps = Json::array();
    for (const NumberStep& step : term.steps) steps.push_back(to_json(step));
    if (!term.steps.empty()) entry.set("steps", std::move(steps));
    if (term.classing.kind != Classing::Kind::kNone) entry.set("classes", to_json(term.classing));
    terms.push_back(std::move(entry));
  }
  Json out = Json::object(
      {{"text", function.text}, {"terms", std::move(terms)}, {"gives", name_of(kOutputs, function.output)}});
  if (function.cross > 0) out.set("cross", function.cross);
  if (function.output == FeatureFunction::Output::kMultiHot) {
    out.set("combiner", name_of(kCombiners, function.combiner));
    if (function.is_weighted) out.set("weighted", true);
  }
  if (function.flags_missing) out.set("flags_missing", true);
  if (function.output == FeatureFunction::Output::kTarget) {
    out.set("targets", static_cast<int64_t>(function.targets));
    out.set("smoothing", function.smoothing);
    out.set("folds", static_cast<int64_t>(function.folds));
    out.set("prior", floats(function.prior));
    out.set("values", floats(function.target_values));
  }
  return out;
}

Result<FeatureFunction> feature_function_from_json(const Json& json) {
  FeatureFunction function;
  function.text = TRY(json.at("text").as_string());
  const auto& terms = json.at("terms").items();
  if (terms.empty() || std::ssize(terms) > kMostTerms)
    return fail(Code::kData, fmt::format("impossible number of terms: {}", terms.size()));
  for (const Json& term : terms) function.terms.push_back(TRY(term_from_json(term)));
  function.output = TRY(read_name(kOutputs, json.at("gives"), "output"));
  if (json.find("cross") != nullptr)
    function.cross = static_cast<uint64_t>(TRY(read_count(json.at("cross"), "number of classes", 1, kMostClasses)));
  if (function.output == FeatureFunction::Output::kMultiHot)
    function.combiner = TRY(read_name(kCombiners, json.at("combiner"), "combiner"));
  if (json.find("weighted") != nullptr) function.is_weighted = TRY(json.at("weighted").as_bool());
  if (json.find("flags_missing") != nullptr) function.flags_missing = TRY(json.at("flags_missing").as_bool());
  TRY(check_whole(function));
  if (function.output == FeatureFunction::Output::kTarget) {
    function.targets = static_cast<uint32_t>(TRY(read_count(json.at("targets"), "number of targets", 1, 1000)));
    function.smoothing = TRY(read_number(json.at("smoothing")));
    function.folds = static_cast<uint32_t>(TRY(read_count(json.at("folds"), "number of folds", 2, 1000)));
    function.prior = TRY(read_floats(json.at("prior"), function.targets));
    function.target_values = TRY(read_floats(json.at("values"), function.classes() * function.targets));
  }
  return function;
}

}  // namespace sinan::ml
