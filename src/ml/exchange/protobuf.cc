#include "ml/exchange/protobuf.h"

#include <bit>
#include <cstring>

namespace sinan::ml {
namespace {

enum WireType : uint32_t { kVarint = 0, kFixed64 = 1, kLengthDelimited = 2, kFixed32 = 5 };

Failure damaged(std::string_view what) { return fail(Code::kData, "the model file is damaged: " + std::string(what)); }

template <class T>
T little_endian(std::string_view bytes) {
  T value = 0;
  std::memcpy(&value, bytes.data(), sizeof(T));
  if constexpr (std::endian::native == std::endian::big)
    value = sizeof(T) == 4 ? static_cast<T>(__builtin_bswap32(static_cast<uint32_t>(value)))
                           : static_cast<T>(__builtin_bswap64(value));
  return value;
}

void append_float(std::string& out, float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(bits >> shift & 0xff);
}

}  // namespace

void ProtoWriter::varint(uint64_t value) {
  while (value >= 0x80) {
    bytes_ += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  bytes_ += static_cast<char>(value);
}

void ProtoWriter::tag(uint32_t field, uint32_t wire_type) { varint(uint64_t{field} << 3 | wire_type); }

void ProtoWriter::integer(uint32_t field, int64_t value) {
  tag(field, kVarint);
  varint(static_cast<uint64_t>(value));
}

void ProtoWriter::number(uint32_t field, float value) {
  tag(field, kFixed32);
  append_float(bytes_, value);
}

void ProtoWriter::text(uint32_t field, std::string_view value) {
  tag(field, kLengthDelimited);
  varint(value.size());
  bytes_ += value;
}

void ProtoWriter::message(uint32_t field, const ProtoWriter& value) { text(field, value.bytes_); }

void ProtoWriter::integers(uint32_t field, std::span<const int64_t> values) {
  ProtoWriter packed;
  for (const int64_t value : values) packed.varint(static_cast<uint64_t>(value));
  text(field, packed.bytes_);
}

void ProtoWriter::numbers(uint32_t field, std::span<const float> values) {
  tag(field, kLengthDelimited);
  varint(values.size() * sizeof(float));
  for (const float value : values) append_float(bytes_, value);
}

float ProtoField::number_value() const { return std::bit_cast<float>(static_cast<uint32_t>(value)); }

Status ProtoField::append_to(std::vector<int64_t>& out) const {
  if (kind != Kind::kBytes) {
    if (kind != Kind::kVarint) return damaged("a list of integers holds something else");
    out.push_back(integer());
    return {};
  }
  size_t at = 0;
  while (at < bytes.size()) {
    uint64_t item = 0;
    for (int shift = 0;; shift += 7) {
      if (at == bytes.size() || shift > 63) return damaged("a list of integers ends early");
      const auto byte = static_cast<uint8_t>(bytes[at++]);
      item |= uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) break;
    }
    out.push_back(static_cast<int64_t>(item));
  }
  return {};
}

Status ProtoField::append_to(std::vector<float>& out) const {
  if (kind == Kind::kFixed32) {
    out.push_back(number_value());
    return {};
  }
  if (kind != Kind::kBytes || bytes.size() % sizeof(float) != 0)
    return damaged("a list of numbers holds something else");
  for (size_t at = 0; at < bytes.size(); at += sizeof(float))
    out.push_back(std::bit_cast<float>(little_endian<uint32_t>(bytes.substr(at))));
  return {};
}

Result<uint64_t> ProtoReader::varint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (bytes_.empty()) return damaged("it ends early");
    const auto byte = static_cast<uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    value |= uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return value;
  }
  return damaged("a number is too long");
}

Result<std::string_view> ProtoReader::take(uint64_t size) {
  if (size > bytes_.size()) return damaged("it ends early");
  const std::string_view taken = bytes_.substr(0, size);
  bytes_.remove_prefix(size);
  return taken;
}

Result<std::optional<ProtoField>> ProtoReader::next() {
  if (bytes_.empty()) return std::nullopt;
  const uint64_t tag = TRY(varint());
  if (tag >> 3 == 0 || tag >> 3 > UINT32_MAX) return damaged("a field has an impossible number");
  ProtoField field;
  field.number = static_cast<uint32_t>(tag >> 3);
  switch (tag & 7) {
    case kVarint:
      field.value = TRY(varint());
      return field;
    case kFixed64:
      field.kind = ProtoField::Kind::kFixed64;
      field.value = little_endian<uint64_t>(TRY(take(8)));
      return field;
    case kFixed32:
      field.kind = ProtoField::Kind::kFixed32;
      field.value = little_endian<uint32_t>(TRY(take(4)));
      return field;
    case kLengthDelimited:
      field.kind = ProtoField::Kind::kBytes;
      field.bytes = TRY(take(TRY(varint())));
      return field;
    default:
      return damaged("a field has an unknown wire type");
  }
}

}  // namespace sinan::ml
