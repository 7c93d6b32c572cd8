#include "experiment/importers/target.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"
#include "experiment/bound.h"
#include "experiment/evaluator/typed_text.h"
#include "sql/tokens.h"

namespace sinan::experiment {
namespace {

using Kind = Condition::Kind;

constexpr size_t kMaxLabelBytes = 60;
constexpr size_t kMaxParts = 1'000'000;               // of all conditions of a document
constexpr std::string_view kElsewhere = "elsewhere";  // the group of what passes

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name_byte(char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-'; }

// A condition is kept as text: what cannot be read back would make the configuration unreadable.
Status check_kept(const Condition& condition, const Element& where) {
  const auto read = parse_condition(to_text(condition));
  if (!read) return where.refuse("a condition that is too long or too deep (" + read.error().message + ")");
  if (*read != condition) return where.refuse("a condition with characters that no text of ours holds");
  return {};
}

void add_subjects_of_is_null(const Condition& condition, std::set<std::string, std::less<>>& subjects) {
  if (condition.kind == Kind::kIsNull) subjects.insert(condition.subject);
  for (const Condition& child : condition.children) add_subjects_of_is_null(child, subjects);
}

}  // namespace

std::string usable_name(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, kMaxLabelBytes)) {
    const char kept = is_name_byte(c) ? c : '_';
    if (kept != '-' || !out.ends_with('-')) out += kept;
  }
  if (out.empty() || !is_letter(out[0])) out.insert(0, "v");
  constexpr std::string_view kWords[] = {"TRUE", "FALSE", "IN", "IS", "NULL"};
  const bool word = std::ranges::any_of(kWords, [&](std::string_view w) { return equals_ignore_case(w, out); });
  return word || sql::is_reserved_in_clause(out) ? out + "_" : out;
}

std::vector<Slot> slots_of(uint32_t buckets, const std::function<int(uint32_t)>& outcome,
                           const std::function<std::pair<std::string, Value>(int)>& name_and_value) {
  std::vector<Slot> out;
  int before = -2;
  for (uint32_t bucket = 0; bucket < buckets; ++bucket) {
    const int now = outcome(bucket);
    if (now == before) {
      out.back().last = bucket;
      continue;
    }
    before = now;
    Slot slot{bucket, bucket, {}, {}};
    if (now >= 0) {
      auto [name, value] = name_and_value(now);
      slot.group = std::move(name);
      slot.value = std::move(value);
    }
    out.push_back(std::move(slot));
  }
  return out;
}

Result<std::string> Target::expect_flag(std::string_view key, const Element& where) {
  std::string name = options_.prefix + std::string(key);
  if (name.empty() || !is_letter(name[0]) || !std::ranges::all_of(name, is_name_byte) || name.contains("--") ||
      name.size() > kMaxNameBytes) {
    return where.refuse(fmt::format("the name \"{}\"", name),
                        "parameters are named by letters, digits, `_`, `.` and `-`, beginning with a letter");
  }
  if (sql::is_reserved_in_clause(name)) {
    return where.refuse(fmt::format("the name \"{}\", which is a reserved word", name),
                        "WITH prefix = '..' puts something before it");
  }
  if (subjects_.size() >= kMaxImportedFlags)
    return where.malformed(fmt::format("more than {} flags", kMaxImportedFlags));
  if (!subjects_.insert(name).second) return where.malformed(fmt::format("a second flag \"{}\"", name));
  return name;
}

std::optional<AttributeType> Target::type_of_attribute(std::string_view name) const {
  if (const auto found = imported_.attributes.find(name); found != imported_.attributes.end()) return found->second;
  if (const auto found = before_.attributes.find(name); found != before_.attributes.end()) return found->second;
  return std::nullopt;
}

Status Target::use(const std::string& attribute, AttributeType type, const Element& where) {
  if (is_parameter(attribute)) return {};
  const auto [place, added] = imported_.attributes.try_emplace(attribute, type);
  if (added || place->second == type) return {};
  return where.refuse(fmt::format("attribute \"{}\" as {} here and as {} elsewhere", attribute, to_string(type),
                                  to_string(place->second)));
}

