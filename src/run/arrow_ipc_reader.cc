#include <fmt/format.h>

#include <array>
#include <cstring>
#include <optional>

#include "arrow/builder.h"
#include "arrow/value_width.h"
#include "base/strings.h"
#include "run/arrow_ipc.h"
#include "run/arrow_ipc_format.h"
#include "run/flatbuffer.h"

namespace sinan::run {
namespace {

using arrow::Layout;
using arrow::TimeUnit;
using arrow::Type;
using arrow::TypeId;
using ipc::TypeKind;

constexpr uint32_t kMostMetadata = 64U << 20;
constexpr size_t kMostFields = 10'000;
constexpr char kFileMagic[] = {'A', 'R', 'R', 'O', 'W', '1', 0, 0};

Failure broken(std::string_view what) { return fail(Code::kData, fmt::format("not an Arrow stream: {}", what)); }

Failure refused(std::string_view column, std::string_view what) {
  return fail(Code::kUnsupported, fmt::format("column \"{}\" cannot be read: {}", column, what));
}

std::optional<Type> integer_type(const FlatTable& type) {
  const bool is_signed = type.scalar<uint8_t>(1) != 0;
  switch (type.scalar<int32_t>(0)) {
    case 8:
      return Type(is_signed ? TypeId::kInt8 : TypeId::kUInt8);
    case 16:
      return Type(is_signed ? TypeId::kInt16 : TypeId::kUInt16);
    case 32:
      return Type(is_signed ? TypeId::kInt32 : TypeId::kUInt32);
    case 64:
      return Type(is_signed ? TypeId::kInt64 : TypeId::kUInt64);
    default:
      return std::nullopt;
  }
}

std::optional<Type> decimal_type(const FlatTable& type) {
  const auto precision = type.scalar<int32_t>(0);
  const auto scale = type.scalar<int32_t>(1);
  if (type.scalar<int32_t>(2, 128) != 128 || precision < 1 || precision > 38 || scale < 0 || scale > precision)
    return std::nullopt;
  Type out(TypeId::kDecimal);
  out.precision = static_cast<uint8_t>(precision);
  out.scale = static_cast<int8_t>(scale);
  return out;
}

std::optional<Type> temporal_type(TypeId id, int16_t unit, int32_t bits, bool has_zone) {
  if (unit < 0 || unit > 3) return std::nullopt;
  Type out(id);
  out.unit = static_cast<TimeUnit>(unit);
  out.has_zone = has_zone;
  const int32_t wanted = unit < 2 ? 32 : 64;
  if (id == TypeId::kTime && bits != wanted) return std::nullopt;
  return out;
}

Type with_layout(TypeId id, Layout layout) {
  Type out(id);
  out.layout = layout;
  return out;
}

// Nothing for what is not read.
std::optional<Type> read_type(const FlatTable& field) {
  const auto type = field.table(ipc::kType);
  if (!type || field.table(ipc::kDictionaryEncoding)) return std::nullopt;
  switch (static_cast<TypeKind>(field.scalar<uint8_t>(ipc::kTypeType))) {
    case TypeKind::kNull:
      return Type(TypeId::kNull);
    case TypeKind::kInt:
      return integer_type(*type);
    case TypeKind::kFloatingPoint: {
      const auto precision = type->scalar<int16_t>(0);
      if (precision != 1 && precision != 2) return std::nullopt;
      return Type(precision == 1 ? TypeId::kFloat : TypeId::kDouble);
    }
    case TypeKind::kBinary:
      return Type(TypeId::kBinary);
    case TypeKind::kUtf8:
      return Type(TypeId::kString);
    case TypeKind::kLargeBinary:
      return with_layout(TypeId::kBinary, Layout::kLarge);
    case TypeKind::kLargeUtf8:
      return with_layout(TypeId::kString, Layout::kLarge);
    case TypeKind::kBool:
      return Type(TypeId::kBool);
    case TypeKind::kDecimal:
      return decimal_type(*type);
    case TypeKind::kDate:
      if (type->scalar<int16_t>(0, 1) != 0) return std::nullopt;  // milliseconds
      return Type(TypeId::kDate);
    case TypeKind::kTime:
      return temporal_type(TypeId::kTime, type->scalar<int16_t>(0, 1), type->scalar<int32_t>(1, 32), false);
    case TypeKind::kTimestamp:
      return temporal_type(TypeId::kTimestamp, type->scalar<int16_t>(0), 64, !type->string(1).empty());
  }
  return std::nullopt;
}

// A batch's memory and its C structs; freed by the release of the outer array.
struct Content {
  std::vector<uint64_t> body;  // aligned
  std::vector<ArrowArray> columns;
  std::vector<ArrowArray*> pointers;
  std::vector<std::array<const void*, 3>> buffers;
  const void* none = nullptr;
};

void release_column(ArrowArray* array) { array->release = nullptr; }
void release_content(ArrowArray* array) {
  delete static_cast<Content*>(array->private_data);
  array->release = nullptr;
}

template <class T>
T value_at(const uint8_t* data, size_t i) {
  T value;
  std::memcpy(&value, data + i * sizeof(T), sizeof(T));
  return value;
}

bool is_set(const uint8_t* bits, size_t i) { return bits == nullptr || ((bits[i / 8] >> (i % 8)) & 1) != 0; }

// One batch's buffers, taken one after another.
class Columns {
 public:
  Columns(const FlatTable& batch, Content& content, size_t body_bytes)
      : batch_(batch),
        nodes_(batch.vector(ipc::kNodes, ipc::kPairBytes)),
        buffers_(batch.vector(ipc::kBuffers, ipc::kPairBytes)),
        content_(content),
        body_bytes_(body_bytes) {}

