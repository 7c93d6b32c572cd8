// A .test file as blocks (the format: test/sql/README.md), and a Markdown page as its SQL examples. Parsing only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sinan::sql_test {

// What is expected of one stream: lines, each literal or /a regular expression/.
struct Expectation {
  enum class Of { kOut, kError };
  Of of = Of::kOut;
  bool contains = false;  // each line is a part of some line of the output; otherwise the lines are all of it
  std::vector<std::string> lines;
  uint32_t line = 0;  // in the test file
};

struct Block {
  enum class Kind { kStatementOk, kStatementError, kQuery, kFile, kCommandLine, kRestart };
  Kind kind = Kind::kStatementOk;
  uint32_t line = 0;
  std::string argument;  // the code, the format, the file's name, the arguments
  int exit_code = 0;     // kCommandLine
  int signal = 0;        // kCommandLine: sent when the first output has come
  std::string body;      // the program, the file's content, standard input
  std::vector<Expectation> expectations;
};

// Errors: kData, "file:line: what".
Result<std::vector<Block>> parse_test(std::string_view text, std::string_view file_name);
// Each ```sql fence, in order, as a statement that must succeed; not those behind a line `<!-- not run: why -->`.
std::vector<Block> parse_page(std::string_view text);

}  // namespace sinan::sql_test
