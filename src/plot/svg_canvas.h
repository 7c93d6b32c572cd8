// SvgCanvas: the SVG text of one chart while it is drawn: shapes by class (colours are in one style sheet that has a
// light and a dark half), every text escaped, numbers short. Used by the svg_*.cc files only.
//
//     SvgCanvas canvas(chart, 720);
//     canvas.rect(x, y, w, h, "f0", "tooltip");
//     return canvas.finish(height);
#pragma once

#include <string>
#include <string_view>

#include "plot/chart.h"
#include "plot/scale.h"

namespace sinan::plot {

enum class Anchor { kStart, kMiddle, kEnd };

class SvgCanvas {
 public:
  // Draws title and subtitle; top() is the first free y.
  SvgCanvas(const Chart& chart, int width);

  double width() const { return width_; }
  double top() const { return top_; }
  void set_top(double y) { top_ = y; }

  // `classes` name rules of the style sheet in svg_canvas.cc: sN/fN (stroke, fill of series N), "label", "tick", ...
  void text(double x, double y, std::string_view text, std::string_view classes = "label",
            Anchor anchor = Anchor::kStart);
  void vertical_text(double x, double y, std::string_view text,
                     std::string_view classes);  // reads upwards, centred on y
  void line(double x1, double y1, double x2, double y2, std::string_view classes);
  // Raw attributes ("fill-opacity=\"0.3\"") and a tooltip are optional.
  void rect(double x, double y, double w, double h, std::string_view classes, std::string_view tooltip = {},
            std::string_view attributes = {});
  void circle(double x, double y, double radius, std::string_view classes, std::string_view tooltip = {});
  void path(std::string_view data, std::string_view classes, std::string_view attributes = {});
  // Grid lines over the plotting area, tick labels and the axis title beside it.
  void x_axis(const Scale& scale, double left, double right, double top, double bottom, std::string_view label);
  void y_axis(const Scale& scale, double left, double right, double top, double bottom, std::string_view label);

  // The whole document.
  std::string finish(double height) const;

 private:
  std::string title_;
  double width_;
  double top_ = 0;
  std::string body_;
};

// A coordinate with at most two decimals.
std::string number(double value);
// About how wide `text` is at that font size, a little on the safe side; the font is the reader's.
double text_width(std::string_view text, double font_size);
// `text` with "…" where it would be wider than `pixels`.
std::string fitted(std::string_view text, double font_size, double pixels);

inline constexpr int kSeriesColors = 7;

}  // namespace sinan::plot
