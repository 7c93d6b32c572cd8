// The line of a running step in the status area: what it does, how far it is, how fast, and how long it will take.
//
//     ⠹ 5 TRAIN flights.late  training ██████▎░░░ 63%  round 126  logloss 0.412  12.3 s, 7 s left
//
// Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace sinan::app {

struct StepProgress {
  uint32_t number = 0;  // from 1
  std::string title;
  std::string stage;
  double fraction = -1;
  int64_t rows = -1;
  double rows_per_second = -1;
  std::string note;
  std::chrono::nanoseconds elapsed{0};
  std::optional<std::chrono::nanoseconds> left;
};

// No wider than `width` columns. `frame` counts up and turns the spinner.
std::string progress_line(const StepProgress& progress, size_t width, uint64_t frame, bool unicode, bool color);

}  // namespace sinan::app
