#include "experiment/test/model_evaluator.h"

#include <algorithm>
#include <cmath>
#include <regex>
#include <sstream>

namespace sinan::experiment {
namespace {

using Kind = Condition::Kind;
using Truth = std::optional<bool>;

bool like(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '%') {
    for (size_t i = 0; i <= text.size(); ++i) {
      if (like(text.substr(i), pattern.substr(1))) return true;
    }
    return false;
  }
  return !text.empty() && (pattern[0] == '_' || pattern[0] == text[0]) && like(text.substr(1), pattern.substr(1));
}

// -1, 0, 1; by the rules of semver.org, for well-formed versions only.
std::optional<int> compare_versions(const std::string& a, const std::string& b) {
  static const std::regex kVersion(
      R"(^(0|[1-9]\d*)(?:\.(0|[1-9]\d*))?(?:\.(0|[1-9]\d*))?(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?$)");
  std::smatch left;
  std::smatch right;
  if (!std::regex_match(a, left, kVersion) || !std::regex_match(b, right, kVersion)) return std::nullopt;
  const auto number = [](const std::string& text) { return text.empty() ? 0L : std::stol(text); };
  for (int i = 1; i <= 3; ++i) {
    const long x = number(left[i]);
    const long y = number(right[i]);
    if (x != y) return x < y ? -1 : 1;
  }
  if (left[4].str().empty() || right[4].str().empty())
    return static_cast<int>(left[4].str().empty()) - static_cast<int>(right[4].str().empty());
  std::stringstream first(left[4]);
  std::stringstream second(right[4]);
  for (;;) {
    std::string x;
    std::string y;
    const bool more_x = static_cast<bool>(std::getline(first, x, '.'));
    const bool more_y = static_cast<bool>(std::getline(second, y, '.'));
    if (!more_x || !more_y) return static_cast<int>(more_x) - static_cast<int>(more_y);
    const auto digits = [](const std::string& text) {
      return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
    };
    if (digits(x) != digits(y)) return digits(x) ? -1 : 1;
    if (digits(x) && std::stol(x) != std::stol(y)) return std::stol(x) < std::stol(y) ? -1 : 1;
    if (!digits(x) && x != y) return x < y ? -1 : 1;
  }
}

std::optional<uint32_t> address(const std::string& text) {
  static const std::regex kAddress(R"(^(\d+)\.(\d+)\.(\d+)\.(\d+)$)");
  std::smatch parts;
  if (!std::regex_match(text, parts, kAddress)) return std::nullopt;
  uint32_t result = 0;
  for (int i = 1; i <= 4; ++i) result = result * 256 + static_cast<uint32_t>(std::stoul(parts[i]));
  return result;
}

Truth compared(Kind kind, int order) {
  switch (kind) {
    case Kind::kLess:
      return order < 0;
    case Kind::kLessEqual:
      return order <= 0;
    case Kind::kGreater:
      return order > 0;
    case Kind::kGreaterEqual:
      return order >= 0;
    case Kind::kNotEqual:
      return order != 0;
    default:
      return order == 0;
  }
}

template <class T>
int order_of(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

Truth both(Truth a, Truth b) {
  if (a == false || b == false) return false;
  if (!a || !b) return std::nullopt;
  return true;
}
Truth negation(Truth a) { return a ? Truth(!*a) : std::nullopt; }

// How a value of the context stands to a literal, when it is of the attribute's type.
std::optional<int> order_to(AttributeType type, const ContextValue& value, const Literal& literal) {
  const auto text = [&] { return std::get_if<std::string>(&value); };
  const auto literal_text = [&] { return std::get<std::string>(literal.value); };
  switch (type) {
    case AttributeType::kBool:
      if (!std::holds_alternative<bool>(value)) return std::nullopt;
      return order_of(std::get<bool>(value), std::get<bool>(literal.value));
    case AttributeType::kInt: {
      int64_t number = 0;
      if (const int64_t* i = std::get_if<int64_t>(&value)) {
        number = *i;
      } else if (const double* d = std::get_if<double>(&value);
                 d != nullptr && std::floor(*d) == *d && std::abs(*d) < 1e15) {
        number = static_cast<int64_t>(*d);
      } else {
        return std::nullopt;
      }
      return order_of(number, std::get<int64_t>(literal.value));
    }
    case AttributeType::kDouble: {
      double number = 0;
      if (const int64_t* i = std::get_if<int64_t>(&value)) {
        number = static_cast<double>(*i);
      } else if (const double* d = std::get_if<double>(&value); d != nullptr && !std::isnan(*d)) {
        number = *d;
      } else {
        return std::nullopt;
      }
      const double* real = std::get_if<double>(&literal.value);
      return order_of(number, real != nullptr ? *real : static_cast<double>(std::get<int64_t>(literal.value)));
    }
    case AttributeType::kSemver:
      return text() == nullptr ? std::nullopt : compare_versions(*text(), literal_text());
    case AttributeType::kTimestamp: {
      // The tests use one spelling, whose order is that of its text.
      static const std::regex kTime(R"(^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$)");
      if (text() == nullptr || !std::regex_match(*text(), kTime)) return std::nullopt;
      return order_of(*text(), literal_text());
    }
    case AttributeType::kIp: {
      const auto own = text() == nullptr ? std::nullopt : address(*text());
      if (!own) return std::nullopt;
      const std::string network = literal_text();
      const size_t slash = network.find('/');
      const int bits = slash == std::string::npos ? 32 : std::stoi(network.substr(slash + 1));
      const uint32_t mask = bits == 0 ? 0 : ~uint32_t{0} << (32 - bits);
      return order_of(*own & mask, *address(network.substr(0, slash)) & mask);
    }
    default:
      return text() == nullptr ? std::nullopt : std::optional(order_of(*text(), literal_text()));
  }
}

}  // namespace

std::optional<bool> ModelEvaluator::atom(const Condition& condition, const ModelContext& context) const {
  AttributeType type = AttributeType::kString;
  ContextValue value;
  const auto parameter = std::ranges::find(configuration_.parameters, condition.subject, &Parameter::name);
  if (parameter != configuration_.parameters.end()) {
    type = attribute_type_of(parameter->type);
    std::visit(
        [&]<class T>(const T& v) {
          if constexpr (!std::is_same_v<T, JsonText>) value = v;
        },
        this->value(condition.subject, context));
  } else {
    type = configuration_.attributes.find(condition.subject)->second;
    const auto found = context.values.find(condition.subject);
    if (found != context.values.end()) value = found->second;
  }
  const bool missing = std::holds_alternative<std::monostate>(value);
  if (condition.kind == Kind::kIsNull) return missing;
  if (missing) return std::nullopt;
  if (condition.kind == Kind::kHolds)
    return std::holds_alternative<bool>(value) ? Truth(std::get<bool>(value)) : std::nullopt;
  if (type == AttributeType::kList) {
    const auto* list = std::get_if<std::vector<std::string>>(&value);
    if (list == nullptr) return std::nullopt;
    return std::ranges::find(*list, std::get<std::string>(condition.literals[0].value)) != list->end();
  }
  if (condition.kind >= Kind::kLike && condition.kind <= Kind::kMatches) {
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr) return std::nullopt;
    const std::string pattern = std::get<std::string>(condition.literals[0].value);
    switch (condition.kind) {
      case Kind::kLike:
        return like(*text, pattern);
      case Kind::kStartsWith:
        return text->starts_with(pattern);
      case Kind::kEndsWith:
        return text->ends_with(pattern);
      case Kind::kContains:
        return text->contains(pattern);
      default:
        return std::regex_search(*text, std::regex(pattern));
    }
  }
  if (condition.kind == Kind::kBetween) {
    const auto low = order_to(type, value, condition.literals[0]);
    const auto high = order_to(type, value, condition.literals[1]);
    if (!low || !high) return std::nullopt;
    return *low >= 0 && *high <= 0;
  }
  bool any = false;
  for (const Literal& literal : condition.literals) {
    const auto order = order_to(type, value, literal);
    if (!order) return std::nullopt;
    any = any || *compared(condition.kind, *order);
  }
  return any;
}

