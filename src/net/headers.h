// Header fields of a request or a response: in the order they came, found by name without regard to letter case.
//
// All fields lie in one string, so that a connection that reuses its Headers allocates nothing from its second request on.
// Views that are handed out last until the next change. A value type; not thread-safe while it changes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sinan::net {

// Whether the text has no line break and no NUL.
bool fits_one_line(std::string_view text);

class Headers {
 public:
  struct Field {
    std::string_view name;
    std::string_view value;
  };

  // CHECK: both fit one line (a response would carry another one inside it).
  void add(std::string_view name, std::string_view value);
  // In place of every field with this name.
  void set(std::string_view name, std::string_view value);
  // The first one's value.
  std::optional<std::string_view> find(std::string_view name) const;
  size_t count(std::string_view name) const;

  size_t size() const { return places_.size(); }
  bool empty() const { return places_.empty(); }
  Field at(size_t i) const;
  void clear();

 private:
  struct Place {
    uint32_t name_begin;
    uint32_t value_begin;
    uint32_t end;
  };
  std::string text_;
  std::vector<Place> places_;
};

}  // namespace sinan::net
