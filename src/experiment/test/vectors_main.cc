// Writes the shared vectors: experiment_vectors sdk/vectors (docs/formats/vectors.md). What the independent model of this folder
// understands is compared with it first.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "base/check.h"
#include "experiment/compile.h"
#include "experiment/evaluator/evaluate.h"
#include "experiment/test/random_configuration.h"
#include "experiment/test/test_configuration.h"
#include "experiment/test/vectors.h"

namespace sinan::experiment {
namespace {

struct Suite {
  std::string name;
  Configuration configuration;
  std::vector<VectorContext> contexts;
  bool has_model = false;
};

const std::string kLong(5000, 'x');
// Ids and texts that break what was made for the usual ones.
const std::vector<std::string> kTexts = {"u1",
                                         "",
                                         " ",
                                         "0",
                                         "-1",
                                         "007",
                                         "\xC3\xBC",
                                         "\xE2\x82\xAC",
                                         "\xF0\x9F\x98\x80",
                                         "e\xCC\x81",
                                         "\xC3\xA9",
                                         "a\nb",
                                         "a\tb",
                                         "a'b\"c\\",
                                         "%s",
                                         "</script>",
                                         std::string("a\0b", 3),
                                         "\xEF\xBF\xBD",
                                         "\xEF\xBB\xBF"
                                         "bom",
                                         "NULL",
                                         kLong};

VectorAttribute text(std::string name, std::string value) { return {std::move(name), "text", {std::move(value)}}; }
VectorAttribute integer(std::string name, int64_t value) { return {std::move(name), "int", {std::to_string(value)}}; }

Parameter parameter(std::string name, Value fallback) {
  Parameter p;
  p.name = std::move(name);
  p.type = type_of(fallback);
  p.fallback = std::move(fallback);
  return p;
}
void add_rule(Parameter& p, const char* when, Value value) { p.rules.push_back({condition(when), std::move(value)}); }

Suite buttons() {
  Suite suite{.name = "buttons", .configuration = button_configuration(), .has_model = true};
  for (int i = 0; i < 30; ++i) {
    suite.contexts.push_back({text("user_id", fmt::format("u{}", i)), text("city", "San Francisco"),
                              text("app_version", i % 3 == 0 ? "3.1.9" : "3.4.1")});
  }
  suite.contexts.push_back({});
  for (const char* group : {"control", "treatment", "t2", "nobody"})
    suite.contexts.push_back({{"slices", "force", {"a"}},
                              {"button_black", "force", {group}},
                              text("city", "San Francisco"),
                              text("app_version", "3.2.0")});
  return suite;
}

// Values of every type and of every size, and texts as values.
Suite values() {
  Suite suite{.name = "values"};
  Configuration& c = suite.configuration;
  c.version = 18'446'744'073'709'551'615U;
  c.attributes = {{"user_id", AttributeType::kString},
                  {"n", AttributeType::kInt},
                  {"x", AttributeType::kDouble},
                  {"b", AttributeType::kBool}};
  int index = 0;
  const auto add = [&](Value value) {
    c.parameters.push_back(parameter(fmt::format("v{}", index++), std::move(value)));
  };
  for (const bool value : {false, true}) add(value);
  for (const int64_t value : {int64_t{0}, int64_t{-1}, int64_t{9'007'199'254'740'993}, INT64_MAX, INT64_MIN})
    add(value);
  for (const double value : {0.0, -0.0, 0.1, 3.0, -1e308, 5e-324, 1e21, 123456789.123456789}) add(value);
  for (const std::string& value : kTexts) add(value);
  for (const char* json :
       {"null", "{}", "[]", R"({"a":{"b":[1,2.5,true,null,"\u00fc"]},"":"x"})", "9007199254740993", R"("text")"})
    add(JsonText{json});
  Parameter decided = parameter("decided", int64_t{0});
  add_rule(decided, "n = 3", int64_t{1});
  add_rule(decided, "x > 0.5 AND NOT b", int64_t{2});
  add_rule(decided, "x = 9007199254740992.0", int64_t{3});
  add_rule(decided, "n IS NULL AND x IS NULL", int64_t{4});
  add_rule(decided, "b", int64_t{5});
  c.parameters.push_back(decided);
  suite.contexts.push_back({});
  for (const char* n : {"3", "-9223372036854775808", "9223372036854775807"})
    suite.contexts.push_back({{"n", "int", {n}}, {"x", "int", {n}}, {"b", "bool", {"false"}}});
  for (const char* x : {"3", "0.5", "0.50000000001", "-0", "nan", "inf", "-inf", "9007199254740992", "1e300", "5e-324"})
    suite.contexts.push_back({{"n", "double", {x}}, {"x", "double", {x}}, {"b", "bool", {"false"}}});
  suite.contexts.push_back({text("n", "3"), text("x", "1"), text("b", "true")});
  suite.contexts.push_back({{"n", "list", {"3"}}, {"x", "bool", {"true"}}, {"b", "int", {"1"}}});
  suite.contexts.push_back({{"n", "int", {"4"}}, {"n", "int", {"3"}}});  // the last one counts
  suite.contexts.push_back({{"b", "bool", {"true"}}});
  return suite;
}

// Texts in conditions: equality, lists, prefixes, patterns, by bytes.
Suite texts() {
  Suite suite{.name = "texts"};
  Configuration& c = suite.configuration;
  c.version = 2;
  c.attributes = {{"t", AttributeType::kString}, {"tags", AttributeType::kList}};
  const auto add = [&](const char* name, const char* when) {
    Parameter p = parameter(std::string("is.") + name, false);
    add_rule(p, when, true);
    c.parameters.push_back(std::move(p));
  };
  add("empty", "t = ''");
  add("umlaut", "t = '\xC3\xBC'");
  add("below", "t < '\xC3\xBC'");
  add("in", "t IN ('', 'u1', '\xF0\x9F\x98\x80', 'NULL')");
  add("not_in", "t NOT IN ('u1', '0')");
  add("like_one", "t LIKE '_'");
  add("like_some", "t LIKE '%b%'");
  add("starts", "t STARTS WITH 'a'");
  add("ends", "t ENDS WITH 'x'");
  add("contains", "t CONTAINS '\xE2\x82\xAC'");
  add("matches", "t MATCHES '^[0-9-]+$'");
  add("matches_any", "t MATCHES '^.$'");
  add("missing", "t IS NULL");
  add("tagged", "tags CONTAINS '\xC3\xBC'");
  add("not_tagged", "NOT tags CONTAINS ''");
  for (const std::string& value : kTexts)
    suite.contexts.push_back({text("t", value), {"tags", "list", {value, "other"}}});
  suite.contexts.push_back({});
  suite.contexts.push_back({integer("t", 0), {"tags", "list", {}}});
  suite.contexts.push_back({{"t", "bool", {"true"}}, text("tags", "\xC3\xBC")});
  suite.contexts.push_back({{"t", "double", {"nan"}}, {"tags", "int", {"1"}}});
  return suite;
}

// Every hash, over ids that differ in how platforms see them.
Suite hashes() {
  Suite suite{.name = "hashes"};
  Configuration& c = suite.configuration;
  c.version = 3;
  c.attributes = {{"id", AttributeType::kString}, {"region", AttributeType::kString}, {"hour", AttributeType::kInt}};
  const auto add = [&](const std::string& name, HashScheme scheme, std::vector<std::string> unit, uint32_t rollout) {
    c.parameters.push_back(parameter("by_" + name, int64_t{0}));
    Experiment e;
    e.name = "exp-" + name;
    e.unit = std::move(unit);
    e.scheme = scheme;
    e.salt = "exp-alpha.\xC3\xBC";
    e.state = State::kRunning;
    e.buckets = required_buckets(scheme) != 0 ? required_buckets(scheme) : 1000;
    e.groups = {{"low", 0, e.buckets / 3, {}}, {"high", e.buckets / 3 + 1, e.buckets - 1, {}}};
    e.rollout = rollout;
    add_branch(e, "TRUE", "by_" + name, {{"low", int64_t{1}}, {"high", int64_t{2}}});
    c.experiments.push_back(std::move(e));
  };
  for (uint8_t scheme = 0; scheme < kHashSchemes; ++scheme)
    add(std::string(to_string(static_cast<HashScheme>(scheme))), static_cast<HashScheme>(scheme), {"id"},
        kRolloutBuckets);
  add("half", HashScheme::kSinan, {"id"}, 500'000);
  add("pair", HashScheme::kSinan, {"region", "hour"}, kRolloutBuckets);
  add("foreign_pair", HashScheme::kEppo, {"region", "hour"}, kRolloutBuckets);
  std::vector<std::string> ids = kTexts;
  ids.emplace_back("unit-42");
  ids.emplace_back("3f2504e0-4f89-11d3-9a0c-0305e82c3301");
  for (const std::string& id : ids) suite.contexts.push_back({text("id", id), text("region", id), integer("hour", 7)});
  suite.contexts.push_back({text("region", "a"), text("hour", "bc")});
  suite.contexts.push_back({text("region", "ab"), text("hour", "c")});
  suite.contexts.push_back(
      {integer("id", -9'223'372'036'854'775'807), integer("region", 0), {"hour", "double", {"7"}}});
  suite.contexts.push_back({{"id", "double", {"42"}}, text("region", "x"), {"hour", "double", {"7.5"}}});
  suite.contexts.push_back({{"id", "bool", {"true"}}, {"region", "list", {"x"}}});
  return suite;
}

Suite typed_texts() {
  Suite suite{.name = "typed_texts"};
  Configuration& c = suite.configuration;
  c.version = 4;
  c.attributes = {{"version", AttributeType::kSemver},
                  {"seen", AttributeType::kTimestamp},
                  {"ip", AttributeType::kIp},
                  {"user_id", AttributeType::kString}};
  const auto add = [&](const char* name, const char* when) {
    Parameter p = parameter(std::string("is.") + name, false);
    add_rule(p, when, true);
    c.parameters.push_back(std::move(p));
  };
  add("at_least", "version >= '3.2.0'");
  add("release_candidate", "version BETWEEN '1.2.3-rc.1' AND '1.2.3'");
  add("same", "version = '1.0.0'");
  add("before", "seen < '2026-06-01T12:00:00Z'");
  add("exactly", "seen = '2026-06-01T12:00:00.000001Z'");
  add("private", "ip IN ('10.0.0.0/8', '192.168.0.0/16', 'fe80::/10')");
  add("beyond", "ip >= '128.0.0.0'");
  c.parameters.push_back(parameter("planned", std::string("none")));
  Experiment planned = running("planned", {{"a", 50}, {"b", 50}});
  planned.schedule = {{1'000'000, 2'000'000}, {5'000'000, std::nullopt}};
  add_branch(planned, "TRUE", "planned", {{"a", std::string("A")}, {"b", std::string("B")}});
  c.experiments.push_back(planned);
  for (const char* version :
       {"3.2.0", "3.2", "3", "3.1.99", "3.2.0-rc.1", "1.2.3-rc.1", "1.2.3-rc.1.0", "1.2.3-alpha", "1.0.0+build",
        "01.2.3", "1.2.3.4", "", "v3.2.0", "4294967295.0.0", "99999999999.0.0", "3.2.0-"})
    suite.contexts.push_back({text("version", version)});
  for (const char* seen :
       {"2026-06-01T12:00:00Z", "2026-06-01T11:59:59.999999Z", "2026-06-01T12:00:00.000001Z",
        "2026-06-01T12:00:00.0000019Z", "2026-06-01 14:00:00+02:00", "2026-06-01", "2026-02-29", "2024-02-29",
        "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-06-01T24:00:00Z", "yesterday"})
    suite.contexts.push_back({text("seen", seen)});
  suite.contexts.push_back({{"seen", "time", {"1780315200000001"}}});
  suite.contexts.push_back({integer("seen", 1'780'315'200'000'001)});
  for (const char* ip : {"10.1.2.3", "11.0.0.0", "192.168.255.255", "::ffff:10.0.0.1", "fe80::1",
                         "fec0::", "2001:db8::1", "1.2.3", "256.0.0.1", "127.255.255.255", "128.0.0.0", "::"})
    suite.contexts.push_back({text("ip", ip)});
  for (const char* now : {"999999", "1000000", "1999999", "2000000", "4999999", "5000000", "-1", "9223372036854775807"})
    suite.contexts.push_back({text("user_id", "u42"), {"", "now", {now}}});
  return suite;
}

VectorContext from_model(const ModelContext& context) {
  VectorContext out = {{"", "now", {std::to_string(context.now)}}};
  for (const auto& [name, value] : context.values) {
    VectorAttribute attribute{.name = name};
    if (const auto* b = std::get_if<bool>(&value)) {
      attribute.kind = "bool";
      attribute.texts = {*b ? "true" : "false"};
    } else if (const auto* i = std::get_if<int64_t>(&value)) {
      attribute.kind = "int";
      attribute.texts = {std::to_string(*i)};
    } else if (const auto* d = std::get_if<double>(&value)) {
      attribute.kind = "double";
      attribute.texts = {fmt::format("{}", *d)};
    } else if (const auto* t = std::get_if<std::string>(&value)) {
      attribute.kind = "text";
      attribute.texts = {*t};
    } else if (const auto* l = std::get_if<std::vector<std::string>>(&value)) {
      attribute.kind = "list";
      attribute.texts = *l;
    } else {
      continue;
    }
    out.push_back(std::move(attribute));
  }
  return out;
}

// Nothing for contexts that the model has no words for.
std::optional<ModelContext> to_model(const VectorContext& context) {
  ModelContext out;
  for (const VectorAttribute& attribute : context) {
    const std::string first = attribute.texts.empty() ? "" : attribute.texts[0];
    if (attribute.kind == "now") {
      out.now = std::stoll(first);
    } else if (attribute.kind == "bool") {
      out.values[attribute.name] = first == "true";
    } else if (attribute.kind == "int") {
      out.values[attribute.name] = int64_t{std::stoll(first)};
    } else if (attribute.kind == "double") {
      out.values[attribute.name] = std::strtod(first.c_str(), nullptr);
    } else if (attribute.kind == "text") {
      out.values[attribute.name] = first;
    } else if (attribute.kind == "list") {
      out.values[attribute.name] = attribute.texts;
    } else {
      return std::nullopt;
    }
  }
  return out;
}

std::string plain_text(const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* json = std::get_if<JsonText>(&value)) return json->text;
  return to_text(value);
}

void compare_with_model(const Suite& suite, const std::string& parameter, const VectorContext& context,
                        const Json& answer) {
  const auto model_context = suite.has_model ? to_model(context) : std::nullopt;
  if (!model_context) return;
  const ModelEvaluator model(suite.configuration);
  CHECK(plain_text(model.value(parameter, *model_context)) == *answer.at("value").as_string());
  std::set<std::string> exposed;
  std::string list(answer.at("exposures").string_view());
  for (size_t begin = 0; begin < list.size();) {
    const size_t end = std::min(list.find(';', begin), list.size());
    exposed.insert(list.substr(begin, list.find(':', begin) - begin));
    begin = end + 1;
  }
  CHECK(exposed == model.exposures(parameter, *model_context));
}

void write(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream out(path, std::ios::binary);
  out << bytes;
  CHECK(out.good());
}

size_t write_suite(const Suite& suite, const std::filesystem::path& folder) {
  const auto bound = bind(suite.configuration);
  if (!bound) fmt::print(stderr, "{}: {}\n", suite.name, bound.error().to_string());
  const auto bytes = compile(*bound, suite.configuration.version);
  const auto snapshot = *Snapshot::load(bytes);
  write(folder / (suite.name + ".snapshot"), {reinterpret_cast<const char*>(bytes.data()), bytes.size()});

  std::string out = fmt::format("{{\"snapshot\": \"{}.snapshot\", \"version\": \"{}\",\n\"contexts\": [\n", suite.name,
                                suite.configuration.version);
  for (size_t i = 0; i < suite.contexts.size(); ++i)
    out += to_json(suite.contexts[i]).dump() + (i + 1 < suite.contexts.size() ? ",\n" : "\n],\n\"cases\": [\n");
  size_t cases = 0;
  const auto add = [&](size_t context, const std::string& name, std::string_view asked) {
    const Json answer = answer_json(*snapshot, name, std::string(asked), encode(suite.contexts[context]));
    out += (cases++ == 0 ? "" : ",\n") + Json::array({static_cast<int64_t>(context), name, asked, answer}).dump();
    return answer;
  };
  for (const Parameter& p : suite.configuration.parameters) {
    const bool is_static =
        p.rules.empty() && std::ranges::none_of(suite.configuration.experiments, [&](const Experiment& e) {
          return std::ranges::any_of(e.branches, [&](const Branch& b) {
            return std::ranges::any_of(b.treatments, [&](const Treatment& t) { return t.parameter == p.name; });
          });
        });
    for (size_t i = 0; i < (is_static ? 1 : suite.contexts.size()); ++i)
      compare_with_model(suite, p.name, suite.contexts[i], add(i, p.name, to_string(p.type)));
    for (const char* asked : {"any", "bool", "int", "double", "string", "json"}) add(0, p.name, asked);
  }
  for (const char* unknown : {"unknown", "", "\xC3\xBC"}) add(0, unknown, "any");
  write(folder / (suite.name + ".json"), out + "\n]}\n");
  return cases;
}

int run(const std::filesystem::path& folder) {
  std::vector<Suite> suites = {buttons(), values(), texts(), hashes(), typed_texts()};
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    Random random(seed);
    Suite& suite = suites.emplace_back(Suite{.name = fmt::format("random_{}", seed), .has_model = true});
    suite.configuration = random_configuration(random, {});
    for (int i = 0; i < 24; ++i) suite.contexts.push_back(from_model(random_context(random)));
  }
  size_t cases = 0;
  for (const Suite& suite : suites) cases += write_suite(suite, folder);
  fmt::print("{} snapshots, {} cases\n", suites.size(), cases);
  return 0;
}

}  // namespace
}  // namespace sinan::experiment

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: experiment_vectors FOLDER\n");
    return 2;
  }
  return sinan::experiment::run(arguments[1]);
}
