// Canonical text of clauses and their expressions; the inverse of the parser.
#include <fmt/format.h>

#include "base/strings.h"
#include "sql/clause.h"

namespace sinan::sql {
namespace {

std::string quote(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

// A label that is no plain name is quoted.
std::string name_or_quoted(const Name& name) {
  auto tokens = lex(name.text, {0, static_cast<uint32_t>(name.text.size())}, Lexing::kClause);
  bool plain = tokens && tokens->size() == 2 && tokens->front().kind == TokenKind::kWord &&
               tokens->front().span == Span{0, static_cast<uint32_t>(name.text.size())} &&
               !is_reserved_in_clause(name.text);
  return plain ? name.text : quote(name.text);
}

// As the parser's: 1 AND OR, 2 comparisons, 3 + -, 4 * / %, 5 unary, 6 the rest.
int precedence(const Expr& expr) {
  if (expr.is(Expr::Kind::kUnary)) return 5;
  if (!expr.is(Expr::Kind::kBinary)) return 6;
  if (expr.text == "AND" || expr.text == "OR") return 1;
  if (expr.text == "+" || expr.text == "-") return 3;
  if (expr.text == "*" || expr.text == "/" || expr.text == "%") return 4;
  return 2;
}

std::string operand(const Expr& expr, bool parentheses) {
  return parentheses ? "(" + to_string(expr) + ")" : to_string(expr);
}

std::string join_items(const std::vector<Expr>& items) {
  std::string out;
  for (const Expr& item : items) {
    if (!out.empty()) out += ", ";
    out += to_string(item);
  }
  return out;
}

std::string with(const std::vector<Attribute>& attributes) {
  std::string out;
  for (const Attribute& attribute : attributes) {
    out += out.empty() ? " WITH " : ", ";
    out += to_string(attribute);
  }
  return out;
}

std::string part(std::string_view keyword, const std::optional<Name>& name) {
  return name ? fmt::format(" {} {}", keyword, name->text) : std::string();
}

struct Printer {
  std::string operator()(const Train& train) const {
    std::string out = "TO TRAIN " + train.estimator.text + with(train.attributes);
    for (const ColumnTarget& target : train.columns) {
      out += " COLUMN " + join_items(target.columns);
      if (target.explicit_target) out += " FOR " + target.target;
    }
    if (train.label) out += " LABEL " + name_or_quoted(*train.label);
    for (size_t i = 0; i < train.group_by.size(); ++i)
      out += (i == 0 ? " GROUP BY " : ", ") + name_or_quoted(train.group_by[i]);
    return out + part("USING", train.warm_start) + " INTO " + train.into.text;
  }

  std::string operator()(const Predict& predict) const {
    return fmt::format("TO PREDICT {}.{}{} USING {}", predict.table.text, predict.column.text, with(predict.attributes),
                       predict.model.text);
  }

  std::string operator()(const Explain& explain) const {
    return "TO EXPLAIN " + explain.model.text + with(explain.attributes) + part("USING", explain.explainer) +
           part("INTO", explain.into);
  }

  std::string operator()(const Evaluate& evaluate) const {
    const std::string label = evaluate.label ? " LABEL " + name_or_quoted(*evaluate.label) : "";
    return fmt::format("TO EVALUATE {}{}{} INTO {}", evaluate.model.text, with(evaluate.attributes), label,
                       evaluate.into.text);
  }

  std::string operator()(const Run& run) const {
    std::string out = "TO RUN " + run.image.text;
    for (size_t i = 0; i < run.command.size(); ++i) out += (i == 0 ? " CMD " : ", ") + quote(run.command[i].text);
    for (size_t i = 0; i < run.into.size(); ++i) out += (i == 0 ? " INTO " : ", ") + run.into[i].text;
    return out;
  }

  std::string operator()(const Optimize& optimize) const {
    std::string out = optimize.maximize ? "TO MAXIMIZE " : "TO MINIMIZE ";
    out += to_string(optimize.objective);
    for (size_t i = 0; i < optimize.constraints.size(); ++i) {
      const Constraint& constraint = optimize.constraints[i];
      out += (i == 0 ? " CONSTRAINT " : ", ") + to_string(constraint.condition);
      out += part("GROUP BY", constraint.group_by);
    }
    return out + with(optimize.attributes) + part("USING", optimize.solver) + " INTO " + optimize.into.text;
  }
};

}  // namespace

std::string to_string(const Expr& expr) {
  switch (expr.kind) {
    case Expr::Kind::kString:
      return quote(expr.text);
    case Expr::Kind::kCall:
      return expr.text + "(" + join_items(expr.items) + ")";
    case Expr::Kind::kList:
      return "[" + join_items(expr.items) + "]";
    case Expr::Kind::kUnary: {
      const Expr& item = expr.items.front();
      bool minus = expr.text == "-";
      // -(5) is no literal, and -- would begin a comment.
      bool signed_item = item.is(Expr::Kind::kInteger) || item.is(Expr::Kind::kFloat) ||
                         (item.is(Expr::Kind::kUnary) && item.text == "-");
      return (minus ? "-" : "NOT ") + operand(item, precedence(item) < 5 || (minus && signed_item));
    }
    case Expr::Kind::kBinary: {
      int own = precedence(expr);
      const Expr& left = expr.items.front();
      const Expr& right = expr.items.back();
      return fmt::format("{} {} {}", operand(left, precedence(left) < own), expr.text,
                         operand(right, precedence(right) <= own));
    }
    default:
      return expr.text;
  }
}

std::string to_string(const Attribute& attribute) { return attribute.name + "=" + to_string(attribute.value); }

std::string to_string(const Clause& clause) { return std::visit(Printer{}, clause.body); }

}  // namespace sinan::sql
