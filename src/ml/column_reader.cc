// The reading of COLUMN (ml/column_functions.h).
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "base/check.h"
#include "base/strings.h"
#include "ml/column_functions.h"
#include "ml/column_pattern.h"
#include "ml/feature_plan_input.h"
#include "ml/feature_text.h"
#include "ml/feature_values.h"
#include "ml/query_columns.h"

namespace sinan::ml {
namespace {

using sql::Expr;
using Id = ColumnFunctionId;
using ArgumentKind = ColumnArgument::Kind;

constexpr uint64_t kMostClasses = uint64_t{1} << 24;    // exact as a float, which the libraries take codes as
constexpr uint64_t kMostPositions = uint64_t{1} << 20;  // of a vector with a number for each class
constexpr uint64_t kMostWidth = 65536;
constexpr uint64_t kMostRun = 8;

std::string_view last_part(std::string_view name) { return name.substr(name.find_last_of('.') + 1); }

bool is_name(const Expr& expr) { return expr.is(Expr::Kind::kName) || expr.is(Expr::Kind::kString); }

// --- functions and their arguments, without columns ---

Result<const ColumnFunction*> find_function(const Expr& call) {
  std::vector<std::string> known;
  for (const ColumnFunction& function : column_functions()) {
    if (equals_ignore_case(function.name, call.text)) {
      if (function.id != Id::kSeqCategoryId) return &function;
      return fail(Code::kUnsupported, "COLUMN function is for deep models only: SEQ_CATEGORY_ID",
                  "recurrent networks such as sqlflow_models.StackedRNNClassifier read ordered ids; here use "
                  "CATEGORY_ID")
          .at(call.span);
    }
    known.emplace_back(function.name);
  }
  std::string upper = call.text;
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  const std::string near = did_you_mean(upper, known);
  return fail(Code::kProgram, fmt::format("unknown COLUMN function: {}", call.text),
              near.empty() ? fmt::format("there are {}", join(known, ", ")) : near)
      .at(call.span);
}

// Arguments of one call, by their place in the table.
class Arguments {
 public:
  Arguments(const ColumnFunction& function, const Expr& call) : function_(function), call_(call) {}

  // Number and kinds of the arguments; calls within are checked by their own.
  Status check() const {
    const auto& specs = function_.arguments;
    const auto least = static_cast<size_t>(std::ranges::count(specs, false, &ColumnArgument::is_optional));
    if (call_.items.size() < least || call_.items.size() > specs.size()) {
      const std::string wanted =
          least == specs.size() ? fmt::format("{}", least) : fmt::format("{} to {}", least, specs.size());
      return fail(Code::kProgram,
                  fmt::format("{} takes {} argument{}, not {}", function_.name, wanted, wanted == "1" ? "" : "s",
                              call_.items.size()),
                  synopsis(function_))
          .at(call_.span);
    }
    for (size_t i = 0; i < call_.items.size(); ++i) TRY(check_one(specs[i], call_.items[i]));
    return {};
  }

