#include "plot/test/chart_samples.h"

#include <array>
#include <cmath>
#include <limits>
#include <string>

namespace sinan::plot {
namespace {

double nasty(Random& random) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr std::array kValues = {0.0,       -0.0,       1.0,         -1.0,
                                  1e308,     -1e308,     5e-324,      1e-300,
                                  kInfinity, -kInfinity, 123456789.0, std::numeric_limits<double>::quiet_NaN()};
  if (random.below(3) == 0) return kValues[random.below(kValues.size())];
  const double scale = std::pow(10.0, static_cast<double>(random.below(20)) - 10);
  return (random.uniform() - 0.3) * scale;
}

std::string text(Random& random) {
  constexpr std::array<const char*, 10> kPieces = {
      "a", "flight_delay", "<&>\"'", "天气预报", "é", "👩‍👩‍👧", "\x1b[31m", "\xff\xfe", "\n\t", "]]>"};
  std::string result;
  for (uint64_t i = random.below(6); i > 0; --i) result += kPieces[random.below(kPieces.size())];
  return result;
}

std::vector<std::string> texts(Random& random, size_t count);

Axis axis(Random& random) {
  Axis result{.label = text(random), .min = std::nullopt, .max = std::nullopt, .log = random.below(4) == 0};
  result.is_date = random.below(4) == 0;
  if (random.below(4) == 0) result.categories = texts(random, random.below(30));
  if (random.below(4) == 0) result.min = nasty(random);
  if (random.below(4) == 0) result.max = nasty(random);
  return result;
}

std::vector<double> values(Random& random, size_t count) {
  std::vector<double> result(count);
  for (double& value : result) value = nasty(random);
  return result;
}

std::vector<float> floats(Random& random, size_t count) {
  std::vector<float> result(count);
  for (float& value : result) value = static_cast<float>(nasty(random));
  return result;
}

std::vector<std::string> texts(Random& random, size_t count) {
  std::vector<std::string> result(count);
  for (std::string& one : result) one = text(random);
  return result;
}

}  // namespace

Chart random_chart(Random& random) {
  Chart chart{.title = text(random), .subtitle = text(random), .body = LineChart{}};
  const size_t count = random.below(12);
  switch (random.below(10)) {
    case 0: {
      LineChart lines{.x = axis(random), .y = axis(random), .lines = {}};
      for (size_t i = 0; i < count; ++i) {
        const size_t points = random.below(40);
        lines.lines.push_back(
            {text(random), values(random, points), values(random, points), random.below(4) == 0, random.below(4) == 0});
      }
      for (size_t i = random.below(3); i > 0; --i) {
        const size_t points = random.below(40);
        lines.bands.push_back(
            {text(random), values(random, points), values(random, points), values(random, points), i});
      }
      chart.body = lines;
      break;
    }
    case 1:
      chart.body = BarChart{axis(random), texts(random, count), values(random, count),
                            values(random, random.below(2) == 0 ? 0 : count)};
      break;
    case 2: {
      Beeswarm swarm{.value = axis(random), .rows = {}, .low_label = text(random), .high_label = text(random)};
      for (size_t i = 0; i < count; ++i) {
        const size_t points = random.below(100);
        swarm.rows.push_back({text(random), values(random, points), floats(random, points)});
      }
      swarm.opacity = nasty(random);
      chart.body = swarm;
      break;
    }
    case 6: {
      Violin violin{.value = axis(random), .rows = {}, .low_label = text(random), .high_label = text(random)};
      for (size_t i = 0; i < count; ++i) {
        const size_t points = random.below(100);
        violin.rows.push_back({text(random), values(random, points), values(random, points), floats(random, points)});
      }
      chart.body = violin;
      break;
    }
    case 7: {
      Decision decision{.value = axis(random), .base = nasty(random), .labels = texts(random, count), .paths = {}};
      for (size_t i = random.below(20); i > 0; --i)
        decision.paths.push_back({values(random, count + 1), static_cast<float>(nasty(random))});
      chart.body = decision;
      break;
    }
    case 8: {
      const size_t points = random.below(100);
      chart.body = Scatter{.x = axis(random),
                           .y = axis(random),
                           .xs = values(random, points),
                           .ys = values(random, points),
                           .color = floats(random, random.below(2) == 0 ? 0 : points),
                           .color_title = text(random),
                           .low_label = text(random),
                           .high_label = text(random),
                           .opacity = nasty(random)};
      break;
    }
    case 9: {
      Force force{.value = axis(random), .base = nasty(random), .output = nasty(random), .parts = {}};
      for (size_t i = 0; i < count; ++i) force.parts.push_back({text(random), nasty(random)});
      chart.body = force;
      break;
    }
    case 3: {
      const size_t columns = random.below(80);
      chart.body = Heatmap{text(random),
                           text(random),
                           texts(random, count),
                           texts(random, columns),
                           values(random, count * columns),
                           random.below(2) == 0,
                           random.below(2) == 0};
      break;
    }
    case 4: {
      Histogram histogram{.x = axis(random), .edges = {}, .counts = values(random, count)};
      double edge = nasty(random);
      for (size_t i = 0; i <= count; ++i) histogram.edges.push_back(edge += random.uniform());
      chart.body = histogram;
      break;
    }
    default: {
      constexpr std::array<const char*, 7> kStatus = {"done",      "cached",  "failed", "skipped",
                                                      "cancelled", "planned", "<odd>"};
      Timeline timeline;
      for (uint32_t i = 0; i < count; ++i) {
        Timeline::Item item{text(random), nasty(random), nasty(random), kStatus[random.below(kStatus.size())], {}};
        for (uint32_t on = 0; on < i + 2; ++on) {
          if (random.below(4) == 0) item.depends_on.push_back(on);
        }
        timeline.items.push_back(std::move(item));
      }
      chart.body = timeline;
    }
  }
  return chart;
}

std::vector<Chart> empty_charts() {
  std::vector<Chart> charts;
  charts.push_back({"t", "", LineChart{}});
  charts.push_back({"t", "", BarChart{}});
  charts.push_back({"t", "", Beeswarm{}});
  charts.push_back({"t", "", Violin{}});
  charts.push_back({"t", "", Decision{}});
  charts.push_back({"t", "", Scatter{}});
  charts.push_back({"t", "", Force{}});
  charts.push_back({"t", "", Heatmap{}});
  charts.push_back({"t", "", Histogram{}});
  charts.push_back({"t", "", Timeline{}});
  return charts;
}

}  // namespace sinan::plot
