// Eppo: what its JavaScript SDK (common 4.14) does with the universal flag configuration of the server format.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "experiment/evaluator/typed_text.h"
#include "experiment/importers/platforms.h"
#include "experiment/importers/target.h"
#include "experiment/pattern.h"

namespace sinan::experiment {
namespace {

using Kind = Condition::Kind;
using Ranges = std::vector<std::pair<uint32_t, uint32_t>>;  // both ends included

struct Shard {
  std::string salt;
  Ranges ranges;
};
struct Split {
  std::string variation;
  std::vector<Shard> shards;
};

bool holds_bucket(const Ranges& ranges, uint32_t bucket) {
  return std::ranges::any_of(ranges, [&](const auto& r) { return r.first <= bucket && bucket <= r.second; });
}

std::optional<double> number_of(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return {};
  return value;
}

// A text that a number is written as, by which the SDK compares it.
std::optional<Literal> canonical_number(const std::string& text) {
  const auto value = number_of(text);
  if (!value || fmt::format("{}", *value) != text) return std::nullopt;
  return number_literal(*value);
}

std::optional<Kind> order_of(std::string_view op) {
  if (op == "LT") return Kind::kLess;
  if (op == "LTE") return Kind::kLessEqual;
  if (op == "GT") return Kind::kGreater;
  if (op == "GTE") return Kind::kGreaterEqual;
  return std::nullopt;
}

// As node-semver has it: three numbers, perhaps with a v before.
std::optional<std::string> strict_version(std::string text) {
  if (text.starts_with('v')) text.erase(0, 1);
  const std::string_view numbers = std::string_view(text).substr(0, text.find_first_of("-+"));
  if (std::ranges::count(numbers, '.') != 2 || !parse_semver(text)) return std::nullopt;
  return text;
}

class Importer {
 public:
  explicit Importer(Target& target) : target_(target) {}

  // Numbers and booleans are compared as texts by some operators: what an attribute is, all of its uses say together.
  Status learn_attributes(const Element& flag) {
    for (const Element& allocation : TRY(flag.at("allocations").items())) {
      for (const Element& rule : TRY(allocation.at("rules").items())) {
        for (const Element& condition : TRY(rule.at("conditions").items())) {
          const std::string attribute = condition.text_or("attribute", "");
          const std::string op = condition.text_or("operator", "");
          const Json& value = condition.json().at("value");
          if (order_of(op)) {
            const bool version = value.is_string() && strict_version(std::string(value.string_view()));
            (version ? others_ : numbers_).insert(attribute);
          } else if (op == "ONE_OF" || op == "NOT_ONE_OF") {
            const bool booleans = !value.items().empty() && std::ranges::all_of(value.items(), [](const Json& item) {
              return item.string_view() == "true" || item.string_view() == "false";
            });
            (booleans ? booleans_ : others_).insert(attribute);
          } else if (op != "IS_NULL") {
            others_.insert(attribute);
          }
        }
      }
    }
    return {};
  }

  Status flag(const std::string& key, const Element& element) {
    TRY(element.only({"key", "enabled", "variationType", "variations", "allocations", "totalShards", "entityId"}));
    Flag flag;
    flag.parameter.name = target_.options().prefix + key;
    flag.parameter.type = TRY(type_of(element.at("variationType")));
    variations_.clear();
    for (const auto& [name, variation] : TRY(element.at("variations").members())) {
      variations_.emplace(name, TRY(value_of(variation.at("value"), flag.parameter.type)));
    }
    shards_ = element.has("totalShards") ? TRY(element.at("totalShards").count(kMaxBuckets)) : 10'000;
    if (shards_ == 0) return element.at("totalShards").malformed("expected a number above 0");
    for (const Element& allocation : TRY(element.at("allocations").items())) TRY(this->allocation(allocation, flag));
    TRY(find_default(key, element, flag));
    return target_.add(std::move(flag), element);
  }

