// Conditions as other platforms mean them. Their logic has two values: where something does not hold, its negation does, also when
// the attribute is missing. Ours has three, so a negation says what it means for a missing attribute. Lists flatten and constants
// vanish as they are built, which keeps conditions short.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "experiment/condition.h"

namespace sinan::experiment {

Condition always();
Condition never();
Condition all_of(std::vector<Condition> parts);
Condition any_of(std::vector<Condition> parts);
Condition is_missing(std::string subject);
// kEqual to kGreaterEqual, kLike to kMatches.
Condition compare(std::string subject, Condition::Kind kind, Literal literal);
Condition one_of(std::string subject, std::vector<Literal> literals);
Condition one_of_texts(std::string subject, const std::vector<std::string>& texts);
Condition holds(std::string subject);
Condition negation(Condition condition);  // ours: unknown stays unknown

// A whole one where it is one.
Literal number_literal(double value);
// Whether `a kind b`.
bool number_holds(double a, Condition::Kind kind, double b);

// A regular expression for the text in any case of its ASCII letters, anchored as asked.
std::string any_case_pattern(std::string_view text, bool at_begin, bool at_end);

}  // namespace sinan::experiment
