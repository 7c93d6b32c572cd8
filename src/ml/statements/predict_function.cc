#include "ml/statements/predict_function.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "arrow/builder.h"
#include "arrow/map_column.h"
#include "base/check.h"
#include "base/json.h"
#include "base/strings.h"
#include "ml/planned_model.h"
#include "ml/predictions.h"

namespace sinan::ml {
namespace {

using arrow::TypeId;
using Kind = sql::CallArgument::Kind;

constexpr std::array<std::string_view, 5> kNames = {"predict", "predict_proba", "predict_probabilities",
                                                    "predict_interval", "predict_contributions"};
const std::vector<std::string> kOutputs = {"value",         "probability", "margin",
                                           "probabilities", "interval",    "contributions"};
constexpr double kUsualConfidence = 0.9;  // of TO PREDICT too

// The functions that the engine knows, by what they give. Other types are cast from these, so that there are few, and a view
// keeps its columns' types whatever the model's label becomes.
struct Carrier {
  std::string_view name;
  TypeId type;
};
constexpr std::array<Carrier, 6> kCarriers = {{
    {"sinan_predict_number", TypeId::kDouble},
    {"sinan_predict_integer", TypeId::kInt64},
    {"sinan_predict_text", TypeId::kString},
    {"sinan_predict_float", TypeId::kFloat},
    {"sinan_predict_map", TypeId::kMap},          // of text and number
    {"sinan_predict_interval", TypeId::kStruct},  // lower, upper
}};

arrow::Schema result_of(const Carrier& carrier) {
  if (carrier.type == TypeId::kMap) return {{{"prediction", arrow::map_type(arrow::double_type())}}};
  if (carrier.type == TypeId::kStruct) return {{{"lower", arrow::double_type()}, {"upper", arrow::double_type()}}};
  return {{{"prediction", arrow::Type(carrier.type)}}};
}

// As the engine names it.
arrow::Type type_of(const Carrier& carrier) {
  arrow::Schema result = result_of(carrier);
  if (result.size() == 1) return result[0].type;
  arrow::Type type(TypeId::kStruct);
  type.children = std::move(result.fields);
  return type;
}

const Carrier& carrier_of(const arrow::Type& type) {
  if (type.id == TypeId::kMap) return kCarriers[4];
  if (type.id == TypeId::kStruct) return kCarriers[5];
  if (type.id == TypeId::kFloat) return kCarriers[3];
  if (type.id == TypeId::kDouble) return kCarriers[0];
  if (type.is_integer() || type.id == TypeId::kBool) return kCarriers[1];
  return kCarriers[2];
}

// What a call says by its first argument.
struct Call {
  std::string model;  // as written
  std::string output;
  double confidence = kUsualConfidence;  // of an interval
  std::vector<std::string> columns;      // the arguments that follow
  std::vector<arrow::Field> planned;     // inputs of a model that an earlier statement of the program will train

  std::string to_text() const {
    Json json = Json::object({{"model", model}, {"output", output}});
    if (output == "interval") json.set("confidence", confidence);
    Json names = Json::array();
    for (const std::string& column : columns) names.push_back(column);
    json.set("columns", std::move(names));
    if (planned.empty()) return json.dump();
    Json inputs = Json::array();
    for (const arrow::Field& field : planned) {
      Json input = type_to_json(field.type);
      input.set("name", field.name);
      inputs.push_back(std::move(input));
    }
    json.set("planned", std::move(inputs));
    return json.dump();
  }

