// Completion: what the unfinished word at the cursor may become. Pure: the prompt gathers the names, the registry adds the
// words of the capabilities (estimators, attributes).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sinan::app {

struct CompletionNames {
  struct Table {
    std::string name;  // "main.flights" is offered as "flights" as well
    std::vector<std::string> columns;
  };
  std::vector<Table> tables;
  std::vector<std::string> models;
  std::vector<std::string> phrases;  // "TO TRAIN", "SHOW MODELS"
  std::vector<std::string> others;   // what capabilities offer here
};

// Those of SQL, upper case.
std::span<const std::string_view> sql_keywords();

// The word that ends `text`: letters, digits, and what names may hold ("zoo.mod", "train.num_b"). May be empty.
std::string_view word_before_cursor(std::string_view text);

// Whole words that begin with that word, sorted, unique. Columns of tables that the statement names come first in what they match:
// a column's name is offered only for those. Keywords keep the case in which the word was begun.
std::vector<std::string> complete(std::string_view text, const CompletionNames& names);
// The longest beginning that all have in common, ignoring case; in the spelling of the first.
std::string common_beginning(const std::vector<std::string>& words);

}  // namespace sinan::app