Status Target::use_unit(const std::string& attribute, const Element& where) {
  const auto known = type_of_attribute(attribute);
  if (known == AttributeType::kInt) return {};
  return use(attribute, AttributeType::kString, where);
}

Condition Target::missing(const std::string& subject) const {
  return is_parameter(subject) ? never() : is_missing(subject);
}

Condition Target::complement(const Condition& condition) const {
  switch (condition.kind) {
    case Kind::kTrue:
      return never();
    case Kind::kFalse:
      return always();
    case Kind::kAnd:
    case Kind::kOr: {
      std::vector<Condition> parts;
      for (const Condition& child : condition.children) parts.push_back(complement(child));
      return condition.kind == Kind::kAnd ? any_of(std::move(parts)) : all_of(std::move(parts));
    }
    default:
      break;
  }
  const Condition& atom = condition.kind == Kind::kNot ? condition.children[0] : condition;
  if (atom.kind == Kind::kIsNull) return negation(condition);
  return any_of({missing(atom.subject), negation(condition)});
}

Condition Target::compare_number(const std::string& subject, Kind kind, double value) const {
  Condition compared = compare(subject, kind, number_literal(value));
  if (!number_holds(0, kind, value)) return compared;
  return any_of({missing(subject), std::move(compared)});
}

Result<Condition> Target::compare_order(const std::string& subject, Kind kind, const Element& value) {
  if (value.json().is_number()) {
    TRY(use(subject, AttributeType::kDouble, value));
    return compare_number(subject, kind, TRY(value.number()));
  }
  const std::string text = TRY(value.text());
  if (parse_timestamp(text)) {
    TRY(use(subject, AttributeType::kTimestamp, value));
    note(fmt::format("{} compares texts; they are compared as points in time here.", value.path()));
    return compare(subject, kind, Literal{text});
  }
  if (text.empty() || std::string_view("0123456789+-. ").contains(text[0]) || parse_semver(text)) {
    return value.refuse("the order of a text that reads as a number",
                        "compare versions with the operator for versions");
  }
  TRY(use(subject, AttributeType::kString, value));
  return compare(subject, kind, Literal{text});
}

Status Target::spend(const Element& where) {
  if (++spent_ <= kMaxParts) return {};
  return where.malformed(fmt::format("more than {} parts of conditions", kMaxParts));
}

Result<Value> Target::value_as(ValueType type, const Element& element) {
  const Json& json = element.json();
  switch (type) {
    case ValueType::kBool:
      if (json.is_bool()) return Value(*json.as_bool());
      break;
    case ValueType::kInt:
      if (json.is_int()) return Value(*json.as_int());
      // 3.0 and 1e2 are whole numbers too.
      if (auto number = json.as_double(); json.is_number() && number && *number >= -9e15 && *number <= 9e15 &&
                                          *number == static_cast<double>(static_cast<int64_t>(*number))) {
        return Value(static_cast<int64_t>(*number));
      }
      break;
    case ValueType::kDouble:
      if (json.is_number()) return Value(TRY(element.number()));
      break;
    case ValueType::kString:
      if (json.is_string()) return Value(std::string(json.string_view()));
      break;
    case ValueType::kJson:
      return Value(JsonText{json.dump()});
  }
  return element.refuse(fmt::format("a value that is no {}", to_string(type)));
}

ValueType Target::type_of_values(const std::vector<const Json*>& values) {
  const auto all = [&](auto fits) { return std::ranges::all_of(values, fits); };
  if (values.empty()) return ValueType::kJson;
  if (all([](const Json* v) { return v->is_bool(); })) return ValueType::kBool;
  if (all([](const Json* v) { return v->is_int(); })) return ValueType::kInt;
  if (all([](const Json* v) { return v->is_number(); })) return ValueType::kDouble;
  if (all([](const Json* v) { return v->is_string(); })) return ValueType::kString;
  return ValueType::kJson;
}