  bool has(size_t i) const { return i < call_.items.size(); }
  const Expr& at(size_t i) const { return call_.items[i]; }
  Result<uint64_t> count(size_t i, uint64_t most = kMostClasses, uint64_t least = 1) const {
    uint64_t value = 0;
    if (!at(i).is(Expr::Kind::kInteger) || !whole(at(i).text, value) || value < least || value > most)
      return std::unexpected(wrong(i, fmt::format("a whole number from {} to {}", least, most)).error());
    return value;
  }
  Result<double> number(size_t i) const {
    const auto value = number_of(at(i));
    if (!value) return std::unexpected(wrong(i, "a number").error());
    return *value;
  }
  // A word of the table's list, in lower case; its default where there is none.
  std::string word(size_t i) const {
    return has(i) ? to_lower(at(i).text) : std::string(function_.arguments[i].default_text);
  }
  std::string separator(size_t i) const {
    if (at(i).is(Expr::Kind::kName)) return ",";
    return trim(at(i).text).empty() ? " " : at(i).text;
  }
  // Of a shape; 0 for none.
  Result<uint64_t> shape(size_t i, uint64_t most) const {
    if (!has(i) || is_none(at(i))) return 0;
    if (!at(i).is(Expr::Kind::kList)) return count(i, most);
    uint64_t product = 1;
    for (const Expr& item : at(i).items) {
      uint64_t value = 0;
      const bool is_whole = item.is(Expr::Kind::kInteger) && whole(item.text, value) && value >= 1 && value <= most;
      if (is_whole) product *= value;
      if (!is_whole || product > most)
        return std::unexpected(wrong(i, fmt::format("a shape of at most {} values", most)).error());
    }
    if (at(i).items.empty()) return std::unexpected(wrong(i, "a shape").error());
    return product;
  }
  Result<std::vector<double>> bounds(size_t i) const {
    std::vector<double> out;
    const auto add = [&](const Expr& item) -> Status {
      const auto value = number_of(item);
      if (!value) return wrong(i, "numbers in ascending order");
      if (!out.empty() && out.back() >= *value) {
        return fail(
                   Code::kProgram,
                   fmt::format("bounds of {} are not ascending: {} comes after {}", function_.name, *value, out.back()),
                   "list each bound once, the least first")
            .at(item.span);
      }
      out.push_back(*value);
      return {};
    };
    if (at(i).is(Expr::Kind::kList)) {
      for (const Expr& item : at(i).items) TRY(add(item));
    } else {
      TRY(add(at(i)));
    }
    if (out.empty()) return std::unexpected(wrong(i, "numbers in ascending order").error());
    return out;
  }
  Failure wrong(size_t i, std::string_view wanted) const { return wrong(function_.arguments[i], at(i), wanted); }

 private:
  static bool whole(std::string_view text, uint64_t& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size();
  }
  static bool is_none(const Expr& expr) { return is_name(expr) && equals_ignore_case(expr.text, "none"); }
  static std::optional<double> number_of(const Expr& expr) {
    if (expr.is(Expr::Kind::kUnary) && expr.text == "-" && expr.items.size() == 1) {
      const auto value = number_of(expr.items[0]);
      return value ? std::optional(-*value) : std::nullopt;
    }
    if (!expr.is(Expr::Kind::kInteger) && !expr.is(Expr::Kind::kFloat)) return std::nullopt;
    return parse_number(expr.text);
  }

  Failure wrong(const ColumnArgument& argument, const Expr& found, std::string_view wanted) const {
    return fail(Code::kProgram,
                fmt::format("{} of {} must be {}: {}", argument.name, function_.name, wanted, sql::to_string(found)),
                synopsis(function_))
        .at(found.span);
  }

  Status check_one(const ColumnArgument& argument, const Expr& found) const {
    switch (argument.kind) {
      case ArgumentKind::kColumn:
        if (!is_name(found)) return wrong(argument, found, "a column");
        break;
      case ArgumentKind::kNumber:
      case ArgumentKind::kCategory:
        if (!is_name(found) && !found.is(Expr::Kind::kCall)) return wrong(argument, found, "a column or a function");
        break;
      case ArgumentKind::kColumns:
        if (!found.is(Expr::Kind::kList) || found.items.size() < 2)
          return wrong(argument, found, "a list of at least two columns");
        for (const Expr& item : found.items) {
          if (!is_name(item) && !item.is(Expr::Kind::kCall)) return wrong(argument, item, "a column or a function");
        }
        break;
      case ArgumentKind::kCount: {
        uint64_t value = 0;
        if (!found.is(Expr::Kind::kInteger) || !whole(found.text, value) || value < 1 || value > kMostClasses)
          return wrong(argument, found, fmt::format("a whole number from 1 to {}", kMostClasses));
        break;
      }
      case ArgumentKind::kValue: {
        const auto value = number_of(found);
        if (!value || *value < 0) return wrong(argument, found, "a number that is not negative");
        break;
      }
      case ArgumentKind::kSeparator: {
        const bool is_comma = found.is(Expr::Kind::kName) && equals_ignore_case(found.text, "COMMA");
        const bool is_text = found.is(Expr::Kind::kString) && !found.text.empty() && found.text.size() <= 16;
        if (!is_comma && !is_text) return wrong(argument, found, "COMMA or a string");
        break;
      }
      case ArgumentKind::kFill:
        if (number_of(found)) break;
        [[fallthrough]];
      case ArgumentKind::kWord: {
        std::vector<std::string> words;
        for (const std::string_view word : split_on(argument.words, '|')) words.emplace_back(word);
        const bool known = is_name(found) && std::ranges::find(words, to_lower(found.text)) != words.end();
        if (!known) {
          return wrong(argument, found,
                       fmt::format("{}{}", argument.kind == ArgumentKind::kFill ? "a number or one of " : "one of ",
                                   join(words, ", ")));
        }
        break;
      }
      case ArgumentKind::kShape:
        if (!is_none(found) && !found.is(Expr::Kind::kInteger) && !found.is(Expr::Kind::kList))
          return wrong(argument, found, "a whole number, a list of them, or none");
        break;
      case ArgumentKind::kBounds:
      case ArgumentKind::kIgnored:
        break;
    }
    return {};
  }

