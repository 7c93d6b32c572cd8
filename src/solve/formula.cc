#include "solve/formula.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/strings.h"

namespace sinan::solve {
namespace {

using sql::Expr;
using Kind = Formula::Kind;

struct Aggregate {
  std::string_view name;
  Kind kind;
};
constexpr Aggregate kAggregates[] = {
    {"SUM", Kind::kSum},     {"AVG", Kind::kAverage}, {"MIN", Kind::kMinimum},
    {"MAX", Kind::kMaximum}, {"COUNT", Kind::kCount},
};

bool is_comparison(const Expr& expr) {
  if (!expr.is(Expr::Kind::kBinary)) return false;
  const std::string& op = expr.text;
  return op == "<" || op == ">" || op == "<=" || op == ">=" || op == "=" || op == "<>" || op == "!=";
}

// Of variables, 3 for more than two.
int degree(const Formula& formula) {
  switch (formula.kind) {
    case Kind::kVariable:
      return 1;
    case Kind::kCount:
      return 0;
    case Kind::kMultiply:
      return std::min(3, degree(formula.items[0]) + degree(formula.items[1]));
    default: {
      int most = 0;
      for (const Formula& item : formula.items) most = std::max(most, degree(item));
      return most;
    }
  }
}

// The first node that satisfies the test, not looking into aggregates.
template <class Test>
const Formula* outside(const Formula& formula, const Test& test) {
  if (test(formula)) return &formula;
  if (formula.is_aggregate()) return nullptr;
  for (const Formula& item : formula.items)
    if (const Formula* found = outside(item, test)) return found;
  return nullptr;
}

class Resolver {
 public:
  Resolver(const Settings& settings, const arrow::Schema& columns, std::string_view program)
      : settings_(settings), columns_(columns), program_(program) {}

  Result<Problem> resolve(const sql::Optimize& clause) {
    problem_.maximize = clause.maximize;
    TRY(resolve_families());
    problem_.objective = TRY(formula(clause.objective, false));
    problem_.objective_text = words(clause.objective.span);
    TRY(check_objective());
    for (const sql::Constraint& constraint : clause.constraints) TRY(add_constraint(constraint));
    finish_columns();
    return std::move(problem_);
  }

 private:
  // --- names ---
  Status resolve_families() {
    for (const Family& family : settings_.families) {
      std::vector<size_t> keys;
      for (const std::string& key : family.keys) {
        const auto found = columns_.index_of(key);
        if (!found) {
          return fail(Code::kProgram, fmt::format("the query has no column \"{}\", a key of the variables", key),
                      did_you_mean(key, columns_.names()))
              .at(place_in(family.place, key));
        }
        keys.push_back(*found);
      }
      const bool only_key = keys.size() == 1 && equals_ignore_case(family.keys[0], family.name);
      if (columns_.index_of(family.name) && !only_key) {
        return fail(Code::kProgram,
                    fmt::format("the variables are named like a column of the query: \"{}\"", family.name),
                    "name them differently, or rename the column with AS")
            .at(family.place);
      }
      problem_.keys.push_back(std::move(keys));
      problem_.lower.push_back(TRY(bound_column(family.lower)));
      problem_.upper.push_back(TRY(bound_column(family.upper)));
    }
    return check_result_names();
  }

  // Keys of a further family are shown beside those of the first.
  Status check_result_names() const {
    std::vector<std::string> names;
    for (const auto& keys : problem_.keys)
      for (const size_t key : keys) names.push_back(to_lower(columns_[key].name));
    for (const Family& family : settings_.families) {
      const std::string name = to_lower(family.column);
      if (std::ranges::find(names, name) != names.end()) {
        return fail(Code::kProgram, fmt::format("two columns of the result have the same name: \"{}\"", family.column),
                    "name the variables differently")
            .at(family.place);
      }
      names.push_back(name);
    }
    return {};
  }

  Result<std::optional<size_t>> bound_column(const std::optional<Bound>& bound) {
    if (!bound || bound->column.empty()) return std::nullopt;
    const auto found = columns_.index_of(bound->column);
    if (!found) {
      return fail(Code::kProgram,
                  fmt::format("the query has no column \"{}\", a bound of the variables", bound->column),
                  did_you_mean(bound->column, columns_.names()))
          .at(bound->place);
    }
    TRY(use(*found, bound->place));
    return *found;
  }

  Span place_in(Span place, std::string_view name) const {
    // `place` is the family's name; its keys follow it.
    const size_t end = std::min(program_.size(), program_.find_first_of("\"'", place.end));
    const std::string text = to_lower(program_.substr(place.begin, end - place.begin));
    const size_t open = text.find('(');
    const size_t at = text.find(to_lower(name), open == std::string::npos ? 0 : open);
    if (at == std::string::npos) return place;
    const auto begin = static_cast<uint32_t>(place.begin + at);
    return {begin, static_cast<uint32_t>(begin + name.size())};
  }

