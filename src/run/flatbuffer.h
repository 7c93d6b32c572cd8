// FlatBuffers as far as the messages of Arrow's IPC format need them: tables that were written by a stranger are read within their
// bounds, and small ones are written. (flatbuffers.dev, "FlatBuffers Binary Format"; little-endian.)
//
// Whatever the bytes hold, reading never leaves them: what does not fit is as if it were not there.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sinan::run {

static_assert(std::endian::native == std::endian::little);

class FlatTable {
 public:
  struct Vector {
    size_t begin = 0;  // of the first element
    size_t count = 0;
  };

  static std::optional<FlatTable> root(std::span<const uint8_t> bytes);

  // A field's value, or the default when it is left out.
  template <class T>
  T scalar(uint16_t field, T otherwise = {}) const {
    const size_t at = place(field);
    return at == 0 ? otherwise : read<T>(at).value_or(otherwise);
  }
  std::optional<FlatTable> table(uint16_t field) const;
  std::string_view string(uint16_t field) const;
  // Its elements are within the bytes.
  Vector vector(uint16_t field, size_t element_bytes) const;
  std::optional<FlatTable> table_in(Vector vector, size_t i) const;
  // Of a vector of structs: `at` bytes into element i.
  int64_t number_in(Vector vector, size_t element_bytes, size_t i, size_t at) const {
    return read<int64_t>(vector.begin + i * element_bytes + at).value_or(0);
  }

 private:
  FlatTable(std::span<const uint8_t> bytes, size_t position) : bytes_(bytes), position_(position) {}
  static std::optional<FlatTable> at(std::span<const uint8_t> bytes, size_t position);
  template <class T>
  std::optional<T> read(size_t at) const {
    if (at > bytes_.size() || bytes_.size() - at < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, bytes_.data() + at, sizeof(T));
    return value;
  }
  size_t place(uint16_t field) const;             // 0 = left out
  std::optional<size_t> target(size_t at) const;  // where the offset at this place leads

  std::span<const uint8_t> bytes_;
  size_t position_;
  size_t vtable_ = 0;
  uint16_t vtable_bytes_ = 0;
};

// Writes from the front: a table first, then what its offsets lead to.
class FlatWriter {
 public:
  struct Field {
    uint16_t id;
    uint8_t bytes;  // 1, 2, 4, 8
    int64_t value = 0;
    bool is_offset = false;  // of 4 bytes, set by link() later
  };
  FlatWriter() : bytes_(8, 0) {}  // the root's offset, and room to align

  // Answers the place of each field, in the order given.
  struct Table {
    size_t position;
    std::vector<size_t> fields;
  };
  Table table(std::vector<Field> fields);
  // `offset` leads to `position`, which is behind it.
  void link(size_t offset, size_t position);
  void set_root(const Table& table) { link(0, table.position); }
  size_t string(std::string_view text);
  // Answers the place of the vector; its offsets begin 4 bytes behind it.
  size_t offsets(size_t count);
  size_t numbers(std::span<const int64_t> values, size_t count);  // as `count` structs
  const std::vector<uint8_t>& bytes() const { return bytes_; }

 private:
  void align(size_t to, size_t shift = 0);
  template <class T>
  void append(T value) {
    const size_t at = bytes_.size();
    bytes_.resize(at + sizeof(T));
    std::memcpy(bytes_.data() + at, &value, sizeof(T));
  }
  std::vector<uint8_t> bytes_;
};

}  // namespace sinan::run
