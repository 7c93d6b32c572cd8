#include <fmt/format.h>

#include <cstring>
#include <optional>

#include "run/arrow_ipc.h"
#include "run/arrow_ipc_format.h"
#include "run/flatbuffer.h"

namespace sinan::run {
namespace {

using arrow::TimeUnit;
using arrow::Type;
using arrow::TypeId;
using ipc::TypeKind;
using Fields = std::vector<FlatWriter::Field>;

constexpr size_t kMostText = INT32_MAX;

// How a column is written: the type's table, and bytes a value (0 = text, 1 bit for booleans).
struct Written {
  TypeKind kind;
  Fields fields;
  size_t width;
  bool zone = false;
};

Written integer(int bits, bool is_signed) {
  return {TypeKind::kInt, {{0, 4, bits}, {1, 1, is_signed ? 1 : 0}}, static_cast<size_t>(bits / 8)};
}

std::optional<Written> written(const Type& type) {
  const auto unit = static_cast<int64_t>(type.unit);
  const bool is_narrow = type.unit == TimeUnit::kSecond || type.unit == TimeUnit::kMilli;
  switch (type.id) {
    case TypeId::kNull:
      return Written{TypeKind::kNull, {}, 0};
    case TypeId::kBool:
      return Written{TypeKind::kBool, {}, 1};
    case TypeId::kInt8:
      return integer(8, true);
    case TypeId::kInt16:
      return integer(16, true);
    case TypeId::kInt32:
      return integer(32, true);
    case TypeId::kInt64:
      return integer(64, true);
    case TypeId::kUInt8:
      return integer(8, false);
    case TypeId::kUInt16:
      return integer(16, false);
    case TypeId::kUInt32:
      return integer(32, false);
    case TypeId::kUInt64:
      return integer(64, false);
    case TypeId::kFloat:
      return Written{TypeKind::kFloatingPoint, {{0, 2, 1}}, 4};
    case TypeId::kDouble:
      return Written{TypeKind::kFloatingPoint, {{0, 2, 2}}, 8};
    case TypeId::kDecimal:
      return Written{TypeKind::kDecimal, {{0, 4, type.precision}, {1, 4, type.scale}, {2, 4, 128}}, 16};
    case TypeId::kDate:
      return Written{TypeKind::kDate, {{0, 2, 0}}, 4};
    case TypeId::kTime:
      return Written{TypeKind::kTime, {{0, 2, unit}, {1, 4, is_narrow ? 32 : 64}}, is_narrow ? 4U : 8U};
    case TypeId::kTimestamp:
      return Written{TypeKind::kTimestamp, {{0, 2, unit}}, 8, type.has_zone};
    case TypeId::kString:
      return Written{TypeKind::kUtf8, {}, 0};
    case TypeId::kBinary:
      return Written{TypeKind::kBinary, {}, 0};
    default:
      break;
  }
  if (type.is_text()) return Written{TypeKind::kUtf8, {}, 0};  // a dictionary's values
  return std::nullopt;
}

FlatWriter::Table begin_message(FlatWriter& out, ipc::Header header, size_t body_bytes) {
  auto message = out.table({{ipc::kVersion, 2, ipc::kVersion5},
                            {ipc::kHeaderType, 1, static_cast<int64_t>(header)},
                            {ipc::kHeader, 4, 0, true},
                            {ipc::kBodyLength, 8, static_cast<int64_t>(body_bytes)}});
  out.set_root(message);
  return message;
}

// Buffers one behind the other, each at a multiple of 8.
struct Body {
  std::string bytes;
  std::vector<int64_t> places;  // offset, length, ...