  static Result<Call> parse(std::string_view text) {
    const Json json = TRY(Json::parse(text));
    Call out;
    out.model = TRY(json.at("model").as_string());
    out.output = TRY(json.at("output").as_string());
    if (const Json* confidence = json.find("confidence")) out.confidence = TRY(confidence->as_double());
    for (const Json& name : json.at("columns").items()) out.columns.push_back(TRY(name.as_string()));
    for (const Json& input : json.at("planned").items())
      out.planned.push_back({TRY(input.at("name").as_string()), TRY(type_from_json(input)), true});
    return out;
  }
};

// NULLs: a model that is not there yet predicts nothing while a program is checked.
class NoPredictions final : public engine::FunctionWorker {
 public:
  explicit NoPredictions(std::shared_ptr<const arrow::Schema> result) : result_(std::move(result)) {}
  Result<arrow::Batch> call(const arrow::Batch& arguments) override {
    if (result_->fields[0].type.id == TypeId::kMap) {
      arrow::BatchBuilder entries({{"key", arrow::string_type()}, {"value", arrow::double_type()}});
      return arrow::map_column("prediction", entries.finish(), std::vector<int32_t>(arguments.rows() + 1));
    }
    arrow::BatchBuilder rows(result_);
    for (size_t i = 0; i < arguments.rows(); ++i) {
      for (size_t c = 0; c < result_->size(); ++c) rows.column(c).append_null();
    }
    return rows.finish();
  }

 private:
  std::shared_ptr<const arrow::Schema> result_;
};

class Scoring final : public engine::FunctionWorker {
 public:
  Scoring(std::shared_ptr<const Model> model, FeaturePlan::Binding binding, PredictionBuilder builder,
          std::shared_ptr<const arrow::Schema> result)
      : model_(std::move(model)),
        encoder_(model_->package().plan, std::move(binding)),
        builder_(std::move(builder)),
        result_(std::move(result)) {}
  Result<arrow::Batch> call(const arrow::Batch& arguments) override {
    const MatrixBlock block = TRY(encoder_.encode(arguments));
    const arrow::Batch built = TRY(builder_.build(block));
    if (result_->fields[0].type.id == TypeId::kMap) return as_map(built);
    return result_->size() > 1 ? as_fields(built) : built;
  }

 private:
  // What PREDICT has as columns of their own, behind the prediction and each of several numbers.
  size_t first_extra() const { return 1 + model_->package().label.outputs.size(); }

  arrow::Batch as_fields(const arrow::Batch& built) const {
    arrow::BatchBuilder out(result_);
    for (size_t c = 0; c < result_->size(); ++c)
      out.column(c).append_values(*built.column(first_extra() + c).values<double>());
    return out.finish();
  }

  // By the columns' names without the word before them: "probability_yes", "contribution_age".
  static arrow::Batch as_map_entries(const std::vector<std::string>& keys,
                                     const std::vector<std::span<const double>>& values, size_t rows) {
    arrow::BatchBuilder entries({{"key", arrow::string_type()}, {"value", arrow::double_type()}});
    for (size_t row = 0; row < rows; ++row) {
      for (size_t k = 0; k < keys.size(); ++k) {
        entries.column(0).append(std::string_view(keys[k]));
        entries.column(1).append(values[k][row]);
      }
    }
    return entries.finish();
  }

  arrow::Batch as_map(const arrow::Batch& built) const {
    std::vector<std::string> keys;
    std::vector<std::span<const double>> values;
    for (size_t c = first_extra(); c < built.columns(); ++c) {
      const std::string& name = built.schema()[c].name;
      keys.push_back(name.substr(name.find('_') + 1));
      values.push_back(*built.column(c).values<double>());
    }
    std::vector<int32_t> begins;
    for (size_t row = 0; row <= built.rows(); ++row) begins.push_back(static_cast<int32_t>(row * keys.size()));
    return arrow::map_column("prediction", as_map_entries(keys, values, built.rows()), std::move(begins));
  }