  Status read(const arrow::Schema& schema, int64_t rows) {
    rows_ = static_cast<size_t>(rows);
    if (nodes_.count != schema.size()) return broken("a batch has not as many columns as the schema");
    content_.columns.resize(schema.size());
    content_.buffers.resize(schema.size());
    for (size_t i = 0; i < schema.size(); ++i) {
      TRY(read_column(schema[i], i));
      content_.pointers.push_back(&content_.columns[i]);
    }
    if (next_buffer_ != buffers_.count) return broken("a batch has buffers of no column");
    return {};
  }

 private:
  struct Buffer {
    const uint8_t* data;
    size_t bytes;
  };

  Result<Buffer> take(size_t least_bytes) {
    if (next_buffer_ == buffers_.count) return broken("a batch has too few buffers");
    const int64_t offset = batch_.number_in(buffers_, ipc::kPairBytes, next_buffer_, 0);
    const int64_t length = batch_.number_in(buffers_, ipc::kPairBytes, next_buffer_, 8);
    ++next_buffer_;
    const auto size = static_cast<int64_t>(body_bytes_);
    if (offset < 0 || length < 0 || offset > size || length > size - offset || offset % 8 != 0)
      return broken("a buffer lies outside of its batch");
    if (static_cast<size_t>(length) < least_bytes) return broken("a buffer is shorter than its rows");
    return Buffer{reinterpret_cast<const uint8_t*>(content_.body.data()) + offset, static_cast<size_t>(length)};
  }

  Status read_column(const arrow::Field& field, size_t i) {
    const int64_t length = batch_.number_in(nodes_, ipc::kPairBytes, i, 0);
    const int64_t nulls = batch_.number_in(nodes_, ipc::kPairBytes, i, 8);
    if (static_cast<uint64_t>(length) != rows_) return broken("a column has not as many rows as its batch");
    if (nulls < 0 || nulls > length) return broken("a column has more NULLs than rows");
    ArrowArray& array = content_.columns[i];
    array = ArrowArray{};
    array.length = length;
    array.null_count = nulls;
    array.buffers = content_.buffers[i].data();
    array.release = release_column;
    if (field.type.id == TypeId::kNull) {
      array.null_count = length;
      return {};
    }
    std::array<const void*, 3>& buffers = content_.buffers[i];
    const Buffer validity = TRY(take(nulls > 0 ? (rows_ + 7) / 8 : 0));
    const uint8_t* const bits = nulls > 0 ? validity.data : nullptr;
    if (bits != nullptr) TRY(check_nulls(bits, nulls));
    buffers[0] = bits;
    array.n_buffers = 2;
    if (field.type.id == TypeId::kString || field.type.id == TypeId::kBinary) {
      array.n_buffers = 3;
      return field.type.layout == Layout::kLarge ? read_texts<int64_t>(field, bits, buffers)
                                                 : read_texts<int32_t>(field, bits, buffers);
    }
    const bool packed = field.type.id == TypeId::kBool;
    const Buffer values = TRY(take(packed ? (rows_ + 7) / 8 : rows_ * value_width(field.type)));
    buffers[1] = values.data;
    return check_range(field, values.data, bits);
  }

