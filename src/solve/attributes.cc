#include "solve/attributes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/strings.h"

namespace sinan::solve {
namespace {

using flow::AttributeSpec;
using flow::AttributeType;
using flow::AttributeValues;
using sql::Expr;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Positive integers begin at 1; positive reals cannot leave out 0 in a linear program: they begin at 0, as with other solvers.
constexpr std::array<Domain, 11> kDomains = {{
    {"Binary", true, 0, 1},
    {"Integers", true, -kInfinity, kInfinity},
    {"Reals", false, -kInfinity, kInfinity},
    {"PositiveIntegers", true, 1, kInfinity},
    {"NegativeIntegers", true, -kInfinity, -1},
    {"NonPositiveIntegers", true, -kInfinity, 0},
    {"NonNegativeIntegers", true, 0, kInfinity},
    {"PositiveReals", false, 0, kInfinity},
    {"NegativeReals", false, -kInfinity, 0},
    {"NonPositiveReals", false, -kInfinity, 0},
    {"NonNegativeReals", false, 0, kInfinity},
}};

constexpr std::array<std::string_view, 3> kSolvers = {"highs", "glpk", "baron"};
constexpr std::array<std::string_view, 3> kTables = {"summary", "constraints", "variables"};

constexpr AttributeSpec kSpecs[] = {
    {.name = "variables",
     .type = AttributeType::kString,
     .doc = "the variables and the columns that tell them apart: \"made(kind)\"",
     .mandatory = true},
    {.name = "var_type",
     .type = AttributeType::kStringList,
     .doc = "what values they take: Binary, Integers, Reals, NonNegativeIntegers, ...; one for all or one a family",
     .mandatory = true},
    {.name = "lower",
     .type = AttributeType::kStringList,
     .doc = "least value: a number or a column; one for all or one a family",
     .aliases = "lower_bound"},
    {.name = "upper",
     .type = AttributeType::kStringList,
     .doc = "greatest value: a number or a column; one for all or one a family",
     .aliases = "upper_bound"},
    {.name = "solver.gap",
     .type = AttributeType::kFloat,
     .default_text = "0",
     .doc = "integers: stop when the answer is within this part of the best possible one",
     .min = 0,
     .aliases = "gap|solver.mipgap|solver.mip_rel_gap"},
    {.name = "solver.absolute_gap",
     .type = AttributeType::kFloat,
     .default_text = "0.000001",
     .doc = "integers: stop when the answer is within this of the best possible one",
     .min = 0,
     .aliases = "solver.mip_abs_gap"},
    {.name = "solver.time_limit",
     .type = AttributeType::kFloat,
     .doc = "seconds; the best answer found by then is taken",
     .min = 0,
     .min_open = true,
     .aliases = "time_limit|solver.tmlim|solver.maxtime"},
    {.name = "solver.method",
     .type = AttributeType::kString,
     .default_text = "choose",
     .doc = "how linear programs are solved",
     .choices = "choose|simplex|ipm|pdlp"},
    {.name = "solver.presolve",
     .type = AttributeType::kBoolean,
     .default_text = "true",
     .doc = "make the problem smaller before it is solved"},
    {.name = "report.tables",
     .type = AttributeType::kStringList,
     .default_text = "",
     .doc = "more tables, named after the result: summary, constraints, variables"},
    {.name = "data.enable_slice", .type = AttributeType::kBoolean, .default_text = "false", .doc = "accepted"},
    {.name = "data.batch_size", .type = AttributeType::kInteger, .default_text = "-1", .doc = "accepted"},
    {.name = "worker.num", .type = AttributeType::kInteger, .default_text = "1", .doc = "accepted", .min = 1},
    {.name = "worker.core", .type = AttributeType::kInteger, .default_text = "8", .doc = "accepted", .min = 1},
    {.name = "worker.memory", .type = AttributeType::kInteger, .default_text = "4096", .doc = "accepted", .min = 1},
};

bool is_number(const Expr& expr) {
  return expr.is(Expr::Kind::kInteger) || expr.is(Expr::Kind::kFloat) ||
         (expr.is(Expr::Kind::kUnary) && is_number(expr.items[0]));
}

// Calls and numbers as text: variables=made(kind), upper=[cap, 10].
Expr as_text(Expr expr) {
  if (expr.is(Expr::Kind::kList)) {
    for (Expr& item : expr.items) item = as_text(std::move(item));
  } else if (expr.is(Expr::Kind::kCall) || is_number(expr)) {
    expr = Expr{Expr::Kind::kString, sql::to_string(expr), {}, expr.span};
  }
  return expr;
}

// A list of variables as one text, which is split by brackets and not by every comma.
Expr joined(Expr expr) {
  if (!expr.is(Expr::Kind::kList)) return expr;
  std::vector<std::string> parts;
  for (const Expr& item : expr.items) parts.push_back(item.text);
  return Expr{Expr::Kind::kString, join(parts, ", "), {}, expr.span};
}

const sql::Attribute* find(const sql::Optimize& clause, std::string_view name) {
  const auto same = [&](const sql::Attribute& a) { return equals_ignore_case(a.name, name); };
  const auto found = std::ranges::find_if(clause.attributes, same);
  return found == clause.attributes.end() ? nullptr : &*found;
}

std::string near_or(std::string_view name, std::span<const std::string_view> known) {
  const std::vector<std::string> names(known.begin(), known.end());
  std::string near = did_you_mean(name, names);
  return near.empty() ? fmt::format("it can be {}", join(names, ", ")) : near;
}

// Where a name stands in the literal that holds it; the whole literal when it cannot be told.
Span inside(Span literal, std::string_view name, std::string_view program) {
  if (name.empty() || literal.end > program.size()) return literal;
  const std::string text = to_lower(program.substr(literal.begin, literal.end - literal.begin));
  const size_t at = text.find(to_lower(name));
  if (at == std::string::npos) return literal;
  const auto begin = static_cast<uint32_t>(literal.begin + at);
  return {begin, static_cast<uint32_t>(begin + name.size())};
}

class VariableReader {
 public:
  VariableReader(std::string_view text, Span place, std::string_view program)
      : text_(text), place_(place), program_(program) {}