  const ColumnFunction& function_;
  const Expr& call_;
};

Status check_call(const Expr& call) {
  const ColumnFunction* const function = TRY(find_function(call));
  const Arguments arguments(*function, call);
  TRY(arguments.check());
  if (function->id == Id::kBucket) TRY(arguments.bounds(1));
  for (const Expr& item : call.items) {
    if (item.is(Expr::Kind::kCall)) TRY(check_call(item));
    if (!item.is(Expr::Kind::kList)) continue;
    for (const Expr& inner : item.items) {
      if (inner.is(Expr::Kind::kCall)) TRY(check_call(inner));
    }
  }
  return {};
}

// --- functions of columns ---

// What a function has been made of so far, from the inside out.
struct Draft {
  enum class Stage : uint8_t { kColumn, kDense, kSparse, kNumber, kCategory, kFinal };
  Stage stage = Stage::kColumn;
  FeatureFunction function;
  ValueType type;  // of the column
  bool refuses_sparse = false;
  bool takes_weights = false;
  Term& term() { return function.terms[0]; }
};
using Stage = Draft::Stage;

class ColumnReader {
 public:
  ColumnReader(const arrow::Schema& query, std::span<const std::string> not_features)
      : query_(query), not_features_(not_features) {}

  // All features of one item of COLUMN.
  Status read(const Expr& item, std::vector<std::pair<size_t, ColumnFeature>>& out) const {
    const Expr* const leaf = pattern_leaf(item);
    if (leaf == nullptr) return add(item, query_.size(), out);
    for (const size_t column : TRY(matches(*leaf))) TRY(add(with_column(item, query_[column].name), column, out));
    return {};
  }

 private:
  // The name that decides over what the item is applied to; none for CROSS, which has several and takes no patterns.
  static const Expr* pattern_leaf(const Expr& item) {
    if (is_name(item)) return &item;
    if (!item.is(Expr::Kind::kCall) || item.items.empty()) return nullptr;
    return pattern_leaf(item.items[0]);
  }

  static Expr with_column(const Expr& item, const std::string& column) {
    Expr out = item;
    Expr* leaf = &out;
    while (!is_name(*leaf)) leaf = &leaf->items[0];
    leaf->text = column;
    return out;
  }

  bool is_feature(const std::string& name) const {
    return std::ranges::none_of(not_features_,
                                [&](const std::string& other) { return equals_ignore_case(other, name); });
  }

  Result<size_t> find(const Expr& name) const {
    auto at = query_.index_of(name.text);
    if (!at) at = query_.index_of(last_part(name.text));
    if (!at) return unknown(name);
    if (is_feature(query_[*at].name)) return *at;
    return fail(Code::kProgram, fmt::format("COLUMN names what is to be learnt: \"{}\"", query_[*at].name),
                "the label and validation.column are no features: leave it out")
        .at(name.span);
  }

  Failure unknown(const Expr& name) const { return no_such_column("COLUMN", name.text, query_).at(name.span); }

  Result<std::vector<size_t>> matches(const Expr& name) const {
    if (query_.index_of(name.text) || query_.index_of(last_part(name.text)))
      return std::vector<size_t>{TRY(find(name))};
    auto found = match_columns(name.text, query_);
    if (!found) return fail(std::move(found).error()).at(name.span);
    std::erase_if(*found, [&](size_t column) { return !is_feature(query_[column].name); });
    if (found->empty()) return unknown(name);
    return found;
  }

