// flagd: what its JavaScript core (4.0) does with a file of flags. Targeting is JsonLogic with flagd's own operations.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "experiment/evaluator/typed_text.h"
#include "experiment/importers/platforms.h"
#include "experiment/importers/target.h"

namespace sinan::experiment {
namespace {

using Kind = Condition::Kind;

constexpr size_t kMaxReferences = 30;  // one inside of another
constexpr uint32_t kMaxWeight = 2'147'483'647;

struct Comparison {
  std::string_view name;
  Kind kind;
  Kind mirrored;  // with its sides exchanged
};
constexpr std::array<Comparison, 4> kOrders = {{{"<", Kind::kLess, Kind::kGreater},
                                                {"<=", Kind::kLessEqual, Kind::kGreaterEqual},
                                                {">", Kind::kGreater, Kind::kLess},
                                                {">=", Kind::kGreaterEqual, Kind::kLessEqual}}};

const Comparison* order_named(std::string_view name) {
  const auto found = std::ranges::find(kOrders, name, &Comparison::name);
  return found == kOrders.end() ? nullptr : &*found;
}

class Importer {
 public:
  Importer(const Element& evaluators, Target& target) : evaluators_(evaluators), target_(target) {}

  Status flag(const std::string& key, const Element& element) {
    key_ = key;
    variants_.clear();
    TRY(element.only({"state", "variants", "defaultVariant", "targeting", "metadata"}));
    std::vector<const Json*> values;
    const auto variants = TRY(element.at("variants").members());
    for (const auto& [name, value] : variants) values.push_back(&value.json());
    Flag flag;
    flag.parameter.name = target_.options().prefix + key;
    flag.parameter.type = Target::type_of_values(values);
    for (const auto& [name, value] : variants) {
      variants_.emplace(name, TRY(Target::value_as(flag.parameter.type, value)));
    }
    const std::string fallback = element.text_or("defaultVariant", "");
    const auto given = TRY(target_.default_from_options(key, flag.parameter.type));
    if (!fallback.empty()) {
      flag.parameter.fallback = TRY(variant(fallback, element.at("defaultVariant")));
    } else if (given) {
      flag.parameter.fallback = *given;
    } else {
      return element.refuse("a flag without a default variant: the caller's default counts",
                            fmt::format("give one: WITH defaults = '{{\"{}\": ..}}'", key));
    }
    fallback_ = flag.parameter.fallback;
    const Element targeting = element.at("targeting");
    const bool text = !targeting.json().string_view().empty();
    if (text || !targeting.json().members().empty() || !targeting.json().items().empty()) {
      TRY(decide(targeting, always(), flag));
    }
    return target_.add(std::move(flag), element);
  }

 private:
  // A piece of JsonLogic as its operation and arguments.
  struct Operation {
    std::string name;
    std::vector<Element> arguments;
  };
  Result<Operation> operation(const Element& element) {
    const auto members = TRY(element.members());
    if (members.size() != 1) return element.refuse("an object with several members in a rule");
    const auto& [name, value] = members[0];
    return Operation{name, value.json().is_array() ? TRY(value.items()) : std::vector<Element>{value}};
  }

  // What a reference stands for. Paths of errors are those of the evaluator.
  Result<Element> referenced(const Operation& reference) {
    const Element& name = reference.arguments[0];
    const Element found = evaluators_.at(TRY(name.text()));
    if (found.json().is_null()) return name.refuse("a reference to an evaluator that is not there");
    if (references_ >= kMaxReferences) return name.refuse("references that lead in a circle, or too deep");
    return found;
  }
  template <class Use>
  auto follow(const Operation& reference, Use use) -> decltype(use(std::declval<Element>())) {
    const Element found = TRY(referenced(reference));
    ++references_;
    auto result = use(found);
    --references_;
    return result;
  }

  Result<Value> variant(const std::string& name, const Element& where) const {
    const auto found = variants_.find(name);
    if (found != variants_.end()) return found->second;
    return where.refuse(fmt::format("the variant \"{}\", which the flag does not have", name));
  }

  void force(Flag& flag, Condition when, Value value) const {
    flag.steps.push_back({fmt::format("rule{}", flag.steps.size() + 1), std::move(when), {}, {}, std::move(value), {}});
  }

