#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/strings.h"
#include "plot/layout.h"
#include "plot/terminal_charts.h"

namespace sinan::plot {
namespace {

struct Look {
  std::string_view unicode;
  std::string_view ascii;
  Ink ink;
};

Look look_of(std::string_view status) {
  if (status == "failed") return {"✗", "x", {.foreground = 203}};
  if (status == "cached") return {"≡", "=", {.foreground = 110}};
  if (status == "skipped") return {"·", "-", kDim};
  if (status == "cancelled") return {"■", "c", {.foreground = 178}};
  if (status == "planned") return {"○", "o", {.foreground = 110}};
  return {"✓", "+", {.foreground = 36}};
}

std::string after(const Timeline::Item& item) {
  std::string text;
  for (const uint32_t on : item.depends_on) text += fmt::format("{}{}", text.empty() ? "after " : ", ", on + 1);
  return text;
}

}  // namespace

void draw(TerminalGrid& grid, const Timeline& chart) {
  if (chart.items.empty()) {
    grid.put(grid.next(), 0, "no steps", kDim);
    return;
  }
  const Timeline placed = with_times(chart);
  size_t label_columns = 0, note_columns = 0, after_columns = 0;
  double end = 0;
  for (const Timeline::Item& item : placed.items) {
    label_columns = std::max(label_columns, display_width(printable(item.label)));
    note_columns = std::max(note_columns, display_width(timeline_note(item)));
    after_columns = std::max(after_columns, display_width(after(item)));
    if (std::isfinite(item.start_seconds + item.duration_seconds))
      end = std::max(end, item.start_seconds + item.duration_seconds);
  }
  const size_t number_columns = fmt::format("{}", placed.items.size()).size();
  label_columns = std::min(label_columns, grid.width() * 2 / 5);
  after_columns = std::min(after_columns, grid.width() / 5);
  const size_t left = 2 + number_columns + 1 + label_columns + 2;
  const size_t around = left + note_columns + 2 + after_columns + 1;
  const size_t columns = grid.width() > around + 4 ? grid.width() - around : 0;
  const double scale = end > 0 ? static_cast<double>(columns) / end : 0;

  const size_t first = grid.next();
  for (size_t i = 0; i < placed.items.size(); ++i) {
    const Timeline::Item& item = placed.items[i];
    const Look look = look_of(item.status);
    grid.put(first + i, 0, grid.glyph(look.unicode, look.ascii), look.ink);
    grid.put_right(first + i, 2 + number_columns, fmt::format("{}", i + 1), kDim);
    grid.put_within(first + i, 3 + number_columns, label_columns, item.label);
    if (columns > 0 && std::isfinite(item.start_seconds) && std::isfinite(item.duration_seconds)) {
      const double from = std::clamp(item.start_seconds * scale, 0.0, static_cast<double>(columns - 1));
      const auto column = static_cast<size_t>(from);
      const double length = std::clamp(item.duration_seconds * scale, 0.125, static_cast<double>(columns - column));
      grid.bar(first + i, left + column, length, look.ink);
    }
    const size_t note_end = left + columns + 1 + note_columns;
    grid.put_right(first + i, note_end, timeline_note(item));
    grid.put_within(first + i, note_end + 2, after_columns, after(item), kDim);
  }
}

}  // namespace sinan::plot
