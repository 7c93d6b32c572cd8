#include "arrow/builder.h"

#include <array>
#include <cmath>
#include <concepts>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

#include "arrow/value_width.h"
#include "base/check.h"

namespace sinan::arrow {
namespace {

bool is_text(TypeId id) { return id == TypeId::kString || id == TypeId::kBinary; }
bool is_list(const Type& type) {
  return type.id == TypeId::kList && type.layout == Layout::kPlain && type.children.front().type.id == TypeId::kInt32;
}
// Both keep where a value ends.
bool has_offsets(const Type& type) { return is_text(type.id) || is_list(type); }

// Bytes of a value; 0 for bits, text and lists.
size_t width_of(const Type& type) {
  const size_t width = value_width(type);
  const bool is_built = type.id != TypeId::kDecimal && (width > 0 || type.id == TypeId::kBool || has_offsets(type));
  CHECK(is_built && "a type that is not built");
  return width;
}

// Text is built with 32-bit offsets whatever layout the schema had before.
std::shared_ptr<const Schema> buildable(std::shared_ptr<const Schema> schema) {
  bool plain = true;
  for (const Field& field : schema->fields) plain = plain && field.type.layout == Layout::kPlain;
  if (plain) return schema;
  auto copy = std::make_shared<Schema>(*schema);
  for (Field& field : copy->fields) {
    if (is_text(field.type.id)) field.type.layout = Layout::kPlain;
  }
  return copy;
}

struct Buffers {
  std::string validity;  // bits; empty while no row is null
  std::string values;    // fixed-width values, bits, or 32-bit offsets
  std::string text;      // or the items of lists
};

void append_bit(std::string& bits, size_t index, bool value) {
  if (index % 8 == 0) bits += '\0';
  if (value) bits.back() = static_cast<char>(static_cast<unsigned char>(bits.back()) | (1U << (index % 8)));
}

template <class T>
void append_raw(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

// The value as a T, when T can hold it exactly.
template <class T>
T exactly(int64_t value) {
  if constexpr (std::integral<T>) CHECK(std::in_range<T>(value));
  return static_cast<T>(value);
}
template <class T>
T exactly(double value) {
  if constexpr (std::integral<T>) {
    CHECK(value == std::trunc(value) && value >= -0x1p63 && value < 0x1p63);
    return exactly<T>(static_cast<int64_t>(value));
  } else {
    return static_cast<T>(value);
  }
}

template <class Value>
void append_number(const Type& type, std::string& out, Value value) {
  switch (type.id) {
    case TypeId::kInt8:
      append_raw(out, exactly<int8_t>(value));
      return;
    case TypeId::kInt16:
      append_raw(out, exactly<int16_t>(value));
      return;
    case TypeId::kInt32:
    case TypeId::kDate:
      append_raw(out, exactly<int32_t>(value));
      return;
    case TypeId::kInt64:
    case TypeId::kTimestamp:
      append_raw(out, exactly<int64_t>(value));
      return;
    case TypeId::kTime:
      if (type.unit <= TimeUnit::kMilli)
        append_raw(out, exactly<int32_t>(value));
      else
        append_raw(out, exactly<int64_t>(value));
      return;
    case TypeId::kUInt8:
      append_raw(out, exactly<uint8_t>(value));
      return;
    case TypeId::kUInt16:
      append_raw(out, exactly<uint16_t>(value));
      return;
    case TypeId::kUInt32:
      append_raw(out, exactly<uint32_t>(value));
      return;
    case TypeId::kUInt64:
      append_raw(out, exactly<uint64_t>(value));
      return;
    case TypeId::kFloat:
      append_raw(out, exactly<float>(value));
      return;
    case TypeId::kDouble:
      append_raw(out, exactly<double>(value));
      return;
    default:
      CHECK(false && "a number for a column that is not numeric");
  }
}

template <class T>
bool is_physical(const Type& type) {
  if constexpr (std::floating_point<T>) return type.is_floating() && width_of(type) == sizeof(T);
  const bool is_signed = type.is_temporal() || (type.is_integer() && type.id <= TypeId::kInt64);
  return (type.is_integer() || type.is_temporal()) && is_signed == std::signed_integral<T> &&
         width_of(type) == sizeof(T);
}

// The items of a list column.
struct Items {
  std::array<const void*, 2> pointers;
  ArrowArray array{};
  ArrowArray* pointer = nullptr;
};

// What a built array owns: one child per column.
struct Built {
  std::vector<Buffers> buffers;
  std::vector<std::array<const void*, 3>> pointers;
  std::vector<ArrowArray> children;
  std::vector<ArrowArray*> child_pointers;
  std::vector<Items> items;  // by column
  const void* no_validity = nullptr;
};

void release_built(ArrowArray* array) {
  delete static_cast<Built*>(array->private_data);
  array->release = nullptr;
}

}  // namespace

Type string_type() { return Type(TypeId::kString); }
Type double_type() { return Type(TypeId::kDouble); }
Type float_type() { return Type(TypeId::kFloat); }
Type int64_type() { return Type(TypeId::kInt64); }
Type int32_type() { return Type(TypeId::kInt32); }
Type bool_type() { return Type(TypeId::kBool); }
Type int32_list_type() {
  Type type(TypeId::kList);
  type.children.push_back({"item", int32_type()});
  return type;
}
Type timestamp_type() {
  Type type(TypeId::kTimestamp);
  type.has_zone = true;
  return type;
}

struct ColumnBuilder::State {
  explicit State(Type column_type) : type(std::move(column_type)), width(width_of(type)) { clear(); }