  // A numeric column that a formula needs.
  Status use(size_t column, Span place) {
    const arrow::Type& type = columns_[column].type;
    if (!type.is_numeric() && type.id != arrow::TypeId::kBool) {
      return fail(Code::kProgram,
                  fmt::format("column \"{}\" is no number: {}", columns_[column].name, type.to_string()),
                  "compute a number from it in the query")
          .at(place);
    }
    if (std::ranges::find(problem_.numeric, column) != problem_.numeric.end()) return {};
    problem_.numeric.push_back(column);
    problem_.numeric_places.push_back(place);
    return {};
  }

  void finish_columns() {
    std::vector<std::pair<size_t, Span>> used;
    for (size_t i = 0; i < problem_.numeric.size(); ++i)
      used.emplace_back(problem_.numeric[i], problem_.numeric_places[i]);
    std::ranges::sort(used, {}, &std::pair<size_t, Span>::first);
    for (size_t i = 0; i < used.size(); ++i) {
      problem_.numeric[i] = used[i].first;
      problem_.numeric_places[i] = used[i].second;
    }
  }

  std::optional<size_t> family_of(std::string_view name) const {
    for (size_t i = 0; i < settings_.families.size(); ++i)
      if (equals_ignore_case(settings_.families[i].name, name)) return i;
    return std::nullopt;
  }

  // Names lose a table's prefix when they are known without it only.
  std::optional<size_t> column_of(std::string_view name) const {
    if (const auto found = columns_.index_of(name)) return found;
    const size_t dot = name.rfind('.');
    return dot == std::string_view::npos ? std::nullopt : columns_.index_of(name.substr(dot + 1));
  }

  bool known(const Expr& expr) const {
    if (expr.is(Expr::Kind::kName)) return family_of(expr.text) || column_of(expr.text);
    return std::ranges::all_of(expr.items, [&](const Expr& item) { return known(item); });
  }

  Result<Formula> name(const Expr& expr, bool aggregated) {
    if (const auto family = family_of(expr.text)) return Formula{Kind::kVariable, 0, *family, {}, expr.span};
    if (const auto column = column_of(expr.text)) {
      TRY(use(*column, expr.span));
      return Formula{Kind::kColumn, 0, *column, {}, expr.span};
    }
    if (const auto parts = sql::unglue(expr); parts && known(*parts)) {
      problem_.warnings.emplace_back(
          fmt::format("read as {}: there is no column \"{}\"", sql::to_string(*parts), expr.text), expr.span);
      return formula(*parts, aggregated);
    }
    std::vector<std::string> names = columns_.names();
    for (const Family& family : settings_.families) names.push_back(family.name);
    return fail(Code::kProgram, fmt::format("unknown name \"{}\"", expr.text), did_you_mean(expr.text, names))
        .at(expr.span);
  }

  // --- expressions ---
  Result<Formula> formula(const Expr& expr, bool aggregated) {
    switch (expr.kind) {
      case Expr::Kind::kInteger:
      case Expr::Kind::kFloat:
        return number(expr);
      case Expr::Kind::kBoolean:
        return Formula{Kind::kNumber, expr.text == "true" ? 1.0 : 0.0, 0, {}, expr.span};
      case Expr::Kind::kName:
        return name(expr, aggregated);
      case Expr::Kind::kCall:
        return call(expr, aggregated);
      case Expr::Kind::kUnary:
        if (expr.text == "-") {
          Formula out{Kind::kNegate, 0, 0, {}, expr.span};
          out.items.push_back(TRY(formula(expr.items[0], aggregated)));
          return out;
        }
        return misplaced(expr, "NOT");
      case Expr::Kind::kBinary:
        return binary(expr, aggregated);
      case Expr::Kind::kString:
        return fail(Code::kProgram, fmt::format("text cannot be computed with: \"{}\"", expr.text),
                    "names are written without quotes")
            .at(expr.span);
      default:
        return fail(Code::kProgram, "a list cannot be computed with", "write one number or column").at(expr.span);
    }
  }

  static Failure misplaced(const Expr& expr, std::string_view what) {
    return fail(Code::kProgram, fmt::format("{} is not possible here", what),
                "constraints are comparisons between sums; compute conditions in the query: CASE WHEN .. THEN 1 ELSE 0 "
                "END")
        .at(expr.span);
  }

  static Result<Formula> number(const Expr& expr) {
    double value = 0;
    const auto [end, error] = std::from_chars(expr.text.data(), expr.text.data() + expr.text.size(), value);
    if (error != std::errc{} || end != expr.text.data() + expr.text.size() || !std::isfinite(value))
      return fail(Code::kProgram, fmt::format("number is too large: {}", expr.text)).at(expr.span);
    return Formula{Kind::kNumber, value, 0, {}, expr.span};
  }

