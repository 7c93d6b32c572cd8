#include "flow/plain_sql.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "flow/clause_query.h"
#include "sql/lexer.h"
#include "sql/mysql_dialect.h"

namespace sinan::flow {
namespace {

using sql::StatementClass;

// Engine steps occupy one place in the budget; the engine's own pool does the rest.
constexpr Budget kOnePlace{1, 1, 0};

Result<int64_t> stream_rows(RunContext& context, std::string_view sql) {
  auto rows = TRY(context.session().query(sql));
  ResultSink& sink = context.results();
  TRY(sink.begin(rows->schema()));
  int64_t count = 0;
  while (auto batch = TRY(rows->next())) {
    TRY(context.cancel().check());
    count += static_cast<int64_t>(batch->rows());
    context.progress().rows(count);
    if (!TRY(sink.write(std::move(*batch)))) break;
  }
  rows.reset();
  TRY(sink.end());
  return count;
}

// Whether the statement gives rows to look at. For one that was not parsed the engine knows.
Result<bool> returns_rows(const PlainStatement& statement, engine::Session& session) {
  if (statement.analysis.statement_class != StatementClass::kUnknown) return statement.analysis.returns_rows;
  auto schema = session.describe(statement.sql);
  return schema && schema->size() > 0;
}

// See source_statement.h.
Result<int64_t> run_on_source(const PlainStatement& statement, RunContext& context) {
  const SourceStatement& own = *statement.source_statement;
  engine::Session& session = context.session();
  const engine::Dialect& dialect = context.engine().dialect();
  if (own.server_sql.empty()) {
    if (own.if_not_exists && session.describe("FROM " + dialect.table(own.table))) return 0;
    // Places are in the statement, as those of its other errors.
    const uint32_t begin = statement.place.begin;
    auto rows = TRY(open_rows(own.query, {own.query_place.begin - begin, own.query_place.end - begin}, context));
    return session.ingest(own.table, *rows, own.mode);
  }
  auto sent = session.execute(
      fmt::format("CALL mysql_execute({}, {})", dialect.literal(own.source), dialect.literal(own.server_sql)));
  if (!sent && own.engine_may_try) {
    if (auto tried = session.execute(statement.sql)) return tried;
  }
  if (!sent) {
    Error error = std::move(sent).error();
    error.span.reset();
    return fail(std::move(error));
  }
  TRY(session.execute("CALL mysql_clear_cache()"));
  return -1;
}

Status run_sql(const PlainStatement& statement, RunContext& context, Outcome& outcome) {
  TRY(context.cancel().check());
  if (statement.source_statement) {
    const int64_t rows = TRY(run_on_source(statement, context));
    if (rows >= 0) outcome.rows_written = std::max<int64_t>(outcome.rows_written, 0) + rows;
  } else if (TRY(returns_rows(statement, context.session()))) {
    const int64_t rows = TRY(stream_rows(context, statement.sql));
    if (statement.access.writes.empty()) {
      outcome.rows_read = std::max<int64_t>(outcome.rows_read, 0) + rows;
    } else {
      outcome.rows_written = std::max<int64_t>(outcome.rows_written, 0) + rows;
    }
  } else {
    const std::string sql = runnable_copy(statement, context.project_folder(), context.engine().dialect());
    auto rows_written = context.session().execute(sql);
    if (!rows_written) {
      if (sql != statement.sql) rows_written.error().span.reset();  // a place in another text
      return fail(std::move(rows_written).error());
    }
    const int64_t rows = *rows_written;
    if (rows >= 0) outcome.rows_written = std::max<int64_t>(outcome.rows_written, 0) + rows;
  }
  auto edges = lineage_of(statement);
  std::ranges::move(edges, std::back_inserter(outcome.lineage));
  if (statement.analysis.statement_class == StatementClass::kDrop) {
    for (const ObjectRef& object : statement.analysis.access.writes) {
      if (object.kind == object_kind::kTable) outcome.dropped.push_back(object);
    }
  }
  return {};
}

// The engine tells places in the statement; a person reads them in the program.
Status run_statement(const PlainStatement& statement, RunContext& context, Outcome& outcome) {
  Status status = run_sql(statement, context, outcome);
  if (status) return status;
  Error error = std::move(status).error();
  Span place = statement.place;
  if (error.span) {
    place.begin = std::min(statement.place.begin + error.span->begin, statement.place.end);
    place.end = std::min(statement.place.begin + error.span->end, statement.place.end);
  }
  error.span = statement.translation != nullptr ? statement.translation->original(place) : place;
  return fail(std::move(error));
}

class PlainStep final : public Step {
 public:
  PlainStep(PlainStatement statement, bool cacheable) : statement_(std::move(statement)), cacheable_(cacheable) {}

  const Access& access() const override { return statement_.access; }
  Budget budget() const override { return kOnePlace; }
  SessionUse session_use() const override {
    return runs_alone(statement_.analysis) ? SessionUse::kAlone : SessionUse::kTransaction;
  }
  std::optional<Fingerprint> fingerprint() const override {
    if (!cacheable_) return std::nullopt;
    return FingerprintBuilder().add("sql").add(statement_.sql).finish();
  }
  Result<Outcome> run(RunContext& context) override {
    Outcome outcome;
    TRY(run_statement(statement_, context, outcome));
    return outcome;
  }

