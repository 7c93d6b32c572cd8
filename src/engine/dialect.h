// Dialect: the one place that spells SQL text for a database. Identifiers and literals are quoted here and nowhere
// else, so user text cannot become SQL by accident. Stateless and thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "arrow/type.h"
#include "base/error.h"

namespace sinan::engine {

// catalog.schema.table; empty parts mean the session's current ones.
struct TableName {
  std::string catalog;
  std::string schema;
  std::string table;

  // From one to three dotted parts. Errors: kProgram for more parts or an empty one.
  static Result<TableName> from_parts(const std::vector<std::string>& parts);
  // The canonical form used in ObjectRef: lower case, "schema.table" with the default schema filled in.
  std::string canonical(std::string_view default_schema) const;
  std::string to_string() const;  // as the user would write it, unquoted
  friend bool operator==(const TableName&, const TableName&) = default;
};

class Dialect {
 public:
  virtual ~Dialect() = default;
  virtual std::string_view name() const = 0;            // "duckdb"
  virtual std::string_view default_schema() const = 0;  // "main"

  virtual std::string identifier(std::string_view name) const = 0;  // quoted always
  virtual std::string literal(std::string_view text) const = 0;     // 'it''s'
  virtual std::string table(const TableName& name) const = 0;
  virtual std::string type_name(const arrow::Type& type) const = 0;  // "DOUBLE"; for CREATE TABLE

  // The statements that differ between databases.
  virtual std::string create_table(const TableName& name, const arrow::Schema& schema, bool replace) const = 0;
  virtual std::string create_table_as(const TableName& name, std::string_view query, bool replace,
                                      bool with_data) const = 0;
  // A table that only its session sees, dropped with it.
  virtual std::string create_temporary_table_as(const TableName& name, std::string_view query) const = 0;
  virtual std::string create_schema_if_missing(std::string_view schema) const = 0;
  virtual std::string drop_table_if_exists(const TableName& name) const = 0;
  virtual std::string limit(std::string_view query, uint64_t rows) const = 0;
  // A number in [0, 1) that the text of an expression alone decides: the first 13 hexadecimal digits of its MD5, over 16^13.
  virtual std::string hashed_share(std::string_view text_expression) const = 0;
};

}  // namespace sinan::engine
