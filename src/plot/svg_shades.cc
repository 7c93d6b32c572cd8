#include "plot/svg_shades.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace sinan::plot {
namespace {

// Blue to red over purple: told apart by lightness-neutral hue also with red-green blindness.
std::string between(double part) {
  constexpr std::array<double, 3> kLow = {0x1e, 0x88, 0xe5}, kHigh = {0xff, 0x0d, 0x57};
  std::string text = "#";
  for (size_t i = 0; i < 3; ++i)
    text += fmt::format("{:02x}", static_cast<int>(std::lround(kLow[i] + (kHigh[i] - kLow[i]) * part)));
  return text;
}

}  // namespace

int shade_of(float color) {
  if (!std::isfinite(color)) return kGreyShade;
  return std::clamp(static_cast<int>(std::lround(std::clamp(color, 0.0F, 1.0F) * (kShades - 1))), 0, kShades - 1);
}

std::string shade_color(int shade) {
  return shade == kGreyShade ? "#8c959f" : between(static_cast<double>(shade) / (kShades - 1));
}

void draw_color_bar(SvgCanvas& canvas, double x, double top, double bottom, std::string_view low, std::string_view high,
                    std::string_view title) {
  constexpr int kSteps = 32;
  const double height = std::min(bottom - top, 180.0);
  const double first = (top + bottom - height) / 2;
  for (int i = 0; i < kSteps; ++i) {
    canvas.rect(x, first + height * i / kSteps, 8, height / kSteps + 0.5, "bar", {},
                fmt::format("fill=\"{}\"", between(1 - static_cast<double>(i) / (kSteps - 1))));
  }
  canvas.text(x + 14, first + 10, fitted(high, 11, 68), "tick");
  canvas.text(x + 14, first + height, fitted(low, 11, 68), "tick");
  if (!title.empty()) canvas.vertical_text(x + 24, first + height / 2, fitted(title, 12, height - 36), "label");
}

}  // namespace sinan::plot