  void add(std::string_view buffer) {
    places.push_back(static_cast<int64_t>(bytes.size()));
    places.push_back(static_cast<int64_t>(buffer.size()));
    bytes += buffer;
    bytes.resize((bytes.size() + 7) / 8 * 8, '\0');
  }
};

template <class Test>
std::string bits(size_t rows, Test test) {
  std::string out((rows + 7) / 8, '\0');
  for (size_t i = 0; i < rows; ++i)
    if (test(i)) out[i / 8] = static_cast<char>(static_cast<unsigned char>(out[i / 8]) | (1U << (i % 8)));
  return out;
}

Status add_column(const arrow::ColumnView& column, const std::string& name, Body& body) {
  const size_t rows = column.size();
  const Written how = *written(column.type());
  if (how.kind == TypeKind::kNull) return {};
  body.add(column.has_nulls() ? bits(rows, [&](size_t i) { return !column.is_null(i); }) : std::string());
  if (how.kind == TypeKind::kBool) {
    body.add(bits(rows, [&](size_t i) { return !column.is_null(i) && column.as_bool(i); }));
    return {};
  }
  std::string values;
  if (how.width > 0) {
    values.reserve(rows * how.width);
    for (size_t i = 0; i < rows; ++i) values.append(static_cast<const char*>(column.slot(i, how.width)), how.width);
    body.add(values);
    return {};
  }
  std::string offsets(4 * (rows + 1), '\0');
  for (size_t i = 0; i < rows; ++i) {
    values += column.string(i);
    if (values.size() > kMostText)
      return fail(Code::kExhausted, fmt::format("column \"{}\" has too much text in one batch", name));
    const auto end = static_cast<int32_t>(values.size());
    std::memcpy(offsets.data() + 4 * (i + 1), &end, sizeof end);
  }
  body.add(offsets);
  body.add(values);
  return {};
}

}  // namespace

Status ArrowWriter::write_message(const std::vector<uint8_t>& metadata, std::string_view body) {
  const size_t padded = (metadata.size() + 7) / 8 * 8;
  std::string start(8 + padded, '\0');
  const auto size = static_cast<uint32_t>(padded);
  std::memcpy(start.data(), &ipc::kContinuation, 4);
  std::memcpy(start.data() + 4, &size, 4);
  std::memcpy(start.data() + 8, metadata.data(), metadata.size());
  TRY(file_->write(start));
  return file_->write(body);
}

Status ArrowWriter::write_schema(const arrow::Schema& schema) {
  FlatWriter out;
  const auto message = begin_message(out, ipc::Header::kSchema, 0);
  const auto header = out.table({{ipc::kEndianness, 2, 0}, {ipc::kFields, 4, 0, true}});
  out.link(message.fields[2], header.position);
  const size_t fields = out.offsets(schema.size());
  out.link(header.fields[1], fields);
  for (size_t i = 0; i < schema.size(); ++i) {
    const auto how = written(schema[i].type);
    if (!how) {
      return fail(Code::kUnsupported,
                  fmt::format("column \"{}\" cannot be written as Arrow for a program: {}", schema[i].name,
                              schema[i].type.to_string()),
                  "convert it in the query, or use input = \"csv\"");
    }
    const auto field = out.table({{ipc::kName, 4, 0, true},
                                  {ipc::kNullable, 1, 1},
                                  {ipc::kTypeType, 1, static_cast<int64_t>(how->kind)},
                                  {ipc::kType, 4, 0, true},
                                  {ipc::kChildren, 4, 0, true}});
    out.link(fields + 4 + 4 * i, field.position);
    out.link(field.fields[0], out.string(schema[i].name));
    Fields members = how->fields;
    if (how->zone) members.push_back({1, 4, 0, true});
    const auto type = out.table(members);
    out.link(field.fields[3], type.position);
    if (how->zone) out.link(type.fields.back(), out.string("UTC"));
    out.link(field.fields[4], out.offsets(0));
  }
  return write_message(out.bytes(), {});
}

Status ArrowWriter::write(const arrow::Batch& batch) {
  Body body;
  std::vector<int64_t> nodes;
  for (size_t i = 0; i < batch.columns(); ++i) {
    const arrow::ColumnView column = batch.column(i);
    nodes.push_back(static_cast<int64_t>(column.size()));
    const bool nothing = column.type().id == TypeId::kNull;
    nodes.push_back(static_cast<int64_t>(nothing ? column.size() : column.null_count()));
    TRY(add_column(column, batch.schema()[i].name, body));
  }
  FlatWriter out;
  const auto message = begin_message(out, ipc::Header::kRecordBatch, body.bytes.size());
  const auto header = out.table(
      {{ipc::kLength, 8, static_cast<int64_t>(batch.rows())}, {ipc::kNodes, 4, 0, true}, {ipc::kBuffers, 4, 0, true}});
  out.link(message.fields[2], header.position);
  out.link(header.fields[1], out.numbers(nodes, nodes.size() / 2));
  out.link(header.fields[2], out.numbers(body.places, body.places.size() / 2));
  return write_message(out.bytes(), body.bytes);
}

Status ArrowWriter::finish() {
  const uint32_t end[] = {ipc::kContinuation, 0};
  TRY(file_->write({reinterpret_cast<const char*>(end), sizeof end}));
  return file_->close();
}

}  // namespace sinan::run
