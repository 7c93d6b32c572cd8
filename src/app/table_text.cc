#include "app/table_text.h"

#include <algorithm>
#include <numeric>

#include "app/screen.h"
#include "base/strings.h"

namespace sinan::app {
namespace {

constexpr size_t kLeastWidth = 6;    // a column is not made narrower than that while another is wider
constexpr size_t kMostWidth = 1000;  // of a cell, where nothing else limits it

struct Rules {
  std::string_view horizontal, vertical, top[3], middle[3], bottom[3], dots;
};
constexpr Rules kLight = {"─", "│", {"┌", "┬", "┐"}, {"├", "┼", "┤"}, {"└", "┴", "┘"}, "…"};
constexpr Rules kAscii = {"-", "|", {"+", "+", "+"}, {"+", "+", "+"}, {"+", "+", "+"}, "..."};

// Borders and blanks around `columns` cells.
size_t frame(size_t columns) { return 3 * columns + 1; }

// Makes the widest columns narrower, all of them equally, until the sum fits; answers false when they cannot be.
bool shrink(std::vector<size_t>& widths, size_t room) {
  while (std::accumulate(widths.begin(), widths.end(), size_t{0}) > room) {
    const auto widest = std::ranges::max_element(widths);
    if (widest == widths.end() || *widest <= kLeastWidth) return false;
    size_t second = kLeastWidth;
    for (const size_t width : widths) {
      if (width < *widest) second = std::max(second, width);
    }
    const size_t top = *widest;
    const auto count = static_cast<size_t>(std::ranges::count(widths, top));
    const size_t excess = std::accumulate(widths.begin(), widths.end(), size_t{0}) - room;
    // Down to the next widest, or as little as it takes.
    const size_t less = std::min(top - second, (excess + count - 1) / count);
    size_t left = std::min(excess, less * count);
    for (size_t& width : widths) {
      if (width != top) continue;
      const size_t cut = std::min(left, less);
      width -= cut;
      left -= cut;
    }
  }
  return true;
}

std::string cut(const std::string& text, size_t width, std::string_view dots) {
  if (display_width(text) <= width) return text;
  const size_t dots_width = display_width(dots);
  if (width <= dots_width) return std::string(display_prefix(text, width));
  return std::string(display_prefix(text, width - dots_width)) + std::string(dots);
}

}  // namespace

RenderedTable render_table(const TextTable& table, const TableOptions& options) {
  const Rules& rules = options.unicode ? kLight : kAscii;
  std::vector<size_t> natural;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    size_t width = std::max<size_t>(display_width(table.columns[i].name), 1);
    for (const auto& row : table.rows) width = std::max(width, display_width(row[i].text));
    natural.push_back(std::min(width, kMostWidth));
  }
  std::vector<size_t> widths = natural;
  if (options.width > 0) {
    const auto limit = static_cast<size_t>(options.width);
    for (size_t shown = natural.size(); shown > 0; --shown) {
      widths.assign(natural.begin(), natural.begin() + static_cast<std::ptrdiff_t>(shown));
      const size_t around = frame(shown);
      if (shown == 1 || (around < limit && shrink(widths, limit - around))) break;
    }
    if (widths.size() == 1) widths[0] = std::min(widths[0], std::max<size_t>(limit > 4 ? limit - 4 : 1, 1));
  }

  const Style style{options.color};
  const auto rule = [&](const std::string_view(&corners)[3]) {
    std::string line(corners[0]);
    for (size_t i = 0; i < widths.size(); ++i) {
      for (size_t k = 0; k < widths[i] + 2; ++k) line += rules.horizontal;
      line += i + 1 < widths.size() ? corners[1] : corners[2];
    }
    return style.dim(line) + "\n";
  };
  const std::string bar = style.dim(rules.vertical);
  const auto line = [&](auto&& text_of, auto&& paint) {
    std::string result = bar;
    for (size_t i = 0; i < widths.size(); ++i) {
      const std::string text = cut(text_of(i), widths[i], rules.dots);
      const std::string blanks(widths[i] - std::min(widths[i], display_width(text)), ' ');
      result += ' ';
      if (table.columns[i].right) result += blanks;
      result += paint(i, text);
      if (!table.columns[i].right) result += blanks;
      result += ' ';
      result += bar;
    }
    return result + "\n";
  };

  RenderedTable result{.text = rule(rules.top), .columns_shown = widths.size()};
  result.text += line([&](size_t i) -> const std::string& { return table.columns[i].name; },
                      [&](size_t, const std::string& text) { return style.bold(text); });
  result.text += rule(rules.middle);
  for (const auto& row : table.rows) {
    result.text += line([&](size_t i) -> const std::string& { return row[i].text; },
                        [&](size_t i, const std::string& text) { return row[i].is_null ? style.dim(text) : text; });
  }
  result.text += rule(rules.bottom);
  return result;
}

}  // namespace sinan::app
