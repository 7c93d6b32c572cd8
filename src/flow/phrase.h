// Leading phrases: how the registry tells `SHOW  models` or `TO /* now */ train` apart without parsing the statement.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sinan::flow {

// The first few words of program[part], upper case, single blanks; stops at the first token that is no word.
std::string leading_words(std::string_view program, Span part, size_t count = 4);

// Whether `words` is `phrase`, or goes on after it with another word.
bool begins_with_phrase(std::string_view words, std::string_view phrase);

}  // namespace sinan::flow
