#include "app/spool.h"

#include <gtest/gtest.h>

#include "app/progress_text.h"
#include "base/random.h"
#include "base/strings.h"

namespace sinan::app {
namespace {

TEST(Spool, GivesBackWhatItGotInOrderAlsoThroughTheFile) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    Spool spool(64);  // bytes: most of it goes through the file
    std::vector<std::pair<Stream, std::string>> expected, got;
    const auto join = [](auto& list, Stream stream, std::string_view text) {
      if (!list.empty() && list.back().first == stream)
        list.back().second += text;
      else
        list.emplace_back(stream, text);
    };
    for (uint64_t n = random.below(30); n > 0; --n) {
      const Stream stream = random.below(3) == 0 ? Stream::kError : Stream::kOut;
      const std::string text(1 + random.below(50), static_cast<char>('a' + random.below(26)));
      ASSERT_TRUE(spool.append(stream, text));
      join(expected, stream, text);
    }
    spool.drain([&](Stream stream, std::string_view text) { join(got, stream, text); });
    ASSERT_EQ(got, expected) << seed;
    spool.drain([](Stream, std::string_view) { FAIL(); });
  }
}

TEST(Progress, SaysHowFarHowFastAndHowLong) {
  const StepProgress progress{.number = 5,
                              .title = "TRAIN flights.late",
                              .stage = "training",
                              .fraction = 0.635,
                              .rows = 300153,
                              .rows_per_second = 1234567,
                              .note = "round 126  logloss 0.412",
                              .elapsed = std::chrono::milliseconds(12300),
                              .left = std::chrono::milliseconds(6400)};
  EXPECT_EQ(progress_line(progress, 200, 2, true, false),
            "⠹ 5 TRAIN flights.late  training ███████▋░░░░ 63%  300,153 rows  1,234,567 rows/s  round 126  logloss "
            "0.412  12.3 s, 7.0 s left");
  for (size_t width = 2; width < 120; ++width) {
    EXPECT_LE(display_width(progress_line(progress, width, 0, true, false)), width);
    EXPECT_LE(display_width(progress_line(progress, width, 0, false, false)), width);
  }
}

}  // namespace
}  // namespace sinan::app
