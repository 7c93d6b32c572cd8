// Planning: split, check each statement against the world the earlier ones leave, group transactions, order.

#include "flow/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <iterator>
#include <mutex>
#include <set>
#include <thread>
#include <tuple>

#include "base/strings.h"
#include "flow/cache.h"
#include "flow/checker.h"
#include "flow/foreign_spelling.h"
#include "flow/hazards.h"
#include "flow/phrase.h"
#include "flow/plain_sql.h"
#include "flow/resume.h"
#include "sql/clause.h"
#include "sql/splitter.h"

namespace sinan::flow {
namespace {

using sql::StatementClass;

// Interrupts the check session from a cancel on, again and again: an interrupt that comes just before a call is lost.
class Interrupter {
 public:
  Interrupter(Checker& checker, const CancelToken& cancel)
      : action_(cancel, [this, &checker] {
          thread_ = std::jthread([&checker](const std::stop_token& stop) {
            std::mutex mutex;
            std::unique_lock lock(mutex);
            std::condition_variable_any never;
            do checker.interrupt();
            while (!never.wait_for(lock, stop, std::chrono::milliseconds(10), [] { return false; }) &&
                   !stop.stop_requested());
          });
        }) {}

 private:
  std::jthread thread_;  // outlives the action that starts it
  CancelAction action_;
};

class Planner {
 public:
  Planner(Project& project, const PlanOptions& options, Plan& plan)
      : project_(project), options_(options), plan_(plan) {}

  Status run();

 private:
  struct Group {  // BEGIN .. COMMIT
    Statement begin;
    std::vector<PlainStatement> statements;
    size_t mark = 0;
    bool failed = false;
  };

  Status check(const std::vector<sql::StatementText>& statements);
  Status add(const Statement& statement);
  // The statement as it stands, or its translation.
  Status add_text(const Statement& statement);
  // Checks the statement as one in MySQL's spelling; what was reported from diagnostic `first` on is replaced if that is better.
  Status add_translated(const Statement& statement, size_t first);
  bool is_mysql_at_first_sight(const Statement& statement);
  Status add_plain(const Statement& statement, std::string_view words);
  Status add_clause_nobody_registered(const Statement& statement);
  // Whether the statement was taken by, or is a mistake about, a transaction.
  Result<bool> in_transaction(const Statement& statement, std::string_view words);
  Status end_group(const Statement& statement, bool commits);
  bool add_done_before(const Statement& statement);
  PlannedStep& push(const Statement& statement, std::string kind, std::string title, std::unique_ptr<Step> step);
  void mistake(const Statement& statement, std::string message, std::string hint);
  bool is_temporary(const Access& access) const;
  void order();
  Status mark_cached();

