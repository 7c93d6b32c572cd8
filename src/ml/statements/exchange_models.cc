#include "ml/statements/exchange_models.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "ml/attributes.h"
#include "ml/exchange/export_model.h"
#include "ml/exchange/foreign_model.h"
#include "ml/exchange/model_files.h"
#include "ml/exchange/onnx_export.h"
#include "ml/exchange/pmml_export.h"
#include "ml/exchange/sql_export.h"
#include "ml/model_object.h"
#include "ml/planned_model.h"
#include "ml/statements/model_step.h"
#include "ml/statements/train_check.h"
#include "sql/clause.h"

namespace sinan::ml {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMostFileBytes = uint64_t{1} << 30;

const std::vector<std::string> kFormats = {"native", "onnx", "sql", "pmml"};

constexpr AttributeSpec kExportSpecs[] = {{.name = "table",
                                           .type = AttributeType::kString,
                                           .default_text = "input",
                                           .doc = "where the SQL's rows come from"}};

constexpr AttributeSpec kImportSpecs[] = {
    {.name = "columns", .type = AttributeType::kStringList, .doc = "names of the features, in the file's order"},
    {.name = "label_col", .type = AttributeType::kString, .default_text = "label", .doc = "name of what is predicted"},
    {.name = "classes", .type = AttributeType::kStringList, .doc = "names of the classes, in the file's order"}};

struct Export final : flow::Parsed {
  sql::Name model;
  sql::Name folder;
  std::string format = "native";
  bool overwrite = false;
  std::vector<sql::Attribute> attributes;
};

struct Import final : flow::Parsed {
  sql::Name model;
  sql::Name path;
  std::vector<sql::Attribute> attributes;
};

// A folder that an earlier statement of the program will have written: nothing is known of it before.
struct PlannedFolder final : flow::PlannedObject {};

ObjectRef file_ref(std::string_view path) {
  return {std::string(object_kind::kFile), fs::path(path).lexically_normal().generic_string(), 0};
}

// Whether an earlier statement of the program writes the folder, or one that the path lies in.
bool is_planned(std::string_view path, const flow::CheckContext& context) {
  for (fs::path part = fs::path(file_ref(path).name); !part.empty(); part = part.parent_path()) {
    if (context.planned(file_ref(part.generic_string())) != nullptr) return true;
    if (part == part.parent_path()) break;
  }
  return false;
}

Status check_path(const sql::Name& path) {
  if (!path.text.empty()) return {};
  return fail(Code::kProgram, "the path is empty").at(path.span);
}

// --- export ---

Result<std::vector<ExportedFile>> native_files(const ModelPackage& package) {
  const std::string bytes(reinterpret_cast<const char*>(package.native.data()), package.native.size());
  return std::vector<ExportedFile>{{package.native_name, bytes}, {"model.json", model_manifest(package)}};
}

Result<std::vector<ExportedFile>> files_of(const std::string& name, const ModelPackage& package,
                                           const std::string& format, const std::string& table) {
  if (format == "native") return native_files(package);
  const ExportModel model = TRY(make_export_model(name, package));
  if (format == "onnx") return export_onnx(model);
  if (format == "sql") return export_sql(model, table);
  return export_pmml(model);
}

struct ExportRequest {
  sql::Name model;
  std::string folder;
  Span folder_place;
  std::string format;
  std::string table;
  bool overwrite = false;
};

Result<flow::Outcome> export_model(const ExportRequest& request, flow::RunContext& context) {
  const auto object = TRY(context.catalog().object(model_ref(request.model.text)));
  const auto model = TRY(open_model(request.model.text, context));
  const std::string name = fmt::format("{}:{}", object.ref.name, object.ref.version);
  context.progress().stage("writing");
  auto files = files_of(name, model->package(), request.format, request.table);
  if (!files) return fail(std::move(files).error()).at(request.model.span).within("exporting " + name);
  const fs::path folder = context.project_folder() / request.folder;
  if (auto status = write_files(folder, *files, request.overwrite, context.files()); !status)
    return fail(std::move(status).error()).at(request.folder_place);
  flow::Outcome outcome;
  std::vector<std::string> names;
  uint64_t bytes = 0;
  for (const ExportedFile& file : *files) {
    names.push_back(file.name);
    bytes += file.bytes.size();
  }
  outcome.messages.push_back(
      fmt::format("Wrote {} to {}: {} ({}).", name, request.folder, join(names, ", "), human_bytes(bytes)));
  outcome.lineage.push_back({{object.ref, ""}, {file_ref(request.folder), ""}, "export"});
  return outcome;
}

// --- import ---

struct ImportRequest {
  sql::Name model;
  std::string path;
  Span path_place;
  Span attributes_place;
  ForeignNames names;
  bool has_names = false;
  std::string statement;
};

// A package of ours, or the file of another program.
Result<ModelPackage> read_model(const ImportRequest& request, const fs::path& project, io::FileSystem& files) {
  const fs::path path = project / request.path;
  TRY(check_source(path));
  if (fs::is_directory(path)) {
    if (request.has_names)
      return fail(Code::kArgument, "names are given for a package, which has its own", "leave WITH out");
    return load(path, files);
  }
  const std::string text = TRY(files.read_file(path, kMostFileBytes));
  const std::span bytes(reinterpret_cast<const std::byte*>(text.data()), text.size());
  ModelPackage package = TRY(make_package(TRY(inspect_foreign(bytes)), request.names, bytes));
  package.statement = request.statement;
  return package;
}

Error placed(Error error, const ImportRequest& request) {
  const bool about_names = error.code == Code::kArgument;
  return std::move(error)
      .at(about_names ? request.attributes_place : request.path_place)
      .within("importing " + request.path);
}

// Importance as TO TRAIN has it: the share of the gain of all splits.
void add_importance(const Model& model, ModelPackage& package) {
  if (model.explainer() == nullptr || !package.importance.empty()) return;
  double total = 0;
  for (const FeatureUse& use : model.explainer()->feature_use()) {
    package.importance.push_back(use.gain);
    total += package.importance.back();
  }
  if (!(total > 0) || package.importance.size() != package.plan.schema().size()) {
    package.importance.clear();
    return;
  }
  for (double& share : package.importance) share /= total;
}

Result<flow::Outcome> import_model(const ImportRequest& request, flow::RunContext& context) {
  context.progress().stage("reading");
  auto read = read_model(request, context.project_folder(), context.files());
  if (!read) return std::unexpected(placed(std::move(read).error(), request));
  // A model that cannot be opened must not be committed.
  auto model = Model::make(*read);
  if (!model) return std::unexpected(placed(std::move(model).error(), request));
  ModelPackage& package = *read;
  add_importance(**model, package);
  TRY(save(package, TRY(context.staging()), context.files()));
  const ObjectRef ref = model_ref(request.model.text);
  flow::Outcome outcome;
  const size_t features = package.plan.schema().size();
  outcome.messages.push_back(fmt::format("Imported {} from {}: {} ({}), {} feature{}, label {}.", ref.name,
                                         request.path, package.estimator, package.objective, features,
                                         features == 1 ? "" : "s",
                                         package.label.column.empty() ? "none" : package.label.column));
  outcome.objects.push_back({ref, context.staging_relative(), model_payload(package, 0)});
  outcome.lineage.push_back({{file_ref(request.path), ""}, {ref, ""}, "import"});
  return outcome;
}

ModelSignature signature_of(const ObjectRef& ref, const ModelPackage& package) {
  ModelSignature signature;
  signature.ref = ref;
  signature.inputs = package.plan.inputs();
  signature.label = package.label.column;
  if (package.label.kind != LabelMap::Kind::kNone) signature.label_type = package.label.type;
  signature.task = package.task;
  return signature;
}

}  // namespace