 private:
  static Result<ValueType> type_of(const Element& element) {
    const std::string type = TRY(element.text());
    if (type == "STRING") return ValueType::kString;
    if (type == "INTEGER") return ValueType::kInt;
    if (type == "NUMERIC") return ValueType::kDouble;
    if (type == "BOOLEAN") return ValueType::kBool;
    if (type == "JSON") return ValueType::kJson;
    return element.refuse(fmt::format("the type {}", type));
  }

  static Result<Value> value_of(const Element& element, ValueType type) {
    if (type != ValueType::kJson) return Target::value_as(type, element);
    auto json = Json::parse(TRY(element.text()));
    if (!json) return element.malformed("expected the text of a JSON value");
    return Value(JsonText{json->dump()});
  }

  // Where no allocation gives a value, Eppo's callers get their own default. So there must be one, or none must be needed.
  Status find_default(const std::string& key, const Element& element, Flag& flag) {
    const auto given = TRY(target_.default_from_options(key, flag.parameter.type));
    if (given) {
      flag.parameter.fallback = *given;
      return {};
    }
    if (!flag.steps.empty() && flag.steps.back().when.kind == Kind::kTrue && flag.steps.back().schedule.empty()) {
      const Step& last = flag.steps.back();
      const bool total = std::ranges::all_of(last.slots, [](const Slot& slot) { return slot.value.has_value(); });
      if (total) {
        flag.parameter.fallback = last.draw ? *last.slots.front().value : last.value;
        return {};
      }
    }
    return element.refuse("a flag that leaves some subjects to the caller's default",
                          fmt::format("name that default: WITH defaults = '{{\"{}\": ..}}'", key));
  }

  std::string unit() const { return target_.options().unit.empty() ? "user_id" : target_.options().unit; }

  Status allocation(const Element& element, Flag& flag) {
    TRY(element.only({"key", "rules", "startAt", "endAt", "splits", "doLog"}));
    const std::string key = TRY(element.at("key").text());
    std::vector<Condition> rules;
    for (const Element& rule : TRY(element.at("rules").items())) {
      std::vector<Condition> conditions;
      for (const Element& condition : TRY(rule.at("conditions").items())) {
        conditions.push_back(TRY(this->condition(condition)));
      }
      rules.push_back(all_of(std::move(conditions)));
    }
    const Condition when = rules.empty() ? always() : any_of(std::move(rules));
    std::vector<Window> schedule = TRY(schedule_of(element));
    std::vector<Split> splits;
    for (const Element& split : TRY(element.at("splits").items())) {
      splits.push_back(TRY(read_split(split)));
      if (splits.back().shards.empty()) break;  // takes everybody
    }
    const auto value = [&](const Split& split) { return variations_.find(split.variation)->second; };
    const std::optional<std::string> varying = varying_salt(splits);
    if (varying) {
      // All splits share one draw; what else they ask for is the same for all.
      std::vector<Condition> parts = {when};
      for (const Shard& shard : splits[0].shards) {
        if (shard.salt != *varying) parts.push_back(TRY(gate(flag, shard, element)));
      }
      Step step{key, all_of(std::move(parts)), draw(*varying), {}, {}, std::move(schedule)};
      step.slots = slots_of(
          shards_,
          [&](uint32_t bucket) {
            for (size_t i = 0; i < splits.size(); ++i) {
              const auto shard = std::ranges::find(splits[i].shards, *varying, &Shard::salt);
              if (holds_bucket(shard->ranges, bucket)) return static_cast<int>(i);
            }
            return -1;
          },
          [&](int i) {
            const Split& split = splits[static_cast<size_t>(i)];
            return std::pair{split.variation, value(split)};
          });
      flag.steps.push_back(std::move(step));
      return {};
    }
    for (const Split& split : splits) {
      std::vector<Condition> parts = {when};
      for (size_t i = 0; i + 1 < split.shards.size(); ++i) parts.push_back(TRY(gate(flag, split.shards[i], element)));
      Step step{key, all_of(std::move(parts)), {}, {}, value(split), schedule};
      if (!split.shards.empty()) {
        const Shard& last = split.shards.back();
        step.draw = draw(last.salt);
        step.slots = slots_of(
            shards_, [&](uint32_t bucket) { return holds_bucket(last.ranges, bucket) ? 0 : -1; },
            [&](int) { return std::pair{split.variation, value(split)}; });
      } else if (!schedule.empty()) {
        // One bucket: everybody, while the schedule lasts.
        step.draw = Draw{unit(), HashScheme::kSinan, 1, key};
        step.slots = {{0, 0, split.variation, value(split)}};
      }
      flag.steps.push_back(std::move(step));
    }
    return {};
  }

