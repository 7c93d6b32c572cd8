#include "ml/model_object.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <ranges>

#include "arrow/builder.h"
#include "base/strings.h"

namespace sinan::ml {
namespace {

constexpr size_t kShownFeatures = 20;

size_t best_round(const Json& metrics) {
  const auto round = metrics.at("best_round").as_int();
  return round && *round >= 0 ? static_cast<size_t>(*round) : 0;
}

// At the best round, or the last there is.
double metric_at(const Json& series, size_t round) {
  const auto& values = series.items();
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  return values[std::min(round, values.size() - 1)].as_double().value_or(std::numeric_limits<double>::quiet_NaN());
}

std::string task_text(const ModelPackage& package) {
  switch (package.task) {
    case Task::kRegression:
      return "regression of " + package.label.column;
    case Task::kRanking:
      return "ranking by " + package.label.column;
    case Task::kClustering:
      return "clusters";
    case Task::kAnomaly:
      return "what is usual";
    case Task::kForecast:
      return "forecast of " + package.label.column;
    default:
      return fmt::format("{} classes of {}",
                         package.label.classes.size() == 2 ? "two" : std::to_string(package.label.classes.size()),
                         package.label.column);
  }
}

// One entry a feature; a sparse vector is one in all. The first of a function's tells what it does.
void add_features(const ModelPackage& package, size_t transform, Json& features) {
  const Transform& made = package.plan.transforms()[transform];
  const size_t first = package.plan.first_feature(transform);
  const bool is_sparse = made.function && made.function->is_sparse();
  const auto share_of = [&](size_t begin, size_t end) {
    double sum = 0;
    for (size_t i = begin; i < end; ++i) sum += package.importance[i];
    return sum;
  };
  for (size_t k = 0; k < (is_sparse ? 1 : made.width()); ++k) {
    const Feature& feature = package.plan.schema().features[first + k];
    const bool is_category = feature.kind == FeatureKind::kCategorical;
    Json entry = Json::object({{"name", is_sparse ? made.feature : feature.name},
                               {"column", feature.column},
                               {"kind", is_category ? "category"
                                        : is_sparse ? feature_kind(made)
                                                    : "number"}});
    if (is_category) entry.set("categories", feature.categories - 1);
    if (made.function && k == 0) {
      const std::string learnt = describe(*made.function);
      entry.set("how", made.function->text + (learnt.empty() ? "" : ": " + learnt));
    }
    if (!package.importance.empty())
      entry.set("importance", share_of(first + k, is_sparse ? first + made.width() : first + k + 1));
    features.push_back(std::move(entry));
  }
}

plot::Line line_of(std::string name, const Json& series) {
  plot::Line line{std::move(name), {}, {}, false};
  for (const Json& value : series.items()) {
    line.x.push_back(static_cast<double>(line.x.size() + 1));
    line.y.push_back(value.as_double().value_or(std::numeric_limits<double>::quiet_NaN()));
  }
  return line;
}

}  // namespace

Json model_payload(const ModelPackage& package, uint64_t validation_rows) {
  Json features = Json::array();
  for (size_t t = 0; t < package.plan.transforms().size(); ++t) add_features(package, t, features);
  return Json::object({
      {"estimator", package.estimator},
      {"library", package.library},
      {"library_version", package.library_version},
      {"task", to_string(package.task)},
      {"objective", package.objective},
      {"inputs", package.plan.to_json().at("inputs")},
      {"label", to_json(package.label)},
      {"features", std::move(features)},
      {"feature_count", static_cast<int64_t>(package.plan.schema().size())},
      {"attributes", package.attributes},
      {"metrics", package.metrics},
      {"rows", package.rows},
      {"data", Json::object({{"rows", package.data.rows}, {"hash", package.data.hash}})},
      {"validation_rows", validation_rows},
      {"calibration_rows", package.calibration.rows()},
      {"statement", package.statement},
  });
}

std::string training_summary(std::string_view name, const ModelPackage& package, uint64_t validation_rows) {
  const size_t features = package.plan.schema().size();
  const auto rounds = package.metrics.at("rounds").as_int().value_or(0);
  std::string text =
      fmt::format("Trained {} with {}: {} ({})", name, package.estimator, task_text(package), package.objective);
  if (package.task != Task::kForecast) text += fmt::format(", {} feature{}", features, features == 1 ? "" : "s");
  text += fmt::format(", {} rows", human_count(package.rows));
  if (validation_rows > 0) text += fmt::format(", {} to validate", human_count(validation_rows));
  if (rounds > 0) text += fmt::format(", {} round{}", rounds, rounds == 1 ? "" : "s");
  const size_t best = best_round(package.metrics) + 1;
  if (static_cast<int64_t>(best) < rounds) text += fmt::format(", best {}", best);
  return text + ".";
}

std::string metric_text(const Json& metrics) {
  const Json& validation = metrics.at("validation");
  const Json& part = validation.members().empty() ? metrics.at("train") : validation;
  if (part.members().empty()) return "";
  const auto& [name, series] = part.members().back();
  return fmt::format("{} {:.4g}", name, metric_at(series, best_round(metrics)));
}

std::string data_text(const Json& payload) {
  const std::string_view hash = payload.at("data").at("hash").string_view();
  if (hash.empty()) return "";
  return fmt::format("{} rows, hash {}",
                     human_count(static_cast<uint64_t>(payload.at("data").at("rows").as_int().value_or(0))), hash);
}

flow::ResultTable metric_table(const Json& metrics) {
  const bool validates = !metrics.at("validation").members().empty();
  std::vector<arrow::Field> fields = {{"metric", arrow::string_type()}, {"train", arrow::double_type()}};
  if (validates) fields.push_back({"validation", arrow::double_type()});
  arrow::BatchBuilder rows(std::move(fields));
  const auto append = [](arrow::ColumnBuilder& column, double value) {
    if (std::isnan(value)) {
      column.append_null();
    } else {
      column.append(value);
    }
  };
  for (const auto& [name, series] : metrics.at("train").members()) {
    rows.column(0).append(std::string_view(name));
    append(rows.column(1), metric_at(series, best_round(metrics)));
    if (validates) append(rows.column(2), metric_at(metrics.at("validation").at(name), best_round(metrics)));
  }
  const bool has_rounds = metrics.at("rounds").as_int().value_or(1) > 0;
  return {has_rounds ? fmt::format("Metrics after round {}", best_round(metrics) + 1) : "Metrics", rows.finish()};
}

flow::ResultTable shortened(flow::ResultTable table) {
  constexpr size_t kMostRows = 200;
  const size_t rows = table.rows.rows();
  if (rows <= kMostRows) return table;
  return {fmt::format("{} (the first {} of {})", table.title, kMostRows, human_count(rows)),
          table.rows.slice(0, kMostRows)};
}

std::optional<plot::Chart> training_chart(std::string_view name, const Json& metrics) {
  if (metrics.at("train").members().empty()) return std::nullopt;
  const auto& [metric, series] = metrics.at("train").members().back();
  if (series.items().size() < 2) return std::nullopt;
  plot::LineChart chart;
  chart.x.label = "round";
  chart.y.label = metric;
  chart.lines.push_back(line_of("train", series));
  if (const Json* validation = metrics.at("validation").find(metric))
    chart.lines.push_back(line_of("validation", *validation));
  return plot::Chart{fmt::format("Training of {}", name), "", std::move(chart)};
}

std::optional<double> final_metric(const Json& metrics, std::string_view part, std::string_view name) {
  const double value = metric_at(metrics.at(part).at(name), best_round(metrics));
  if (std::isnan(value)) return std::nullopt;
  return value;
}

std::optional<plot::Chart> comparison_chart(std::string_view first_name, const Json& first,
                                            std::string_view second_name, const Json& second) {
  for (const std::string_view part : {"validation", "train"}) {
    const auto& metrics = first.at(part).members();
    for (const auto& [name, values] : std::views::reverse(metrics)) {
      const Json* other = second.at(part).find(name);
      if (other == nullptr || values.items().size() + other->items().size() < 3) continue;
      plot::LineChart chart;
      chart.x.label = "round";
      chart.y.label = name;
      chart.lines.push_back(line_of(std::string(first_name), values));
      chart.lines.push_back(line_of(std::string(second_name), *other));
      return plot::Chart{fmt::format("{} and {}", first_name, second_name), fmt::format("{} rows", part),
                         std::move(chart)};
    }
  }
  return std::nullopt;
}

std::optional<plot::Chart> importance_chart(std::string_view name, const Json& payload) {
  struct Share {
    double value = 0;
    size_t position = 0;
    std::string name;
  };
  std::vector<Share> shares;
  for (const Json& feature : payload.at("features").items()) {
    if (feature.find("importance") == nullptr) continue;
    shares.push_back({feature.at("importance").as_double().value_or(0), shares.size(),
                      std::string(feature.at("name").string_view())});
  }
  if (shares.empty()) return std::nullopt;
  std::ranges::sort(shares, [](const Share& a, const Share& b) {
    return a.value != b.value ? a.value > b.value : a.position < b.position;
  });
  plot::BarChart chart;
  const std::string_view type = payload.at("attributes").at("importance_type").string_view();
  chart.value.label = fmt::format("share of the {}", type.empty() ? "gain" : type);
  for (size_t i = 0; i < std::min(kShownFeatures, shares.size()); ++i) {
    chart.values.push_back(shares[i].value);
    chart.labels.push_back(shares[i].name);
  }
  const std::string subtitle =
      shares.size() > kShownFeatures ? fmt::format("{} of {} features", kShownFeatures, shares.size()) : "";
  return plot::Chart{fmt::format("What {} looks at", name), subtitle, std::move(chart)};
}

}  // namespace sinan::ml
