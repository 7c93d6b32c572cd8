#include "flow/statement_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "sql/mysql_dialect.h"

namespace sinan::flow {
Error placed(Error error, bool stands, Span place) {
  if (!error.span || !stands) {
    error.span = place;
  } else {
    error.span = Span{error.span->begin + place.begin, std::min(error.span->end + place.begin, place.end)};
    if (error.span->begin >= error.span->end) error.span->begin = error.span->end;
  }
  return error;
}

bool StatementCheck::stands_at(std::string_view query, Span place) const {
  return place.end <= statement_.program.size() && place.begin <= place.end &&
         statement_.program.substr(place.begin, place.end - place.begin) == query;
}

sql::Analysis StatementCheck::analysis(std::string_view query, Span place) {
  if (stands_at(query, place)) return checker_.analyze(statement_.program, place);
  sql::Analysis result = checker_.analyze(query, Span{0, static_cast<uint32_t>(query.size())});
  if (result.unknown) result.unknown->span = place;
  return result;
}

Access StatementCheck::analyze(std::string_view query, Span place) {
  return checker_.complete_access(analysis(query, place));
}

Result<std::optional<arrow::Schema>> StatementCheck::describe(std::string_view query, Span place) {
  const Access access = analyze(query, place);
  auto schema = checker_.describe(query);
  if (schema) {
    // A file that will be written again may have other columns then; a table of unknown columns may stand for nothing.
    if (checker_.touches(access.reads, checker_.unwritten_) || checker_.touches(access.reads, checker_.deferred_)) {
      return std::nullopt;
    }
    return std::move(*schema);
  }
  auto verdict = checker_.judge(std::move(schema).error(), access);
  if (verdict.deferred) return std::nullopt;
  follows_ = follows_ || verdict.follows;
  Error error = placed(std::move(*verdict.error), stands_at(query, place), place);
  checker_.improve(error, statement_, access);
  return fail(std::move(error));
}

Result<ObjectRef> StatementCheck::will_write_table(std::string_view name, const std::optional<arrow::Schema>& schema,
                                                   Span place) {
  return will_write(name, schema ? &*schema : nullptr, {}, place);
}

Result<ObjectRef> StatementCheck::will_write_query(std::string_view name, const arrow::Schema& schema,
                                                   std::string_view query, Span place) {
  return will_write(name, &schema, query, place);
}

Result<ObjectRef> StatementCheck::will_write(std::string_view name, const arrow::Schema* schema, std::string_view query,
                                             Span place) {
  const engine::Dialect& dialect = checker_.project_.engine().dialect();
  ObjectRef ref{std::string(object_kind::kTable), sql::canonical_table(name, checker_.world_), 0};
  std::vector<std::string> parts;
  for (const std::string_view part : split_on(name, '.')) parts.emplace_back(part);
  auto table = engine::TableName::from_parts(parts);
  if (!table) return fail(std::move(table).error()).at(place);
  if (checker_.world_.view_definition(ref.name)) {
    return fail(Code::kExists, fmt::format("a table cannot take the place of a view: \"{}\"", name),
                fmt::format("DROP VIEW {} before, or choose another name", name))
        .at(place);
  }
  Access access;
  access.writes.push_back(ref);
  const auto* source = checker_.written_source(access);
  if (source != nullptr) {
    if (auto refused = Checker::refusal(*source)) return fail(*std::move(refused)).at(place);
  }
  // In a data source nothing is made before the run.
  if (schema == nullptr || source != nullptr) {
    checker_.settle(access, true);
    return ref;
  }
  if (!table->schema.empty() && table->catalog.empty()) {
    if (auto status = checker_.apply(dialect.create_schema_if_missing(table->schema)); !status) {
      checker_.settle(access, true);
      return ref;
    }
  }
  if (!query.empty() && checker_.apply(dialect.create_table_as(*table, query, true, false))) {
    checker_.settle(access, false);
    return ref;
  }
  auto status = checker_.apply(dialect.create_table(*table, *schema, true));
  if (!status && (status.error().code == Code::kProgram || status.error().code == Code::kExists)) {
    Error error = std::move(status).error();
    error.span = place;
    return fail(std::move(error));
  }
  checker_.settle(access, !status);
  return ref;
}

void StatementCheck::will_create(const ObjectRef& ref, std::shared_ptr<const PlannedObject> object) {
  checker_.planned_[Checker::key_of(ref)] = std::move(object);
}

void StatementCheck::will_drop(const ObjectRef& ref) { checker_.planned_[Checker::key_of(ref)] = nullptr; }

std::string StatementCheck::column_hint(std::string_view column, const arrow::Schema& query) const {
  std::string hint = did_you_mean(column, query.names());
  if (hint.empty()) hint = fmt::format("the query has {}", join(query.names(), ", "));
  constexpr size_t kMost = 3;
  std::vector<std::string> owners = checker_.world_.tables_with_column(column);
  if (owners.size() > kMost) owners.resize(kMost);
  if (!owners.empty()) hint += fmt::format("; {} has a column of that name", join(owners, ", "));
  return hint;
}

void StatementCheck::warn(std::string message, Span place) {
  if (statement_.translation != nullptr) place = statement_.translation->original(place);
  checker_.diagnostics_.push_back({Error{Code::kProgram, std::move(message), {}, place, {}}, statement_.index, true});
}

}  // namespace sinan::flow
