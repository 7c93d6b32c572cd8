// The extended grammar: what follows a query (`TO TRAIN .. INTO zoo.m`) as plain values with a span on every node.
//
//   clause  := TO TRAIN estimator body [USING model] INTO model
//            | TO PREDICT [db.]table.column [WITH attrs] USING model
//            | TO EXPLAIN model [WITH attrs] [USING explainer] [INTO table]
//            | TO EVALUATE model [WITH attrs] LABEL label INTO table
//            | TO RUN image [CMD str {, str} [INTO table {, table}]]
//            | TO (MAXIMIZE|MINIMIZE) expr [CONSTRAINT con {, con}] WITH attrs [USING solver] INTO table
//   body    := (WITH attrs [columns] [LABEL label] | LABEL label) [GROUP BY label {, label}]
//   columns := COLUMN c {, c} [FOR id] { COLUMN c {, c} FOR id }      c := '*' | id | call
//
// The parser knows grammar only: which estimators, attributes, models and functions exist is told by the capabilities.
// Equality ignores spans; to_string(parse(x)) parses to the same value again. Values own their text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "sql/tokens.h"

namespace sinan::sql {

struct Expr {
  enum class Kind : uint8_t {
    kInteger,  // text: digits, a leading '-' possible
    kFloat,
    kBoolean,  // text: "true" or "false"
    kString,   // text: the value, quotes off
    kName,     // text: as written; also an unquoted attribute value (mean, RMSprop)
    kStar,     // '*', in COLUMN only
    kCall,     // text: function name; items: arguments
    kList,     // [..]; items
    kUnary,    // text: "-" or "NOT"; one item
    kBinary,   // text: the operator, keywords in upper case; two items
  };
  Kind kind = Kind::kName;
  std::string text;
  std::vector<Expr> items;
  Span span;

  bool is(Kind k) const { return kind == k; }
  friend bool operator==(const Expr& a, const Expr& b) {
    return a.kind == b.kind && a.text == b.text && a.items == b.items;
  }
};

struct Attribute {
  std::string name;  // as written: "train.num_boost_round"
  Expr value;        // kInteger, kFloat, kBoolean, kString, kName, kCall or kList of these
  Span span;         // name and value
  Span name_span;
  friend bool operator==(const Attribute& a, const Attribute& b) { return a.name == b.name && a.value == b.value; }
};

// COLUMN .. FOR target.
struct ColumnTarget {
  std::string target;  // "feature_columns" without FOR
  std::vector<Expr> columns;
  bool explicit_target = false;
  Span span;
  friend bool operator==(const ColumnTarget& a, const ColumnTarget& b) {
    return a.target == b.target && a.explicit_target == b.explicit_target && a.columns == b.columns;
  }
};

struct Train {
  Name estimator;
  std::vector<Attribute> attributes;
  std::vector<ColumnTarget> columns;  // empty: all columns but the label
  std::optional<Name> label;          // none: unsupervised
  std::vector<Name> group_by;         // columns; empty: one model of all rows
  std::optional<Name> warm_start;     // USING
  Name into;                          // the model
  friend bool operator==(const Train&, const Train&) = default;
};

struct Predict {
  Name table;   // "t" or "db.t"
  Name column;  // the predicted column
  std::vector<Attribute> attributes;
  Name model;
  friend bool operator==(const Predict&, const Predict&) = default;
};

struct Explain {
  Name model;
  std::vector<Attribute> attributes;
  std::optional<Name> explainer;  // USING
  std::optional<Name> into;
  friend bool operator==(const Explain&, const Explain&) = default;
};

struct Evaluate {
  Name model;
  std::vector<Attribute> attributes;
  std::optional<Name> label;  // none: the model is of the kind that learns without
  Name into;
  friend bool operator==(const Evaluate&, const Evaluate&) = default;
};

struct Run {
  Name image;
  std::vector<Name> command;  // the values of the CMD strings
  std::vector<Name> into;
  friend bool operator==(const Run&, const Run&) = default;
};

struct Constraint {
  Expr condition;
  std::optional<Name> group_by;
  Span span;
  friend bool operator==(const Constraint& a, const Constraint& b) {
    return a.condition == b.condition && a.group_by == b.group_by;
  }
};

struct Optimize {
  bool maximize = false;
  Expr objective;
  std::vector<Constraint> constraints;
  std::vector<Attribute> attributes;
  std::optional<Name> solver;
  Name into;
  friend bool operator==(const Optimize&, const Optimize&) = default;
};

struct Clause {
  std::variant<Train, Predict, Explain, Evaluate, Run, Optimize> body;
  Span span;       // TO .. last word
  Span verb_span;  // TRAIN
  friend bool operator==(const Clause& a, const Clause& b) { return a.body == b.body; }
};

// SHOW TRAIN model.
struct ShowTrain {
  Name model;
};

// The verbs that may follow TO, upper case.
inline constexpr std::string_view kVerbs[] = {"TRAIN", "PREDICT", "EXPLAIN", "EVALUATE", "RUN", "MAXIMIZE", "MINIMIZE"};

// Parses a whole clause from its TO; nothing may follow it. Errors (kProgram) carry the place and the fix.
Result<Clause> parse_clause(Tokens& tokens);
Result<Clause> parse_clause(std::string_view program, Span clause);
Result<ShowTrain> parse_show_train(Tokens& tokens);

// `WITH name=value, ..`; the cursor stands at WITH and stops behind the last value.
Result<std::vector<Attribute>> parse_attributes(Tokens& tokens);

// Parses one expression of the clause grammar; the cursor stops behind it.
Result<Expr> parse_expression(Tokens& tokens);

// The subtraction or division that a glued name might have meant: `price-cost`, `a/b` are ONE name to the lexer. None
// when the name has no such parts. Spans point into the program as the name's do.
std::optional<Expr> unglue(const Expr& name);

// Canonical text: keywords upper case, strings in double quotes, parentheses only where needed.
std::string to_string(const Clause& clause);
std::string to_string(const Expr& expr);
std::string to_string(const Attribute& attribute);

}  // namespace sinan::sql