flow::Help ExportModelStatement::help() const {
  return {
      .summary = "Write a model into a folder, for another project or another system.",
      .synopsis =
          "EXPORT MODEL model[:version] TO 'folder' [FORMAT native|onnx|sql|pmml] [OVERWRITE] [WITH table='name']",
      .details =
          "native: the model's package, which IMPORT MODEL reads. onnx: for ONNX Runtime. sql: one SELECT, for DuckDB "
          "and\nPostgreSQL; its rows come from WITH table. pmml: PMML 4.4. The last three hold tree models; "
          "export.json beside\nthem tells the inputs and outputs. A folder with content is left alone unless "
          "OVERWRITE is given, which replaces\nthe files of the same names.",
      .example = "EXPORT MODEL flights.late@prod TO 'late_onnx' FORMAT onnx"};
}

Result<std::unique_ptr<flow::Parsed>> ExportModelStatement::parse(const flow::Statement&, sql::Tokens& tokens) const {
  auto out = std::make_unique<Export>();
  TRY(tokens.expect_phrase(phrase()));
  out->model = TRY(tokens.expect_name_or_string("a model name"));
  TRY(tokens.expect_word("TO"));
  out->folder = TRY(tokens.expect_string("a folder"));
  if (tokens.accept_word("FORMAT")) {
    const sql::Name format = TRY(tokens.expect_name_or_string("a format"));
    out->format = to_lower(format.text);
    if (std::ranges::find(kFormats, out->format) == kFormats.end()) {
      const std::string near = did_you_mean(format.text, kFormats);
      return fail(Code::kProgram, fmt::format("unknown format: \"{}\"", format.text),
                  near.empty() ? "there are native, onnx, sql and pmml" : near)
          .at(format.span);
    }
  }
  out->overwrite = tokens.accept_word("OVERWRITE");
  if (tokens.at_word("WITH")) out->attributes = TRY(sql::parse_attributes(tokens));
  TRY(tokens.expect_end({"FORMAT", "OVERWRITE", "WITH"}));
  return out;
}

