// Calls of certain functions in standard SQL, found by tokens: in any statement, whether the parser understands it or not.
//
// Used to put something else in the place of a call. Pure functions; spans are bytes of the text that was passed in.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sinan::sql {

struct FunctionCall {
  std::string function;         // in lower case
  Span name;                    // of the function
  Span whole;                   // from the name to the closing parenthesis
  std::vector<Span> arguments;  // without the blanks and comments around them; none for f()
};

// The outermost calls `name(..)` of functions named so, in any case, in the order of the text. A call within another's arguments
// is not told: search the argument. Quoted names, qualified ones (x.f(..)) and what DuckDB reads as something else are no calls.
// A text that the lexer refuses has none: the engine says what is wrong with it.
std::vector<FunctionCall> find_function_calls(std::string_view text, std::span<const std::string_view> functions);

// One argument of a call.
struct CallArgument {
  enum class Kind : uint8_t {
    kString,      // 'text'
    kStar,        // *
    kName,        // a, t.a, "t"."a"
    kNameStar,    // t.*
    kNamed,       // a := expression, a => expression
    kExpression,  // anything else
  };
  Kind kind = Kind::kExpression;
  std::string value;  // kString: what it means; kName: its last part; kNamed: the name
  Span text;          // kNameStar: the name; kNamed: the expression; otherwise all of it
};
CallArgument read_argument(std::string_view text, Span argument);

// Expressions in the select lists of a statement, at any depth, that have no name of their own: the engine names their columns
// by their text. Inner ones come before the outer. None for what cannot be parsed.
std::vector<Span> unnamed_items(std::string_view statement);

}  // namespace sinan::sql
