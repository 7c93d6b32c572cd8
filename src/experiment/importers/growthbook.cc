// GrowthBook: what its JavaScript SDK (1.8) does with the features of the SDK endpoint.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "experiment/evaluator/typed_text.h"
#include "experiment/importers/platforms.h"
#include "experiment/importers/target.h"
#include "experiment/pattern.h"

namespace sinan::experiment {
namespace {

using Kind = Condition::Kind;

Result<HashScheme> scheme_of(const Element& version, int otherwise) {
  const double number = version.json().is_null() ? otherwise : TRY(version.number());
  if (number == 1) return HashScheme::kGrowthBookV1;
  if (number == 2) return HashScheme::kGrowthBookV2;
  return version.refuse("a hash version other than 1 and 2");
}

// [from, to) of fractions of 1.
struct Fraction {
  double from = 0;
  double to = 0;
  bool holds(double n) const { return n >= from && n < to; }
};

Result<Fraction> fraction_of(const Element& element) {
  const std::vector<Element> ends = TRY(element.items());
  if (ends.size() != 2) return element.malformed("expected a range of two numbers");
  return Fraction{TRY(ends[0].number()), TRY(ends[1].number())};
}

Result<std::vector<Fraction>> fractions_of(const Element& element) {
  std::vector<Fraction> out;
  for (const Element& item : TRY(element.items())) out.push_back(TRY(fraction_of(item)));
  return out;
}

// Buckets as the SDK sees them: the same divisions, so that no bound falls on another side.
double position(uint32_t bucket, uint32_t buckets) { return static_cast<double>(bucket) / buckets; }

class Importer {
 public:
  Importer(const Element& document, Target& target) : target_(target), groups_(document.at("savedGroups")) {
    find_lists(document.json());
  }

  Status feature(const std::string& key, const Element& element) {
    Flag flag;
    flag.parameter.name = target_.options().prefix + key;
    const std::vector<Element> rules = TRY(element.at("rules").items());
    TRY(find_type(key, element, rules, flag.parameter));
    for (const Element& rule : rules) TRY(add_rule(key, rule, flag));
    return target_.add(std::move(flag), element);
  }

 private:
  // The parameter's type is what all of its values have.
  Status find_type(const std::string& key, const Element& element, const std::vector<Element>& rules,
                   Parameter& parameter) {
    std::vector<const Json*> values;
    const Json& fallback = element.json().at("defaultValue");
    if (!fallback.is_null()) values.push_back(&fallback);
    for (const Element& rule : rules) {
      if (rule.json().find("force") != nullptr) values.push_back(&rule.json().at("force"));
      for (const Json& value : rule.json().at("variations").items()) values.push_back(&value);
    }
    parameter.type = Target::type_of_values(values);
    if (!fallback.is_null()) {
      parameter.fallback = TRY(Target::value_as(parameter.type, element.at("defaultValue")));
      return {};
    }
    const auto given = TRY(target_.default_from_options(key, parameter.type));
    if (!given) {
      return element.refuse("a feature without a default value: the caller's counts",
                            fmt::format("give one: WITH defaults = '{{\"{}\": ..}}'", key));
    }
    parameter.fallback = *given;
    return {};
  }

