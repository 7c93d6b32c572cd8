// How an error looks: for people, with the line of the program and a mark under the place; for programs, one JSON object a
// line. Pure functions.
//
//     error[not_found]: unknown table "fligts"
//       --> late.sql:3:15
//        |
//      3 | SELECT * FROM fligts WHERE late
//        |               ^^^^^^
//        hint: did you mean "flights"?
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace sinan::app {

struct ErrorTextOptions {
  int width = 100;  // long source lines are cut around the place to about that many columns
  bool color = false;
  bool unicode = true;
};

// The place is left out when the error has none, or `program` is empty.
std::string error_text(const Error& error, std::string_view program_name, std::string_view program,
                       bool is_warning = false, const ErrorTextOptions& options = {});

// {"severity", "code", "message", "hint", "context", "program", "line", "column", "offset", "length"} and '\n'. Lines and columns count from 1,
// columns in code points, offset and length in bytes; the last four are null without a place.
std::string error_json(const Error& error, std::string_view program_name, std::string_view program,
                       bool is_warning = false);

}  // namespace sinan::app
