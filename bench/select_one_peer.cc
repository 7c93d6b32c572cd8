// The least program that opens a DuckDB file and runs SELECT 1: what `sinan -c "SELECT 1"` is compared with.
#include <duckdb.h>

#include <cstdio>

int main(int argc, char** argv) {
  duckdb_database database;
  duckdb_connection connection;
  duckdb_result result;
  if (duckdb_open(argc > 1 ? argv[1] : nullptr, &database) == DuckDBError) return 1;
  if (duckdb_connect(database, &connection) == DuckDBError) return 1;
  if (duckdb_query(connection, "SELECT 1", &result) == DuckDBError) return 1;
  duckdb_data_chunk chunk = duckdb_fetch_chunk(result);
  std::printf("%d\n", *static_cast<int*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 0))));
  duckdb_destroy_data_chunk(&chunk);
  duckdb_destroy_result(&result);
  duckdb_disconnect(&connection);
  duckdb_close(&database);
  return 0;
}