  Draw draw(std::string salt) const { return {unit(), HashScheme::kEppo, shards_, std::move(salt)}; }
  Result<Condition> gate(const Flag& flag, const Shard& shard, const Element& where) {
    return target_.gate(flag.parameter.name, draw(shard.salt), shard.ranges, where);
  }

  Result<Split> read_split(const Element& element) {
    TRY(element.only({"shards", "variationKey", "extraLogging"}));
    Split out{TRY(element.at("variationKey").text()), {}};
    if (!variations_.contains(out.variation)) {
      return element.at("variationKey")
          .refuse(fmt::format("the variation \"{}\", which the flag does not have", out.variation));
    }
    for (const Element& shard : TRY(element.at("shards").items())) {
      TRY(shard.only({"salt", "ranges"}));
      Shard one{TRY(shard.at("salt").text()), {}};
      for (const Element& range : TRY(shard.at("ranges").items())) {
        const uint32_t start = TRY(range.at("start").count(UINT32_MAX));
        const uint32_t end = std::min(TRY(range.at("end").count(UINT32_MAX)), shards_);  // not included
        if (start < end) one.ranges.emplace_back(start, end - 1);
      }
      out.shards.push_back(std::move(one));
    }
    return out;
  }

  // The salt whose ranges tell the splits apart, when all other shards are the same in all of them.
  static std::optional<std::string> varying_salt(const std::vector<Split>& splits) {
    if (splits.empty()) return std::nullopt;
    for (const Shard& candidate : splits[0].shards) {
      const bool fits = std::ranges::all_of(splits, [&](const Split& split) {
        if (split.shards.size() != splits[0].shards.size()) return false;
        return std::ranges::all_of(splits[0].shards, [&](const Shard& shard) {
          const auto same = [&](const Shard& other) { return other.salt == shard.salt; };
          if (std::ranges::count_if(split.shards, same) != 1) return false;
          return shard.salt == candidate.salt || std::ranges::find_if(split.shards, same)->ranges == shard.ranges;
        });
      });
      if (fits) return candidate.salt;
    }
    return std::nullopt;
  }

  static Result<std::vector<Window>> schedule_of(const Element& element) {
    Window window;
    for (const bool at_end : {false, true}) {
      const std::string_view name = at_end ? "endAt" : "startAt";
      if (!element.has(name)) continue;
      const auto time = parse_timestamp(TRY(element.at(name).text()));
      if (!time) return element.at(name).malformed("expected a point in time");
      // The end itself belongs to it.
      (at_end ? window.end : window.begin) = at_end ? *time + 1 : *time;
    }
    if (!window.begin && !window.end) return std::vector<Window>{};
    if (window.begin && window.end && *window.end <= *window.begin) {
      return element.at("endAt").refuse("an allocation that ends before it begins");
    }
    return std::vector{window};
  }