  std::shared_ptr<const Model> model_;
  FeatureEncoder encoder_;
  PredictionBuilder builder_;
  std::shared_ptr<const arrow::Schema> result_;
};

std::vector<ExtraOutput> extra_of(std::string_view output) {
  if (output == "probabilities") return {ExtraOutput::kProbabilities};
  if (output == "interval") return {ExtraOutput::kInterval};
  if (output == "contributions") return {ExtraOutput::kContributions};
  return {};
}

// As TO PREDICT: the value of a score card is its points.
TargetOutput target_of(std::string_view output, bool predicts_score) {
  if (output == "value" && predicts_score) return TargetOutput::kScore;
  if (output == "probability") return TargetOutput::kProbability;
  return output == "margin" ? TargetOutput::kMargin : TargetOutput::kValue;
}

Error many_margins() {
  return {Code::kUnsupported,
          "a model of many classes has a margin for each",
          "TO PREDICT with predict.extra_outputs=\"margin\" gives them as columns",
          std::nullopt,
          {}};
}

// What only some models have. `task` may not be known before the model is trained.
Status check_output(std::string_view output, const std::optional<Task>& task) {
  if (!task) return {};
  if (*task == Task::kForecast) {
    return fail(Code::kUnsupported, "predict() scores rows one by one, and a forecast needs its series",
                "use TO PREDICT with the times to forecast");
  }
  if (output.starts_with("probabilit") && !is_classification(*task))
    return fail(Code::kArgument, no_probabilities(*task));
  if (output == "margin" && *task == Task::kMulticlass) return fail(many_margins());
  if (output == "margin" && *task == Task::kClustering) return fail(Code::kArgument, "clusters have no margin");
  if (output == "interval" && *task != Task::kRegression) {
    return fail(Code::kArgument, fmt::format("intervals are of numbers; this model is {}", described(*task)),
                is_classification(*task) ? "predict_probabilities has a probability for each class" : "");
  }
  return {};
}

arrow::Type value_type(const ModelSignature& signature, std::string_view output) {
  if (output == "interval") return type_of(kCarriers[5]);
  if (!extra_of(output).empty()) return type_of(kCarriers[4]);
  // Integers that turn out to be no classes come back as such all the same; only the data can tell.
  const Task task = signature.task.value_or(Task::kMulticlass);
  return prediction_type(task, signature.label_type.value_or(arrow::double_type()),
                         target_of(output, signature.predicts_score));
}

// Nothing is known of the validation rows of a model that is not trained yet.
Status check_interval(const ModelSignature& signature, double confidence) {
  return signature.calibration_rows ? check_calibration(*signature.calibration_rows, confidence) : Status();
}

// One call, found again for each statement that has it. The model is opened when there are rows to score.
class ScoreFunction final : public engine::ScalarFunction {
 public:
  ScoreFunction(Call call, const Carrier& carrier, std::shared_ptr<const flow::FunctionHome> home)
      : call_(std::move(call)),
        carrier_(carrier),
        home_(std::move(home)),
        result_(std::make_shared<const arrow::Schema>(result_of(carrier))) {}

  const std::shared_ptr<const arrow::Schema>& result() const override { return result_; }

  Status check(const arrow::Schema& arguments) const override {
    const arrow::Schema columns = TRY(named(arguments));
    if (!call_.planned.empty()) return bind(FeaturePlan({}, call_.planned), columns);
    const flow::CatalogScope objects(home_->catalog);
    const ModelSignature signature = TRY(find_signature({call_.model, {}}, objects));
    TRY(check_output(call_.output, signature.task));
    if (call_.output == "interval") TRY(check_interval(signature, call_.confidence));
    if (call_.output == "contributions") TRY(check_contributions());
    const arrow::Type type = value_type(signature, call_.output);
    const TypeId given = carrier_.type;
    const bool as_text = given == TypeId::kString && signature.task && is_classification(*signature.task);
    const bool as_number = type.is_floating() && type_of(carrier_).is_floating();
    if (carrier_of(type).type != given && !as_text && !as_number) {
      return fail(Code::kProgram,
                  fmt::format("the model predicts another type than when the view was made: {} gives {} now",
                              call_.model, type.to_string()),
                  "make the view again: CREATE OR REPLACE VIEW");
    }
    return bind(FeaturePlan({}, signature.inputs), columns);
  }

  Result<std::unique_ptr<engine::FunctionWorker>> make_worker(const arrow::Schema& arguments) const override {
    if (!call_.planned.empty()) return std::make_unique<NoPredictions>(result_);
    auto model = TRY(opened());
    if (call_.output == "margin" && model->predictor().outputs() != 1) return fail(many_margins());
    auto binding = TRY(model->package().plan.bind(TRY(named(arguments))));
    PredictionOptions options{.target = "prediction",
                              .output = target_of(call_.output, model->package().objective == kScoreObjective),
                              .confidence = call_.confidence,
                              .extra = extra_of(call_.output)};
    if (options.extra.empty()) options.type = result_->fields[0].type;
    auto builder = TRY(PredictionBuilder::make(*model, std::move(options)));
    return std::make_unique<Scoring>(std::move(model), std::move(binding), std::move(builder), result_);
  }

