// What the tests of this room share: engines in memory or in a temporary folder, and rows as text.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/duckdb/duckdb_engine.h"

namespace sinan::engine {

class TempDir {
 public:
  TempDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sinan-engine-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TempDir() { std::filesystem::remove_all(path_); }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// The value, or a failed test that shows the error.
template <class T>
T must(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << result.error().to_string();
    throw std::runtime_error(result.error().to_string());
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

inline std::unique_ptr<Engine> open_memory() { return must(open_duckdb({.threads = 2})); }
inline std::unique_ptr<Engine> open_file(const std::filesystem::path& file) {
  return must(open_duckdb({.file = file, .threads = 2}));
}

// Rows of a query, each "a|b|c" as people read them.
inline std::vector<std::string> rows_of(Session& session, std::string_view sql, size_t batch_rows = 0) {
  auto stream = must(session.query(sql, {.batch_rows = batch_rows}));
  std::vector<std::string> rows;
  while (auto batch = must(stream->next())) {
    for (size_t i = 0; i < batch->rows(); ++i) {
      std::string row;
      for (size_t c = 0; c < batch->columns(); ++c) row += (c > 0 ? "|" : "") + batch->column(c).to_text(i);
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

inline std::string one(Session& session, std::string_view sql) {
  const auto rows = rows_of(session, sql);
  return rows.size() == 1 ? rows[0] : "rows: " + std::to_string(rows.size());
}

}  // namespace sinan::engine