  void clear() {
    buffers = {};
    rows = 0;
    nulls = 0;
    if (has_offsets(type)) append_raw(buffers.values, int32_t{0});
  }
  void count_row(bool valid) {
    if (!valid && nulls == 0) {
      for (size_t i = 0; i < rows; ++i) append_bit(buffers.validity, i, true);
    }
    nulls += valid ? 0 : 1;
    if (nulls > 0) append_bit(buffers.validity, rows, valid);
    ++rows;
  }
  void end_text() {
    CHECK(buffers.text.size() <= static_cast<size_t>(std::numeric_limits<int32_t>::max()));
    const size_t item = is_list(type) ? sizeof(int32_t) : 1;
    append_raw(buffers.values, static_cast<int32_t>(buffers.text.size() / item));
  }

  Type type;
  size_t width;
  Buffers buffers;
  size_t rows = 0;
  size_t nulls = 0;
};

ColumnBuilder::ColumnBuilder(Type type) : state_(std::make_unique<State>(std::move(type))) {}
ColumnBuilder::~ColumnBuilder() = default;
ColumnBuilder::ColumnBuilder(ColumnBuilder&&) noexcept = default;
ColumnBuilder& ColumnBuilder::operator=(ColumnBuilder&&) noexcept = default;

void ColumnBuilder::append(double value) {
  append_number(state_->type, state_->buffers.values, value);
  state_->count_row(true);
}

void ColumnBuilder::append(int64_t value) {
  append_number(state_->type, state_->buffers.values, value);
  state_->count_row(true);
}

void ColumnBuilder::append(bool value) {
  CHECK(state_->type.id == TypeId::kBool);
  append_bit(state_->buffers.values, state_->rows, value);
  state_->count_row(true);
}

void ColumnBuilder::append(std::string_view value) {
  CHECK(is_text(state_->type.id));
  state_->buffers.text.append(value);
  state_->end_text();
  state_->count_row(true);
}

void ColumnBuilder::append_list(std::span<const int32_t> items) {
  CHECK(is_list(state_->type));
  state_->buffers.text.append(reinterpret_cast<const char*>(items.data()), items.size_bytes());
  state_->end_text();
  state_->count_row(true);
}

void ColumnBuilder::append_null() {
  if (has_offsets(state_->type))
    state_->end_text();
  else if (state_->type.id == TypeId::kBool)
    append_bit(state_->buffers.values, state_->rows, false);
  else
    state_->buffers.values.append(state_->width, '\0');
  state_->count_row(false);
}

template <class T>
void ColumnBuilder::append_values(std::span<const T> values) {
  CHECK(is_physical<T>(state_->type));
  state_->buffers.values.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  if (state_->nulls > 0) {
    for (size_t i = 0; i < values.size(); ++i) append_bit(state_->buffers.validity, state_->rows + i, true);
  }
  state_->rows += values.size();
}
template void ColumnBuilder::append_values(std::span<const int8_t>);
template void ColumnBuilder::append_values(std::span<const int16_t>);
template void ColumnBuilder::append_values(std::span<const int32_t>);
template void ColumnBuilder::append_values(std::span<const int64_t>);
template void ColumnBuilder::append_values(std::span<const uint8_t>);
template void ColumnBuilder::append_values(std::span<const uint16_t>);
template void ColumnBuilder::append_values(std::span<const uint32_t>);
template void ColumnBuilder::append_values(std::span<const uint64_t>);
template void ColumnBuilder::append_values(std::span<const float>);
template void ColumnBuilder::append_values(std::span<const double>);

size_t ColumnBuilder::size() const { return state_->rows; }

BatchBuilder::BatchBuilder(std::vector<Field> fields)
    : BatchBuilder(std::make_shared<const Schema>(Schema{std::move(fields)})) {}

BatchBuilder::BatchBuilder(std::shared_ptr<const Schema> schema) : schema_(buildable(std::move(schema))) {
  columns_.reserve(schema_->size());
  for (const Field& field : schema_->fields) columns_.emplace_back(field.type);
}

size_t BatchBuilder::rows() const { return columns_.empty() ? 0 : columns_[0].size(); }

Batch BatchBuilder::finish() {
  const size_t count = columns_.size();
  const size_t row_count = rows();
  auto built = std::make_unique<Built>();
  built->buffers.resize(count);
  built->pointers.resize(count);
  built->children.resize(count);
  built->items.resize(count);
  for (size_t i = 0; i < count; ++i) {
    ColumnBuilder::State& state = *columns_[i].state_;
    CHECK(state.rows == row_count);
    Buffers& buffers = built->buffers[i];
    buffers = std::move(state.buffers);
    built->pointers[i] = {state.nulls > 0 ? buffers.validity.data() : nullptr, buffers.values.data(),
                          buffers.text.data()};
    ArrowArray& child = built->children[i];
    child.length = static_cast<int64_t>(row_count);
    child.null_count = static_cast<int64_t>(state.nulls);
    child.n_buffers = is_text(state.type.id) ? 3 : 2;
    child.buffers = built->pointers[i].data();
    if (is_list(state.type)) {
      Items& items = built->items[i];
      items.pointers = {nullptr, buffers.text.data()};
      items.array.length = static_cast<int64_t>(buffers.text.size() / sizeof(int32_t));
      items.array.n_buffers = 2;
      items.array.buffers = items.pointers.data();
      items.pointer = &items.array;
      child.n_children = 1;
      child.children = &items.pointer;
    }
    built->child_pointers.push_back(&child);
    state.clear();
  }
  ArrowArray array{};
  array.length = static_cast<int64_t>(row_count);
  array.n_buffers = 1;
  array.buffers = &built->no_validity;
  array.n_children = static_cast<int64_t>(count);
  array.children = built->child_pointers.data();
  array.release = release_built;
  array.private_data = built.release();
  auto batch = Batch::import(schema_, std::move(array));
  CHECK(batch.has_value());
  return *std::move(batch);
}

}  // namespace sinan::arrow
