#include "sql/keyword.h"

#include <array>
#include <cstddef>

namespace sinan::sql {
namespace {

constexpr KeywordClass K = KeywordClass::kPlain;
constexpr KeywordClass R = KeywordClass::kReserved;
constexpr KeywordClass A = KeywordClass::kNoAlias;

struct Entry {
  std::string_view word;
  KeywordClass word_class;
};

constexpr Entry kEntries[] = {{"", K},
#define SINAN_SQL_ENTRY(word, word_class) {#word, word_class},
                              SINAN_SQL_KEYWORDS(SINAN_SQL_ENTRY)
#undef SINAN_SQL_ENTRY
};
constexpr size_t kCount = std::size(kEntries);
static_assert(kCount < 256, "Keyword is one byte wide");

constexpr size_t longest_word() {
  size_t longest = 0;
  for (const Entry& entry : kEntries) longest = entry.word.size() > longest ? entry.word.size() : longest;
  return longest;
}
constexpr size_t kLongest = longest_word();

constexpr char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }

constexpr uint32_t hash_of(std::string_view word) {
  uint32_t hash = 2166136261U;
  for (char c : word) hash = (hash ^ static_cast<unsigned char>(upper(c))) * 16777619U;
  return hash ^ (hash >> 15);
}

// Open addressing with linear probing, a quarter full, built by the compiler.
constexpr size_t kSlots = 1024;
constexpr std::array<uint8_t, kSlots> make_slots() {
  std::array<uint8_t, kSlots> slots{};
  for (size_t i = 1; i < kCount; ++i) {
    size_t slot = hash_of(kEntries[i].word) % kSlots;
    while (slots[slot] != 0) slot = (slot + 1) % kSlots;
    slots[slot] = static_cast<uint8_t>(i);
  }
  return slots;
}
constexpr std::array<uint8_t, kSlots> kTable = make_slots();

bool same_word(std::string_view word, std::string_view keyword) {
  if (word.size() != keyword.size()) return false;
  for (size_t i = 0; i < word.size(); ++i) {
    if (upper(word[i]) != keyword[i]) return false;
  }
  return true;
}

}  // namespace

Keyword find_keyword(std::string_view word) {
  if (word.size() < 2 || word.size() > kLongest) return Keyword::kNone;
  for (size_t slot = hash_of(word) % kSlots; kTable[slot] != 0; slot = (slot + 1) % kSlots) {
    if (same_word(word, kEntries[kTable[slot]].word)) return static_cast<Keyword>(kTable[slot]);
  }
  return Keyword::kNone;
}

KeywordClass class_of(Keyword keyword) { return kEntries[static_cast<size_t>(keyword)].word_class; }

std::string_view to_string(Keyword keyword) { return kEntries[static_cast<size_t>(keyword)].word; }

}  // namespace sinan::sql
