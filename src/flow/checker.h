// Checker: the world as it will be after each statement of a program, without running any.
//
// A check session opens a transaction that is rolled back at the end. Earlier DDL is applied in it with empty tables
// (CREATE TABLE AS becomes WITH NO DATA), so the engine itself checks each statement against the schemas that the earlier
// ones will leave. What cannot be simulated makes the world uncertain: from then on a missing name is no error, but is
// looked at again when the step runs. Errors that merely follow from a failed statement are recognised as such.
//
// One for each plan; not thread-safe.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "flow/function_session.h"
#include "flow/object_scope.h"
#include "flow/plain_sql.h"
#include "flow/plan.h"
#include "flow/project.h"
#include "flow/statement_kind.h"
#include "flow/world.h"

namespace sinan::flow {

class Checker final : private ObjectScope {
 public:
  static Result<std::unique_ptr<Checker>> make(Project& project, SessionState& state,
                                               std::vector<Diagnostic>& diagnostics);
  ~Checker() override;

  // Checks plain SQL and applies what it does to tables. nullopt = an error was reported (or follows from an earlier one).
  Result<std::optional<PlainStatement>> check_plain(const Statement& statement);
  // Checks by a registered kind. Null = an error was reported (or follows).
  Result<std::unique_ptr<Step>> check_kind(const StatementKind& kind, const Statement& statement);
  // Reports an error about the statement and takes what it would have written for broken.
  void report(const Statement& statement, Error error, const Access& access = {});

  // A place to come back to with rewind(): what a ROLLBACK of the program undoes.
  size_t mark() const { return applied_.size(); }
  Status rewind(size_t mark);

  // What failed statements have left behind in the checker, to be taken back when one is read in another way.
  struct Mistakes {
    std::vector<ObjectRef> broken;
    std::optional<std::string> uncertain;
  };
  Mistakes mistakes() const { return {broken_, uncertain_}; }
  void set_mistakes(Mistakes mistakes) {
    broken_ = std::move(mistakes.broken);
    uncertain_ = std::move(mistakes.uncertain);
  }
  // For looking things up; not to be changed.
  engine::Session& session() { return session_; }

  // Stops what the engine is doing for the check; any thread, while the Checker lives.
  void interrupt() noexcept { session_.interrupt(); }

  const World& world() const { return world_; }
  Project& project() { return project_; }

 private:
  friend class StatementCheck;
  Checker(Project& project, std::vector<Diagnostic>& diagnostics, engine::Session& session)
      : project_(project),
        diagnostics_(diagnostics),
        session_(session, project.registry(), *this, project.engine().dialect()),
        world_(session, project.engine().sources(),
               [this](std::string_view function, std::string_view first) { return read_by(function, first); }) {}

  // The objects as the statements so far will have left them.
  const catalog::Catalog& catalog() const override { return project_.catalog(); }
  std::shared_ptr<const PlannedObject> planned(const ObjectRef& ref) const override;
  bool dropped(const ObjectRef& ref) const override;
  std::vector<std::string> known_names(std::string_view kind) const override;

  // Of planned_.
  static std::pair<std::string, std::string> key_of(const ObjectRef& ref) { return {ref.kind, to_lower(ref.name)}; }

  struct Verdict {
    bool deferred = false;  // not an error now: the step will see
    bool follows = false;   // the consequence of an error reported already
    std::optional<Error> error;
  };
  // What an engine error means, given what the statement touches.
  Verdict judge(Error error, const Access& access) const;
  Access follow_views(Access access, int depth = 0) const;
  Access complete_access(const sql::Analysis& analysis) const;
  // Of program[place]; its columns come from where the calls of our functions take them.
  sql::Analysis analyze(std::string_view program, Span place) const;
  std::optional<ObjectRef> read_by(std::string_view function, std::string_view first) const;
  // Hints that need the whole program or catalog: who has that column, TO TRIAN, SHOW MODLES.
  void improve(Error& error, const Statement& statement, const Access& access) const;
  void empty_table(const sql::Analysis& analysis);
  // The data source that one of the written objects lies in; null: none.
  const engine::AttachedSource* written_source(const Access& access) const;
  // The error about a step that would wait for itself.
  std::optional<Error> locked_out(const Access& access) const;
  // The error about writing to it, if that is not possible.
  static std::optional<Error> refusal(const engine::AttachedSource& source);
  std::optional<Error> simulate(const Statement& statement, PlainStatement& plain);
  // The session's describe(), after which the check's transaction goes on whatever was wrong.
  Result<arrow::Schema> describe(std::string_view sql);
  // Runs it on the check session for good (until rewind).
  Status apply(std::string sql);
  Status begin();
  void settle(const Access& access, bool deferred);
  bool touches(const std::vector<ObjectRef>& objects, const std::vector<ObjectRef>& set) const;

  Project& project_;
  std::vector<Diagnostic>& diagnostics_;
  std::unique_ptr<engine::Session> own_session_;
  std::unique_lock<std::mutex> sticky_lock_;
  FunctionSession session_;
  World world_;
  std::string home_schema_;  // to return to on the sticky session
  std::vector<std::string> applied_;
  std::vector<ObjectRef> broken_;     // what failed statements would have written
  std::vector<ObjectRef> deferred_;   // will exist, with columns nobody knows yet
  std::vector<ObjectRef> unwritten_;  // files that an earlier statement will write
  std::optional<std::string> uncertain_;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<const PlannedObject>> planned_;  // null = dropped
};

}  // namespace sinan::flow