  Status add(const Expr& item, size_t column, std::vector<std::pair<size_t, ColumnFeature>>& out) const {
    ColumnFeature feature;
    feature.span = item.span;
    if (is_name(item)) {
      feature.name = feature.column = query_[column].name;
      if (!value_type(query_[column].type)) return no_feature(column, item.span);
      out.emplace_back(column, std::move(feature));
      return {};
    }
    Draft draft = TRY(draft_of(item));
    TRY(close(item, draft));
    feature.function = std::move(draft.function);
    feature.function.text = sql::to_string(item);
    feature.name = join(feature.function.columns(), "_x_");
    feature.refuses_sparse = draft.refuses_sparse;
    feature.takes_weights = draft.takes_weights;
    out.emplace_back(feature.function.cross > 0 ? query_.size() : column, std::move(feature));
    return {};
  }

  Failure no_feature(size_t column, Span place) const {
    return fail(Code::kProgram,
                fmt::format("column has a type that is no feature: \"{}\" is {}", query_[column].name,
                            query_[column].type.to_string()),
                "leave it out of the query, or turn it into numbers or text")
        .at(place);
  }

  Result<Draft> column_draft(const Expr& name) const {
    const size_t column = TRY(find(name));
    const auto type = value_type(query_[column].type);
    if (!type) return no_feature(column, name.span);
    Draft draft;
    draft.type = *type;
    draft.function.terms.emplace_back();
    draft.term().source.column = query_[column].name;
    return draft;
  }

  Result<Draft> draft_of(const Expr& expr) const {
    if (!expr.is(Expr::Kind::kCall)) return column_draft(expr);
    const ColumnFunction* const function = TRY(find_function(expr));
    const Arguments arguments(*function, expr);
    TRY(arguments.check());
    switch (function->id) {
      case Id::kDense:
        return dense(arguments);
      case Id::kSparse:
        return sparse(arguments);
      case Id::kCross:
        return cross(arguments);
      case Id::kNgram:
        return ngram(arguments);
      case Id::kDatePart:
        return date_part_of(arguments);
      case Id::kBucket:
      case Id::kQuantileBucket:
      case Id::kStandardize:
      case Id::kNormalize:
      case Id::kLog:
      case Id::kImpute:
        return of_number(*function, arguments);
      default:
        return of_category(*function, arguments);
    }
  }

  Failure wrong_type(const Draft& draft, std::string_view wanted, std::string hint, Span place) const {
    const std::string& column = draft.function.terms[0].source.column;
    return fail(Code::kProgram,
                fmt::format("{}: \"{}\" is {}", wanted, column,
                            query_[query_.index_of(column).value()].type.to_string()),
                std::move(hint))
        .at(place);
  }

  Result<Draft> dense(const Arguments& arguments) const {
    Draft draft = TRY(column_draft(arguments.at(0)));
    draft.stage = Stage::kDense;
    TermSource& source = draft.term().source;
    if (draft.type.kind == ValueKind::kMoments)
      return wrong_type(draft, "DENSE reads numbers", "DATE_PART reads dates and times", arguments.at(0).span);
    if (draft.type.is_map) return wrong_type(draft, "DENSE reads numbers", "SPARSE reads maps", arguments.at(0).span);
    source.width = static_cast<uint32_t>(TRY(arguments.shape(1, kMostWidth)));
    source.separator = arguments.has(2) ? arguments.separator(2) : ",";
    const bool is_text = arguments.word(3) == "string";
    const bool is_list = draft.type.is_list || draft.type.kind == ValueKind::kTexts;
    source.reading = is_text ? Reading::kTexts : is_list ? Reading::kVector : Reading::kNumber;
    if (!is_list) {
      if (source.width > 1) {
        return wrong_type(draft, fmt::format("DENSE of {} numbers reads a text or a list", source.width),
                          "a number has shape 1", arguments.at(1).span);
      }
      source.width = 1;
    }
    return draft;
  }

