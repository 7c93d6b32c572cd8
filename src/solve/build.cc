// The objective and the conditions become lists of entries here; what an aggregate is stands in aggregate.cc.
#include "solve/build.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/check.h"
#include "solve/aggregate.h"

namespace sinan::solve {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool is_whole(double number) { return number == std::floor(number); }

class Builder {
 public:
  Builder(const Problem& problem, const Settings& settings, const Table& table, const CancelToken& cancel)
      : problem_(problem),
        settings_(settings),
        table_(table),
        cancel_(cancel),
        aggregates_(settings, table, built_, entries_) {}

  Result<Built> build() {
    built_.model.maximize = problem_.maximize;
    for (size_t i = 0; i < settings_.families.size(); ++i) TRY(add_family(i));
    Model& model = built_.model;
    built_.base_lower = model.lower;
    built_.base_upper = model.upper;
    built_.lower_by.assign(built_.families[0].count, -1);
    built_.upper_by.assign(built_.families[0].count, -1);
    built_.conditions.resize(problem_.conditions.size());
    // Bounds first: MIN and MAX need them.
    std::vector<size_t> rest;
    for (size_t i = 0; i < problem_.conditions.size(); ++i) {
      TRY(cancel_.check());
      if (!TRY(add_bounds(i))) rest.push_back(i);
    }
    make_bounds_whole(columns_of(0));
    for (const size_t i : rest) {
      TRY(cancel_.check());
      TRY(add_rows(i));
    }
    TRY(add_objective());
    if (entries_.size() >= INT32_MAX || model.columns() >= INT32_MAX || model.rows() >= INT32_MAX)
      return fail(Code::kExhausted, "the problem is larger than a solver takes");
    model.matrix = to_columns(std::move(entries_), model.rows(), model.columns());
    return std::move(built_);
  }

 private:
  // --- variables ---
  Status add_family(size_t index) {
    const Family& family = settings_.families[index];
    FamilyColumns columns;
    columns.first = built_.model.columns();
    columns.count = table_.rows();
    if (index > 0) {
      Grouping grouping = table_.group(problem_.keys[index]);
      columns.count = grouping.groups();
      columns.of_row = std::move(grouping.of_row);
      columns.first_row = std::move(grouping.first_row);
    }
    Model& model = built_.model;
    const size_t end = columns.first + columns.count;
    model.cost.resize(end, 0.0);
    model.integer.resize(end, family.domain->integer ? 1 : 0);
    model.lower.resize(end, family.domain->lower);
    model.upper.resize(end, family.domain->upper);
    built_.families.push_back(std::move(columns));
    if (family.lower) apply_bound(index, *family.lower, problem_.lower[index], false);
    if (family.upper) apply_bound(index, *family.upper, problem_.upper[index], true);
    make_bounds_whole(columns_of(index));
    for (size_t column = built_.families[index].first; column < end; ++column) {
      if (model.lower[column] <= model.upper[column]) continue;
      return fail(Code::kData,
                  fmt::format("no value is possible for {}: at least {}, at most {}",
                              built_.variable(column, problem_, settings_, table_), model.lower[column],
                              model.upper[column]),
                  fmt::format("its type is {}", family.domain->name))
          .at(family.upper   ? family.upper->place
              : family.lower ? family.lower->place
                             : family.place);
    }
    return {};
  }

  std::pair<size_t, size_t> columns_of(size_t family) const {
    const FamilyColumns& columns = built_.families[family];
    return {columns.first, columns.first + columns.count};
  }

  // 1.5 <= x <= 7 of a whole number is 2 <= x <= 7: solvers do not all see it.
  void make_bounds_whole(std::pair<size_t, size_t> columns) {
    constexpr double kRounding = 1e-9;
    Model& model = built_.model;
    for (size_t i = columns.first; i < columns.second; ++i) {
      if (model.integer[i] == 0) continue;
      model.lower[i] = std::ceil(model.lower[i] - kRounding);
      model.upper[i] = std::floor(model.upper[i] + kRounding);
    }
  }

  // The tightest of the rows that share a variable.
  void apply_bound(size_t index, const Bound& bound, const std::optional<size_t>& from, bool upper) {
    const FamilyColumns& columns = built_.families[index];
    std::vector<double>& bounds = upper ? built_.model.upper : built_.model.lower;
    const Values values = from ? Values(std::vector<double>(table_.numbers(*from).begin(), table_.numbers(*from).end()))
                               : Values(bound.number);
    for (size_t row = 0; row < table_.rows(); ++row) {
      double& at = bounds[columns.column(row)];
      at = upper ? std::min(at, values[row]) : std::max(at, values[row]);
    }
  }

