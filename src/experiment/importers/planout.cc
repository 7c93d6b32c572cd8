// PlanOut: what its Python interpreter (0.6) does with a compiled script. Each variable that is set becomes a parameter. Statements
// are obeyed in order, so the last one that sets a variable counts; of steps the first does, so they are turned round at the end.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "experiment/importers/platforms.h"
#include "experiment/importers/target.h"

namespace sinan::experiment {
namespace {

using Kind = Condition::Kind;

// The least power of ten that makes whole numbers of all fractions; 0: more than kMaxBuckets.
uint32_t denominator_of(const std::vector<double>& fractions) {
  for (uint32_t buckets = 1; buckets <= kMaxBuckets; buckets *= 10) {
    const bool whole = std::ranges::all_of(fractions, [&](double fraction) {
      const double scaled = fraction * buckets;
      return std::abs(scaled - std::round(scaled)) < 1e-9 * std::max(1.0, scaled);
    });
    if (whole) return buckets;
  }
  return 0;
}

struct Comparison {
  std::string_view name;
  Kind kind;
  Kind mirrored;
};
constexpr std::array<Comparison, 5> kComparisons = {{{"equals", Kind::kEqual, Kind::kEqual},
                                                     {"<", Kind::kLess, Kind::kGreater},
                                                     {"<=", Kind::kLessEqual, Kind::kGreaterEqual},
                                                     {">", Kind::kGreater, Kind::kLess},
                                                     {">=", Kind::kGreaterEqual, Kind::kLessEqual}}};

class Importer {
 public:
  explicit Importer(Target& target) : target_(target), salt_(target.options().salt) {}

  // Only statements that hold in `guard`.
  Status statement(const Element& element, const Condition& guard) {
    TRY(target_.spend(element));
    const std::string op = TRY(operation(element));
    if (op == "seq") {
      for (const Element& item : TRY(element.at("seq").items())) TRY(statement(item, guard));
      return {};
    }
    if (op == "cond") return condition_statement(element, guard);
    if (op == "set") return set(element, guard);
    return element.refuse(fmt::format("the operation {}", op));
  }

  Status finish(const Element& top) {
    for (const std::string& name : order_) {
      Variable& variable = variables_.find(name)->second;
      std::ranges::reverse(variable.steps);
      TRY(finish_variable(name, variable, top));
    }
    return {};
  }

 private:
  // A value before the variable's type is known.
  struct Outcome {
    uint32_t first = 0;
    uint32_t last = 0;
    Json value;
    Outcome(uint32_t first_bucket, uint32_t last_bucket, Json what)
        : first(first_bucket), last(last_bucket), value(std::move(what)) {}
  };
  struct Written {
    Condition when;
    std::optional<Draw> draw;
    std::vector<Outcome> outcomes;  // one without a draw
    std::string path;
  };
  struct Variable {
    std::vector<Written> steps;
    bool read = false;
  };

  static Result<std::string> operation(const Element& element) {
    if (!element.json().is_object()) return element.malformed("expected an operation");
    return element.at("op").text();
  }
  static bool is_operation(const Element& element, std::string_view op) {
    return element.json().at("op").string_view() == op;
  }

  Status condition_statement(const Element& element, const Condition& guard) {
    Condition rest = guard;
    for (const Element& part : TRY(element.at("cond").items())) {
      const Condition condition = TRY(truth(part.at("if")));
      TRY(statement(part.at("then"), all_of({rest, condition})));
      rest = all_of({std::move(rest), target_.complement(condition)});
    }
    return {};
  }

