// Plan: a whole program checked and ordered, nothing executed. All errors are found at once.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/error.h"
#include "base/json.h"
#include "flow/project.h"
#include "flow/session_state.h"
#include "flow/statement_kind.h"

namespace sinan::flow {

struct ForeignStatement;  // flow/foreign_spelling.h

enum class Hazard : uint8_t { kReadAfterWrite, kWriteAfterRead, kWriteAfterWrite, kBarrier };

struct Dependency {
  uint32_t on = 0;  // index of the earlier step
  Hazard hazard = Hazard::kReadAfterWrite;
  ObjectRef object;  // the object in conflict; empty for a barrier
};

struct PlannedStep {
  Statement statement;
  std::string kind;   // the phrase, or the class of plain SQL: "CREATE TABLE AS"
  std::string title;  // short, for progress lines: "TRAIN flights.late", "CREATE TABLE june"
  std::unique_ptr<Step> step;
  std::vector<Dependency> depends_on;  // transitively reduced
  bool cached = false;                 // as far as can be said before running
  std::string cached_from;             // the run that did it, when cached
  bool resumed = false;  // done by the failed run that this one continues: is not run again, whatever its kind

  const sql::Translation* translation =
      nullptr;  // puts the places of the step's errors back into the program; null: they are there

  // For the executor.
  std::string setting;                     // SET or USE as the engine reads it, of a step that changes the session
  std::vector<std::string> session_setup;  // SET and USE before it: replayed on its session
  bool changes_session = false;            // itself such a statement
  bool forgets_states = false;             // may change tables in ways we do not see
  bool attaches = false;                   // tables of other databases may be named from here on
  bool sticky_session = false;             // touches temporary tables: runs on the one session that has them
};

struct Diagnostic {
  Error error;  // span in the program
  uint32_t statement = 0;
  bool is_warning = false;
};

struct PlanOptions {
  std::string program_name = "-c";
  bool use_cache = true;
  bool resume = false;  // continue the latest failed run of the same program: steps done there are not run again
  uint64_t seed = 42;   // as ExecuteOptions::seed: another one runs again what uses it
  SessionState* session = nullptr;  // what SET, USE and temporary tables left behind; null = the project's
  CancelToken cancel;               // interrupts what the engine looks up; make_plan() then answers kCancelled
};

struct Plan {
  std::string program_name;
  SessionState* session = nullptr;                                  // outlives the plan
  std::shared_ptr<const std::string> program;                       // statements view it
  std::vector<std::shared_ptr<const ForeignStatement>> translated;  // steps view them
  std::vector<PlannedStep> steps;
  std::vector<Diagnostic> diagnostics;  // by place

  bool ok() const;  // no errors
};

// Splits, parses, checks, orders. User mistakes are diagnostics; an error is a failure to plan at all (I/O, cancelled).
Result<Plan> make_plan(std::string program, Project& project, const PlanOptions& options = {});
// For --plan --format json and for tests.
Json to_json(const Plan& plan);

}  // namespace sinan::flow