  Status add_rule(const std::string& key, const Element& rule, Flag& flag) {
    TRY(rule.only({"id",
                   "condition",
                   "parentConditions",
                   "filters",
                   "force",
                   "coverage",
                   "hashAttribute",
                   "fallbackAttribute",
                   "hashVersion",
                   "range",
                   "seed",
                   "variations",
                   "weights",
                   "key",
                   "namespace",
                   "ranges",
                   "meta",
                   "name",
                   "phase",
                   "tracks",
                   "description",
                   "bucketVersion",
                   "disableStickyBucketing",
                   "minBucketVersion",
                   "enabled",
                   "type"}));
    if (rule.has("enabled") && !TRY(rule.at("enabled").boolean())) {
      return rule.refuse("a rule that is switched off", "export what the SDK endpoint serves: it leaves these out");
    }
    if (rule.has("fallbackAttribute")) {
      target_.note(fmt::format(
          "{} sticks to earlier assignments by {} only where the SDK stores them; its hash does not: left out.",
          rule.path(), rule.text_or("fallbackAttribute", "?")));
    }
    std::vector<Condition> conditions;
    for (const Element& parent : TRY(rule.at("parentConditions").items())) {
      TRY(add_parent(key, parent, conditions, flag));
    }
    for (const Element& filter : TRY(rule.at("filters").items())) conditions.push_back(TRY(filter_gate(flag, filter)));
    if (rule.has("condition")) conditions.push_back(TRY(object_condition(rule.at("condition"), "")));
    if (rule.json().find("force") != nullptr) return add_force(key, rule, std::move(conditions), flag);
    if (!rule.has("variations")) {
      target_.note(fmt::format("{} neither forces a value nor has variations: it does nothing.", rule.path()));
      return {};
    }
    return add_experiment(key, rule, std::move(conditions), flag);
  }

  // Another feature has to have a value. One that gates the feature decides over it where it has not.
  Status add_parent(const std::string& key, const Element& parent, std::vector<Condition>& conditions, Flag& flag) {
    TRY(parent.only({"id", "condition", "gate"}));
    const std::string id = TRY(parent.at("id").text());
    if (!target_.is_flag(id))
      return parent.refuse(fmt::format("a prerequisite that is not in the document, \"{}\"", id));
    const Condition condition = TRY(object_condition(parent.at("condition"), target_.options().prefix + id));
    if (parent.has("gate") && TRY(parent.at("gate").boolean())) {
      // The SDK answers null, for which its callers get their own default.
      const auto blocked = TRY(target_.default_from_options(key, flag.parameter.type));
      if (!blocked) {
        return parent.refuse("a prerequisite that leaves the value to the caller's default",
                             fmt::format("name that default: WITH defaults = '{{\"{}\": ..}}'", key));
      }
      Step step{.label = "blocked", .when = {}, .draw = {}, .slots = {}, .value = *blocked, .schedule = {}};
      std::vector<Condition> parts = conditions;
      parts.push_back(target_.complement(condition));
      step.when = all_of(std::move(parts));
      flag.steps.push_back(std::move(step));
    }
    conditions.push_back(condition);
    return {};
  }

  Result<Draw> draw_of(const Element& element, std::string_view attribute, std::string salt, int version) {
    Draw draw;
    draw.unit = element.text_or(attribute, "id");
    if (draw.unit.empty()) draw.unit = "id";
    draw.scheme = TRY(scheme_of(element.at("hashVersion"), version));
    draw.buckets = required_buckets(draw.scheme);
    draw.salt = std::move(salt);
    return draw;
  }

  Result<Condition> gate(const Flag& flag, Draw draw, const std::vector<Fraction>& fractions, const Element& where) {
    std::vector<std::pair<uint32_t, uint32_t>> ranges;
    for (uint32_t bucket = 0; bucket < draw.buckets; ++bucket) {
      const double n = position(bucket, draw.buckets);
      if (!std::ranges::any_of(fractions, [&](const Fraction& f) { return f.holds(n); })) continue;
      if (!ranges.empty() && ranges.back().second + 1 == bucket) {
        ranges.back().second = bucket;
      } else {
        ranges.emplace_back(bucket, bucket);
      }
    }
    return target_.gate(flag.parameter.name, std::move(draw), std::move(ranges), where);
  }

  Result<Condition> filter_gate(const Flag& flag, const Element& filter) {
    TRY(filter.only({"seed", "ranges", "attribute", "hashVersion"}));
    Draw draw = TRY(draw_of(filter, "attribute", TRY(filter.at("seed").text()), 2));
    return gate(flag, std::move(draw), TRY(fractions_of(filter.at("ranges"))), filter);
  }

