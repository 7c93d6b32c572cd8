#include "ml/statements/model_query.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/strings.h"

namespace sinan::ml {

Result<ModelQuery> check_model_query(const sql::Name& model, flow::CheckContext& context) {
  const flow::Statement& statement = context.statement();
  ModelQuery out;
  out.query = std::string(statement.query());
  out.place = statement.text.standard;
  out.model = model.text;
  out.model_place = model.span;
  out.columns = TRY(context.describe(out.query, out.place));
  out.signature = TRY(find_signature(model, context));
  out.analysis = context.analysis(out.query, out.place);
  if (out.columns && !out.signature.inputs.empty()) {
    const auto bound = FeaturePlan({}, out.signature.inputs).bind(*out.columns);
    if (!bound.has_value()) {
      return fail(Error(bound.error()))
          .at(out.place)
          .within(fmt::format("while checking the features of {}", model.text));
    }
  }
  return out;
}

namespace {

// The engine's places are in the query's own text.
Failure in_program(Error error, const ModelQuery& query) {
  if (error.span) error.span = Span{error.span->begin + query.place.begin, error.span->end + query.place.begin};
  return fail(std::move(error)).at(query.place);
}

Status bind_columns(const ModelQuery& query, OpenModelQuery& open) {
  auto binding = open.model->package().plan.bind(*open.columns);
  if (!binding.has_value()) return fail(std::move(binding).error()).at(query.place);
  open.binding = *std::move(binding);
  return {};
}

}  // namespace

Result<OpenModelQuery> open_model_query(const ModelQuery& query, flow::RunContext& context) {
  OpenModelQuery out;
  out.model = TRY(open_model(query.model, context));
  out.rows = TRY(open_rows(query.query, query.place, context));
  out.columns = out.rows->schema();
  TRY(bind_columns(query, out));
  return out;
}

Result<OpenModelQuery> bind_model_query(const ModelQuery& query, flow::RunContext& context) {
  OpenModelQuery out;
  out.model = TRY(open_model(query.model, context));
  const auto session = TRY(context.connect());
  auto columns = session->describe(query.query);
  if (!columns.has_value()) return in_program(std::move(columns).error(), query);
  out.columns = std::make_shared<const arrow::Schema>(*std::move(columns));
  TRY(bind_columns(query, out));
  return out;
}

Access model_query_access(const ModelQuery& query, flow::CheckContext& context, std::vector<ObjectRef> writes) {
  Access access = context.analyze(query.query, query.place);
  for (ObjectRef& read : query.signature.reads()) access.reads.push_back(std::move(read));
  for (ObjectRef& write : writes) access.writes.push_back(std::move(write));
  return access;
}

void LineageBuilder::compute(const Model& model, std::string_view target_column) {
  edges_.read(query_.signature.ref, target_column);
  for (const arrow::Field& input : model.package().plan.inputs()) copy(input.name, target_column);
}

}  // namespace sinan::ml