  Result<std::vector<Family>> read() {
    std::vector<Family> families;
    for (const std::string_view part : TRY(parts())) families.push_back(TRY(family(part)));
    const bool nameless = std::ranges::any_of(families, [](const Family& f) { return f.keys.empty(); });
    if (nameless && families.size() > 1) {
      return wrong("several keys need a name for the variables", fmt::format("write variables=\"v({})\"", trim(text_)));
    }
    for (Family& f : families) {
      if (f.keys.empty()) f.keys.push_back(f.name);
      const bool named_as_key = f.keys.size() == 1 && equals_ignore_case(f.keys[0], f.name);
      f.column = named_as_key ? f.name + "_value" : f.name;
    }
    TRY(check_names(families));
    return families;
  }

 private:
  Failure wrong(std::string message, std::string hint, std::string_view name = {}) const {
    return fail(Code::kArgument, std::move(message), std::move(hint)).at(inside(place_, name, program_));
  }

  // Cut at the commas outside of brackets.
  Result<std::vector<std::string_view>> parts() const {
    std::vector<std::string_view> out;
    size_t begin = 0;
    int depth = 0;
    for (size_t i = 0; i <= text_.size(); ++i) {
      const char c = i < text_.size() ? text_[i] : ',';
      if (c == '(') ++depth;
      if (c == ')') --depth;
      if (depth < 0 || depth > 1 || (i == text_.size() && depth != 0)) {
        return wrong(fmt::format("brackets of the variables do not match: \"{}\"", text_),
                     "write variables=\"made(kind)\"");
      }
      if (c != ',' || depth != 0) continue;
      out.push_back(trim(text_.substr(begin, i - begin)));
      begin = i + 1;
    }
    return out;
  }

