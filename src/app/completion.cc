#include "app/completion.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/strings.h"
#include "sql/keyword.h"

namespace sinan::app {
namespace {

constexpr auto kKeywords = std::to_array<std::string_view>({
#define SINAN_APP_WORD(word, word_class) #word,
    SINAN_SQL_KEYWORDS(SINAN_APP_WORD)
#undef SINAN_APP_WORD
});

bool is_word_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
         c == ':' || c == '@' || c == '-' || static_cast<unsigned char>(c) >= 0x80;
}

bool begins(std::string_view word, std::string_view beginning) {
  return word.size() > beginning.size() && equals_ignore_case(word.substr(0, beginning.size()), beginning);
}

std::string in_case_of(std::string_view keyword, std::string_view word) {
  const bool lower = !word.empty() && word.front() >= 'a' && word.front() <= 'z';
  return lower ? to_lower(keyword) : std::string(keyword);
}

std::string_view last_part(std::string_view name) {
  const size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

// Lower-case words of the text that could be names of tables.
std::set<std::string, std::less<>> words_of(std::string_view text) {
  std::set<std::string, std::less<>> words;
  for (size_t i = 0; i < text.size();) {
    size_t end = i;
    while (end < text.size() && is_word_byte(text[end])) ++end;
    if (end > i) words.insert(to_lower(text.substr(i, end - i)));
    i = std::max(end, i + 1);
  }
  return words;
}

}  // namespace

std::span<const std::string_view> sql_keywords() { return kKeywords; }

std::string_view word_before_cursor(std::string_view text) {
  size_t begin = text.size();
  while (begin > 0 && is_word_byte(text[begin - 1])) --begin;
  return text.substr(begin);
}

std::vector<std::string> complete(std::string_view text, const CompletionNames& names) {
  const std::string_view word = word_before_cursor(text);
  const std::set<std::string, std::less<>> mentioned = words_of(text.substr(0, text.size() - word.size()));
  std::set<std::string> found;
  const auto offer = [&](std::string_view candidate) {
    if (begins(candidate, word)) found.emplace(candidate);
  };
  for (const CompletionNames::Table& table : names.tables) {
    const std::string full = to_lower(table.name);
    const std::string_view bare = last_part(full);
    offer(table.name);
    if (full.starts_with("main.")) offer(last_part(table.name));
    const bool named = mentioned.contains(full) || mentioned.contains(bare);
    // "flights.dep" asks for a column of flights.
    const bool qualified = word.size() > bare.size() && begins(word, std::string(bare)) && word[bare.size()] == '.';
    for (const std::string& column : table.columns) {
      if (named) offer(column);
      if (qualified) offer(std::string(word.substr(0, bare.size() + 1)) + column);
    }
  }
  for (const std::string& model : names.models) offer(model);
  for (const std::string& other : names.others) offer(other);
  // A phrase is completed word by word: "SHOW MO" -> "MODELS". Inside one, other keywords are only in the way.
  bool inside_phrase = false;
  const std::string_view before = trim(text.substr(0, text.size() - word.size()));
  for (const std::string& phrase : names.phrases) {
    const std::vector<std::string_view> parts = split_on(phrase, ' ');
    std::string led;
    for (const std::string_view part : parts) {
      const bool follows = led.empty() ? before.empty() || part == parts.front()
                                       : before.size() >= led.size() &&
                                             equals_ignore_case(before.substr(before.size() - led.size()), led);
      if (follows && (!word.empty() || !led.empty())) {
        offer(in_case_of(part, word));
        inside_phrase = inside_phrase || (!led.empty() && begins(part, word));
      }
      led += led.empty() ? std::string(part) : " " + std::string(part);
    }
  }
  if (!word.empty() && !inside_phrase) {
    for (const std::string_view keyword : kKeywords) offer(in_case_of(keyword, word));
  }
  return {found.begin(), found.end()};
}

std::string common_beginning(const std::vector<std::string>& words) {
  if (words.empty()) return {};
  size_t length = words.front().size();
  for (const std::string& word : words) {
    while (length > 0 &&
           (word.size() < length || !equals_ignore_case(word.substr(0, length), words.front().substr(0, length))))
      --length;
  }
  // Never half of a character.
  while (length > 0 && length < words.front().size() &&
         (static_cast<unsigned char>(words.front()[length]) & 0xc0) == 0x80)
    --length;
  return words.front().substr(0, length);
}

}  // namespace sinan::app
