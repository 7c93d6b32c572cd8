#include "sql/analyze.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "sql/lexer.h"
#include "sql/object_names.h"
#include "sql/parser.h"
#include "sql/resolver.h"

namespace sinan::sql {
namespace {

using Frame = Resolver::Frame;
using CommonTableEntry = Resolver::CommonTableEntry;

constexpr std::array<std::string_view, 27> kClassNames = {
    "empty",    "unknown",      "query",           "insert",      "update",        "delete",   "merge",
    "truncate", "create table", "create table as", "create view", "create schema", "create",   "drop",
    "alter",    "copy to",      "copy from",       "begin",       "commit",        "rollback", "set",
    "use",      "attach",       "detach",          "explain",     "describe",      "other"};

template <class T>
void sort_unique(std::vector<T>& items) {
  std::ranges::sort(items);
  auto rest = std::ranges::unique(items);
  items.erase(rest.begin(), rest.end());
}

class Analyzer {
 public:
  Analyzer(std::string_view program, const Scope& scope, Arena& arena) : program_(program), resolver_(scope, arena) {}

  Analysis run(const Statement& statement) {
    out_.statement_class = statement.statement_class;
    out_.temporary = statement.temporary;
    out_.or_replace = statement.or_replace;
    out_.if_not_exists = statement.if_exists;
    out_.returns_rows = statement.has_returning;
    for (const Identifier& column : statement.columns) out_.target_columns.emplace_back(column.text);
    dispatch(statement);
    finish();
    return std::move(out_);
  }

 private:
  void dispatch(const Statement& statement) {
    switch (statement.statement_class) {
      case StatementClass::kEmpty:
        return;
      case StatementClass::kQuery:
        return run_query(statement);
      case StatementClass::kInsert:
      case StatementClass::kUpdate:
      case StatementClass::kDelete:
      case StatementClass::kMerge:
        return run_dml(statement);
      case StatementClass::kTruncate:
        return write_targets(statement, object_kind::kTable);
      case StatementClass::kCreateTable:
      case StatementClass::kCreateTableAs:
      case StatementClass::kCreateView:
        return run_create(statement);
      case StatementClass::kCreateSchema:
        return write_schemas(statement);
      case StatementClass::kCreateOther:
        return run_create_other(statement);
      case StatementClass::kDrop:
        return run_drop(statement);
      case StatementClass::kAlter:
        return run_alter(statement);
      case StatementClass::kCopyTo:
      case StatementClass::kCopyFrom:
        return run_copy(statement);
      case StatementClass::kUse:
        return run_use(statement);
      case StatementClass::kExplain:
        return run_explain(statement);
      case StatementClass::kDescribe:
        out_.returns_rows = true;
        out_.query = statement.query->span;
        (void)resolver_.query(*statement.query, nullptr, nullptr);
        return;
      default:
        return run_session(statement);
    }
  }

  void run_query(const Statement& statement) {
    out_.returns_rows = true;
    take_query(*statement.query, nullptr);
  }

  void take_query(const Query& query, const CommonTableEntry* common) {
    out_.query = query.span;
    ResolvedColumns shape = resolver_.query(query, nullptr, common);
    if (!shape.known) return;
    std::vector<ColumnLineage>& columns = out_.columns.emplace();
    columns.reserve(shape.columns.size());
    for (const ResolvedColumn& column : shape.columns) columns.push_back(resolver_.publish(column));
  }

  void run_dml(const Statement& statement) {
    const CommonTableEntry* common = nullptr;
    if (statement.with != nullptr) common = resolver_.with(*statement.with, nullptr, nullptr);
    const QualifiedName& target = statement.targets.front();
    std::string table = canonical_table(target, resolver_.space());
    bool reads_itself = statement.statement_class != StatementClass::kInsert || statement.reads_target;
    if (reads_itself) resolver_.read(object_kind::kTable, table);
    set_target(object_kind::kTable, table);
    resolver_.write(object_kind::kTable, std::move(table));
    if (statement.query != nullptr) take_query(*statement.query, common);
    Frame frame;
    frame.common = common;
    resolver_.add_table(target, statement.target_alias, frame);
    for (const TableRef* source : statement.from) resolver_.from(*source, frame);
    for (const Assignment& assignment : statement.assignments) resolver_.visit(assignment.value, frame);
    for (const Node* node : statement.expressions) resolver_.visit(node, frame);
    if (statement.has_returning) (void)resolver_.items(statement.returning, frame);
  }

