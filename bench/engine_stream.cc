// The engine's border against DuckDB's C API used directly: streaming a table and a Parquet file, writing a table, and
// a cold SELECT 1. Both sides run in turns in one process, the median of the turns counts, and their answers are
// compared.
//
//     bench_engine            1 M rows; BENCH=full for 5 M
//     bench_engine FILE       opens FILE, runs SELECT 1 and ends: one side of the cold start
#include <duckdb.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/check.h"
#include "engine/duckdb/duckdb_engine.h"

namespace {

using namespace sinan;
using Seconds = double;

template <class T>
T must(Result<T> result) {
  if (!result) fmt::print(stderr, "{}\n", result.error().to_string());
  CHECK(result.has_value());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

Seconds timed(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

Seconds median(std::vector<Seconds> times) {
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

void report(std::string_view name, Seconds ours, Seconds peer, double target) {
  fmt::print("{{\"name\":\"{}\",\"ours\":{:.4f},\"peer\":{:.4f},\"ratio\":{:.3f},\"target\":{},\"met\":{}}}\n", name,
             ours, peer, ours / peer, target, ours / peer <= target);
  std::fflush(stdout);
}

// Runs both in turns; returns nothing but the report, and checks that they agree.
void compare(std::string_view name, double target, int turns, const std::function<double()>& ours,
             const std::function<double()>& peer) {
  std::vector<Seconds> our_times, peer_times;
  for (int i = 0; i < turns; ++i) {
    double a = 0, b = 0;
    our_times.push_back(timed([&] { a = ours(); }));
    peer_times.push_back(timed([&] { b = peer(); }));
    CHECK(std::abs(a - b) <= 1e-9 * std::abs(b));
  }
  report(name, median(our_times), median(peer_times), target);
}

// The C API, with the same number of threads.
class Raw {
 public:
  explicit Raw(const char* file) {
    duckdb_config config;
    duckdb_create_config(&config);
    duckdb_set_config(config, "threads", "2");
    CHECK(duckdb_open_ext(file, &database_, config, nullptr) == DuckDBSuccess);
    CHECK(duckdb_connect(database_, &connection_) == DuckDBSuccess);
    duckdb_destroy_config(&config);
  }
  ~Raw() {
    duckdb_disconnect(&connection_);
    duckdb_close(&database_);
  }
  void run(const std::string& sql) {
    duckdb_result result;
    CHECK(duckdb_query(connection_, sql.c_str(), &result) == DuckDBSuccess);
    duckdb_destroy_result(&result);
  }
  // Streams the query and sums its first column, which holds T.
  template <class T>
  double sum_first(const std::string& sql) {
    duckdb_prepared_statement prepared;
    duckdb_pending_result pending;
    duckdb_result result;
    CHECK(duckdb_prepare(connection_, sql.c_str(), &prepared) == DuckDBSuccess);
    CHECK(duckdb_pending_prepared_streaming(prepared, &pending) == DuckDBSuccess);
    CHECK(duckdb_execute_pending(pending, &result) == DuckDBSuccess);
    double sum = 0;
    while (duckdb_data_chunk chunk = duckdb_fetch_chunk(result)) {
      const auto* values = static_cast<const T*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 0)));
      for (size_t i = 0; i < duckdb_data_chunk_get_size(chunk); ++i) sum += static_cast<double>(values[i]);
      duckdb_destroy_data_chunk(&chunk);
    }
    duckdb_destroy_result(&result);
    duckdb_destroy_pending(&pending);
    duckdb_destroy_prepare(&prepared);
    return sum;
  }
  // Rows of a query into a new table through the appender, chunk by chunk.
  double append(const std::string& sql, const char* table) {
    duckdb_result result;
    duckdb_appender appender;
    Raw source(nullptr);
    CHECK(duckdb_query(source.connection_, sql.c_str(), &result) == DuckDBSuccess);
    run("BEGIN");
    CHECK(duckdb_appender_create(connection_, nullptr, table, &appender) == DuckDBSuccess);
    double rows = 0;
    while (duckdb_data_chunk chunk = duckdb_fetch_chunk(result)) {
      rows += static_cast<double>(duckdb_data_chunk_get_size(chunk));
      CHECK(duckdb_append_data_chunk(appender, chunk) == DuckDBSuccess);
      duckdb_destroy_data_chunk(&chunk);
    }
    CHECK(duckdb_appender_destroy(&appender) == DuckDBSuccess);
    run("COMMIT");
    duckdb_destroy_result(&result);
    return rows;
  }

 private:
  duckdb_database database_;
  duckdb_connection connection_;
};

template <class T>
double sum_first(engine::Session& session, const std::string& sql, size_t batch_rows) {
  const auto rows = must(session.query(sql, {.batch_rows = batch_rows}));
  double sum = 0;
  while (const auto batch = must(rows->next())) {
    const auto values = batch->column(0).values<T>();
    CHECK(values.has_value());
    for (const T value : *values) sum += static_cast<double>(value);
  }
  return sum;
}

Seconds run_child(const std::vector<std::string>& command) {
  return timed([&] {
    const pid_t child = ::fork();
    if (child == 0) {
      CHECK(std::freopen("/dev/null", "w", stdout) != nullptr);
      std::vector<char*> arguments;
      for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
      arguments.push_back(nullptr);
      ::execv(arguments[0], arguments.data());
      ::_exit(127);
    }
    int status = 0;
    CHECK(::waitpid(child, &status, 0) == child && status == 0);
  });
}

int select_one(const char* file) {
  const auto engine = must(engine::open_duckdb({.file = file}));
  const auto session = must(engine->connect());
  const auto rows = must(session->query("SELECT 1"));
  fmt::print("{}\n", must(rows->next())->column(0).as_int(0));
  return 0;
}

void compare_cold_start(const std::filesystem::path& self, const std::filesystem::path& file) {
  std::vector<Seconds> ours, peer;
  for (int i = 0; i < 21; ++i) {
    ours.push_back(run_child({self.string(), file.string()}));
    peer.push_back(run_child({(self.parent_path() / "select_one_peer").string(), file.string()}));
  }
  report("engine: SELECT 1 from a cold start", median(ours), median(peer), 1.5);
}

void compare_all(const std::filesystem::path& self, const std::filesystem::path& dir) {
  const char* size = std::getenv("BENCH");
  const bool full = size != nullptr && std::string_view(size) == "full";
  const size_t rows = full ? 5'000'000 : 1'000'000;
  const int turns = full ? 5 : 9;
  const std::filesystem::path file = dir / "bench.duckdb";
  const std::string parquet = (dir / "floats.parquet").string();
  {
    Raw raw(file.c_str());
    raw.run(
        fmt::format("CREATE TABLE t AS SELECT range AS i, random() AS d, 'name ' || range % 1000 AS s, "
                    "DATE '2000-01-01' + (range % 9000)::INTEGER AS day, range % 3 = 0 AS b FROM range({})",
                    rows));
    std::string columns = "random()::FLOAT AS f0";
    for (int i = 1; i < 28; ++i) columns += fmt::format(", random()::FLOAT AS f{}", i);
    raw.run(fmt::format("COPY (SELECT {} FROM range({})) TO '{}'", columns, rows, parquet));
  }
  compare_cold_start(self, file);
  for (const size_t batch_rows : {0U, 65536U}) {
    const auto engine = must(engine::open_duckdb({.file = file, .read_only = true, .threads = 2}));
    const auto session = must(engine->connect());
    Raw raw(nullptr);
    raw.run(fmt::format("ATTACH '{}' AS b (READ_ONLY); USE b", file.string()));
    compare(
        fmt::format("engine: stream a table of 5 columns, batches of {}", batch_rows), 1.5, turns,
        [&] { return sum_first<int64_t>(*session, "FROM t", batch_rows); },
        [&] { return raw.sum_first<int64_t>("FROM t"); });
    const std::string sql = fmt::format("FROM '{}'", parquet);
    compare(
        fmt::format("engine: stream Parquet of 28 floats, batches of {}", batch_rows), 1.3, turns,
        [&] { return sum_first<float>(*session, sql, batch_rows); }, [&] { return raw.sum_first<float>(sql); });
  }
  {
    const auto engine = must(engine::open_duckdb({.file = dir / "ours.duckdb", .threads = 2}));
    const auto source = must(engine::open_duckdb({.threads = 2}));
    const auto session = must(engine->connect());
    const auto reader = must(source->connect());
    Raw raw((dir / "peer.duckdb").c_str());
    const std::string sql =
        fmt::format("SELECT range AS i, range * 0.5::DOUBLE AS d, 'name ' || range % 1000 AS s FROM range({})", rows);
    compare(
        "engine: write 3 columns, against the appender", 1.0, turns / 2 + 1,
        [&] {
          const auto stream = must(reader->query(sql, {.batch_rows = 65536}));
          return static_cast<double>(must(session->ingest({"", "", "t"}, *stream, engine::IngestMode::kReplace)));
        },
        [&] {
          raw.run("CREATE OR REPLACE TABLE t(i BIGINT, d DOUBLE, s VARCHAR)");
          return raw.append(sql, "t");
        });
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) return select_one(argv[1]);
  std::string pattern = (std::filesystem::temp_directory_path() / "sinan-bench-XXXXXX").string();
  const std::filesystem::path dir = ::mkdtemp(pattern.data());
  compare_all(std::filesystem::canonical("/proc/self/exe"), dir);
  std::filesystem::remove_all(dir);
  return 0;
}