  Result<Condition> condition(const Element& element) {
    TRY(target_.spend(element));
    TRY(element.only({"attribute", "operator", "value"}));
    const std::string attribute = TRY(element.at("attribute").text());
    // The subject's key can be asked for, unless the subject has an attribute of that name.
    const std::string name = attribute == "id" ? unit() : attribute;
    const std::string op = TRY(element.at("operator").text());
    const Element value = element.at("value");
    if (op == "IS_NULL") {
      const Condition missing = target_.missing(name);
      return TRY(value.boolean()) ? missing : target_.complement(missing);
    }
    if (const auto order = order_of(op)) return compare_with(name, *order, value);
    if (op == "ONE_OF") return membership(attribute, name, value);
    if (op == "NOT_ONE_OF") {
      const Condition inside = TRY(membership(attribute, name, value));
      return inside.kind == Kind::kFalse ? target_.complement(target_.missing(name)) : negation(inside);
    }
    if (op == "MATCHES" || op == "NOT_MATCHES") {
      const std::string pattern = TRY(value.text());
      const auto dfa = regex_dfa(pattern);
      if (!dfa) return value.refuse(fmt::format("a regular expression ({})", dfa.error().message));
      TRY(target_.use(name, AttributeType::kString, element));
      Condition out = compare(name, Kind::kMatches, Literal{pattern});
      return op == "MATCHES" ? out : negation(std::move(out));
    }
    return element.at("operator").refuse(fmt::format("the operator {}", op));
  }

  Result<Condition> compare_with(const std::string& name, Kind order, const Element& value) {
    std::optional<double> number;
    if (value.json().is_number()) {
      number = TRY(value.number());
    } else {
      const std::string text = TRY(value.text());
      if (const auto version = strict_version(text)) {
        TRY(target_.use(name, AttributeType::kSemver, value));
        return compare(name, order, Literal{*version});
      }
      number = number_of(text);
      if (!number) return value.refuse(fmt::format("\"{}\", which is no number and no version", text));
    }
    TRY(target_.use(name, AttributeType::kDouble, value));
    return compare(name, order, number_literal(*number));
  }

  Result<Condition> membership(const std::string& attribute, const std::string& name, const Element& value) {
    const std::vector<std::string> texts = TRY(value.texts());
    std::vector<Literal> literals;
    AttributeType type = AttributeType::kString;
    if (numbers_.contains(attribute)) type = AttributeType::kDouble;
    if (booleans_.contains(attribute) && !others_.contains(attribute) && type == AttributeType::kString) {
      type = AttributeType::kBool;
      if (noted_.insert(name).second) {
        target_.note(
            fmt::format("{} is compared with \"true\" and \"false\" only: services must send it as a boolean.", name));
      }
    }
    for (const std::string& text : texts) {
      if (type == AttributeType::kBool) {
        literals.push_back(Literal{text == "true"});
      } else if (type == AttributeType::kDouble) {
        if (const auto number = canonical_number(text))
          literals.push_back(*number);  // another text no number is written as
      } else {
        literals.push_back(Literal{text});
      }
    }
    if (literals.empty()) return never();
    TRY(target_.use(name, type, value));
    return one_of(name, std::move(literals));
  }

  Target& target_;
  std::map<std::string, Value, std::less<>> variations_;
  uint32_t shards_ = 0;
  std::set<std::string, std::less<>> numbers_;   // attributes that are compared with numbers
  std::set<std::string, std::less<>> booleans_;  // with "true" and "false"
  std::set<std::string, std::less<>> others_;    // with other texts
  std::set<std::string> noted_;
};

}  // namespace

Status import_eppo(const Json& document, Target& target) {
  const Element top(document, "");
  TRY(top.only({"createdAt", "format", "environment", "flags", "bandits", "banditReferences"}));
  if (top.has("format") && top.text_or("format", "") != "SERVER") {
    return top.at("format").refuse(fmt::format("the format {}", top.text_or("format", "?")),
                                   "export the server's configuration: the client's is obfuscated");
  }
  if (!top.has("flags")) return top.malformed("no flags");
  if (top.has("bandits") && !top.json().at("bandits").members().empty()) {
    target.note("bandits are left out: their models choose actions, not values.");
  }
  Importer importer(target);
  const auto flags = TRY(top.at("flags").members());
  for (const auto& [key, flag] : flags) TRY(importer.learn_attributes(flag));
  for (const auto& [key, flag] : flags) {
    if (!TRY(flag.at("enabled").boolean())) {
      target.note(
          fmt::format("{} is disabled: left out, so that callers keep getting their own default.", flag.path()));
      continue;
    }
    TRY(target.expect_flag(key, flag));
    TRY(importer.flag(key, flag));
  }
  return {};
}

}  // namespace sinan::experiment
