// The kinds of ColumnExport, one for each way DuckDB lays out a vector.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <string_view>

#include "base/check.h"
#include "engine/duckdb/bit_append.h"
#include "engine/duckdb/column_export.h"
#include "engine/duckdb/handles.h"

namespace sinan::engine {
namespace {

bool is_valid(const uint64_t* validity, size_t row) {
  return validity == nullptr || ((validity[row / 64] >> (row % 64)) & 1) != 0;
}

std::vector<ExportBuffer> one(ExportBuffer&& buffer) {
  std::vector<ExportBuffer> buffers;
  buffers.push_back(std::move(buffer));
  return buffers;
}

// Numbers, dates, times, timestamps: Arrow's layout is DuckDB's.
class PlainExport final : public ColumnExport {
 public:
  PlainExport(size_t width, const ExportContext& context)
      : ColumnExport(context), width_(width), values_(context.pool) {}

 protected:
  Status append_values(duckdb_vector vector, const uint64_t*, size_t begin, size_t count) override {
    if (values_.size() == 0) values_.reserve(expected_rows() * width_);
    const auto* data = static_cast<const uint8_t*>(duckdb_vector_get_data(vector));
    std::memcpy(values_.extend(count * width_), data + begin * width_, count * width_);
    return {};
  }
  std::vector<ExportBuffer> take_buffers() override { return one(std::move(values_)); }

 private:
  size_t width_;
  ExportBuffer values_;
};

class BoolExport final : public ColumnExport {
 public:
  explicit BoolExport(const ExportContext& context) : ColumnExport(context), bits_(context.pool) {}

 protected:
  Status append_values(duckdb_vector vector, const uint64_t*, size_t begin, size_t count) override {
    const auto* data = static_cast<const uint8_t*>(duckdb_vector_get_data(vector)) + begin;
    const size_t bytes = (count_ + count + 7) / 8 + kSlack;
    if (bytes > bits_.size()) {
      const size_t more = bytes - bits_.size();
      std::memset(bits_.extend(more), 0, more);
    }
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
      uint64_t eight;
      std::memcpy(&eight, data + i, sizeof eight);
      // Moves the lowest bit of byte k to bit k of the top byte.
      const uint64_t packed = ((eight & 0x0101010101010101) * 0x0102040810204080) >> 56;
      store_bits(bits_.data(), count_ + i, packed, 8);
    }
    for (; i < count; ++i) store_bits(bits_.data(), count_ + i, data[i] & 1U, 1);
    count_ += count;
    return {};
  }
  std::vector<ExportBuffer> take_buffers() override {
    count_ = 0;
    return one(std::move(bits_));
  }

 private:
  static constexpr size_t kSlack = 9;  // store_bits() writes whole words
  size_t count_ = 0;
  ExportBuffer bits_;
};

struct Int128 {
  uint64_t low;
  uint64_t high;
};
struct ArrowInterval {
  int32_t months;
  int32_t days;
  int64_t nanos;
};

template <class T>
bool widen(T value, Int128& out) {
  out = {static_cast<uint64_t>(static_cast<int64_t>(value)), value < 0 ? ~uint64_t{0} : 0};
  return true;
}
bool signed_only(Int128 value, Int128& out) {
  out = value;
  return (value.high >> 63) == 0;
}
bool interval_to_nanos(duckdb_interval value, ArrowInterval& out) {
  out.months = value.months;
  out.days = value.days;
  return !__builtin_mul_overflow(value.micros, int64_t{1000}, &out.nanos);
}
bool local_time(uint64_t bits, int64_t& out) {
  out = static_cast<int64_t>(bits >> 24);  // the offset is in the low 24 bits
  return true;
}
template <class T>
bool enum_index(T index, int32_t& out) {
  out = static_cast<int32_t>(index);
  return true;
}

// A loop of one conversion; a value that does not fit fails the query.
template <class From, class To, bool (*Convert)(From, To&)>
class ConvertedExport : public ColumnExport {
 public:
  explicit ConvertedExport(const ExportContext& context) : ColumnExport(context), values_(context.pool) {}