  Result<Draft> sparse(const Arguments& arguments) const {
    Draft draft = TRY(column_draft(arguments.at(0)));
    draft.stage = Stage::kSparse;
    draft.takes_weights = true;
    if (draft.type.kind == ValueKind::kMoments)
      return wrong_type(draft, "SPARSE reads ids", "DATE_PART reads dates and times", arguments.at(0).span);
    TermSource& source = draft.term().source;
    draft.term().classing.count = TRY(arguments.shape(1, kMostClasses));
    const std::string dtype = arguments.word(3);
    if (dtype == "float" && arguments.has(4)) {
      return fail(Code::kProgram,
                  "SPARSE with weights has whole numbers or texts before them: dtype must be int or string, not float")
          .at(arguments.at(3).span);
    }
    if (dtype == "float") {
      return fail(Code::kProgram, "SPARSE reads ids: dtype must be int or string, not float", "DENSE reads numbers")
          .at(arguments.at(3).span);
    }
    source.reading = dtype == "string" ? Reading::kTexts : Reading::kIds;
    const bool is_text = draft.type.kind == ValueKind::kTexts && !draft.type.is_list;
    if (is_text && !arguments.has(2)) {
      source.takes_list = true;
      source.separator = dtype == "string" ? "," : "";
      if (dtype != "string") source.reading = Reading::kDerived;
    }
    if (is_text && arguments.has(2)) source.separator = arguments.separator(2);
    if (arguments.has(4)) source.weight_separator = arguments.separator(4);
    if (draft.type.kind == ValueKind::kTexts && draft.type.is_list) source.reading = Reading::kTexts;
    return draft;
  }

  // A number of a column, or what makes one.
  Result<Draft> number(const Expr& expr, std::string_view who) const {
    Draft draft = TRY(draft_of(expr));
    TermSource& source = draft.term().source;
    const auto refuse = [&](std::string_view hint) {
      return fail(Code::kProgram, fmt::format("{} takes one number: {}", who, sql::to_string(expr)), std::string(hint))
          .at(expr.span);
    };
    switch (draft.stage) {
      case Stage::kColumn:
        if (draft.type.kind == ValueKind::kMoments)
          return wrong_type(draft, fmt::format("{} takes a number", who), "DATE_PART makes numbers of dates and times",
                            expr.span);
        if (draft.type.is_list)
          return wrong_type(draft, fmt::format("{} takes a number", who), "pick one item in the query", expr.span);
        source.reading = Reading::kNumber;
        break;
      case Stage::kDense:
        if (source.width > 1 || source.reading == Reading::kTexts || draft.type.is_list)
          return refuse("DENSE of shape 1 is a number");
        source.reading = Reading::kNumber;
        source.width = 1;
        source.separator.clear();
        break;
      case Stage::kNumber:
        break;
      default:
        return refuse("it reads a column, DENSE, DATE_PART, LOG, IMPUTE, STANDARDIZE or NORMALIZE");
    }
    draft.stage = Stage::kNumber;
    return draft;
  }

  // A number that is sorted into classes has no flag of its own for what was missing.
  static void to_category(Draft& draft) {
    draft.stage = Stage::kCategory;
    draft.function.output = FeatureFunction::Output::kCategory;
    draft.function.flags_missing = false;
  }

  Result<Draft> of_number(const ColumnFunction& function, const Arguments& arguments) const {
    Draft draft = TRY(number(arguments.at(0), function.name));
    NumberStep step;
    switch (function.id) {
      case Id::kBucket:
        to_category(draft);
        draft.term().classing.kind = Classing::Kind::kBounds;
        draft.term().classing.bounds = TRY(arguments.bounds(1));
        return draft;
      case Id::kQuantileBucket:
        to_category(draft);
        draft.term().classing.kind = Classing::Kind::kBounds;
        draft.term().classing.count = TRY(arguments.count(1, 65536, 2));
        return draft;
      case Id::kStandardize:
        step.kind = NumberStep::Kind::kStandardize;
        break;
      case Id::kNormalize:
        step.kind = NumberStep::Kind::kNormalize;
        break;
      case Id::kImpute: {
        step.kind = NumberStep::Kind::kImpute;
        draft.function.flags_missing = true;
        const std::string how = arguments.word(1);
        step.fill = how == "median"          ? NumberStep::Fill::kMedian
                    : how == "most_frequent" ? NumberStep::Fill::kMostFrequent
                    : how == "mean"          ? NumberStep::Fill::kMean
                                             : NumberStep::Fill::kGiven;
        if (step.fill == NumberStep::Fill::kGiven) step.a = TRY(arguments.number(1));
        break;
      }
      default:
        step.kind = NumberStep::Kind::kLog;
        break;
    }
    draft.term().steps.push_back(step);
    return draft;
  }

