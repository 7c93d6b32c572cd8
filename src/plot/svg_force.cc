#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plot/layout.h"
#include "plot/svg_charts.h"

namespace sinan::plot {
namespace {

constexpr double kBar = 30, kLabelRow = 20, kTip = 5;
constexpr double kNarrowest = 1.5;  // parts narrower than that have no label of their own

struct Shape {
  double from, to;  // pixels
  bool up;
  const Force::Part* part;
};

// A block with a tip in its direction: up is to the right.
void draw_block(SvgCanvas& canvas, const Shape& shape, double top) {
  const double tip = std::min(kTip, (shape.to - shape.from) / 2) * (shape.up ? 1 : -1);
  const double near = shape.up ? shape.from : shape.to, far = shape.up ? shape.to : shape.from;
  canvas.path(
      fmt::format("M{0} {1}L{2} {1}L{3} {4}L{2} {5}L{0} {5}L{6} {4}Z", number(near), number(top), number(far - tip),
                  number(far), number(top + kBar / 2), number(top + kBar), number(near + tip)),
      shape.up ? "up" : "down", "stroke=\"#fff\" stroke-width=\"0.8\"");
}

}  // namespace

double draw(SvgCanvas& canvas, const Force& chart) {
  const Scale scale = Scale::make(chart.value, value_range(chart), 6, false);
  const double left = kChartMargin + 12, right = canvas.width() - kChartMargin - 12;
  const auto position = [&](double value) { return left + scale.at(value) * (right - left); };
  const double marks = canvas.top() + 12, top = marks + 12, bottom = top + kBar + 8;
  canvas.x_axis(scale, left, right, top - 8, bottom, chart.value.label);

  const auto spans = force_spans(chart);
  std::vector<Shape> shapes;
  for (size_t i = 0; i < spans.size(); ++i) {
    const Shape shape{position(spans[i].first), position(spans[i].second), chart.parts[i].amount > 0, &chart.parts[i]};
    if (shape.to > shape.from) shapes.push_back(shape);
  }
  for (const Shape& shape : shapes) draw_block(canvas, shape, top);

  const double base = position(chart.base), output = position(chart.output);
  canvas.line(base, top - 8, base, bottom, "axis");
  const auto mark = [&](double x, std::string_view text, std::string_view classes) {
    const double half = text_width(text, 12) / 2;
    canvas.text(std::clamp(x, left + half, std::max(left + half, right - half)), marks, text, classes, Anchor::kMiddle);
  };
  const std::string output_text = fmt::format("f(x) = {}", format_value(chart.output));
  const std::string base_text = fmt::format("base {}", format_value(chart.base));
  mark(output, output_text, "label strong");
  const double needed = (text_width(output_text, 12) + text_width(base_text, 12)) / 2 + 12;
  if (std::abs(output - base) >= needed) mark(base, base_text, "muted");
  canvas.line(output, top - 8, output, bottom, "axis");

  // The part that is furthest out has the first row: no leader crosses a label.
  const double labels = bottom + (chart.value.label.empty() ? 0 : 20) + 36;
  size_t most_rows = 0;
  struct Label {
    double x, y;
    std::string text;
    Anchor anchor;
  };
  std::vector<Label> texts;
  for (const bool up : {true, false}) {
    std::vector<const Shape*> side;
    for (const Shape& shape : shapes)
      if (shape.up == up && shape.to - shape.from >= kNarrowest) side.push_back(&shape);
    for (size_t i = 0; i < side.size(); ++i) {
      const Shape& shape = *side[side.size() - 1 - i];
      const double x = (shape.from + shape.to) / 2, y = labels + kLabelRow * static_cast<double>(i);
      const std::string text = fmt::format("{}: {}{}", printable(shape.part->label), up ? "+" : "−",
                                           format_value(std::abs(shape.part->amount)));
      canvas.line(x, bottom + 20, x, y + 2, "leader");
      // Outwards where there is room, else inwards.
      const double width = text_width(text, 12);
      const bool outwards = up ? x - width - 4 >= kChartMargin : x + width + 4 <= canvas.width() - kChartMargin;
      const bool leftwards = up == outwards;
      texts.push_back({leftwards ? x - 4 : x + 4, y, fitted(text, 12, canvas.width() - 2 * kChartMargin),
                       leftwards ? Anchor::kEnd : Anchor::kStart});
    }
    most_rows = std::max(most_rows, side.size());
  }
  // Above all leaders, which may pass behind a text that had no room outwards.
  for (const Label& label : texts) canvas.text(label.x, label.y, label.text, "small halo", label.anchor);
  if (shapes.empty()) canvas.text((left + right) / 2, top + kBar / 2 + 4, "no data", "muted", Anchor::kMiddle);
  return labels + kLabelRow * static_cast<double>(most_rows) + kChartMargin;
}

}  // namespace sinan::plot