  Result<Family> family(std::string_view part) const {
    Family out;
    out.place = place_;
    const size_t open = part.find('(');
    out.name = std::string(trim(part.substr(0, open)));
    if (out.name.empty()) {
      return wrong("a name of the variables is empty", "write variables=\"made(kind)\"");
    }
    out.place = inside(place_, out.name, program_);
    if (open == std::string_view::npos) return out;
    if (!part.ends_with(')')) {
      return wrong(fmt::format("expected the variables as name(key, ...), found \"{}\"", part),
                   "write variables=\"made(kind)\"");
    }
    for (const std::string_view piece : split_on(part.substr(open + 1, part.size() - open - 2), ',')) {
      std::string key(trim(piece));
      if (key.empty()) {
        return wrong(fmt::format("a key of the variables is empty: \"{}\"", part),
                     fmt::format("name the columns that tell them apart: {}(column)", out.name));
      }
      const auto same = [&](const std::string& k) { return equals_ignore_case(k, key); };
      if (std::ranges::any_of(out.keys, same)) {
        return wrong(fmt::format("a key of the variables is given twice: \"{}\"", key), "remove one of them", key);
      }
      out.keys.push_back(std::move(key));
    }
    return out;
  }

  Status check_names(const std::vector<Family>& families) const {
    for (size_t i = 0; i < families.size(); ++i) {
      for (size_t k = 0; k < i; ++k) {
        if (!equals_ignore_case(families[i].name, families[k].name)) continue;
        return wrong(fmt::format("two families of variables have the same name: \"{}\"", families[i].name),
                     "name one of them differently", families[i].name);
      }
    }
    return {};
  }

  std::string_view text_;
  Span place_;
  std::string_view program_;
};

// The item of a list for each family: one for all, or one a family.
template <class T>
Result<std::vector<T>> spread(std::vector<T> items, size_t families, std::string_view attribute, Span place) {
  if (items.size() == 1) items.resize(families, items.front());
  if (items.size() == families) return items;
  return fail(Code::kArgument,
              fmt::format("attribute \"{}\" has {} values for {} families of variables", attribute, items.size(),
                          families),
              "give one for all, or one for each")
      .at(place);
}

Status set_domains(Settings& settings, const AttributeValues& values, std::string_view program) {
  const Span place = values.span("var_type").value_or(Span{});
  std::vector<const Domain*> found;
  for (const std::string& given : values.strings("var_type")) {
    const auto same = [&](const Domain& d) { return equals_ignore_case(d.name, trim(given)); };
    const auto* domain = std::ranges::find_if(kDomains, same);
    if (domain == kDomains.end()) {
      std::vector<std::string_view> names;
      for (const Domain& d : kDomains) names.push_back(d.name);
      return fail(Code::kArgument, fmt::format("unknown type of variables: \"{}\"", given), near_or(given, names))
          .at(inside(place, given, program));
    }
    found.push_back(domain);
  }
  if (found.empty()) return fail(Code::kArgument, "the type of the variables is empty", "Reals, for one").at(place);
  found = TRY(spread(std::move(found), settings.families.size(), "var_type", place));
  for (size_t i = 0; i < found.size(); ++i) settings.families[i].domain = found[i];
  return {};
}

Bound read_bound(std::string_view text, Span place, std::string_view program) {
  Bound bound{.place = inside(place, text, program)};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bound.number);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(bound.number)) bound.column = text;
  return bound;
}

Status set_bounds(Settings& settings, const AttributeValues& values, std::string_view program) {
  for (const bool upper : {false, true}) {
    const std::string_view name = upper ? "upper" : "lower";
    if (!values.given(name)) continue;
    const Span place = *values.span(name);
    std::vector<Bound> bounds;
    for (const std::string& text : values.strings(name)) bounds.push_back(read_bound(trim(text), place, program));
    if (bounds.empty()) return fail(Code::kArgument, fmt::format("attribute \"{}\" is empty", name)).at(place);
    bounds = TRY(spread(std::move(bounds), settings.families.size(), name, place));
    for (size_t i = 0; i < bounds.size(); ++i) {
      Family& family = settings.families[i];
      (upper ? family.upper : family.lower) = std::move(bounds[i]);
    }
  }
  return {};
}

