#include "flow/clause_access.h"

#include <algorithm>

#include "base/strings.h"
#include "sql/clause.h"
#include "sql/tokens.h"

namespace sinan::flow {
namespace {

ObjectRef model(const sql::Name& name) {
  std::string_view text = name.text;
  text = text.substr(0, text.find_first_of(":@"));
  return {std::string(object_kind::kModel), to_lower(text), 0};
}

ObjectRef table(const sql::Name& name) {
  return {std::string(object_kind::kTable), sql::canonical_table(name.text, sql::EmptyScope()), 0};
}

struct Collect {
  Access& access;

  void operator()(const sql::Train& clause) const {
    if (clause.warm_start) access.reads.push_back(model(*clause.warm_start));
    access.writes.push_back(model(clause.into));
  }
  void operator()(const sql::Predict& clause) const {
    access.reads.push_back(model(clause.model));
    access.writes.push_back(table(clause.table));
  }
  void operator()(const sql::Explain& clause) const {
    access.reads.push_back(model(clause.model));
    if (clause.into) access.writes.push_back(table(*clause.into));
  }
  void operator()(const sql::Evaluate& clause) const {
    access.reads.push_back(model(clause.model));
    access.writes.push_back(table(clause.into));
  }
  void operator()(const sql::Run& clause) const {
    for (const sql::Name& name : clause.into) access.writes.push_back(table(name));
  }
  void operator()(const sql::Optimize& clause) const { access.writes.push_back(table(clause.into)); }
};

// What follows INTO and PREDICT in a clause that is wrong somewhere else.
void collect_words(const Statement& statement, Access& access) {
  auto tokens = sql::Tokens::make(statement.program, statement.text.clause);
  if (!tokens) return;
  const bool trains = tokens->at_phrase("TO TRAIN");
  while (!tokens->at_end()) {
    const bool is_column = tokens->accept_phrase("TO PREDICT");
    if (!is_column && !tokens->accept_word("INTO")) {
      tokens->next();
      continue;
    }
    auto name = tokens->expect_name("a name");
    if (!name) continue;
    if (is_column) name->text.resize(std::min(name->text.rfind('.'), name->text.size()));
    access.writes.push_back(trains ? model(*name) : table(*name));
  }
}

}  // namespace

Access clause_access(const Statement& statement) {
  Access access;
  if (!statement.text.has_clause()) return access;
  const auto clause = sql::parse_clause(statement.program, statement.text.clause);
  if (clause) {
    std::visit(Collect{access}, clause->body);
  } else {
    collect_words(statement, access);
  }
  return access;
}

}  // namespace sinan::flow