  // --- conditions ---
  // What is left of the limit when `<` is made `<=`. Errors (kProgram): reals.
  Result<double> limit(const Condition& condition, double raw, bool whole) const {
    if (condition.comparison != Comparison::kLess && condition.comparison != Comparison::kGreater) return raw;
    if (!whole) {
      return fail(Code::kProgram, "a strict comparison is possible between whole numbers only",
                  condition.comparison == Comparison::kLess ? "write <=" : "write >=")
          .at(condition.span);
    }
    return condition.comparison == Comparison::kLess ? std::ceil(raw) - 1 : std::floor(raw) + 1;
  }

  static bool bounds_above(Comparison c) { return c != Comparison::kGreaterEqual && c != Comparison::kGreater; }
  static bool bounds_below(Comparison c) { return c != Comparison::kLessEqual && c != Comparison::kLess; }

  // A condition on the row's one variable of the first family becomes a bound of it, if no other condition has given that bound:
  // then removing a condition leaves the type's own bound.
  Result<bool> add_bounds(size_t index) {
    const Condition& condition = problem_.conditions[index];
    if (condition.shape != Condition::Shape::kPerRow) return false;
    RowForm form = TRY(difference(condition));
    if (form.linear.size() != 1 || form.linear.begin()->first != 0) return keep(index, std::move(form));
    const Values& factor = form.linear.begin()->second;
    for (size_t row = 0; row < (factor.is_number() ? 1 : table_.rows()); ++row)
      if (factor[row] == 0) return keep(index, std::move(form));
    std::vector<int32_t>* by[2] = {&built_.lower_by, &built_.upper_by};
    const auto sides = [&](size_t row) {
      const bool flips = factor[row] < 0;
      const bool above = bounds_above(condition.comparison);
      const bool below = bounds_below(condition.comparison);
      return std::pair(flips ? above : below, flips ? below : above);
    };
    for (size_t row = 0; row < table_.rows(); ++row) {
      const auto [lower, upper] = sides(row);
      if ((lower && (*by[0])[row] >= 0) || (upper && (*by[1])[row] >= 0)) return keep(index, std::move(form));
    }
    Instances& out = built_.conditions[index];
    out.as_bounds = true;
    out.count = table_.rows();
    out.limit.resize(out.count);
    const bool integer = settings_.families[0].domain->integer;
    for (size_t row = 0; row < out.count; ++row) {
      out.limit[row] = TRY(limit(condition, 0 - form.constant[row], integer && is_whole(factor[row])));
      const double bound = out.limit[row] / factor[row];
      const auto [lower, upper] = sides(row);
      Model& model = built_.model;
      if (lower && bound > model.lower[row]) {
        model.lower[row] = bound;
        built_.lower_by[row] = static_cast<int32_t>(index);
      }
      if (upper && bound < model.upper[row]) {
        model.upper[row] = bound;
        built_.upper_by[row] = static_cast<int32_t>(index);
      }
    }
    out.factor = std::move(form.linear.begin()->second);
    return true;
  }

  bool keep(size_t index, RowForm&& form) {
    kept_.emplace(index, std::move(form));
    return false;
  }

  Result<RowForm> difference(const Condition& condition) const {
    Formula formula{Formula::Kind::kSubtract, 0, 0, {condition.left, condition.right}, condition.span};
    return evaluate_rows(formula, table_);
  }

  Status add_rows(size_t index) {
    const Condition& condition = problem_.conditions[index];
    Instances& out = built_.conditions[index];
    GroupForm form;
    if (condition.shape == Condition::Shape::kPerRow) {
      out.count = table_.rows();
      form = aggregates_.of_rows(std::move(kept_.at(index)));
      kept_.erase(index);
    } else {
      const Groups groups =
          condition.group_by ? Groups(table_.group({*condition.group_by}), *condition.group_by) : Groups(table_.rows());
      out.count = groups.count();
      form = TRY(aggregates_.evaluate(condition.left, groups));
      form.add(TRY(aggregates_.evaluate(condition.right, groups)), -1);
      TRY(aggregates_.settle(form, condition.comparison));
      out.first_row = condition.group_by ? groups.grouping().first_row : std::vector<uint32_t>{0};
    }
    return append_rows(condition, std::move(form), out);
  }

  Status append_rows(const Condition& condition, GroupForm&& form, Instances& out) {
    Model& model = built_.model;
    std::vector<uint8_t> whole;
    const bool strict = condition.comparison == Comparison::kLess || condition.comparison == Comparison::kGreater;
    if (strict) {
      whole.assign(out.count, 1);
      for (const Entry& entry : form.linear)
        if (model.integer[entry.column] == 0 || !is_whole(entry.value)) whole[entry.row] = 0;
    }
    out.first_model_row = model.rows();
    out.limit.resize(out.count);
    for (size_t i = 0; i < out.count; ++i) {
      out.limit[i] = TRY(limit(condition, 0 - form.constant[i], strict && whole[i] != 0));
      model.row_lower.push_back(bounds_below(condition.comparison) ? out.limit[i] : -kInfinity);
      model.row_upper.push_back(bounds_above(condition.comparison) ? out.limit[i] : kInfinity);
    }
    const auto first = static_cast<uint32_t>(out.first_model_row);
    entries_.reserve(entries_.size() + form.linear.size());
    for (const Entry& entry : form.linear) entries_.push_back({entry.row + first, entry.column, entry.value});
    return {};
  }