  Status add_force(const std::string& key, const Element& rule, std::vector<Condition> conditions, Flag& flag) {
    Step step;
    step.label = rule.text_or("id", fmt::format("rule{}", flag.steps.size() + 1));
    step.when = all_of(std::move(conditions));
    step.value = TRY(Target::value_as(flag.parameter.type, rule.at("force")));
    if (rule.has("range") || rule.has("coverage")) {
      // A coverage, unlike a range, includes its end.
      Fraction range{0, 1};
      const bool by_range = rule.has("range");
      double coverage = 1;
      if (by_range) {
        range = TRY(fraction_of(rule.at("range")));
      } else {
        coverage = TRY(rule.at("coverage").number());
      }
      Draw draw = TRY(draw_of(rule, "hashAttribute", seed_of(rule, key), 1));
      const auto inside = [&](uint32_t bucket) {
        const double n = position(bucket, draw.buckets);
        if (by_range) return range.holds(n) ? 0 : -1;
        return coverage != 0 && n <= coverage ? 0 : -1;
      };
      step.slots = slots_of(draw.buckets, inside, [&](int) { return std::pair{std::string("inside"), step.value}; });
      step.draw = std::move(draw);
    }
    flag.steps.push_back(std::move(step));
    return {};
  }

  static std::string seed_of(const Element& rule, const std::string& otherwise) {
    const std::string seed = rule.text_or("seed", "");
    return seed.empty() ? otherwise : seed;
  }

  Status add_experiment(const std::string& key, const Element& rule, std::vector<Condition> conditions, Flag& flag) {
    const std::vector<Element> variations = TRY(rule.at("variations").items());
    if (variations.size() < 2) {
      target_.note(fmt::format("{} has fewer than two variations: the SDK skips it.", rule.path()));
      return {};
    }
    std::vector<Value> values;
    for (const Element& variation : variations) values.push_back(TRY(Target::value_as(flag.parameter.type, variation)));
    const std::string experiment = rule.text_or("key", key);
    Draw draw = TRY(draw_of(rule, "hashAttribute", seed_of(rule, experiment), 1));
    // Where there are filters, the SDK does not look at the namespace.
    if (rule.has("namespace") && !rule.has("filters")) {
      conditions.push_back(TRY(namespace_gate(flag, draw.unit, rule.at("namespace"))));
    }
    const std::vector<Fraction> ranges =
        rule.has("ranges") ? TRY(fractions_of(rule.at("ranges"))) : TRY(ranges_of(rule, values.size()));
    std::vector<std::string> names;
    std::vector<bool> passes(ranges.size(), false);
    const std::vector<Element> meta = TRY(rule.at("meta").items());
    for (size_t i = 0; i < ranges.size(); ++i) {
      names.push_back(fmt::format("v{}", i));
      // A range without a variation is outside of the experiment.
      if (i >= values.size()) passes[i] = true;
      if (i >= meta.size()) continue;
      TRY(meta[i].only({"key", "name", "passthrough"}));
      const std::string named = meta[i].text_or("key", "");
      if (!named.empty()) names.back() = usable_name(named);
      if (meta[i].has("passthrough") && TRY(meta[i].at("passthrough").boolean())) passes[i] = true;
    }
    Step step;
    step.label = experiment;
    step.when = all_of(std::move(conditions));
    step.slots = slots_of(
        draw.buckets,
        [&](uint32_t bucket) {
          const double n = position(bucket, draw.buckets);
          const auto found = std::ranges::find_if(ranges, [&](const Fraction& f) { return f.holds(n); });
          const auto index = static_cast<size_t>(found - ranges.begin());
          return found == ranges.end() || passes[index] ? -1 : static_cast<int>(index);
        },
        [&](int i) { return std::pair{names[static_cast<size_t>(i)], values[static_cast<size_t>(i)]}; });
    step.draw = std::move(draw);
    flag.steps.push_back(std::move(step));
    return {};
  }

  Result<Condition> namespace_gate(const Flag& flag, const std::string& unit, const Element& element) {
    const std::vector<Element> parts = TRY(element.items());
    if (parts.size() != 3) return element.malformed("expected a name and two numbers");
    Draw draw{unit, HashScheme::kGrowthBookV1, 1000, "__" + TRY(parts[0].text())};
    return gate(flag, std::move(draw), {{TRY(parts[1].number()), TRY(parts[2].number())}}, element);
  }