  void run_create(const Statement& statement) {
    std::string table = canonical_table(statement.targets.front(), resolver_.space());
    set_target(object_kind::kTable, table);
    // IF NOT EXISTS looks first whether the table is there.
    resolver_.write(object_kind::kTable, std::move(table));
    for (const QualifiedName& name : statement.references) {
      resolver_.read(object_kind::kTable, canonical_table(name, resolver_.space()));
    }
    Frame nothing;
    for (const Node* node : statement.expressions) resolver_.visit(node, nothing);
    if (statement.query != nullptr) take_query(*statement.query, nullptr);
  }

  void run_create_other(const Statement& statement) {
    switch (statement.object) {
      case ObjectClass::kSequence:
        return write_targets(statement, "sequence");
      case ObjectClass::kIndex: {
        write_targets(statement, object_kind::kTable);
        Frame frame;
        resolver_.add_table(statement.targets.front(), {}, frame);
        for (const Node* node : statement.expressions) resolver_.visit(node, frame);
        return;
      }
      default:
        resolver_.barrier("CREATE changes what later names mean", statement.span);
    }
  }

  void run_drop(const Statement& statement) {
    switch (statement.object) {
      case ObjectClass::kTable:
      case ObjectClass::kView:
        return write_targets(statement, object_kind::kTable);
      case ObjectClass::kSchema:
        return write_schemas(statement);
      case ObjectClass::kSequence:
        return write_targets(statement, "sequence");
      default:
        resolver_.barrier("DROP changes what later names mean", statement.span);
    }
  }

  void run_alter(const Statement& statement) {
    if (statement.targets.empty()) return resolver_.barrier("ALTER changes what later names mean", statement.span);
    write_targets(statement, object_kind::kTable);
    const QualifiedName& old_name = statement.targets.front();
    resolver_.read(object_kind::kTable, canonical_table(old_name, resolver_.space()));
    for (const QualifiedName& name : statement.references) {
      resolver_.read(object_kind::kTable, canonical_table(name, resolver_.space()));
    }
    if (statement.new_name.parts.empty()) return;
    std::string renamed = canonical_table(statement.new_name, resolver_.space());
    if (statement.new_name.parts.size() == 1) {
      // The table stays in its schema.
      std::string table = canonical_table(old_name, resolver_.space());
      renamed = table.substr(0, table.rfind('.') + 1) + to_lower(statement.new_name.parts.front().text);
    }
    resolver_.write(object_kind::kTable, std::move(renamed));
  }

  void run_copy(const Statement& statement) {
    if (statement.from_database) {
      resolver_.read(object_kind::kDatabase, to_lower(statement.targets[0].parts.front().text));
      resolver_.write(object_kind::kDatabase, to_lower(statement.targets[1].parts.front().text));
      resolver_.barrier("COPY FROM DATABASE touches whole databases", statement.span);
      return;
    }
    bool to = statement.statement_class == StatementClass::kCopyTo;
    std::string file = canonical_file(statement.file);
    if (statement.query != nullptr) take_query(*statement.query, nullptr);
    if (!statement.targets.empty()) {
      std::string table = canonical_table(statement.targets.front(), resolver_.space());
      if (!to) set_target(object_kind::kTable, table);
      if (to) {
        resolver_.read(object_kind::kTable, std::move(table));
      } else {
        resolver_.write(object_kind::kTable, std::move(table));
      }
    }
    if (to) {
      set_target(object_kind::kFile, file);
      resolver_.write(object_kind::kFile, std::move(file));
    } else {
      resolver_.read(object_kind::kFile, std::move(file));
    }
  }

  void run_use(const Statement& statement) {
    const QualifiedName& name = statement.targets.front();
    std::string use = to_lower(name.parts.front().text);
    for (size_t i = 1; i < name.parts.size(); ++i) use = fmt::format("{}.{}", use, to_lower(name.parts[i].text));
    out_.use = std::move(use);
    resolver_.barrier("USE changes what names mean", statement.span);
  }

