#include "experiment/client/client.h"

#include <gtest/gtest.h>

#include <optional>

namespace sinan::experiment {
namespace {

TEST(HttpDate, IsReadOrRefused) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), 784'111'777'000'000);  // RFC 9110, 5.6.7
  for (const char* wrong :
       {"", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nvo 1994 08:49:37 GMT", "Sun, 66 Nov 1994 08:49:37 GMT",
        "Sun, 06 ovD 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"}) {
    EXPECT_EQ(parse_http_date(wrong), std::nullopt) << wrong;
  }
}

}  // namespace
}  // namespace sinan::experiment