  Result<Formula> call(const Expr& expr, bool aggregated) {
    const auto same = [&](const Aggregate& a) { return equals_ignore_case(a.name, expr.text); };
    const auto* found = std::ranges::find_if(kAggregates, same);
    if (found == std::end(kAggregates)) {
      const std::vector<std::string> names = {"SUM", "AVG", "MIN", "MAX", "COUNT"};
      std::string near = did_you_mean(expr.text, names);
      return fail(Code::kProgram, fmt::format("unknown function \"{}\"", expr.text),
                  near.empty() ? "SUM, AVG, MIN, MAX and COUNT are known; compute the rest in the query" : near)
          .at(expr.span);
    }
    if (aggregated) {
      return fail(Code::kProgram, fmt::format("{} within another aggregate", found->name), "compute one in the query")
          .at(expr.span);
    }
    if (expr.items.size() != 1) {
      return fail(Code::kProgram, fmt::format("{} takes one argument, got {}", found->name, expr.items.size()),
                  found->kind == Kind::kCount ? "COUNT(1) counts the rows" : "")
          .at(expr.span);
    }
    Formula out{found->kind, 0, 0, {}, expr.span};
    out.items.push_back(TRY(formula(expr.items[0], true)));
    const bool extreme = out.kind == Kind::kMinimum || out.kind == Kind::kMaximum;
    if (extreme && degree(out.items[0]) > 1) {
      return fail(Code::kUnsupported, fmt::format("{} of products of variables", found->name),
                  "products of variables may be summed up in the objective only")
          .at(expr.span);
    }
    return out;
  }

  Result<Formula> binary(const Expr& expr, bool aggregated) {
    Kind kind = Kind::kAdd;
    if (expr.text == "+") {
      kind = Kind::kAdd;
    } else if (expr.text == "-") {
      kind = Kind::kSubtract;
    } else if (expr.text == "*") {
      kind = Kind::kMultiply;
    } else if (expr.text == "/") {
      kind = Kind::kDivide;
    } else if (expr.text == "%") {
      kind = Kind::kRemainder;
    } else {
      return misplaced(expr, expr.text);
    }
    Formula out{kind, 0, 0, {}, expr.span};
    out.items.push_back(TRY(formula(expr.items[0], aggregated)));
    out.items.push_back(TRY(formula(expr.items[1], aggregated)));
    const bool divides = kind == Kind::kDivide || kind == Kind::kRemainder;
    if (divides && (degree(out.items[1]) > 0 || (kind == Kind::kRemainder && degree(out.items[0]) > 0))) {
      return fail(Code::kProgram,
                  kind == Kind::kDivide ? "division by a variable" : "the remainder of a variable is not linear",
                  "multiply both sides by it, or write the condition otherwise")
          .at(expr.span);
    }
    if (degree(out) > 2) {
      return fail(Code::kUnsupported, "products of more than two variables", "the objective may be quadratic at most")
          .at(expr.span);
    }
    return out;
  }

  // --- rules ---
  Status check_objective() {
    const Formula& objective = problem_.objective;
    if (!objective.has_aggregate() && (objective.has_variable() || has_column(objective))) {
      return fail(Code::kProgram, "the objective needs SUM over the rows", "write SUM(...) around it")
          .at(objective.span);
    }
    TRY(check_beside(objective, false));
    if (!objective.has_variable()) {
      problem_.warnings.emplace_back("the objective names no variable: any answer that meets the constraints will do",
                                     objective.span);
    }
    return {};
  }

  static bool has_column(const Formula& formula) {
    return outside(formula, [](const Formula& f) { return f.kind == Kind::kColumn; }) != nullptr;
  }

  // What may not stand beside an aggregate: variables of single rows, and columns without GROUP BY.
  Status check_beside(const Formula& formula, bool grouped) const {
    const auto variable = [&](const Formula& f) { return f.kind == Kind::kVariable && (!grouped || f.index == 0); };
    if (const Formula* found = outside(formula, variable)) {
      return fail(Code::kProgram,
                  fmt::format("variable \"{}\" stands beside an aggregate", settings_.families[found->index].name),
                  "put it into SUM, or make a constraint for each row of it")
          .at(found->span);
    }
    if (grouped) return {};
    if (const Formula* found = outside(formula, [](const Formula& f) { return f.kind == Kind::kColumn; })) {
      return fail(Code::kProgram,
                  fmt::format("column \"{}\" stands beside an aggregate without GROUP BY", columns_[found->index].name),
                  "add GROUP BY, or aggregate it: MAX(column)")
          .at(found->span);
    }
    return {};
  }

