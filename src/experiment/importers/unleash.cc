// Unleash: what its Node client (6.12) does with the features of the client API. A feature is on or off and may have a variant: it
// becomes the parameter `feature`, and `feature.variant` and `feature.payload` where there are variants.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/strings.h"
#include "experiment/evaluator/typed_text.h"
#include "experiment/importers/platforms.h"
#include "experiment/importers/target.h"
#include "experiment/pattern.h"

namespace sinan::experiment {
namespace {

using Kind = Condition::Kind;

constexpr std::string_view kDisabled = "disabled";  // the name of no variant
constexpr uint32_t kPercents = 100;

std::optional<double> number_of(std::string_view text) {
  text = trim(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return {};
  return value;
}

std::vector<std::string> listed(const std::string& text) {
  std::vector<std::string> out;
  if (text.empty()) return out;
  for (const std::string_view part : split_on(text, ',')) out.emplace_back(trim(part));
  return out;
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

class Importer {
 public:
  Importer(const Element& document, Target& target) : target_(target), segments_(document.at("segments")) {
    find_addresses(document.json());
  }

  Status feature(const std::string& name, const Element& element) {
    TRY(element.only({"name", "type", "description", "enabled", "stale", "impressionData", "project", "strategies",
                      "variants", "dependencies", "createdAt", "lastSeenAt", "environments", "favorite", "archived"}));
    name_ = target_.options().prefix + name;
    toggle_ = name;
    Flag on;
    on.parameter.name = name_;
    on.parameter.type = ValueType::kBool;
    on.parameter.fallback = false;
    on.parameter.description = element.text_or("description", "");
    const std::vector<Element> strategies = TRY(element.at("strategies").items());
    const std::vector<Element> variants = TRY(element.at("variants").items());
    const bool by_strategy =
        std::ranges::any_of(strategies, [](const Element& s) { return !s.json().at("variants").items().empty(); });
    const bool with_variants = by_strategy || !variants.empty();
    if (!TRY(element.at("enabled").boolean())) {
      TRY(target_.add(std::move(on), element));
      return with_variants ? variant_parameters(element, strategies, variants, false) : Status{};
    }
    const Condition parents = TRY(dependencies(element));
    // With variants of strategies it matters which of them lets somebody in.
    Flag deciding;
    deciding.parameter.name = by_strategy ? name_ + ".strategy" : name_;
    deciding.parameter.type = by_strategy ? ValueType::kInt : ValueType::kBool;
    deciding.parameter.fallback = by_strategy ? Value(int64_t{0}) : Value(false);
    if (strategies.empty()) force(deciding, parents, true);
    for (size_t i = 0; i < strategies.size(); ++i) {
      Value inside = true;
      if (by_strategy) inside = static_cast<int64_t>(i + 1);
      TRY(strategy(strategies[i], parents, inside, deciding));
    }
    if (!by_strategy) {
      deciding.parameter.description = on.parameter.description;
      TRY(target_.add(std::move(deciding), element));
    } else {
      TRY(target_.expect_flag(toggle_ + ".strategy", element));
      TRY(target_.add(std::move(deciding), element));
      force(on, compare(name_ + ".strategy", Kind::kGreater, Literal{int64_t{0}}), true);
      TRY(target_.add(std::move(on), element));
    }
    return with_variants ? variant_parameters(element, strategies, variants, true) : Status{};
  }

 private:
  static void force(Flag& flag, Condition when, Value value) {
    flag.steps.push_back({fmt::format("rule{}", flag.steps.size() + 1), std::move(when), {}, {}, std::move(value), {}});
  }

  Result<Condition> dependencies(const Element& element) {
    std::vector<Condition> parts;
    for (const Element& parent : TRY(element.at("dependencies").items())) {
      TRY(parent.only({"feature", "enabled", "variants"}));
      const std::string feature = TRY(parent.at("feature").text());
      if (!target_.is_flag(feature)) {
        return parent.refuse(fmt::format("a dependency that is not in the document, \"{}\"", feature));
      }
      const std::string name = target_.options().prefix + feature;
      if (parent.has("enabled") && !TRY(parent.at("enabled").boolean())) {
        parts.push_back(negation(holds(name)));
        continue;
      }
      parts.push_back(holds(name));
      const std::vector<std::string> names = TRY(parent.at("variants").texts());
      if (names.empty()) continue;
      if (!target_.is_parameter(name + ".variant")) {
        return parent.refuse("a dependency on variants of a feature that has none, or stands behind this one");
      }
      parts.push_back(one_of_texts(name + ".variant", names));
    }
    return all_of(std::move(parts));
  }

  // Constraints of the strategy and of its segments.
  Result<Condition> constraints(const Element& strategy) {
    std::vector<Condition> parts;
    for (const Element& constraint : TRY(strategy.at("constraints").items())) {
      parts.push_back(TRY(this->constraint(constraint)));
    }
    for (const Element& id : TRY(strategy.at("segments").items())) {
      const std::vector<Element> all = TRY(segments_.items());
      const auto found =
          std::ranges::find_if(all, [&](const Element& segment) { return segment.json().at("id") == id.json(); });
      if (found == all.end()) return id.refuse("a segment that is not in the document");
      for (const Element& constraint : TRY(found->at("constraints").items())) {
        parts.push_back(TRY(this->constraint(constraint)));
      }
    }
    return all_of(std::move(parts));
  }

  Result<Condition> constraint(const Element& element) {
    TRY(target_.spend(element));
    TRY(element.only({"contextName", "operator", "values", "value", "inverted", "caseInsensitive"}));
    const Condition condition = TRY(operation(element));
    const bool inverted = element.has("inverted") && TRY(element.at("inverted").boolean());
    return inverted ? target_.complement(condition) : condition;
  }

  static Result<std::vector<std::string>> values_of(const Element& element) {
    std::vector<std::string> out;
    for (const std::string& value : TRY(element.at("values").texts())) {
      if (!value.empty()) out.emplace_back(trim(value));
    }
    return out;
  }

  Result<Condition> operation(const Element& element) {
    const std::string name = TRY(element.at("contextName").text());
    const std::string op = TRY(element.at("operator").text());
    const bool any_case = element.has("caseInsensitive") && TRY(element.at("caseInsensitive").boolean());
    if (op == "IN" || op == "NOT_IN") {
      TRY(target_.use(name, AttributeType::kString, element));
      const Condition inside = one_of_texts(name, TRY(values_of(element)));
      return op == "IN" ? inside : target_.complement(inside);
    }
    if (op == "STR_STARTS_WITH" || op == "STR_ENDS_WITH" || op == "STR_CONTAINS") {
      TRY(target_.use(name, AttributeType::kString, element));
      const Kind kind = op == "STR_STARTS_WITH" ? Kind::kStartsWith
                        : op == "STR_ENDS_WITH" ? Kind::kEndsWith
                                                : Kind::kContains;
      std::vector<Condition> parts;
      for (const std::string& value : TRY(values_of(element))) {
        if (!any_case) {
          parts.push_back(compare(name, kind, Literal{value}));
          continue;
        }
        if (!is_ascii(value)) return element.refuse("upper and lower case of other than ASCII letters");
        parts.push_back(compare(name, Kind::kMatches,
                                Literal{any_case_pattern(value, kind == Kind::kStartsWith, kind == Kind::kEndsWith)}));
      }
      return any_of(std::move(parts));
    }
    if (op == "IN_CIDR") return addresses(name, TRY(values_of(element)), element);
    const std::string value = TRY(element.at("value").text());
    if (op == "REGEX") {
      if (any_case) return element.refuse("a regular expression in any case");
      const auto dfa = regex_dfa(value);
      if (!dfa) return element.refuse(fmt::format("a regular expression ({})", dfa.error().message));
      TRY(target_.use(name, AttributeType::kString, element));
      return compare(name, Kind::kMatches, Literal{value});
    }
    if (op.starts_with("DATE_")) return date(op, value, element);
    constexpr std::array<std::pair<std::string_view, Kind>, 5> kOrders = {{{"EQ", Kind::kEqual},
                                                                           {"GT", Kind::kGreater},
                                                                           {"GTE", Kind::kGreaterEqual},
                                                                           {"LT", Kind::kLess},
                                                                           {"LTE", Kind::kLessEqual}}};
    const bool numbers = op.starts_with("NUM_");
    const std::string_view rest =
        numbers ? std::string_view(op).substr(4) : std::string_view(op).substr(std::min<size_t>(op.size(), 7));
    const auto order = std::ranges::find(kOrders, rest, &std::pair<std::string_view, Kind>::first);
    if ((!numbers && !op.starts_with("SEMVER_")) || order == kOrders.end()) {
      return element.refuse(fmt::format("the operator {}", op));
    }
    if (!numbers) {
      // The client holds with three numbers only.
      if (!parse_semver(value) || std::ranges::count(value.substr(0, value.find_first_of("-+")), '.') != 2)
        return element.refuse(fmt::format("the version \"{}\"", value));
      TRY(target_.use(name, AttributeType::kSemver, element));
      return compare(name, order->second, Literal{value});
    }
    const auto number = number_of(value);
    if (!number) return element.refuse(fmt::format("the number \"{}\"", value));
    TRY(target_.use(name, AttributeType::kDouble, element));
    note_once(fmt::format("{} is compared as a number: services must send it as one, not as text.", name));
    return compare(name, order->second, number_literal(*number));
  }

  Result<Condition> date(const std::string& op, const std::string& value, const Element& element) {
    if (op != "DATE_AFTER" && op != "DATE_BEFORE") return element.refuse(fmt::format("the operator {}", op));
    if (!parse_timestamp(value)) return element.refuse(fmt::format("the point in time \"{}\"", value));
    TRY(target_.use("currentTime", AttributeType::kTimestamp, element));
    note_once("currentTime is what the context says: services must send it, also where Unleash took the clock's.");
    return compare("currentTime", op == "DATE_AFTER" ? Kind::kGreater : Kind::kLess, Literal{value});
  }

  Result<Condition> addresses(const std::string& name, const std::vector<std::string>& values, const Element& element) {
    for (const std::string& value : values) {
      const size_t slash = value.find('/');
      if (!parse_ip(std::string_view(value).substr(0, slash)))
        return element.refuse(fmt::format("the network \"{}\"", value));
    }
    TRY(target_.use(name, AttributeType::kIp, element));
    return one_of_texts(name, values);
  }

  void note_once(std::string sentence) {
    if (noted_.insert(sentence).second) target_.note(std::move(sentence));
  }

  // The attributes that a stickiness tries one after another; empty: it draws at random.
  Result<std::vector<std::string>> sticky_to(const Element& where, const std::string& stickiness, bool of_variants) {
    if (stickiness == "random") return where.refuse("a draw at random, which nobody can repeat");
    if (!stickiness.empty() && stickiness != "default") return std::vector<std::string>{stickiness};
    note_once("contexts without userId and sessionId, for which Unleash draws at random, are in no partial rollout.");
    std::vector<std::string> out = {"userId", "sessionId"};
    if (of_variants && !compares_addresses_) {
      out.emplace_back("remoteAddress");
    } else if (of_variants) {
      note_once("contexts with a remoteAddress alone draw no variant: it is compared as an address, which is no unit.");
    }
    return out;
  }

  void find_addresses(const Json& json) {
    for (const Json& item : json.items()) find_addresses(item);
    for (const auto& [key, value] : json.members()) find_addresses(value);
    const bool compared =
        json.at("operator").string_view() == "IN_CIDR" && json.at("contextName").string_view() == "remoteAddress";
    if (compared || json.at("name").string_view() == "remoteAddress") compares_addresses_ = true;
  }

  Condition lacking(const std::string& attribute) const {
    return any_of({is_missing(attribute), compare(attribute, Kind::kEqual, Literal{std::string()})});
  }

  Status strategy(const Element& element, const Condition& parents, const Value& inside, Flag& flag) {
    TRY(element.only({"name", "parameters", "constraints", "segments", "variants", "id", "title", "disabled",
                      "sortOrder", "featureName", "segmentIds"}));
    if (element.has("disabled") && TRY(element.at("disabled").boolean())) {
      return element.refuse("a strategy that is switched off",
                            "export what the client API serves: it leaves these out");
    }
    const std::string name = TRY(element.at("name").text());
    const Element parameters = element.at("parameters");
    const Condition when = all_of({parents, TRY(constraints(element))});
    if (name == "default") {
      force(flag, when, inside);
      return {};
    }
    if (name == "userWithId") {
      TRY(target_.use("userId", AttributeType::kString, element));
      force(flag, all_of({when, one_of_texts("userId", listed(parameters.text_or("userIds", "")))}), inside);
      return {};
    }
    if (name == "remoteAddress") {
      const std::vector<std::string> networks = listed(parameters.text_or("IPs", ""));
      force(flag, all_of({when, TRY(addresses("remoteAddress", networks, element))}), inside);
      return {};
    }
    if (name == "flexibleRollout") {
      std::string group = parameters.text_or("groupId", "");
      if (group.empty()) return parameters.refuse("a rollout without a group id");
      return rollout(element, when, parameters.at("rollout"), parameters.text_or("stickiness", ""), group, inside,
                     flag);
    }
    if (name == "gradualRolloutUserId" || name == "gradualRolloutSessionId") {
      return rollout(element, when, parameters.at("percentage"),
                     name == "gradualRolloutUserId" ? "userId" : "sessionId", parameters.text_or("groupId", ""), inside,
                     flag);
    }
    return element.at("name").refuse(fmt::format("the strategy {}", name));
  }

  static Result<double> percentage(const Element& element) {
    const auto number =
        element.json().is_string() ? number_of(element.json().string_view()) : std::optional(TRY(element.number()));
    if (!number) return element.malformed("expected a percentage");
    return *number;
  }

  Status rollout(const Element& element, const Condition& when, const Element& percent, const std::string& stickiness,
                 const std::string& group, const Value& inside, Flag& flag) {
    const double extent = TRY(percentage(percent));
    const bool everybody = extent >= kPercents;
    const bool fixed = !stickiness.empty() && stickiness != "default" && stickiness != "random";
    if (extent <= 0) return {};
    if (everybody) {
      if (fixed) TRY(target_.use_unit(stickiness, element));
      force(flag, fixed ? all_of({when, target_.complement(lacking(stickiness))}) : when, inside);
      return {};
    }
    Condition rest = when;
    for (const std::string& unit : TRY(sticky_to(element, stickiness, false))) {
      TRY(target_.use_unit(unit, element));
      Step step;
      step.label = group;
      step.when = rest;
      // Unleash counts buckets from 1.
      step.slots = slots_of(
          kPercents, [&](uint32_t bucket) { return bucket + 1 <= extent ? 0 : -1; },
          [&](int) { return std::pair{std::string("inside"), inside}; });
      step.draw = Draw{unit, HashScheme::kUnleash, kPercents, group};
      flag.steps.push_back(std::move(step));
      rest = all_of({std::move(rest), lacking(unit)});
    }
    return {};
  }

  // Variants

  struct Variant {
    std::string name;
    uint32_t weight = 0;
    std::optional<Element> payload;
    std::vector<Condition> overrides;
  };

  Result<std::vector<Variant>> read_variants(const std::vector<Element>& elements) {
    std::vector<Variant> out;
    for (const Element& element : elements) {
      TRY(element.only({"name", "weight", "weightType", "stickiness", "payload", "overrides"}));
      Variant variant{TRY(element.at("name").text()), TRY(element.at("weight").count(kMaxBuckets)), {}, {}};
      if (element.has("payload")) variant.payload = element.at("payload");
      for (const Element& override : TRY(element.at("overrides").items())) {
        const std::string name = TRY(override.at("contextName").text());
        TRY(target_.use(name, AttributeType::kString, override));
        variant.overrides.push_back(one_of_texts(name, TRY(override.at("values").texts())));
      }
      out.push_back(std::move(variant));
    }
    return out;
  }

  // Steps that choose one of the variants in `guard`. `value` says what one stands for.
  template <class ValueOf>
  Status choose(const Element& element, const Condition& guard, const std::vector<Variant>& variants,
                const std::string& stickiness, const std::string& group, Flag& flag, ValueOf value) {
    uint64_t total = 0;
    for (const Variant& variant : variants) total += variant.weight;
    if (total == 0) return {};
    if (total > kMaxBuckets) return element.refuse(fmt::format("weights that add up to more than {}", kMaxBuckets));
    for (const Variant& variant : variants) {
      if (!variant.overrides.empty()) force(flag, all_of({guard, any_of(variant.overrides)}), TRY(value(variant)));
    }
    const auto positive = std::ranges::count_if(variants, [](const Variant& v) { return v.weight > 0; });
    std::vector<Value> values;
    for (const Variant& variant : variants) values.push_back(TRY(value(variant)));
    if (positive == 1) {
      const auto only = std::ranges::find_if(variants, [](const Variant& v) { return v.weight > 0; });
      force(flag, guard, values[static_cast<size_t>(only - variants.begin())]);
      return {};
    }
    Condition rest = guard;
    for (const std::string& unit : TRY(sticky_to(element, stickiness, true))) {
      TRY(target_.use_unit(unit, element));
      Step step;
      step.label = group;
      step.when = rest;
      step.slots = slots_of(
          static_cast<uint32_t>(total),
          [&](uint32_t bucket) {
            uint32_t sum = 0;
            for (size_t i = 0; i < variants.size(); ++i) {
              sum += variants[i].weight;
              if (bucket < sum) return static_cast<int>(i);
            }
            return -1;
          },
          [&](int i) { return std::pair{variants[static_cast<size_t>(i)].name, values[static_cast<size_t>(i)]}; });
      step.draw = Draw{unit, HashScheme::kUnleashVariant, static_cast<uint32_t>(total), group};
      flag.steps.push_back(std::move(step));
      rest = all_of({std::move(rest), lacking(unit)});
    }
    return {};
  }

  // The type that all payloads have; none when there are none.
  static Result<std::optional<ValueType>> payload_type(const std::vector<std::vector<Variant>>& lists) {
    std::optional<ValueType> out;
    for (const std::vector<Variant>& list : lists) {
      for (const Variant& variant : list) {
        if (!variant.payload) continue;
        const std::string type = variant.payload->text_or("type", "");
        const ValueType one = type == "json"     ? ValueType::kJson
                              : type == "number" ? ValueType::kDouble
                                                 : ValueType::kString;
        if (type != "json" && type != "number" && type != "string" && type != "csv") {
          return variant.payload->refuse(fmt::format("a payload of type \"{}\"", type));
        }
        if (out && *out != one) return variant.payload->refuse("payloads of different types");
        out = one;
      }
    }
    return out;
  }

  static Result<Value> payload_value(const Variant& variant, ValueType type, const Value& none) {
    if (!variant.payload) return none;
    const Element value = variant.payload->at("value");
    const std::string text = TRY(value.text());
    if (type == ValueType::kString) return Value(text);
    if (type == ValueType::kDouble) {
      const auto number = number_of(text);
      if (!number) return value.malformed("expected a number");
      return Value(*number);
    }
    auto json = Json::parse(text);
    if (!json) return value.malformed("expected JSON");
    return Value(JsonText{json->dump()});
  }

  Status variant_parameters(const Element& element, const std::vector<Element>& strategies,
                            const std::vector<Element>& variants, bool enabled) {
    // One list for each strategy, and the feature's own at the end.
    std::vector<std::vector<Variant>> lists;
    for (const Element& strategy : strategies) {
      lists.push_back(TRY(read_variants(TRY(strategy.at("variants").items()))));
    }
    lists.push_back(TRY(read_variants(variants)));
    const auto steps = [&](Flag& flag, auto value) -> Status {
      if (!enabled) return {};
      for (size_t i = 0; i < strategies.size(); ++i) {
        if (lists[i].empty()) continue;
        const Element parameters = strategies[i].at("parameters");
        const std::string own = strategies[i].at("variants").at(size_t{0}).text_or("stickiness", "");
        const std::string stickiness = own.empty() ? parameters.text_or("stickiness", "") : own;
        const Condition guard = compare(name_ + ".strategy", Kind::kEqual, Literal{static_cast<int64_t>(i + 1)});
        TRY(choose(strategies[i], guard, lists[i], stickiness, parameters.text_or("groupId", ""), flag, value));
        // The client falls back on the feature's variants where a strategy's have no weight; what is left draws nothing.
        uint64_t weights = 0;
        for (const Variant& variant : lists[i]) weights += variant.weight;
        if (weights > 0) force(flag, guard, flag.parameter.fallback);
      }
      if (lists.back().empty()) return {};
      return choose(element, holds(name_), lists.back(), variants[0].text_or("stickiness", ""), toggle_, flag, value);
    };
    Flag variant;
    variant.parameter.name = TRY(target_.expect_flag(toggle_ + ".variant", element));
    variant.parameter.type = ValueType::kString;
    variant.parameter.fallback = std::string(kDisabled);
    TRY(steps(variant, [](const Variant& one) { return Result<Value>(Value(one.name)); }));
    const std::string chosen = variant.parameter.name;
    TRY(target_.add(std::move(variant), element));
    const auto type = TRY(payload_type(lists));
    if (!type) return {};
    // A payload goes with its variant's name, as long as names are told apart by it.
    Flag payload;
    payload.parameter.name = TRY(target_.expect_flag(toggle_ + ".payload", element));
    payload.parameter.type = *type;
    payload.parameter.fallback = *type == ValueType::kString   ? Value(std::string())
                                 : *type == ValueType::kDouble ? Value(0.0)
                                                               : Value(JsonText{"null"});
    for (size_t i = 0; enabled && i < lists.size(); ++i) {
      for (const Variant& one : lists[i]) {
        if (!one.payload) continue;
        std::vector<Condition> parts = {compare(chosen, Kind::kEqual, Literal{one.name})};
        if (i + 1 < lists.size()) {
          parts.push_back(compare(name_ + ".strategy", Kind::kEqual, Literal{static_cast<int64_t>(i + 1)}));
        } else {
          for (size_t k = 0; k + 1 < lists.size(); ++k) {
            if (lists[k].empty()) continue;
            parts.push_back(compare(name_ + ".strategy", Kind::kNotEqual, Literal{static_cast<int64_t>(k + 1)}));
          }
        }
        force(payload, all_of(std::move(parts)), TRY(payload_value(one, *type, payload.parameter.fallback)));
      }
    }
    return target_.add(std::move(payload), element);
  }

  Target& target_;
  Element segments_;
  std::string toggle_;               // the feature as Unleash calls it
  std::string name_;                 // its parameter
  bool compares_addresses_ = false;  // whether remoteAddress is asked for networks somewhere
  std::set<std::string> noted_;
};

}  // namespace

Status import_unleash(const Json& document, Target& target) {
  const Element top(document, "");
  TRY(top.only({"version", "features", "segments", "query", "meta"}));
  if (!top.has("features")) return top.malformed("no features");
  const std::vector<Element> features = TRY(top.at("features").items());
  for (const Element& feature : features) TRY(target.expect_flag(TRY(feature.at("name").text()), feature));
  // Features that others depend on come first; a dependency of a dependency is off in Unleash, so there are two rounds.
  Importer importer(top, target);
  for (const bool dependent : {false, true}) {
    for (const Element& feature : features) {
      const auto parents = TRY(feature.at("dependencies").items());
      if (parents.empty() == dependent) continue;
      for (const Element& parent : parents) {
        for (const Element& other : features) {
          if (other.json().at("name") == parent.json().at("feature") &&
              !other.json().at("dependencies").items().empty())
            return parent.refuse("a dependency on a feature that has dependencies itself");
        }
      }
      TRY(importer.feature(TRY(feature.at("name").text()), feature));
    }
  }
  return {};
}

}  // namespace sinan::experiment
