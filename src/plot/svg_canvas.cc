#include "plot/svg_canvas.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/strings.h"
#include "plot/layout.h"

namespace sinan::plot {
namespace {

constexpr double kMargin = 24;

// The series colours are Okabe and Ito's, safe for the colour-blind; the dark half is the same hues, lighter.
constexpr std::string_view kStyle = R"(<style>
.sinan-plot text{font-family:system-ui,-apple-system,"Segoe UI","Helvetica Neue",Arial,"Noto Sans","DejaVu Sans",sans-serif;font-size:12px;fill:#24292f}
.sinan-plot .title{font-size:16px;font-weight:600}
.sinan-plot .muted,.sinan-plot .tick{fill:#57606a}
.sinan-plot .tick,.sinan-plot .small{font-size:11px}
.sinan-plot .inverse{fill:#fff}
.sinan-plot .strong{font-weight:600}
.sinan-plot .card{fill:#fff;stroke:#d0d7de}
.sinan-plot .grid{stroke:#eaeef2}
.sinan-plot .axis{stroke:#8c959f}
.sinan-plot .arrow{stroke:#8c959f;fill:none;stroke-width:1.2}
.sinan-plot .head{fill:#8c959f}
.sinan-plot .stripe{fill:#f6f8fa}
.sinan-plot .band{fill-opacity:.2;stroke:none}
.sinan-plot .curve{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
.sinan-plot .dashed{stroke-dasharray:5 5;stroke-width:1.5}
.sinan-plot .faint{stroke:#8c959f;stroke-width:1;stroke-opacity:.35}
.sinan-plot .way{fill:none;stroke-width:1.2;stroke-opacity:.6;stroke-linejoin:round}
.sinan-plot .guide{stroke:#d0d7de;stroke-dasharray:1 4}
.sinan-plot .leader{stroke:#8c959f;stroke-dasharray:2 3}
.sinan-plot .halo{paint-order:stroke;stroke:#fff;stroke-width:4px}
.sinan-plot .up{fill:#ff0d57}.sinan-plot .down{fill:#1e88e5}
.sinan-plot .dots{fill:none;stroke-width:4;stroke-linecap:round;stroke-opacity:.8}
.sinan-plot .s0{stroke:#0072b2}.sinan-plot .f0{fill:#0072b2}
.sinan-plot .s1{stroke:#d55e00}.sinan-plot .f1{fill:#d55e00}
.sinan-plot .s2{stroke:#009e73}.sinan-plot .f2{fill:#009e73}
.sinan-plot .s3{stroke:#cc79a7}.sinan-plot .f3{fill:#cc79a7}
.sinan-plot .s4{stroke:#e69f00}.sinan-plot .f4{fill:#e69f00}
.sinan-plot .s5{stroke:#56b4e9}.sinan-plot .f5{fill:#56b4e9}
.sinan-plot .s6{stroke:#6e7781}.sinan-plot .f6{fill:#6e7781}
.sinan-plot .reference{stroke:#8c959f}
.sinan-plot .heat{fill:#1f6fc4}
.sinan-plot .done{fill:#0072b2}.sinan-plot .cached{fill:#9fc5e8}.sinan-plot .failed{fill:#d55e00}
.sinan-plot .cancelled{fill:#e69f00}.sinan-plot .skipped{fill:#d0d7de}.sinan-plot .planned{fill:#9fc5e8}
@media (prefers-color-scheme:dark){
.sinan-plot text{fill:#e6edf3}
.sinan-plot .muted,.sinan-plot .tick{fill:#9198a1}
.sinan-plot .inverse{fill:#fff}
.sinan-plot .card{fill:#0d1117;stroke:#30363d}
.sinan-plot .grid{stroke:#21262d}
.sinan-plot .guide{stroke:#3d444d}
.sinan-plot .halo{stroke:#0d1117}
.sinan-plot .axis,.sinan-plot .arrow,.sinan-plot .reference{stroke:#6e7681}
.sinan-plot .head{fill:#6e7681}
.sinan-plot .stripe{fill:#151b23}
.sinan-plot .s0{stroke:#4aa8e0}.sinan-plot .f0{fill:#4aa8e0}
.sinan-plot .s1{stroke:#f0883e}.sinan-plot .f1{fill:#f0883e}
.sinan-plot .s2{stroke:#2fc59b}.sinan-plot .f2{fill:#2fc59b}
.sinan-plot .s6{stroke:#9198a1}.sinan-plot .f6{fill:#9198a1}
.sinan-plot .done{fill:#4aa8e0}.sinan-plot .cached,.sinan-plot .planned{fill:#2d5575}
.sinan-plot .failed{fill:#f0883e}.sinan-plot .skipped{fill:#3d444d}
}
</style>
)";

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : printable(text)) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string_view anchor_name(Anchor anchor) {
  if (anchor == Anchor::kMiddle) return " text-anchor=\"middle\"";
  return anchor == Anchor::kEnd ? " text-anchor=\"end\"" : "";
}

double character_width(char c) {
  if (std::string_view("iljtfrI.,:;'|!()[] ").find(c) != std::string_view::npos) return 0.36;
  if (std::string_view("mwMW@%").find(c) != std::string_view::npos) return 0.92;
  if (c >= 'A' && c <= 'Z') return 0.7;
  return 0.6;
}

std::string with_tooltip(std::string_view element, std::string_view tag, std::string_view tooltip) {
  if (tooltip.empty()) return fmt::format("{}/>\n", element);
  return fmt::format("{}><title>{}</title></{}>\n", element, escaped(tooltip), tag);
}

}  // namespace

std::string number(double value) {
  if (!std::isfinite(value)) return "0";
  std::string text = fmt::format("{:.2f}", value);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

double text_width(std::string_view text, double font_size) {
  double em = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto byte = static_cast<unsigned char>(rest.front());
    if (byte < 0x80) {
      em += character_width(rest.front());
      rest.remove_prefix(1);
      continue;
    }
    size_t length = 1;
    while (length < rest.size() && (static_cast<unsigned char>(rest[length]) & 0xc0) == 0x80) ++length;
    em += 0.6 * static_cast<double>(display_width(rest.substr(0, length)));
    rest.remove_prefix(length);
  }
  return em * font_size;
}

std::string fitted(std::string_view text, double font_size, double pixels) {
  std::string line = printable(text);
  if (text_width(line, font_size) <= pixels) return line;
  size_t low = 0;
  for (size_t high = display_width(line); low < high;) {  // the most columns that fit together with the "…"
    const size_t middle = (low + high + 1) / 2;
    const bool fits = text_width(display_prefix(line, middle), font_size) + font_size <= pixels;
    if (fits)
      low = middle;
    else
      high = middle - 1;
  }
  return std::string(display_prefix(line, low)) + "…";
}

SvgCanvas::SvgCanvas(const Chart& chart, int width) : title_(printable(chart.title)), width_(std::max(width, 240)) {
  top_ = kMargin;
  if (!title_.empty()) {
    text(kMargin, top_ + 12, fitted(title_, 16.5, width_ - 2 * kMargin), "title");
    top_ += 24;
  }
  if (!chart.subtitle.empty()) {
    text(kMargin, top_ + 10, fitted(chart.subtitle, 12, width_ - 2 * kMargin), "muted");
    top_ += 20;
  }
  if (top_ > kMargin) top_ += 8;
}

void SvgCanvas::text(double x, double y, std::string_view text, std::string_view classes, Anchor anchor) {
  body_ += fmt::format("<text x=\"{}\" y=\"{}\" class=\"{}\"{}>{}</text>\n", number(x), number(y), classes,
                       anchor_name(anchor), escaped(text));
}

void SvgCanvas::vertical_text(double x, double y, std::string_view text, std::string_view classes) {
  body_ +=
      fmt::format("<text transform=\"translate({} {}) rotate(-90)\" class=\"{}\" text-anchor=\"middle\">{}</text>\n",
                  number(x), number(y), classes, escaped(text));
}

void SvgCanvas::line(double x1, double y1, double x2, double y2, std::string_view classes) {
  body_ += fmt::format("<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" class=\"{}\"/>\n", number(x1), number(y1),
                       number(x2), number(y2), classes);
}

void SvgCanvas::rect(double x, double y, double w, double h, std::string_view classes, std::string_view tooltip,
                     std::string_view attributes) {
  const std::string element = fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" class=\"{}\"{}{}",
                                          number(x), number(y), number(std::max(w, 0.0)), number(std::max(h, 0.0)),
                                          classes, attributes.empty() ? "" : " ", attributes);
  body_ += with_tooltip(element, "rect", tooltip);
}

void SvgCanvas::circle(double x, double y, double radius, std::string_view classes, std::string_view tooltip) {
  const std::string element =
      fmt::format("<circle cx=\"{}\" cy=\"{}\" r=\"{}\" class=\"{}\"", number(x), number(y), number(radius), classes);
  body_ += with_tooltip(element, "circle", tooltip);
}

void SvgCanvas::path(std::string_view data, std::string_view classes, std::string_view attributes) {
  body_ += fmt::format("<path d=\"{}\" class=\"{}\"{}{}/>\n", data, classes, attributes.empty() ? "" : " ", attributes);
}

void SvgCanvas::x_axis(const Scale& scale, double left, double right, double top, double bottom,
                       std::string_view label) {
  for (const Tick& tick : scale.ticks()) {
    const double x = left + scale.at(tick.value) * (right - left);
    line(x, top, x, bottom, "grid");
    text(x, bottom + 16, tick.label, "tick", Anchor::kMiddle);
  }
  line(left, bottom, right, bottom, "axis");
  if (!label.empty()) text((left + right) / 2, bottom + 36, fitted(label, 12, right - left), "label", Anchor::kMiddle);
}

void SvgCanvas::y_axis(const Scale& scale, double left, double right, double top, double bottom,
                       std::string_view label) {
  for (const Tick& tick : scale.ticks()) {
    const double y = bottom - scale.at(tick.value) * (bottom - top);
    line(left, y, right, y, "grid");
    text(left - 8, y + 4, tick.label, "tick", Anchor::kEnd);
  }
  if (!label.empty()) vertical_text(kMargin + 8, (top + bottom) / 2, fitted(label, 12, bottom - top), "label");
}

std::string SvgCanvas::finish(double height) const {
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"sinan-plot\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} "
      "{1}\" "
      "role=\"img\">\n<title>{2}</title>\n{3}<rect x=\"0.5\" y=\"0.5\" width=\"{4}\" height=\"{5}\" rx=\"8\" "
      "class=\"card\"/>\n{6}</svg>\n",
      number(width_), number(height), escaped(title_), kStyle, number(width_ - 1), number(height - 1), body_);
}

}  // namespace sinan::plot
