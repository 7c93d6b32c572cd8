// A table of text for a terminal: light rules, numbers flush right, wide tables fitted to the width by cutting long cells
// and, when that is not enough, leaving out columns from the right. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace sinan::app {

struct TextTable {
  struct Column {
    std::string name;
    bool right = false;  // flush
  };
  struct Cell {
    std::string text;
    bool is_null = false;
  };
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;  // each as long as `columns`
};

struct TableOptions {
  int width = 0;  // columns of the terminal; 0 = no limit
  bool color = false;
  bool unicode = true;
};

struct RenderedTable {
  std::string text;          // lines ended by '\n'
  size_t columns_shown = 0;  // less than the table has when it did not fit
};
RenderedTable render_table(const TextTable& table, const TableOptions& options);

}  // namespace sinan::app