  void run_explain(const Statement& statement) {
    dispatch(*statement.inner);
    out_.statement_class = StatementClass::kExplain;
    out_.returns_rows = true;
    out_.query = statement.inner->span;
    out_.columns.reset();
    if (statement.executes) return;
    out_.target.reset();
    std::vector<ObjectRef>& writes = resolver_.writes();
    std::ranges::move(writes, std::back_inserter(resolver_.reads()));
    writes.clear();
  }

  void run_session(const Statement& statement) {
    std::string first = to_lower(text_of(program_, statement.span));
    first = first.substr(0, first.find_first_of(" \t\r\n;("));
    std::ranges::transform(first, first.begin(),
                           [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    std::string_view reason = "may touch anything";
    switch (statement.statement_class) {
      case StatementClass::kBegin:
      case StatementClass::kCommit:
      case StatementClass::kRollback:
        reason = "is about the statements around it";
        break;
      case StatementClass::kSet:
        reason = "changes the session";
        break;
      case StatementClass::kAttach:
      case StatementClass::kDetach:
        reason = "changes what names mean";
        break;
      default:
        break;
    }
    out_.returns_rows = first == "CALL" || first == "PRAGMA" || first == "EXECUTE";
    resolver_.barrier(fmt::format("{} {}", first, reason), statement.span);
  }

  void write_targets(const Statement& statement, std::string_view kind) {
    for (const QualifiedName& name : statement.targets) {
      std::string canonical = canonical_table(name, resolver_.space());
      if (statement.targets.size() == 1) set_target(kind, canonical);
      resolver_.write(kind, std::move(canonical));
    }
  }

  void write_schemas(const Statement& statement) {
    for (const QualifiedName& name : statement.targets) {
      std::string canonical = canonical_schema(name, resolver_.space());
      if (statement.targets.size() == 1) set_target(object_kind::kSchema, canonical);
      resolver_.write(object_kind::kSchema, std::move(canonical));
    }
  }

  void set_target(std::string_view kind, const std::string& name) {
    out_.target = ObjectRef{std::string(kind), name, 0};
  }

  void finish() {
    out_.access.reads = std::move(resolver_.reads());
    out_.access.writes = std::move(resolver_.writes());
    sort_unique(out_.access.reads);
    sort_unique(out_.access.writes);
    out_.calls = std::move(resolver_.calls());
    sort_unique(out_.calls);
    if (const auto& barrier = resolver_.barrier_reason()) out_.access.barrier = barrier->reason;
  }

  std::string_view program_;
  Resolver resolver_;
  Analysis out_;
};

// What can be said of a statement that was not parsed: whether rows are to be expected.
Analysis unknown_statement(std::string_view program, Span statement, const Error& error) {
  Analysis out;
  out.unknown = Unknown{fmt::format("not understood: {}", error.message), error.span.value_or(statement)};
  out.access.barrier = out.unknown->reason;
  Lexer lexer(program, statement, Lexing::kStandard);
  Token first = lexer.next();
  while (first.is(Symbol::kLeftParen)) first = lexer.next();
  switch (first.keyword) {
    case Keyword::kSELECT:
    case Keyword::kFROM:
    case Keyword::kWITH:
    case Keyword::kVALUES:
    case Keyword::kTABLE:
    case Keyword::kPIVOT:
    case Keyword::kUNPIVOT:
    case Keyword::kEXPLAIN:
    case Keyword::kDESCRIBE:
    case Keyword::kSUMMARIZE:
    case Keyword::kSHOW:
      out.returns_rows = true;
      break;
    default:
      break;
  }
  return out;
}

}  // namespace

std::string_view to_string(StatementClass statement_class) { return kClassNames[static_cast<size_t>(statement_class)]; }

Analysis analyze(std::string_view program, Span statement, const Scope& scope) {
  Arena arena;
  auto parsed = parse_statement(program, statement, arena);
  if (!parsed) return unknown_statement(program, statement, parsed.error());
  return Analyzer(program, scope, arena).run(**parsed);
}

Analysis analyze(std::string_view statement, const Scope& scope) {
  return analyze(statement, Span{0, static_cast<uint32_t>(std::min(statement.size(), kMaxProgramBytes))}, scope);
}

}  // namespace sinan::sql
