#include "ml/feature_plan_vocabulary.h"

#include <algorithm>
#include <cstring>

#include "base/hash.h"

namespace sinan::ml {
namespace {

constexpr size_t kPieceBytes = 64 << 10;
constexpr size_t kShortBytes = 16;

uint64_t mix(uint64_t a, uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

template <class T>
uint64_t load(const char* data) {
  T value;
  std::memcpy(&value, data, sizeof(T));
  return value;
}

}  // namespace

StringCodes::StringCodes() : slots_(64) {}

StringCodes::Key StringCodes::key_of(std::string_view text) {
  const char* const data = text.data();
  const size_t size = text.size();
  const auto short_size = static_cast<uint32_t>(size);
  if (size > kShortBytes) return {hash64(text), 0, UINT32_MAX};
  if (size >= 8) return {load<uint64_t>(data), load<uint64_t>(data + size - 8), short_size};
  if (size >= 4) return {load<uint32_t>(data), load<uint32_t>(data + size - 4), short_size};
  if (size == 0) return {};
  // Up to three bytes: first, middle and last are all of them.
  return {load<uint8_t>(data), load<uint8_t>(data + size / 2) << 8 | load<uint8_t>(data + size - 1), short_size};
}

uint64_t StringCodes::hash_of(const Key& key) {
  return mix(mix(key.head ^ 0x9e3779b97f4a7c15U, key.tail ^ 0xd6e8feb86659fd93U) ^ key.size, 0xa0761d6478bd642fU);
}

size_t StringCodes::probe(std::string_view text, const Key& key) const {
  const size_t mask = slots_.size() - 1;
  for (size_t at = hash_of(key) & mask;; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.code < 0) return at;
    if (slot.key == key && (key.size <= kShortBytes || texts_[static_cast<size_t>(slot.code)] == text)) return at;
  }
}

int32_t StringCodes::find(std::string_view text) const { return slots_[probe(text, key_of(text))].code; }

int32_t StringCodes::intern(std::string_view text) {
  const Key key = key_of(text);
  Slot& slot = slots_[probe(text, key)];
  if (slot.code >= 0) return slot.code;
  const auto code = static_cast<int32_t>(texts_.size());
  slot = {key, code};
  texts_.push_back(store(text));
  if (texts_.size() * 2 > slots_.size()) grow();
  return code;
}

std::string_view StringCodes::store(std::string_view text) {
  if (text.empty()) return {};
  if (text.size() > arena_free_) {
    const size_t bytes = std::max(kPieceBytes, text.size());
    arena_.push_back(std::make_unique_for_overwrite<char[]>(bytes));
    arena_free_ = bytes;
    arena_bytes_ += bytes;
  }
  char* const to = arena_.back().get() + (arena_free_ - text.size());
  std::memcpy(to, text.data(), text.size());
  arena_free_ -= text.size();
  return {to, text.size()};
}

void StringCodes::grow() {
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  const size_t mask = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.code < 0) continue;
    size_t at = hash_of(slot.key) & mask;
    while (slots_[at].code >= 0) at = (at + 1) & mask;
    slots_[at] = slot;
  }
}

uint64_t StringCodes::bytes() const {
  return slots_.size() * sizeof(Slot) + texts_.size() * sizeof(std::string_view) + arena_bytes_;
}

}  // namespace sinan::ml