  // What a function that sorts into classes reads: a column, a list, or something that is sorted already.
  Result<Draft> category(const Expr& expr, std::string_view who) const {
    Draft draft = TRY(draft_of(expr));
    TermSource& source = draft.term().source;
    const auto needs_texts = [&] { return draft.type.kind == ValueKind::kTexts; };
    switch (draft.stage) {
      case Stage::kColumn:
        if (draft.type.kind == ValueKind::kMoments)
          return wrong_type(draft, fmt::format("{} takes a category", who),
                            "DATE_PART makes numbers of dates and times", expr.span);
        source.reading = !needs_texts() ? Reading::kIds : draft.type.is_list ? Reading::kTexts : Reading::kDerived;
        return draft;
      case Stage::kDense:
        if (source.reading != Reading::kTexts) source.reading = Reading::kIds;
        source.items = source.width == 0 || !(draft.type.is_list || needs_texts()) ? 0 : source.width;
        source.width = 1;
        if (draft.type.is_list || !needs_texts()) source.separator.clear();
        return draft;
      case Stage::kSparse:
      case Stage::kCategory:
        return draft;
      default:
        return fail(Code::kProgram, fmt::format("{} takes a category: {}", who, sql::to_string(expr)),
                    draft.stage == Stage::kNumber
                        ? "BUCKET and QUANTILE_BUCKET make categories of numbers"
                        : "it reads a column, DENSE, SPARSE or a function that gives a category")
            .at(expr.span);
    }
  }

  Result<Draft> of_category(const ColumnFunction& function, const Arguments& arguments) const {
    const Expr& inner = arguments.at(0);
    Draft draft = TRY(category(inner, function.name));
    const bool is_sorted = draft.stage == Stage::kCategory;
    Classing& classing = draft.term().classing;
    switch (function.id) {
      case Id::kCategoryId:
      case Id::kCategoryHash:
      case Id::kVocabulary: {
        if (is_sorted) {
          return fail(Code::kProgram,
                      fmt::format("{} takes values, not classes: {}", function.name, sql::to_string(inner)),
                      "leave one of the two functions out")
              .at(inner.span);
        }
        draft.takes_weights = false;
        if (function.id != Id::kCategoryId && draft.term().source.reading == Reading::kIds)
          draft.term().source.reading = Reading::kTexts;
        classing.kind = function.id == Id::kCategoryId     ? Classing::Kind::kId
                        : function.id == Id::kCategoryHash ? Classing::Kind::kHash
                                                           : Classing::Kind::kVocabulary;
        classing.count = arguments.has(1) ? TRY(arguments.count(1)) : 65536;
        break;
      }
      case Id::kWeightedCategory:
        TRY(weigh(draft, inner));
        break;
      case Id::kTargetEncode:
        draft.function.output = FeatureFunction::Output::kTarget;
        draft.function.smoothing = arguments.has(1) ? TRY(arguments.number(1)) : 10;
        draft.function.folds = arguments.has(2) ? static_cast<uint32_t>(TRY(arguments.count(2, 100, 2))) : 5;
        if (!is_sorted) {
          if (draft.stage == Stage::kSparse || draft.type.is_list) {
            return fail(Code::kProgram,
                        fmt::format("TARGET_ENCODE takes one category a row: {}", sql::to_string(inner)),
                        "a list has several")
                .at(inner.span);
          }
          draft.term().source = TermSource{.column = draft.term().source.column, .reading = Reading::kTexts};
          classing.kind = Classing::Kind::kVocabulary;
          classing.count = 65536;
        }
        draft.stage = Stage::kFinal;
        return draft;
      default:
        draft.refuses_sparse = function.id == Id::kIndicator && draft.stage == Stage::kColumn;
        draft.takes_weights = draft.takes_weights || (function.id == Id::kEmbedding && draft.stage == Stage::kColumn);
        draft.function.output = FeatureFunction::Output::kMultiHot;
        if (function.id == Id::kEmbedding) {
          draft.function.output = FeatureFunction::Output::kCategory;
          const std::string combiner = arguments.word(2);
          draft.function.combiner = combiner == "mean"    ? FeatureFunction::Combiner::kMean
                                    : combiner == "sqrtn" ? FeatureFunction::Combiner::kSqrtn
                                                          : FeatureFunction::Combiner::kSum;
        }
        draft.stage = Stage::kFinal;
        return draft;
    }
    draft.stage = Stage::kCategory;
    draft.function.output = FeatureFunction::Output::kCategory;
    return draft;
  }

