// The files of the console (console/) as bytes of this program. Made by console/build.mjs when the program is built.
#pragma once

#include <span>
#include <string_view>

namespace sinan::app {

struct ConsoleAsset {
  std::string_view path;  // "/index.html", "/assets/index-Bx3f.js": what lies under /assets/ has its hash in its name
  std::string_view bytes;
  std::string_view gzip;  // the same compressed; empty where that is no smaller
};

// By path.
std::span<const ConsoleAsset> console_assets();

}  // namespace sinan::app
