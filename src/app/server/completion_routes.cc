#include "app/server/completion_routes.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/completion.h"
#include "app/completion_names.h"
#include "base/strings.h"
#include "net/openapi.h"

namespace sinan::app {
namespace {

using net::Method;
using net::Request;
using net::Response;

constexpr uint64_t kMostTextBytes = uint64_t{4} << 20;
constexpr size_t kMostWords = 500;

// What a word of complete() is, by its spelling: names are offered as they are written, keywords in the case that was begun.
std::string_view kind_of(std::string_view word, const CompletionNames& names) {
  const auto is = [&](const std::string& name) { return name == word; };
  if (std::ranges::any_of(names.models, is)) return "model";
  const std::string_view last = word.substr(word.rfind('.') + 1);  // all of it where there is no dot
  for (const CompletionNames::Table& table : names.tables) {
    if (is(table.name) || (table.name.starts_with("main.") && table.name.substr(5) == word)) return "table";
    if (std::ranges::any_of(table.columns, [&](const std::string& name) { return name == last; })) return "column";
  }
  if (std::ranges::any_of(names.others, is)) return "name";
  return "keyword";
}

Result<Response> complete_at(flow::Project& project, const Request& request) {
  const Json body = TRY(request.json());
  const Json& text = body.at("text");
  if (!text.is_string()) return fail(Code::kArgument, "the request has no text", R"({"text": "SELECT * FROM fl"})");
  if (const Json* rest = body.find("after"); rest != nullptr && !rest->is_string())
    return fail(Code::kArgument, "the request's \"after\" is no text");
  const std::string_view before = text.string_view();
  const CompletionNames names = completion_names(project, before);
  // The tables that a SELECT list takes its columns from are named behind it. Where the statement has not begun, nothing is.
  const std::string_view after = body.at("after").string_view();
  const bool has_begun = !trim(before.substr(0, before.size() - word_before_cursor(before).size())).empty();
  const std::string whole = has_begun ? fmt::format("{}\n{}", after, before) : std::string(before);
  Json::Array words;
  for (const std::string& word : complete(whole, names)) {
    if (words.size() == kMostWords) break;
    words.push_back(Json::object({{"word", word}, {"kind", kind_of(word, names)}}));
  }
  return Response::json(Json::object({{"unfinished", word_before_cursor(before)}, {"words", std::move(words)}}));
}

Json help_json(std::string_view name, const flow::Help& help, bool is_function) {
  return Json::object({{"name", name},
                       {"function", is_function},
                       {"summary", help.summary},
                       {"synopsis", help.synopsis},
                       {"details", help.details},
                       {"example", help.example}});
}

Json statements_json(const flow::Registry& registry) {
  Json::Array statements;
  for (const auto& kind : registry.kinds()) statements.push_back(help_json(kind->phrase(), kind->help(), false));
  for (const auto& function : registry.functions()) {
    for (const std::string_view name : function->names()) statements.push_back(help_json(name, function->help(), true));
  }
  Json::Array keywords;
  for (const std::string_view keyword : sql_keywords()) keywords.emplace_back(keyword);
  return Json::object({{"statements", std::move(statements)}, {"keywords", std::move(keywords)}});
}

}  // namespace

void add_completion_routes(net::Router& router, flow::Project& project) {
  Json asked = net::object_schema(
      {{"text", net::string_schema("The statement up to the cursor")}, {"after", net::string_schema("The rest of it")}},
      {"text"});
  router.add(
      {.method = Method::kPost,
       .path = "/v1/completion",
       .access = net::kViewers,
       .handle = [&project](const Request& request) { return complete_at(project, request); },
       .is_slow = true,
       .body_limit = kMostTextBytes,
       .doc = {.summary = "What the word at the cursor may become",
               .description = "Keywords, statements, tables, columns of the tables that the statement names, models, "
                              "estimators, attributes.",
               .tag = "editor",
               .request_schema = std::move(asked),
               .responses = {
                   {200, "At most 500 words",
                    net::object_schema(
                        {{"unfinished", net::string_schema("The word that is there")},
                         {"words", net::array_schema(net::object_schema(
                                       {{"word", net::string_schema()},
                                        {"kind", net::enum_schema({"keyword", "table", "column", "model", "name"})}},
                                       {"word", "kind"}))}},
                        {"unfinished", "words"})}}}});
  Json statement = net::object_schema({{"name", net::string_schema("\"TO TRAIN\"")},
                                       {"function", Json::object({{"type", "boolean"}})},
                                       {"summary", net::string_schema()},
                                       {"synopsis", net::string_schema()},
                                       {"details", net::string_schema()},
                                       {"example", net::string_schema()}},
                                      {"name", "function", "summary", "synopsis", "details", "example"});
  router.add({.method = Method::kGet,
              .path = "/v1/statements",
              .access = net::kViewers,
              .handle = [&project](const Request&) -> Result<Response> {
                return Response::json(statements_json(project.registry()));
              },
              .doc = {.summary = "How statements and functions are written",
                      .tag = "editor",
                      .responses = {{200, "All of them beside plain SQL",
                                     net::object_schema({{"statements", net::array_schema(std::move(statement))},
                                                         {"keywords", net::array_schema(net::string_schema("Of SQL"))}},
                                                        {"statements", "keywords"})}}}});
}

}  // namespace sinan::app
