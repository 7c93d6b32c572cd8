#include "experiment/evaluator/context.h"

namespace sinan::experiment {

ContextEntry& Context::entry(std::string_view name) {
  const uint64_t hash = name_hash(name);
  if (const ContextEntry* found = find(hash, name)) return *const_cast<ContextEntry*>(found);  // NOLINT: ours
  ContextEntry& added = count_ < entries_.size() ? entries_[count_++] : more_.emplace_back();
  added.name_hash = hash;
  added.name = name;
  return added;
}

const ContextEntry* Context::find_more(uint64_t hash, std::string_view name) const {
  for (const ContextEntry& one : more_) {
    if (one.name_hash == hash && same_text(one.name, name)) return &one;
  }
  return nullptr;
}

Context& Context::set(std::string_view name, bool value) {
  ContextEntry& target = entry(name);
  target.kind = ContextKind::kBool;
  target.boolean = value;
  return *this;
}
Context& Context::set(std::string_view name, int64_t value) {
  ContextEntry& target = entry(name);
  target.kind = ContextKind::kInt;
  target.integer = value;
  return *this;
}
Context& Context::set(std::string_view name, double value) {
  ContextEntry& target = entry(name);
  target.kind = ContextKind::kDouble;
  target.real = value;
  return *this;
}
Context& Context::set(std::string_view name, std::string_view value) {
  ContextEntry& target = entry(name);
  target.kind = ContextKind::kText;
  target.text = value;
  return *this;
}
Context& Context::set(std::string_view name, std::span<const std::string_view> value) {
  ContextEntry& target = entry(name);
  target.kind = ContextKind::kList;
  target.list = value;
  return *this;
}
Context& Context::set_time(std::string_view name, int64_t micros) {
  ContextEntry& target = entry(name);
  target.kind = ContextKind::kTime;
  target.integer = micros;
  return *this;
}

void Context::clear() {
  count_ = 0;
  more_.clear();
  now_.reset();
  forced_.clear();
}

}  // namespace sinan::experiment
