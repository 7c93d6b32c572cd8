#include "base/metrics.h"

#include <gtest/gtest.h>

#include <limits>
#include <thread>

namespace sinan {
namespace {

// The expected text follows Prometheus' "Text-based format" page.
TEST(Metrics, TextFormat) {
  Metrics metrics;
  metrics.counter("requests_total", "Requests", {{"route", "/a\"b\\c\nd"}, {"code", "200"}}).add(3);
  metrics.counter("requests_total", "Requests", {{"route", "/"}}).add();
  metrics.gauge("depth", "How\ndeep \\").set(-2);
  metrics.gauge_function("read_when_asked", "x", [] { return std::numeric_limits<double>::infinity(); });
  Histogram& histogram = metrics.histogram("seconds", "Time", std::vector<double>{0.5, 1}, {{"a", "b"}});
  for (const double value : {0.1, 0.5, 0.75, 2.0}) histogram.observe(value);
  EXPECT_EQ(metrics.text(),
            "# HELP depth How\\ndeep \\\\\n# TYPE depth gauge\ndepth -2\n"
            "# HELP read_when_asked x\n# TYPE read_when_asked gauge\nread_when_asked +Inf\n"
            "# HELP requests_total Requests\n# TYPE requests_total counter\n"
            "requests_total{route=\"/a\\\"b\\\\c\\nd\",code=\"200\"} 3\nrequests_total{route=\"/\"} 1\n"
            "# HELP seconds Time\n# TYPE seconds histogram\n"
            "seconds_bucket{a=\"b\",le=\"0.5\"} 2\nseconds_bucket{a=\"b\",le=\"1\"} 3\n"
            "seconds_bucket{a=\"b\",le=\"+Inf\"} 4\nseconds_sum{a=\"b\"} 3.35\nseconds_count{a=\"b\"} 4\n");
}

TEST(Metrics, TheSameNameAndLabelsAreTheSameMetric) {
  Metrics metrics;
  Counter& one = metrics.counter("a", "", {{"x", "1"}});
  EXPECT_EQ(&one, &metrics.counter("a", "", {{"x", "1"}}));
  EXPECT_NE(&one, &metrics.counter("a", "", {{"x", "2"}}));
}

TEST(MetricsDeathTest, NamesAreChecked) {
  Metrics metrics;
  metrics.counter("a", "");
  EXPECT_DEATH(metrics.gauge("a", ""), "type");
  EXPECT_DEATH(metrics.counter("1a", ""), "is_name");
  EXPECT_DEATH(metrics.counter("b", "", {{"a:b", "x"}}), "is_name");
}

TEST(Metrics, ManyThreadsLoseNothing) {
  Metrics metrics;
  Histogram& histogram = metrics.histogram("h", "", latency_bounds());
  Counter& counter = metrics.counter("c", "");
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < 10000; ++j) {
          counter.add();
          histogram.observe(1);
          if (j % 1000 == 0) (void)metrics.text();
        }
      });
    }
  }
  EXPECT_EQ(counter.value(), 30000U);
  EXPECT_EQ(histogram.snapshot().sum, 30000);
}

}  // namespace
}  // namespace sinan
