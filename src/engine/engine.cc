#include "engine/engine.h"

#include <utility>

namespace sinan::engine {

Result<Transaction> Transaction::begin(Session& session) {
  TRY(session.begin());
  return Transaction(session);
}

Transaction::~Transaction() {
  // Nobody is left to tell of a failure; the database forgets an open transaction with its connection anyway.
  if (session_ != nullptr && session_->in_transaction()) std::ignore = session_->rollback();
}

Status Engine::attach(const DataSource& source) {
  return fail(Code::kUnsupported, "this engine has no data sources: " + source.name);
}

Status Transaction::commit() { return std::exchange(session_, nullptr)->commit(); }

}  // namespace sinan::engine
