#include "experiment/api/routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "experiment/api/answers.h"
#include "experiment/api/body.h"
#include "experiment/api/change_recorder.h"
#include "experiment/api/edits.h"
#include "experiment/api/newest_configuration.h"
#include "experiment/statements/changes.h"
#include "experiment/statements/lookup.h"
#include "experiment/statements/stale.h"
#include "experiment/statements/stored_configuration.h"
#include "net/error_response.h"
#include "net/openapi.h"

namespace sinan::experiment {
namespace {

using net::Method;
using net::Request;
using net::Response;

constexpr std::string_view kTag = "Experiments";
constexpr int64_t kMostListed = 1000;
constexpr size_t kMostStatementBytes = 10'000;

struct Api {
  explicit Api(flow::Project& the_project)
      : project(the_project), newest(the_project.catalog()), recorder(the_project) {}
  flow::Project& project;
  NewestConfiguration newest;
  ChangeRecorder recorder;
};
using SharedApi = std::shared_ptr<Api>;

// --- what is described ---

Json any_object(std::string_view description = {}) {
  Json schema = Json::object({{"type", "object"}});
  if (!description.empty()) schema.set("description", description);
  return schema;
}
Json any_name_schema() {
  Json schema = net::string_schema();
  schema.set("minLength", 1);
  return schema;
}
// Of groups and attributes, and of what there is already.
Json name_schema(std::string_view description = {}) {
  Json schema = net::string_schema(description);
  schema.set("pattern", "^[A-Za-z_](-?[A-Za-z0-9_.])*-?$");
  schema.set("maxLength", kMaxNameBytes);
  return schema;
}
Json texts_schema() { return net::array_schema(net::string_schema()); }
Json closed(Json schema) {
  schema.set("additionalProperties", false);
  return schema;
}
Json or_null(Json schema) {
  return Json::object({{"anyOf", Json::array({std::move(schema), Json::object({{"type", "null"}})})}});
}

std::pair<std::string, Json> reason_property() { return {"reason", net::string_schema("Why: for the audit log")}; }
Json reason_schema() { return closed(net::object_schema({reason_property()})); }

Json group_schema() {
  return net::object_schema({{"name", net::string_schema()},
                             {"first", net::integer_schema(0, UINT32_MAX)},
                             {"last", net::integer_schema(0, UINT32_MAX)},
                             {"groups", net::array_schema(any_object("A part, in the same form"))}},
                            {"name", "first", "last"});
}

Json condition_schema() { return net::string_schema("A condition: city = 'Oslo' AND age >= 18"); }

using Properties = std::vector<std::pair<std::string, Json>>;

Properties parameter_properties() {
  return {{"default", Json::object({{"description", "The safe default, of the parameter's type"}})},
          {"values", or_null(net::array_schema(Json::object()))},
          {"rules", or_null(net::array_schema(net::object_schema(
                        {{"when", condition_schema()}, {"value", Json::object()}}, {"when", "value"})))},
          {"owner", or_null(net::string_schema())},
          {"description", or_null(net::string_schema())},
          reason_property()};
}

Properties experiment_properties() {
  Json percent = Json::object({{"type", "number"}, {"minimum", 0}, {"maximum", 100}});
  return {{"unit", texts_schema()},
          {"buckets", net::integer_schema(1, UINT32_MAX)},
          {"hash", net::string_schema()},
          {"salt", net::string_schema()},
          {"groups", net::array_schema(group_schema())},
          {"branches", net::array_schema(
                           net::object_schema({{"when", condition_schema()}, {"set", any_object()}}, {"when", "set"}))},
          {"rollout", percent},
          {"max_rollout", percent},
          {"schedule", or_null(net::array_schema(
                           net::object_schema({{"begin", net::string_schema()}, {"end", net::string_schema()}})))},
          {"owner", or_null(net::string_schema())},
          {"description", or_null(net::string_schema())},
          reason_property()};
}

Json body_schema(Properties properties, std::vector<std::pair<std::string, Json>> more = {},
                 std::vector<std::string> required = {}) {
  properties.insert(properties.begin(), more.begin(), more.end());
  return closed(net::object_schema(std::move(properties), std::move(required)));
}

Json changed_schema() {
  return net::object_schema({{"message", net::string_schema("What was done")},
                             {"warnings", texts_schema()},
                             {"version", net::integer_schema(0, UINT32_MAX, "Of the object; 0 when it was dropped")},
                             {"configuration_version", net::integer_schema(0, INT64_MAX)}},
                            {"message", "warnings", "version", "configuration_version"});
}

Json error_schema() { return Json::object({{"$ref", "#/components/schemas/Error"}}); }

net::ResponseDoc unfit_doc() {
  return {422,
          "It can be read, and cannot be done: a value or a condition that does not fit, an overlap, a wrong state",
          error_schema()};
}

// Of a route that changes something.
net::RouteDoc change_doc(std::string summary, std::string description, Json request_schema, int status = 200) {
  net::RouteDoc doc{.summary = std::move(summary),
                    .description = std::move(description),
                    .tag = std::string(kTag),
                    .request_schema = std::move(request_schema),
                    .responses = {{status, "It is done, and published", changed_schema()},
                                  {409, "There is one of this name", error_schema()},
                                  {412, "It has been changed since: If-Match names an older version", error_schema()},
                                  unfit_doc()}};
  doc.parameters = {{.name = "If-Match",
                     .description = "The ETag of what the change was made from",
                     .schema = Json::object({{"type", "string"}, {"pattern", R"re(^(\*|"[0-9]{1,9}"|[0-9]{1,9})$)re"}}),
                     .in_header = true}};
  return doc;
}

net::RouteDoc read_doc(std::string summary, std::string description, Json schema) {
  return {.summary = std::move(summary),
          .description = std::move(description),
          .tag = std::string(kTag),
          .responses = {{200, "The answer", std::move(schema)}}};
}

// --- reading ---

Result<std::optional<State>> wanted_state(const Request& request) {
  const auto text = request.target.parameter("state");
  if (!text) return std::nullopt;
  const auto state = state_named(*text);
  if (!state) {
    return fail(Code::kArgument, fmt::format("unknown state: \"{}\"", *text),
                "there is draft, running, paused and ended");
  }
  return state;
}

bool is_wanted(const Experiment& experiment, std::optional<State> state) {
  return !state || *state == experiment.state;
}
bool is_wanted(const Parameter&, std::optional<State>) { return true; }
bool is_wanted(const Segment&, std::optional<State>) { return true; }

// Objects by name, from behind `after` on, whose name contains `search`.
template <class Object>
Result<Response> list(Api& api, const Request& request, std::vector<Object> Configuration::* objects,
                      std::string_view key) {
  const auto view = TRY(api.newest.read());
  const auto limit = static_cast<size_t>(TRY(request.integer("limit", 100, 1, kMostListed)));
  const std::optional<State> state = TRY(wanted_state(request));
  const std::string_view search = request.target.parameter("search").value_or("");
  const std::string_view after = request.target.parameter("after").value_or("");
  Json items = Json::array();
  Json next;
  size_t total = 0;
  for (const Object& object : view->configuration().*objects) {
    if (!object.name.contains(search) || !is_wanted(object, state)) continue;
    ++total;
    if (object.name <= after) continue;
    if (items.items().size() == limit) {
      if (next.is_null()) next = items.items().back().at("name");
      continue;
    }
    items.push_back(listed(*view, object));
  }
  return Response::json(Json::object({{std::string(key), std::move(items)},
                                      {"next", std::move(next)},
                                      {"total", total},
                                      {"configuration_version", view->configuration().version}}));
}

template <class Object>
void add_list(net::Router& router, const SharedApi& api, std::vector<Object> Configuration::* objects,
              const std::string& key) {
  Json item =
      net::object_schema({{"name", net::string_schema()}, {"version", net::integer_schema(1, UINT32_MAX)}}, {"name"});
  net::RouteDoc doc =
      read_doc("List " + key, "By name, those whose name contains `search`; `next` is `after` of the next page.",
               net::object_schema({{key, net::array_schema(std::move(item))},
                                   {"next", or_null(net::string_schema())},
                                   {"total", net::integer_schema(0, INT64_MAX)},
                                   {"configuration_version", net::integer_schema(0, INT64_MAX)}},
                                  {key, "next", "total", "configuration_version"}));
  doc.parameters = {{.name = "search", .description = "A part of the name"},
                    {.name = "after", .description = "Names behind this one"},
                    {.name = "limit", .description = "How many", .schema = net::integer_schema(1, kMostListed)}};
  if (key == "experiments") {
    doc.parameters.push_back({.name = "state", .schema = net::enum_schema({"draft", "running", "paused", "ended"})});
  }
  router.add({.method = Method::kGet,
              .path = "/v1/" + key,
              .access = net::kViewers,
              .handle = [api, objects, key](const Request& request) { return list(*api, request, objects, key); },
              .is_slow = true,
              .doc = std::move(doc)});
}

// The answer with the object's version as its tag.
Response tagged(const ConfigurationView& view, const ObjectRef& ref, const Json& answer) {
  Response response = Response::json(answer);
  if (const auto* state = view.state(ref)) response.headers.set("ETag", fmt::format("\"{}\"", state->version));
  return response;
}

Result<Response> changes(Api& api, const Request& request) {
  const int64_t limit = TRY(request.integer("limit", 100, 1, kMostListed));
  const int64_t before = TRY(request.integer("before", INT64_MAX, 1, INT64_MAX));
  const std::string_view object = request.target.parameter("object").value_or("");
  Json list = Json::array();
  Json next;
  auto versions = api.project.catalog().versions(configuration_ref());
  if (!versions && versions.error().code != Code::kNotFound) return std::unexpected(std::move(versions).error());
  if (versions) {
    for (const auto& version : *versions) {
      if (version.ref.version >= before) continue;
      Json change = change_json(version, object);
      if (change.is_null()) continue;
      if (list.items().size() == static_cast<size_t>(limit)) {
        next = list.items().back().at("version");
        break;
      }
      list.push_back(std::move(change));
    }
  }
  return Response::json(Json::object({{"changes", std::move(list)}, {"next", std::move(next)}}));
}

// What is wrong with what a request means has a status of its own: the description cannot tell it from what is taken, since
// conditions are a language, and what fits depends on what there is.
Result<Response> with_status_of_meaning(Result<Response> response, const Request& request) {
  if (response || response.error().code != Code::kProgram) return response;
  return net::error_response(net::Refusal{422, response.error()}, request.id);
}

Result<Response> check(Api& api, const Request& request) {
  const Json body = TRY(read_body(request, {"name", "unit", "buckets", "hash", "salt", "groups", "branches", "rollout",
                                            "max_rollout", "schedule", "owner", "description"}));
  const auto view = TRY(api.newest.read());
  const Configuration& configuration = view->configuration();
  Experiment experiment = TRY(draft_from_json(TRY(text_member(body, "name")), body, configuration));
  return Response::json(check_json(TRY(check_experiment(configuration, std::move(experiment)))));
}

// --- changing ---

// `object` is what If-Match, ETag and the answer's version are of.
Result<Response> change(Api& api, const Request& request, const ObjectRef& object, std::vector<ObjectRef> changes,
                        Edit edit, int status = 200) {
  std::string statement = fmt::format("{} {} {}", request.method_name, request.target.path, request.body);
  if (statement.size() > kMostStatementBytes) statement.resize(kMostStatementBytes);
  const auto changed = TRY(api.recorder.run({.object = object,
                                             .changes = std::move(changes),
                                             .edit = std::move(edit),
                                             .who = request.principal.name,
                                             .statement = std::move(statement),
                                             .expected = TRY(expected_version(request))}));
  if (!changed) {
    const Error error{Code::kBusy,
                      "it has been changed since it was read: " + object.to_string(),
                      "read it again, and change what is there now",
                      std::nullopt,
                      {}};
    return net::error_response(net::Refusal{412, error}, request.id);
  }
  Json warnings = Json::array();
  for (const std::string& warning : changed->warnings) warnings.push_back(warning);
  Response response = Response::json(Json::object({{"message", changed->message},
                                                   {"warnings", std::move(warnings)},
                                                   {"version", changed->version},
                                                   {"configuration_version", changed->configuration_version}}),
                                     status);
  if (changed->version != 0) response.headers.set("ETag", fmt::format("\"{}\"", changed->version));
  if (status == 201) response.headers.set("Location", fmt::format("/v1/{}s/{}", object.kind, object.name));
  return response;
}

struct ChangeRoute {
  Method method = Method::kPost;
  std::string path;
  std::string_view kind;
  std::function<Result<Edit>(const Request&)> edit;
  net::RouteDoc doc;
  int status = 200;
};

void add_change(net::Router& router, const SharedApi& api, ChangeRoute route) {
  const bool has_body = !route.doc.request_schema.is_null();
  router.add({.method = route.method,
              .path = std::move(route.path),
              .access = net::kEditors,
              .handle = [api, kind = route.kind, edit = std::move(route.edit),
                         status = route.status](const Request& request) -> Result<Response> {
                Edit wanted = TRY(edit(request));
                const ObjectRef object{std::string(kind), wanted.object.text};
                return with_status_of_meaning(change(*api, request, object, {object}, std::move(wanted), status),
                                              request);
              },
              .is_slow = true,
              .body_limit = has_body ? kMostBodyBytes : 0,
              .doc = std::move(route.doc)});
}

using PlainChange = Result<std::string> (*)(const sql::Name&, Configuration&);

// DELETE of an object; the reason stands in the query, since the request has no body.
void add_drop(net::Router& router, const SharedApi& api, std::string_view kind, PlainChange drop) {
  net::RouteDoc doc = change_doc(
      fmt::format("Drop {}", kind == kExperimentKind ? "a draft" : "it"),
      kind == kExperimentKind ? "One that has run is ended instead." : "Refused while something uses it.", Json());
  doc.parameters.push_back({.name = "reason", .description = "Why: for the audit log"});
  add_change(router, api,
             {.method = Method::kDelete,
              .path = fmt::format("/v1/{}s/{{name}}", kind),
              .kind = kind,
              .edit = [drop](const Request& request) -> Result<Edit> {
                Edit edit = edit_of({request.path_parameter("name"), {}}, drop);
                edit.reason = std::string(request.target.parameter("reason").value_or(""));
                return edit;
              },
              .doc = std::move(doc)});
}

void add_transition(net::Router& router, const SharedApi& api, std::string_view word, PlainChange transition,
                    std::string summary) {
  net::RouteDoc doc = change_doc(std::move(summary), "", reason_schema());
  doc.is_request_required = false;
  add_change(router, api,
             {.path = fmt::format("/v1/experiments/{{name}}/{}", word),
              .kind = kExperimentKind,
              .edit = [transition](const Request& request) -> Result<Edit> {
                Edit edit = edit_of({request.path_parameter("name"), {}}, transition);
                edit.reason = TRY(text_member(TRY(read_body(request, {})), "reason"));
                return edit;
              },
              .doc = std::move(doc)});
}

Properties ending_properties() {
  return {{"ship", name_schema("A group")},
          {"to_audience",
           Json::object({{"type", "boolean"}, {"description", "Its values become rules where the experiment ran"}})}};
}
Json ending_schema(Properties members, std::vector<std::string> required = {}) {
  Json schema = closed(net::object_schema(std::move(members), std::move(required)));
  schema.set("dependentRequired", Json::object({{"to_audience", Json::array({"ship"})}}));
  return schema;
}

// END EXPERIMENTS: several in one version. What it is made from is the configuration, so that is what If-Match names.
void add_bulk_end(net::Router& router, const SharedApi& api) {
  Properties item = ending_properties();
  item.emplace(item.begin(), "name", name_schema());
  Json items = net::array_schema(ending_schema(std::move(item), {"name"}));
  items.set("minItems", 1);
  router.add(
      {.method = Method::kPost,
       .path = "/v1/experiments/end",
       .access = net::kEditors,
       .handle = [api](const Request& request) -> Result<Response> {
         BulkEdit bulk = TRY(end_experiments_edit(TRY(read_body(request, {"experiments"}))));
         std::vector<ObjectRef> changes;
         for (std::string& name : bulk.names) changes.push_back({std::string(kExperimentKind), std::move(name)});
         return with_status_of_meaning(
             change(*api, request, configuration_ref(), std::move(changes), std::move(bulk.edit)), request);
       },
       .is_slow = true,
       .body_limit = kMostBodyBytes,
       .doc = change_doc("End several experiments for good",
                         "END EXPERIMENTS: all of them in one version, or none. `version`, ETag and If-Match are "
                         "those of the configuration.",
                         body_schema({}, {{"experiments", std::move(items)}, reason_property()}, {"experiments"}))});
}

void add_parameters(net::Router& router, const SharedApi& api) {
  add_list(router, api, &Configuration::parameters, "parameters");
  router.add(
      {.method = Method::kGet,
       .path = "/v1/parameters/{name}",
       .access = net::kViewers,
       .handle = [api](const Request& request) -> Result<Response> {
         const auto view = TRY(api->newest.read());
         const Parameter& parameter = TRY(find_parameter(view->configuration(), {request.path_parameter("name"), {}}));
         return tagged(*view, {std::string(kParameterKind), parameter.name},
                       TRY(parameter_answer(*view, TRY(stored_usage(api->project.catalog())), parameter)));
       },
       .is_slow = true,
       .doc = read_doc("A parameter",
                       "With its experiments, how often services read it, what no experiment has taken, and rules that "
                       "nothing reaches.",
                       net::object_schema({{"parameter", any_object()},
                                           {"reads", or_null(any_object())},
                                           {"open", any_object()},
                                           {"dead", net::array_schema(any_object())},
                                           {"configuration_version", net::integer_schema(0, INT64_MAX)}},
                                          {"parameter", "reads", "open", "dead", "configuration_version"}))});
  add_change(router, api,
             {.path = "/v1/parameters",
              .kind = kParameterKind,
              .edit = [](const Request& request) -> Result<Edit> {
                return create_parameter_edit(
                    TRY(read_body(request, {"name", "type", "default", "values", "rules", "owner", "description"})));
              },
              .doc = change_doc("Declare a parameter", "CREATE PARAMETER",
                                body_schema(parameter_properties(),
                                            {{"name", any_name_schema()},
                                             {"type", net::enum_schema({"bool", "int", "double", "string", "json"})}},
                                            {"name", "type", "default"}),
                                201),
              .status = 201});
  add_change(
      router, api,
      {.method = Method::kPatch,
       .path = "/v1/parameters/{name}",
       .kind = kParameterKind,
       .edit = [](const Request& request) -> Result<Edit> {
         return alter_parameter_edit(request.path_parameter("name"),
                                     TRY(read_body(request, {"default", "values", "rules", "owner", "description"})));
       },
       .doc =
           change_doc("Change a parameter", "Members that are given replace those that are there; null takes one away.",
                      body_schema(parameter_properties()))});
  add_drop(router, api, kParameterKind, drop_parameter);
  net::RouteDoc explained = read_doc(
      "Explain a value", "The value that a context gets, and every decision on the way to it. Counts no access.",
      net::object_schema({{"key", net::string_schema()}, {"decisions", net::array_schema(any_object())}},
                         {"key", "decisions"}));
  explained.request_schema = net::object_schema({{"context", any_object("Attributes")},
                                                 {"time", net::string_schema("At which schedules are read")},
                                                 {"force", any_object("Experiment to group")}});
  explained.responses.push_back(unfit_doc());
  explained.is_request_required = false;
  router.add({.method = Method::kPost,
              .path = "/v1/parameters/{name}/explain",
              .access = net::kViewers,
              .handle = [api](const Request& request) -> Result<Response> {
                return Response::json(
                    TRY(explain_answer(*TRY(api->newest.read()), request.path_parameter("name"), request.body)));
              },
              .is_slow = true,
              .body_limit = kMostBodyBytes,
              .doc = std::move(explained)});
}

void add_experiments(net::Router& router, const SharedApi& api) {
  add_list(router, api, &Configuration::experiments, "experiments");
  router.add({.method = Method::kGet,
              .path = "/v1/experiments/{name}",
              .access = net::kViewers,
              .handle = [api](const Request& request) -> Result<Response> {
                const auto view = TRY(api->newest.read());
                const Experiment& experiment =
                    TRY(find_experiment(view->configuration(), {request.path_parameter("name"), {}}));
                return tagged(*view, {std::string(kExperimentKind), experiment.name},
                              TRY(experiment_answer(*view, experiment)));
              },
              .is_slow = true,
              .doc = read_doc("An experiment", "With the proof that it competes with no other.",
                              net::object_schema({{"experiment", any_object()},
                                                  {"check", or_null(any_object())},
                                                  {"configuration_version", net::integer_schema(0, INT64_MAX)}},
                                                 {"experiment", "check", "configuration_version"}))});
  add_change(router, api,
             {.path = "/v1/experiments",
              .kind = kExperimentKind,
              .edit = [](const Request& request) -> Result<Edit> {
                return create_experiment_edit(
                    TRY(read_body(request, {"name", "unit", "buckets", "hash", "salt", "groups", "branches", "rollout",
                                            "max_rollout", "schedule", "owner", "description"})));
              },
              .doc = change_doc("Define an experiment", "CREATE EXPERIMENT: it is a draft until it is started.",
                                body_schema(experiment_properties(), {{"name", any_name_schema()}},
                                            {"name", "unit", "groups", "branches"}),
                                201),
              .status = 201});
  add_change(
      router, api,
      {.method = Method::kPatch,
       .path = "/v1/experiments/{name}",
       .kind = kExperimentKind,
       .edit = [](const Request& request) -> Result<Edit> {
         return alter_experiment_edit(
             request.path_parameter("name"),
             TRY(read_body(request, {"unit", "buckets", "hash", "salt", "groups", "branches", "rollout", "max_rollout",
                                     "schedule", "owner", "description"})));
       },
       .doc = change_doc("Change an experiment",
                         "Members that are given replace those that are there; null takes one away. Unit, buckets, "
                         "hash, salt and groups change of a draft only.",
                         body_schema(experiment_properties()))});
  add_drop(router, api, kExperimentKind, drop_experiment);
  add_transition(router, api, "start", start_experiment, "Let a draft or paused experiment assign units");
  add_transition(router, api, "pause", pause_experiment, "Stop an experiment from assigning, for now");
  add_change(
      router, api,
      {.path = "/v1/experiments/{name}/end",
       .kind = kExperimentKind,
       .edit = [](const Request& request) -> Result<Edit> {
         return end_experiment_edit(request.path_parameter("name"), TRY(read_body(request, {"ship", "to_audience"})));
       },
       .doc =
           [] {
             Properties members = ending_properties();
             members.push_back(reason_property());
             net::RouteDoc doc =
                 change_doc("End an experiment for good, and ship the winner",
                            "The group's values become defaults, or rules for the audience, in the same version.",
                            ending_schema(std::move(members)));
             doc.is_request_required = false;
             return doc;
           }()});
  add_bulk_end(router, api);
  add_change(
      router, api,
      {.path = "/v1/experiments/{name}/split",
       .kind = kExperimentKind,
       .edit = [](const Request& request) -> Result<Edit> {
         return split_group_edit(request.path_parameter("name"), TRY(read_body(request, {"group", "into"})));
       },
       .doc = change_doc(
           "Split a group while the experiment runs", "Nobody changes value: the parts inherit.",
           body_schema({},
                       {{"group", any_name_schema()}, {"into", net::array_schema(group_schema())}, reason_property()},
                       {"group", "into"}))});
  net::RouteDoc checked = read_doc(
      "Check an experiment that is not stored",
      "As if it ran, over the stored experiment of that name where there is one: whether it competes with another.",
      net::object_schema({{"verdict", net::enum_schema({"DISJOINT", "OVERLAP", "UNKNOWN"})},
                          {"pairs", net::array_schema(any_object())},
                          {"dead", net::array_schema(any_object())},
                          {"open", net::array_schema(any_object())}},
                         {"verdict", "pairs", "dead", "open"}));
  checked.request_schema = body_schema(experiment_properties(), {{"name", any_name_schema()}}, {"name"});
  checked.responses.push_back(unfit_doc());
  router.add({.method = Method::kPost,
              .path = "/v1/experiments/check",
              .access = net::kViewers,
              .handle = [api](const Request& request) { return with_status_of_meaning(check(*api, request), request); },
              .is_slow = true,
              .body_limit = kMostBodyBytes,
              .doc = std::move(checked)});
}

void add_segments(net::Router& router, const SharedApi& api) {
  add_list(router, api, &Configuration::segments, "segments");
  router.add({.method = Method::kGet,
              .path = "/v1/segments/{name}",
              .access = net::kViewers,
              .handle = [api](const Request& request) -> Result<Response> {
                const auto view = TRY(api->newest.read());
                const Segment& segment = TRY(find_segment(view->configuration(), {request.path_parameter("name"), {}}));
                return tagged(*view, {std::string(kSegmentKind), segment.name},
                              Json::object({{"segment", listed(*view, segment)},
                                            {"configuration_version", view->configuration().version}}));
              },
              .is_slow = true,
              .doc = read_doc("A segment", "",
                              net::object_schema({{"segment", any_object()},
                                                  {"configuration_version", net::integer_schema(0, INT64_MAX)}},
                                                 {"segment", "configuration_version"}))});
  add_change(
      router, api,
      {.path = "/v1/segments",
       .kind = kSegmentKind,
       .edit = [](const Request& request) -> Result<Edit> {
         return create_segment_edit(TRY(read_body(request, {"name", "when"})));
       },
       .doc = change_doc("Give a condition a name", "CREATE SEGMENT",
                         body_schema({}, {{"name", any_name_schema()}, {"when", condition_schema()}, reason_property()},
                                     {"name", "when"}),
                         201),
       .status = 201});
  add_change(router, api,
             {.method = Method::kPatch,
              .path = "/v1/segments/{name}",
              .kind = kSegmentKind,
              .edit = [](const Request& request) -> Result<Edit> {
                return alter_segment_edit(request.path_parameter("name"), TRY(read_body(request, {"when"})));
              },
              .doc = change_doc("Give a segment another condition", "",
                                body_schema({}, {{"when", condition_schema()}, reason_property()}))});
  add_drop(router, api, kSegmentKind, drop_segment);
}

void add_audit_log(net::Router& router, const SharedApi& api) {
  net::RouteDoc doc = read_doc("The audit log", "Who changed what, when and why; the newest version first.",
                               net::object_schema({{"changes", net::array_schema(any_object())},
                                                   {"next", or_null(net::integer_schema(1, INT64_MAX))}},
                                                  {"changes", "next"}));
  doc.parameters = {
      {.name = "object", .description = "Of one object: \"experiment button_black\""},
      {.name = "before", .description = "Versions before this one", .schema = net::integer_schema(1, INT64_MAX)},
      {.name = "limit", .description = "How many", .schema = net::integer_schema(1, kMostListed)}};
  router.add({.method = Method::kGet,
              .path = "/v1/configuration/changes",
              .access = net::kViewers,
              .handle = [api](const Request& request) { return changes(*api, request); },
              .is_slow = true,
              .doc = std::move(doc)});
}

void add_stale(net::Router& router, const SharedApi& api) {
  net::RouteDoc doc =
      read_doc("Stale experiments", "SHOW STALE EXPERIMENTS: riskiest first, with reasons and what to do.",
               net::object_schema({{"stale", net::array_schema(any_object())},
                                   {"counted_since", or_null(net::string_schema())},
                                   {"configuration_version", net::integer_schema(0, INT64_MAX)}},
                                  {"stale", "counted_since", "configuration_version"}));
  doc.parameters = {
      {.name = "days", .description = "Without a change or a read", .schema = net::integer_schema(0, kMostStaleDays)}};
  router.add({.method = Method::kGet,
              .path = "/v1/configuration/stale",
              .access = net::kViewers,
              .handle = [api](const Request& request) -> Result<Response> {
                const int64_t days = TRY(request.integer("days", kStaleDays, 0, kMostStaleDays));
                return Response::json(stale_answer(*TRY(api->newest.read()), TRY(stored_usage(api->project.catalog())),
                                                   api->project.clock().now(), days));
              },
              .is_slow = true,
              .doc = std::move(doc)});
}

}  // namespace

void add_configuration_routes(net::Router& router, const flow::ServeContext& context) {
  const SharedApi api = std::make_shared<Api>(context.project);
  add_parameters(router, api);
  add_experiments(router, api);
  add_segments(router, api);
  add_audit_log(router, api);
  add_stale(router, api);
}

}  // namespace sinan::experiment