  // Each variation's part begins where the weights before it end, and is as long as the coverage leaves of its own.
  static Result<std::vector<Fraction>> ranges_of(const Element& rule, size_t variations) {
    const double coverage = rule.has("coverage") ? std::clamp(TRY(rule.at("coverage").number()), 0.0, 1.0) : 1.0;
    std::vector<double> weights;
    for (const Element& weight : TRY(rule.at("weights").items())) weights.push_back(TRY(weight.number()));
    double total = 0;
    for (const double weight : weights) total += weight;
    if (weights.size() != variations || total < 0.99 || total > 1.01) {
      weights.assign(variations, 1.0 / static_cast<double>(variations));
    }
    std::vector<Fraction> out;
    double sum = 0;
    for (const double weight : weights) {
      out.push_back({sum, sum + coverage * weight});
      sum += weight;
    }
    return out;
  }

  // Conditions: `parent` is the parameter that "value" stands for, or empty.

  Result<Condition> object_condition(const Element& element, const std::string& parent) {
    std::vector<Condition> parts;
    for (const auto& [key, value] : TRY(element.members())) {
      TRY(target_.spend(value));
      if (key == "$or") {
        parts.push_back(TRY(disjunction(value, parent)));
      } else if (key == "$nor") {
        parts.push_back(target_.complement(TRY(disjunction(value, parent))));
      } else if (key == "$and") {
        for (const Element& item : TRY(value.items())) parts.push_back(TRY(object_condition(item, parent)));
      } else if (key == "$not") {
        parts.push_back(target_.complement(TRY(object_condition(value, parent))));
      } else if (key == "$savedGroup") {
        parts.push_back(TRY(saved_group(value, parent)));
      } else if (key.starts_with('$')) {
        return value.refuse(fmt::format("the operator {}", key));
      } else {
        if (!parent.empty() && key != "value") return value.refuse("a condition inside of a prerequisite's value");
        parts.push_back(TRY(value_condition(value, parent.empty() ? key : parent)));
      }
    }
    return all_of(std::move(parts));
  }

  // No alternatives at all hold, as the SDK has it.
  Result<Condition> disjunction(const Element& element, const std::string& parent) {
    std::vector<Condition> parts;
    for (const Element& item : TRY(element.items())) parts.push_back(TRY(object_condition(item, parent)));
    return parts.empty() ? always() : any_of(std::move(parts));
  }

  Result<Condition> saved_group(const Element& reference, const std::string& parent) {
    TRY(reference.only({"id", "attributeKey"}));
    const std::string id = TRY(reference.at("id").text());
    const Element group = groups_.at(id);
    const std::string type = group.text_or("type", "");
    if (type == "list") {
      const std::string attribute = reference.text_or("attributeKey", group.text_or("attributeKey", ""));
      if (attribute.empty()) return never();
      return membership(group.at("values"), attribute);
    }
    if (type != "condition") return reference.refuse(fmt::format("the saved group \"{}\"", id));
    if (std::ranges::find(open_groups_, id) != open_groups_.end()) {
      return reference.refuse(fmt::format("saved groups that contain each other, \"{}\"", id));
    }
    open_groups_.push_back(id);
    auto condition = object_condition(group.at("condition"), parent);
    open_groups_.pop_back();
    return condition;
  }

  Status use(const std::string& subject, AttributeType type, const Element& where) {
    if (lists_.contains(subject)) type = AttributeType::kList;
    return target_.use(subject, type, where);
  }

  Result<Condition> equality(const Element& element, const std::string& subject) {
    const Json& json = element.json();
    if (json.is_null()) return target_.missing(subject);
    if (is_list(subject)) return element.refuse("a list compared with one value");
    if (json.is_string()) {
      TRY(use(subject, AttributeType::kString, element));
      return compare(subject, Kind::kEqual, Literal{std::string(json.string_view())});
    }
    if (json.is_bool()) {
      TRY(use(subject, AttributeType::kBool, element));
      return compare(subject, Kind::kEqual, Literal{*json.as_bool()});
    }
    if (!json.is_number()) return element.refuse("a comparison with a list or an object");
    TRY(use(subject, AttributeType::kDouble, element));
    return compare(subject, Kind::kEqual, number_literal(TRY(element.number())));
  }