std::optional<bool> ModelEvaluator::holds(const Condition& condition, const ModelContext& context) const {
  switch (condition.kind) {
    case Kind::kTrue:
      return true;
    case Kind::kFalse:
      return false;
    case Kind::kAnd: {
      Truth result = true;
      for (const Condition& child : condition.children) result = both(result, holds(child, context));
      return result;
    }
    case Kind::kOr: {
      Truth result = true;  // of the negations
      for (const Condition& child : condition.children) result = both(result, negation(holds(child, context)));
      return negation(result);
    }
    case Kind::kNot:
      return negation(holds(condition.children[0], context));
    case Kind::kSegment:
      return holds(std::ranges::find(configuration_.segments, condition.subject, &Segment::name)->condition, context);
    default:
      return atom(condition, context);
  }
}

std::optional<ModelEvaluator::Place> ModelEvaluator::place(const Experiment& experiment,
                                                           const ModelContext& context) const {
  if (experiment.state != State::kRunning) return std::nullopt;
  const auto covers = [&](const Window& w) {
    return (!w.begin || *w.begin <= context.now) && (!w.end || context.now < *w.end);
  };
  if (!experiment.schedule.empty() && std::ranges::none_of(experiment.schedule, covers)) return std::nullopt;
  size_t branch = 0;
  while (branch < experiment.branches.size() && holds(experiment.branches[branch].condition, context) != true) ++branch;
  if (branch == experiment.branches.size()) return std::nullopt;
  std::vector<std::string> texts;
  for (const std::string& name : experiment.unit) {
    const auto found = context.values.find(name);
    if (found == context.values.end()) return std::nullopt;
    if (const auto* text = std::get_if<std::string>(&found->second)) {
      texts.push_back(*text);
    } else if (const auto* number = std::get_if<int64_t>(&found->second)) {
      texts.push_back(std::to_string(*number));
    } else {
      return std::nullopt;
    }
    if (texts.back().empty()) return std::nullopt;
  }
  const std::vector<std::string_view> unit(texts.begin(), texts.end());
  if (sinan_bucket(derive_key(Purpose::kRollout, experiment.effective_salt()), unit, kRolloutBuckets) >=
      experiment.rollout)
    return std::nullopt;
  const uint32_t bucket = foreign_bucket(experiment.scheme, experiment.effective_salt(), unit, experiment.buckets);
  const auto forced = forced_.find(experiment.name);
  for (const Leaf& leaf : leaves(experiment.groups)) {
    const std::string name(leaf.path.back());
    if (forced != forced_.end() ? forced->second == name : leaf.first <= bucket && bucket <= leaf.last)
      return Place{name, branch};
  }
  return std::nullopt;
}

