#include "ml/predictions.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "arrow/builder.h"
#include "base/check.h"

namespace sinan::ml {
namespace {

using arrow::TypeId;

// "2013-01-31" as days since 1970.
std::optional<int64_t> parse_date(const std::string& text) {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  char rest = 0;
  if (std::sscanf(text.c_str(), "%d-%u-%u%c", &year, &month, &day, &rest) != 3) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count();
}

std::optional<int64_t> parse_integer(const std::string& text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> parse_number(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

void append_class(arrow::ColumnBuilder& column, TypeId type, const std::string& text, int64_t integer, double number) {
  if (type == TypeId::kString) {
    column.append(std::string_view(text));
  } else if (type == TypeId::kBool) {
    column.append(integer != 0);
  } else if (type == TypeId::kFloat || type == TypeId::kDouble) {
    column.append(number);
  } else {
    column.append(integer);
  }
}

}  // namespace

size_t predicted_class(const float* row, size_t width, double threshold) {
  if (width == 1) return static_cast<double>(row[0]) > threshold ? 1 : 0;
  return static_cast<size_t>(std::max_element(row, row + width) - row);
}

std::string described(Task task) {
  if (task == Task::kRegression) return "a regression";
  return is_classification(task) ? "a classification" : std::string(to_string(task));
}

std::string no_probabilities(Task task) {
  return fmt::format("only classification models have probabilities; this one is {}", described(task));
}

arrow::Type prediction_type(Task task, const arrow::Type& label, TargetOutput output) {
  if (output == TargetOutput::kVector) return arrow::string_type();
  if (output != TargetOutput::kValue) return arrow::double_type();
  if (!has_label(task)) return arrow::int64_type();
  if (!is_classification(task)) return label.id == TypeId::kFloat ? arrow::float_type() : arrow::double_type();
  switch (label.id) {
    case TypeId::kDecimal:
      return arrow::double_type();
    case TypeId::kBool:
    case TypeId::kFloat:
    case TypeId::kDouble:
    case TypeId::kDate:
      return label;
    default:
      return label.is_integer() ? label : arrow::string_type();
  }
}

Status check_calibration(uint64_t rows, double confidence) {
  if (rows == 0) {
    return fail(Code::kArgument, "the model was trained without validation rows, which tell how far off it is",
                "train it with validation.fraction=0.2, validation.column or validation.select");
  }
  if (enough_to_calibrate(rows, confidence)) return {};
  const auto enough = static_cast<uint64_t>(std::ceil(confidence / (1 - confidence) - 1e-9));
  return fail(Code::kArgument, fmt::format("too few validation rows for a confidence of {:g}: {}", confidence, rows),
              fmt::format("{} are needed, or a lower predict.confidence", enough));
}

std::vector<arrow::Field> prediction_fields(const ModelPackage& package, const PredictionOptions& options) {
  return prediction_fields(package.task, package.label, options, package.plan.schema());
}

std::vector<arrow::Field> prediction_fields(Task task, const LabelMap& label, const PredictionOptions& options,
                                            const FeatureSchema& features) {
  std::vector<arrow::Field> fields = {
      {options.target, options.type.value_or(prediction_type(task, label.type, options.output))}};
  for (const std::string& output : label.outputs) fields.push_back({output, arrow::double_type()});
  const auto add_by_class = [&](std::string_view prefix) {
    for (const std::string& name : task == Task::kMulticlass || task == Task::kBinary ? label.classes : label.outputs)
      fields.push_back({fmt::format("{}_{}", prefix, name), arrow::double_type()});
  };
  for (const ExtraOutput extra : options.extra) {
    switch (extra) {
      case ExtraOutput::kProbability:
        fields.push_back({"probability", arrow::double_type()});
        break;
      case ExtraOutput::kProbabilities:
        add_by_class("probability");
        break;
      case ExtraOutput::kMargin:
        if (task == Task::kMulticlass || !label.outputs.empty()) {
          add_by_class("margin");
        } else {
          fields.push_back({"margin", arrow::double_type()});
        }
        break;
      case ExtraOutput::kInterval:
        fields.push_back({"lower", arrow::double_type()});
        fields.push_back({"upper", arrow::double_type()});
        break;
      case ExtraOutput::kSet:
        for (const std::string& name : label.classes)
          fields.push_back({fmt::format("in_set_{}", name), arrow::bool_type()});
        break;
      case ExtraOutput::kContributions:
        for (const Feature& feature : features.features)
          fields.push_back({fmt::format("contribution_{}", feature.name), arrow::double_type()});
        fields.push_back({"contribution_bias", arrow::double_type()});
        break;
      case ExtraOutput::kDistance:
        fields.push_back({"distance", arrow::double_type()});
        break;
      case ExtraOutput::kScore:
        fields.push_back({"score", arrow::double_type()});
        break;
      case ExtraOutput::kPoints:
        for (const Feature& feature : features.features)
          fields.push_back({"points_" + feature.name, arrow::double_type()});
        break;
      case ExtraOutput::kLeaves:
        fields.push_back({"leaves", arrow::int32_list_type()});
    }
  }
  return fields;
}

Result<PredictionBuilder> PredictionBuilder::make(const Model& model, PredictionOptions options) {
  const ModelPackage& package = model.package();
  PredictionBuilder out;
  out.model_ = &model;
  out.options_ = std::move(options);
  out.schema_ = std::make_shared<const arrow::Schema>(arrow::Schema{prediction_fields(package, out.options_)});
  TRY(out.prepare_extra());
  if (out.options_.output == TargetOutput::kMargin && model.predictor().outputs() != 1) {
    return fail(Code::kArgument, fmt::format("a model of {} outputs has no single margin", model.predictor().outputs()),
                "predict.extra_outputs=\"margin\" has them all");
  }
  if (!is_classification(package.task)) {
    const size_t numbers = std::max<size_t>(1, package.label.outputs.size());
    if (model.predictor().prediction_width() == numbers) return out;
    return fail(Code::kData, fmt::format("the model is damaged: it has {} outputs and its trees {}", numbers,
                                         model.predictor().prediction_width()));
  }
  const size_t expected = package.task == Task::kBinary ? 2 : model.predictor().prediction_width();
  if (package.label.classes.size() != expected) {
    return fail(Code::kData, fmt::format("the model is damaged: it has {} classes and its trees {}",
                                         package.label.classes.size(), expected));
  }
  if (out.options_.output != TargetOutput::kValue) return out;
  const TypeId type = out.schema_->fields[0].type.id;
  for (const std::string& text : package.label.classes) {
    Class one{.text = text};
    std::optional<int64_t> integer;
    if (package.label.type.id == TypeId::kBool) {
      integer = text == "true" ? 1 : 0;
    } else if (type == TypeId::kDate) {
      integer = parse_date(text);
    } else {
      integer = parse_integer(text);
    }
    const std::optional<double> number = parse_number(text);
    const bool is_number = type == TypeId::kFloat || type == TypeId::kDouble;
    if (type != TypeId::kString && !(is_number ? number.has_value() : integer.has_value())) {
      return fail(Code::kData, fmt::format("the model is damaged: class \"{}\" is no {}", text,
                                           out.schema_->fields[0].type.to_string()));
    }
    one.integer = integer.value_or(0);
    one.number = number.value_or(0);
    out.classes_.push_back(std::move(one));
  }
  return out;
}

Status PredictionBuilder::prepare_extra() {
  for (const ExtraOutput extra : options_.extra) {
    if (extra == ExtraOutput::kInterval || extra == ExtraOutput::kSet) {
      const Calibration& calibration = model_->package().calibration;
      TRY(check_calibration(calibration.rows(), options_.confidence));
      quantile_ = calibration.quantile(options_.confidence).value();
    } else if (extra == ExtraOutput::kContributions && model_->explainer() == nullptr) {
      return fail(Code::kUnsupported,
                  fmt::format("this kind of model has no contributions: {}", model_->package().estimator));
    } else if (extra == ExtraOutput::kLeaves && model_->predictor().trees() == 0) {
      return fail(Code::kUnsupported,
                  fmt::format("this kind of model has no trees with leaves: {}", model_->package().estimator));
    }
  }
  return {};
}

Result<arrow::Batch> PredictionBuilder::build(const MatrixBlock& block) {
  const Predictor& predictor = model_->predictor();
  const Task task = model_->package().task;
  const size_t width = predictor.prediction_width();
  const size_t rows = block.rows;
  const bool needs_margin = std::ranges::any_of(options_.extra, [](ExtraOutput extra) {
    return extra == ExtraOutput::kMargin || extra == ExtraOutput::kDistance || extra == ExtraOutput::kScore;
  });
  const bool is_margin = options_.output == TargetOutput::kMargin || options_.output == TargetOutput::kScore;
  // Margins alone need no link.
  if (!is_margin || !options_.extra.empty()) {
    predicted_.resize(rows * width);
    TRY(predictor.predict(block, Output::kPrediction, predicted_));
  }
  if (is_margin || needs_margin) {
    margin_.resize(rows * predictor.outputs());
    TRY(predictor.predict(block, Output::kMargin, margin_));
  }

  const size_t terms = block.features.size() + 1;
  if (std::ranges::find(options_.extra, ExtraOutput::kContributions) != options_.extra.end()) {
    contributions_.resize(rows * predictor.outputs() * terms);
    TRY(model_->explainer()->explain(block, contributions_));
  }

  arrow::BatchBuilder batch(schema_);
  size_t next = 0;
  column_.resize(rows);
  const auto add_column = [&](auto value_of) {
    for (size_t i = 0; i < rows; ++i) column_[i] = static_cast<double>(value_of(i));
    batch.column(next++).append_values(std::span<const double>(column_));
  };
  const auto probability = [&](size_t i) {
    return width == 1 ? predicted_[i] : *std::max_element(&predicted_[i * width], &predicted_[i * width] + width);
  };

  const TypeId type = schema_->fields[0].type.id;
  if (options_.output == TargetOutput::kMargin) {
    CHECK(predictor.outputs() == 1);
    add_column([&](size_t i) { return margin_[i]; });
  } else if (options_.output == TargetOutput::kScore) {
    add_column([&](size_t i) { return predictor.score(static_cast<double>(margin_[i])); });
  } else if (options_.output == TargetOutput::kProbability) {
    add_column(probability);
  } else if (options_.output == TargetOutput::kVector) {
    arrow::ColumnBuilder& target = batch.column(next++);
    std::string text;
    for (size_t i = 0; i < rows; ++i) {
      text.clear();
      if (is_classification(task) && width == 1) fmt::format_to(std::back_inserter(text), "{},", 1 - predicted_[i]);
      for (size_t k = 0; k < width; ++k)
        fmt::format_to(std::back_inserter(text), "{}{}", k > 0 ? "," : "", predicted_[i * width + k]);
      target.append(std::string_view(text));
    }
    for (size_t k = 0; k < model_->package().label.outputs.size(); ++k)
      add_column([&](size_t i) { return predicted_[i * width + k]; });
  } else if (!is_classification(task)) {
    const LabelMap& label = model_->package().label;
    const size_t shown = label.main_output();
    if (type == TypeId::kInt64) {
      arrow::ColumnBuilder& target = batch.column(next++);
      for (size_t i = 0; i < rows; ++i) target.append(static_cast<int64_t>(predicted_[i]));
    } else if (type == TypeId::kFloat && width == 1) {
      batch.column(next++).append_values(std::span<const float>(predicted_));
    } else if (type == TypeId::kFloat) {
      for (size_t i = 0; i < rows; ++i) batch.column(next).append(predicted_[i * width + shown]);
      ++next;
    } else {
      add_column([&](size_t i) { return predicted_[i * width + shown]; });
    }
    for (size_t k = 0; k < label.outputs.size(); ++k) add_column([&](size_t i) { return predicted_[i * width + k]; });
  } else {
    arrow::ColumnBuilder& target = batch.column(next++);
    for (size_t i = 0; i < rows; ++i) {
      const Class& one = classes_[predicted_class(&predicted_[i * width], width, options_.threshold)];
      append_class(target, type, one.text, one.integer, one.number);
    }
  }
  for (const ExtraOutput extra : options_.extra) {
    switch (extra) {
      case ExtraOutput::kProbability:
        add_column(probability);
        break;
      case ExtraOutput::kProbabilities:
        if (width == 1) {
          add_column([&](size_t i) { return 1.0 - static_cast<double>(predicted_[i]); });
          add_column([&](size_t i) { return predicted_[i]; });
        } else {
          for (size_t k = 0; k < width; ++k) add_column([&](size_t i) { return predicted_[i * width + k]; });
        }
        break;
      case ExtraOutput::kMargin: {
        const size_t outputs = predictor.outputs();
        for (size_t k = 0; k < outputs; ++k) add_column([&](size_t i) { return margin_[i * outputs + k]; });
        break;
      }
      case ExtraOutput::kInterval:
        add_column([&](size_t i) { return static_cast<double>(predicted_[i]) - quantile_; });
        add_column([&](size_t i) { return static_cast<double>(predicted_[i]) + quantile_; });
        break;
      case ExtraOutput::kSet:
        for (size_t k = 0; k < model_->package().label.classes.size(); ++k) {
          arrow::ColumnBuilder& column = batch.column(next++);
          for (size_t i = 0; i < rows; ++i) {
            const float* row = &predicted_[i * width];
            const float chance = width > 1 ? row[k] : (k == 1 ? row[0] : 1 - row[0]);
            // In float, as the scores were counted.
            const bool fits = static_cast<double>(1 - chance) <= quantile_;
            column.append(fits || predicted_class(row, width, options_.threshold) == k);
          }
        }
        break;
      case ExtraOutput::kContributions: {
        const size_t outputs = predictor.outputs();
        for (size_t term = 0; term < terms; ++term) {
          add_column([&](size_t i) {
            const size_t output = outputs == 1 ? 0
                                  : is_classification(task)
                                      ? predicted_class(&predicted_[i * width], width, options_.threshold)
                                      : model_->package().label.main_output();
            return contributions_[(i * outputs + output) * terms + term];
          });
        }
        break;
      }
      case ExtraOutput::kDistance:
        add_column([&](size_t i) { return margin_[i]; });
        break;
      case ExtraOutput::kScore:
        add_column([&](size_t i) { return predictor.score(static_cast<double>(margin_[i])); });
        break;
      case ExtraOutput::kPoints: {
        const size_t features = predictor.points_of().size();
        points_.resize(rows * features);
        TRY(predictor.points(block, points_));
        for (size_t j = 0; j < features; ++j) add_column([&](size_t i) { return points_[i * features + j]; });
        break;
      }
      case ExtraOutput::kLeaves: {
        const size_t trees = predictor.trees();
        leaves_.resize(rows * trees);
        TRY(predictor.leaves(block, leaves_));
        arrow::ColumnBuilder& column = batch.column(next++);
        for (size_t i = 0; i < rows; ++i) column.append_list(std::span(leaves_).subspan(i * trees, trees));
      }
    }
  }
  return batch.finish();
}

}  // namespace sinan::ml
