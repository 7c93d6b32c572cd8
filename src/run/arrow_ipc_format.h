// Numbers of Arrow's flatbuffers schemas (Message.fbs, Schema.fbs) that reader and writer share: fields by position, members of
// unions and enums by value.
#pragma once

#include <cstdint>

namespace sinan::run::ipc {

inline constexpr uint32_t kContinuation = 0xFFFFFFFF;
inline constexpr int16_t kVersion5 = 4;

enum MessageField : uint16_t { kVersion, kHeaderType, kHeader, kBodyLength };
enum class Header : uint8_t { kSchema = 1, kDictionary = 2, kRecordBatch = 3 };
enum SchemaField : uint16_t { kEndianness, kFields };
enum FieldField : uint16_t { kName, kNullable, kTypeType, kType, kDictionaryEncoding, kChildren };
enum BatchField : uint16_t { kLength, kNodes, kBuffers, kCompression };

enum class TypeKind : uint8_t {
  kNull = 1,
  kInt = 2,
  kFloatingPoint = 3,
  kBinary = 4,
  kUtf8 = 5,
  kBool = 6,
  kDecimal = 7,
  kDate = 8,
  kTime = 9,
  kTimestamp = 10,
  kLargeBinary = 19,
  kLargeUtf8 = 20,
};

// Bytes of the structs FieldNode{length, null_count} and Buffer{offset, length}.
inline constexpr size_t kPairBytes = 16;

}  // namespace sinan::run::ipc