  Status weigh(Draft& draft, const Expr& inner) const {
    const auto kind = draft.term().classing.kind;
    const bool has_list = inner.is(Expr::Kind::kCall) && !inner.items.empty() && inner.items[0].is(Expr::Kind::kCall) &&
                          equals_ignore_case(inner.items[0].text, "SPARSE");
    const bool fits =
        kind == Classing::Kind::kId || kind == Classing::Kind::kHash || kind == Classing::Kind::kVocabulary;
    if (!fits || !(has_list || draft.type.is_map)) {
      return fail(Code::kProgram,
                  fmt::format("WEIGHTED_CATEGORY takes a category of a list with weights: {}", sql::to_string(inner)),
                  "such as CATEGORY_ID(SPARSE(column, n, \" \", int, \":\"), n)")
          .at(inner.span);
    }
    draft.function.is_weighted = true;
    draft.takes_weights = true;
    return {};
  }

  Result<Draft> cross(const Arguments& arguments) const {
    Draft out;
    out.stage = Stage::kCategory;
    out.function.output = FeatureFunction::Output::kCategory;
    out.function.cross = TRY(arguments.count(1));
    for (const Expr& item : arguments.at(0).items) {
      Draft draft = TRY(draft_of(item));
      TermSource& source = draft.term().source;
      const bool is_list = draft.type.is_list || draft.stage == Stage::kSparse || draft.stage == Stage::kFinal ||
                           draft.function.cross > 0 || (draft.stage == Stage::kDense && source.width > 1);
      if (is_list) {
        return fail(Code::kProgram, fmt::format("CROSS takes one value a row: {}", sql::to_string(item)),
                    "columns, DENSE of shape 1, BUCKET, CATEGORY_ID and their kin have one")
            .at(item.span);
      }
      if (draft.stage == Stage::kDense) draft = TRY(number(item, "CROSS"));
      if (draft.stage == Stage::kColumn) {
        if (draft.type.kind == ValueKind::kMoments)
          return wrong_type(draft, "CROSS takes numbers and texts", "DATE_PART makes numbers of dates and times",
                            item.span);
        source.reading = Reading::kTexts;
      }
      out.function.terms.push_back(std::move(draft.term()));
    }
    return out;
  }

  Result<Draft> ngram(const Arguments& arguments) const {
    Draft draft = TRY(column_draft(arguments.at(0)));
    if (draft.type.kind != ValueKind::kTexts || draft.type.is_list)
      return wrong_type(draft, "NGRAM takes a text", "cast it in the query", arguments.at(0).span);
    draft.stage = Stage::kCategory;
    draft.function.output = FeatureFunction::Output::kMultiHot;
    draft.term().source.reading = Reading::kWords;
    draft.term().source.run = static_cast<uint32_t>(TRY(arguments.count(1, kMostRun)));
    draft.term().classing.kind = Classing::Kind::kHash;
    draft.term().classing.count = arguments.has(2) ? TRY(arguments.count(2, kMostPositions)) : 1024;
    return draft;
  }

  Result<Draft> date_part_of(const Arguments& arguments) const {
    Draft draft = TRY(column_draft(arguments.at(0)));
    if (draft.type.kind != ValueKind::kMoments || draft.type.is_list)
      return wrong_type(draft, "DATE_PART takes a date, a time or a timestamp", "cast it in the query",
                        arguments.at(0).span);
    const DatePart part = date_part(arguments.word(1)).value();
    const bool of_day = part >= DatePart::kHour && part <= DatePart::kSecond;
    const bool has_part = part == DatePart::kEpoch || (draft.type.moment == InputKind::kTime ? of_day : true);
    if (!has_part || (draft.type.moment == InputKind::kDate && of_day))
      return wrong_type(draft, fmt::format("DATE_PART {} is not in such a column", arguments.word(1)), "",
                        arguments.at(1).span);
    draft.stage = Stage::kNumber;
    draft.term().source.reading = Reading::kPart;
    draft.term().source.part = part;
    return draft;
  }

