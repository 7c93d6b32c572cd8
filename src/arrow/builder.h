// BatchBuilder makes small result tables row by row or column by column; wide data paths fill Column buffers directly.
//
//     BatchBuilder rows({{"model", string_type()}, {"auc", double_type()}});
//     rows.column(0).append("zoo.m");  rows.column(1).append(0.91);
//     Batch batch = rows.finish();
//
// Not thread-safe. finish() leaves the builder empty, ready for the next batch.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "arrow/batch.h"

namespace sinan::arrow {

Type string_type();
Type double_type();
Type float_type();
Type int64_type();
Type int32_type();
Type bool_type();
Type timestamp_type();  // microseconds, UTC
Type int32_list_type();

// One column under construction: bool, integers, float, double, string, binary, date, timestamp, time and lists of int32 are
// built; other types are a CHECK failure, and so are more than 2 GiB of text in one batch.
class ColumnBuilder {
 public:
  explicit ColumnBuilder(Type type);
  ~ColumnBuilder();
  ColumnBuilder(ColumnBuilder&&) noexcept;
  ColumnBuilder& operator=(ColumnBuilder&&) noexcept;

  // The value is converted to the column's type; a value that cannot be is a CHECK failure (our mistake).
  void append(double value);
  void append(int64_t value);
  void append(int value) { append(static_cast<int64_t>(value)); }
  void append(bool value);
  void append(std::string_view value);
  void append(const char* value) { append(std::string_view(value)); }
  void append_list(std::span<const int32_t> items);
  void append_null();
  // Bulk: T must be the physical type. No nulls.
  template <class T>
  void append_values(std::span<const T> values);
  size_t size() const;

 private:
  friend class BatchBuilder;
  struct State;
  std::unique_ptr<State> state_;
};

class BatchBuilder {
 public:
  explicit BatchBuilder(std::vector<Field> fields);
  explicit BatchBuilder(std::shared_ptr<const Schema> schema);
  ColumnBuilder& column(size_t i) { return columns_[i]; }
  size_t rows() const;
  // All columns must have the same number of rows (CHECK).
  Batch finish();
  const std::shared_ptr<const Schema>& schema() const { return schema_; }

 private:
  std::shared_ptr<const Schema> schema_;
  std::vector<ColumnBuilder> columns_;
};

// A batch of columns taken from other batches of the same row count, shared, not copied; used to add predictions to a
// query's rows.
Result<Batch> with_columns(const Batch& left, const std::vector<size_t>& keep, const Batch& right);

}  // namespace sinan::arrow