  bool is_list(const std::string& subject) const {
    return lists_.contains(subject) || target_.type_of_attribute(subject) == AttributeType::kList;
  }

  Result<Condition> membership(const Element& element, const std::string& subject) {
    if (!element.json().is_array()) return never();
    std::vector<Condition> parts;
    std::vector<Literal> literals;
    for (const Element& item : TRY(element.items())) {
      if (item.json().is_null()) {
        if (!is_list(subject)) parts.push_back(target_.missing(subject));
        continue;
      }
      if (is_list(subject)) {
        TRY(use(subject, AttributeType::kList, item));
        parts.push_back(compare(subject, Kind::kContains, Literal{TRY(item.text())}));
        continue;
      }
      Condition one = TRY(equality(item, subject));
      literals.push_back(std::move(one.literals[0]));
    }
    parts.push_back(one_of(subject, std::move(literals)));
    return any_of(std::move(parts));
  }

  Result<Condition> value_condition(const Element& element, const std::string& subject) {
    const Json& json = element.json();
    if (json.is_number()) {
      if (is_list(subject)) return element.refuse("a list compared with one value");
      TRY(use(subject, AttributeType::kDouble, element));
      return target_.compare_number(subject, Kind::kEqual, TRY(element.number()));
    }
    if (!json.is_object()) {
      Condition out = TRY(equality(element, subject));
      // The SDK writes what is missing as "null".
      return json.string_view() == "null" ? any_of({target_.missing(subject), std::move(out)}) : out;
    }
    std::vector<Condition> parts;
    for (const auto& [key, value] : TRY(element.members())) {
      if (!key.starts_with('$')) return value.refuse("a comparison with an object");
      parts.push_back(TRY(operation(key, value, subject)));
    }
    if (parts.empty()) return element.refuse("a comparison with an object");
    return all_of(std::move(parts));
  }

  Result<Condition> operation(const std::string& name, const Element& value, const std::string& subject) {
    if (name == "$eq") return equality(value, subject);
    if (name == "$ne") return target_.complement(TRY(equality(value, subject)));
    if (name == "$in") return membership(value, subject);
    if (name == "$nin") {
      return value.json().is_array() ? target_.complement(TRY(membership(value, subject))) : never();
    }
    if (name == "$inGroup" || name == "$notInGroup") return in_group(name == "$inGroup", value, subject);
    if (name == "$exists") {
      const bool truthy = value.json().is_bool() ? *value.json().as_bool() : TRY(value.number()) != 0;
      return truthy ? target_.complement(target_.missing(subject)) : target_.missing(subject);
    }
    if (name == "$not") return target_.complement(TRY(value_condition(value, subject)));
    if (name == "$elemMatch" || name == "$all") return elements(name, value, subject);
    if (name == "$regex") return regular_expression(value, subject);
    if (name == "$lt") return target_.compare_order(subject, Kind::kLess, value);
    if (name == "$lte") return target_.compare_order(subject, Kind::kLessEqual, value);
    if (name == "$gt") return target_.compare_order(subject, Kind::kGreater, value);
    if (name == "$gte") return target_.compare_order(subject, Kind::kGreaterEqual, value);
    if (name == "$veq") return version(Kind::kEqual, value, subject);
    if (name == "$vne") return target_.complement(TRY(version(Kind::kEqual, value, subject)));
    if (name == "$vlt") return version(Kind::kLess, value, subject);
    if (name == "$vlte") return version(Kind::kLessEqual, value, subject);
    if (name == "$vgt") return version(Kind::kGreater, value, subject);
    if (name == "$vgte") return version(Kind::kGreaterEqual, value, subject);
    return value.refuse(fmt::format("the operator {}", name));
  }

