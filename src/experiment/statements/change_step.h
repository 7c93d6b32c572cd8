// The one way of a change: the configuration as it is, the edit, everything that must hold of the result, the new versions. The
// same in check(), on the configuration as the program's earlier statements will leave it, and in the step.
#pragma once

#include <memory>
#include <vector>

#include "experiment/statements/edit.h"
#include "flow/statement_kind.h"

namespace sinan::experiment {

// A statement that changes the configuration: only its words are its own. Errors of check() are those of the edit, of bind() and of
// the proof of no overlap; those without a place of their own are at the object's name.
class ChangeKind : public flow::StatementKind {
 public:
  Result<std::unique_ptr<flow::Parsed>> parse(const flow::Statement& statement, sql::Tokens& tokens) const final;
  Result<std::unique_ptr<flow::Step>> check(const flow::Parsed& parsed, flow::CheckContext& context) const final;

 protected:
  // Behind the phrase; up to BECAUSE or the end.
  virtual Result<Edit> parse_edit(sql::Tokens& tokens) const = 0;
};

// The same for a statement whose edit takes more than words: what its check() ends with. `objects` are what it
// names.
Result<std::unique_ptr<flow::Step>> check_edit(Edit edit, std::vector<ObjectRef> objects, flow::CheckContext& context);

}  // namespace sinan::experiment
