// StringCodes: numbers for strings, in the order of their first appearance. The hash table behind vocabularies: fitting
// interns every value of a text column, encoding looks values up.
//
// Strings of up to 16 bytes, which category names mostly are, are compared inside the table's slots; longer ones are
// compared with their copy in an arena. Concurrent find() is safe, intern() is not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace sinan::ml {

class StringCodes {
 public:
  StringCodes();

  // The code of `text`, a new one when it has none. Codes are 0, 1, 2, ...
  int32_t intern(std::string_view text);
  // -1 when it has none.
  int32_t find(std::string_view text) const;

  size_t size() const { return texts_.size(); }
  std::string_view text(size_t code) const { return texts_[code]; }
  uint64_t bytes() const;

 private:
  // Two overlapping loads and the size, which together are a short text; of a long one its hash.
  struct Key {
    uint64_t head = 0;
    uint64_t tail = 0;
    uint32_t size = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Slot {
    Key key;
    int32_t code = -1;
  };
  static Key key_of(std::string_view text);
  static uint64_t hash_of(const Key& key);
  // The slot that holds the text, or the free one it belongs into.
  size_t probe(std::string_view text, const Key& key) const;
  std::string_view store(std::string_view text);
  void grow();

  std::vector<Slot> slots_;  // a power of two, at most half full
  std::vector<std::string_view> texts_;
  std::vector<std::unique_ptr<char[]>> arena_;
  size_t arena_free_ = 0;  // bytes left in the last piece, which is filled from its end
  uint64_t arena_bytes_ = 0;
};

}  // namespace sinan::ml
