// ResultText: the rows of one result, batch by batch, as text in one of the output formats. What is ready is taken with
// take(); finish() gives the rest.
//
//   table     a box of the first rows, and how many there are in all
//   csv       RFC 4180: a header, commas, quotes where needed, empty = NULL, lines end in "\n"
//   json      one array of objects, a row a line; several results are several arrays one after another
//   markdown  a pipe table
//   jsonl     a line {"event": "result", "title", "columns"}, each row as an array, a line {"event": "end", "rows"}; nothing
//             is lost: columns tell their types (field_json()), values are append_exact_json()'s
//
// Not thread-safe. A table keeps at most the rows it shows; the other formats keep nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "app/table_text.h"
#include "arrow/batch.h"

namespace sinan::app {

enum class Format { kTable, kCsv, kJson, kMarkdown, kJsonl };
std::optional<Format> format_named(std::string_view name);

struct ResultOptions {
  Format format = Format::kTable;
  TableOptions table;
  size_t most_rows = 40;       // of a table; 0 = all
  bool short_numbers = false;  // a table shows floating-point numbers with six digits
};

class ResultText {
 public:
  explicit ResultText(const ResultOptions& options) : options_(options) {}

  void begin(std::string_view title, std::shared_ptr<const arrow::Schema> schema);
  void add(const arrow::Batch& batch);
  void finish();
  // The text made since the last call.
  std::string take() { return std::exchange(text_, {}); }
  int64_t rows() const { return rows_; }

 private:
  void add_table(const arrow::Batch& batch);
  void add_csv(const arrow::Batch& batch);
  void add_json(const arrow::Batch& batch);
  void add_markdown(const arrow::Batch& batch);
  void add_jsonl(const arrow::Batch& batch);
  std::string footer() const;

  ResultOptions options_;
  std::shared_ptr<const arrow::Schema> schema_;
  std::vector<std::string> json_names_;
  TextTable table_;
  std::string text_;
  int64_t rows_ = 0;
};

}  // namespace sinan::app