Value ModelEvaluator::value(const std::string& parameter, const ModelContext& context) const {
  for (const Experiment& experiment : configuration_.experiments) {
    const auto sets = [&](const Branch& b) {
      return std::ranges::find(b.treatments, parameter, &Treatment::parameter) != b.treatments.end();
    };
    if (std::ranges::none_of(experiment.branches, sets)) continue;
    const auto at = place(experiment, context);
    if (!at) continue;
    for (const Treatment& treatment : experiment.branches[at->branch].treatments) {
      if (treatment.parameter != parameter) continue;
      // The innermost group of the path that has a value.
      for (const Leaf& leaf : leaves(experiment.groups)) {
        if (leaf.path.back() != at->leaf) continue;
        for (auto name = leaf.path.rbegin(); name != leaf.path.rend(); ++name) {
          for (const auto& [group, value] : treatment.by_group) {
            if (group == *name) return value;
          }
        }
      }
    }
  }
  const auto found = std::ranges::find(configuration_.parameters, parameter, &Parameter::name);
  for (const Rule& rule : found->rules) {
    if (holds(rule.condition, context) == true) return rule.value;
  }
  return found->fallback;
}

std::set<std::string> ModelEvaluator::exposures(const std::string& parameter, const ModelContext& context) const {
  const Value own = value(parameter, context);
  std::set<std::string> result;
  for (const Experiment& experiment : configuration_.experiments) {
    if (!place(experiment, context)) continue;
    for (const Leaf& leaf : leaves(experiment.groups)) {
      forced_[experiment.name] = leaf.path.back();
      if (value(parameter, context) != own) result.insert(experiment.name);
      forced_.clear();
    }
  }
  return result;
}

}  // namespace sinan::experiment
