#include "experiment/client/event_reader.h"

#include <gtest/gtest.h>

#include "experiment/client/client.h"

namespace sinan::experiment {
namespace {

using Events = std::vector<std::string>;

TEST(EventReader, HoweverTheStreamIsCut) {
  const std::string stream =
      ": beat\n\nid: 7\ndata: {\"a\":1}\n\ndata:first\ndata:  second\r\nevent: x\r\n\r\ndata\rdata\r\rretry: "
      "5\n\ndatum: no\n\ndata: last";
  const Events expected = {"{\"a\":1}", "first\n second", "\n"};
  for (size_t size = 1; size <= stream.size(); ++size) {
    EventReader reader;
    Events events;
    for (size_t at = 0; at < stream.size(); at += size) {
      for (std::string& data : reader.add(std::string_view(stream).substr(at, size))) events.push_back(std::move(data));
    }
    EXPECT_EQ(events, expected) << size;
  }
}

TEST(EventReader, MemoryIsBounded) {
  EventReader reader;
  const std::string much(EventReader::kMostBytes, 'x');
  reader.add("data:");
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(reader.add(much).empty());
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(reader.add("\ndata:" + much).empty());
  const Events events = reader.add("\n\n");
  ASSERT_EQ(events.size(), 1);
  EXPECT_LE(events[0].size(), EventReader::kMostBytes + 20);
  EXPECT_EQ(reader.add("data: y\n\n"), Events{"y"});
}

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
