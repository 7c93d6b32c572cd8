// A Batch is some rows of a table in columns: one owned ArrowArray (a struct array) with its shared schema. ColumnView
// is the typed, bounds-unchecked way to read a column; it borrows from the batch and must not outlive it.
//
//     const ColumnView fare = batch.column(3);
//     if (auto values = fare.values<double>()) use(*values);      // zero-copy when the physical type is double
//     else for (size_t i = 0; i < fare.size(); ++i) if (!fare.is_null(i)) use(fare.as_double(i));
//
// A Batch is immutable after construction and may be read by any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arrow/abi.h"
#include "arrow/type.h"
#include "base/error.h"

namespace sinan::arrow {

// Decodes a C schema (a struct) without taking ownership. Errors: kUnsupported for unions, run-end encoding and list
// views (other formats outside TypeId become kOther, which can be shown as text), kData for a malformed one.
Result<Schema> import_schema(const ArrowSchema& schema);
// Fills `out`, whose release frees everything; layouts and kOther go out as they came in.
void export_schema(const Schema& schema, ArrowSchema* out);

class ColumnView {
 public:
  ColumnView(const Type& type, const ArrowArray& array, size_t offset, size_t length);

  const Type& type() const { return *type_; }
  size_t size() const { return length_; }
  bool has_nulls() const;
  size_t null_count() const;
  bool is_null(size_t i) const;
  // One bit a row, least significant first, starting at bit `validity_offset()`; null pointer when no row is null.
  const uint8_t* validity() const { return validity_; }
  size_t validity_offset() const { return offset_; }

  // The values themselves when T is exactly the physical type (bool is bit-packed: never); null slots hold anything.
  template <class T>
  std::optional<std::span<const T>> values() const;
  // Physical value widened or narrowed; date, time and timestamp as their integer; decimal as the nearest double.
  // NaN / 0 for null. Strings are not numbers: see string().
  double as_double(size_t i) const;
  int64_t as_int(size_t i) const;
  bool as_bool(size_t i) const;
  // Text or binary columns, dictionary decoded. Empty for null. Borrows from the batch.
  std::string_view string(size_t i) const;
  // Dictionary columns: the index of row i (-1 for null) and the values.
  int64_t dictionary_index(size_t i) const;
  ColumnView dictionary() const;
  // Lists and maps: rows [begin, end) of list_values(), or of child(0) and child(1).
  std::pair<size_t, size_t> list_range(size_t i) const;
  ColumnView list_values() const;
  // A struct's member, row by row; a map's keys (0) and values (1), whose rows list_range() gives.
  ColumnView child(size_t i) const;
  // What a person reads: "2013-01-01", "3.5", "[1, 2]", "NULL".
  std::string to_text(size_t i) const;
  // The memory of row i in a type of `bytes` bytes a value (decimals 16, intervals 16).
  const void* slot(size_t i, size_t bytes) const;

 private:
  const Type* type_;
  const ArrowArray* array_;
  const uint8_t* validity_;
  size_t offset_;
  size_t length_;
};

class Batch {
 public:
  // Takes ownership of `array` (its release is called at the end). Errors: kData when it does not fit the schema.
  static Result<Batch> import(std::shared_ptr<const Schema> schema, ArrowArray&& array);

  const Schema& schema() const { return *schema_; }
  const std::shared_ptr<const Schema>& shared_schema() const { return schema_; }
  size_t rows() const;
  size_t columns() const { return schema_->size(); }
  ColumnView column(size_t i) const;
  // Rows [begin, begin + rows), which must exist; shares the memory.
  Batch slice(size_t begin, size_t rows) const;
  // Shares the memory; `out`'s release drops the share.
  void export_to(ArrowArray* out) const;
  uint64_t bytes() const;  // memory held, approximately

 private:
  friend Result<Batch> with_columns(const Batch& left, const std::vector<size_t>& keep, const Batch& right);
  struct Owner;
  Batch(std::shared_ptr<const Schema> schema, std::shared_ptr<const Owner> owner);
  std::shared_ptr<const Schema> schema_;
  std::shared_ptr<const Owner> owner_;  // shared: a batch is handed to several readers (screen, cache, engine)
};

}  // namespace sinan::arrow