  Status set(const Element& element, const Condition& guard) {
    const std::string name = TRY(element.at("var").text());
    const Element value = element.at("value");
    if (name == "experiment_salt") {
      if (guard.kind != Kind::kTrue || !variables_.empty()) return element.refuse("a salt that changes on the way");
      salt_ = TRY(value.text());
      return {};
    }
    auto found = variables_.find(name);
    if (found == variables_.end()) {
      TRY(target_.expect_flag(name, element));
      order_.push_back(name);
      found = variables_.emplace(name, Variable{}).first;
    } else if (found->second.read) {
      return element.refuse(fmt::format("\"{}\", which is set again after it was read", name));
    }
    Written written = TRY(read_value(name, value));
    written.when = guard;
    written.path = element.path();
    found->second.steps.push_back(std::move(written));
    return {};
  }

  // Constants: themselves, literal, and arrays of them.
  static Result<Json> constant(const Element& element) {
    if (is_operation(element, "literal")) return element.json().at("value");
    const bool array = is_operation(element, "array");
    if (element.json().is_object() && !array) {
      return element.refuse(fmt::format("the operation {} in the place of a constant", TRY(operation(element))));
    }
    if (!array && !element.json().is_array()) return element.json();
    Json out = Json::array();
    for (const Element& item : TRY((array ? element.at("values") : element).items()))
      out.push_back(TRY(constant(item)));
    return out;
  }

  Result<std::vector<Json>> constants(const Element& element) {
    const Json list = TRY(constant(element));
    if (!list.is_array()) return element.malformed("expected a list");
    if (list.items().empty()) return element.refuse("a choice among nothing");
    return list.items();
  }

  Result<double> number(const Element& element) {
    const Json value = TRY(constant(element));
    if (!value.is_number()) return element.malformed("expected a number");
    return *value.as_double();
  }

  Result<Written> read_value(const std::string& name, const Element& element) {
    Written out;
    const Json& op = element.json().at("op");
    const std::string_view random = op.string_view();
    if (random == "uniformChoice") {
      TRY(element.only({"op", "choices", "unit", "salt", "full_salt"}));
      const std::vector<Json> choices = TRY(constants(element.at("choices")));
      out.draw = TRY(draw(name, element, HashScheme::kPlanOut, static_cast<uint32_t>(choices.size())));
      for (uint32_t i = 0; i < choices.size(); ++i) out.outcomes.emplace_back(i, i, choices[i]);
      return out;
    }
    if (random == "randomInteger") {
      TRY(element.only({"op", "min", "max", "unit", "salt", "full_salt"}));
      const double least = TRY(number(element.at("min")));
      const double most = TRY(number(element.at("max")));
      if (least != std::floor(least) || most != std::floor(most) || std::abs(least) > 9e15 || most < least) {
        return element.malformed("expected two whole numbers in order");
      }
      if (most - least >= 1000) return element.refuse("more than 1000 numbers to choose from");
      const auto count = static_cast<uint32_t>(most - least) + 1;
      out.draw = TRY(draw(name, element, HashScheme::kPlanOut, count));
      for (uint32_t i = 0; i < count; ++i) out.outcomes.emplace_back(i, i, Json(static_cast<int64_t>(least) + i));
      return out;
    }
    if (random == "bernoulliTrial") {
      TRY(element.only({"op", "p", "unit", "salt", "full_salt"}));
      const double p = TRY(number(element.at("p")));
      if (p < 0 || p > 1) return element.at("p").malformed("expected a number from 0 to 1");
      return weighted(name, element, {p, 1 - p}, {Json(1), Json(0)});
    }
    if (random == "weightedChoice") {
      TRY(element.only({"op", "choices", "weights", "unit", "salt", "full_salt"}));
      const std::vector<Json> choices = TRY(constants(element.at("choices")));
      std::vector<double> weights;
      for (const Json& weight : TRY(constants(element.at("weights")))) {
        if (!weight.is_number() || *weight.as_double() < 0) return element.at("weights").malformed("expected numbers");
        weights.push_back(*weight.as_double());
      }
      if (weights.size() != choices.size()) return element.malformed("as many weights as choices are needed");
      return weighted(name, element, weights, choices);
    }
    if (op.is_string() && random != "literal" && random != "array")
      return element.refuse(fmt::format("the operation {}", random));
    out.outcomes.emplace_back(0, 0, TRY(constant(element)));
    return out;
  }

