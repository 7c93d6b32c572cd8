// Properties over generated clauses: printing and parsing are inverse, and every cut-off clause is an error or a clause.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>
#include <vector>

#include "sql/clause.h"

namespace sinan::sql {
namespace {

std::string any_name() {
  std::string name =
      *rc::gen::elementOf(std::vector<std::string>{"a", "b", "größe", "x9", "_u", "zoo.m", "price-cost"});
  return *rc::gen::inRange(0, 3) == 0 ? name + "_" + std::to_string(*rc::gen::inRange(0, 100)) : name;
}

std::string any_text() {
  std::string text;
  int size = *rc::gen::inRange(0, 8);
  for (int i = 0; i < size; ++i) {
    text +=
        *rc::gen::elementOf(std::vector<std::string>{"a", "\"", "'", "\\", "\n", " ", ";", "--", "/*", "価", "\\n"});
  }
  return text;
}

// Spans do not take part in equality.
Expr make(Expr::Kind kind, std::string text, std::vector<Expr> items = {}) {
  Expr expr;
  expr.kind = kind;
  expr.text = std::move(text);
  expr.items = std::move(items);
  return expr;
}

Expr any_expr(int depth, bool operators) {
  int kind = *rc::gen::inRange(0, depth == 0 ? 5 : operators ? 9 : 7);
  auto items = [&] {
    std::vector<Expr> out;
    int count = *rc::gen::inRange(0, 4);
    for (int i = 0; i < count; ++i) out.push_back(any_expr(depth - 1, true));
    return out;
  };
  switch (kind) {
    case 0:
      return make(Expr::Kind::kInteger, std::to_string(*rc::gen::inRange(-1000, 1000)));
    case 1:
      return make(Expr::Kind::kFloat, *rc::gen::elementOf(std::vector<std::string>{".5", "5.", "-1e5", "2.25"}));
    case 2:
      return make(Expr::Kind::kBoolean, *rc::gen::elementOf(std::vector<std::string>{"true", "false"}));
    case 3:
      return make(Expr::Kind::kString, any_text());
    case 4:
      return make(Expr::Kind::kName, any_name());
    case 5:
      return make(Expr::Kind::kCall, "f", items());
    case 6:
      return make(Expr::Kind::kList, "", items());
    case 7:
      return make(Expr::Kind::kUnary, *rc::gen::elementOf(std::vector<std::string>{"-", "NOT"}),
                  {any_expr(depth - 1, true)});
    default:
      return make(Expr::Kind::kBinary,
                  *rc::gen::elementOf(
                      std::vector<std::string>{"AND", "OR", "<", "<=", "=", "<>", "!=", "+", "-", "*", "/", "%"}),
                  {any_expr(depth - 1, true), any_expr(depth - 1, true)});
  }
}

std::vector<Attribute> any_attributes(int least) {
  std::vector<Attribute> attributes;
  int count = *rc::gen::inRange(least, 4);
  for (int i = 0; i < count; ++i) {
    Attribute attribute;
    attribute.name = "attribute." + std::to_string(i);
    attribute.value = any_expr(2, false);
    attributes.push_back(std::move(attribute));
  }
  return attributes;
}

Clause any_clause() {
  Clause clause;
  switch (*rc::gen::inRange(0, 5)) {
    case 0: {
      Train train;
      train.estimator.text = any_name();
      train.attributes = any_attributes(1);
      if (*rc::gen::arbitrary<bool>()) {
        ColumnTarget target;
        target.target = "feature_columns";
        target.columns = {make(Expr::Kind::kStar, "*"), make(Expr::Kind::kCall, "CROSS", {any_expr(2, true)})};
        train.columns.push_back(target);
        target.target = "wide";
        target.explicit_target = true;
        train.columns.push_back(target);
      }
      if (*rc::gen::arbitrary<bool>()) train.label = Name{*rc::gen::arbitrary<bool>() ? any_name() : "label", {}};
      for (int i = *rc::gen::inRange(0, 3); i > 0; --i) train.group_by.push_back(Name{any_name(), {}});
      if (*rc::gen::arbitrary<bool>()) train.warm_start = Name{any_name(), {}};
      train.into.text = any_name();
      clause.body = std::move(train);
      break;
    }
    case 1: {
      Predict predict;
      predict.table.text = "s.t";
      predict.column.text = "c";
      predict.attributes = any_attributes(0);
      predict.model.text = any_name();
      clause.body = std::move(predict);
      break;
    }
    case 2: {
      Evaluate evaluate;
      evaluate.model.text = any_name();
      evaluate.attributes = any_attributes(0);
      if (*rc::gen::arbitrary<bool>()) evaluate.label = Name{any_text(), {}};
      evaluate.into.text = any_name();
      clause.body = std::move(evaluate);
      break;
    }
    case 3: {
      Run run_clause;
      run_clause.image.text = any_name();
      run_clause.command = {Name{any_text(), {}}, Name{any_text(), {}}};
      run_clause.into = {Name{any_name(), {}}};
      clause.body = std::move(run_clause);
      break;
    }
    default: {
      Optimize optimize;
      optimize.maximize = *rc::gen::arbitrary<bool>();
      optimize.objective = any_expr(4, true);
      Constraint constraint;
      constraint.condition = any_expr(4, true);
      if (*rc::gen::arbitrary<bool>()) constraint.group_by = Name{any_name(), {}};
      optimize.constraints.push_back(std::move(constraint));
      optimize.attributes = any_attributes(1);
      optimize.into.text = any_name();
      clause.body = std::move(optimize);
    }
  }
  return clause;
}

TEST(ClauseProperty, PrintingAndParsingAreInverse) {
  EXPECT_TRUE(rc::check("parse(to_string(clause)) == clause", [] {
    Clause clause = any_clause();
    std::string printed = to_string(clause);
    auto again = parse_clause(printed, {0, static_cast<uint32_t>(printed.size())});
    if (!again) RC_FAIL(printed + "\n" + again.error().message);
    RC_ASSERT(*again == clause);
  }));
}

TEST(ClauseProperty, ACutClauseIsAnErrorWithAPlace) {
  EXPECT_TRUE(rc::check("a prefix of a clause parses or says where it fails", [] {
    std::string printed = to_string(any_clause());
    auto size = static_cast<uint32_t>(printed.size());
    Span part{0, *rc::gen::inRange<uint32_t>(0, size)};
    auto cut = parse_clause(printed, part);
    if (cut) return;
    RC_ASSERT(cut.error().span.has_value());
    RC_ASSERT(cut.error().span->end <= size);
    RC_ASSERT(!cut.error().message.empty());
  }));
}

}  // namespace
}  // namespace sinan::sql