 protected:
  Status append_values(duckdb_vector vector, const uint64_t* validity, size_t begin, size_t count) override {
    if (values_.size() == 0) values_.reserve(this->expected_rows() * sizeof(To));
    const auto* data = static_cast<const From*>(duckdb_vector_get_data(vector)) + begin;
    To* out = values_.extend_by<To>(count);
    for (size_t i = 0; i < count; ++i) {
      out[i] = To{};
      if (!Convert(data[i], out[i]) && is_valid(validity, begin + i)) {
        return fail(Code::kData, "a value is too large to leave the database", "cast the column to VARCHAR or DOUBLE");
      }
    }
    return {};
  }
  std::vector<ExportBuffer> take_buffers() override { return one(std::move(values_)); }

 private:
  ExportBuffer values_;
};

// Text: 32-bit offsets and bytes. Kinds that DuckDB does not store as text are written as a person reads them.
class TextExport : public ColumnExport {
 public:
  explicit TextExport(const ExportContext& context)
      : ColumnExport(context), offsets_(context.pool), bytes_(context.pool) {}
  size_t offset_bytes() const override { return bytes_.size(); }

 protected:
  Status append_values(duckdb_vector vector, const uint64_t* validity, size_t begin, size_t count) override {
    auto* strings = static_cast<duckdb_string_t*>(duckdb_vector_get_data(vector)) + begin;
    int32_t* offsets = next_offsets(count);
    size_t total = 0;
    for (size_t i = 0; i < count; ++i) {
      if (is_valid(validity, begin + i)) total += strings[i].value.inlined.length;
    }
    TRY(check_size(total));
    auto end = static_cast<int32_t>(bytes_.size());
    if (bytes_.size() == 0) bytes_.reserve(last_bytes_ + last_bytes_ / 8);
    uint8_t* out = bytes_.extend(total, kInlined);
    for (size_t i = 0; i < count; ++i) {
      if (is_valid(validity, begin + i)) {
        const uint32_t length = strings[i].value.inlined.length;
        if (length <= kInlined) {
          std::memcpy(out, strings[i].value.inlined.inlined, kInlined);
        } else {
          std::memcpy(out, strings[i].value.pointer.ptr, length);
        }
        out += length;
        end += static_cast<int32_t>(length);
      }
      offsets[i] = end;
    }
    return {};
  }
  std::vector<ExportBuffer> take_buffers() override {
    next_offsets(0);
    last_bytes_ = bytes_.size();
    std::vector<ExportBuffer> buffers;
    buffers.push_back(std::move(offsets_));
    buffers.push_back(std::move(bytes_));
    return buffers;
  }

  int32_t* next_offsets(size_t count) {
    if (offsets_.size() == 0) {
      offsets_.reserve((expected_rows() + 1) * sizeof(int32_t));
      *offsets_.extend_by<int32_t>(1) = 0;
    }
    return offsets_.extend_by<int32_t>(count);
  }
  Status check_size(size_t more) const {
    if (bytes_.size() + more <= INT32_MAX) return {};
    return fail(Code::kExhausted, "2048 rows of text are larger than 2 GiB", "select shorter values");
  }
  void add_text(std::string_view text, int32_t* offset) {
    if (!text.empty()) std::memcpy(bytes_.extend(text.size()), text.data(), text.size());
    *offset = static_cast<int32_t>(bytes_.size());
  }

 private:
  static constexpr uint32_t kInlined = sizeof(duckdb_string_t::value.inlined.inlined);
  ExportBuffer offsets_;
  ExportBuffer bytes_;
  size_t last_bytes_ = 0;  // of the batch before, to reserve as much
};

class UuidExport final : public TextExport {
 public:
  using TextExport::TextExport;

