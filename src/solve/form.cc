#include "solve/form.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include <fmt/format.h>

#include "base/check.h"

namespace sinan::solve {
namespace {

using Kind = Formula::Kind;

// left += sign * right
template <class Map>
void add_terms(Map& left, const Map& right, double sign) {
  for (const auto& [key, factors] : right)
    left[key].apply(factors, [sign](double a, double b) { return a + sign * b; });
}

void add(RowForm& left, const RowForm& right, double sign) {
  left.constant.apply(right.constant, [sign](double a, double b) { return a + sign * b; });
  add_terms(left.linear, right.linear, sign);
  add_terms(left.products, right.products, sign);
}

template <class Operation>
void each_factor(RowForm& form, const Values& by, const Operation& operation) {
  form.constant.apply(by, operation);
  for (auto& [family, factors] : form.linear) factors.apply(by, operation);
  for (auto& [pair, factors] : form.products) factors.apply(by, operation);
}

RowForm multiply(RowForm left, RowForm right) {
  if (!right.has_variables()) {
    each_factor(left, right.constant, std::multiplies<>());
    return left;
  }
  if (!left.has_variables()) {
    each_factor(right, left.constant, std::multiplies<>());
    return right;
  }
  // Both linear: resolve() has counted the degree.
  RowForm out;
  for (const auto& [a, factors_a] : left.linear) {
    for (const auto& [b, factors_b] : right.linear) {
      Values product = factors_a;
      product.apply(factors_b, std::multiplies<>());
      out.products[std::minmax(a, b)].apply(product, std::plus<>());
    }
  }
  const auto cross = [&out](const RowForm& linear, const Values& by) {
    if (by.is_zero()) return;
    for (const auto& [family, factors] : linear.linear) {
      Values product = factors;
      product.apply(by, std::multiplies<>());
      out.linear[family].apply(product, std::plus<>());
    }
  };
  cross(left, right.constant);
  cross(right, left.constant);
  out.constant = std::move(left.constant);
  out.constant.apply(right.constant, std::multiplies<>());
  return out;
}

Status check_divisor(const Values& divisor, const Formula& formula, size_t rows) {
  for (size_t row = 0; row < (divisor.is_number() ? 1 : rows); ++row) {
    if (divisor[row] != 0) continue;
    return fail(Code::kData,
                divisor.is_number() ? std::string("division by zero")
                                    : fmt::format("division by zero in row {}", row + 1),
                "leave such rows out in the query")
        .at(formula.span);
  }
  return {};
}

}  // namespace

void GroupForm::add(GroupForm&& other, double sign) {
  for (size_t g = 0; g < constant.size(); ++g) constant[g] += sign * other.constant[g];
  if (sign != 1) {
    for (Entry& entry : other.linear) entry.value *= sign;
    for (Product& product : other.products) product.factor *= sign;
  }
  if (linear.empty()) {
    linear = std::move(other.linear);
  } else {
    linear.insert(linear.end(), other.linear.begin(), other.linear.end());
  }
  products.insert(products.end(), other.products.begin(), other.products.end());
}

void GroupForm::scale(std::span<const double> by_group) {
  for (size_t g = 0; g < constant.size(); ++g) constant[g] *= by_group[g];
  for (Entry& entry : linear) entry.value *= by_group[entry.row];
  for (Product& product : products) product.factor *= by_group[product.group];
}

Result<RowForm> evaluate_rows(const Formula& formula, const Table& table) {
  RowForm out;
  switch (formula.kind) {
    case Kind::kNumber:
      out.constant = formula.number;
      return out;
    case Kind::kColumn: {
      const std::span<const double> numbers = table.numbers(formula.index);
      out.constant = Values(std::vector<double>(numbers.begin(), numbers.end()));
      return out;
    }
    case Kind::kVariable:
      out.linear[formula.index] = 1;
      return out;
    default:
      break;
  }
  out = TRY(evaluate_rows(formula.items[0], table));
  if (formula.kind == Kind::kNegate) {
    each_factor(out, -1, std::multiplies<>());
    return out;
  }
  CHECK(formula.items.size() == 2);
  RowForm right = TRY(evaluate_rows(formula.items[1], table));
  switch (formula.kind) {
    case Kind::kAdd:
      add(out, right, 1);
      return out;
    case Kind::kSubtract:
      add(out, right, -1);
      return out;
    case Kind::kMultiply:
      return multiply(std::move(out), std::move(right));
    case Kind::kDivide:
      TRY(check_divisor(right.constant, formula, table.rows()));
      each_factor(out, right.constant, std::divides<>());
      return out;
    default:
      TRY(check_divisor(right.constant, formula, table.rows()));
      out.constant.apply(right.constant, [](double a, double b) { return std::fmod(a, b); });
      return out;
  }
}

}  // namespace sinan::solve