  Status check_nulls(const uint8_t* bits, int64_t nulls) const {
    int64_t found = 0;
    for (size_t i = 0; i < rows_; ++i) found += is_set(bits, i) ? 0 : 1;
    if (found != nulls) return broken("a column has not as many NULLs as it says");
    return {};
  }

  template <class Offset>
  Status read_texts(const arrow::Field& field, const uint8_t* bits, std::array<const void*, 3>& buffers) {
    static constexpr std::array<Offset, 2> kEmpty = {};
    const Buffer offsets = TRY(take(rows_ == 0 ? 0 : (rows_ + 1) * sizeof(Offset)));
    const Buffer text = TRY(take(0));
    buffers[1] = rows_ == 0 ? static_cast<const void*>(kEmpty.data()) : offsets.data;
    buffers[2] = text.data;
    if (rows_ == 0) return {};
    auto begin = value_at<Offset>(offsets.data, 0);
    if (begin < 0) return broken("an offset is below 0");
    for (size_t i = 0; i < rows_; ++i) {
      const auto end = value_at<Offset>(offsets.data, i + 1);
      if (end < begin || static_cast<uint64_t>(end) > text.bytes)
        return broken("offsets do not ascend within their text");
      const std::string_view value(reinterpret_cast<const char*>(text.data) + begin, static_cast<size_t>(end - begin));
      if (field.type.id == TypeId::kString && is_set(bits, i) && find_invalid_utf8(value))
        return fail(Code::kData, fmt::format("column \"{}\" has text that is not UTF-8", field.name));
      begin = end;
    }
    return {};
  }

  // What memory can hold and the type cannot.
  Status check_range(const arrow::Field& field, const uint8_t* data, const uint8_t* bits) const {
    if (field.type.id == TypeId::kTime) {
      constexpr int64_t kPerSecond[] = {1, 1000, 1'000'000, 1'000'000'000};
      const int64_t day = 86'400 * kPerSecond[static_cast<size_t>(field.type.unit)];
      for (size_t i = 0; i < rows_; ++i) {
        const int64_t value =
            value_width(field.type) == 4 ? int64_t{value_at<int32_t>(data, i)} : value_at<int64_t>(data, i);
        if (is_set(bits, i) && (value < 0 || value >= day))
          return fail(Code::kData, fmt::format("column \"{}\" has a time that is not within a day", field.name));
      }
    }
    if (field.type.id == TypeId::kDecimal) {
      __extension__ using Wide = __int128;
      Wide limit = 1;
      for (int i = 0; i < field.type.precision; ++i) limit *= 10;
      for (size_t i = 0; i < rows_; ++i) {
        const auto value = value_at<Wide>(data, i);
        if (is_set(bits, i) && (value <= -limit || value >= limit))
          return fail(Code::kData,
                      fmt::format("column \"{}\" has a decimal with more digits than its type", field.name));
      }
    }
    return {};
  }

  const FlatTable& batch_;
  FlatTable::Vector nodes_;
  FlatTable::Vector buffers_;
  Content& content_;
  size_t body_bytes_;
  size_t rows_ = 0;
  size_t next_buffer_ = 0;
};

class ArrowRows final : public arrow::BatchStream {
 public:
  explicit ArrowRows(std::unique_ptr<io::ReadableFile> file) : file_(std::move(file)) {}

  Status start() {
    std::array<char, sizeof kFileMagic> magic{};
    const size_t read = TRY(file_->read_at(0, magic));
    if (read == magic.size() && std::memcmp(magic.data(), kFileMagic, magic.size()) == 0) position_ = magic.size();
    if (!TRY(next_message())) return broken("it has no schema");
    const auto message = FlatTable::root(metadata_);
    const auto header = message ? message->table(ipc::kHeader) : std::nullopt;
    if (!header || kind(*message) != ipc::Header::kSchema) return broken("it does not begin with a schema");
    if (header->scalar<int16_t>(ipc::kEndianness) != 0) return broken("it is big-endian");
    return read_schema(*header);
  }
  const std::shared_ptr<const arrow::Schema>& schema() const override { return schema_; }

  Result<std::optional<arrow::Batch>> next() override {
    for (;;) {
      if (!TRY(next_message())) return std::nullopt;
      const auto message = FlatTable::root(metadata_);
      const auto header = message ? message->table(ipc::kHeader) : std::nullopt;
      if (!header || kind(*message) != ipc::Header::kRecordBatch) return broken("a message is no batch of rows");
      auto batch = TRY(read_batch(*header));
      if (batch.rows() > 0) return batch;
    }
  }

