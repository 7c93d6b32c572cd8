#include "experiment/evaluator/short_text.h"

#include <gtest/gtest.h>

#include <string>

namespace sinan::experiment {
namespace {

TEST(ShortText, EveryByteOfEveryLengthCounts) {
  for (size_t size = 0; size <= 40; ++size) {
    std::string text(size, '\0');
    for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>(200 + 7 * i);
    const std::string copy = text;
    EXPECT_TRUE(same_text(text, copy));
    EXPECT_FALSE(same_text(text, copy + '\0'));
    EXPECT_NE(name_hash(text), name_hash(copy + '\0'));
    for (size_t i = 0; i < size; ++i) {
      std::string other = text;
      other[i] = static_cast<char>(other[i] ^ 1);
      EXPECT_FALSE(same_text(text, other)) << size << " " << i;
      EXPECT_NE(name_hash(text), name_hash(other)) << size << " " << i;
    }
  }
}

// Snapshots hold these numbers.
TEST(ShortText, HashesStay) {
  EXPECT_EQ(name_hash(""), 0U);
  for (size_t size = 1; size < 8; ++size) {
    const std::string text = std::string("sinan_x").substr(0, size);
    uint64_t tail = 0;
    for (size_t i = 0; i < size; ++i) tail |= uint64_t{static_cast<uint8_t>(text[i])} << (8 * i);
    const uint64_t hash = ((size * 0x9e3779b97f4a7c15U) ^ tail) * 0x9e3779b97f4a7c15U;
    EXPECT_EQ(name_hash(text), hash ^ (hash >> 29)) << text;
  }
}

}  // namespace
}  // namespace sinan::experiment
