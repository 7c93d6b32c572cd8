#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "plot/layout.h"
#include "plot/svg_charts.h"

namespace sinan::plot {
namespace {

std::string_view status_class(std::string_view status) {
  constexpr std::array<std::string_view, 5> kKnown = {"cached", "failed", "cancelled", "skipped", "planned"};
  const auto at = std::ranges::find(kKnown, status);
  return at != kKnown.end() ? *at : "done";
}

// Down from under the end of one bar, then right to the start of another.
void draw_arrow(SvgCanvas& canvas, double x1, double y1, double x2, double y2) {
  canvas.path(fmt::format("M{0} {1}C{0} {2} {0} {2} {3} {2}", number(x1), number(y1), number(y2), number(x2 - 4)),
              "arrow");
  canvas.path(fmt::format("M{} {}l-6 -3.5v7z", number(x2), number(y2)), "head");
}

}  // namespace

double draw(SvgCanvas& canvas, const Timeline& chart) {
  constexpr double kRow = 28, kBar = 14, kNote = 110;
  const Timeline placed = with_times(chart);
  double label_width = 0, end = 0;
  bool timed = false;
  for (const Timeline::Item& item : placed.items) {
    label_width = std::max(label_width, text_width(printable(item.label), 12));
    if (std::isfinite(item.start_seconds + item.duration_seconds))
      end = std::max(end, item.start_seconds + item.duration_seconds);
    timed = timed || item.status != "planned";
  }
  label_width = std::min(label_width, canvas.width() * 0.36);

  const double number_width = text_width(fmt::format("{}", placed.items.size()), 11) + 8;
  const double label_x = kChartMargin + number_width;
  const double left = label_x + label_width + 26, right = canvas.width() - kChartMargin - kNote;
  const double top = canvas.top(), bottom = top + kRow * static_cast<double>(std::max<size_t>(placed.items.size(), 1));
  const Scale scale = Scale::of_seconds(end, 6);
  for (size_t i = 1; i < placed.items.size(); i += 2) {
    canvas.rect(kChartMargin - 8, top + kRow * static_cast<double>(i), canvas.width() - 2 * kChartMargin + 16, kRow,
                "stripe");
  }
  if (timed) canvas.x_axis(scale, left, right, top, bottom, "");
  const auto x_at = [&](double seconds) {
    return left + scale.at(std::isfinite(seconds) ? seconds : 0) * (right - left);
  };
  const auto middle = [&](size_t i) { return top + kRow * (static_cast<double>(i) + 0.5); };

  for (size_t i = 0; i < placed.items.size(); ++i) {
    const Timeline::Item& item = placed.items[i];
    const double from = x_at(item.start_seconds),
                 to = std::max(x_at(item.start_seconds + item.duration_seconds), from + 3);
    canvas.text(kChartMargin + number_width - 8, middle(i) + 4, fmt::format("{}", i + 1), "tick", Anchor::kEnd);
    canvas.text(label_x + 4, middle(i) + 4, fitted(item.label, 12, label_width + 2));
    canvas.rect(from, middle(i) - kBar / 2, to - from, kBar, status_class(item.status),
                fmt::format("{}: {}", item.label, timeline_note(item)), "rx=\"3\"");
    canvas.text(canvas.width() - kChartMargin, middle(i) + 4, timeline_note(item), "muted small", Anchor::kEnd);
  }
  for (size_t i = 0; i < placed.items.size(); ++i) {
    for (const uint32_t on : placed.items[i].depends_on) {
      if (on >= i) continue;
      const Timeline::Item& before = placed.items[on];
      const double start = x_at(before.start_seconds), stop = x_at(before.start_seconds + before.duration_seconds);
      draw_arrow(canvas, std::max(stop - 6, start + 1), middle(on) + kBar / 2, x_at(placed.items[i].start_seconds),
                 middle(i));
    }
  }
  if (placed.items.empty()) canvas.text(left, top + kRow / 2, "no steps", "muted");
  return bottom + (timed ? 16 : 0) + kChartMargin;
}

}  // namespace sinan::plot