 private:
  Result<arrow::Schema> named(const arrow::Schema& arguments) const {
    if (arguments.size() != call_.columns.size()) {
      return fail(Code::kProgram,
                  fmt::format("the call names {} columns and has {}", call_.columns.size(), arguments.size()));
    }
    arrow::Schema out = arguments;
    for (size_t i = 0; i < out.size(); ++i) out.fields[i].name = call_.columns[i];
    return out;
  }

  // The model's own file tells whether it can be explained; it is read for the rows anyhow.
  Status check_contributions() const {
    const auto model = TRY(opened());
    if (model->explainer() != nullptr) return {};
    return fail(Code::kUnsupported,
                fmt::format("this kind of model has no contributions: {}", model->package().estimator));
  }

  Status bind(const FeaturePlan& plan, const arrow::Schema& columns) const {
    auto binding = plan.bind(columns);
    if (binding) return {};
    return fail(std::move(binding).error()).within(fmt::format("while checking the features of {}", call_.model));
  }

  // Once for all threads of a statement.
  Result<std::shared_ptr<const Model>> opened() const {
    const std::lock_guard lock(mutex_);
    if (model_ == nullptr) model_ = TRY(open_model(call_.model, *home_));
    return model_;
  }

  Call call_;
  const Carrier& carrier_;
  std::shared_ptr<const flow::FunctionHome> home_;  // shared with all calls
  std::shared_ptr<const arrow::Schema> result_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const Model> model_;  // shared: its workers keep it
};

// ---- What a call says, as it is written.

struct Arguments {
  sql::Name model;
  std::string output;
  Span output_place;
  double confidence = kUsualConfidence;
  std::vector<sql::CallArgument> columns;
};

// What the names of the functions are short for.
std::string_view output_of(std::string_view function) {
  if (function == "predict_proba") return "probability";
  const size_t word = function.find('_');
  return word == std::string_view::npos ? "value" : function.substr(word + 1);
}

std::optional<double> number_of(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Failure mistake(std::string message, std::string hint, Span place) {
  return fail(Error{Code::kProgram, std::move(message), std::move(hint), place, {}});
}

Result<Arguments> read_arguments(const sql::FunctionCall& call, std::string_view text) {
  const std::string form = fmt::format("the form is {}('model', t)", call.function);
  if (call.arguments.empty()) return mistake("a model is missing", form, call.whole);
  std::vector<sql::CallArgument> arguments;
  for (const Span argument : call.arguments) arguments.push_back(sql::read_argument(text, argument));
  Arguments out;
  if (arguments[0].kind != Kind::kString) {
    return mistake("the model must be named by a text in single quotes", form, arguments[0].text);
  }
  out.model = {arguments[0].value, arguments[0].text};
  out.output = output_of(call.function);
  out.output_place = call.whole;
  std::optional<double> confidence;
  Span confidence_place;
  if (arguments.size() > 1 && arguments.back().kind == Kind::kExpression) {
    confidence_place = arguments.back().text;
    confidence = number_of(text.substr(confidence_place.begin, confidence_place.end - confidence_place.begin));
    if (confidence) arguments.pop_back();
  }
  if (arguments.size() > 1 && arguments.back().kind == Kind::kString) {
    out.output = to_lower(arguments.back().value);
    out.output_place = arguments.back().text;
    if (std::ranges::find(kOutputs, out.output) == kOutputs.end()) {
      const std::string near = did_you_mean(out.output, kOutputs);
      return mistake(fmt::format("unknown output \"{}\"", arguments.back().value),
                     near.empty() ? fmt::format("it can be {}", join(kOutputs, ", ")) : near, out.output_place);
    }
    arguments.pop_back();
  }
  if (confidence) {
    if (out.output != "interval") {
      return mistake("a number behind the row is the confidence of an interval", "give a column a name: name := 0.5",
                     confidence_place);
    }
    if (!(*confidence > 0 && *confidence < 1))
      return mistake("a confidence is between 0 and 1", "predict_interval('model', t, 0.95)", confidence_place);
    out.confidence = *confidence;
  }
  out.columns.assign(arguments.begin() + 1, arguments.end());
  return out;
}

// Where each of the model's inputs comes from.
class InputWriter {
 public:
  InputWriter(const ModelSignature& signature, const Arguments& arguments, const sql::FunctionCall& call,
              const flow::CallContext& context)
      : signature_(signature), arguments_(arguments), call_(call), context_(context) {}

  // Appends ", input" for each to `out`.
  Status write(flow::CallExpansion& out) {
    const auto& columns = arguments_.columns;
    const bool is_list = columns.size() > 1 || (columns.size() == 1 && columns[0].kind == Kind::kNamed) ||
                         (columns.size() == 1 && columns[0].kind == Kind::kName && signature_.inputs.size() == 1 &&
                          equals_ignore_case(columns[0].value, signature_.inputs[0].name));
    if (is_list) return write_list(out);
    std::string row;
    Span place = call_.name;
    const bool is_name = !columns.empty() && (columns[0].kind == Kind::kName || columns[0].kind == Kind::kNameStar);
    if (!columns.empty() && columns[0].kind != Kind::kStar) {
      place = columns[0].text;
      row = TRY(context_.expression(place));
    }
    for (const arrow::Field& input : signature_.inputs) {
      const std::string name = context_.dialect().identifier(input.name);
      std::string value = name;
      if (is_name) {
        value = fmt::format("{}.{}", row, name);
      } else if (!row.empty()) {
        value = fmt::format("struct_extract(({}\n), {})", row, context_.dialect().literal(input.name));
      }
      append(out, value, place, missing(input));
    }
    return {};
  }

 private:
  // Columns one by one: by their own names, or the names they are given.
  Status write_list(flow::CallExpansion& out) {
    for (const sql::CallArgument& column : arguments_.columns) {
      if (column.kind == Kind::kName || column.kind == Kind::kNamed) continue;
      return mistake("a column in a list needs a name",
                     "give it one: name := expression; or pass the whole row, predict('model', t)", column.text);
    }
    for (const arrow::Field& input : signature_.inputs) {
      const auto named = [&](const sql::CallArgument& column) { return equals_ignore_case(column.value, input.name); };
      const auto found = std::ranges::find_if(arguments_.columns, named);
      if (found == arguments_.columns.end()) {
        Error error = missing(input);
        std::vector<std::string> names;
        for (const sql::CallArgument& column : arguments_.columns) names.push_back(column.value);
        if (const std::string near = did_you_mean(input.name, names); !near.empty()) error.hint = near;
        error.span = call_.whole;
        return fail(std::move(error));
      }
      append(out, fmt::format("({}\n)", TRY(context_.expression(found->text))), found->text, std::nullopt);
    }
    return {};
  }

  // The error of TO PREDICT about such a query.
  Error missing(const arrow::Field& input) const {
    Error error = FeaturePlan({}, {input}).bind({}).error();
    error.context.push_back(fmt::format("while checking the features of {}", arguments_.model.text));
    error.span = arguments_.columns.empty() ? call_.whole : arguments_.columns[0].text;
    return error;
  }

  static void append(flow::CallExpansion& out, std::string_view value, Span place, std::optional<Error> if_unknown) {
    out.sql += ", ";
    const auto begin = static_cast<uint32_t>(out.sql.size());
    out.sql += value;
    out.parts.push_back({{begin, static_cast<uint32_t>(out.sql.size())}, place, std::move(if_unknown)});
  }

  const ModelSignature& signature_;
  const Arguments& arguments_;
  const sql::FunctionCall& call_;
  const flow::CallContext& context_;
};

}  // namespace

std::span<const std::string_view> PredictFunction::names() const { return kNames; }

flow::Help PredictFunction::help() const {
  return {
      .summary = "Predict with a model inside any SQL expression.",
      .synopsis =
          "predict('model', row [, 'output']), predict_proba('model', row), predict_probabilities('model', row), "
          "predict_interval('model', row [, confidence]), predict_contributions('model', row)",
      .details =
          "The row is a table or alias of the query, from which the model takes the columns it was trained on, by "
          "their "
          "names:\n"
          "predict('zoo.m', t). In place of it may stand nothing or * (the columns in sight), columns or named values\n"
          "(predict('zoo.m', area, city := 'Rome')), or a struct ({'area': 90, 'city': 'Rome'}).\n\n"
          "output: 'value' (as TO PREDICT: the class in the label's type, a number, points), 'probability' (two "
          "classes: of "
          "the\n"
          "second; many: of the one predicted; predict_proba is short for it), 'margin'.\n"
          "predict_probabilities ('probabilities'): MAP of each class and its probability.\n"
          "predict_interval ('interval'): STRUCT(lower, upper) that holds the number with the confidence (0.9).\n"
          "predict_contributions ('contributions'): MAP of each feature, and of bias, and what it adds to the "
          "margin.\n\n"
          "Works wherever an expression does: joins, WHERE, views, INSERT, COPY, queries of TO statements. The model "
          "may be\n"
          "trained by an earlier statement of the program. A view predicts with the model as it is when the view is "
          "read.",
      .example =
          "SELECT day, predict('flights.late', j) AS late FROM july j WHERE predict_proba('flights.late', j) > 0.8;",
  };
}

Result<flow::CallExpansion> PredictFunction::expand(const sql::FunctionCall& call,
                                                    const flow::CallContext& context) const {
  const Arguments arguments = TRY(read_arguments(call, context.text()));
  const ModelSignature signature = TRY(find_signature(arguments.model, context.objects()));
  if (auto status = check_output(arguments.output, signature.task); !status) {
    return fail(std::move(status).error()).at(arguments.output_place);
  }
  if (arguments.output == "interval") {
    if (auto status = check_interval(signature, arguments.confidence); !status)
      return fail(std::move(status).error()).at(arguments.output_place);
  }
  if (signature.inputs.empty()) {
    return fail(Code::kUnavailable,
                fmt::format("the columns of a model are known when it is trained: {}", arguments.model.text))
        .at(arguments.model.span);
  }
  Call said{arguments.model.text, arguments.output, arguments.confidence, {}, {}};
  for (const arrow::Field& input : signature.inputs) said.columns.push_back(input.name);
  if (signature.ref.version == 0) said.planned = signature.inputs;

  const engine::Dialect& dialect = context.dialect();
  const arrow::Type type = value_type(signature, arguments.output);
  const Carrier& carrier = carrier_of(type);
  const bool is_cast = type.id != carrier.type;
  flow::CallExpansion out;
  out.sql = fmt::format("{}{}({}", is_cast ? "CAST(" : "", carrier.name, dialect.literal(said.to_text()));
  TRY(InputWriter(signature, arguments, call, context).write(out));
  out.sql += is_cast ? fmt::format(") AS {})", dialect.type_name(type)) : ")";
  return out;
}

std::optional<ObjectRef> PredictFunction::reads(std::string_view function, std::string_view first,
                                                const flow::ObjectScope& objects) const {
  std::string model(first);
  if (std::ranges::find(kCarriers, function, &Carrier::name) != kCarriers.end()) {
    const auto call = Call::parse(first);
    if (!call) return std::nullopt;
    model = call->model;
  } else if (std::ranges::find(kNames, function) == kNames.end()) {
    return std::nullopt;
  }
  if (auto signature = find_signature({model, {}}, objects)) return std::move(signature->ref);
  return model_ref(without_version(model));
}

Status PredictFunction::publish(engine::FunctionHost& functions, const flow::FunctionHome& home) const {
  const auto shared = std::make_shared<const flow::FunctionHome>(home);
  for (const Carrier& carrier : kCarriers) {
    const auto find = [&carrier,
                       shared](std::string_view text) -> Result<std::shared_ptr<const engine::ScalarFunction>> {
      return std::make_shared<ScoreFunction>(TRY(Call::parse(text)), carrier, shared);
    };
    TRY(functions.publish(std::string(carrier.name), type_of(carrier), find));
  }
  return {};
}

}  // namespace sinan::ml