  // --- objective ---
  Status add_objective() {
    const Groups all(table_.rows());
    GroupForm form = TRY(aggregates_.evaluate(problem_.objective, all));
    TRY(aggregates_.settle(form, problem_.maximize ? Comparison::kGreaterEqual : Comparison::kLessEqual));
    Model& model = built_.model;
    model.offset = form.constant[0];
    for (const Entry& entry : form.linear) model.cost[entry.column] += entry.value;
    std::vector<Entry> hessian;
    for (const Product& product : form.products) {
      const auto [low, high] = std::minmax(product.left, product.right);
      const bool binary = model.integer[low] != 0 && built_.base_lower[low] == 0 && built_.base_upper[low] == 1;
      if (low == high && low < built_.base_lower.size() && binary) {
        model.cost[low] += product.factor;  // its square is itself
        continue;
      }
      hessian.push_back({high, low, low == high ? 2 * product.factor : product.factor});
    }
    if (hessian.empty()) return {};
    model.hessian = to_columns(std::move(hessian), model.columns(), model.columns());
    return check_quadratic();
  }

  Status check_quadratic() const {
    const Model& model = built_.model;
    if (!model.is_quadratic()) return {};
    if (model.has_integers()) {
      return fail(Code::kUnsupported, "a quadratic objective over whole numbers",
                  "use a type of reals, or make the objective linear")
          .at(problem_.objective.span);
    }
    SparseColumns form = model.hessian;
    if (model.maximize)
      for (double& value : form.value) value = -value;
    if (is_convex(form, model.columns())) return {};
    return fail(Code::kUnsupported,
                fmt::format("the objective is not {}: its best value cannot be found",
                            model.maximize ? "concave" : "convex"),
                model.maximize ? "squares must be subtracted where the most is sought"
                               : "squares must be added where the least is sought")
        .at(problem_.objective.span);
  }

  const Problem& problem_;
  const Settings& settings_;
  const Table& table_;
  const CancelToken& cancel_;
  Built built_;
  std::vector<Entry> entries_;
  std::map<size_t, RowForm> kept_;  // of conditions for each row that are no bounds
  Aggregates aggregates_;
};

}  // namespace

void Built::polish(std::vector<double>& values) const {
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = (model.integer[i] != 0 ? std::round(values[i]) : values[i]) + 0.0;  // no negative zero
  for (const Extreme& extreme : extremes) {
    const auto begin = values.begin() + static_cast<std::ptrdiff_t>(extreme.first_column);
    std::fill_n(begin, extreme.groups, extreme.maximum ? -kInfinity : kInfinity);
    for (size_t row = 0; row < families[0].count; ++row) {
      double value = extreme.inner.constant[row];
      for (const auto& [family, factors] : extreme.inner.linear)
        value += factors[row] * values[families[family].column(row)];
      double& best = values[extreme.first_column + (extreme.of_row.empty() ? 0 : extreme.of_row[row])];
      best = extreme.maximum ? std::max(best, value) : std::min(best, value);
    }
  }
}

double Built::objective(const std::vector<double>& values) const {
  double out = model.offset;
  for (size_t i = 0; i < values.size(); ++i)
    if (model.cost[i] != 0) out += model.cost[i] * values[i];
  if (!model.is_quadratic()) return out;
  for (size_t column = 0; column < values.size(); ++column) {
    const auto end = static_cast<size_t>(model.hessian.start[column + 1]);
    for (auto i = static_cast<size_t>(model.hessian.start[column]); i < end; ++i) {
      const auto row = static_cast<size_t>(model.hessian.row[i]);
      out += (row == column ? 0.5 : 1.0) * model.hessian.value[i] * values[row] * values[column];
    }
  }
  return out;
}

std::string Built::variable(size_t column, const Problem& problem, const Settings& settings, const Table& table) const {
  for (size_t i = 0; i < families.size(); ++i) {
    const FamilyColumns& family = families[i];
    if (column < family.first || column >= family.first + family.count) continue;
    return fmt::format("{}[{}]", settings.families[i].name, table.label(family.row(column), problem.keys[i]));
  }
  return {};
}

std::string Built::instance(size_t condition, size_t instance, const Problem& problem, const Table& table) const {
  const Condition& words = problem.conditions[condition];
  if (words.shape == Condition::Shape::kOnce) return words.text;
  const size_t row = conditions[condition].row(instance);
  const std::string label = words.group_by ? table.label(row, {*words.group_by}) : table.label(row, problem.keys[0]);
  return fmt::format("{} [{}]", words.text, label);
}

Result<Built> build(const Problem& problem, const Settings& settings, const Table& table, const CancelToken& cancel) {
  return Builder(problem, settings, table, cancel).build();
}

}  // namespace sinan::solve
