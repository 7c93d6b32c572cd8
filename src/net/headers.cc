#include "net/headers.h"

#include <algorithm>

#include "base/check.h"
#include "base/strings.h"

namespace sinan::net {
namespace {

// What the fields of most requests and answers need, so that they are allocated once.
constexpr size_t kUsualBytes = 256;
constexpr size_t kUsualFields = 8;

}  // namespace

bool fits_one_line(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

void Headers::add(std::string_view name, std::string_view value) {
  CHECK(fits_one_line(name) && fits_one_line(value));
  if (places_.capacity() == 0) {
    text_.reserve(kUsualBytes);
    places_.reserve(kUsualFields);
  }
  Place place{};
  place.name_begin = static_cast<uint32_t>(text_.size());
  text_ += name;
  place.value_begin = static_cast<uint32_t>(text_.size());
  text_ += value;
  place.end = static_cast<uint32_t>(text_.size());
  places_.push_back(place);
}

void Headers::set(std::string_view name, std::string_view value) {
  // The bytes of what is replaced stay in text_ until clear(): they are few.
  const auto [first, last] = std::ranges::remove_if(places_, [&](const Place& place) {
    return equals_ignore_case(std::string_view(text_).substr(place.name_begin, place.value_begin - place.name_begin),
                              name);
  });
  places_.erase(first, last);
  add(name, value);
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (size_t i = 0; i < places_.size(); ++i) {
    const Field field = at(i);
    if (equals_ignore_case(field.name, name)) return field.value;
  }
  return std::nullopt;
}

size_t Headers::count(std::string_view name) const {
  size_t found = 0;
  for (size_t i = 0; i < places_.size(); ++i) found += equals_ignore_case(at(i).name, name) ? 1 : 0;
  return found;
}

Headers::Field Headers::at(size_t i) const {
  const Place& place = places_[i];
  const std::string_view text = text_;
  return {text.substr(place.name_begin, place.value_begin - place.name_begin),
          text.substr(place.value_begin, place.end - place.value_begin)};
}

void Headers::clear() {
  text_.clear();
  places_.clear();
}

}  // namespace sinan::net