Result<std::unique_ptr<flow::Step>> ExportModelStatement::check(const flow::Parsed& parsed,
                                                                flow::CheckContext& context) const {
  const auto& statement = static_cast<const Export&>(parsed);
  const ModelSignature signature = TRY(find_signature(statement.model, context));
  TRY(check_path(statement.folder));
  const AttributeValues attributes = TRY(check_attributes(statement.attributes, kExportSpecs, "EXPORT MODEL"));
  if (attributes.given("table") && statement.format != "sql") {
    return fail(Code::kProgram, fmt::format("FORMAT {} has no table", statement.format), "leave it out")
        .at(*attributes.span("table"));
  }
  const ObjectRef folder = file_ref(statement.folder.text);
  if (context.planned(folder) == nullptr) {
    if (auto status = check_target(context.project_folder() / statement.folder.text, statement.overwrite); !status)
      return fail(std::move(status).error()).at(statement.folder.span);
  }
  context.will_create(folder, std::make_shared<PlannedFolder>());
  ExportRequest request{statement.model,  statement.folder.text,      statement.folder.span,
                        statement.format, attributes.string("table"), statement.overwrite};
  return std::make_unique<ModelStep>(
      Access{signature.reads(), {folder}, {}},
      [request = std::move(request)](flow::RunContext& run) { return export_model(request, run); });
}

flow::Help ImportModelStatement::help() const {
  return {
      .summary = "Bring a model of another project or program into this one.",
      .synopsis = "IMPORT MODEL model FROM 'path' [WITH columns=[\"..\", ..], label_col=\"..\", classes=[\"..\", ..]]",
      .details =
          "The path is a file of XGBoost (JSON, UBJSON), LightGBM (text) or ONNX (trees), or a folder that EXPORT "
          "MODEL "
          "wrote\nwith FORMAT native. Names of features and categories are the file's; WITH names what it has no "
          "names for. The\nmodel is a new version of its name.",
      .example = "IMPORT MODEL flights.late FROM 'late.json' WITH label_col=\"late\""};
}

Result<std::unique_ptr<flow::Parsed>> ImportModelStatement::parse(const flow::Statement&, sql::Tokens& tokens) const {
  auto out = std::make_unique<Import>();
  TRY(tokens.expect_phrase(phrase()));
  out->model = TRY(tokens.expect_name_or_string("a model name"));
  TRY(tokens.expect_word("FROM"));
  out->path = TRY(tokens.expect_string("a file or folder"));
  if (tokens.at_word("WITH")) out->attributes = TRY(sql::parse_attributes(tokens));
  TRY(tokens.expect_end({"WITH"}));
  return out;
}

Result<std::unique_ptr<flow::Step>> ImportModelStatement::check(const flow::Parsed& parsed,
                                                                flow::CheckContext& context) const {
  const auto& statement = static_cast<const Import&>(parsed);
  TRY(check_model_name(statement.model));
  TRY(check_path(statement.path));
  const AttributeValues attributes = TRY(check_attributes(statement.attributes, kImportSpecs, "IMPORT MODEL"));
  ImportRequest request;
  request.model = statement.model;
  request.path = statement.path.text;
  request.path_place = statement.path.span;
  request.attributes_place = statement.attributes.empty() ? statement.path.span : statement.attributes.front().span;
  request.has_names = !statement.attributes.empty();
  request.statement = std::string(context.statement().whole());
  if (attributes.given("columns")) request.names.columns = attributes.strings("columns");
  if (attributes.given("label_col")) request.names.label = attributes.string("label_col");
  if (attributes.given("classes")) request.names.classes = attributes.strings("classes");

  const ObjectRef file = file_ref(request.path);
  const ObjectRef model = model_ref(statement.model.text);
  ModelSignature signature;
  signature.ref = model;
  if (!is_planned(request.path, context)) {
    auto package = read_model(request, context.project_folder(), io::real_file_system());
    if (!package) return std::unexpected(placed(std::move(package).error(), request));
    signature = signature_of(model, *package);
  }
  context.will_create(model, std::make_shared<PlannedModel>(std::move(signature)));
  return std::make_unique<ModelStep>(
      Access{{file}, {model}, {}},
      [request = std::move(request)](flow::RunContext& run) { return import_model(request, run); });
}

}  // namespace sinan::ml