 protected:
  Status append_values(duckdb_vector vector, const uint64_t* validity, size_t begin, size_t count) override {
    const auto* values = static_cast<const Int128*>(duckdb_vector_get_data(vector)) + begin;
    TRY(check_size(count * 36));
    int32_t* offsets = next_offsets(count);
    for (size_t i = 0; i < count; ++i) {
      std::string text;
      if (is_valid(validity, begin + i)) {
        // DuckDB flips the top bit, so that UUIDs sort as signed numbers.
        const uint64_t high = values[i].high ^ (uint64_t{1} << 63);
        const uint64_t low = values[i].low;
        text = fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xffff, high & 0xffff,
                           low >> 48, low & 0xffffffffffff);
      }
      add_text(text, &offsets[i]);
    }
    return {};
  }
};

class BitExport final : public TextExport {
 public:
  using TextExport::TextExport;

 protected:
  // The first byte counts the padding bits with which the second one begins.
  Status append_values(duckdb_vector vector, const uint64_t* validity, size_t begin, size_t count) override {
    auto* values = static_cast<duckdb_string_t*>(duckdb_vector_get_data(vector)) + begin;
    int32_t* offsets = next_offsets(count);
    std::string text;
    for (size_t i = 0; i < count; ++i) {
      text.clear();
      if (is_valid(validity, begin + i)) {
        const size_t bits = (size_t{duckdb_string_t_length(values[i])} - 1) * 8;
        const auto* bytes = reinterpret_cast<const uint8_t*>(duckdb_string_t_data(&values[i]));
        for (size_t bit = bytes[0]; bit < bits; ++bit) {
          text.push_back(((bytes[1 + bit / 8] >> (7 - bit % 8)) & 1) != 0 ? '1' : '0');
        }
        TRY(check_size(text.size()));
      }
      add_text(text, &offsets[i]);
    }
    return {};
  }
};

class NullExport final : public ColumnExport {
 public:
  explicit NullExport(const ExportContext& context) : ColumnExport(context) {}

 protected:
  Status append_values(duckdb_vector, const uint64_t*, size_t, size_t) override { return {}; }
  std::vector<ExportBuffer> take_buffers() override { return {}; }
  bool has_validity() const override { return false; }
};

// Lists and, with fixed_length > 0, fixed-size arrays: 32-bit offsets and the child's rows.
class ListExport : public ColumnExport {
 public:
  ListExport(std::unique_ptr<ColumnExport> child, size_t fixed_length, const ExportContext& context)
      : ColumnExport(context), child_(std::move(child)), fixed_length_(fixed_length), offsets_(context.pool) {}
  size_t offset_bytes() const override { return std::max(child_->rows(), child_->offset_bytes()); }

 protected:
  Status append_values(duckdb_vector vector, const uint64_t* validity, size_t begin, size_t count) override {
    const bool fixed = fixed_length_ > 0;
    const duckdb_vector items = fixed ? duckdb_array_vector_get_child(vector) : duckdb_list_vector_get_child(vector);
    const auto* entries = fixed ? nullptr : static_cast<const duckdb_list_entry*>(duckdb_vector_get_data(vector));
    int32_t* offsets = next_offsets(count);
    size_t end = child_->rows();
    // Neighbouring rows' items are mostly neighbours too: copy whole runs.
    size_t run_begin = 0;
    size_t run_length = 0;
    for (size_t i = 0; i < count; ++i) {
      if (is_valid(validity, begin + i)) {
        const size_t offset = fixed ? (begin + i) * fixed_length_ : entries[begin + i].offset;
        const size_t length = fixed ? fixed_length_ : entries[begin + i].length;
        if (length > 0) {
          if (offset != run_begin + run_length) {
            TRY(append_items(items, run_begin, run_length));
            run_begin = offset;
            run_length = 0;
          }
          run_length += length;
          end += length;
        }
      }
      if (end > INT32_MAX) return fail(Code::kExhausted, "2048 rows of lists have more than 2^31 items");
      offsets[i] = static_cast<int32_t>(end);
    }
    return append_items(items, run_begin, run_length);
  }
  std::vector<ExportBuffer> take_buffers() override {
    next_offsets(0);
    return one(std::move(offsets_));
  }
  std::vector<ColumnExport*> children() override { return {child_.get()}; }

