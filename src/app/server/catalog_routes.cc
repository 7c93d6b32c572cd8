#include "app/server/catalog_routes.h"

#include <algorithm>

#include "base/strings.h"
#include "catalog/catalog.h"
#include "ml/model_object.h"
#include "ml/trial_tables.h"
#include "net/openapi.h"
#include "plot/svg.h"

namespace sinan::app {
namespace {

using catalog::Catalog;
using net::Method;
using net::Request;
using net::Response;

constexpr uint64_t kMostPictureBytes = uint64_t{64} << 20;

Json object_type() { return Json::object({{"type", "object"}}); }
Json nullable(std::string_view type) { return Json::object({{"type", Json::array({type, "null"})}}); }

Json strings_json(const std::vector<std::string>& texts) {
  Json::Array items;
  for (const std::string& text : texts) items.emplace_back(text);
  return items;
}

double seconds_of(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }

// Models

Json to_json(const catalog::ObjectVersion& version) {
  return Json::object({{"name", version.ref.name},
                       {"version", version.ref.version},
                       {"created", to_iso8601(version.created)},
                       {"run", version.run.value},
                       {"step", version.step + 1},
                       {"aliases", strings_json(version.aliases)},
                       {"comment", version.comment},
                       {"payload", version.payload}});
}

Json version_schema() {
  return net::object_schema({{"name", net::string_schema()},
                             {"version", net::integer_schema(1, UINT32_MAX)},
                             {"created", net::string_schema()},
                             {"run", net::string_schema("Of which run and step it is")},
                             {"step", net::integer_schema(1, UINT32_MAX)},
                             {"aliases", net::array_schema(net::string_schema())},
                             {"comment", net::string_schema()},
                             {"payload", object_type()}},
                            {"name", "version", "created", "run", "step", "aliases", "comment", "payload"});
}

// What a list shows of a model: the payload's features and inputs may be thousands.
Json summary_of(const catalog::ObjectVersion& newest, const std::vector<catalog::ObjectVersion>& versions) {
  const Json& payload = newest.payload;
  Json::Array aliases;
  for (const catalog::ObjectVersion& version : versions) {
    for (const std::string& alias : version.aliases)
      aliases.push_back(Json::object({{"alias", alias}, {"version", version.ref.version}}));
  }
  return Json::object({{"name", newest.ref.name},
                       {"version", newest.ref.version},
                       {"versions", static_cast<int64_t>(versions.size())},
                       {"created", to_iso8601(newest.created)},
                       {"estimator", payload.at("estimator")},
                       {"task", payload.at("task")},
                       {"label", payload.at("label").at("column")},
                       {"rows", payload.at("rows")},
                       {"metric", ml::metric_text(payload.at("metrics"))},
                       {"aliases", std::move(aliases)},
                       {"comment", newest.comment}});
}

Result<Response> list_models(const Catalog& catalog) {
  Json::Array models;
  for (const auto& newest : TRY(catalog.objects(object_kind::kModel)))
    models.push_back(summary_of(newest, TRY(catalog.versions({newest.ref.kind, newest.ref.name, 0}))));
  return Response::json(Json::object({{"models", std::move(models)}}));
}

ObjectRef model_ref(std::string_view name) { return {std::string(object_kind::kModel), to_lower(name), 0}; }

Result<Response> show_model(const Catalog& catalog, const Request& request) {
  const catalog::ObjectVersion newest = TRY(catalog.object(model_ref(request.path_parameter("name"))));
  Json::Array versions;
  for (const auto& version : TRY(catalog.versions({newest.ref.kind, newest.ref.name, 0})))
    versions.push_back(to_json(version));
  return Response::json(Json::object({{"name", newest.ref.name}, {"versions", std::move(versions)}}));
}

Response svg(std::string text) {
  Response response = Response::text(std::move(text), "image/svg+xml");
  // Opened by itself it is a page of this origin: nothing in it may run.
  response.headers.add("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox");
  return response;
}

Result<Response> model_chart(const Catalog& catalog, const Request& request) {
  const catalog::ObjectVersion model = TRY(catalog.object(model_ref(request.path_parameter("name"))));
  const std::string& wanted = request.path_parameter("chart");
  if (wanted == "importance") {
    if (const auto chart = ml::importance_chart(model.ref.name, model.payload)) return svg(plot::to_svg(*chart));
  } else if (wanted == "training") {
    if (const auto chart = ml::training_chart(model.ref.name, model.payload.at("metrics")))
      return svg(plot::to_svg(*chart));
  } else {
    for (const flow::Artefact& artefact : ml::trial_charts(model.payload.at("metrics"))) {
      if (artefact.name == wanted) return svg(plot::to_svg(artefact.chart));
    }
  }
  return fail(Code::kNotFound, "the model has no such chart: " + wanted, "importance, training, or one of its search");
}

void add_models(net::Router& router, const Catalog& catalog) {
  Json summary = net::object_schema({{"name", net::string_schema()},
                                     {"version", net::integer_schema(1, UINT32_MAX, "The newest")},
                                     {"versions", net::integer_schema(1, UINT32_MAX, "How many there are")},
                                     {"created", net::string_schema()},
                                     {"estimator", nullable("string")},
                                     {"task", nullable("string")},
                                     {"label", nullable("string")},
                                     {"rows", nullable("integer")},
                                     {"metric", net::string_schema("The one that decided the training")},
                                     {"aliases", net::array_schema(object_type())},
                                     {"comment", net::string_schema()}},
                                    {"name", "version", "versions", "created", "metric", "aliases", "comment"});
  router.add(
      {.method = Method::kGet,
       .path = "/v1/models",
       .access = net::kViewers,
       .handle = [&catalog](const Request&) { return list_models(catalog); },
       .is_slow = true,
       .doc = {.summary = "List models",
               .description = "The newest version of each, by name.",
               .tag = "catalog",
               .responses = {{200, "Models",
                              net::object_schema({{"models", net::array_schema(std::move(summary))}}, {"models"})}}}});
  router.add({.method = Method::kGet,
              .path = "/v1/models/{name}",
              .access = net::kViewers,
              .handle = [&catalog](const Request& request) { return show_model(catalog, request); },
              .is_slow = true,
              .doc = {.summary = "All versions of a model",
                      .description =
                          "The newest first. The payload is what DESCRIBE MODEL shows: features, attributes, metrics.",
                      .tag = "catalog",
                      .responses = {{200, "Versions",
                                     net::object_schema({{"name", net::string_schema()},
                                                         {"versions", net::array_schema(version_schema())}},
                                                        {"name", "versions"})}}}});
  router.add(
      {.method = Method::kGet,
       .path = "/v1/models/{name}/charts/{chart}",
       .access = net::kViewers,
       .handle = [&catalog](const Request& request) { return model_chart(catalog, request); },
       .is_slow = true,
       .doc = {.summary = "A chart of a model",
               .description = "importance, training, or one of its search. The name may end in :version or @alias.",
               .tag = "catalog",
               .responses = {{200, "SVG", net::string_schema(), "image/svg+xml"}}}});
}

// Runs

Json ref_json(const ObjectRef& ref) {
  return Json::object({{"kind", ref.kind}, {"name", ref.name}, {"version", ref.version}});
}

Json refs_json(const std::vector<ObjectRef>& refs) {
  Json::Array items;
  for (const ObjectRef& ref : refs) items.push_back(ref_json(ref));
  return items;
}

Json to_json(const catalog::StepRecord& step) {
  return Json::object({{"step", step.index + 1},
                       {"kind", step.kind},
                       {"statement", step.statement},
                       {"status", catalog::to_string(step.status)},
                       {"started", to_iso8601(step.started)},
                       {"seconds", seconds_of(step.duration)},
                       {"rows_read", step.rows_read},
                       {"rows_written", step.rows_written},
                       {"peak_memory_bytes", step.peak_memory_bytes},
                       {"error", step.error},
                       {"details", step.details},
                       {"reads", refs_json(step.access.reads)},
                       {"writes", refs_json(step.access.writes)},
                       {"barrier", step.access.barrier ? Json(*step.access.barrier) : Json()}});
}

Json to_json(const catalog::RunRecord& run) {
  return Json::object({{"id", run.id.value},
                       {"name", run.program_name},
                       {"started", to_iso8601(run.started)},
                       {"seconds", run.duration ? Json(seconds_of(*run.duration)) : Json()},
                       {"status", run.status}});
}

Json::Object run_members() {
  return {{"id", net::string_schema()},
          {"name", net::string_schema("Of the program")},
          {"started", net::string_schema()},
          {"seconds", nullable("number")},
          {"status", net::enum_schema({"running", "done", "failed", "cancelled", "killed"})}};
}

std::filesystem::path picture_folder(const flow::Project& project, const RunId& run) {
  return project.state_folder() / "runs" / run.value;
}

Result<Response> show_run(flow::Project& project, const Request& request) {
  const catalog::RunRecord run = TRY(project.catalog().run(request.path_parameter("id")));
  Json json = to_json(run);
  json.set("program", run.program);
  Json::Array steps, pictures;
  for (const catalog::StepRecord& step : run.steps) steps.push_back(to_json(step));
  // A run without pictures has no folder.
  if (auto files = project.files().list(picture_folder(project, run.id))) {
    std::ranges::sort(*files);
    for (const std::string& file : *files) {
      if (file.ends_with(".svg")) pictures.emplace_back(file);
    }
  }
  json.set("steps", std::move(steps));
  json.set("pictures", std::move(pictures));
  return Response::json(json);
}

Result<Response> show_picture(flow::Project& project, const Request& request) {
  const catalog::RunRecord run = TRY(project.catalog().run(request.path_parameter("id")));
  const std::string& file = request.path_parameter("file");
  const std::filesystem::path folder = picture_folder(project, run.id);
  // Only what the folder lists can be had: a name that leads elsewhere is not among them.
  const auto files = project.files().list(folder);
  if (!files || !file.ends_with(".svg") || std::ranges::find(*files, file) == files->end())
    return fail(Code::kNotFound, "the run has no such picture: " + file);
  return svg(TRY(project.files().read_file(folder / file, kMostPictureBytes)));
}

void add_runs(net::Router& router, flow::Project& project) {
  const std::vector<std::string> required = {"id", "name", "started", "seconds", "status"};
  net::RouteDoc listed = {
      .summary = "List runs",
      .description = "The latest first, of programs from wherever they were run.",
      .tag = "catalog",
      .responses = {
          {200, "Runs",
           net::object_schema({{"runs", net::array_schema(net::object_schema(run_members(), required))}}, {"runs"})}}};
  listed.parameters = {{.name = "limit", .description = "How many", .schema = net::integer_schema(1, 1000)}};
  router.add({.method = Method::kGet,
              .path = "/v1/runs",
              .access = net::kViewers,
              .handle = [&project](const Request& request) -> Result<Response> {
                Json::Array runs;
                const auto limit = static_cast<size_t>(TRY(request.integer("limit", 100, 1, 1000)));
                for (const catalog::RunRecord& run : TRY(project.catalog().runs(limit))) runs.push_back(to_json(run));
                return Response::json(Json::object({{"runs", std::move(runs)}}));
              },
              .is_slow = true,
              .doc = std::move(listed)});
  Json::Object members = run_members();
  members.emplace_back("program", net::string_schema("Its text"));
  members.emplace_back("steps", net::array_schema(object_type()));
  members.emplace_back("pictures", net::array_schema(net::string_schema()));
  router.add({.method = Method::kGet,
              .path = "/v1/runs/{id}",
              .access = net::kViewers,
              .handle = [&project](const Request& request) { return show_run(project, request); },
              .is_slow = true,
              .doc = {.summary = "A run with its steps",
                      .description = "What each step read and wrote, how long it took, what it said.",
                      .tag = "catalog",
                      .responses = {{200, "The run", net::object_schema(std::move(members), required)}}}});
  router.add({.method = Method::kGet,
              .path = "/v1/runs/{id}/pictures/{file}",
              .access = net::kViewers,
              .handle = [&project](const Request& request) { return show_picture(project, request); },
              .is_slow = true,
              .doc = {.summary = "A picture of a run",
                      .tag = "catalog",
                      .responses = {{200, "SVG", net::string_schema(), "image/svg+xml"}}}});
}

// Lineage and tables

Json node_json(const catalog::LineageNode& node) {
  Json json = ref_json(node.object);
  json.set("column", node.column);
  return json;
}

Result<Response> show_lineage(const Catalog& catalog, const Request& request) {
  const auto name = request.target.parameter("name");
  if (!name) return fail(Code::kArgument, "the query has no name", "?kind=model&name=zoo.m");
  const std::string kind(request.target.parameter("kind").value_or(object_kind::kTable));
  const std::string_view direction = request.target.parameter("direction").value_or("upstream");
  if (direction != "upstream" && direction != "downstream")
    return fail(Code::kArgument, "wrong value for direction: " + std::string(direction), "upstream or downstream");
  Json::Array edges;
  for (const catalog::LineageEdge& edge : TRY(catalog.lineage(
           {{kind, std::string(*name), 0}, {}},
           direction == "upstream" ? Catalog::Direction::kUpstream : Catalog::Direction::kDownstream))) {
    edges.push_back(Json::object({{"from", node_json(edge.from)}, {"to", node_json(edge.to)}, {"how", edge.how}}));
  }
  return Response::json(Json::object({{"edges", std::move(edges)}}));
}

void add_lineage(net::Router& router, const Catalog& catalog) {
  net::RouteDoc described = {
      .summary = "Where an object came from, or what was made of it",
      .description = "Edges between objects and columns, nearest first.",
      .tag = "catalog",
      .responses = {{200, "Edges", net::object_schema({{"edges", net::array_schema(object_type())}}, {"edges"})}}};
  described.parameters = {
      {.name = "kind",
       .description = "table, model, file, ...; table where it is not given",
       .schema = net::string_schema()},
      {.name = "name",
       .description = "\"main.flights\", \"zoo.m\"",
       .schema = net::string_schema(),
       .is_required = true},
      {.name = "direction", .description = "", .schema = net::enum_schema({"upstream", "downstream"})}};
  router.add({.method = Method::kGet,
              .path = "/v1/lineage",
              .access = net::kViewers,
              .handle = [&catalog](const Request& request) { return show_lineage(catalog, request); },
              .is_slow = true,
              .doc = std::move(described)});
}

Result<Response> list_tables(engine::Engine& engine) {
  Json::Array tables;
  for (const engine::TableInfo& table : TRY(engine.tables())) {
    if (table.name.schema.starts_with("__")) continue;  // Sinan's own
    Json::Array columns;
    for (const arrow::Field& field : table.columns)
      columns.push_back(Json::object({{"name", field.name}, {"type", field.type.to_string()}}));
    tables.push_back(Json::object({{"schema", table.name.schema},
                                   {"name", table.name.table},
                                   {"view", table.is_view},
                                   {"columns", std::move(columns)}}));
  }
  return Response::json(Json::object({{"tables", std::move(tables)}}));
}

void add_tables(net::Router& router, engine::Engine& engine) {
  Json table = net::object_schema(
      {{"schema", net::string_schema()},
       {"name", net::string_schema()},
       {"view", Json::object({{"type", "boolean"}})},
       {"columns", net::array_schema(net::object_schema(
                       {{"name", net::string_schema()}, {"type", net::string_schema()}}, {"name", "type"}))}},
      {"schema", "name", "view", "columns"});
  router.add(
      {.method = Method::kGet,
       .path = "/v1/tables",
       .access = net::kViewers,
       .handle = [&engine](const Request&) { return list_tables(engine); },
       .is_slow = true,
       .doc = {.summary = "Tables and views with their columns",
               .tag = "catalog",
               .responses = {{200, "Tables",
                              net::object_schema({{"tables", net::array_schema(std::move(table))}}, {"tables"})}}}});
}

}  // namespace

void add_catalog_routes(net::Router& router, flow::Project& project) {
  add_models(router, project.catalog());
  add_runs(router, project);
  add_lineage(router, project.catalog());
  add_tables(router, project.engine());
}

}  // namespace sinan::app