  // Steps that give everybody in `guard` a value.
  Status decide(const Element& element, const Condition& guard, Flag& flag) {
    TRY(target_.spend(element));
    if (guard.kind == Kind::kFalse) return {};
    const Json& json = element.json();
    if (json.is_null()) {
      force(flag, guard, fallback_);
      return {};
    }
    if (json.is_string() || json.is_bool() || json.is_int()) {
      const std::string name = json.is_string() ? std::string(json.string_view()) : json.dump();
      force(flag, guard, TRY(variant(name, element)));
      return {};
    }
    if (!json.is_object()) return element.refuse("a rule that is no variant and no operation");
    const Operation op = TRY(operation(element));
    if (op.name == "$ref") return follow(op, [&](const Element& found) { return decide(found, guard, flag); });
    if (op.name == "if" || op.name == "?:") return decide_if(op, guard, flag);
    if (op.name == "fractional") return fractional(element, op, guard, flag);
    return decide_truth(element, op, guard, flag);
  }

  Status decide_if(const Operation& op, const Condition& guard, Flag& flag) {
    size_t i = 0;
    for (; i + 1 < op.arguments.size(); i += 2) {
      TRY(decide(op.arguments[i + 1], all_of({guard, TRY(truth(op.arguments[i]))}), flag));
    }
    if (i < op.arguments.size()) return decide(op.arguments[i], guard, flag);
    force(flag, guard, fallback_);
    return {};
  }

  // A rule that is a condition chooses between the variants "true" and "false". Where it is neither, the default counts.
  Status decide_truth(const Element& element, const Operation& op, const Condition& guard, Flag& flag) {
    const bool text_operation = op.name == "starts_with" || op.name == "ends_with" || op.name == "sem_ver";
    if (!text_operation && !is_boolean(op)) {
      return element.refuse(fmt::format("{} as a rule of its own", op.name),
                            "write {\"if\": [condition, variant, variant]}");
    }
    const Condition condition = TRY(truth(element));
    force(flag, all_of({guard, condition}), TRY(variant("true", element)));
    force(flag, text_operation ? all_of({guard, negation(condition)}) : guard, TRY(variant("false", element)));
    force(flag, guard, fallback_);
    return {};
  }

  // Whether its value is true or false, and not one of its arguments.
  static bool is_boolean(const Operation& op) {
    static constexpr std::array<std::string_view, 11> kNames = {
        "==", "===", "!=", "!==", "<", "<=", ">", ">=", "in", "!", "!!"};
    if (op.name != "and" && op.name != "or") return std::ranges::find(kNames, op.name) != kNames.end();
    return std::ranges::all_of(op.arguments, [](const Element& argument) {
      if (argument.json().members().size() != 1) return false;
      const auto& [name, value] = argument.json().members()[0];
      return std::ranges::find(kNames, name) != kNames.end();
    });
  }

  // What a draw hashes: constant text, then one attribute.
  struct BucketBy {
    std::string salt;
    std::optional<std::string> attribute;
    bool named = false;   // rather than the targeting key: then the empty text is hashed as any other
    bool joined = false;  // with `cat`: what is missing is written as "null"
  };

  Result<BucketBy> bucket_by(const Element& element) {
    if (element.json().is_string()) return BucketBy{TRY(element.text()), {}};
    const Operation op = TRY(operation(element));
    if (op.name == "$ref") return follow(op, [&](const Element& found) { return bucket_by(found); });
    if (op.name == "var") return BucketBy{"", TRY(variable(element)), true};
    if (op.name != "cat") return element.refuse(fmt::format("bucketing by {}", op.name));
    BucketBy out{"", {}, true, true};
    for (const Element& part : op.arguments) {
      const bool constant = part.json().is_string();
      const bool flag_key = !constant && part.json().at("var").string_view() == "$flagd.flagKey";
      if ((constant || flag_key) && !out.attribute) {
        out.salt += flag_key ? key_ : TRY(part.text());
      } else if (!constant && !flag_key && !out.attribute) {
        out.attribute = TRY(variable(part));
      } else {
        return part.refuse("bucketing by more than a constant text and one attribute behind it");
      }
    }
    return out;
  }