  // Parts of 1 of the hash, in the order of the weights.
  Result<Written> weighted(const std::string& name, const Element& element, std::vector<double> weights,
                           const std::vector<Json>& choices) {
    double total = 0;
    for (const double weight : weights) total += weight;
    if (!(total > 0) || !std::isfinite(total)) return element.malformed("expected weights above 0");
    const bool whole = total <= kMaxBuckets &&
                       std::ranges::all_of(weights, [](double weight) { return weight == std::floor(weight); });
    for (double& weight : weights) weight /= total;
    const uint32_t buckets = whole ? static_cast<uint32_t>(total) : denominator_of(weights);
    if (buckets == 0) return element.refuse(fmt::format("weights finer than {} parts", kMaxBuckets));
    Written out;
    out.draw = TRY(draw(name, element, HashScheme::kLaunchDarkly, buckets));
    double sum = 0;
    uint32_t next = 0;
    for (size_t i = 0; i < weights.size(); ++i) {
      sum += weights[i] * buckets;
      const auto end = static_cast<uint32_t>(std::round(sum));
      if (end > next) out.outcomes.emplace_back(next, end - 1, choices[i]);
      next = std::max(next, end);
    }
    return out;
  }

  Result<Draw> draw(const std::string& name, const Element& element, HashScheme scheme, uint32_t buckets) {
    std::string salt = element.text_or("full_salt", "");
    if (!element.has("full_salt")) {
      if (salt_.empty()) {
        return element.refuse("a script that does not say its experiment's salt",
                              "name it, as the experiment's class does: WITH salt = '..'");
      }
      salt = fmt::format("{}.{}", salt_, element.has("salt") ? TRY(element.at("salt").text()) : name);
    }
    Element unit = element.at("unit");
    if (is_operation(unit, "array")) unit = unit.at("values");
    if (unit.json().is_array()) {
      if (unit.json().items().size() != 1) return unit.refuse("a unit of several parts");
      unit = unit.at(size_t{0});
    }
    if (!is_operation(unit, "get")) return unit.refuse("a unit that is no input");
    const std::string attribute = TRY(unit.at("var").text());
    if (variables_.contains(attribute) && !variables_.find(attribute)->second.steps.empty()) {
      return unit.refuse("a unit that the script sets itself");
    }
    return Draw{target_.options().unit.empty() ? attribute : target_.options().unit, scheme, buckets, std::move(salt)};
  }

  // Conditions

  Result<Condition> truth(const Element& element) {
    TRY(target_.spend(element));
    const Json& json = element.json();
    if (json.is_bool()) return *json.as_bool() ? always() : never();
    if (json.is_number()) return TRY(element.number()) != 0 ? always() : never();
    if (json.is_string()) return json.string_view().empty() ? never() : always();
    const std::string op = TRY(operation(element));
    if (op == "literal") return truth(element.at("value"));
    if (op == "and" || op == "or") {
      std::vector<Condition> parts;
      for (const Element& item : TRY(element.at("values").items())) parts.push_back(TRY(truth(item)));
      return op == "and" ? all_of(std::move(parts)) : any_of(std::move(parts));
    }
    if (op == "not") return target_.complement(TRY(truth(element.at("value"))));
    if (op == "get") return truth_of_variable(element);
    const auto found = std::ranges::find(kComparisons, op, &Comparison::name);
    if (found == kComparisons.end()) return element.refuse(fmt::format("the operation {} in a condition", op));
    const bool left = is_operation(element.at("left"), "get");
    const Element variable = element.at(left ? "left" : "right");
    const Element other = element.at(left ? "right" : "left");
    if (!is_operation(variable, "get")) return element.refuse("a comparison without an input or a variable");
    const Json value = TRY(constant(other));
    const std::string subject = TRY(this->subject(variable));
    const Kind kind = left ? found->kind : found->mirrored;
    if (value.is_null() && kind == Kind::kEqual) return target_.missing(subject);
    if (value.is_string()) {
      TRY(target_.use(subject, AttributeType::kString, element));
      if (kind != Kind::kEqual) return target_.compare_order(subject, kind, Element(value, other.path()));
      return compare(subject, kind, Literal{std::string(value.string_view())});
    }
    if (value.is_bool() && kind == Kind::kEqual) {
      TRY(target_.use(subject, AttributeType::kBool, element));
      return compare(subject, kind, Literal{*value.as_bool()});
    }
    if (!value.is_number()) return other.refuse("a comparison with this constant");
    TRY(target_.use(subject, AttributeType::kDouble, element));
    return compare(subject, kind, number_literal(*value.as_double()));
  }