Result<std::optional<Value>> Target::default_from_options(std::string_view key, ValueType type) const {
  const Json* given = options_.defaults.find(key);
  if (given == nullptr) return std::optional<Value>();
  auto value = value_as(type, Element(*given, "defaults." + std::string(key)));
  if (!value) return fail(Code::kArgument, value.error().message);
  return std::optional(*std::move(value));
}

std::string Target::unused_experiment_name(std::string_view flag, std::string_view label) const {
  const std::string base = fmt::format("{}.{}", flag, usable_name(label));
  std::string name = base;
  for (int i = 2; experiments_.contains(to_lower(name)); ++i) name = fmt::format("{}_{}", base, i);
  return name;
}

Result<Experiment> Target::experiment_of(std::string name, const Draw& draw, const std::vector<Slot>& slots,
                                         const Element& where) {
  if (draw.buckets < 1 || draw.buckets > kMaxBuckets) {
    return where.refuse(fmt::format("a draw of {} buckets, of more than {}", draw.buckets, kMaxBuckets));
  }
  if (draw.salt.size() > kMaxNameBytes) return where.refuse("a salt of more than 200 bytes");
  TRY(use_unit(draw.unit, where));
  Experiment out;
  out.name = std::move(name);
  out.state = State::kRunning;
  out.unit = {draw.unit};
  out.buckets = draw.buckets;
  out.scheme = draw.scheme;
  out.salt = draw.salt;
  std::set<std::string> names;
  uint32_t next = 0;
  const auto add = [&](uint32_t first, uint32_t last, std::string_view wanted) {
    const std::string base = usable_name(wanted);
    std::string group = base;
    for (int i = 2; !names.insert(group).second; ++i) group = fmt::format("{}_{}", base, i);
    out.groups.push_back({group, first, last, {}});
    next = last + 1;
  };
  for (const Slot& slot : slots) {
    if (slot.first > next) add(next, slot.first - 1, kElsewhere);
    add(slot.first, slot.last, slot.value ? std::string_view(slot.group) : kElsewhere);
  }
  if (next < draw.buckets) add(next, draw.buckets - 1, kElsewhere);
  if (out.groups.size() > kMaxGroups) return where.refuse(fmt::format("more than {} groups", kMaxGroups));
  experiments_.insert(to_lower(out.name));
  return out;
}

Result<Condition> Target::gate(std::string_view flag, Draw draw, std::vector<std::pair<uint32_t, uint32_t>> ranges,
                               const Element& where) {
  std::ranges::sort(ranges);
  const auto [known, added] = gates_.try_emplace({draw, ranges});
  if (!added) return holds(known->second);
  std::vector<bool> inside(draw.buckets <= kMaxBuckets ? draw.buckets : 0);
  for (const auto& [first, last] : ranges) {
    for (uint32_t bucket = first; bucket <= last && bucket < inside.size(); ++bucket) inside[bucket] = true;
  }
  Flag gate;
  int number = 1;
  while (is_parameter(fmt::format("{}.gate{}", flag, number))) ++number;
  gate.parameter.name = fmt::format("{}.gate{}", flag, number);
  subjects_.insert(gate.parameter.name);
  known->second = gate.parameter.name;
  gate.parameter.type = ValueType::kBool;
  gate.parameter.fallback = false;
  gate.parameter.description = fmt::format("who is let in by {}", draw.salt);
  Step step;
  step.label = "draw";
  step.slots = slots_of(
      draw.buckets, [&](uint32_t bucket) { return bucket < inside.size() && inside[bucket] ? 0 : -1; },
      [](int) { return std::pair{std::string("inside"), Value(true)}; });
  step.draw = std::move(draw);
  gate.steps.push_back(std::move(step));
  const std::string name = gate.parameter.name;
  TRY(add(std::move(gate), where));
  return holds(name);
}

