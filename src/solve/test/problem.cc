#include "solve/test/problem.h"

#include <algorithm>
#include <cmath>

#include "arrow/stream.h"

namespace sinan::solve {
namespace {

using sql::Expr;

bool mentions(const Expr& expr, std::string_view name) {
  if (expr.is(Expr::Kind::kName)) return expr.text == name;
  return std::ranges::any_of(expr.items, [&](const Expr& item) { return mentions(item, name); });
}

bool has_call(const Expr& expr) { return expr.is(Expr::Kind::kCall) || std::ranges::any_of(expr.items, has_call); }

}  // namespace

arrow::Batch batch_of(const Rows& rows) {
  std::vector<arrow::Field> fields;
  for (const auto& [name, values] : rows) {
    const bool whole = std::ranges::all_of(values, [](double v) { return v == std::floor(v); });
    fields.push_back({name, whole ? arrow::int64_type() : arrow::double_type()});
  }
  arrow::BatchBuilder builder(fields);
  size_t column = 0;
  for (const auto& [name, values] : rows) {
    for (const double value : values) {
      if (fields[column].type.is_integer()) {
        builder.column(column).append(static_cast<int64_t>(value));
      } else {
        builder.column(column).append(value);
      }
    }
    ++column;
  }
  return builder.finish();
}

Result<Run> prepare(const std::string& text, const Rows& rows) {
  const auto clause = TRY(sql::parse_clause(text, {0, static_cast<uint32_t>(text.size())}));
  Run run;
  run.clause = std::get<sql::Optimize>(clause.body);
  run.settings = TRY(read_settings(run.clause, text));
  arrow::Batch batch = batch_of(rows);
  run.problem = TRY(resolve(run.clause, run.settings, batch.schema(), text));
  auto schema = batch.shared_schema();
  std::vector<arrow::Batch> batches;
  // Two batches: rows are counted across them.
  const size_t half = batch.rows() / 2;
  if (half > 0) batches.push_back(batch.slice(0, half));
  if (batch.rows() > half) batches.push_back(batch.slice(half, batch.rows() - half));
  const auto stream = arrow::make_stream(std::move(schema), std::move(batches));
  run.table = TRY(Table::read(*stream, run.problem, {}, {}));
  run.built = TRY(build(run.problem, run.settings, run.table, {}));
  return run;
}

std::vector<size_t> Naive::all() const {
  std::vector<size_t> out(rows_.begin()->second.size());
  for (size_t i = 0; i < out.size(); ++i) out[i] = i;
  return out;
}

double Naive::evaluate(const Expr& expr, const std::vector<size_t>& among, size_t row, const Rows& values) const {
  switch (expr.kind) {
    case Expr::Kind::kInteger:
    case Expr::Kind::kFloat:
      return std::stod(expr.text);
    case Expr::Kind::kName:
      return values.contains(expr.text) ? values.at(expr.text)[row] : rows_.at(expr.text)[row];
    case Expr::Kind::kCall:
      return aggregate(expr, among, values);
    case Expr::Kind::kUnary:
      return -evaluate(expr.items[0], among, row, values);
    default:
      break;
  }
  const double left = evaluate(expr.items[0], among, row, values);
  const double right = evaluate(expr.items[1], among, row, values);
  switch (expr.text[0]) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    default:
      return left / right;
  }
}

double Naive::aggregate(const Expr& call, const std::vector<size_t>& among, const Rows& values) const {
  const Expr& inner = call.items[0];
  const bool once = mentions(inner, "w") && !mentions(inner, "v") && (call.text == "SUM" || call.text == "AVG");
  std::vector<double> terms;
  std::vector<double> seen;
  for (const size_t row : among) {
    const double g = rows_.at("g")[row];
    if (once && std::ranges::find(seen, g) != seen.end()) continue;
    seen.push_back(g);
    terms.push_back(evaluate(inner, among, row, values));
  }
  double sum = 0;
  for (const double term : terms) sum += term;
  if (call.text == "SUM") return sum;
  if (call.text == "AVG") return sum / static_cast<double>(terms.size());
  if (call.text == "COUNT") return static_cast<double>(among.size());
  return call.text == "MIN" ? std::ranges::min(terms) : std::ranges::max(terms);
}

double Naive::objective(const Rows& values) const { return evaluate(clause_.objective, all(), 0, values); }

std::vector<std::vector<size_t>> Naive::groups(const sql::Constraint& constraint) const {
  std::vector<std::vector<size_t>> out;
  if (!has_call(constraint.condition)) {
    for (const size_t row : all()) out.push_back({row});
  } else if (!constraint.group_by) {
    out.push_back(all());
  } else {
    const std::vector<double>& by = rows_.at(constraint.group_by->text);
    for (const size_t row : all()) {
      const auto same = [&](const std::vector<size_t>& group) { return by[group[0]] == by[row]; };
      const auto found = std::ranges::find_if(out, same);
      if (found == out.end()) {
        out.push_back({row});
      } else {
        found->push_back(row);
      }
    }
  }
  return out;
}

size_t Naive::instances(size_t constraint) const { return groups(clause_.constraints[constraint]).size(); }

bool Naive::holds(size_t constraint, size_t instance, const Rows& values) const {
  const std::vector<size_t> among = groups(clause_.constraints[constraint])[instance];
  const Expr& condition = clause_.constraints[constraint].condition;
  const double left = evaluate(condition.items[0], among, among[0], values);
  const double right = evaluate(condition.items[1], among, among[0], values);
  constexpr double kRounding = 1e-6;
  if (condition.text == "<=") return left <= right + kRounding;
  if (condition.text == ">=") return left >= right - kRounding;
  if (condition.text == "<") return left < right - kRounding;
  if (condition.text == ">") return left > right + kRounding;
  return std::abs(left - right) <= kRounding;
}

bool Naive::holds(const Rows& values) const {
  for (size_t c = 0; c < clause_.constraints.size(); ++c)
    for (size_t i = 0; i < instances(c); ++i)
      if (!holds(c, i, values)) return false;
  return true;
}

}  // namespace sinan::solve
