// The parser of the clauses; expressions are in clause_expression.cc, printing in clause_print.cc.
#include "sql/clause.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"

namespace sinan::sql {

// In clause_expression.cc: what may stand behind `name =`, and in COLUMN.
Result<Expr> parse_attribute_value(Tokens& tokens);
Result<Expr> parse_column(Tokens& tokens);

namespace {

using Words = std::initializer_list<std::string_view>;

class ClauseParser {
 public:
  explicit ClauseParser(Tokens& tokens) : tokens_(tokens) {}

  Result<Clause> parse() {
    Clause clause;
    uint32_t begin = tokens_.here().begin;
    TRY(tokens_.expect_word("TO"));
    clause.verb_span = tokens_.here();
    clause.body = TRY(parse_body());
    clause.span = {begin, tokens_.last_end()};
    return clause;
  }

  Result<std::vector<Attribute>> parse_attributes() {
    TRY(tokens_.expect_word("WITH"));
    std::vector<Attribute> attributes;
    TRY(parse_list([&]() -> Status {
      Name name = TRY(tokens_.expect_name("an attribute name"));
      auto same = [&](const Attribute& a) { return equals_ignore_case(a.name, name.text); };
      if (std::ranges::any_of(attributes, same)) {
        return fail(Code::kProgram, fmt::format("attribute given twice: \"{}\"", name.text), "remove one of them")
            .at(name.span);
      }
      if (!tokens_.accept_symbol(Symbol::kEqual)) {
        return tokens_.error(fmt::format("expected \"=\" after the attribute {}, found {}", name.text, tokens_.found()),
                             "write name=value");
      }
      Expr value = TRY(parse_attribute_value(tokens_));
      Span span{name.span.begin, value.span.end};
      attributes.push_back({std::move(name.text), std::move(value), span, name.span});
      return {};
    }));
    return attributes;
  }

 private:
  Result<decltype(Clause::body)> parse_body() {
    if (tokens_.accept_word("TRAIN")) return TRY(parse_train());
    if (tokens_.accept_word("PREDICT")) return TRY(parse_predict());
    if (tokens_.accept_word("EXPLAIN")) return TRY(parse_explain());
    if (tokens_.accept_word("EVALUATE")) return TRY(parse_evaluate());
    if (tokens_.accept_word("RUN")) return TRY(parse_run());
    if (tokens_.accept_word("MAXIMIZE")) return TRY(parse_optimize(true));
    if (tokens_.accept_word("MINIMIZE")) return TRY(parse_optimize(false));
    return tokens_.unexpected("TRAIN, PREDICT, EXPLAIN, EVALUATE, RUN, MAXIMIZE or MINIMIZE",
                              {"TRAIN", "PREDICT", "EXPLAIN", "EVALUATE", "RUN", "MAXIMIZE", "MINIMIZE"});
  }

  Result<Train> parse_train() {
    verb_ = "TRAIN";
    order_ = {"WITH", "COLUMN", "LABEL", "GROUP BY", "USING", "INTO"};
    Train train;
    train.estimator = TRY(tokens_.expect_name("an estimator"));
    if (tokens_.at_word("COLUMN")) {
      return tokens_.error("COLUMN needs WITH before it", "write WITH name=value before COLUMN");
    }
    bool with = tokens_.at_word("WITH");
    if (with) {
      train.attributes = TRY(parse_attributes());
      train.columns = TRY(parse_columns());
    }
    if (tokens_.accept_word("LABEL")) {
      train.label = TRY(tokens_.expect_name_or_string("the label column"));
    } else if (!with) {
      if (tokens_.at_word("GROUP") || tokens_.at_word("USING") || tokens_.at_word("INTO") || tokens_.at_end()) {
        return tokens_.error(fmt::format("TRAIN needs WITH or LABEL, found {}", tokens_.found()),
                             "name the column to learn: LABEL column");
      }
      return unexpected("WITH or LABEL", {"WITH", "LABEL"});
    }
    train.group_by = TRY(parse_groups());
    train.warm_start = TRY(parse_optional("USING", "a model name"));
    train.into = TRY(parse_required("INTO", "a model name", {"COLUMN", "LABEL", "GROUP", "USING", "INTO"}));
    TRY(expect_end({}));
    return train;
  }

