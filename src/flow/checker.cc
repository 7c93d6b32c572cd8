#include "flow/checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/strings.h"
#include "flow/clause_access.h"
#include "flow/phrase.h"
#include "flow/statement_check.h"
#include "flow/syntax_hint.h"
#include "sql/mysql_dialect.h"
#include "sql/tokens.h"

namespace sinan::flow {
namespace {

// Whether each word is near its counterpart: CREATE TABLE is no misspelling of CREATE SEGMENT, nor is CREATE. Words may have run
// together.
bool words_are_alike(std::string_view written, std::string_view phrase) {
  const auto a = split_on(written, ' ');
  const auto b = split_on(phrase, ' ');
  if (a.size() != b.size()) return !equals_ignore_case(a.front(), b.front());
  for (size_t i = 0; i < a.size(); ++i) {
    const std::string word(b[i]);
    if (!nearest(a[i], std::span(&word, 1))) return false;
  }
  return true;
}

using sql::StatementClass;

bool is_syntax_error(const Error& error) { return error.message.find("syntax error") != std::string::npos; }

// What only the rows, or the machine's state, can be blamed for: nothing that a check may say of a program.
bool is_about_data(Code code) {
  return code == Code::kData || code == Code::kExhausted || code == Code::kBusy || code == Code::kUnavailable;
}

std::string_view text_of(const Statement& statement, Span span) {
  return statement.program.substr(span.begin, span.end - span.begin);
}

// CREATE TABLE AS without its rows.
std::string without_data(const Statement& statement, Span query) {
  size_t end = query.end;
  const Span whole = statement.text.whole;
  // Parentheses around the query belong to it.
  for (size_t at = end; at < whole.end; ++at) {
    const char c = statement.program[at];
    if (c == ')')
      end = at + 1;
    else if (c != ' ' && c != '\n' && c != '\t' && c != '\r')
      break;
  }
  return std::string(statement.program.substr(whole.begin, end - whole.begin)) + "\nWITH NO DATA";
}

// Whether later statements may find other tables or columns.
bool changes_schema(const sql::Analysis& analysis) {
  switch (analysis.statement_class) {
    case StatementClass::kInsert:
    case StatementClass::kUpdate:
    case StatementClass::kDelete:
    case StatementClass::kMerge:
    case StatementClass::kTruncate:
    case StatementClass::kCopyFrom:
      return false;
    default:
      return true;
  }
}

// SET that only this session can see: safe to run while checking.
bool sets_session_only(std::string_view words) {
  return begins_with_phrase(words, "SET VARIABLE") || begins_with_phrase(words, "SET SCHEMA") ||
         begins_with_phrase(words, "SET SEARCH_PATH") || begins_with_phrase(words, "SET SESSION") ||
         begins_with_phrase(words, "SET LOCAL");
}

}  // namespace

Result<std::unique_ptr<Checker>> Checker::make(Project& project, SessionState& state,
                                               std::vector<Diagnostic>& diagnostics) {
  std::unique_lock lock(state.sticky_mutex());
  engine::Session* session = state.sticky_if_open();
  std::unique_ptr<engine::Session> own;
  if (session == nullptr) {
    lock.unlock();
    own = TRY(connect_with(project.engine(), state.settings()));
    session = own.get();
  } else {
    // Temporary tables are seen by the session that has them only.
    TRY(state.sticky(project.engine(), state.settings()));
  }
  std::unique_ptr<Checker> checker(new Checker(project, diagnostics, *session));
  checker->own_session_ = std::move(own);
  if (lock.owns_lock()) {
    checker->sticky_lock_ = std::move(lock);
    checker->home_schema_ = session->current_schema();
  }
  TRY(checker->begin());
  return checker;
}

Checker::~Checker() {
  if (session_.in_transaction()) (void)session_.rollback();
  if (!home_schema_.empty() && session_.current_schema() != home_schema_) {
    (void)session_.execute("USE " + project_.engine().dialect().identifier(home_schema_));
  }
}

Status Checker::begin() {
  if (session_.in_transaction()) (void)session_.rollback();
  return session_.begin();
}

Status Checker::rewind(size_t mark) {
  TRY(begin());
  applied_.resize(std::min(mark, applied_.size()));
  for (const std::string& sql : applied_) TRY(session_.execute(sql));
  world_.invalidate();
  return {};
}

Status Checker::apply(std::string sql) {
  auto result = session_.execute(sql);
  if (!result) {
    // Some errors end the transaction; what was applied before is applied again.
    Error error = std::move(result).error();
    TRY(rewind(applied_.size()));
    return fail(std::move(error));
  }
  applied_.push_back(std::move(sql));
  world_.invalidate();
  return {};
}

Result<arrow::Schema> Checker::describe(std::string_view sql) {
  auto schema = session_.describe(sql);
  // Some errors (a file that is missing) end the transaction: then nothing can be described in it any more.
  if (!schema && !session_.execute("SELECT 1")) TRY(rewind(applied_.size()));
  return schema;
}

bool Checker::touches(const std::vector<ObjectRef>& objects, const std::vector<ObjectRef>& set) const {
  return std::ranges::any_of(objects, [&](const ObjectRef& object) {
    return std::ranges::any_of(set, [&](const ObjectRef& other) { return sql::overlap(object, other); });
  });
}

std::shared_ptr<const PlannedObject> Checker::planned(const ObjectRef& ref) const {
  const auto found = planned_.find(key_of(ref));
  return found == planned_.end() ? nullptr : found->second;
}

bool Checker::dropped(const ObjectRef& ref) const {
  const auto found = planned_.find(key_of(ref));
  return found != planned_.end() && found->second == nullptr;
}

std::vector<std::string> Checker::known_names(std::string_view kind) const {
  if (kind == object_kind::kTable) return world_.table_names();
  std::vector<std::string> names;
  if (auto objects = catalog().objects(kind)) {
    for (const auto& object : *objects) {
      if (!dropped(object.ref)) names.push_back(object.ref.name);
    }
  }
  for (const auto& [key, object] : planned_) {
    if (key.first == kind && object != nullptr) names.push_back(key.second);
  }
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

Access Checker::follow_views(Access access, int depth) const {
  constexpr int kDeepest = 20;
  if (depth == kDeepest) return access;
  std::vector<ObjectRef> more;
  for (const ObjectRef& read : access.reads) {
    if (read.kind != object_kind::kTable) continue;
    const auto definition = world_.view_definition(read.name);
    if (!definition) continue;
    Access inner = follow_views(sql::analyze(*definition, world_).access, depth + 1);
    if (inner.barrier && !access.barrier) access.barrier = fmt::format("view {}: {}", read.name, *inner.barrier);
    more.insert(more.end(), inner.reads.begin(), inner.reads.end());
  }
  access.reads.insert(access.reads.end(), more.begin(), more.end());
  std::ranges::sort(access.reads);
  access.reads.erase(std::unique(access.reads.begin(), access.reads.end()), access.reads.end());
  return access;
}

std::optional<ObjectRef> Checker::read_by(std::string_view function, std::string_view first) const {
  for (const auto& known : project_.registry().functions()) {
    if (auto object = known->reads(function, first, *this)) return object;
  }
  return std::nullopt;
}

sql::Analysis Checker::analyze(std::string_view program, Span place) const {
  sql::Analysis analysis = sql::analyze(program, place, world_);
  const std::string_view text = program.substr(place.begin, place.end - place.begin);
  auto expanded = expand_functions(text, project_.registry(), *this, project_.engine().dialect());
  if (!expanded || !*expanded) return analysis;
  // A row as an argument, predict('zoo.m', t), says only there which columns are used.
  sql::Analysis exact = sql::analyze((*expanded)->sql(), world_);
  analysis.access = std::move(exact.access);
  analysis.columns = std::move(exact.columns);
  return analysis;
}

Access Checker::complete_access(const sql::Analysis& analysis) const { return follow_views(analysis.access); }

Checker::Verdict Checker::judge(Error error, const Access& access) const {
  Verdict verdict;
  if (is_syntax_error(error)) {
    verdict.error = std::move(error);
  } else if (touches(access.reads, broken_) || touches(access.writes, broken_)) {
    verdict.follows = true;
    verdict.error = std::move(error);
  } else if (uncertain_ || is_about_data(error.code) || touches(access.reads, deferred_) ||
             touches(access.writes, deferred_) || touches(access.reads, unwritten_)) {
    verdict.deferred = true;
  } else {
    verdict.error = std::move(error);
  }
  return verdict;
}

void Checker::settle(const Access& access, bool deferred) {
  const auto forget = [&](std::vector<ObjectRef>& set) {
    std::erase_if(
        set, [&](const ObjectRef& object) { return std::ranges::find(access.writes, object) != access.writes.end(); });
  };
  forget(broken_);
  forget(deferred_);
  if (deferred) deferred_.insert(deferred_.end(), access.writes.begin(), access.writes.end());
}

void Checker::report(const Statement& statement, Error error, const Access& access) {
  if (!error.span) error.span = statement.text.whole;
  if (statement.translation != nullptr) error.span = statement.translation->original(*error.span);
  diagnostics_.push_back({std::move(error), statement.index, false});
  broken_.insert(broken_.end(), access.writes.begin(), access.writes.end());
}

void Checker::improve(Error& error, const Statement& statement, const Access& access) const {
  constexpr std::string_view kColumn = "unknown column \"";
  if (const auto& near = statement.text.near_verb) {
    error.span = near->span;
    error.message = fmt::format("unknown verb \"{}\" after TO", text_of(statement, near->span));
    error.hint = fmt::format("did you mean \"TO {}\"?", near->verb);
    error.code = Code::kProgram;
    return;
  }
  if (error.message.starts_with(kColumn)) {
    std::string_view column = std::string_view(error.message).substr(kColumn.size());
    column = column.substr(0, column.rfind('"'));
    // Of the tables that are read it is said only when another one was asked for: f.seats.
    const bool qualified = error.span && text_of(statement, *error.span).find('.') != std::string_view::npos;
    std::vector<std::string> owners;
    for (std::string& table : world_.tables_with_column(column)) {
      const auto read = std::ranges::find(access.reads, table, &ObjectRef::name);
      if ((qualified || read == access.reads.end()) && owners.size() < 3) owners.push_back(std::move(table));
    }
    if (!owners.empty()) {
      if (!error.hint.empty()) error.hint += "; ";
      error.hint += fmt::format("{} has a column of that name", join(owners, ", "));
    }
    return;
  }
  if (!error.hint.empty()) return;
  std::vector<std::string> phrases;
  for (const auto& kind : project_.registry().kinds()) phrases.emplace_back(kind->phrase());
  if (is_syntax_error(error) && error.span) {
    std::vector<std::string> verbs;
    std::ranges::copy_if(phrases, std::back_inserter(verbs),
                         [](const auto& phrase) { return phrase.starts_with("TO "); });
    error.hint = syntax_hint(statement, *error.span, verbs);
  }
  if (statement.text.is_query || !error.hint.empty()) return;
  // Words that are nearly a registered statement, and not one already.
  const std::string words = leading_words(statement.program, statement.text.whole);
  if (std::ranges::any_of(phrases, [&](const auto& phrase) { return begins_with_phrase(words, phrase); })) return;
  for (size_t end = words.size(); end != std::string::npos && end > 0; end = words.rfind(' ', end - 1)) {
    const std::string_view written = std::string_view(words).substr(0, end);
    std::vector<std::string> alike;
    std::ranges::copy_if(phrases, std::back_inserter(alike),
                         [&](const std::string& phrase) { return words_are_alike(written, phrase); });
    if (const auto phrase = nearest(written, alike)) {
      error.hint = fmt::format("did you mean \"{}\"?", *phrase);
      return;
    }
  }
}

Result<std::unique_ptr<Step>> Checker::check_kind(const StatementKind& kind, const Statement& statement) {
  const bool is_clause = statement.text.has_clause();
  auto tokens = sql::Tokens::make(statement.program, is_clause ? statement.text.clause : statement.text.whole);
  if (!tokens) {
    report(statement, std::move(tokens).error());
    return nullptr;
  }
  auto parsed = kind.parse(statement, *tokens);
  if (!parsed) {
    Error error = std::move(parsed).error();
    // What is missing at the end is in the whole of it.
    const bool at_end = error.span && error.span->begin >= statement.text.whole.end;
    if (at_end && error.hint.empty()) error.hint = fmt::format("the whole is: {}", kind.help().synopsis);
    report(statement, std::move(error), clause_access(statement));
    return nullptr;
  }
  StatementCheck context(*this, statement);
  auto step = kind.check(**parsed, context);
  if (step) {
    if (auto error = locked_out((*step)->access())) {
      report(statement, *std::move(error), (*step)->access());
      return nullptr;
    }
    std::erase_if(broken_, [&](const ObjectRef& object) {
      return std::ranges::find((*step)->access().writes, object) != (*step)->access().writes.end();
    });
    return std::move(*step);
  }
  if (step.error().code == Code::kCancelled || step.error().code == Code::kInternal)
    return fail(std::move(step).error());
  const Access touched = clause_access(statement);
  if (context.follows() || touches(touched.reads, broken_)) {
    broken_.insert(broken_.end(), touched.writes.begin(), touched.writes.end());
  } else {
    report(statement, std::move(step).error(), touched);
  }
  return nullptr;
}

// Replaces the table by an empty copy: changing a column's type would rewrite all rows.
void Checker::empty_table(const sql::Analysis& analysis) {
  if (!analysis.target || !world_.columns_of(analysis.target->name) || world_.view_definition(analysis.target->name))
    return;
  const engine::Dialect& dialect = project_.engine().dialect();
  std::vector<std::string> parts;
  for (const std::string_view part : split_on(analysis.target->name, '.')) parts.emplace_back(part);
  const auto table = engine::TableName::from_parts(parts);
  // Where it cannot be replaced (foreign keys), the real one is altered and rolled back.
  if (table) (void)apply(dialect.create_table_as(*table, "FROM " + dialect.table(*table), true, false));
}

const engine::AttachedSource* Checker::written_source(const Access& access) const {
  for (const ObjectRef& written : access.writes) {
    const bool in_database = written.kind == object_kind::kTable || written.kind == object_kind::kSchema ||
                             written.kind == object_kind::kDatabase;
    if (!in_database) continue;
    if (const auto* source = world_.source_of(written.name)) return source;
  }
  return nullptr;
}

// The rows are read on a connection of their own while the table is replaced on another, which waits for the reader.
std::optional<Error> Checker::locked_out(const Access& access) const {
  for (const ObjectRef& written : access.writes) {
    const auto* source = written.kind == object_kind::kTable ? world_.source_of(written.name) : nullptr;
    if (source == nullptr || source->kind != engine::SourceKind::kPostgres) continue;
    if (std::ranges::find(access.reads, written) == access.reads.end()) continue;
    return Error{Code::kUnsupported,
                 fmt::format("a table of PostgreSQL cannot be read and replaced by one statement: {}", written.name),
                 "write to another table",
                 std::nullopt,
                 {}};
  }
  return std::nullopt;
}

std::optional<Error> Checker::refusal(const engine::AttachedSource& source) {
  if (!source.read_only) return std::nullopt;
  const bool is_folder = source.kind == engine::SourceKind::kFolder;
  return Error{Code::kPermission,
               fmt::format("data source {}: {}", is_folder ? "is a folder, which can be read only" : "is read-only",
                           source.name),
               is_folder ? "COPY (query) TO 'file.parquet' writes a file"
                         : "remove read_only from it in sinan.toml, or --read-only-sources from the command line",
               std::nullopt,
               {}};
}

// The statement's effect on the check session; an engine error is judged by the caller.
std::optional<Error> Checker::simulate(const Statement& statement, PlainStatement& plain) {
  const sql::Analysis& analysis = plain.analysis;
  const std::string text(statement.whole());
  const std::string words = leading_words(statement.program, statement.text.whole);
  const auto described = [&]() -> std::optional<Error> {
    auto schema = describe(text);
    if (!schema) return std::move(schema).error();
    return std::nullopt;
  };
  const auto applied = [&](std::string sql) -> std::optional<Error> {
    auto status = apply(std::move(sql));
    if (!status) return std::move(status).error();
    return std::nullopt;
  };
  const auto unsure = [&](std::string_view what) {
    auto error = described();
    if (!uncertain_) uncertain_ = what;
    return error;
  };
  if (const auto* source = analysis.temporary ? nullptr : written_source(plain.access)) {
    if (auto error = refusal(*source)) return error;
    // Nothing is tried on a data source: not all that is done there can be undone.
    const Span place = statement.text.whole;
    plain.source_statement = source_statement(statement.program, place, analysis, world_);
    if (!plain.source_statement) return described();
    if (plain.source_statement->query.empty()) return std::nullopt;
    auto schema = session_.describe(plain.source_statement->query);
    if (schema) return std::nullopt;
    Error error = std::move(schema).error();
    const uint32_t begin = plain.source_statement->query_place.begin - place.begin;
    if (error.span) error.span = Span{error.span->begin + begin, error.span->end + begin};
    return error;
  }
  switch (analysis.statement_class) {
    case StatementClass::kCreateTableAs:
      return applied(analysis.query ? without_data(statement, *analysis.query) : text);
    case StatementClass::kCreateTable:
    case StatementClass::kCreateView:
    case StatementClass::kCreateSchema:
    case StatementClass::kDrop:
      return applied(text);
    case StatementClass::kAlter:
      empty_table(analysis);
      return applied(text);
    case StatementClass::kCreateOther: {
      if (words.find("INDEX") != std::string::npos) return described();
      if (words.find("DATABASE") != std::string::npos) return unsure("CREATE DATABASE");
      return applied(text);
    }
    case StatementClass::kUse:
      return applied(text);
    case StatementClass::kSet:
      return sets_session_only(words) ? applied(text) : described();
    case StatementClass::kAttach:
      return unsure("ATTACH");
    case StatementClass::kDetach:
      return unsure("DETACH");
    case StatementClass::kOther: {
      const bool harmless = words.starts_with("CHECKPOINT") || words.starts_with("FORCE") ||
                            words.starts_with("VACUUM") || words.starts_with("ANALYZE") || words.starts_with("EXPORT");
      return harmless ? described() : unsure(words.substr(0, words.find(' ')));
    }
    case StatementClass::kUnknown: {
      auto schema = describe(text);
      if (!schema) {
        Error error = std::move(schema).error();
        // A query makes nothing; who knows what the others would have made.
        if (!statement.text.is_query && !uncertain_) uncertain_ = "a statement that could not be analysed";
        return error;
      }
      plain.unparsed_query = statement.text.is_query && schema->size() > 0;
      if (!plain.unparsed_query && !uncertain_) uncertain_ = "a statement that could not be analysed";
      return std::nullopt;
    }
    case StatementClass::kCopyTo: {
      auto error = described();
      if (!error && analysis.target) unwritten_.push_back(*analysis.target);
      return error;
    }
    default:
      return described();
  }
}

Result<std::optional<PlainStatement>> Checker::check_plain(const Statement& statement) {
  PlainStatement plain;
  plain.sql = statement.whole();
  plain.place = statement.text.whole;
  plain.translation = statement.translation;
  plain.analysis = analyze(statement.program, statement.text.whole);
  plain.access = complete_access(plain.analysis);
  const bool was_uncertain = uncertain_.has_value();
  auto error = simulate(statement, plain);
  if (!error) {
    settle(plain.access,
           changes_schema(plain.analysis) && !plain.analysis.temporary && written_source(plain.access) != nullptr);
    // INSERT without a list of columns fills them in the table's order.
    const bool fills = plain.analysis.statement_class == StatementClass::kInsert ||
                       plain.analysis.statement_class == StatementClass::kCopyFrom;
    if (fills && plain.analysis.target && plain.analysis.target_columns.empty()) {
      plain.analysis.target_columns =
          world_.columns_of(plain.analysis.target->name).value_or(std::vector<std::string>{});
    }
    return plain;
  }
  if (error->code == Code::kCancelled || error->code == Code::kInternal) return fail(std::move(*error));
  // A barrier is no excuse for its own mistakes.
  std::optional<std::string> since = was_uncertain ? uncertain_ : std::nullopt;
  std::swap(since, uncertain_);
  Verdict verdict = judge(std::move(*error), plain.access);
  std::swap(since, uncertain_);
  if (verdict.deferred) {
    settle(plain.access, true);
    return plain;
  }
  Error shown = placed(std::move(*verdict.error), true, statement.text.whole);
  if (verdict.follows) {
    broken_.insert(broken_.end(), plain.access.writes.begin(), plain.access.writes.end());
  } else {
    improve(shown, statement, plain.access);
    report(statement, std::move(shown), plain.access);
  }
  return std::nullopt;
}

}  // namespace sinan::flow
