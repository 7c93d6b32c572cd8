#include "app/progress_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "app/cell_text.h"
#include "app/screen.h"
#include "base/strings.h"
#include "plot/scale.h"

namespace sinan::app {
namespace {

constexpr std::array<std::string_view, 10> kSpinner = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
constexpr std::array<std::string_view, 4> kAsciiSpinner = {"|", "/", "-", "\\"};

std::string bar(double fraction, bool unicode) {
  constexpr std::array<std::string_view, 8> kEighths = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  constexpr size_t kColumns = 12;
  fraction = std::clamp(fraction, 0.0, 1.0);
  const auto eighths = static_cast<size_t>(std::lround(fraction * kColumns * 8));
  std::string text;
  size_t columns = 0;
  for (; columns < eighths / 8; ++columns) text += unicode ? "█" : "#";
  if (unicode && eighths % 8 > 0) {
    text += kEighths[eighths % 8];
    ++columns;
  }
  for (; columns < kColumns; ++columns) text += unicode ? "░" : ".";
  return text;
}

}  // namespace

std::string progress_line(const StepProgress& progress, size_t width, uint64_t frame, bool unicode, bool color) {
  const std::string_view spin =
      unicode ? kSpinner[frame % kSpinner.size()] : kAsciiSpinner[frame % kAsciiSpinner.size()];
  std::string line = fmt::format(" {} {}", progress.number, escape_controls(progress.title));
  const auto add = [&](const std::string& text) {
    if (!text.empty()) line += "  " + text;
  };
  add(escape_controls(progress.stage));
  if (progress.fraction > 0) {
    line += fmt::format(" {} {:.0f}%", bar(progress.fraction, unicode),
                        std::floor(std::clamp(progress.fraction, 0.0, 1.0) * 100));
  }
  if (progress.rows >= 0) add(human_count(static_cast<uint64_t>(progress.rows)) + " rows");
  if (progress.rows_per_second > 0) add(plot::format_value(std::round(progress.rows_per_second)) + " rows/s");
  add(escape_controls(progress.note));
  std::string time = human_duration(progress.elapsed);
  if (progress.left)
    time += fmt::format(", {} left", human_duration(std::chrono::ceil<std::chrono::seconds>(*progress.left)));
  add(time);
  const size_t room = width > 1 ? width - 1 : 1;
  if (display_width(line) > room) line = std::string(display_prefix(line, room - 1)) + (unicode ? "…" : "~");
  return Style{color}.blue(spin) + line;
}

}  // namespace sinan::app