  Result<std::vector<Name>> parse_groups() {
    std::vector<Name> groups;
    if (!tokens_.accept_word("GROUP")) return groups;
    TRY(tokens_.expect_word("BY"));
    TRY(parse_list([&]() -> Status {
      groups.push_back(TRY(tokens_.expect_name_or_string("a column to group by")));
      return {};
    }));
    return groups;
  }

  Result<Predict> parse_predict() {
    verb_ = "PREDICT";
    order_ = {"WITH", "USING"};
    Predict predict;
    Name target = TRY(tokens_.expect_name("the target, table.column"));
    if (auto parts = split_on(target.text, '.');
        parts.size() < 2 || parts.size() > 4 || std::ranges::any_of(parts, &std::string_view::empty)) {
      return fail(Code::kProgram,
                  fmt::format("the target of PREDICT is a table and a column, found \"{}\"", target.text),
                  target.text.ends_with('.') ? "the result's column has a plain name, without quotes"
                                             : "write table.column, schema.table.column or source.schema.table.column")
          .at(target.span);
    }
    auto dot = static_cast<uint32_t>(target.text.rfind('.'));
    predict.table = Name{target.text.substr(0, dot), {target.span.begin, target.span.begin + dot}};
    predict.column = Name{target.text.substr(dot + 1), {target.span.begin + dot + 1, target.span.end}};
    predict.attributes = TRY(parse_optional_attributes());
    predict.model = TRY(parse_required("USING", "a model name", {"WITH", "USING"}));
    TRY(expect_end({}));
    return predict;
  }

  Result<Explain> parse_explain() {
    verb_ = "EXPLAIN";
    order_ = {"WITH", "USING", "INTO"};
    Explain explain;
    explain.model = TRY(tokens_.expect_name("a model name"));
    explain.attributes = TRY(parse_optional_attributes());
    explain.explainer = TRY(parse_optional("USING", "an explainer"));
    explain.into = TRY(parse_optional("INTO", "a table name"));
    TRY(expect_end({"WITH", "USING", "INTO"}));
    return explain;
  }

  Result<Evaluate> parse_evaluate() {
    verb_ = "EVALUATE";
    order_ = {"WITH", "LABEL", "INTO"};
    Evaluate evaluate;
    evaluate.model = TRY(tokens_.expect_name("a model name"));
    evaluate.attributes = TRY(parse_optional_attributes());
    if (tokens_.accept_word("LABEL")) evaluate.label = TRY(tokens_.expect_name_or_string("the label column"));
    evaluate.into = TRY(parse_required("INTO", "a table name", {"WITH", "LABEL", "INTO"}));
    TRY(expect_end({}));
    return evaluate;
  }

  Result<Run> parse_run() {
    verb_ = "RUN";
    order_ = {"CMD", "INTO"};
    Run run;
    run.image = TRY(tokens_.expect_name("an image or program"));
    if (tokens_.at_word("INTO")) return tokens_.error("INTO needs CMD before it", "write CMD \"program\" before INTO");
    if (tokens_.accept_word("CMD")) {
      TRY(parse_list([&]() -> Status {
        run.command.push_back(TRY(tokens_.expect_string("a string")));
        return {};
      }));
      if (tokens_.accept_word("INTO")) {
        TRY(parse_list([&]() -> Status {
          run.into.push_back(TRY(tokens_.expect_name("a table name")));
          return {};
        }));
      }
    }
    TRY(expect_end({"CMD", "INTO"}));
    return run;
  }

  Result<Optimize> parse_optimize(bool maximize) {
    verb_ = maximize ? "MAXIMIZE" : "MINIMIZE";
    order_ = {"CONSTRAINT", "WITH", "USING", "INTO"};
    Optimize optimize;
    optimize.maximize = maximize;
    optimize.objective = TRY(parse_expression(tokens_));
    if (tokens_.accept_word("CONSTRAINT")) {
      TRY(parse_list([&]() -> Status {
        optimize.constraints.push_back(TRY(parse_constraint()));
        return {};
      }));
    }
    if (!tokens_.at_word("WITH")) return unexpected("WITH", {"CONSTRAINT", "WITH"});
    optimize.attributes = TRY(parse_attributes());
    optimize.solver = TRY(parse_optional("USING", "a solver"));
    optimize.into = TRY(parse_required("INTO", "a table name", {"USING", "INTO"}));
    TRY(expect_end({}));
    return optimize;
  }

