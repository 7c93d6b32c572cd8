#include "solve/aggregate.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include <fmt/format.h>

#include "base/check.h"

namespace sinan::solve {
namespace {

using Kind = Formula::Kind;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

GroupForm constant(size_t groups, double number) { return {std::vector<double>(groups, number), {}, {}}; }

// The first factor of each (group, variables): later ones must be the same.
class Shared {
 public:
  // False: seen already. None: seen with another factor.
  std::optional<bool> add(uint64_t group, uint64_t variable, double factor) {
    const auto [found, added] = first_[variable].try_emplace(group, factor);
    if (added) return true;
    if (found->second == factor) return false;
    return std::nullopt;
  }

 private:
  std::unordered_map<uint64_t, std::unordered_map<uint64_t, double>> first_;
};

}  // namespace

Groups::Groups(Grouping grouping, size_t column)
    : grouping_(std::move(grouping)), sizes_(grouping_.groups(), 0.0), column_(column) {
  for (const uint32_t group : grouping_.of_row) sizes_[group] += 1;
}

Result<GroupForm> Aggregates::evaluate(const Formula& formula, const Groups& groups) {
  switch (formula.kind) {
    case Kind::kNumber:
      return constant(groups.count(), formula.number);
    case Kind::kColumn:
      return column_of_group(formula, groups);
    case Kind::kVariable:
      return variable_of_group(formula, groups);
    default:
      break;
  }
  if (formula.is_aggregate()) return aggregate(formula, groups);
  GroupForm left = TRY(evaluate(formula.items[0], groups));
  if (formula.kind == Kind::kNegate) {
    left.scale(std::vector<double>(groups.count(), -1.0));
    return left;
  }
  GroupForm right = TRY(evaluate(formula.items[1], groups));
  switch (formula.kind) {
    case Kind::kAdd:
      left.add(std::move(right), 1);
      return left;
    case Kind::kSubtract:
      left.add(std::move(right), -1);
      return left;
    case Kind::kMultiply:
      return multiply(std::move(left), std::move(right), formula, groups);
    default:
      return divide(std::move(left), right, formula, groups);
  }
}

std::string Aggregates::group_label(size_t group, const Groups& groups) const {
  return groups.column() ? table_.label(groups.first_row(group), {*groups.column()}) : "all rows";
}

Result<GroupForm> Aggregates::column_of_group(const Formula& formula, const Groups& groups) const {
  const std::span<const double> numbers = table_.numbers(formula.index);
  GroupForm out = constant(groups.count(), 0);
  for (size_t g = 0; g < groups.count(); ++g) out.constant[g] = numbers[groups.first_row(g)];
  for (size_t row = 0; row < table_.rows(); ++row) {
    const uint32_t g = groups.of(row);
    if (numbers[row] == out.constant[g]) continue;
    const std::string& name = table_.schema()[formula.index].name;
    return fail(Code::kData,
                fmt::format("column \"{}\" varies within {}: {} and {}", name, group_label(g, groups), out.constant[g],
                            numbers[row]),
                fmt::format("aggregate it: MIN({}), for one", name))
        .at(formula.span);
  }
  return out;
}

Result<GroupForm> Aggregates::variable_of_group(const Formula& formula, const Groups& groups) const {
  const FamilyColumns& family = built_.families[formula.index];
  GroupForm out = constant(groups.count(), 0);
  for (size_t row = 0; row < table_.rows(); ++row) {
    const uint32_t g = groups.of(row);
    if (family.column(row) == family.column(groups.first_row(g))) continue;
    return fail(Code::kData,
                fmt::format("variable \"{}\" stands beside an aggregate and varies within {}",
                            settings_.families[formula.index].name, group_label(g, groups)),
                "put it into SUM")
        .at(formula.span);
  }
  for (uint32_t g = 0; g < groups.count(); ++g)
    out.linear.push_back({g, static_cast<uint32_t>(family.column(groups.first_row(g))), 1.0});
  return out;
}

Result<GroupForm> Aggregates::aggregate(const Formula& formula, const Groups& groups) {
  if (formula.kind == Kind::kCount) {
    GroupForm out = constant(groups.count(), 0);
    for (size_t g = 0; g < groups.count(); ++g) out.constant[g] = groups.size(g);
    return out;
  }
  RowForm inner = TRY(evaluate_rows(formula.items[0], table_));
  const bool average = formula.kind == Kind::kAverage;
  if (average || formula.kind == Kind::kSum) return sum(inner, groups, average, formula.span);
  return extreme(std::move(inner), groups, formula.kind == Kind::kMaximum, formula.span);
}

Result<GroupForm> Aggregates::sum(const RowForm& form, const Groups& groups, bool average, Span place) const {
  GroupForm out = constant(groups.count(), 0);
  const size_t rows = table_.rows();
  for (size_t row = 0; row < rows; ++row) out.constant[groups.of(row)] += form.constant[row];
  if (average)
    for (size_t g = 0; g < groups.count(); ++g) out.constant[g] /= groups.size(g);

  // Counts what a term was summed up over, for AVG, and applies it to the entries from `begin` on.
  const auto differs = [&](size_t family) {
    return fail(Code::kData,
                fmt::format("the factor of \"{}\" differs between rows that share one variable of it",
                            settings_.families[family].name),
                "such a variable counts once in a sum: its factor must be the same in its rows")
        .at(place);
  };
  for (const auto& [family, factors] : form.linear) {
    const FamilyColumns& columns = built_.families[family];
    const size_t begin = out.linear.size();
    std::vector<double> counts(groups.count(), 0.0);
    Shared shared;
    out.linear.reserve(begin + rows);
    for (size_t row = 0; row < rows; ++row) {
      const uint32_t g = groups.of(row);
      const auto column = static_cast<uint32_t>(columns.column(row));
      if (family > 0) {
        const auto first = shared.add(g, column, factors[row]);
        if (!first) return differs(family);
        if (!*first) continue;
      }
      counts[g] += 1;
      out.linear.push_back({g, column, factors[row]});
    }
    if (!average) continue;
    for (size_t i = begin; i < out.linear.size(); ++i) out.linear[i].value /= counts[out.linear[i].row];
  }
  for (const auto& [pair, factors] : form.products) {
    const FamilyColumns& left = built_.families[pair.first];
    const FamilyColumns& right = built_.families[pair.second];
    const size_t begin = out.products.size();
    std::vector<double> counts(groups.count(), 0.0);
    Shared shared;
    for (size_t row = 0; row < rows; ++row) {
      const uint32_t g = groups.of(row);
      const auto a = static_cast<uint32_t>(left.column(row));
      const auto b = static_cast<uint32_t>(right.column(row));
      if (pair.first > 0) {
        const auto first = shared.add(g, (static_cast<uint64_t>(a) << 32) | b, factors[row]);
        if (!first) return differs(pair.first);
        if (!*first) continue;
      }
      counts[g] += 1;
      out.products.push_back({g, a, b, factors[row]});
    }
    if (!average) continue;
    for (size_t i = begin; i < out.products.size(); ++i) out.products[i].factor /= counts[out.products[i].group];
  }
  return out;
}

Result<GroupForm> Aggregates::extreme(RowForm&& form, const Groups& groups, bool maximum, Span place) {
  GroupForm out = constant(groups.count(), maximum ? -kInfinity : kInfinity);
  if (!form.has_variables()) {
    for (size_t row = 0; row < table_.rows(); ++row) {
      double& best = out.constant[groups.of(row)];
      best = maximum ? std::max(best, form.constant[row]) : std::min(best, form.constant[row]);
    }
    return out;
  }
  out = constant(groups.count(), 0);
  const size_t first = built_.model.columns();
  for (uint32_t g = 0; g < groups.count(); ++g)
    out.linear.push_back({g, add_column(-kInfinity, kInfinity, false), 1.0});
  pending_.push_back({{maximum, first, groups.count(), groups.grouping().of_row, std::move(form)}, groups, place});
  return out;
}

Result<GroupForm> Aggregates::multiply(GroupForm left, GroupForm right, const Formula& formula, const Groups& groups) {
  if (!right.has_variables()) {
    left.scale(right.constant);
    return left;
  }
  if (!left.has_variables()) {
    right.scale(left.constant);
    return right;
  }
  // Only in objectives, with one group: resolve() has seen to it. Each factor gets a column that stands for it.
  CHECK(groups.count() == 1);
  if (!left.products.empty() || !right.products.empty()) {
    return fail(Code::kUnsupported, "products of more than two variables", "the objective may be quadratic at most")
        .at(formula.span);
  }
  GroupForm out = constant(1, 0);
  const bool square = formula.items[0].kind == formula.items[1].kind && left.constant == right.constant &&
                      std::ranges::equal(left.linear, right.linear, [](const Entry& a, const Entry& b) {
                        return a.column == b.column && a.value == b.value;
                      });
  const uint32_t a = TRY(stand_in(left));
  const uint32_t b = square ? a : TRY(stand_in(right));
  out.products.push_back({0, a, b, 1.0});
  return out;
}

Result<uint32_t> Aggregates::stand_in(const GroupForm& form) {
  TRY(settle(form, Comparison::kEqual));
  const uint32_t column = add_column(-kInfinity, kInfinity, false);
  const uint32_t row = add_row(-form.constant[0], -form.constant[0]);
  for (const Entry& entry : form.linear) entries_.push_back({row, entry.column, entry.value});
  entries_.push_back({row, column, -1.0});
  return column;
}

Result<GroupForm> Aggregates::divide(GroupForm left, const GroupForm& right, const Formula& formula,
                                     const Groups& groups) const {
  std::vector<double> factor(groups.count());
  for (size_t g = 0; g < groups.count(); ++g) {
    if (right.constant[g] == 0) {
      return fail(Code::kData, fmt::format("division by zero in {}", group_label(g, groups)),
                  "leave such rows out in the query")
          .at(formula.span);
    }
    factor[g] = 1 / right.constant[g];
  }
  if (formula.kind == Kind::kRemainder) {
    for (size_t g = 0; g < groups.count(); ++g) left.constant[g] = std::fmod(left.constant[g], right.constant[g]);
    return left;
  }
  for (size_t g = 0; g < groups.count(); ++g) left.constant[g] /= right.constant[g];
  for (Entry& entry : left.linear) entry.value /= right.constant[entry.row];
  for (Product& product : left.products) product.factor /= right.constant[product.group];
  return left;
}

GroupForm Aggregates::of_rows(RowForm&& form) const {
  const size_t rows = table_.rows();
  GroupForm out = constant(rows, 0);
  for (size_t row = 0; row < rows; ++row) out.constant[row] = form.constant[row];
  for (const auto& [family, factors] : form.linear) {
    const FamilyColumns& columns = built_.families[family];
    for (uint32_t row = 0; row < rows; ++row)
      out.linear.push_back({row, static_cast<uint32_t>(columns.column(row)), factors[row]});
  }
  return out;
}

uint32_t Aggregates::add_column(double lower, double upper, bool integer) {
  Model& model = built_.model;
  model.cost.push_back(0);
  model.lower.push_back(lower);
  model.upper.push_back(upper);
  model.integer.push_back(integer ? 1 : 0);
  built_.base_lower.push_back(lower);
  built_.base_upper.push_back(upper);
  return static_cast<uint32_t>(model.columns() - 1);
}

uint32_t Aggregates::add_row(double lower, double upper) {
  built_.model.row_lower.push_back(lower);
  built_.model.row_upper.push_back(upper);
  return static_cast<uint32_t>(built_.model.rows() - 1);
}

Status Aggregates::settle(const GroupForm& form, Comparison comparison) {
  std::vector<Pending> all = std::exchange(pending_, {});
  const bool upward = comparison == Comparison::kGreaterEqual || comparison == Comparison::kGreater;
  for (Pending& pending : all) {
    const Extreme& extreme = pending.extreme;
    std::vector<double> factors(extreme.groups, 0.0);
    for (const Entry& entry : form.linear) {
      if (entry.column >= extreme.first_column && entry.column < extreme.first_column + factors.size())
        factors[entry.column - extreme.first_column] += entry.value;
    }
    std::vector<uint8_t> exact(factors.size(), 0);
    for (size_t g = 0; g < factors.size(); ++g) {
      // Pressed down: what bounds it from below is enough for MAX; up: what bounds it from above is for MIN.
      const bool presses_down = upward ? factors[g] < 0 : factors[g] > 0;
      const bool tied = comparison != Comparison::kEqual && presses_down == extreme.maximum;
      exact[g] = factors[g] != 0 && !tied ? 1 : 0;
    }
    tie(pending);
    TRY(tie_exactly(pending, exact));
    built_.extremes.push_back(std::move(pending.extreme));
  }
  return {};
}

void Aggregates::append(const RowForm& form, size_t row, uint32_t model_row, double sign) {
  for (const auto& [family, factors] : form.linear) {
    const auto column = static_cast<uint32_t>(built_.families[family].column(row));
    entries_.push_back({model_row, column, sign * factors[row]});
  }
}

// MAX: stands at or above each row's value. MIN: at or below.
void Aggregates::tie(const Pending& pending) {
  const Extreme& extreme = pending.extreme;
  for (size_t row = 0; row < table_.rows(); ++row) {
    const double value = extreme.inner.constant[row];
    const uint32_t added = extreme.maximum ? add_row(value, kInfinity) : add_row(-kInfinity, value);
    entries_.push_back({added, static_cast<uint32_t>(extreme.first_column + pending.groups.of(row)), 1.0});
    append(extreme.inner, row, added, -1);
  }
}

std::pair<double, double> Aggregates::range(const RowForm& form, size_t row) const {
  double least = form.constant[row];
  double most = least;
  for (const auto& [family, factors] : form.linear) {
    const size_t column = built_.families[family].column(row);
    const double factor = factors[row];
    if (factor == 0) continue;
    const double lower = built_.model.lower[column];
    const double upper = built_.model.upper[column];
    least += factor > 0 ? factor * lower : factor * upper;
    most += factor > 0 ? factor * upper : factor * lower;
  }
  return {least, most};
}

// And at one row's value: a yes/no column a row, one yes a group, and a distance that a no allows.
Status Aggregates::tie_exactly(const Pending& pending, const std::vector<uint8_t>& exact) {
  const auto& [extreme, groups, span] = pending;
  if (std::ranges::none_of(exact, [](uint8_t e) { return e != 0; })) return {};
  const double sign = extreme.maximum ? 1 : -1;  // MIN is MAX of the opposite
  std::vector<double> farthest(exact.size(), -kInfinity);
  for (size_t row = 0; row < table_.rows(); ++row) {
    const auto [least, most] = range(extreme.inner, row);
    double& far = farthest[groups.of(row)];
    far = std::max(far, extreme.maximum ? most : -least);
    if (exact[groups.of(row)] == 0 || (std::isfinite(least) && std::isfinite(most))) continue;
    return fail(Code::kUnsupported,
                fmt::format("{} needs variables with bounds on this side of a comparison",
                            extreme.maximum ? "MAX" : "MIN"),
                "give them with lower= and upper=, or with a constraint for each row")
        .at(span);
  }
  built_.needs_bounds = true;
  std::vector<uint32_t> chosen(exact.size(), 0);
  for (size_t g = 0; g < exact.size(); ++g)
    if (exact[g] != 0) chosen[g] = add_row(1, 1);
  for (size_t row = 0; row < table_.rows(); ++row) {
    const uint32_t g = groups.of(row);
    if (exact[g] == 0) continue;
    const auto [least, most] = range(extreme.inner, row);
    const double distance = farthest[g] - (extreme.maximum ? least : -most);
    const uint32_t yes = add_column(0, 1, true);
    entries_.push_back({chosen[g], yes, 1.0});
    // sign * (t - value) <= distance * (1 - yes)
    const uint32_t added = add_row(-kInfinity, distance + sign * extreme.inner.constant[row]);
    entries_.push_back({added, static_cast<uint32_t>(extreme.first_column + g), sign});
    append(extreme.inner, row, added, -sign);
    entries_.push_back({added, yes, distance});
  }
  return {};
}

}  // namespace sinan::solve