 private:
  Status append_items(duckdb_vector items, size_t begin, size_t count) {
    if (count == 0) return {};
    return child_->append(items, begin, count);
  }
  int32_t* next_offsets(size_t count) {
    if (offsets_.size() == 0) *offsets_.extend_by<int32_t>(1) = 0;
    return offsets_.extend_by<int32_t>(count);
  }

  std::unique_ptr<ColumnExport> child_;
  size_t fixed_length_;
  ExportBuffer offsets_;
};

class StructExport final : public ColumnExport {
 public:
  StructExport(std::vector<std::unique_ptr<ColumnExport>> members, const ExportContext& context)
      : ColumnExport(context), members_(std::move(members)) {}
  size_t offset_bytes() const override {
    size_t most = 0;
    for (const auto& member : members_) most = std::max(most, member->offset_bytes());
    return most;
  }

 protected:
  Status append_values(duckdb_vector vector, const uint64_t*, size_t begin, size_t count) override {
    for (size_t i = 0; i < members_.size(); ++i) {
      TRY(members_[i]->append(duckdb_struct_vector_get_child(vector, i), begin, count));
    }
    return {};
  }
  std::vector<ExportBuffer> take_buffers() override { return {}; }
  std::vector<ColumnExport*> children() override {
    std::vector<ColumnExport*> pointers;
    for (const auto& member : members_) pointers.push_back(member.get());
    return pointers;
  }

 private:
  std::vector<std::unique_ptr<ColumnExport>> members_;
};

// ENUM: int32 indices and the type's values as the dictionary, which is the same for every batch.
template <class Index>
class EnumExport final : public ConvertedExport<Index, int32_t, enum_index<Index>> {
 public:
  EnumExport(duckdb_logical_type type, const ExportContext& context)
      : ConvertedExport<Index, int32_t, enum_index<Index>>(context) {
    for (uint32_t i = 0; i < duckdb_enum_dictionary_size(type); ++i) {
      char* value = duckdb_enum_dictionary_value(type, i);
      values_.emplace_back(value);
      duckdb_free(value);
    }
  }

 protected:
  bool fill_dictionary(ArrowArray* out) override {
    class Values final : public TextExport {
     public:
      explicit Values(const std::vector<std::string>& values) : TextExport(ExportContext{nullptr, values.size()}) {
        for (const std::string& value : values) add_text(value, next_offsets(1));
      }
    } values(values_);
    values.finish(out);
    out->length = static_cast<int64_t>(values_.size());
    return true;
  }

 private:
  std::vector<std::string> values_;
};

using Made = Result<std::unique_ptr<ColumnExport>>;

std::unique_ptr<ColumnExport> make_decimal(duckdb_type internal, const ExportContext& context) {
  switch (internal) {
    case DUCKDB_TYPE_SMALLINT:
      return std::make_unique<ConvertedExport<int16_t, Int128, widen<int16_t>>>(context);
    case DUCKDB_TYPE_INTEGER:
      return std::make_unique<ConvertedExport<int32_t, Int128, widen<int32_t>>>(context);
    case DUCKDB_TYPE_BIGINT:
      return std::make_unique<ConvertedExport<int64_t, Int128, widen<int64_t>>>(context);
    default:
      return std::make_unique<PlainExport>(sizeof(Int128), context);
  }
}

std::unique_ptr<ColumnExport> make_enum(duckdb_logical_type type, const ExportContext& context) {
  switch (duckdb_enum_internal_type(type)) {
    case DUCKDB_TYPE_UTINYINT:
      return std::make_unique<EnumExport<uint8_t>>(type, context);
    case DUCKDB_TYPE_USMALLINT:
      return std::make_unique<EnumExport<uint16_t>>(type, context);
    default:
      return std::make_unique<EnumExport<uint32_t>>(type, context);
  }
}

Made make_struct(const std::vector<duckdb_logical_type>& types, const ExportContext& context) {
  std::vector<DuckType> owned;
  for (duckdb_logical_type type : types) owned.emplace_back(type);
  std::vector<std::unique_ptr<ColumnExport>> members;
  for (const DuckType& type : owned) members.push_back(TRY(ColumnExport::make(type.get(), context)));
  return std::make_unique<StructExport>(std::move(members), context);
}