  Status fractional(const Element& element, const Operation& op, const Condition& guard, Flag& flag) {
    BucketBy by{key_, unit()};
    size_t first = 0;
    if (!op.arguments.empty() && !op.arguments[0].json().is_array()) {
      by = TRY(bucket_by(op.arguments[0]));
      first = 1;
    }
    uint64_t total = 0;
    std::vector<std::pair<uint64_t, size_t>> ends;  // the first bucket behind a variant's, which
    std::vector<std::pair<std::string, Value>> outcomes;
    for (size_t i = first; i < op.arguments.size(); ++i) {
      const std::vector<Element> entry = TRY(op.arguments[i].items());
      if (entry.empty() || entry.size() > 2) return op.arguments[i].malformed("expected a variant and its weight");
      if (entry[0].json().is_object() || entry[0].json().is_array()) {
        return entry[0].refuse("a rule in the place of a variant");
      }
      double weight = 1;
      if (entry.size() == 2) {
        if (entry[1].json().is_object()) return entry[1].refuse("a rule in the place of a weight");
        weight = std::max(0.0, TRY(entry[1].number()));
      }
      if (weight != std::floor(weight) || weight > kMaxWeight) return entry[1].malformed("expected a whole number");
      total += static_cast<uint64_t>(weight);
      const Json& name = entry[0].json();
      if (name.is_null()) {
        outcomes.emplace_back("default", fallback_);
      } else {
        const std::string text = name.is_string() ? std::string(name.string_view()) : name.dump();
        outcomes.emplace_back(text, TRY(variant(text, entry[0])));
      }
      ends.emplace_back(total, outcomes.size() - 1);
    }
    if (outcomes.empty()) return element.malformed("no variants to choose from");
    if (total == 0) {
      force(flag, guard, fallback_);
      return {};
    }
    if (total > kMaxBuckets) {
      return element.refuse(fmt::format("weights that add up to more than {}", kMaxBuckets),
                            "divide them by a common factor");
    }
    const auto buckets = static_cast<uint32_t>(total);
    const auto outcome = [&](uint32_t bucket) {
      return static_cast<int>(std::ranges::find_if(ends, [&](const auto& end) { return bucket < end.first; })->second);
    };
    // Everybody has the same bucket where there is nothing to hash.
    const auto constant = [&](std::string_view text) {
      const std::array<std::string_view, 1> id = {text};
      return outcomes[static_cast<size_t>(outcome(foreign_bucket(HashScheme::kFlagd, "", id, buckets)))].second;
    };
    if (!by.attribute) {
      force(flag, guard, constant(by.salt));
      return {};
    }
    TRY(target_.use_unit(*by.attribute, element));
    Step step;
    step.label = fmt::format("fractional{}", flag.steps.size() + 1);
    step.when = guard;
    step.slots = slots_of(buckets, outcome, [&](int i) { return outcomes[static_cast<size_t>(i)]; });
    step.draw = Draw{*by.attribute, HashScheme::kFlagd, buckets, by.salt};
    flag.steps.push_back(std::move(step));
    // Who has nothing to hash is in no draw of ours.
    if (by.named) {
      force(flag, all_of({guard, compare(*by.attribute, Kind::kEqual, Literal{std::string()})}), constant(by.salt));
    }
    if (by.joined) {
      force(flag, all_of({guard, is_missing(*by.attribute)}), constant(by.salt + "null"));
      target_.note(
          fmt::format("{}: who has no {} is hashed as \"null\", as flagd's JavaScript core does; others differ.",
                      element.path(), *by.attribute));
    }
    force(flag, guard, fallback_);
    return {};
  }

  std::string unit() const { return target_.options().unit.empty() ? "targetingKey" : target_.options().unit; }

  static bool is_variable(const Element& element) { return element.json().find("var") != nullptr; }

  Result<std::string> variable(const Element& element) {
    const Operation op = TRY(operation(element));
    if (op.name != "var") return element.refuse(fmt::format("{} in the place of an attribute", op.name));
    if (op.arguments.size() != 1) return element.refuse("an attribute with a default of its own");
    const std::string name = TRY(op.arguments[0].text());
    if (name.empty() || name.starts_with("$flagd")) return element.refuse(fmt::format("the attribute \"{}\"", name));
    return name == "targetingKey" ? unit() : name;
  }

