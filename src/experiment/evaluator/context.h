// A context: what is known about who asks, by name. Borrows all texts, which must outlive it; holds up to 24 attributes
// without allocating. Not thread-safe; make one per request.
//
//     Context context;
//     context.set("user_id", "u42").set("city", "San Francisco").set("app_version", "3.4.1");
//
// A double that is a whole number also serves as an int; an int also as a double. Times are text by RFC 3339, or microseconds
// given to set_time().
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "experiment/evaluator/short_text.h"

namespace sinan::experiment {

enum class ContextKind : uint8_t { kMissing, kBool, kInt, kDouble, kText, kTime, kList };

struct ContextEntry {
  uint64_t name_hash = 0;
  std::string_view name;
  ContextKind kind = ContextKind::kMissing;
  union {
    bool boolean;
    int64_t integer;  // also microseconds of a time
    double real;
    std::string_view text;
    std::span<const std::string_view> list;
  };
  ContextEntry() : integer(0) {}
};

// Tests and quality assurance: what is to be served whatever the configuration says.
struct ForcedGroup {
  std::string_view experiment;
  std::string_view group;  // a leaf, or any of its ancestors: then its first leaf
};

class Context {
 public:
  Context& set(std::string_view name, bool value);
  Context& set(std::string_view name, int64_t value);
  Context& set(std::string_view name, int value) { return set(name, int64_t{value}); }
  Context& set(std::string_view name, double value);
  Context& set(std::string_view name, std::string_view value);
  Context& set(std::string_view name, const char* value) { return set(name, std::string_view(value)); }
  Context& set(std::string_view name, std::span<const std::string_view> value);
  Context& set_time(std::string_view name, int64_t micros);
  // The time that schedules are read at; the clock's when not given.
  Context& at(int64_t micros) {
    now_ = micros;
    return *this;
  }
  // The unit is in this group where the experiment's condition holds, whatever its bucket, rollout and schedule say.
  Context& force_group(std::string_view experiment, std::string_view group) {
    forced_.push_back({experiment, group});
    return *this;
  }
  void clear();

  // Nothing when it was never set. `hash` is name_hash(name).
  const ContextEntry* find(uint64_t hash, std::string_view name) const {
    for (size_t i = 0; i < count_; ++i) {
      if (entries_[i].name_hash == hash && same_text(entries_[i].name, name)) return &entries_[i];
    }
    return more_.empty() ? nullptr : find_more(hash, name);
  }
  std::optional<int64_t> now() const { return now_; }
  const std::vector<ForcedGroup>& forced() const { return forced_; }

 private:
  const ContextEntry* find_more(uint64_t hash, std::string_view name) const;
  ContextEntry& entry(std::string_view name);

  std::array<ContextEntry, 24> entries_;
  size_t count_ = 0;
  std::vector<ContextEntry> more_;
  std::optional<int64_t> now_;
  std::vector<ForcedGroup> forced_;
};

}  // namespace sinan::experiment
