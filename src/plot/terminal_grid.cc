#include "plot/terminal_grid.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/strings.h"
#include "plot/layout.h"

namespace sinan::plot {
namespace {

// The first grapheme cluster: what display_prefix() admits at its own width.
std::string_view first_cluster(std::string_view text) {
  for (size_t columns = 1; columns <= 2; ++columns) {
    size_t bytes = display_prefix(text, columns).size();
    if (bytes == 0) continue;
    // A prefix of two columns may hold two clusters only if the first is one column wide, found above.
    return text.substr(0, bytes);
  }
  return text;
}

std::string_view ascii_for(std::string_view cluster) {
  if (cluster.size() == 1) return cluster;
  if (cluster == "…") return "~";
  if (cluster == "–" || cluster == "−") return "-";
  if (cluster == "→") return ">";
  if (cluster == "×") return "x";
  if (cluster == "µ") return "u";
  if (cluster == "±") return "~";
  return "?";
}

std::string escape(const Ink& ink) {
  std::string codes = "0";
  if (ink.bold) codes += ";1";
  if (ink.dim) codes += ";2";
  if (ink.foreground >= 0) codes += fmt::format(";38;5;{}", ink.foreground);
  if (ink.background >= 0) codes += fmt::format(";48;5;{}", ink.background);
  return fmt::format("\x1b[{}m", codes);
}

// Low (blue) to high (red) of the 256-colour palette.
constexpr std::array<int16_t, 7> kShades = {33, 69, 105, 134, 168, 198, 197};

}  // namespace

Ink shade_ink(double part) {
  const auto index = static_cast<size_t>(std::lround(std::clamp(part, 0.0, 1.0) * (kShades.size() - 1)));
  return {.foreground = kShades[index]};
}

void draw_shade_key(TerminalGrid& grid, size_t column, std::string_view low, std::string_view high,
                    std::string_view title) {
  if (!grid.options().color) return;
  const size_t key = grid.next();
  if (!title.empty()) column = grid.put_within(key, column, 24, title) + 1;
  column = grid.put_within(key, column, 16, low, kDim) + 1;
  for (const int16_t color : kShades) column = grid.put(key, column, grid.glyph("█", "#"), {.foreground = color});
  grid.put_within(key, column + 1, 16, high, kDim);
}

Ink series_ink(size_t index) {
  constexpr std::array<int16_t, 7> kColors = {32, 208, 36, 175, 178, 117, 245};
  return {.foreground = kColors[index % kColors.size()]};
}

TerminalGrid::TerminalGrid(const TerminalOptions& options)
    : options_(options), width_(static_cast<size_t>(std::clamp(options.width, 1, 1000))) {}

size_t TerminalGrid::put(size_t line, size_t column, std::string_view text, Ink ink) {
  while (cells_.size() <= line) cells_.emplace_back(width_);
  std::vector<Cell>& cells = cells_[line];
  const std::string clean = printable(text);
  std::string_view rest = clean;
  while (!rest.empty()) {
    const std::string_view cluster = first_cluster(rest);
    rest.remove_prefix(cluster.size());
    const std::string_view glyph = options_.unicode ? cluster : ascii_for(cluster);
    const size_t columns = display_width(glyph);
    if (columns == 0) continue;
    if (column >= width_ || columns > width_ - column) return width_;
    cells[column] = {std::string(glyph), ink};
    for (size_t i = 1; i < columns; ++i) cells[column + i] = {"", ink};
    column += columns;
  }
  return column;
}

void TerminalGrid::put_right(size_t line, size_t end_column, std::string_view text, Ink ink) {
  const size_t columns = display_width(text);
  put(line, columns > end_column ? 0 : end_column - columns, text, ink);
}

size_t TerminalGrid::put_within(size_t line, size_t column, size_t columns, std::string_view text, Ink ink) {
  return put(line, column, shortened(text, columns), ink);
}

size_t TerminalGrid::bar(size_t line, size_t column, double length, Ink ink) {
  constexpr std::array<std::string_view, 8> kEighths = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  length = std::clamp(length, 0.0, static_cast<double>(width_));
  if (!options_.unicode) {
    const auto whole = static_cast<size_t>(std::lround(length));
    return put(line, column, std::string(std::max<size_t>(whole, length > 0 ? 1 : 0), '#'), ink);
  }
  auto eighths = static_cast<size_t>(std::lround(length * 8));
  if (eighths == 0 && length > 0) eighths = 1;
  for (; eighths >= 8; eighths -= 8) column = put(line, column, "█", ink);
  return put(line, column, kEighths[eighths], ink);
}

void TerminalGrid::x_axis(size_t line, size_t left, size_t columns, const Scale& scale, std::string_view label) {
  if (columns == 0) return;
  for (size_t i = 0; i < columns; ++i) put(line, left + i, glyph("─", "-"), kDim);
  size_t free_from = 0;
  for (const Tick& tick : scale.ticks()) {
    const size_t at = left + static_cast<size_t>(std::lround(scale.at(tick.value) * static_cast<double>(columns - 1)));
    const size_t length = display_width(tick.label);
    const size_t begin = std::min(at - std::min(at, length / 2), width_ - std::min(width_, length));
    if (begin < free_from) continue;
    put(line, at, glyph("┬", "+"), kDim);
    free_from = put(line + 1, begin, tick.label, kDim) + 1;
  }
  if (!label.empty()) {
    const std::string name = shortened(label, columns);
    put(line + 2, left + (columns - display_width(name)) / 2, name);
  }
}

std::string TerminalGrid::text() const {
  std::string result;
  for (const std::vector<Cell>& cells : cells_) {
    size_t end = cells.size();
    while (end > 0 && cells[end - 1].glyph == " " && cells[end - 1].ink.background < 0) --end;
    Ink current;
    for (size_t i = 0; i < end; ++i) {
      const Cell& cell = cells[i];
      // A blank shows its background only.
      if (options_.color && cell.ink != current && !(cell.glyph == " " && cell.ink.background == current.background)) {
        result += escape(cell.ink);
        current = cell.ink;
      }
      result += cell.glyph;
    }
    if (current != Ink{}) result += "\x1b[0m";
    result += '\n';
  }
  return result;
}

}  // namespace sinan::plot