Made make_list(duckdb_logical_type item, size_t fixed_length, const ExportContext& context) {
  const DuckType owned(item);
  return std::make_unique<ListExport>(TRY(ColumnExport::make(item, {context.pool, 0})), fixed_length, context);
}

Made make_map(duckdb_logical_type type, const ExportContext& context) {
  auto entries =
      TRY(make_struct({duckdb_map_type_key_type(type), duckdb_map_type_value_type(type)}, {context.pool, 0}));
  return std::make_unique<ListExport>(std::move(entries), 0, context);
}

Made make_row(duckdb_logical_type type, const ExportContext& context) {
  std::vector<duckdb_logical_type> members;
  for (idx_t i = 0; i < duckdb_struct_type_child_count(type); ++i) {
    members.push_back(duckdb_struct_type_child_type(type, i));
  }
  return make_struct(members, context);
}

}  // namespace

size_t plain_width(duckdb_type id) {
  switch (id) {
    case DUCKDB_TYPE_TINYINT:
    case DUCKDB_TYPE_UTINYINT:
      return 1;
    case DUCKDB_TYPE_SMALLINT:
    case DUCKDB_TYPE_USMALLINT:
      return 2;
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_UINTEGER:
    case DUCKDB_TYPE_FLOAT:
    case DUCKDB_TYPE_DATE:
      return 4;
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_UBIGINT:
    case DUCKDB_TYPE_DOUBLE:
    case DUCKDB_TYPE_TIME:
    case DUCKDB_TYPE_TIME_NS:
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_S:
    case DUCKDB_TYPE_TIMESTAMP_MS:
    case DUCKDB_TYPE_TIMESTAMP_NS:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      return 8;
    case DUCKDB_TYPE_HUGEINT:
      return 16;
    default:
      return 0;
  }
}

Made ColumnExport::make(duckdb_logical_type type, const ExportContext& context) {
  const duckdb_type id = duckdb_get_type_id(type);
  if (const size_t width = plain_width(id); width > 0) return std::make_unique<PlainExport>(width, context);
  switch (id) {
    case DUCKDB_TYPE_SQLNULL:
      return std::make_unique<NullExport>(context);
    case DUCKDB_TYPE_BOOLEAN:
      return std::make_unique<BoolExport>(context);
    case DUCKDB_TYPE_DECIMAL:
      return make_decimal(duckdb_decimal_internal_type(type), context);
    case DUCKDB_TYPE_UHUGEINT:
      return std::make_unique<ConvertedExport<Int128, Int128, signed_only>>(context);
    case DUCKDB_TYPE_TIME_TZ:
      return std::make_unique<ConvertedExport<uint64_t, int64_t, local_time>>(context);
    case DUCKDB_TYPE_INTERVAL:
      return std::make_unique<ConvertedExport<duckdb_interval, ArrowInterval, interval_to_nanos>>(context);
    case DUCKDB_TYPE_VARCHAR:
    case DUCKDB_TYPE_BLOB:
      return std::make_unique<TextExport>(context);
    case DUCKDB_TYPE_UUID:
      return std::make_unique<UuidExport>(context);
    case DUCKDB_TYPE_BIT:
      return std::make_unique<BitExport>(context);
    case DUCKDB_TYPE_ENUM:
      return make_enum(type, context);
    case DUCKDB_TYPE_LIST:
      return make_list(duckdb_list_type_child_type(type), 0, context);
    case DUCKDB_TYPE_ARRAY:
      return make_list(duckdb_array_type_child_type(type), duckdb_array_type_array_size(type), context);
    case DUCKDB_TYPE_MAP:
      return make_map(type, context);
    case DUCKDB_TYPE_STRUCT:
      return make_row(type, context);
    default:
      CHECK(false && "import_type() refused it");
      std::unreachable();
  }
}

}  // namespace sinan::engine