  Result<Constraint> parse_constraint() {
    Constraint constraint;
    uint32_t begin = tokens_.here().begin;
    constraint.condition = TRY(parse_expression(tokens_));
    if (tokens_.accept_word("GROUP")) {
      TRY(tokens_.expect_word("BY"));
      constraint.group_by = TRY(tokens_.expect_name("a column name"));
    }
    constraint.span = {begin, tokens_.last_end()};
    return constraint;
  }

  Result<std::vector<Attribute>> parse_optional_attributes() {
    if (!tokens_.at_word("WITH")) return std::vector<Attribute>{};
    return parse_attributes();
  }

  Result<std::vector<ColumnTarget>> parse_columns() {
    std::vector<ColumnTarget> targets;
    while (tokens_.at_word("COLUMN")) {
      ColumnTarget target;
      Span column_word = tokens_.next().span;
      TRY(parse_list([&]() -> Status {
        target.columns.push_back(TRY(parse_column(tokens_)));
        return {};
      }));
      if (tokens_.accept_word("FOR")) {
        target.target = TRY(tokens_.expect_name("a target such as linear_feature_columns")).text;
        target.explicit_target = true;
      } else if (targets.empty()) {
        target.target = "feature_columns";
      } else {
        return fail(Code::kProgram, fmt::format("a second COLUMN needs FOR, found {}", tokens_.found()),
                    "name its target: COLUMN .. FOR target")
            .at(column_word);
      }
      target.span = {column_word.begin, tokens_.last_end()};
      targets.push_back(std::move(target));
    }
    return targets;
  }

  // Items with commas between them; `item` parses one. What cannot begin an item after a comma is the comma's fault.
  template <class Item>
  Status parse_list(Item item) {
    TRY(item());
    while (tokens_.accept_symbol(Symbol::kComma)) {
      const Token& token = tokens_.peek();
      if (token.kind == TokenKind::kEnd ||
          (token.kind == TokenKind::kWord && is_reserved_in_clause(tokens_.text(token)))) {
        return tokens_.error(fmt::format("expected another item after the comma, found {}", tokens_.found()),
                             "remove the comma");
      }
      TRY(item());
    }
    return {};
  }

  Result<std::optional<Name>> parse_optional(std::string_view keyword, std::string_view what) {
    if (!tokens_.accept_word(keyword)) return std::optional<Name>{};
    return std::optional<Name>{TRY(tokens_.expect_name(what))};
  }

  Result<Name> parse_required(std::string_view keyword, std::string_view what, Words possible) {
    if (!tokens_.accept_word(keyword)) return unexpected(keyword, possible);
    return tokens_.expect_name(what);
  }

  Status expect_end(Words possible) {
    if (!tokens_.at_end() && out_of_order()) return unexpected("the end of the statement", possible);
    return tokens_.expect_end(possible);
  }

  // Whether the next word is a keyword of this clause that should have come earlier.
  bool out_of_order() const {
    return std::ranges::any_of(
        order_, [&](std::string_view words) { return tokens_.at_word(words.substr(0, words.find(' '))); });
  }

  Failure unexpected(std::string_view expected, Words words) const {
    if (!out_of_order()) return tokens_.unexpected(expected, words);
    std::string order;
    for (std::string_view word : order_) {
      if (!order.empty()) order += ", ";
      order += word;
    }
    return tokens_.error(fmt::format("expected {}, found {}", expected, tokens_.found()),
                         fmt::format("the parts of {} come once each, in this order: {}", verb_, order));
  }

  Tokens& tokens_;
  std::string_view verb_;
  std::vector<std::string_view> order_;
};

}  // namespace

Result<Clause> parse_clause(Tokens& tokens) { return ClauseParser(tokens).parse(); }

Result<Clause> parse_clause(std::string_view program, Span clause) {
  Tokens tokens = TRY(Tokens::make(program, clause));
  return parse_clause(tokens);
}

Result<std::vector<Attribute>> parse_attributes(Tokens& tokens) { return ClauseParser(tokens).parse_attributes(); }

Result<ShowTrain> parse_show_train(Tokens& tokens) {
  TRY(tokens.expect_phrase("SHOW TRAIN"));
  ShowTrain show{TRY(tokens.expect_name("a model name"))};
  TRY(tokens.expect_end());
  return show;
}

}  // namespace sinan::sql
