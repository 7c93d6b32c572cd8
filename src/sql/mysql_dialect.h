// MySQL's spelling of SQL, rewritten for the embedded engine: what tutorials and dumps hold and the engine does not read.
//
// One pass over the tokens, no parser: LIMIT 0, 10 becomes LIMIT 10 OFFSET 0, "text" becomes 'text', BIGINT(20) becomes BIGINT. It is
// asked only for a statement that the engine has refused as it stands, so text that is valid there is never changed. What it
// recognises and cannot express is an error that names the form. Pure functions; any bytes are safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sinan::sql {

// A statement in another spelling, and where each part of it came from.
struct Translation {
  // text[begin, end) stands for `from` of the program.
  struct Piece {
    uint32_t begin = 0;
    uint32_t end = 0;
    Span from;
    bool copied = false;  // byte for byte
  };
  std::string text;
  std::vector<Piece> pieces;       // in order, covering the text
  std::vector<std::string> notes;  // "LIMIT 0, 10 is LIMIT 10 OFFSET 0", each once, in order

  // The place in the program of a place in `text`.
  Span original(Span place) const;
};

// program[statement] is one statement, or the query before a clause. nullopt: nothing in it is MySQL's own.
// Errors: kUnsupported, with the place of a form that cannot be translated; kProgram when it cannot be cut into tokens.
Result<std::optional<Translation>> translate_mysql(std::string_view program, Span statement);

// Makes text that is used as a number one, as MySQL does ('12 apples' is 12, 'apples' is 0), where an error of the engine says which
// operator or function has such an operand. `place` is the error's, in `translation.text`; false when it is about something else.
bool mend_text_as_number(Translation& translation, std::string_view message, Span place);

// A statement that is translated by nothing yet: the start for mend_text_as_number().
Translation as_written(std::string_view program, Span statement);

}  // namespace sinan::sql
