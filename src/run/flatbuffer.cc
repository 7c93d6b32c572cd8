#include "run/flatbuffer.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"

namespace sinan::run {

std::optional<FlatTable> FlatTable::root(std::span<const uint8_t> bytes) {
  const FlatTable start(bytes, 0);
  const auto position = start.target(0);
  return position ? at(bytes, *position) : std::nullopt;
}

std::optional<FlatTable> FlatTable::at(std::span<const uint8_t> bytes, size_t position) {
  FlatTable table(bytes, position);
  const auto back = table.read<int32_t>(position);
  if (!back) return std::nullopt;
  const int64_t vtable = static_cast<int64_t>(position) - *back;
  if (vtable < 0) return std::nullopt;
  table.vtable_ = static_cast<size_t>(vtable);
  const auto size = table.read<uint16_t>(table.vtable_);
  if (!size || *size < 4 || bytes.size() - table.vtable_ < *size) return std::nullopt;
  table.vtable_bytes_ = *size;
  return table;
}

size_t FlatTable::place(uint16_t field) const {
  const size_t entry = 4 + 2 * size_t{field};
  if (entry + 2 > vtable_bytes_) return 0;
  const uint16_t offset = read<uint16_t>(vtable_ + entry).value_or(0);
  return offset == 0 ? 0 : position_ + offset;
}

std::optional<size_t> FlatTable::target(size_t at) const {
  const auto offset = read<uint32_t>(at);
  if (!offset || *offset == 0 || *offset > bytes_.size() - at) return std::nullopt;
  return at + *offset;
}

std::optional<FlatTable> FlatTable::table(uint16_t field) const {
  const size_t where = place(field);
  const auto position = where == 0 ? std::nullopt : target(where);
  return position ? at(bytes_, *position) : std::nullopt;
}

FlatTable::Vector FlatTable::vector(uint16_t field, size_t element_bytes) const {
  const size_t where = place(field);
  const auto position = where == 0 ? std::nullopt : target(where);
  const auto count = position ? read<uint32_t>(*position) : std::nullopt;
  if (!count || *count > (bytes_.size() - *position - 4) / element_bytes) return {};
  return {*position + 4, *count};
}

std::string_view FlatTable::string(uint16_t field) const {
  const Vector text = vector(field, 1);
  return {reinterpret_cast<const char*>(bytes_.data()) + text.begin, text.count};
}

std::optional<FlatTable> FlatTable::table_in(Vector vector, size_t i) const {
  const auto position = target(vector.begin + 4 * i);
  return position ? at(bytes_, *position) : std::nullopt;
}

void FlatWriter::align(size_t to, size_t shift) {
  while ((bytes_.size() + shift) % to != 0) bytes_.push_back(0);
}

FlatWriter::Table FlatWriter::table(std::vector<Field> fields) {
  uint16_t most = 0;
  for (const Field& field : fields) most = std::max(most, static_cast<uint16_t>(field.id + 1));
  std::vector<size_t> order(fields.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return fields[a].bytes > fields[b].bytes; });
  // Places relative to the table, which begins at a multiple of 8.
  std::vector<uint16_t> places(fields.size());
  uint16_t size = 4;
  for (const size_t i : order) {
    while (size % fields[i].bytes != 0) ++size;
    places[i] = size;
    size = static_cast<uint16_t>(size + fields[i].bytes);
  }
  const auto vtable_bytes = static_cast<uint16_t>(4 + 2 * most);
  align(8, vtable_bytes);
  const size_t vtable = bytes_.size();
  std::vector<uint16_t> entries(most, 0);
  for (size_t i = 0; i < fields.size(); ++i) entries[fields[i].id] = places[i];
  append(vtable_bytes);
  append(size);
  for (const uint16_t entry : entries) append(entry);
  Table table{bytes_.size(), {}};
  CHECK(table.position % 8 == 0);
  append(static_cast<int32_t>(table.position - vtable));
  bytes_.resize(table.position + size);
  for (size_t i = 0; i < fields.size(); ++i) {
    table.fields.push_back(table.position + places[i]);
    std::memcpy(bytes_.data() + table.fields.back(), &fields[i].value, fields[i].bytes);
  }
  return table;
}

void FlatWriter::link(size_t offset, size_t position) {
  CHECK(position > offset);
  const auto distance = static_cast<uint32_t>(position - offset);
  std::memcpy(bytes_.data() + offset, &distance, sizeof distance);
}

size_t FlatWriter::string(std::string_view text) {
  align(4);
  const size_t position = bytes_.size();
  append(static_cast<uint32_t>(text.size()));
  bytes_.insert(bytes_.end(), text.begin(), text.end());
  bytes_.push_back(0);
  return position;
}

size_t FlatWriter::offsets(size_t count) {
  align(4);
  const size_t position = bytes_.size();
  append(static_cast<uint32_t>(count));
  bytes_.resize(bytes_.size() + 4 * count);
  return position;
}

size_t FlatWriter::numbers(std::span<const int64_t> values, size_t count) {
  align(8, 4);
  const size_t position = bytes_.size();
  append(static_cast<uint32_t>(count));
  for (const int64_t value : values) append(value);
  return position;
}

}  // namespace sinan::run