Status set_tables(Settings& settings, const AttributeValues& values, std::string_view program) {
  for (const std::string& given : values.strings("report.tables")) {
    const std::string name = to_lower(trim(given));
    if (std::ranges::find(kTables, name) == kTables.end()) {
      return fail(Code::kArgument, fmt::format("unknown table \"{}\"", given), near_or(name, kTables))
          .at(inside(values.span("report.tables").value_or(Span{}), given, program));
    }
    if (std::ranges::find(settings.tables, name) == settings.tables.end()) settings.tables.push_back(name);
  }
  return {};
}

Status set_solver(Settings& settings, const sql::Optimize& clause) {
  settings.solver = clause.solver ? to_lower(clause.solver->text) : "highs";
  if (std::ranges::find(kSolvers, settings.solver) != kSolvers.end()) return {};
  return fail(Code::kArgument, fmt::format("unknown solver \"{}\"", clause.solver->text),
              near_or(settings.solver, kSolvers))
      .at(clause.solver->span);
}

// Options of other solvers have no effect here; what is close to one of ours is a misspelling.
std::vector<sql::Attribute> without_foreign_options(const sql::Optimize& clause, Settings& settings) {
  std::vector<sql::Attribute> kept;
  std::vector<std::string> known;
  for (const AttributeSpec& spec : kSpecs) {
    known.emplace_back(spec.name);
    if (spec.aliases.empty()) continue;
    for (const std::string_view alias : split_on(spec.aliases, '|')) known.emplace_back(alias);
  }
  for (const sql::Attribute& attribute : clause.attributes) {
    const bool option = to_lower(attribute.name).starts_with("solver.");
    if (option &&
        std::ranges::none_of(known,
                             [&](const std::string& name) { return equals_ignore_case(name, attribute.name); }) &&
        !nearest(attribute.name, known)) {
      settings.warnings.emplace_back(fmt::format("{} has no effect here", attribute.name), attribute.name_span);
      continue;
    }
    kept.push_back(attribute);
    kept.back().value = as_text(attribute.value);
    if (equals_ignore_case(attribute.name, "variables")) kept.back().value = joined(std::move(kept.back().value));
    const bool numeric =
        option || equals_ignore_case(attribute.name, "gap") || equals_ignore_case(attribute.name, "time_limit") ||
        to_lower(attribute.name).starts_with("data.") || to_lower(attribute.name).starts_with("worker.");
    if (numeric) kept.back().value = attribute.value;
  }
  return kept;
}

}  // namespace

std::span<const Domain> domains() { return kDomains; }
std::span<const AttributeSpec> attribute_specs() { return kSpecs; }
std::span<const std::string_view> solver_names() { return kSolvers; }
std::span<const std::string_view> report_tables() { return kTables; }

Result<Settings> read_settings(const sql::Optimize& clause, std::string_view program) {
  Settings settings;
  const std::string_view verb = clause.maximize ? "TO MAXIMIZE" : "TO MINIMIZE";
  const AttributeValues values = TRY(flow::check_attributes(without_foreign_options(clause, settings), kSpecs, verb));
  for (const std::string_view name :
       {"data.enable_slice", "data.batch_size", "worker.num", "worker.core", "worker.memory"}) {
    if (values.given(name))
      settings.warnings.emplace_back(fmt::format("{} has no effect here", name), *values.span(name));
  }
  const std::string variables = values.string("variables");
  settings.families = TRY(VariableReader(variables, find(clause, "variables")->value.span, program).read());
  TRY(set_domains(settings, values, program));
  TRY(set_bounds(settings, values, program));
  TRY(set_tables(settings, values, program));
  TRY(set_solver(settings, clause));
  settings.gap = values.number("solver.gap");
  settings.absolute_gap = values.number("solver.absolute_gap");
  if (values.given("solver.time_limit")) settings.time_limit = values.number("solver.time_limit");
  settings.method = values.string("solver.method");
  settings.presolve = values.boolean("solver.presolve");
  return settings;
}

}  // namespace sinan::solve