  // A variable that the script has set by now, else an input.
  Result<std::string> subject(const Element& get) {
    const std::string name = TRY(get.at("var").text());
    const auto found = variables_.find(name);
    if (found == variables_.end()) return name;
    found->second.read = true;
    return target_.options().prefix + name;
  }

  Result<Condition> truth_of_variable(const Element& get) {
    const std::string name = TRY(subject(get));
    const auto found = variables_.find(get.text_or("var", ""));
    if (found == variables_.end()) {
      TRY(target_.use(name, AttributeType::kBool, get));
      return compare(name, Kind::kEqual, Literal{true});
    }
    switch (type_of(found->second)) {
      case ValueType::kBool:
        return holds(name);
      case ValueType::kInt:
      case ValueType::kDouble:
        return compare(name, Kind::kNotEqual, Literal{int64_t{0}});
      case ValueType::kString:
        return compare(name, Kind::kNotEqual, Literal{std::string()});
      case ValueType::kJson:
        break;
    }
    return get.refuse("a list or an object as a condition");
  }

  static ValueType type_of(const Variable& variable) {
    std::vector<const Json*> values;
    for (const Written& written : variable.steps) {
      for (const Outcome& outcome : written.outcomes) values.push_back(&outcome.value);
    }
    return Target::type_of_values(values);
  }

  Status finish_variable(const std::string& name, const Variable& variable, const Element& top) {
    Flag flag;
    flag.parameter.name = target_.options().prefix + name;
    flag.parameter.type = type_of(variable);
    for (const Written& written : variable.steps) {
      const auto value_of = [&](const Outcome& outcome) {
        return Target::value_as(flag.parameter.type, Element(outcome.value, written.path));
      };
      Step step;
      step.label = fmt::format("draw{}", flag.steps.size() + 1);
      step.when = written.when;
      if (!written.draw) {
        step.value = TRY(value_of(written.outcomes[0]));
      } else {
        step.draw = written.draw;
        for (const Outcome& outcome : written.outcomes) {
          const std::string text =
              outcome.value.is_string() ? std::string(outcome.value.string_view()) : outcome.value.dump();
          step.slots.push_back({outcome.first, outcome.last, text, TRY(value_of(outcome))});
        }
      }
      flag.steps.push_back(std::move(step));
    }
    const auto given = TRY(target_.default_from_options(name, flag.parameter.type));
    if (given) {
      flag.parameter.fallback = *given;
    } else {
      const Written& first = variable.steps.back();
      flag.parameter.fallback =
          TRY(Target::value_as(flag.parameter.type, Element(first.outcomes.front().value, first.path)));
      target_.note(
          fmt::format("the default of {} is {}, for contexts without a unit and without a value: PlanOut has none.",
                      flag.parameter.name, to_text(flag.parameter.fallback)));
    }
    return target_.add(std::move(flag), top);
  }

  Target& target_;
  std::string salt_;
  std::vector<std::string> order_;
  std::map<std::string, Variable, std::less<>> variables_;
};

}  // namespace

Status import_planout(const Json& document, Target& target) {
  const Element top(document, "");
  Importer importer(target);
  TRY(importer.statement(top, always()));
  return importer.finish(top);
}

}  // namespace sinan::experiment
