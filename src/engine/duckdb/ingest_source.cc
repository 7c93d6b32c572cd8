#include "engine/duckdb/ingest_source.h"

#include <algorithm>
#include <string>

#include "engine/duckdb/column_import.h"
#include "engine/duckdb/handles.h"
#include "engine/duckdb/types.h"

namespace sinan::engine {
namespace {

void bind(duckdb_bind_info info) {
  auto* sources = static_cast<IngestSources*>(duckdb_bind_get_extra_info(info));
  const DuckValue number(duckdb_bind_get_parameter(info, 0));
  IngestSource* source = sources->find(static_cast<uint64_t>(duckdb_get_int64(number.get())));
  if (source == nullptr) {
    duckdb_bind_set_error(info, "no such ingest source");
    return;
  }
  for (const arrow::Field& field : source->rows.schema()->fields) {
    duckdb_bind_add_result_column(info, field.name.c_str(), export_type(field.type).get());
  }
  duckdb_bind_set_bind_data(info, source, nullptr);
}

// One thread: rows keep their order, and the source is not thread-safe.
void init(duckdb_init_info info) { duckdb_init_set_max_threads(info, 1); }

// Up to one vector of rows; fewer at the end of a batch.
Result<size_t> fill(IngestSource& source, duckdb_data_chunk output) {
  if (!source.batch || source.position == source.batch->rows()) {
    source.batch = TRY(source.rows.next());
    source.position = 0;
    if (!source.batch) return size_t{0};
  }
  const size_t count = std::min<size_t>(source.batch->rows() - source.position, duckdb_vector_size());
  for (size_t i = 0; i < source.batch->columns(); ++i) {
    const auto written =
        import_rows(source.batch->column(i), source.position, count, duckdb_data_chunk_get_vector(output, i), 0);
    if (!written) return fail(written.error()).within("in column " + source.batch->schema()[i].name);
  }
  source.position += count;
  return count;
}

void read_rows(duckdb_function_info info, duckdb_data_chunk output) {
  auto& source = *static_cast<IngestSource*>(duckdb_function_get_bind_data(info));
  Result<size_t> count = fill(source, output);
  if (!count) {
    source.error = std::move(count).error();
    duckdb_function_set_error(info, source.error->message.c_str());
    return;
  }
  duckdb_data_chunk_set_size(output, *count);
}

}  // namespace

uint64_t IngestSources::add(IngestSource& source) {
  const std::lock_guard lock(mutex_);
  sources_.emplace(next_, &source);
  return next_++;
}

void IngestSources::remove(uint64_t number) {
  const std::lock_guard lock(mutex_);
  sources_.erase(number);
}

IngestSource* IngestSources::find(uint64_t number) {
  const std::lock_guard lock(mutex_);
  const auto found = sources_.find(number);
  return found == sources_.end() ? nullptr : found->second;
}

Status register_ingest_function(duckdb_connection connection, IngestSources& sources) {
  const DuckTableFunction function(duckdb_create_table_function());
  duckdb_table_function_set_name(function.get(), kIngestFunction);
  const DuckType number(duckdb_create_logical_type(DUCKDB_TYPE_BIGINT));
  duckdb_table_function_add_parameter(function.get(), number.get());
  duckdb_table_function_set_extra_info(function.get(), &sources, nullptr);
  duckdb_table_function_set_bind(function.get(), bind);
  duckdb_table_function_set_init(function.get(), init);
  duckdb_table_function_set_function(function.get(), read_rows);
  if (duckdb_register_table_function(connection, function.get()) == DuckDBError) {
    return fail(Code::kInternal, "the database refused the ingest function");
  }
  return {};
}

}  // namespace sinan::engine
