#include "profile/drift_report.h"

#include <algorithm>

#include <fmt/format.h>

#include "arrow/builder.h"
#include "base/strings.h"

namespace sinan::profile {
namespace {

constexpr size_t kMostBars = 20;
constexpr size_t kDrawn = 3;  // columns that get a picture of their own

void append(arrow::ColumnBuilder& column, std::optional<double> number) {
  number ? column.append(*number) : column.append_null();
}

double psi_of(const ComparedColumn& column) { return column.drift ? column.drift->psi : -1; }

// The cumulative shares of both, for what has an order.
plot::Chart cumulative_chart(const ComparedColumn& column) {
  const auto line = [](std::string name, const Distribution& distribution, bool dashed) {
    plot::Line out{.name = std::move(name), .dashed = dashed};
    constexpr int kSteps = 100;
    for (int i = 0; i <= kSteps; ++i) {
      out.x.push_back(quantile(distribution.points, static_cast<double>(i) / kSteps));
      out.y.push_back(static_cast<double>(i) / kSteps);
    }
    return out;
  };
  plot::LineChart chart{.x = {.label = column.name},
                        .y = {.label = "share of the rows up to here", .min = 0, .max = 1}};
  chart.lines.push_back(line("reference", column.reference, true));
  chart.lines.push_back(line("now", column.current, false));
  return {fmt::format("{}: PSI {:.3f}", column.name, column.drift->psi), "", std::move(chart)};
}

// Where most of the index comes from: one bar a bin, by how much its share has changed.
plot::Chart change_chart(const ComparedColumn& column) {
  const Drift& drift = *column.drift;
  std::vector<size_t> order(drift.bins.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::stable_sort(order, std::greater<>(),
                           [&](size_t i) { return std::abs(drift.current[i] - drift.reference[i]); });
  order.resize(std::min(order.size(), kMostBars));
  plot::BarChart bars{.value = {.label = "share now, less the reference's"}};
  for (const size_t i : order) {
    bars.labels.push_back(drift.bins[i]);
    bars.values.push_back(drift.current[i] - drift.reference[i]);
  }
  return {fmt::format("{}: PSI {:.3f}", column.name, drift.psi), "", std::move(bars)};
}

arrow::Batch bins_of(const std::vector<ComparedColumn>& columns) {
  arrow::BatchBuilder rows({{"column_name", arrow::string_type()},
                            {"bin", arrow::string_type()},
                            {"reference", arrow::double_type()},
                            {"now", arrow::double_type()}});
  for (const ComparedColumn& column : columns) {
    for (size_t i = 0; i < std::min(column.drift->bins.size(), kMostBars); ++i) {
      rows.column(0).append(std::string_view(column.name));
      rows.column(1).append(std::string_view(column.drift->bins[i]));
      rows.column(2).append(column.drift->reference[i]);
      rows.column(3).append(column.drift->current[i]);
    }
  }
  return rows.finish();
}

// What fits a screen.
arrow::Batch for_screen(const std::vector<ComparedColumn>& columns) {
  arrow::BatchBuilder rows({{"column_name", arrow::string_type()},
                            {"psi", arrow::double_type()},
                            {"ks", arrow::double_type()},
                            {"missing", arrow::string_type()},
                            {"verdict", arrow::string_type()},
                            {"note", arrow::string_type()}});
  for (const ComparedColumn& column : columns) {
    const auto& drift = column.drift;
    rows.column(0).append(std::string_view(column.name));
    append(rows.column(1), drift ? std::optional(drift->psi) : std::nullopt);
    append(rows.column(2), drift ? drift->ks : std::nullopt);
    rows.column(3).append(std::string_view(
        fmt::format("{:.3g} % -> {:.3g} %", 100 * column.reference.missing, 100 * column.current.missing)));
    rows.column(4).append(drift ? verdict(drift->psi) : std::string_view());
    rows.column(5).append(std::string_view(column.note.value_or("")));
  }
  return rows.finish();
}

// "carrier" as part of a file's name.
std::string file_safe(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    out += plain ? c : '_';
  }
  return out;
}

}  // namespace

ComparedColumn compared_column(std::string name, arrow::Type type, Distribution reference,
                               const SampledColumn* current) {
  ComparedColumn out{.name = std::move(name), .type = std::move(type), .reference = std::move(reference)};
  if (current == nullptr) {
    out.note = "only in the reference";
    return out;
  }
  out.current = distribution_of(*current);
  out.drift = drift_between(out.reference, out.current, out.type);
  if (out.reference.kind != out.current.kind) {
    out.note = fmt::format("{} has become {}", out.type.to_string(), current->type.to_string());
  } else if (!out.drift) {
    out.note = "values of this type are not compared";
  }
  return out;
}

const std::vector<arrow::Field>& drift_fields() {
  static const std::vector<arrow::Field> fields = {{"column_name", arrow::string_type()},
                                                   {"type", arrow::string_type()},
                                                   {"reference_rows", arrow::int64_type()},
                                                   {"current_rows", arrow::int64_type()},
                                                   {"reference_missing", arrow::double_type()},
                                                   {"current_missing", arrow::double_type()},
                                                   {"psi", arrow::double_type()},
                                                   {"ks", arrow::double_type()},
                                                   {"ks_p", arrow::double_type()},
                                                   {"verdict", arrow::string_type()},
                                                   {"note", arrow::string_type()}};
  return fields;
}

arrow::Batch drift_rows(const std::vector<ComparedColumn>& columns) {
  arrow::BatchBuilder rows(drift_fields());
  for (const ComparedColumn& column : columns) {
    const auto& drift = column.drift;
    rows.column(0).append(std::string_view(column.name));
    rows.column(1).append(std::string_view(column.type.to_string()));
    rows.column(2).append(static_cast<int64_t>(column.reference.rows));
    rows.column(3).append(static_cast<int64_t>(column.current.rows));
    rows.column(4).append(column.reference.missing);
    rows.column(5).append(column.current.missing);
    append(rows.column(6), drift ? std::optional(drift->psi) : std::nullopt);
    append(rows.column(7), drift ? drift->ks : std::nullopt);
    append(rows.column(8), drift ? drift->ks_p : std::nullopt);
    drift ? rows.column(9).append(verdict(drift->psi)) : rows.column(9).append_null();
    column.note ? rows.column(10).append(std::string_view(*column.note)) : rows.column(10).append_null();
  }
  return rows.finish();
}

void tell_drift(std::vector<ComparedColumn> columns, flow::Outcome& outcome) {
  std::ranges::stable_sort(columns, std::greater<>(), psi_of);
  outcome.tables.push_back({"Drift, by the population stability index", for_screen(columns)});

  plot::BarChart bars{.value = {.label = "population stability index (0.1 moved, 0.25 moved far)", .min = 0}};
  std::vector<ComparedColumn> moved;
  for (const ComparedColumn& column : columns) {
    if (!column.drift) continue;
    if (bars.labels.size() < kMostBars) {
      bars.labels.push_back(column.name);
      bars.values.push_back(column.drift->psi);
    }
    if (verdict(column.drift->psi) != "stable") moved.push_back(column);
  }
  outcome.messages.push_back(
      moved.empty() ? std::string("No column has moved: every index is below 0.1.")
                    : fmt::format("{} of {} columns {} moved; {} most (index {:.3f}).", moved.size(), columns.size(),
                                  moved.size() == 1 ? "has" : "have", moved.front().name, moved.front().drift->psi));
  if (!bars.labels.empty()) outcome.artefacts.push_back({"drift", {"Population stability index", "", std::move(bars)}});
  moved.resize(std::min(moved.size(), kDrawn));
  if (moved.empty()) return;
  outcome.tables.push_back({"Shares of the rows in the columns that moved most", bins_of(moved)});
  for (const ComparedColumn& column : moved) {
    outcome.artefacts.push_back(
        {"drift_" + file_safe(column.name), column.drift->ks ? cumulative_chart(column) : change_chart(column)});
  }
}

}  // namespace sinan::profile