  // Conditions: whether the value of a piece of JsonLogic counts as true.
  Result<Condition> truth(const Element& element) {
    TRY(target_.spend(element));
    const Json& json = element.json();
    if (json.is_null()) return never();
    if (json.is_bool()) return *json.as_bool() ? always() : never();
    if (json.is_string()) return json.string_view().empty() ? never() : always();
    if (json.is_number()) return TRY(element.number()) != 0 ? always() : never();
    if (!json.is_object()) return element.refuse("a list as a condition");
    const Operation op = TRY(operation(element));
    if (op.name == "$ref") return follow(op, [&](const Element& found) { return truth(found); });
    if (op.name == "var") {
      const std::string name = TRY(variable(element));
      TRY(target_.use(name, AttributeType::kBool, element));
      return compare(name, Kind::kEqual, Literal{true});
    }
    if (op.name == "and" || op.name == "or") {
      std::vector<Condition> parts;
      for (const Element& argument : op.arguments) parts.push_back(TRY(truth(argument)));
      return op.name == "and" ? all_of(std::move(parts)) : any_of(std::move(parts));
    }
    if (op.name == "if" || op.name == "?:") return truth_of_if(op);
    if (op.name == "!" || op.name == "!!") {
      TRY(expect(op, element, 1));
      Condition condition = TRY(truth(op.arguments[0]));
      return op.name == "!" ? target_.complement(condition) : condition;
    }
    if (op.name == "==" || op.name == "===") return equality(op, element, op.name == "===");
    if (op.name == "!=" || op.name == "!==") {
      return target_.complement(TRY(equality(op, element, op.name == "!==")));
    }
    if (const Comparison* comparison = order_named(op.name)) return order(*comparison, op, element);
    if (op.name == "in") return membership(op, element);
    if (op.name == "starts_with" || op.name == "ends_with") {
      TRY(expect(op, element, 2));
      const std::string name = TRY(variable(op.arguments[0]));
      TRY(target_.use(name, AttributeType::kString, element));
      return compare(name, op.name == "starts_with" ? Kind::kStartsWith : Kind::kEndsWith,
                     Literal{TRY(op.arguments[1].text())});
    }
    if (op.name == "sem_ver") return version(op, element);
    return element.refuse(fmt::format("the operation {}", op.name));
  }

  static Status expect(const Operation& op, const Element& element, size_t arguments) {
    if (op.arguments.size() == arguments) return {};
    return element.refuse(fmt::format("{} with {} arguments", op.name, op.arguments.size()));
  }

  Result<Condition> truth_of_if(const Operation& op) {
    std::vector<Condition> parts;
    Condition rest = always();
    size_t i = 0;
    for (; i + 1 < op.arguments.size(); i += 2) {
      const Condition condition = TRY(truth(op.arguments[i]));
      parts.push_back(all_of({rest, condition, TRY(truth(op.arguments[i + 1]))}));
      rest = all_of({std::move(rest), target_.complement(condition)});
    }
    if (i < op.arguments.size()) parts.push_back(all_of({rest, TRY(truth(op.arguments[i]))}));
    return any_of(std::move(parts));
  }

  // A comparison of an attribute with a constant, on whichever side.
  Result<std::pair<std::string, Element>> sides(const Operation& op, const Element& element) {
    TRY(expect(op, element, 2));
    const bool left = is_variable(op.arguments[0]);
    const Element& constant = op.arguments[left ? 1 : 0];
    if (is_variable(constant) || constant.json().is_object() || constant.json().is_array()) {
      return element.refuse("a comparison other than of an attribute with a constant");
    }
    return std::pair{TRY(variable(op.arguments[left ? 0 : 1])), constant};
  }

  Result<Condition> equality(const Operation& op, const Element& element, bool strict) {
    TRY(expect(op, element, 2));
    const auto constant = [](const Element& e) { return !e.json().is_object() && !e.json().is_array(); };
    if (constant(op.arguments[0]) && constant(op.arguments[1])) {
      const bool same_type = op.arguments[0].json().is_number() == op.arguments[1].json().is_number() &&
                             op.arguments[0].json().is_string() == op.arguments[1].json().is_string() &&
                             op.arguments[0].json().is_bool() == op.arguments[1].json().is_bool();
      if (!same_type && !strict) return element.refuse("a comparison of constants of different types");
      return op.arguments[0].json() == op.arguments[1].json() ? always() : never();
    }
    const auto [name, value] = TRY(sides(op, element));
    const Json& json = value.json();
    // Whether 0 equals what is missing depends, in flagd's core, on where the comparison stands.
    const bool zero = json.is_number() ? *json.as_double() == 0 : json.is_bool() && !*json.as_bool();
    if (zero && !strict && !is_variable(op.arguments[0])) {
      return element.refuse("0 or false on the left of an attribute", "write the attribute on the left");
    }
    if (json.is_null()) return target_.missing(name);
    if (json.is_string()) {
      TRY(target_.use(name, AttributeType::kString, element));
      return compare(name, Kind::kEqual, Literal{std::string(json.string_view())});
    }
    if (json.is_bool()) {
      TRY(target_.use(name, AttributeType::kBool, element));
      Condition out = compare(name, Kind::kEqual, Literal{*json.as_bool()});
      // Null and false are both 0.
      return strict || *json.as_bool() ? out : any_of({target_.missing(name), std::move(out)});
    }
    TRY(target_.use(name, AttributeType::kDouble, element));
    const double number = TRY(value.number());
    if (!strict) return target_.compare_number(name, Kind::kEqual, number);
    return compare(name, Kind::kEqual, number_literal(number));
  }