  Project& project_;
  const PlanOptions& options_;
  Plan& plan_;
  std::unique_ptr<Checker> checker_;
  std::optional<Group> group_;
  const Statement* as_written_ = nullptr;  // while its translation is checked
  bool mysql_in_use_ = false;
  std::optional<DoneBefore> done_before_;
  std::vector<std::string> setup_;
  std::set<std::string, std::less<>> temporary_;
  std::vector<ObjectRef> used_;                  // by the USE statements so far
  std::vector<std::vector<ObjectRef>> used_at_;  // by those before each step: it waits for their schemas
};

Status Planner::run() {
  auto statements = sql::split(*plan_.program);
  // 'it\'s' of MySQL looks like a string that is never closed.
  if (!statements &&
      (plan_.program->find("\\'") != std::string::npos || plan_.program->find("\\\"") != std::string::npos)) {
    if (auto again = sql::split(*plan_.program, sql::Lexing::kMySql)) statements = std::move(again);
  }
  if (!statements) {
    plan_.diagnostics.push_back({std::move(statements).error(), 0, false});
    return {};
  }
  setup_ = plan_.session->settings();
  for (const engine::AttachedSource& source : project_.engine().sources()) {
    mysql_in_use_ = mysql_in_use_ || (source.is_default && source.kind == engine::SourceKind::kMySql);
  }
  temporary_ = plan_.session->temporary_tables();
  if (options_.resume) done_before_ = TRY(find_resumable(*plan_.program, project_));
  checker_ = TRY(Checker::make(project_, *plan_.session, plan_.diagnostics));
  TRY(check(*statements));
  if (group_)
    mistake(group_->begin, "BEGIN has no COMMIT in this program", "end the transaction with COMMIT or ROLLBACK");
  checker_.reset();
  std::ranges::sort(plan_.diagnostics, {}, [](const Diagnostic& diagnostic) {
    return std::tuple(diagnostic.statement, diagnostic.error.span.value_or(Span{}).begin, diagnostic.error.message);
  });
  if (!plan_.ok()) return {};
  order();
  return options_.use_cache && project_.config().run.cache ? mark_cached() : Status{};
}

Status Planner::check(const std::vector<sql::StatementText>& statements) {
  const Interrupter interrupter(*checker_, options_.cancel);
  uint32_t index = 0;
  for (const sql::StatementText& text : statements) {
    TRY(options_.cancel.check());
    TRY(add(Statement{*plan_.program, text, index++}));
  }
  // What was interrupted may have looked like a mistake.
  return options_.cancel.check();
}

void Planner::mistake(const Statement& statement, std::string message, std::string hint) {
  checker_->report(statement, Error{Code::kProgram, std::move(message), std::move(hint), statement.text.whole, {}});
  if (group_) group_->failed = true;
}

PlannedStep& Planner::push(const Statement& statement, std::string kind, std::string title,
                           std::unique_ptr<Step> step) {
  PlannedStep& planned = plan_.steps.emplace_back();
  planned.statement = as_written_ != nullptr && !group_ ? *as_written_ : statement;
  planned.statement.index = static_cast<uint32_t>(plan_.steps.size() - 1);
  planned.kind = std::move(kind);
  planned.title = std::move(title);
  planned.step = std::move(step);
  planned.session_setup = setup_;
  used_at_.push_back(used_);
  planned.sticky_session = is_temporary(planned.step->access());
  planned.forgets_states = planned.step->access().barrier.has_value();
  return planned;
}

bool Planner::is_temporary(const Access& access) const {
  const auto named = [&](const ObjectRef& object) {
    return object.kind == object_kind::kTable && temporary_.contains(object.name);
  };
  return std::ranges::any_of(access.reads, named) || std::ranges::any_of(access.writes, named);
}

// Whether all that was reported from diagnostic `first` on is no more than a warning.
bool all_well(const std::vector<Diagnostic>& diagnostics, size_t first) {
  return std::ranges::all_of(diagnostics.begin() + static_cast<std::ptrdiff_t>(first), diagnostics.end(),
                             &Diagnostic::is_warning);
}

bool is_syntax_error(const Error& error) { return error.message.find("syntax error") != std::string::npos; }

// "widht" where there is a width: no text of MySQL, but a name in the quotes that names have here.
bool is_misspelt_name(const Error& error, std::string_view program) {
  return error.span && error.message.starts_with("unknown column") && error.hint.starts_with("did you mean") &&
         error.span->begin < program.size() && program[error.span->begin] == '"';
}

// With a source of MySQL in use, what cannot be tried before the run is taken for MySQL's.
bool Planner::is_mysql_at_first_sight(const Statement& statement) {
  if (!mysql_in_use_) return false;
  const Span standard = statement.text.standard;
  const std::string_view text = statement.program.substr(standard.begin, standard.end - standard.begin);
  return text.find_first_of("\"`\\") != std::string_view::npos && !checker_->session().describe(text);
}

Status Planner::add(const Statement& statement) {
  const size_t first = plan_.diagnostics.size();
  const Checker::Mistakes before = checker_->mistakes();
  const bool group_failed = group_ && group_->failed;
  if (!is_mysql_at_first_sight(statement)) {
    TRY(add_text(statement));
    if (all_well(plan_.diagnostics, first)) return {};
  }
  // A statement of Sinan's own has no other spelling.
  if (!statement.text.has_clause() && project_.registry().find(statement) != nullptr) return {};
  if (first < plan_.diagnostics.size() && is_misspelt_name(plan_.diagnostics[first].error, statement.program))
    return {};
  const Checker::Mistakes after = checker_->mistakes();
  checker_->set_mistakes(before);
  const bool failed_now = group_ && group_->failed;
  if (group_) group_->failed = group_failed;
  TRY(add_translated(statement, first));
  if (all_well(plan_.diagnostics, first)) return {};
  checker_->set_mistakes(after);
  if (group_) group_->failed = group_->failed || failed_now;
  return {};
}

Status Planner::add_translated(const Statement& statement, size_t first) {
  auto& diagnostics = plan_.diagnostics;
  const auto begin = diagnostics.begin() + static_cast<std::ptrdiff_t>(first);
  const bool refused = first < diagnostics.size();
  auto foreign = read_as_mysql(statement, checker_->session());
  if (!foreign) {
    if (foreign.error().code == Code::kCancelled) return fail(std::move(foreign).error());
    // The form is named if it is what the engine stumbled over.
    const bool at_fault =
        refused && (is_syntax_error(begin->error) || (begin->error.span && foreign.error().span &&
                                                      begin->error.span->begin < foreign.error().span->end &&
                                                      foreign.error().span->begin < begin->error.span->end));
    if (at_fault && foreign.error().code == Code::kUnsupported) begin->error = std::move(foreign).error();
    return refused ? Status{} : add_text(statement);
  }
  if (*foreign == nullptr) return refused ? Status{} : add_text(statement);
  std::vector<Diagnostic> as_written(std::make_move_iterator(begin), std::make_move_iterator(diagnostics.end()));
  diagnostics.resize(first);
  plan_.translated.push_back(*foreign);
  as_written_ = &statement;
  const Status added = add_text((*foreign)->statement);
  as_written_ = nullptr;
  TRY(added);
  if (all_well(diagnostics, first)) {
    const Span place = statement.text.has_clause() ? statement.text.standard : statement.text.whole;
    diagnostics.push_back(
        {Error{Code::kProgram, describe((*foreign)->translation), {}, place, {}}, statement.index, true});
    return {};
  }
  // Both are refused. The translation's error is further on, unless it is the same one, or the translation cannot even be read.
  const Error& now = diagnostics[first].error;
  const bool is_better =
      !is_syntax_error(now) && (as_written.empty() || as_written.front().error.message != now.message);
  if (is_better || as_written.empty()) return {};
  diagnostics.resize(first);
  std::ranges::move(as_written, std::back_inserter(diagnostics));
  return {};
}

Status Planner::add_text(const Statement& statement) {
  if (statement.text.misplaced_clause) {
    checker_->report(statement, sql::misplaced_clause_error(statement.program, statement.text));
    if (group_) group_->failed = true;
    return {};
  }
  const std::string words = leading_words(statement.program, statement.text.whole);
  const bool plain = !statement.text.has_clause() && project_.registry().find(statement) == nullptr;
  if (!plain && group_) {
    mistake(statement,
            fmt::format("not possible inside BEGIN .. COMMIT: {}", statement.text.has_clause() ? "a TO clause" : words),
            "a step of its own is a transaction already");
    return {};
  }
  if (plain) return add_plain(statement, words);
  if (add_done_before(statement)) return {};
  const StatementKind* kind = project_.registry().find(statement);
  if (kind == nullptr) return add_clause_nobody_registered(statement);
  auto step = TRY(checker_->check_kind(*kind, statement));
  if (!step) return {};
  const std::string_view verb = kind->phrase().starts_with("TO ") ? kind->phrase().substr(3) : kind->phrase();
  const auto& writes = step->access().writes;
  std::string title = writes.empty() ? std::string(verb) : fmt::format("{} {}", verb, writes.front().name);
  PlannedStep& planned = push(statement, std::string(kind->phrase()), std::move(title), std::move(step));
  planned.translation = statement.translation;
  return {};
}

Status Planner::add_clause_nobody_registered(const Statement& statement) {
  auto clause = sql::parse_clause(statement.program, statement.text.clause);
  if (!clause) {
    checker_->report(statement, std::move(clause).error());
    return {};
  }
  const Span verb = clause->verb_span;
  const std::string words = leading_words(statement.program, statement.text.clause, 2);
  checker_->report(statement, Error{Code::kUnsupported,
                                    fmt::format("{} is not available in this build", words),
                                    "SHOW STATEMENTS lists what is",
                                    verb,
                                    {}});
  return {};
}

// A step that the resumed run has done is neither checked nor run: its effects are in the warehouse.
bool Planner::add_done_before(const Statement& statement) {
  if (!done_before_) return false;
  const auto found = done_before_->steps.find(static_cast<uint32_t>(plan_.steps.size()));
  if (found == done_before_->steps.end() || found->second.statement != statement.whole()) return false;
  const bool temporary = is_temporary(found->second.access);
  if (temporary) return false;
  PlannedStep& planned = push(statement, found->second.kind, found->second.kind, make_done_step(found->second));
  planned.cached = true;
  planned.resumed = true;
  planned.cached_from = done_before_->run.value;
  return true;
}

Result<bool> Planner::in_transaction(const Statement& statement, std::string_view words) {
  const sql::Analysis analysis = sql::analyze(statement.program, statement.text.whole, sql::EmptyScope());
  if (analysis.statement_class == StatementClass::kBegin) {
    if (group_) {
      mistake(statement, "BEGIN inside a transaction", "COMMIT the first one before");
    } else {
      group_ = Group{statement, {}, checker_->mark(), false};
    }
    return true;
  }
  const bool commits = analysis.statement_class == StatementClass::kCommit;
  if (!commits && analysis.statement_class != StatementClass::kRollback) return false;
  if (!group_ && commits) {
    // Programs for MySQL end with one: there is nothing that it would have to do.
    plan_.diagnostics.push_back({Error{Code::kProgram,
                                       "COMMIT without BEGIN does nothing",
                                       "each statement is committed by itself",
                                       statement.text.whole,
                                       {}},
                                 statement.index, true});
  } else if (!group_) {
    mistake(statement, fmt::format("{} without BEGIN", words.substr(0, words.find(' '))), "");
  } else {
    TRY(end_group(statement, commits));
  }
  return true;
}

Status Planner::end_group(const Statement& statement, bool commits) {
  Group group = std::move(*group_);
  group_.reset();
  if (!commits) TRY(checker_->rewind(group.mark));
  if (group.failed) return {};
  Statement whole = group.begin;
  whole.text.whole.end = statement.text.whole.end;
  whole.text.standard = whole.text.whole;
  const size_t count = group.statements.size();
  push(whole, commits ? "TRANSACTION" : "ROLLED BACK TRANSACTION",
       fmt::format("BEGIN .. {} ({} statements)", commits ? "COMMIT" : "ROLLBACK", count),
       make_transaction_step(std::move(group.statements), commits));
  return {};
}

Status Planner::add_plain(const Statement& statement, std::string_view words) {
  if (TRY(in_transaction(statement, words))) return {};
  auto checked = sql::analyze(statement.program, statement.text.whole, checker_->world());
  const bool session_only = changes_session(checked.statement_class) ||
                            checked.statement_class == StatementClass::kAttach ||
                            checked.statement_class == StatementClass::kDetach ||
                            checked.statement_class == StatementClass::kOther || checked.temporary;
  if (!session_only && !group_ && add_done_before(statement)) return {};
  auto plain = TRY(checker_->check_plain(statement));
  if (!plain) {
    if (group_) group_->failed = true;
    return {};
  }
  const StatementClass statement_class = plain->analysis.statement_class;
  if (plain->analysis.temporary && plain->analysis.target) temporary_.insert(plain->analysis.target->name);
  // USE is replayed where it matters; nothing has to wait for it.
  if (statement_class == StatementClass::kUse) {
    plain->access.barrier.reset();
    if (const auto& use = plain->analysis.use) {
      used_.push_back({std::string(object_kind::kSchema), *use, 0});
      used_.push_back({std::string(object_kind::kDatabase), use->substr(0, use->find('.')), 0});
    }
  }
  if (group_) {
    if (runs_alone(plain->analysis) && statement_class != StatementClass::kUnknown && plain->analysis.access.barrier) {
      mistake(statement, fmt::format("not possible inside BEGIN .. COMMIT: {}", plain_kind(statement_class)),
              "put it before BEGIN");
      return {};
    }
    group_->statements.push_back(std::move(*plain));
    return {};
  }
  const bool cacheable =
      is_cacheable(*plain, [&](std::string_view name) { return checker_->world().is_user_function(name); });
  std::string title = plain_title(*plain);
  std::string text = plain->sql;
  const bool unparsed_query = plain->unparsed_query;
  const bool drops_schema = statement_class == StatementClass::kDrop &&
                            std::ranges::any_of(plain->access.writes, [](const ObjectRef& object) {
                              return object.kind != object_kind::kTable;
                            });
  const std::string target = plain->analysis.target ? plain->analysis.target->name : "";
  PlannedStep& planned =
      push(statement, plain_kind(statement_class), std::move(title), make_plain_step(std::move(*plain), cacheable));
  const bool harmless = words.starts_with("CHECKPOINT") || words.starts_with("VACUUM") ||
                        words.starts_with("ANALYZE") || words.starts_with("LOAD") || words.starts_with("EXPORT");
  planned.attaches = statement_class == StatementClass::kAttach;
  if (unparsed_query || harmless || planned.attaches) planned.forgets_states = false;
  if (drops_schema) planned.forgets_states = true;
  if (changes_session(statement_class)) {
    planned.changes_session = true;
    planned.forgets_states = false;
    planned.setting = text;
    setup_.push_back(std::move(text));
  }
  if (statement_class == StatementClass::kDrop && planned.sticky_session) temporary_.erase(target);
  return {};
}

void Planner::order() {
  std::vector<Access> accesses;
  for (size_t i = 0; i < plan_.steps.size(); ++i) {
    Access& access = accesses.emplace_back(plan_.steps[i].step->access());
    access.reads.insert(access.reads.end(), used_at_[i].begin(), used_at_[i].end());
  }
  auto dependencies = order_steps(accesses);
  for (size_t i = 0; i < plan_.steps.size(); ++i) plan_.steps[i].depends_on = std::move(dependencies[i]);
}

// A step whose inputs will be written again is not known to be cached before they are.
Status Planner::mark_cached() {
  std::vector<bool> will_run(plan_.steps.size(), false);
  for (size_t i = 0; i < plan_.steps.size(); ++i) {
    PlannedStep& planned = plan_.steps[i];
    if (planned.resumed) continue;
    const bool waits =
        std::ranges::any_of(planned.depends_on, [&](const Dependency& dependency) { return will_run[dependency.on]; });
    if (!waits) {
      if (const auto key = TRY(cache_key(planned, options_.seed, project_))) {
        if (const auto run = TRY(find_cached(*key, project_))) {
          planned.cached = true;
          planned.cached_from = run->value;
        }
      }
    }
    // Reading changes nothing for those that come after.
    will_run[i] =
        !planned.cached && (!planned.step->access().writes.empty() || planned.step->access().barrier || waits);
  }
  return {};
}

}  // namespace

bool Plan::ok() const { return std::ranges::all_of(diagnostics, &Diagnostic::is_warning); }

Result<Plan> make_plan(std::string program, Project& project, const PlanOptions& options) {
  Plan plan;
  plan.program_name = options.program_name;
  plan.session = options.session != nullptr ? options.session : &project.session_state();
  plan.program = std::make_shared<const std::string>(std::move(program));
  TRY(Planner(project, options, plan).run());
  return plan;
}

}  // namespace sinan::flow
