// The wire format of Protocol Buffers (protobuf.dev, "Encoding"), as much as ONNX files need: a writer that appends fields to a
// message, and a reader that hands out one field after another. No schema, no reflection, no library.
//
//     ProtoWriter node;
//     node.text(4, "Concat");
//     graph.message(1, node);
//
//     ProtoReader reader(bytes);
//     while (auto field = TRY(reader.next())) if (field->number == 7) graph = field->bytes;
//
// Input is foreign: every length is checked against the bytes that are there, nothing is allocated by a count in the file.
// Values; a ProtoField borrows from the bytes it was read from.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sinan::ml {

class ProtoWriter {
 public:
  void integer(uint32_t field, int64_t value);
  void number(uint32_t field, float value);
  void text(uint32_t field, std::string_view value);
  void message(uint32_t field, const ProtoWriter& value);
  // Packed.
  void integers(uint32_t field, std::span<const int64_t> values);
  void numbers(uint32_t field, std::span<const float> values);

  const std::string& bytes() const { return bytes_; }

 private:
  void varint(uint64_t value);
  void tag(uint32_t field, uint32_t wire_type);
  std::string bytes_;
};

struct ProtoField {
  enum class Kind : uint8_t { kVarint, kFixed64, kBytes, kFixed32 };
  uint32_t number = 0;
  Kind kind = Kind::kVarint;
  uint64_t value = 0;      // of kVarint, kFixed64, kFixed32: the bits
  std::string_view bytes;  // of kBytes: text, message or packed numbers

  int64_t integer() const { return static_cast<int64_t>(value); }
  float number_value() const;  // of kFixed32
  // Appends the field's value, or its packed values. Errors: kData.
  Status append_to(std::vector<int64_t>& out) const;
  Status append_to(std::vector<float>& out) const;
};

class ProtoReader {
 public:
  explicit ProtoReader(std::string_view bytes) : bytes_(bytes) {}
  // Nothing at the end of the message. Errors (kData): truncated, or no protocol buffer.
  Result<std::optional<ProtoField>> next();

 private:
  Result<uint64_t> varint();
  Result<std::string_view> take(uint64_t size);
  std::string_view bytes_;
};

}  // namespace sinan::ml
