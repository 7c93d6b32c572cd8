#include "experiment/importers/logic.h"

#include <cmath>
#include <utility>

namespace sinan::experiment {
namespace {

using Kind = Condition::Kind;

// `neutral` leaves the list as it is, `decisive` decides it.
Condition list_of(Kind kind, Kind neutral, Kind decisive, std::vector<Condition> parts) {
  Condition out;
  out.kind = kind;
  for (Condition& part : parts) {
    if (part.kind == decisive) {
      Condition decided;
      decided.kind = decisive;
      return decided;
    }
    if (part.kind == neutral) continue;
    if (part.kind == kind) {
      for (Condition& inner : part.children) out.children.push_back(std::move(inner));
    } else {
      out.children.push_back(std::move(part));
    }
  }
  if (out.children.size() == 1) return std::move(out.children[0]);
  if (out.children.empty()) out.kind = neutral;
  return out;
}

Condition leaf(Kind kind, std::string subject, std::vector<Literal> literals) {
  Condition out;
  out.kind = kind;
  out.subject = std::move(subject);
  out.literals = std::move(literals);
  return out;
}

}  // namespace

Condition always() { return {}; }
Condition never() {
  Condition out;
  out.kind = Kind::kFalse;
  return out;
}
Condition all_of(std::vector<Condition> parts) {
  return list_of(Kind::kAnd, Kind::kTrue, Kind::kFalse, std::move(parts));
}
Condition any_of(std::vector<Condition> parts) {
  return list_of(Kind::kOr, Kind::kFalse, Kind::kTrue, std::move(parts));
}
Condition is_missing(std::string subject) { return leaf(Kind::kIsNull, std::move(subject), {}); }
Condition compare(std::string subject, Kind kind, Literal literal) {
  return leaf(kind, std::move(subject), {std::move(literal)});
}
Condition one_of(std::string subject, std::vector<Literal> literals) {
  if (literals.empty()) return never();
  if (literals.size() == 1) return leaf(Kind::kEqual, std::move(subject), std::move(literals));
  return leaf(Kind::kIn, std::move(subject), std::move(literals));
}
Condition one_of_texts(std::string subject, const std::vector<std::string>& texts) {
  std::vector<Literal> literals;
  for (const std::string& text : texts) literals.emplace_back().value = text;
  return one_of(std::move(subject), std::move(literals));
}
Condition holds(std::string subject) { return leaf(Kind::kHolds, std::move(subject), {}); }

Condition negation(Condition condition) {
  switch (condition.kind) {
    case Kind::kTrue:
      return never();
    case Kind::kFalse:
      return always();
    case Kind::kNot:
      return Condition(condition.children[0]);
    case Kind::kEqual:
      condition.kind = Kind::kNotEqual;
      return condition;
    case Kind::kNotEqual:
      condition.kind = Kind::kEqual;
      return condition;
    default:
      break;
  }
  Condition out;
  out.kind = Kind::kNot;
  out.children.push_back(std::move(condition));
  return out;
}

Literal number_literal(double value) {
  if (std::abs(value) < 9e15 && value == std::floor(value)) return Literal{static_cast<int64_t>(value)};
  return Literal{value};
}

bool number_holds(double a, Kind kind, double b) {
  switch (kind) {
    case Kind::kEqual:
      return a == b;
    case Kind::kNotEqual:
      return a != b;
    case Kind::kLess:
      return a < b;
    case Kind::kLessEqual:
      return a <= b;
    case Kind::kGreater:
      return a > b;
    default:
      return a >= b;
  }
}

std::string any_case_pattern(std::string_view text, bool at_begin, bool at_end) {
  std::string out = at_begin ? "^" : "";
  for (const char c : text) {
    const bool lower = c >= 'a' && c <= 'z';
    const bool upper = c >= 'A' && c <= 'Z';
    if (lower || upper) {
      const char other = static_cast<char>(c ^ 0x20);
      out += {'[', lower ? c : other, lower ? other : c, ']'};
      continue;
    }
    const bool plain = (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80 || c == ' ';
    if (!plain) out += '\\';
    out += c;
  }
  return at_end ? out + "$" : out;
}

}  // namespace sinan::experiment
