#include <fmt/format.h>

#include <algorithm>

#include "plot/layout.h"
#include "plot/svg_charts.h"

namespace sinan::plot {
namespace {
constexpr size_t kMostCells = 64;  // a side; beyond, a note says how many are left out
}

double draw(SvgCanvas& canvas, const Heatmap& chart) {
  const size_t all_columns = chart.column_labels.size();
  const size_t rows = std::min(chart.row_labels.size(), kMostCells), columns = std::min(all_columns, kMostCells);
  double label_width = 0;
  for (size_t i = 0; i < rows; ++i) label_width = std::max(label_width, text_width(printable(chart.row_labels[i]), 12));
  label_width = std::clamp(label_width, 20.0, canvas.width() * 0.25);

  const double left = kChartMargin + (chart.row_title.empty() ? 0 : 24) + label_width + 10;
  const double top = canvas.top() + (chart.column_title.empty() ? 0 : 22) + 20;
  const double room = canvas.width() - kChartMargin - left;
  const double cell_width = columns == 0 ? room : std::min(room / static_cast<double>(columns), 150.0);
  const double cell_height = std::clamp(cell_width * 0.55, 12.0, 64.0);
  const double right = left + cell_width * static_cast<double>(columns),
               bottom = top + cell_height * static_cast<double>(rows);
  const bool has_text = cell_width >= 40 && cell_height >= 16, has_shares = cell_width >= 56 && cell_height >= 34;

  if (!chart.column_title.empty()) {
    canvas.text((left + std::max(right, left + 40)) / 2, canvas.top() + 10, fitted(chart.column_title, 12, room),
                "strong", Anchor::kMiddle);
  }
  if (!chart.row_title.empty() && rows > 0) {
    canvas.vertical_text(kChartMargin + 10, (top + bottom) / 2,
                         fitted(chart.row_title, 12, std::max(bottom - top, 60.0)), "strong");
  }
  // Labels that would be cut to nothing are thinned instead.
  const size_t column_stride = cell_width >= 24 ? 1 : static_cast<size_t>(24 / std::max(cell_width, 1.0)) + 1;
  for (size_t i = 0; i < columns; i += column_stride) {
    canvas.text(left + cell_width * (static_cast<double>(i) + 0.5), top - 8,
                fitted(chart.column_labels[i], 12, cell_width * static_cast<double>(column_stride) - 4), "label",
                Anchor::kMiddle);
  }
  const std::vector<double> shares = heatmap_shares(chart);
  for (size_t row = 0; row < rows; ++row) {
    const double y = top + cell_height * static_cast<double>(row);
    canvas.text(left - 10, y + cell_height / 2 + 4, fitted(chart.row_labels[row], 12, label_width + 2), "label",
                Anchor::kEnd);
    for (size_t column = 0; column < columns; ++column) {
      const double x = left + cell_width * static_cast<double>(column);
      const double share = shares[row * all_columns + column];
      const std::string text = heatmap_text(chart, chart.values[row * all_columns + column]);
      const std::string percent = fmt::format("{:.1f} %", share * 100);
      canvas.rect(x + 1, y + 1, cell_width - 2, cell_height - 2, "heat",
                  fmt::format("{} → {}: {} ({})", chart.row_labels[row], chart.column_labels[column], text, percent),
                  fmt::format("rx=\"3\" fill-opacity=\"{}\"", number(0.05 + 0.95 * share)));
      const std::string_view ink = share > 0.8 ? " inverse" : "";
      const double middle = x + cell_width / 2;
      if (has_text) {
        canvas.text(middle, y + cell_height / 2 + (has_shares ? -1 : 4), fitted(text, 12, cell_width - 4),
                    fmt::format("strong{}", ink), Anchor::kMiddle);
      }
      if (has_shares)
        canvas.text(middle, y + cell_height / 2 + 15, percent, fmt::format("small{}", ink), Anchor::kMiddle);
    }
  }
  if (rows == 0 || columns == 0) canvas.text(left, top + 14, "no data", "muted");
  double end = std::max(bottom, top + 20);
  if (rows < chart.row_labels.size() || columns < all_columns) {
    end += 18;
    canvas.text(left, end,
                fmt::format("the first {} × {} of {} × {} cells", rows, columns, chart.row_labels.size(), all_columns),
                "muted small");
  }
  return end + kChartMargin;
}

}  // namespace sinan::plot
