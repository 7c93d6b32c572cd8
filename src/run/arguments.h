// The arguments of a program, as a command line gives them: "--name=value", or "--name" and its value as the next string. A
// switch may stand alone. Each is known by name; every mistake is told at the string that holds it.
//
// Values; immutable after read(), any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/type.h"
#include "base/error.h"
#include "sql/tokens.h"

namespace sinan::run {

enum class ArgumentType : uint8_t {
  kList,    // texts with commas between them
  kTable,   // a table's name
  kSwitch,  // true, false, 1, 0, yes, no; alone it is true
  kText,
  kIgnored,  // accepted for the sake of older programs
};

struct ArgumentSpec {
  std::string_view name;  // without dashes
  ArgumentType type;
  std::string_view doc;
  std::string_view default_text = {};
  bool mandatory = false;
};

struct Item {
  std::string text;
  Span place;
};

class Arguments {
 public:
  // `command` begins with the program's name, which also is where something that is missing is told. Errors: kArgument for what is
  // unknown (with the nearest name), given twice, without a value, missing.
  static Result<Arguments> read(std::span<const ArgumentSpec> specs, std::span<const sql::Name> command);

  bool given(std::string_view name) const { return find(name) != nullptr; }
  // Of the argument, or of the program when it is not given.
  Span place(std::string_view name) const;
  std::string text(std::string_view name) const;  // or its default
  bool is_on(std::string_view name) const;        // a switch
  std::vector<Item> list(std::string_view name) const;
  // Whole numbers from `least` to `most`: `count` of them, from one for all or one for each. Errors: kArgument.
  Result<std::vector<int64_t>> whole_numbers(std::string_view name, int64_t least, int64_t most, size_t count) const;
  // One of these words, in any case: `count` of them as positions in `words`. Errors: kArgument.
  Result<std::vector<size_t>> choices(std::string_view name, std::span<const std::string_view> words,
                                      size_t count) const;

 private:
  struct Given {
    std::string name;
    std::string value;
    Span place;
  };
  const Given* find(std::string_view name) const;

  std::span<const ArgumentSpec> specs_;
  std::vector<Given> given_;
  Span program_;
};

// Position of a column that holds numbers. Errors at the place: kProgram for no such column (with the nearest name), and for one
// that holds no numbers.
Result<size_t> number_column(const arrow::Schema& columns, std::string_view name, Span place, std::string_view whose);

}  // namespace sinan::run