  Result<Condition> order(const Comparison& comparison, const Operation& op, const Element& element) {
    if (op.arguments.size() == 3) {  // a < x < b
      const std::string name = TRY(variable(op.arguments[1]));
      return all_of({TRY(target_.compare_order(name, comparison.mirrored, op.arguments[0])),
                     TRY(target_.compare_order(name, comparison.kind, op.arguments[2]))});
    }
    const auto [name, value] = TRY(sides(op, element));
    return target_.compare_order(name, is_variable(op.arguments[0]) ? comparison.kind : comparison.mirrored, value);
  }

  Result<Condition> membership(const Operation& op, const Element& element) {
    TRY(expect(op, element, 2));
    if (is_variable(op.arguments[1])) {  // a part of a text, an element of a list
      const std::string name = TRY(variable(op.arguments[1]));
      if (target_.type_of_attribute(name) != AttributeType::kList) {
        TRY(target_.use(name, AttributeType::kString, element));
      }
      return compare(name, Kind::kContains, Literal{TRY(op.arguments[0].text())});
    }
    if (!op.arguments[1].json().is_array()) return element.refuse("`in` of a text");
    const std::string name = TRY(variable(op.arguments[0]));
    std::vector<Condition> parts;
    std::vector<Literal> literals;
    for (const Element& item : TRY(op.arguments[1].items())) {
      const Json& json = item.json();
      if (json.is_null()) {
        parts.push_back(target_.missing(name));
      } else if (json.is_string()) {
        TRY(target_.use(name, AttributeType::kString, item));
        literals.emplace_back().value = std::string(json.string_view());
      } else {
        const double number = TRY(item.number());
        TRY(target_.use(name, AttributeType::kDouble, item));
        literals.push_back(number_literal(number));
      }
    }
    parts.push_back(one_of(name, std::move(literals)));
    return any_of(std::move(parts));
  }

  Result<Condition> version(const Operation& op, const Element& element) {
    TRY(expect(op, element, 3));
    const std::string name = TRY(variable(op.arguments[0]));
    const std::string sign = TRY(op.arguments[1].text());
    std::string text = op.arguments[2].json().is_int() ? op.arguments[2].json().dump() : TRY(op.arguments[2].text());
    if (text.starts_with('v') || text.starts_with('V')) text.erase(0, 1);
    const auto version = parse_semver(text);
    if (!version) return op.arguments[2].refuse(fmt::format("the version \"{}\"", text));
    TRY(target_.use(name, AttributeType::kSemver, element));
    if (sign == "=") return compare(name, Kind::kEqual, Literal{text});
    if (sign == "!=") return compare(name, Kind::kNotEqual, Literal{text});
    if (const Comparison* comparison = order_named(sign)) return compare(name, comparison->kind, Literal{text});
    if (sign != "^" && sign != "~") return op.arguments[1].refuse(fmt::format("the comparison \"{}\"", sign));
    // From the lowest pre-release of this major (minor) version to that of the next.
    const std::string from = fmt::format("{}.{}.0-0", version->major, sign == "^" ? 0 : version->minor);
    const std::string to = sign == "^" ? fmt::format("{}.0.0-0", uint64_t{version->major} + 1)
                                       : fmt::format("{}.{}.0-0", version->major, uint64_t{version->minor} + 1);
    if (!parse_semver(to)) return op.arguments[2].refuse(fmt::format("the version \"{}\"", text));
    return all_of({compare(name, Kind::kGreaterEqual, Literal{from}), compare(name, Kind::kLess, Literal{to})});
  }

  Element evaluators_;
  Target& target_;
  std::string key_;
  std::map<std::string, Value, std::less<>> variants_;
  Value fallback_;
  size_t references_ = 0;
};

}  // namespace

Status import_flagd(const Json& document, Target& target) {
  const Element top(document, "");
  TRY(top.only({"$schema", "$evaluators", "flags", "metadata"}));
  if (!top.has("flags")) return top.malformed("no flags");
  Importer importer(top.at("$evaluators"), target);
  for (const auto& [key, flag] : TRY(top.at("flags").members())) {
    if (flag.text_or("state", "") == "DISABLED") {
      target.note(
          fmt::format("{} is disabled: left out, so that callers keep getting their own default.", flag.path()));
      continue;
    }
    if (flag.text_or("state", "") != "ENABLED") return flag.malformed("expected a state, ENABLED or DISABLED");
    TRY(target.expect_flag(key, flag));
    TRY(importer.flag(key, flag));
  }
  return {};
}

}  // namespace sinan::experiment
