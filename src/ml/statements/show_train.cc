#include "ml/statements/show_train.h"

#include "arrow/builder.h"
#include "ml/planned_model.h"
#include "ml/statements/model_step.h"
#include "sql/clause.h"

namespace sinan::ml {
namespace {

struct Request final : flow::Parsed {
  sql::Name model;
};

Result<flow::Outcome> show(const sql::Name& name, flow::RunContext& context) {
  const catalog::ObjectVersion object = TRY(context.catalog().object(model_ref(name.text)));
  arrow::BatchBuilder rows({{"Model", arrow::string_type()}, {"Train Statement", arrow::string_type()}});
  rows.column(0).append(std::string_view(name.text));
  rows.column(1).append(object.payload.at("statement").string_view());
  flow::Outcome outcome;
  outcome.tables.push_back({"", rows.finish()});
  return outcome;
}

}  // namespace

flow::Help ShowTrain::help() const {
  return {.summary = "The statement that trained a model.",
          .synopsis = "SHOW TRAIN model[:version]",
          .details = "Answers (Model, Train Statement). DESCRIBE MODEL tells more.",
          .example = "SHOW TRAIN flights.late"};
}

Result<std::unique_ptr<flow::Parsed>> ShowTrain::parse(const flow::Statement&, sql::Tokens& tokens) const {
  auto request = std::make_unique<Request>();
  request->model = TRY(sql::parse_show_train(tokens)).model;
  return request;
}

Result<std::unique_ptr<flow::Step>> ShowTrain::check(const flow::Parsed& parsed, flow::CheckContext& context) const {
  const sql::Name name = static_cast<const Request&>(parsed).model;
  const ModelSignature signature = TRY(find_signature(name, context));
  return std::make_unique<ModelStep>(Access{signature.reads(), {}, {}},
                                     [name](flow::RunContext& run) { return show(name, run); });
}

}  // namespace sinan::ml