  Result<Condition> in_group(bool inside, const Element& value, const std::string& subject) {
    const Element group = groups_.at(TRY(value.text()));
    if (group.json().is_null()) return inside ? never() : always();
    const Element values = group.json().is_array() ? group : group.at("values");
    if (!group.json().is_array() && (group.text_or("type", "") != "list" || !values.json().is_array())) return never();
    Condition condition = TRY(membership(values, subject));
    return inside ? condition : target_.complement(condition);
  }

  Result<Condition> elements(const std::string& name, const Element& value, const std::string& subject) {
    TRY(use(subject, AttributeType::kList, value));
    std::vector<Condition> parts;
    if (name == "$all") {
      for (const std::string& text : TRY(value.texts()))
        parts.push_back(compare(subject, Kind::kContains, Literal{text}));
      return parts.empty() ? target_.complement(target_.missing(subject)) : all_of(std::move(parts));
    }
    TRY(value.only({"$eq", "$in"}));
    if (value.json().members().size() != 1) return value.refuse("$elemMatch with more than one condition");
    const std::vector<std::string> texts = value.json().find("$in") != nullptr
                                               ? TRY(value.at("$in").texts())
                                               : std::vector<std::string>{TRY(value.at("$eq").text())};
    for (const std::string& text : texts) parts.push_back(compare(subject, Kind::kContains, Literal{text}));
    return any_of(std::move(parts));
  }

  Result<Condition> regular_expression(const Element& value, const std::string& subject) {
    const std::string pattern = TRY(value.text());
    const auto dfa = regex_dfa(pattern);
    if (!dfa) return value.refuse(fmt::format("a regular expression ({})", dfa.error().message));
    TRY(use(subject, AttributeType::kString, value));
    Condition out = compare(subject, Kind::kMatches, Literal{pattern});
    // The SDK tests the text "null" where the attribute is missing.
    return (*dfa)->matches("null") ? any_of({target_.missing(subject), std::move(out)}) : out;
  }

  Result<Condition> version(Kind kind, const Element& value, const std::string& subject) {
    const std::string text = TRY(value.text());
    // Of "3.2" the SDK makes something that is neither 3.2.0 nor a version.
    const bool three = std::ranges::count(text.substr(0, text.find('-')), '.') == 2;
    if (!three || !parse_semver(text)) return value.refuse("a version of other than three numbers");
    TRY(use(subject, AttributeType::kSemver, value));
    Condition out = compare(subject, kind, Literal{text});
    // What is missing is below every version.
    const bool below = kind == Kind::kLess || kind == Kind::kLessEqual;
    return below ? any_of({target_.missing(subject), std::move(out)}) : out;
  }

  // Attributes that some condition takes for lists.
  void find_lists(const Json& json) {
    for (const Json& item : json.items()) find_lists(item);
    for (const auto& [key, value] : json.members()) {
      if (!key.starts_with('$') && (value.find("$elemMatch") != nullptr || value.find("$all") != nullptr)) {
        lists_.insert(key);
      }
      find_lists(value);
    }
  }

  Target& target_;
  Element groups_;
  std::set<std::string, std::less<>> lists_;
  std::vector<std::string> open_groups_;
};

}  // namespace

Status import_growthbook(const Json& document, Target& target) {
  const Element top(document, "");
  TRY(top.only({"status", "features", "experiments", "dateUpdated", "savedGroups", "encryptedFeatures",
                "encryptedExperiments", "encryptedSavedGroups", "contextualBandits"}));
  if (top.has("encryptedFeatures"))
    return top.at("encryptedFeatures").refuse("an encrypted payload", "export it in the clear");
  if (!top.has("features")) return top.malformed("no features");
  if (!TRY(top.at("experiments").items()).empty()) {
    target.note("experiments of the visual editor and of URL redirects are no features: left out.");
  }
  const auto features = TRY(top.at("features").members());
  for (const auto& [key, feature] : features) TRY(target.expect_flag(key, feature));
  Importer importer(top, target);
  for (const auto& [key, feature] : features) TRY(importer.feature(key, feature));
  return {};
}

}  // namespace sinan::experiment