Status Target::add(Flag flag, const Element& where) {
  std::vector<Step> kept;
  for (Step& step : flag.steps) {
    if (step.when.kind == Kind::kFalse) continue;
    TRY(check_kept(step.when, where));
    add_subjects_of_is_null(step.when, mentioned_);
    const bool last = step.when.kind == Kind::kTrue && !step.draw;
    if (!step.draw || std::ranges::any_of(step.slots, [](const Slot& slot) { return slot.value.has_value(); })) {
      kept.push_back(std::move(step));
    }
    if (last) break;
  }
  // What ends at the default needs no step.
  while (!kept.empty() && !kept.back().draw && kept.back().value == flag.parameter.fallback) kept.pop_back();
  flag.steps = std::move(kept);
  const auto draws = std::ranges::count_if(flag.steps, [](const Step& step) { return step.draw.has_value(); });
  return draws == 1 ? add_direct(std::move(flag), where) : add_splits(std::move(flag), where);
}

Imported Target::finish() && {
  for (const std::string& name : mentioned_) {
    if (!is_parameter(name) && !type_of_attribute(name)) imported_.attributes.emplace(name, AttributeType::kString);
  }
  return std::move(imported_);
}

Status Target::add_parameter(Parameter parameter, const Element& where) {
  if (imported_.parameters.size() >= 4 * kMaxImportedFlags) return where.malformed("too many flags and draws");
  imported_.parameters.push_back(std::move(parameter));
  return {};
}

Status Target::add_direct(Flag flag, const Element& where) {
  Experiment experiment;
  std::vector<Branch> before;
  for (Step& step : flag.steps) {
    if (!step.draw) {
      if (experiment.name.empty()) before.push_back({step.when, {}});
      flag.parameter.rules.push_back({std::move(step.when), std::move(step.value)});
      continue;
    }
    const std::string name = unused_experiment_name(flag.parameter.name, step.label);
    experiment = TRY(experiment_of(name, *step.draw, step.slots, where));
    experiment.schedule = std::move(step.schedule);
    Treatment treatment{flag.parameter.name, {}};
    for (const Group& group : experiment.groups) {
      const auto slot = std::ranges::find(step.slots, group.first, &Slot::first);
      if (slot != step.slots.end() && slot->value) treatment.by_group.emplace_back(group.name, *slot->value);
    }
    experiment.branches = std::move(before);
    experiment.branches.push_back({std::move(step.when), {std::move(treatment)}});
  }
  imported_.experiments.push_back(std::move(experiment));
  return add_parameter(std::move(flag.parameter), where);
}

Status Target::add_splits(Flag flag, const Element& where) {
  const std::string name = flag.parameter.name;
  for (Step& step : flag.steps) {
    if (!step.draw) {
      flag.parameter.rules.push_back({std::move(step.when), std::move(step.value)});
      continue;
    }
    Flag split;
    int number = 1;
    while (is_parameter(fmt::format("{}.split{}", name, number))) ++number;
    split.parameter.name = fmt::format("{}.split{}", name, number);
    subjects_.insert(split.parameter.name);
    split.parameter.type = ValueType::kString;
    split.parameter.fallback = std::string();
    split.parameter.description = fmt::format("the group of {} in its draw \"{}\"", name, step.label);
    // The groups are named as the experiment will name them: what it is asked for is what it answers.
    std::set<std::string> groups;
    for (Slot& slot : step.slots) {
      if (!slot.value) continue;
      const std::string base = usable_name(slot.group);
      std::string group = base;
      for (int i = 2; !groups.insert(group).second; ++i) group = fmt::format("{}_{}", base, i);
      flag.parameter.rules.push_back({compare(split.parameter.name, Kind::kEqual, Literal{group}), *slot.value});
      slot.group = group;
      slot.value = std::move(group);
    }
    split.steps.push_back(std::move(step));
    TRY(add(std::move(split), where));
  }
  return add_parameter(std::move(flag.parameter), where);
}

}  // namespace sinan::experiment