 private:
  PlainStatement statement_;
  bool cacheable_;
};

class TransactionStep final : public Step {
 public:
  TransactionStep(std::vector<PlainStatement> statements, bool commits)
      : statements_(std::move(statements)), commits_(commits) {
    for (const PlainStatement& statement : statements_) {
      access_.reads.insert(access_.reads.end(), statement.access.reads.begin(), statement.access.reads.end());
      access_.writes.insert(access_.writes.end(), statement.access.writes.begin(), statement.access.writes.end());
      if (statement.access.barrier && !access_.barrier) access_.barrier = statement.access.barrier;
    }
    for (auto* list : {&access_.reads, &access_.writes}) {
      std::ranges::sort(*list);
      list->erase(std::unique(list->begin(), list->end()), list->end());
    }
  }

  const Access& access() const override { return access_; }
  Budget budget() const override { return kOnePlace; }
  SessionUse session_use() const override { return commits_ ? SessionUse::kTransaction : SessionUse::kAlone; }
  std::optional<Fingerprint> fingerprint() const override { return std::nullopt; }
  Result<Outcome> run(RunContext& context) override {
    if (commits_) return run_all(context);
    auto transaction = TRY(engine::Transaction::begin(context.session()));
    Outcome outcome = TRY(run_all(context));
    outcome.lineage.clear();
    outcome.dropped.clear();
    outcome.messages.emplace_back("rolled back, as the program says");
    return outcome;
  }

 private:
  Result<Outcome> run_all(RunContext& context) {
    Outcome outcome;
    for (const PlainStatement& statement : statements_) TRY(run_statement(statement, context, outcome));
    return outcome;
  }

  std::vector<PlainStatement> statements_;
  bool commits_;
  Access access_;
};

// Whatever gives another value each time, or a value from outside the tables. Some are written without parentheses.
constexpr std::array<std::string_view, 26> kVolatile = {"random",
                                                        "gen_random_uuid",
                                                        "uuid",
                                                        "uuidv4",
                                                        "uuidv7",
                                                        "now",
                                                        "today",
                                                        "current_date",
                                                        "current_time",
                                                        "current_timestamp",
                                                        "get_current_time",
                                                        "get_current_timestamp",
                                                        "localtime",
                                                        "localtimestamp",
                                                        "transaction_timestamp",
                                                        "nextval",
                                                        "currval",
                                                        "txid_current",
                                                        "getvariable",
                                                        "getenv",
                                                        "current_setting",
                                                        "setseed",
                                                        "current_user",
                                                        "current_schema",
                                                        "sample",
                                                        "tablesample"};

bool calls_volatile(const PlainStatement& statement) {
  sql::Lexer lexer(statement.sql, sql::Lexing::kStandard);
  for (sql::Token token = lexer.next(); token.kind != sql::TokenKind::kEnd; token = lexer.next()) {
    if (token.kind == sql::TokenKind::kError || token.kind == sql::TokenKind::kParameter) return true;
    if (token.kind != sql::TokenKind::kWord) continue;
    const std::string word = to_lower(sql::text_of(statement.sql, token.span));
    if (std::ranges::find(kVolatile, word) != kVolatile.end()) return true;
  }
  return false;
}

}  // namespace

bool changes_session(StatementClass statement_class) {
  return statement_class == StatementClass::kSet || statement_class == StatementClass::kUse;
}

bool runs_alone(const sql::Analysis& analysis) {
  switch (analysis.statement_class) {
    case StatementClass::kUnknown:
    case StatementClass::kOther:
    case StatementClass::kAttach:
    case StatementClass::kDetach:
    case StatementClass::kSet:
    case StatementClass::kUse:
      return true;
    // Without anything to make visible together, the engine's own transaction is enough.
    default:
      return analysis.access.writes.empty();
  }
}

bool is_cacheable(const PlainStatement& statement, const std::function<bool(std::string_view)>& is_user_function) {
  const sql::Analysis& analysis = statement.analysis;
  const bool replaces = analysis.or_replace && !analysis.temporary &&
                        (analysis.statement_class == StatementClass::kCreateTableAs ||
                         analysis.statement_class == StatementClass::kCreateView);
  if (!replaces || statement.access.barrier || calls_volatile(statement)) return false;
  for (const ObjectRef& read : statement.access.reads) {
    const bool has_state =
        read.kind == object_kind::kTable || read.kind == object_kind::kFile || read.kind == object_kind::kModel;
    if (!has_state) return false;
    if (read.kind == object_kind::kFile && read.name.find("://") != std::string::npos) return false;
  }
  return std::ranges::none_of(analysis.calls, is_user_function);
}

std::string plain_kind(StatementClass statement_class) {
  std::string kind(to_string(statement_class));
  for (char& c : kind) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return kind;
}

std::string plain_title(const PlainStatement& statement) {
  const sql::Analysis& analysis = statement.analysis;
  if (analysis.target && analysis.statement_class != StatementClass::kQuery) {
    std::string what = plain_kind(analysis.statement_class);
    if (what == "CREATE TABLE AS") what = "CREATE TABLE";
    std::string_view name = analysis.target->name;
    if (name.starts_with("main.")) name.remove_prefix(5);
    return fmt::format("{} {}", what, name);
  }
  std::string line;
  for (const char c : std::string_view(statement.sql).substr(0, 200)) {
    const bool blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!blank)
      line += c;
    else if (!line.empty() && line.back() != ' ')
      line += ' ';
  }
  constexpr size_t kColumns = 40;
  if (display_width(line) <= kColumns) return line;
  return std::string(trim(display_prefix(line, kColumns - 1))) + "…";
}

std::unique_ptr<Step> make_plain_step(PlainStatement statement, bool cacheable) {
  return std::make_unique<PlainStep>(std::move(statement), cacheable);
}

std::unique_ptr<Step> make_transaction_step(std::vector<PlainStatement> statements, bool commits) {
  return std::make_unique<TransactionStep>(std::move(statements), commits);
}

}  // namespace sinan::flow
