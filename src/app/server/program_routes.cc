#include "app/server/program_routes.h"

#include <fmt/format.h>

#include <cmath>

#include "base/strings.h"
#include "net/openapi.h"

namespace sinan::app {
namespace {

using net::Method;
using net::Request;
using net::Response;

constexpr uint64_t kMostProgramBytes = uint64_t{4} << 20;

Json nullable_string() { return Json::object({{"type", Json::array({"string", "null"})}}); }

Json state_schema() {
  return net::object_schema(
      {{"id", net::string_schema()},
       {"name", net::string_schema()},
       {"state", net::enum_schema({"queued", "running", "done", "failed", "wrong", "cancelled", "interrupted"},
                                  "wrong: the program has errors, nothing of it was run")},
       {"submitted", net::string_schema()},
       {"started", nullable_string()},
       {"ended", nullable_string()},
       {"run", nullable_string()},
       {"output_truncated", Json::object({{"type", "boolean"}})}},
      {"id", "name", "state", "submitted", "started", "ended", "run", "output_truncated"});
}

Json submission_schema() {
  Json program = net::string_schema("Statements of SQL, separated by ';'");
  program.set("minLength", 1);
  Json name = net::string_schema("For messages and the run's record");
  name.set("maxLength", 200);
  Json schema = net::object_schema({{"program", std::move(program)},
                                    {"name", std::move(name)},
                                    {"use_cache", Json::object({{"type", "boolean"}, {"default", true}})},
                                    {"resume", Json::object({{"type", "boolean"}, {"default", false}})},
                                    {"seed", net::integer_schema(0, INT64_MAX)}},
                                   {"program"});
  schema.set("additionalProperties", false);
  return schema;
}

// The member of an object as a value of its type; what is not known is an error, so that a misspelt option is not ignored.
Result<Submission> parse_submission(const Request& request) {
  const Json body = TRY(request.json());
  if (!body.is_object())
    return fail(Code::kArgument, "the request's body is no JSON object", R"({"program": "SELECT 1"})");
  Submission submission;
  const std::vector<std::string> known = {"program", "name", "use_cache", "resume", "seed"};
  for (const auto& [key, value] : body.members()) {
    const auto wrong = [&](std::string_view expected) {
      return fail(Code::kArgument, fmt::format("wrong value for \"{}\": expected {}", key, expected));
    };
    if (key == "program" || key == "name") {
      if (!value.is_string()) return wrong("a string");
      (key == "program" ? submission.program : submission.name) = std::string(value.string_view());
    } else if (key == "use_cache" || key == "resume") {
      if (!value.is_bool()) return wrong("true or false");
      (key == "resume" ? submission.resume : submission.use_cache) = *value.as_bool();
    } else if (key == "seed") {
      // 179.0 is a whole number to JSON Schema; a double holds them all up to 2^53.
      const double number = value.as_double().value_or(-1);
      if (number < 0 || std::floor(number) != number || (!value.is_int() && number > 0x1p53)) {
        return wrong("a whole number from 0 on");
      }
      submission.seed = static_cast<uint64_t>(value.is_int() ? *value.as_int() : static_cast<int64_t>(number));
    } else {
      return fail(Code::kArgument, fmt::format("unknown member \"{}\" of the request's body", key),
                  did_you_mean(key, known));
    }
  }
  if (submission.program.empty())
    return fail(Code::kArgument, "the request has no program", R"({"program": "SELECT 1"})");
  if (submission.name.size() > 200) return fail(Code::kArgument, "the program's name is longer than 200 bytes");
  return submission;
}

// {"state", "output": [...]}: the lines of JSON as an array, without parsing them again.
std::string result_text(const Json& state, std::string_view lines) {
  std::string text = fmt::format("{{\"program\":{},\"output\":[", state.dump());
  bool is_first = true;
  for (const std::string_view line : split_on(lines, '\n')) {
    if (line.empty()) continue;
    if (!is_first) text += ',';
    is_first = false;
    text += line;
  }
  return text + "]}";
}

net::RouteDoc doc(std::string summary, std::string description, std::vector<net::ResponseDoc> responses) {
  return {.summary = std::move(summary),
          .description = std::move(description),
          .tag = "programs",
          .responses = std::move(responses)};
}

void add_submit(net::Router& router, ProgramRuns& runs) {
  net::RouteDoc described = doc(
      "Submit a program",
      "Programs that write run one after another, beside those that only read. What is wrong with one is told by its "
      "output.",
      {{202, "It waits for its turn", state_schema()}});
  described.request_schema = submission_schema();
  router.add({.method = Method::kPost,
              .path = "/v1/programs",
              .access = net::kEditors,
              .handle = [&runs](const Request& request) -> Result<Response> {
                const Json state = TRY(runs.submit(TRY(parse_submission(request))));
                Response response = Response::json(state, 202);
                response.headers.add("Location", fmt::format("/v1/programs/{}", state.at("id").string_view()));
                return response;
              },
              .is_slow = true,  // it is written to the disk
              .body_limit = kMostProgramBytes,
              .doc = std::move(described)});
}

void add_list(net::Router& router, const ProgramRuns& runs) {
  net::RouteDoc described =
      doc("List programs", "The latest first; those that ended long ago are forgotten.",
          {{200, "Their states", net::object_schema({{"programs", net::array_schema(state_schema())}}, {"programs"})}});
  described.parameters = {{.name = "limit", .description = "How many", .schema = net::integer_schema(1, 1000)}};
  router.add({.method = Method::kGet,
              .path = "/v1/programs",
              .access = net::kViewers,
              .handle = [&runs](const Request& request) -> Result<Response> {
                return Response::json(runs.list(static_cast<size_t>(TRY(request.integer("limit", 100, 1, 1000)))));
              },
              .doc = std::move(described)});
}

void add_watch(net::Router& router, ProgramRuns& runs) {
  net::RouteDoc described =
      doc("Watch a program",
          "Server-sent events from its beginning: \"output\" (lines of JSON, as sinan run --format jsonl writes them), "
          "\"plan\" (its steps, once they are known), \"step\" (one has begun or ended), \"state\". "
          "\"refetch\" says that some are kept no more: get the result. The stream ends with the program.",
          {{200, "Events", net::string_schema(), "text/event-stream"}});
  described.parameters = {{.name = "Last-Event-ID", .description = "Go on after this one", .in_header = true}};
  router.add({.method = Method::kGet,
              .path = "/v1/programs/{id}/events",
              .access = net::kViewers,
              .handle = [&runs](const Request& request) -> Result<Response> {
                return Response::events(
                    TRY(runs.watch(request.path_parameter("id"), request.headers.find("last-event-id"))));
              },
              .doc = std::move(described)});
}

Json step_schema() {
  return net::object_schema(
      {{"step", net::integer_schema(1, INT32_MAX, "Its number in the plan")},
       {"status", net::enum_schema({"running", "done", "cached", "failed", "skipped", "cancelled"})},
       {"started", Json::object({{"type", "number"}, {"description", "Seconds since the run began"}})},
       {"seconds", Json::object({{"type", "number"}})},
       {"rows", Json::object({{"type", "integer"}, {"description", "-1: none are counted"}})}},
      {"step", "status"});
}

Json plan_schema() {
  return net::object_schema({{"program", net::string_schema("The name")},
                             {"ok", Json::object({{"type", "boolean"}, {"description", "It has no errors"}})},
                             {"steps", net::array_schema(Json::object({{"type", "object"}}))},
                             {"diagnostics", net::array_schema(Json::object({{"type", "object"}}))}},
                            {"program", "ok", "steps", "diagnostics"});
}

void add_plan(net::Router& router, ProgramRuns& runs) {
  Json nullable_plan = plan_schema();
  nullable_plan.set("type", Json::array({"object", "null"}));
  router.add({.method = Method::kGet,
              .path = "/v1/programs/{id}/plan",
              .access = net::kViewers,
              .handle = [&runs](const Request& request) -> Result<Response> {
                return Response::json(TRY(runs.plan(request.path_parameter("id"))));
              },
              .doc = doc("Text and plan of a program", "With the states of the steps that have begun.",
                         {{200, "The plan is null until it is made",
                           net::object_schema({{"text", net::string_schema()},
                                               {"plan", std::move(nullable_plan)},
                                               {"steps", net::array_schema(step_schema())}},
                                              {"text", "plan", "steps"})}})});
  net::RouteDoc described =
      doc("Check a program",
          "Answers its steps, what each reads and writes, and all errors. Nothing is run. 503 while a "
          "program runs.",
          {{200, "Its plan", plan_schema()}});
  described.request_schema = submission_schema();
  router.add({.method = Method::kPost,
              .path = "/v1/plan",
              .access = net::kEditors,
              .handle = [&runs](const Request& request) -> Result<Response> {
                return Response::json(TRY(runs.check(TRY(parse_submission(request)))));
              },
              .is_slow = true,
              .body_limit = kMostProgramBytes,
              .doc = std::move(described)});
}

}  // namespace

void add_program_routes(net::Router& router, ProgramRuns& runs) {
  add_submit(router, runs);
  add_list(router, runs);
  router.add({.method = Method::kGet,
              .path = "/v1/programs/{id}",
              .access = net::kViewers,
              .handle = [&runs](const Request& request) -> Result<Response> {
                return Response::json(TRY(runs.state(request.path_parameter("id"))));
              },
              .doc = doc("The state of a program", "", {{200, "Its state", state_schema()}})});
  router.add({.method = Method::kDelete,
              .path = "/v1/programs/{id}",
              .access = net::kEditors,
              .handle = [&runs](const Request& request) -> Result<Response> {
                const Json state = TRY(runs.cancel(request.path_parameter("id")));
                const std::string_view word = state.at("state").string_view();
                return Response::json(state, word == "running" ? 202 : 200);
              },
              .is_slow = true,
              .doc = doc("Cancel a program, or forget it",
                         "What a step has begun is undone. A program that has ended is forgotten with its output.",
                         {{200, "It had ended, or not begun", state_schema()},
                          {202, "It will soon be cancelled", state_schema()}})});
  router.add(
      {.method = Method::kGet,
       .path = "/v1/programs/{id}/result",
       .access = net::kViewers,
       .handle = [&runs](const Request& request) -> Result<Response> {
         const std::string& id = request.path_parameter("id");
         const std::string lines = TRY(runs.output(id));
         return Response::json_text(result_text(TRY(runs.state(id)), lines));
       },
       .is_slow = true,
       .doc = doc("State and output of a program", "The output as far as it has come: rows, messages, errors.",
                  {{200, "Both",
                    net::object_schema({{"program", state_schema()}, {"output", net::array_schema(Json::object())}},
                                       {"program", "output"})}})});
  add_watch(router, runs);
  add_plan(router, runs);
}

}  // namespace sinan::app