 private:
  static ipc::Header kind(const FlatTable& message) {
    return static_cast<ipc::Header>(message.scalar<uint8_t>(ipc::kHeaderType));
  }

  Status read_exactly(std::span<char> out) {
    if (TRY(file_->read_at(position_, out)) != out.size()) return broken("it is cut off");
    position_ += out.size();
    return {};
  }

  // Metadata, and where its body lies. False at the end mark.
  Result<bool> next_message() {
    std::array<uint32_t, 2> start{};
    const auto bytes = std::span(reinterpret_cast<char*>(start.data()), sizeof start);
    if (!read_exactly(bytes)) return broken("its end is missing; was the writer closed?");
    if (start[0] != ipc::kContinuation) return broken("a message does not begin where it should");
    if (start[1] == 0) return false;
    if (start[1] > kMostMetadata || start[1] > file_->size()) return broken("a message is too long");
    metadata_.resize(start[1]);
    TRY(read_exactly({reinterpret_cast<char*>(metadata_.data()), metadata_.size()}));
    const auto message = FlatTable::root(metadata_);
    if (!message) return broken("a message is damaged");
    const auto length = message->scalar<int64_t>(ipc::kBodyLength);
    if (length < 0 || static_cast<uint64_t>(length) > file_->size() - std::min(position_, file_->size()))
      return broken("it is cut off");
    body_bytes_ = static_cast<size_t>(length);
    body_ = position_;
    position_ += (body_bytes_ + 7) / 8 * 8;
    return true;
  }

  Status read_schema(const FlatTable& header) {
    const FlatTable::Vector fields = header.vector(ipc::kFields, 4);
    if (fields.count == 0) return broken("it has no columns");
    if (fields.count > kMostFields) return broken(fmt::format("it has more columns than {}", kMostFields));
    arrow::Schema schema;
    for (size_t i = 0; i < fields.count; ++i) {
      const auto field = header.table_in(fields, i);
      if (!field) return broken("its schema is damaged");
      const std::string name(field->string(ipc::kName));
      if (find_invalid_utf8(name)) return broken("a column's name is not UTF-8");
      auto type = read_type(*field);
      if (!type) {
        return refused(name, field->table(ipc::kDictionaryEncoding)
                                 ? "its values are in a dictionary: write them themselves"
                                 : "its type is not among those that are read");
      }
      schema.fields.push_back({name, *std::move(type)});
    }
    schema_ = std::make_shared<const arrow::Schema>(std::move(schema));
    return {};
  }

  Result<arrow::Batch> read_batch(const FlatTable& header) {
    if (header.table(ipc::kCompression))
      return fail(Code::kUnsupported, "the Arrow stream is compressed", "write it with compression=\"uncompressed\"");
    const auto rows = header.scalar<int64_t>(ipc::kLength);
    if (rows < 0 || static_cast<uint64_t>(rows) > 8 * uint64_t{body_bytes_})
      return broken("a batch has more rows than bits");
    auto content = std::make_unique<Content>();
    content->body.resize((body_bytes_ + 7) / 8 + 1);
    const auto body = std::span(reinterpret_cast<char*>(content->body.data()), body_bytes_);
    if (TRY(file_->read_at(body_, body)) != body.size()) return broken("it is cut off");
    TRY(Columns(header, *content, body_bytes_).read(*schema_, rows));
    ArrowArray array{};
    array.length = rows;
    array.n_buffers = 1;
    array.buffers = &content->none;
    array.n_children = static_cast<int64_t>(content->pointers.size());
    array.children = content->pointers.data();
    array.release = release_content;
    array.private_data = content.release();
    return arrow::Batch::import(schema_, std::move(array));
  }

  std::unique_ptr<io::ReadableFile> file_;
  std::shared_ptr<const arrow::Schema> schema_;
  uint64_t position_ = 0;
  std::vector<uint8_t> metadata_;
  uint64_t body_ = 0;
  size_t body_bytes_ = 0;
};

}  // namespace

Result<std::unique_ptr<arrow::BatchStream>> read_arrow(std::unique_ptr<io::ReadableFile> file) {
  auto rows = std::make_unique<ArrowRows>(std::move(file));
  TRY(rows->start());
  return rows;
}

}  // namespace sinan::run
