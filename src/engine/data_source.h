// DataSource: a database, or a folder of files, outside the project's warehouse that SQL names by its first part:
// shop.sales.orders. What an Engine is given to attach, and how its URL is read.
//
//     postgresql://user@host:5432/db            mysql://user@host:3306/db     mysql://root:root@tcp(127.0.0.1:3306)/?charset=utf8
//     mysql://root@unix(/run/mysqld.sock)/      duckdb:data/shop.duckdb       data/shop.duckdb, data/folder
//
// A password is in `password` and in no other member: nothing that is shown (describe(), errors) holds it. Values; thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sinan::engine {

enum class SourceKind : uint8_t { kDuckDb, kPostgres, kMySql, kFolder };
// "DuckDB", "PostgreSQL", "MySQL", "folder".
std::string_view to_string(SourceKind kind);

struct DataSource {
  std::string name;  // the first part of its tables' names, lower case
  SourceKind kind = SourceKind::kDuckDb;
  std::string host;  // empty: the kind's own default, this machine
  uint16_t port = 0;
  std::string socket;  // file (MySQL) or folder (PostgreSQL); used rather than host
  std::string user;
  std::string password;
  std::string database;
  std::string ssl_mode;        // PostgreSQL: "require"
  std::filesystem::path path;  // of a DuckDB file or folder, as written
  bool read_only = false;
  bool is_default = false;  // bare names mean its tables

  // "mysql root@127.0.0.1:3306/shop": for people, without what is secret.
  std::string describe() const;
  // What a table has for a schema when its name has none.
  std::string default_schema() const;
};

// `name` is left empty. A path is a folder when it is one, or has no file ending; whether anything is there is attach()'s to say.
// Errors: kArgument (not understood; never with the text that may hold a password), kUnsupported (a kind that no build has).
Result<DataSource> parse_data_source(std::string_view url);

// The text with the password of every URL in it replaced by "***": for command lines that are kept.
std::string without_passwords(std::string_view text);

}  // namespace sinan::engine
