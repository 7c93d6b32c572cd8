#include "ml/search_space.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/strings.h"

namespace sinan::ml {
namespace {

using sql::Expr;

constexpr std::string_view kRange = "range";
constexpr std::string_view kLogRange = "log_range";
constexpr std::string_view kChoice = "choice";

// Just below 1, so that the last whole number of a range is not passed.
constexpr double kLastUnit = 1 - 0x1p-53;

Result<Dimension> read_range(const Expr& call, const AttributeSpec& spec, bool is_log) {
  const bool is_integer = spec.type == AttributeType::kInteger;
  if (!is_integer && spec.type != AttributeType::kFloat) {
    return fail(Code::kArgument, fmt::format("{}() is for numbers: attribute \"{}\"", call.text, spec.name),
                "name the values to try: choice(.., ..)")
        .at(call.span);
  }
  if (call.items.size() != 2) {
    return fail(Code::kArgument, fmt::format("{}() takes two numbers, the least and the greatest", call.text),
                fmt::format("write {}={}(least, greatest)", spec.name, call.text))
        .at(call.span);
  }
  Dimension out;
  out.attribute = spec.name;
  out.type = spec.type;
  out.kind = is_log ? Dimension::Kind::kLogRange : Dimension::Kind::kRange;
  out.is_integer = is_integer;
  out.low = TRY(flow::check_attribute_value(call.items[0], spec)).as_double().value();
  out.high = TRY(flow::check_attribute_value(call.items[1], spec)).as_double().value();
  out.span = call.span;
  if (out.low >= out.high) {
    return fail(Code::kArgument, fmt::format("{}() must ascend: {} to {}", call.text, out.low, out.high),
                out.low == out.high ? fmt::format("one value needs no search: {}={}", spec.name, out.low)
                                    : fmt::format("write {}({}, {})", call.text, out.high, out.low))
        .at(call.span);
  }
  if (is_log && out.low <= 0) {
    return fail(Code::kArgument, fmt::format("log_range() must begin above 0: {}", out.low),
                "a logarithm begins above 0; use range(), or a small number instead of 0")
        .at(call.items[0].span);
  }
  return out;
}

Result<Dimension> read_choice(const Expr& call, const AttributeSpec& spec) {
  Dimension out;
  out.attribute = spec.name;
  out.type = spec.type;
  out.kind = Dimension::Kind::kChoice;
  out.span = call.span;
  for (const Expr& item : call.items) {
    Json member = TRY(flow::check_attribute_value(item, spec));
    const auto same = [&](const Json& other) { return other.dump() == member.dump(); };
    if (std::ranges::any_of(out.members, same)) {
      return fail(Code::kArgument, fmt::format("choice() has a value twice: {}", value_text(member)),
                  "keep one of them")
          .at(item.span);
    }
    out.members.push_back(std::move(member));
  }
  if (out.members.size() < 2) {
    return fail(Code::kArgument, "choice() needs two values or more",
                fmt::format("write {}=choice(.., ..), or give the value itself", spec.name))
        .at(call.span);
  }
  return out;
}

}  // namespace

std::string value_text(const Json& value) {
  if (value.is_string()) return std::string(value.string_view());
  if (value.is_int() || !value.is_number()) return value.dump();
  return fmt::format("{:.6g}", value.as_double().value());
}

Json Dimension::value_at(double unit) const {
  unit = std::clamp(unit, 0.0, kLastUnit);
  if (kind == Kind::kChoice) return members[static_cast<size_t>(unit * static_cast<double>(members.size()))];
  const bool is_log = kind == Kind::kLogRange;
  // A whole number k has the interval [k, k + 1), or [k - 1/2, k + 1/2) of a logarithm's.
  const double begin = is_integer && is_log ? low - 0.5 : low;
  const double end = is_integer ? (is_log ? high + 0.5 : high + 1) : high;
  const double value =
      is_log ? std::exp(std::log(begin) + unit * (std::log(end) - std::log(begin))) : begin + unit * (end - begin);
  if (!is_integer) return std::clamp(value, low, high);
  return static_cast<int64_t>(std::clamp(is_log ? std::round(value) : std::floor(value), low, high));
}

double Dimension::unit_of(const Json& value) const {
  if (kind == Kind::kChoice) {
    const auto found = std::ranges::find_if(members, [&](const Json& m) { return m.dump() == value.dump(); });
    CHECK(found != members.end());
    return (static_cast<double>(found - members.begin()) + 0.5) / static_cast<double>(members.size());
  }
  const bool is_log = kind == Kind::kLogRange;
  const double number = value.as_double().value();
  if (!is_log) return is_integer ? (number + 0.5 - low) / (high + 1 - low) : (number - low) / (high - low);
  const double begin = is_integer ? low - 0.5 : low;
  const double end = is_integer ? high + 0.5 : high;
  return (std::log(number) - std::log(begin)) / (std::log(end) - std::log(begin));
}

bool SearchSpace::is_search(const Expr& value) {
  if (!value.is(Expr::Kind::kCall)) return false;
  return std::ranges::any_of(std::array{kRange, kLogRange, kChoice},
                             [&](std::string_view name) { return equals_ignore_case(value.text, name); });
}

Status SearchSpace::add(const sql::Attribute& attribute, const AttributeSpec& spec) {
  const Expr& call = attribute.value;
  dimensions_.push_back(equals_ignore_case(call.text, kChoice)
                            ? TRY(read_choice(call, spec))
                            : TRY(read_range(call, spec, equals_ignore_case(call.text, kLogRange))));
  return {};
}

Point SearchSpace::draw(Random& random) const {
  Point point;
  for (const Dimension& dimension : dimensions_) point.push_back(dimension.value_at(random.uniform()));
  return point;
}

void SearchSpace::apply(const Point& point, AttributeValues& values) const {
  CHECK(point.size() == dimensions_.size());
  for (size_t i = 0; i < point.size(); ++i) values.set(dimensions_[i].attribute, point[i], dimensions_[i].span);
}

std::string SearchSpace::to_text(const Point& point) const {
  std::string out;
  for (size_t i = 0; i < point.size(); ++i)
    out += fmt::format("{}{}={}", i == 0 ? "" : ", ", dimensions_[i].attribute, value_text(point[i]));
  return out;
}

Json SearchSpace::to_json(const Point& point) const {
  Json out = Json::object();
  for (size_t i = 0; i < point.size(); ++i) out.set(dimensions_[i].attribute, point[i]);
  return out;
}

}  // namespace sinan::ml