  // What an item of COLUMN is when no other function is around it.
  Status close(const Expr& item, Draft& draft) const {
    TermSource& source = draft.term().source;
    if (draft.stage == Stage::kDense) {
      if (source.reading == Reading::kTexts) {
        return fail(Code::kProgram, fmt::format("a vector of texts is no feature by itself: {}", sql::to_string(item)),
                    "put INDICATOR, CATEGORY_HASH or VOCABULARY around it")
            .at(item.span);
      }
      if (source.reading == Reading::kNumber) source.separator.clear();
    }
    if (draft.stage == Stage::kSparse) draft.function.output = FeatureFunction::Output::kMultiHot;
    if (draft.function.output == FeatureFunction::Output::kMultiHot) {
      const uint64_t positions = draft.function.cross > 0 ? draft.function.cross : draft.term().classing.count;
      if (positions > kMostPositions) {
        return fail(Code::kProgram,
                    fmt::format("vector is too wide: {} makes {} features, {} can be", sql::to_string(item), positions,
                                kMostPositions),
                    "CATEGORY_HASH makes fewer")
            .at(item.span);
      }
    }
    return {};
  }

  const arrow::Schema& query_;
  std::span<const std::string> not_features_;
};

// A feature of its own name keeps it if it is the only one of its column; the others tell their function.
void name_features(std::vector<ColumnFeature>& features) {
  std::set<std::string> taken;
  for (const ColumnFeature& feature : features) {
    if (feature.is_bare()) taken.insert(to_lower(feature.name));
  }
  for (ColumnFeature& feature : features) {
    if (feature.is_bare()) continue;
    std::string name = feature.name;
    if (taken.contains(to_lower(name)))
      name += "_" + to_lower(feature.function.text.substr(0, feature.function.text.find('(')));
    const std::string base = name;
    for (int i = 2; !taken.insert(to_lower(name)).second; ++i) name = fmt::format("{}_{}", base, i);
    feature.name = std::move(name);
  }
}

}  // namespace

Status check_column_calls(const std::vector<sql::ColumnTarget>& targets) {
  for (const sql::ColumnTarget& target : targets) {
    for (const Expr& item : target.columns) {
      if (item.is(Expr::Kind::kStar) || is_name(item)) continue;
      if (!item.is(Expr::Kind::kCall)) {
        return fail(Code::kProgram, fmt::format("COLUMN takes columns and functions of them: {}", sql::to_string(item)),
                    "compute other features in the query")
            .at(item.span);
      }
      TRY(check_call(item));
    }
  }
  return {};
}

Result<std::vector<ColumnFeature>> read_columns(const std::vector<sql::ColumnTarget>& targets,
                                                const arrow::Schema& query, std::span<const std::string> not_features) {
  TRY(check_column_calls(targets));
  const ColumnReader reader(query, not_features);
  std::vector<std::pair<size_t, ColumnFeature>> found;
  for (const sql::ColumnTarget& target : targets) {
    for (const Expr& item : target.columns) {
      if (!item.is(Expr::Kind::kStar)) TRY(reader.read(item, found));
    }
  }
  std::set<std::string> texts;
  for (const auto& [at, feature] : found) {
    if (feature.is_bare() || texts.insert(feature.function.text).second) continue;
    return fail(Code::kProgram, fmt::format("COLUMN has the same function twice: {}", feature.function.text),
                "leave one out")
        .at(feature.span);
  }
  std::ranges::stable_sort(found, {}, [](const auto& entry) { return entry.first; });
  std::vector<ColumnFeature> features;
  for (auto& [at, feature] : found) {
    const auto same = [&](const ColumnFeature& other) { return other.is_bare() && other.column == feature.column; };
    if (feature.is_bare() && std::ranges::any_of(features, same)) continue;
    features.push_back(std::move(feature));
  }
  name_features(features);
  return features;
}

}  // namespace sinan::ml
