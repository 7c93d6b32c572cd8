#include "flow/test/test_kinds.h"

#include <fmt/format.h>

#include "arrow/builder.h"
#include "base/strings.h"
#include "sql/clause.h"

namespace sinan::flow {
namespace {

struct ParsedClause final : Parsed {
  sql::Clause clause;
};
struct ParsedName final : Parsed {
  sql::Name name;
};

Result<std::unique_ptr<Parsed>> parse_name(std::string_view phrase, sql::Tokens& tokens) {
  auto parsed = std::make_unique<ParsedName>();
  TRY(tokens.expect_phrase(phrase));
  parsed->name = TRY(tokens.expect_name("a name"));
  TRY(tokens.expect_end());
  return parsed;
}

Result<std::unique_ptr<Parsed>> parse_whole_clause(sql::Tokens& tokens) {
  auto parsed = std::make_unique<ParsedClause>();
  parsed->clause = TRY(sql::parse_clause(tokens));
  return parsed;
}

ObjectRef model_ref(std::string_view name) { return {std::string(object_kind::kModel), to_lower(name), 0}; }

class FunctionStep final : public Step {
 public:
  FunctionStep(Access access, std::optional<Fingerprint> fingerprint, std::function<Result<Outcome>(RunContext&)> run,
               Budget budget = {1, 1, 0}, bool uses_seed = false)
      : access_(std::move(access)),
        fingerprint_(fingerprint),
        run_(std::move(run)),
        budget_(budget),
        uses_seed_(uses_seed) {}
  const Access& access() const override { return access_; }
  Budget budget() const override { return budget_; }
  std::optional<Fingerprint> fingerprint() const override { return fingerprint_; }
  bool uses_seed() const override { return uses_seed_; }
  Result<Outcome> run(RunContext& context) override { return run_(context); }

 private:
  Access access_;
  std::optional<Fingerprint> fingerprint_;
  std::function<Result<Outcome>(RunContext&)> run_;
  Budget budget_;
  bool uses_seed_;
};

// "rows sum" of a column of a query.
Result<std::string> summarise(engine::Session& session, std::string_view query, std::string_view column) {
  auto rows =
      TRY(session.query(fmt::format("SELECT count(*)::VARCHAR || ' ' || sum({})::VARCHAR FROM ({})", column, query)));
  auto batch = TRY(rows->next());
  return std::string(batch->column(0).string(0));
}

Result<catalog::NewObject> write_model(RunContext& context, const ObjectRef& ref, std::string_view text) {
  const auto folder = TRY(context.staging());
  auto file = TRY(context.files().create(folder / "model.txt"));
  TRY(file->write(text));
  TRY(file->close());
  return catalog::NewObject{ref, context.staging_relative(), Json::object({{"text", text}})};
}

}  // namespace

Result<std::unique_ptr<Parsed>> TrainKind::parse(const Statement&, sql::Tokens& tokens) const {
  return parse_whole_clause(tokens);
}

Result<std::unique_ptr<Step>> TrainKind::check(const Parsed& parsed, CheckContext& context) const {
  const auto& train = std::get<sql::Train>(static_cast<const ParsedClause&>(parsed).clause.body);
  const std::string query(context.statement().query());
  const auto schema = TRY(context.describe(query, context.statement().text.standard));
  if (schema && train.label && !schema->index_of(train.label->text)) {
    return fail(Code::kProgram, fmt::format("unknown label \"{}\"", train.label->text)).at(train.label->span);
  }
  Access access = context.analyze(query, context.statement().text.standard);
  const ObjectRef ref = model_ref(train.into.text);
  access.writes.push_back(ref);
  context.will_create(ref, std::make_shared<PlannedObject>());
  const std::string label = train.label ? train.label->text : "1";
  return std::make_unique<FunctionStep>(
      access, FingerprintBuilder().add("train").add(query).finish(),
      [query, ref, label](RunContext& run) -> Result<Outcome> {
        run.progress().stage("reading");
        const std::string text = TRY(summarise(run.session(), query, label));
        Outcome outcome;
        outcome.objects.push_back(TRY(write_model(run, ref, text)));
        return outcome;
      },
      Budget{1, 1, 0}, true);
}

Result<std::unique_ptr<Parsed>> EvaluateKind::parse(const Statement&, sql::Tokens& tokens) const {
  return parse_whole_clause(tokens);
}

Result<std::unique_ptr<Step>> EvaluateKind::check(const Parsed& parsed, CheckContext& context) const {
  const auto& evaluate = std::get<sql::Evaluate>(static_cast<const ParsedClause&>(parsed).clause.body);
  const std::string query(context.statement().query());
  TRY(context.describe(query, context.statement().text.standard));
  Access access = context.analyze(query, context.statement().text.standard);
  const ObjectRef ref = model_ref(evaluate.model.text);
  if (!context.planned(ref)) {
    auto known = context.catalog().object(ref);
    if (!known) return fail(std::move(known).error()).at(evaluate.model.span);
  }
  access.reads.push_back(ref);
  const arrow::Schema schema{{{"expected", arrow::string_type()}, {"actual", arrow::string_type()}}};
  access.writes.push_back(TRY(context.will_write_table(evaluate.into.text, schema, evaluate.into.span)));
  const std::string into = evaluate.into.text;
  const std::string label = evaluate.label ? evaluate.label->text : "";
  return std::make_unique<FunctionStep>(
      access, FingerprintBuilder().add("evaluate").add(query).finish(), [=](RunContext& run) -> Result<Outcome> {
        const auto model = TRY(run.catalog().object(ref));
        const std::string expected =
            TRY(run.files().read_file(run.project_folder() / ".sinan" / model.folder / "model.txt"));
        const std::string actual = TRY(summarise(run.session(), query, label));
        TRY(run.session().execute(fmt::format("CREATE OR REPLACE TABLE {} AS SELECT '{}' AS expected, '{}' AS actual",
                                              into, expected, actual)));
        return Outcome{};
      });
}

Result<std::unique_ptr<Parsed>> BuildKind::parse(const Statement&, sql::Tokens& tokens) const {
  return parse_name(phrase(), tokens);
}

Result<std::unique_ptr<Step>> BuildKind::check(const Parsed& parsed, CheckContext& context) const {
  const sql::Name name = static_cast<const ParsedName&>(parsed).name;
  Access access;
  access.writes.push_back(model_ref(name.text));
  access.writes.push_back(TRY(context.will_write_table(name.text, std::nullopt, name.span)));
  return std::make_unique<FunctionStep>(access, std::nullopt, [name](RunContext& run) -> Result<Outcome> {
    TRY(run.session().execute(fmt::format("CREATE OR REPLACE TABLE {} AS SELECT 'built' AS what", name.text)));
    Outcome outcome;
    outcome.objects.push_back(TRY(write_model(run, model_ref(name.text), "built")));
    return outcome;
  });
}

Result<std::unique_ptr<Parsed>> WaitKind::parse(const Statement&, sql::Tokens& tokens) const {
  return parse_name(phrase(), tokens);
}

Result<std::unique_ptr<Step>> WaitKind::check(const Parsed& parsed, CheckContext&) const {
  const std::string name = static_cast<const ParsedName&>(parsed).name.text;
  Access access;
  access.writes.push_back({"thing", name, 0});
  return std::make_unique<FunctionStep>(
      access, std::nullopt, [this, name](RunContext& run) { return on_run_(name, run); }, budget_);
}

void register_test_kinds(Registry& registry) { registry.statements<TrainKind, EvaluateKind, BuildKind>(); }

}  // namespace sinan::flow