  // --- constraints ---
  Status add_constraint(const sql::Constraint& constraint) {
    std::optional<size_t> group_by;
    if (constraint.group_by) {
      group_by = columns_.index_of(constraint.group_by->text);
      if (!group_by) {
        return fail(Code::kProgram, fmt::format("the query has no column \"{}\"", constraint.group_by->text),
                    did_you_mean(constraint.group_by->text, columns_.names()))
            .at(constraint.group_by->span);
      }
    }
    const size_t first = problem_.conditions.size();
    TRY(add_conditions(constraint.condition));
    const std::string suffix = constraint.group_by ? fmt::format(" GROUP BY {}", constraint.group_by->text) : "";
    for (size_t i = first; i < problem_.conditions.size(); ++i) {
      Condition& condition = problem_.conditions[i];
      condition.group_by = group_by;
      condition.text += suffix;
      TRY(check_condition(condition, constraint));
    }
    return {};
  }

  Status add_conditions(const Expr& expr) {
    if (expr.is(Expr::Kind::kBinary) && expr.text == "AND") {
      TRY(add_conditions(expr.items[0]));
      return add_conditions(expr.items[1]);
    }
    if (!is_comparison(expr)) {
      if (expr.is(Expr::Kind::kBinary) && expr.text == "OR") return misplaced(expr, "OR");
      return fail(Code::kProgram, "a constraint compares two sides", "write <=, >= or = between them").at(expr.span);
    }
    const Expr* left = &expr.items[0];
    if (is_comparison(*left)) {
      // a <= b <= c
      TRY(add_conditions(*left));
      left = &left->items[1];
    }
    Condition condition;
    condition.comparison = TRY(comparison(expr));
    condition.left = TRY(formula(*left, false));
    condition.right = TRY(formula(expr.items[1], false));
    condition.span = {left->span.begin, expr.items[1].span.end};
    condition.text = words(condition.span);
    problem_.conditions.push_back(std::move(condition));
    return {};
  }

  static Result<Comparison> comparison(const Expr& expr) {
    if (expr.text == "<") return Comparison::kLess;
    if (expr.text == "<=") return Comparison::kLessEqual;
    if (expr.text == "=") return Comparison::kEqual;
    if (expr.text == ">=") return Comparison::kGreaterEqual;
    if (expr.text == ">") return Comparison::kGreater;
    return fail(Code::kUnsupported, "a constraint cannot ask for two sides to differ", "write <= or >=").at(expr.span);
  }

  Status check_condition(Condition& condition, const sql::Constraint& constraint) const {
    const bool aggregate = condition.left.has_aggregate() || condition.right.has_aggregate();
    if (constraint.group_by && !aggregate) {
      return fail(Code::kProgram, "GROUP BY without an aggregate", "write SUM(...), or leave GROUP BY out")
          .at(constraint.group_by->span);
    }
    if (!condition.left.has_variable() && !condition.right.has_variable()) {
      return fail(Code::kProgram, "a constraint that names no variable",
                  fmt::format("the variables are {}", variable_names()))
          .at(condition.span);
    }
    if (std::max(degree(condition.left), degree(condition.right)) > 1) {
      return fail(Code::kUnsupported, "a constraint with products of variables", "constraints are linear")
          .at(condition.span);
    }
    if (!aggregate) return {};
    condition.shape = constraint.group_by ? Condition::Shape::kPerGroup : Condition::Shape::kOnce;
    TRY(check_beside(condition.left, constraint.group_by.has_value()));
    return check_beside(condition.right, constraint.group_by.has_value());
  }

  std::string variable_names() const {
    std::vector<std::string> names;
    for (const Family& family : settings_.families) names.push_back(family.name);
    return join(names, ", ");
  }

  // The program's text with its white space made single blanks.
  std::string words(Span span) const {
    std::string out;
    for (const char c : program_.substr(span.begin, span.end - span.begin)) {
      const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
      if (blank && (out.empty() || out.back() == ' ')) continue;
      out += blank ? ' ' : c;
    }
    return out;
  }

  const Settings& settings_;
  const arrow::Schema& columns_;
  std::string_view program_;
  Problem problem_;
};

}  // namespace

bool Formula::has_aggregate() const {
  return is_aggregate() || std::ranges::any_of(items, [](const Formula& f) { return f.has_aggregate(); });
}

bool Formula::has_variable() const {
  return kind == Kind::kVariable || std::ranges::any_of(items, [](const Formula& f) { return f.has_variable(); });
}

Result<Problem> resolve(const sql::Optimize& clause, const Settings& settings, const arrow::Schema& columns,
                        std::string_view program) {
  return Resolver(settings, columns, program).resolve(clause);
}

}  // namespace sinan::solve
